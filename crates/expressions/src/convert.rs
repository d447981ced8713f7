//! One kind of value as another: what counts as a number, a date, the truth.

use jiff::{Zoned, civil};

use crate::value::{Function, Object, Value};
use crate::{Evaluation, Fault, Number, dates};

impl Value {
    /// The value as a number: a number, or text that reads as one.
    ///
    /// # Errors
    /// The value's own error, or that it is no number; likewise below.
    pub fn to_number(&self) -> Result<Number, Fault> {
        match self.scalar() {
            Self::Number(number) => Ok(*number),
            Self::Error(message) => Err(Fault(message.clone())),
            Self::Text(text) => {
                Number::parse(text.trim()).ok_or_else(|| Fault::cannot_convert(self, "a number"))
            }
            _ => Err(Fault::cannot_convert(self, "a number")),
        }
    }

    /// The value as a whole number; a fraction is cut off.
    pub fn to_integer(&self) -> Result<i64, Fault> {
        let number = self.to_number()?;
        number
            .to_i64()
            .ok_or_else(|| Fault::new(format!("number value {number} is out of range for an integer")))
    }

    /// Whether the value counts as true: text that is neither empty nor "false", numbers but zero, arrays and
    /// objects with items (an object with a default: if that counts as true), dates and times that are not zero
    /// (the first day of year 1, midnight), and functions.
    pub fn truthy(&self) -> bool {
        match self.scalar() {
            Self::Null | Self::Error(_) => false,
            Self::Text(text) => !text.is_empty() && !text.eq_ignore_ascii_case("false"),
            Self::Number(number) => !number.is_zero(),
            Self::Boolean(value) => *value,
            Self::Array(items) => !items.is_empty(),
            Self::Object(object) => !object.properties.is_empty(),
            Self::Date(date) => *date != ZERO_DATE && date.year() > 0,
            Self::Time(time) => *time != civil::Time::midnight(),
            Self::DateTime(moment) => {
                moment.year() > 1 || moment.datetime() != ZERO_DATE.to_datetime(civil::Time::midnight())
            }
            Self::Function(_) => true,
        }
    }

    /// The truth of the value; an error has none.
    pub fn to_boolean(&self) -> Result<bool, Fault> {
        match self {
            Self::Error(message) => Err(Fault(message.clone())),
            other => Ok(other.truthy()),
        }
    }

    /// The value as a moment: a datetime, midnight of a date in the workspace's zone, or text with a date.
    pub fn to_datetime(&self, evaluation: &Evaluation<'_>) -> Result<Zoned, Fault> {
        let cannot = || Fault::cannot_convert(self, "a datetime");
        match self.scalar() {
            Self::DateTime(moment) => Ok(moment.as_ref().clone()),
            Self::Error(message) => Err(Fault(message.clone())),
            Self::Date(date) => {
                dates::in_zone(date.to_datetime(civil::Time::midnight()), &evaluation.env.timezone)
                    .ok_or_else(cannot)
            }
            Self::Text(text) => {
                dates::parse_datetime(evaluation.env, &|| evaluation.ambient.now(), text, false)
                    .ok_or_else(cannot)
            }
            _ => Err(cannot()),
        }
    }

    /// The value as a day: a date, the day of a datetime, or text with a date.
    pub fn to_date(&self, evaluation: &Evaluation<'_>) -> Result<civil::Date, Fault> {
        let cannot = || Fault::cannot_convert(self, "a date");
        match self.scalar() {
            Self::Date(date) => Ok(*date),
            Self::DateTime(moment) => Ok(moment.with_time_zone(evaluation.env.timezone.clone()).date()),
            Self::Error(message) => Err(Fault(message.clone())),
            Self::Text(text) => {
                dates::parse_date(evaluation.env, &|| evaluation.ambient.now(), text).ok_or_else(cannot)
            }
            _ => Err(cannot()),
        }
    }

    /// The value as a time of day: a time, that of a datetime, an hour as a number from 0 to 24, or text.
    pub fn to_time(&self) -> Result<civil::Time, Fault> {
        let cannot = || Fault::cannot_convert(self, "a time");
        match self.scalar() {
            Self::Time(time) => Ok(*time),
            Self::DateTime(moment) => Ok(moment.time()),
            Self::Error(message) => Err(Fault(message.clone())),
            Self::Number(number) => match number.to_i64() {
                Some(24) => Ok(civil::Time::midnight()),
                Some(hour @ 0..24) => civil::Time::new(hour as i8, 0, 0, 0).map_err(|_| cannot()),
                _ => Err(cannot()),
            },
            Self::Text(text) => dates::parse_time(text).ok_or_else(cannot),
            _ => Err(cannot()),
        }
    }

    /// The value as an array; null is an empty one.
    pub fn to_array(&self) -> Result<&[Value], Fault> {
        match self {
            Self::Array(items) => Ok(items),
            Self::Null => Ok(&[]),
            Self::Error(message) => Err(Fault(message.clone())),
            _ => Err(Fault::cannot_convert(self, "an array")),
        }
    }

    /// The value as an object; null is an empty one.
    pub fn to_object(&self) -> Result<&Object, Fault> {
        static EMPTY: std::sync::LazyLock<Object> = std::sync::LazyLock::new(Object::new);
        match self {
            Self::Object(object) => Ok(object),
            Self::Null => Ok(&EMPTY),
            Self::Error(message) => Err(Fault(message.clone())),
            _ => Err(Fault::cannot_convert(self, "an object")),
        }
    }

    /// The value as a function.
    pub fn to_function(&self) -> Result<&Function, Fault> {
        match self {
            Self::Function(function) => Ok(function),
            _ => Err(Fault::new(format!("{} is not a function", self.describe()))),
        }
    }
}

/// The day that stands for "no date".
pub(crate) const ZERO_DATE: civil::Date = civil::Date::constant(1, 1, 1);
