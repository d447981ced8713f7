//! Reading times and moments that follow a layout exactly.

use jiff::tz::TimeZone;
use jiff::{Zoned, civil};

use super::human::{in_zone_of_same_offset, nanoseconds, offset_zone};
use super::in_zone;
use super::layout::{LayoutError, LayoutKind, Token, Tokens};

/// The moment that `text` states under `layout`. An offset in the text counts; without one the local time is
/// meant in `zone`. Parts the layout does not name are the first of January of the year 0 at midnight.
pub fn parse_datetime_layout(text: &str, layout: &str, zone: &TimeZone) -> Result<Zoned, LayoutError> {
    let parts = Parts::read(text, layout, LayoutKind::DateTime)?;
    let out_of_range = || LayoutError::OutOfRange { text: text.to_owned() };
    let date = civil::Date::new(parts.year, parts.month, parts.day).map_err(|_| out_of_range())?;
    let local = date.to_datetime(parts.time());
    let Some(written) = parts.zone else {
        return in_zone(local, zone).ok_or_else(out_of_range);
    };
    let moment = in_zone(local, &written).ok_or_else(out_of_range)?;
    Ok(in_zone_of_same_offset(moment, zone))
}

/// The time of day that `text` states under `layout`.
pub fn parse_time_layout(text: &str, layout: &str) -> Result<civil::Time, LayoutError> {
    Parts::read(text, layout, LayoutKind::Time).map(|parts| parts.time())
}

struct Parts {
    year: i16,
    month: i8,
    day: i8,
    hour: i8,
    minute: i8,
    second: i8,
    nanosecond: i32,
    afternoon: Option<bool>,
    zone: Option<TimeZone>,
}

impl Parts {
    fn read(text: &str, layout: &str, kind: LayoutKind) -> Result<Self, LayoutError> {
        let tokens = Tokens::to_read(layout, kind).collect::<Result<Vec<_>, _>>()?;
        let mut parts = Self {
            year: 0,
            month: 1,
            day: 1,
            hour: 0,
            minute: 0,
            second: 0,
            nanosecond: 0,
            afternoon: None,
            zone: None,
        };
        let mut rest = text;
        for (position, (token, run)) in tokens.iter().enumerate() {
            let fraction_follows = matches!(tokens.get(position + 2), Some((Token::Fraction(_), _)));
            parts
                .take(*token, fraction_follows, &mut rest)
                .ok_or_else(|| LayoutError::Unlike { text: rest.to_owned(), wanted: (*run).to_owned() })?;
        }
        if rest.is_empty() {
            return Ok(parts);
        }
        Err(LayoutError::Unlike { text: rest.to_owned(), wanted: String::new() })
    }

    fn time(&self) -> civil::Time {
        let hour = match self.afternoon {
            Some(true) if self.hour < 12 => self.hour + 12,
            Some(false) if self.hour == 12 => 0,
            Some(_) | None => self.hour,
        };
        civil::Time::new(hour, self.minute, self.second, self.nanosecond)
            .expect("each part was checked against its range when it was read")
    }

    fn take(&mut self, token: Token, fraction_follows: bool, rest: &mut &str) -> Option<()> {
        match token {
            Token::Literal(' ') => *rest = spaces(rest)?,
            Token::Literal(c) => *rest = rest.strip_prefix(c)?,
            Token::ShortYear => {
                let year: i16 = digits(rest, 2, 2)?.parse().ok()?;
                self.year = year + if year >= 69 { 1900 } else { 2000 };
            }
            Token::Year => self.year = digits(rest, 4, 4)?.parse().ok()?,
            Token::Month { padded } => self.month = number(rest, padded, 1, 12)?,
            Token::Day { padded } => self.day = number(rest, padded, 0, 31)?,
            Token::Hour12 { padded } => self.hour = number(rest, padded, 0, 12)?,
            Token::Hour24 { padded } => self.hour = number(rest, padded, 0, 23)?,
            Token::Minute { padded } => self.minute = number(rest, padded, 0, 59)?,
            Token::Second { padded } => {
                self.second = number(rest, padded, 0, 59)?;
                if !fraction_follows {
                    self.unnamed_fraction(rest);
                }
            }
            Token::Fraction(count) => {
                self.nanosecond = nanoseconds(digits(rest, count.into(), count.into())?)
            }
            Token::LowerHalf => self.afternoon = Some(half(rest, "am", "pm")?),
            Token::UpperHalf => self.afternoon = Some(half(rest, "AM", "PM")?),
            Token::Zone if rest.starts_with('Z') => {
                *rest = &rest[1..];
                self.zone = Some(TimeZone::UTC);
            }
            Token::Zone | Token::Offset => {
                let written = rest.get(..6).filter(|w| w.starts_with(['+', '-']))?;
                self.zone = Some(offset_zone(written)?);
                *rest = &rest[6..];
            }
            Token::ShortMonthName | Token::MonthName | Token::ShortWeekday | Token::Weekday => return None,
        }
        Some(())
    }

    /// A fraction behind the seconds is taken even if the layout does not name one.
    fn unnamed_fraction(&mut self, rest: &mut &str) {
        let Some(after) = rest.strip_prefix(['.', ',']) else { return };
        let length = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        if length > 0 {
            self.nanosecond = nanoseconds(&after[..length]);
            *rest = &after[length..];
        }
    }
}

/// One space of the layout stands for any number of spaces, and for the end of the text.
fn spaces(rest: &str) -> Option<&str> {
    (rest.is_empty() || rest.starts_with(' ')).then(|| rest.trim_start_matches(' '))
}

/// Takes the longest run of at least `least` and at most `most` digits.
fn digits<'t>(rest: &mut &'t str, least: usize, most: usize) -> Option<&'t str> {
    let count = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
    if count < least {
        return None;
    }
    let (taken, after) = rest.split_at(count);
    *rest = after;
    Some(taken)
}

fn number(rest: &mut &str, padded: bool, from: i8, to: i8) -> Option<i8> {
    let value: i8 = digits(rest, if padded { 2 } else { 1 }, 2)?.parse().ok()?;
    (from..=to).contains(&value).then_some(value)
}

/// Whether the text goes on with the afternoon mark.
fn half(rest: &mut &str, morning: &str, afternoon: &str) -> Option<bool> {
    let (mark, is_afternoon) = if rest.starts_with(afternoon) { (afternoon, true) } else { (morning, false) };
    *rest = rest.strip_prefix(mark)?;
    Some(is_afternoon)
}
