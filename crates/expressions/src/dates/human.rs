//! Dates and times as people write them in messages: "born on 5.11.99 at 4pm".

use std::sync::LazyLock;

use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, Zoned, civil};
use regex::{Captures, Regex};

use super::in_zone;
use crate::Environment;
use crate::environment::DateFormat;

/// A whole ISO 8601 moment with its offset; seconds may be missing.
static MOMENT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]+))?)?(Z|[+-][0-9]{2}:[0-9]{2})$",
    )
});

/// An ISO 8601 day at the beginning, understood whatever order the workspace writes dates in.
static ISO_DAY: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^([0-9]{4})-([0-9]{2})-([0-9]{2})(?:(?-u:\b)|T(?:[0-9]|$))"));

static YEAR_FIRST: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?-u:\b)([0-9]{4}|[0-9]{2})[-./\s]([0-9]{1,2})[-./\s]([0-9]{1,2})(?-u:\b)"));

static YEAR_LAST: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?-u:\b)([0-9]{1,2})[-./\s]([0-9]{1,2})[-./\s]([0-9]{4}|[0-9]{2})(?-u:\b)"));

/// Hour, then perhaps minutes, seconds and a fraction, then perhaps a half of the day.
static TIME_OF_DAY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)(?-u:\b)([0-9]{1,2})(?::?([0-9]{2})(?::([0-9]{2})(?:\.([0-9]+))?)?)?(?:\s*([ap])m)?(?-u:\b)",
    )
});

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the patterns of this module are constant and tested")
}

/// The moment a person wrote, or `None` if the text holds none.
///
/// A whole ISO 8601 moment keeps its own offset, or is meant in the environment's zone if that has the same
/// offset then. Otherwise the first valid day counts: an ISO day at the
/// beginning, or a day in the order of the environment anywhere; a time of day is looked for behind it, and
/// both are meant in the environment's zone. Without a time of day the moment is midnight, or with
/// `fill_time` the present time of day. `now` is read once for a two-digit year and once for a filled time.
pub fn parse_datetime(
    env: &Environment,
    now: &dyn Fn() -> Timestamp,
    text: &str,
    fill_time: bool,
) -> Option<Zoned> {
    let text = text.trim();
    if let Some(found) = MOMENT.captures(text)
        && let Some(moment) = iso_moment(&found)
    {
        return Some(in_zone_of_same_offset(moment, &env.timezone));
    }
    let (date, rest) = find_date(env.date_format, now, text)?;
    let time = match parse_time(rest.strip_prefix('T').unwrap_or(rest)) {
        Some(time) => time,
        None if fill_time => now().to_zoned(env.timezone.clone()).time(),
        None => civil::Time::midnight(),
    };
    in_zone(date.to_datetime(time), &env.timezone)
}

/// The day a person wrote, by the same rules as [`parse_datetime`]; a time of day is ignored.
pub fn parse_date(env: &Environment, now: &dyn Fn() -> Timestamp, text: &str) -> Option<civil::Date> {
    find_date(env.date_format, now, text.trim()).map(|(date, _)| date)
}

/// The time of day a person wrote: `10:30`, `1030 PM`, `7 pm`, `15`; `24:00` is midnight.
///
/// Only the first thing that looks like a time counts, so `25:30` is not read as `30`.
pub fn parse_time(text: &str) -> Option<civil::Time> {
    let found = TIME_OF_DAY.captures(text)?;
    let number = |group: usize| -> i8 {
        found.get(group).map_or(0, |digits| digits.as_str().parse().expect("one or two digits"))
    };
    let (mut hour, minute, second) = (number(1), number(2), number(3));
    let nanosecond = found.get(4).map_or(0, |digits| nanoseconds(digits.as_str()));
    match found.get(5).map(|half| half.as_str()) {
        Some("a" | "A") if hour == 12 => hour = 0,
        Some("p" | "P") if hour < 12 => hour += 12,
        Some(_) | None => {}
    }
    if (hour, minute, second, nanosecond) == (24, 0, 0, 0) {
        hour = 0;
    }
    civil::Time::new(hour, minute, second, nanosecond).ok()
}

/// The first valid day in the text and what follows it.
fn find_date<'t>(
    order: DateFormat,
    now: &dyn Fn() -> Timestamp,
    text: &'t str,
) -> Option<(civil::Date, &'t str)> {
    if let Some(found) = ISO_DAY.captures(text)
        && let Some(date) = day(&found[1], &found[2], &found[3], now)
    {
        return Some((date, &text["YYYY-MM-DD".len()..]));
    }
    let candidates = match order {
        DateFormat::YearMonthDay => &YEAR_FIRST,
        DateFormat::MonthDayYear | DateFormat::DayMonthYear => &YEAR_LAST,
    };
    candidates.captures_iter(text).find_map(|found| {
        let date = match order {
            DateFormat::YearMonthDay => day(&found[1], &found[2], &found[3], now),
            DateFormat::MonthDayYear => day(&found[3], &found[1], &found[2], now),
            DateFormat::DayMonthYear => day(&found[3], &found[2], &found[1], now),
        }?;
        let end = found.get(0).expect("group 0 is the whole match").end();
        Some((date, &text[end..]))
    })
}

/// A two-digit year later than the present one belongs to the last century.
fn day(year: &str, month: &str, day: &str, now: &dyn Fn() -> Timestamp) -> Option<civil::Date> {
    let mut number: i16 = year.parse().ok()?;
    if year.len() == 2 {
        let present = now().to_zoned(TimeZone::UTC).year() % 100;
        number += if number > present { 1900 } else { 2000 };
    }
    civil::Date::new(number, month.parse().ok()?, day.parse().ok()?).ok()
}

fn iso_moment(found: &Captures<'_>) -> Option<Zoned> {
    let date =
        civil::Date::new(found[1].parse().ok()?, found[2].parse().ok()?, found[3].parse().ok()?).ok()?;
    let second = found.get(6).map_or(Ok(0), |digits| digits.as_str().parse()).ok()?;
    let nanosecond = found.get(7).map_or(0, |digits| nanoseconds(digits.as_str()));
    let time = civil::Time::new(found[4].parse().ok()?, found[5].parse().ok()?, second, nanosecond).ok()?;
    in_zone(date.to_datetime(time), &offset_zone(&found[8])?)
}

/// A moment written with the offset that a zone has then is meant in that zone, unless it is written as UTC.
pub(super) fn in_zone_of_same_offset(moment: Zoned, zone: &TimeZone) -> Zoned {
    let same = moment.time_zone() != &TimeZone::UTC && zone.to_offset(moment.timestamp()) == moment.offset();
    if same { moment.with_time_zone(zone.clone()) } else { moment }
}

/// The zone written as `Z` or `+02:00`.
pub(super) fn offset_zone(text: &str) -> Option<TimeZone> {
    if text == "Z" {
        return Some(TimeZone::UTC);
    }
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    if hours > 24 || minutes > 59 {
        return None;
    }
    let seconds = (hours * 60 + minutes) * 60;
    let signed = if text.starts_with('-') { -seconds } else { seconds };
    Some(TimeZone::fixed(Offset::from_seconds(signed).ok()?))
}

/// Digits after the decimal point as nanoseconds; digits beyond the ninth are dropped.
pub(super) fn nanoseconds(digits: &str) -> i32 {
    let kept = &digits[..digits.len().min(9)];
    let value: i32 = kept.parse().expect("one to nine digits");
    value * 10_i32.pow(9 - kept.len() as u32)
}
