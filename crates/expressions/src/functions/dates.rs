//! Dates, times and moments.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp, Zoned};

use super::Outcome;
use crate::dates::{self, in_zone, parse_datetime_layout, parse_time_layout};
use crate::number::Rounding;
use crate::{Builtin, Evaluation, Fault, Number, Value};

pub(super) const BUILTINS: &[Builtin] = &[
    Builtin::exactly("date", 1, date),
    Builtin::exactly("date_from_parts", 3, date_from_parts),
    Builtin::exactly("datetime", 1, datetime),
    Builtin::exactly("datetime_add", 3, datetime_add),
    Builtin::exactly("datetime_diff", 3, datetime_diff),
    Builtin::exactly("datetime_from_epoch", 1, datetime_from_epoch),
    Builtin::exactly("epoch", 1, epoch),
    Builtin::exactly("legacy_add", 2, legacy_add),
    Builtin::exactly("now", 0, now),
    Builtin::between("parse_datetime", 2, 3, parse_datetime),
    Builtin::exactly("parse_time", 2, parse_time),
    Builtin::exactly("replace_time", 2, replace_time),
    Builtin::exactly("time", 1, time),
    Builtin::exactly("time_from_parts", 3, time_from_parts),
    Builtin::exactly("today", 0, today),
    Builtin::exactly("tz", 1, tz),
    Builtin::exactly("tz_offset", 1, tz_offset),
    Builtin::exactly("week_number", 1, week_number),
    Builtin::exactly("weekday", 1, weekday),
];

fn beyond_calendar() -> Fault {
    Fault::new("date is out of range")
}

fn date(evaluation: &Evaluation<'_>, args: &[Value]) -> Outcome {
    Ok(Value::Date(args[0].to_date(evaluation)?))
}

fn datetime(evaluation: &Evaluation<'_>, args: &[Value]) -> Outcome {
    Ok(Value::datetime(args[0].to_datetime(evaluation)?))
}

fn time(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    Ok(Value::Time(args[0].to_time()?))
}

fn now(evaluation: &Evaluation<'_>, _: &[Value]) -> Outcome {
    Ok(Value::datetime(present(evaluation)))
}

fn today(evaluation: &Evaluation<'_>, _: &[Value]) -> Outcome {
    Ok(Value::Date(present(evaluation).date()))
}

fn present(evaluation: &Evaluation<'_>) -> Zoned {
    evaluation.ambient.now().to_zoned(evaluation.env.timezone.clone())
}

/// A day beyond the end of the month is counted on into the next ones.
fn date_from_parts(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    let (year, month, day) = (args[0].to_integer()?, args[1].to_integer()?, args[2].to_integer()?);
    if !(1..=12).contains(&month) {
        return Err(Fault::new("invalid value for month, must be 1-12"));
    }
    calendar_date(year, month, day).map(Value::Date).ok_or_else(beyond_calendar)
}

fn time_from_parts(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    let parts = [args[0].to_integer()?, args[1].to_integer()?, args[2].to_integer()?];
    for (value, (unit, most)) in parts.iter().zip([("hour", 23), ("minute", 59), ("second", 59)]) {
        if !(0..=most).contains(value) {
            return Err(Fault::new(format!("invalid value for {unit}, must be 0-{most}")));
        }
    }
    let [hour, minute, second] = parts.map(|part| part as i8);
    Time::new(hour, minute, second, 0).map(Value::Time).map_err(|_| beyond_calendar())
}

/// The date of a year, month and day of which month and day may lie beyond the end of the year or month.
fn calendar_date(year: i64, month: i64, day: i64) -> Option<Date> {
    let months = year.checked_mul(12)?.checked_add(month - 1)?;
    let year = i16::try_from(months.div_euclid(12)).ok()?;
    let first = Date::new(year, months.rem_euclid(12) as i8 + 1, 1).ok()?;
    let days = Span::new().try_days(day.checked_sub(1)?).ok()?;
    first.checked_add(days).ok()
}

/// The moment at the same time of day years, months and days later.
fn later(moment: &Zoned, years: i64, months: i64, days: i64) -> Option<Zoned> {
    let date = moment.date();
    let shifted = calendar_date(
        i64::from(date.year()).checked_add(years)?,
        i64::from(date.month()).checked_add(months)?,
        i64::from(date.day()).checked_add(days)?,
    )?;
    in_zone(shifted.to_datetime(moment.time()), moment.time_zone())
}

/// A unit of time as flows write it.
#[derive(Clone, Copy)]
enum Unit {
    Seconds,
    Minutes,
    Hours,
    Days,
    Weeks,
    Months,
    Years,
}

impl Unit {
    fn of(letter: &str) -> Result<Self, Fault> {
        Ok(match letter {
            "s" => Self::Seconds,
            "m" => Self::Minutes,
            "h" => Self::Hours,
            "D" => Self::Days,
            "W" => Self::Weeks,
            "M" => Self::Months,
            "Y" => Self::Years,
            other => {
                let message = format!("unknown unit: {other}, must be one of s, m, h, D, W, M, Y");
                return Err(Fault::new(message));
            }
        })
    }
}

fn datetime_add(evaluation: &Evaluation<'_>, args: &[Value]) -> Outcome {
    let moment = args[0].to_datetime(evaluation)?;
    let amount = args[1].to_integer()?;
    let seconds = |unit: i64| {
        amount
            .checked_mul(unit)
            .and_then(|seconds| moment.checked_add(SignedDuration::from_secs(seconds)).ok())
    };
    let result = match Unit::of(&args[2].to_text())? {
        Unit::Seconds => seconds(1),
        Unit::Minutes => seconds(60),
        Unit::Hours => seconds(3600),
        Unit::Days => later(&moment, 0, 0, amount),
        Unit::Weeks => amount.checked_mul(7).and_then(|days| later(&moment, 0, 0, days)),
        Unit::Months => later(&moment, 0, amount, 0),
        Unit::Years => later(&moment, amount, 0, 0),
    };
    result.map(Value::datetime).ok_or_else(beyond_calendar)
}

/// How many whole units the second moment is after the first. Days, months and years are those of the calendar,
/// whatever the time of day.
fn datetime_diff(evaluation: &Evaluation<'_>, args: &[Value]) -> Outcome {
    let (from, to) = (args[0].to_datetime(evaluation)?, args[1].to_datetime(evaluation)?);
    let unit = Unit::of(&args[2].to_text())?;
    let seconds = || to.timestamp().duration_since(from.timestamp()).as_secs();
    let days = || i64::from(from.date().until(to.date()).map_or(0, |span| span.get_days()));
    let years = i64::from(to.year()) - i64::from(from.year());
    Ok(Value::from(match unit {
        Unit::Seconds => seconds(),
        Unit::Minutes => seconds() / 60,
        Unit::Hours => seconds() / 3600,
        Unit::Days => days(),
        Unit::Weeks => days() / 7,
        Unit::Months => years * 12 + i64::from(to.month()) - i64::from(from.month()),
        Unit::Years => years,
    }))
}

fn datetime_from_epoch(evaluation: &Evaluation<'_>, args: &[Value]) -> Outcome {
    let out_of_range = || Fault::new("epoch time is out of range");
    let nanoseconds = args[0]
        .to_number()?
        .multiply(Number::from(1_000_000_000))
        .and_then(|number| number.rounded(0, Rounding::Truncate))
        .ok()
        .filter(|number| number.exponent() == 0)
        .ok_or_else(out_of_range)?;
    let moment = Timestamp::from_nanosecond(nanoseconds.mantissa()).map_err(|_| out_of_range())?;
    Ok(Value::datetime(moment.to_zoned(evaluation.env.timezone.clone())))
}

/// Seconds since 1970, with a fraction.
fn epoch(evaluation: &Evaluation<'_>, args: &[Value]) -> Outcome {
    let moment = args[0].to_datetime(evaluation)?;
    Ok(Number::new(moment.timestamp().as_nanosecond(), -9)?.into())
}

/// The `+` of old flows: two numbers, or a date and days in either order.
fn legacy_add(evaluation: &Evaluation<'_>, args: &[Value]) -> Outcome {
    let (moment, days) = match (args[0].to_datetime(evaluation), args[1].to_datetime(evaluation)) {
        (Ok(_), Ok(_)) => return Err(Fault::new("cannot operate on two dates")),
        (Ok(moment), Err(_)) => (moment, &args[1]),
        (Err(_), Ok(moment)) => (moment, &args[0]),
        (Err(_), Err(_)) => return Ok(args[0].to_number()?.add(args[1].to_number()?)?.into()),
    };
    let Some(days) = days.to_number()?.to_i64().and_then(|days| i32::try_from(days).ok()) else {
        return Err(Fault::new("cannot operate on integers greater than 32 bit"));
    };
    later(&moment, 0, 0, i64::from(days)).map(Value::datetime).ok_or_else(beyond_calendar)
}

/// The zone of that IANA name.
pub(super) fn zone(name: &str) -> Result<TimeZone, Fault> {
    dates::zone(name).ok_or_else(|| Fault::new(format!("unknown time zone {name}")))
}

/// A text read by layout; in the workspace's zone unless another is named.
fn parse_datetime(evaluation: &Evaluation<'_>, args: &[Value]) -> Outcome {
    let zone = match args.get(2) {
        Some(name) => zone(&name.to_text())?,
        None => evaluation.env.timezone.clone(),
    };
    parse_datetime_layout(&args[0].to_text(), &args[1].to_text(), &zone)
        .map(Value::datetime)
        .map_err(|error| Fault::new(error.to_string()))
}

fn parse_time(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    parse_time_layout(&args[0].to_text(), &args[1].to_text())
        .map(Value::Time)
        .map_err(|error| Fault::new(error.to_string()))
}

fn replace_time(evaluation: &Evaluation<'_>, args: &[Value]) -> Outcome {
    let moment = args[0].to_datetime(evaluation)?;
    let local = moment.date().to_datetime(args[1].to_time()?);
    in_zone(local, moment.time_zone()).map(Value::datetime).ok_or_else(beyond_calendar)
}

/// The IANA name of a moment's zone; empty if it only has an offset.
fn tz(evaluation: &Evaluation<'_>, args: &[Value]) -> Outcome {
    let moment = args[0].to_datetime(evaluation)?;
    Ok(Value::text(moment.time_zone().iana_name().unwrap_or("")))
}

/// The offset from UTC such as `+0200`.
fn tz_offset(evaluation: &Evaluation<'_>, args: &[Value]) -> Outcome {
    let minutes = args[0].to_datetime(evaluation)?.offset().seconds() / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    let minutes = minutes.unsigned_abs();
    Ok(Value::text(format!("{sign}{:02}{:02}", minutes / 60, minutes % 60)))
}

/// One more than the Sundays of the year up to the day.
fn week_number(evaluation: &Evaluation<'_>, args: &[Value]) -> Outcome {
    let date = args[0].to_date(evaluation)?;
    let weekday = i64::from(date.weekday().to_sunday_zero_offset());
    Ok(Value::from((i64::from(date.day_of_year()) - weekday + 13) / 7))
}

/// The day of the week; Sunday is 0.
fn weekday(evaluation: &Evaluation<'_>, args: &[Value]) -> Outcome {
    let weekday = args[0].to_date(evaluation)?.weekday();
    Ok(Value::from(i64::from(weekday.to_sunday_zero_offset())))
}
