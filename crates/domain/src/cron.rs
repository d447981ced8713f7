//! Moments that come again and again, written as people write them for cron: `0 8 * * MON-FRI`, `@daily`.
//!
//! Five fields: minute, hour, day of the month, month, day of the week (0 and 7 are Sunday); lists, ranges, steps and
//! English names of months and days. `31L` as the day of the month is the 31st, or the last day of a shorter month. If both kinds of days are restricted, either is enough, as everywhere.
//!
//! When the clocks change: a time that does not exist comes at the first moment after, once; a time that exists twice
//! comes the first time. With every hour (`*` as the hour) it follows the hours as they pass: those that are left out
//! are, and those that come twice come twice.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan as _};
use thiserror::Error;

/// Characters of an expression.
const CRON_CHARS_MAX: usize = 256;
/// How far ahead the next moment is looked for: 29 February can be eight years away.
const DAYS_AHEAD: usize = 366 * 9;

/// Why a text is no expression.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CronError {
    /// It is too long.
    #[error("the expression is longer than {CRON_CHARS_MAX} characters")]
    TooLong,
    /// It has not five fields.
    #[error("an expression has five fields (minute hour day month weekday), this one has {0}")]
    Fields(usize),
    /// It has a name that is not known.
    #[error("{0:?} is not known; there are @hourly, @daily, @weekly, @monthly and @yearly")]
    Macro(String),
    /// Something in a field cannot be read.
    #[error(
        "{part:?} cannot be read as {field}: write a number, a range such as 1-5, a step such as */15 or *"
    )]
    Part {
        /// The field.
        field: &'static str,
        /// What stands there.
        part: String,
    },
    /// A number that the field has not.
    #[error("{number} is not {field}: that goes from {least} to {most}")]
    Range {
        /// The field.
        field: &'static str,
        /// What stands there.
        number: u32,
        /// The least that there is.
        least: u8,
        /// The most that there is.
        most: u8,
    },
    /// A range that ends before it begins.
    #[error("the range {part:?} of {field} ends before it begins")]
    Backwards {
        /// The field.
        field: &'static str,
        /// What stands there.
        part: String,
    },
    /// A day that no year has.
    #[error("it never comes: no year has such a day")]
    Never,
}

/// Moments that come again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    text: String,
    minutes: u64,
    hours: u64,
    days: u64,
    /// Of shorter months, the last day counts as this one.
    clamp: Option<i8>,
    months: u64,
    weekdays: u64,
    /// Whether the hour is `*`.
    every_hour: bool,
    /// Whether one of the two kinds of days is enough.
    either_day: bool,
}

/// What one field may hold.
struct Field {
    name: &'static str,
    least: u8,
    most: u8,
    names: &'static [&'static str],
}

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const FIELDS: [Field; 5] = [
    Field { name: "a minute", least: 0, most: 59, names: &[] },
    Field { name: "an hour", least: 0, most: 23, names: &[] },
    Field { name: "a day of the month", least: 1, most: 31, names: &[] },
    Field { name: "a month", least: 1, most: 12, names: &MONTHS },
    Field { name: "a day of the week", least: 0, most: 7, names: &WEEKDAYS },
];

/// A day of the month in whose place a shorter month has its last: `29L`, `30L`, `31L`.
fn clamped(day: &str) -> Option<(&str, i8)> {
    let number = day.strip_suffix(['L', 'l'])?;
    let clamp = number.parse::<i8>().ok().filter(|day| (29..=31).contains(day))?;
    Some((number, clamp))
}

impl Field {
    /// The numbers of a field as bits.
    fn read(&self, text: &str) -> Result<u64, CronError> {
        text.split(',').try_fold(0, |bits, part| Ok(bits | self.part(part)?))
    }

    fn part(&self, part: &str) -> Result<u64, CronError> {
        let unreadable = || CronError::Part { field: self.name, part: part.to_owned() };
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => {
                let step = step.parse::<usize>().ok().filter(|step| *step > 0 && *step <= 59);
                (range, Some(step.ok_or_else(unreadable)?))
            }
            None => (part, None),
        };
        let (from, to) = match (range, range.split_once('-')) {
            ("*", _) => (self.least, self.most),
            (_, Some((from, to))) => (self.number(from, part)?, self.number(to, part)?),
            (one, None) => {
                let one = self.number(one, part)?;
                (one, if step.is_some() { self.most } else { one })
            }
        };
        if from > to {
            return Err(CronError::Backwards { field: self.name, part: part.to_owned() });
        }
        Ok((from..=to).step_by(step.unwrap_or(1)).fold(0, |bits, number| bits | (1 << number)))
    }

    fn number(&self, text: &str, part: &str) -> Result<u8, CronError> {
        let named = self.names.iter().zip(self.least..).find(|(name, _)| name.eq_ignore_ascii_case(text));
        if let Some((_, number)) = named {
            return Ok(number);
        }
        let digits = !text.is_empty() && text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_digit());
        let number: u32 = match text.parse() {
            Ok(number) if digits => number,
            Ok(_) | Err(_) => return Err(CronError::Part { field: self.name, part: part.to_owned() }),
        };
        u8::try_from(number)
            .ok()
            .filter(|number| (self.least..=self.most).contains(number))
            .ok_or(CronError::Range { field: self.name, number, least: self.least, most: self.most })
    }
}

impl FromStr for Cron {
    type Err = CronError;

    fn from_str(text: &str) -> Result<Self, CronError> {
        let text = text.trim();
        if text.chars().count() > CRON_CHARS_MAX {
            return Err(CronError::TooLong);
        }
        let written = match text.strip_prefix('@') {
            Some(name) => match name.to_ascii_lowercase().as_str() {
                "hourly" => "0 * * * *",
                "daily" | "midnight" => "0 0 * * *",
                "weekly" => "0 0 * * 0",
                "monthly" => "0 0 1 * *",
                "yearly" | "annually" => "0 0 1 1 *",
                _ => return Err(CronError::Macro(text.to_owned())),
            },
            None => text,
        };
        let fields: Vec<&str> = written.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields[..] else {
            return Err(CronError::Fields(fields.len()));
        };
        let weekdays = FIELDS[4].read(weekday)?;
        let (day_bits, clamp) = match clamped(day) {
            Some((day, clamp)) => (day, Some(clamp)),
            None => (day, None),
        };
        let cron = Self {
            text: text.to_owned(),
            minutes: FIELDS[0].read(minute)?,
            hours: FIELDS[1].read(hour)?,
            days: FIELDS[2].read(day_bits)?,
            clamp,
            months: FIELDS[3].read(month)?,
            // Sunday is 0 and 7.
            weekdays: (weekdays | (weekdays >> 7)) & 0x7f,
            every_hour: hour == "*",
            either_day: !day.starts_with('*') && !weekday.starts_with('*'),
        };
        // Four years from a leap day hold every day that there is.
        let leap = Date::constant(2024, 1, 1);
        let comes = (0..366 * 4).any(|days| leap.checked_add(days.days()).is_ok_and(|day| cron.is_on(day)));
        if comes { Ok(cron) } else { Err(CronError::Never) }
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn has(bits: u64, number: i8) -> bool {
    u32::try_from(number).is_ok_and(|number| bits & (1 << number) != 0)
}

impl Cron {
    fn is_on(&self, day: Date) -> bool {
        let is_last = || day.day() == day.days_in_month();
        let of_month =
            has(self.days, day.day()) || self.clamp.is_some_and(|wanted| wanted > day.day() && is_last());
        let of_week = has(self.weekdays, day.weekday().to_sunday_zero_offset());
        let fits = if self.either_day { of_month || of_week } else { of_month && of_week };
        fits && has(self.months, day.month())
    }

    /// The first moment after `after`, in a zone. `None` only where the calendar ends.
    pub fn next(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        // The day before: what it has may come late, because of a change of the clocks.
        let mut day = zone.to_datetime(after).date().yesterday().ok()?;
        for _ in 0..DAYS_AHEAD {
            if self.is_on(day)
                && let Some(moment) = self.moments(day, zone).into_iter().filter(|at| *at > after).min()
            {
                return Some(moment);
            }
            day = day.tomorrow().ok()?;
        }
        None
    }

    /// All moments of a local day.
    fn moments(&self, day: Date, zone: &TimeZone) -> Vec<Timestamp> {
        let mut moments = Vec::new();
        for hour in (0..24_i8).filter(|hour| has(self.hours, *hour)) {
            for minute in (0..60_i8).filter(|minute| has(self.minutes, *minute)) {
                self.meet(day.to_datetime(Time::constant(hour, minute, 0, 0)), zone, &mut moments);
            }
        }
        moments
    }

    /// The moments at which clocks of a zone show this: one, two or none.
    fn meet(&self, shown: DateTime, zone: &TimeZone, moments: &mut Vec<Timestamp>) {
        match zone.to_ambiguous_timestamp(shown).offset() {
            AmbiguousOffset::Unambiguous { offset } => moments.extend(offset.to_timestamp(shown).ok()),
            AmbiguousOffset::Fold { before, after } => {
                moments.extend(before.to_timestamp(shown).ok());
                moments.extend(after.to_timestamp(shown).ok().filter(|_| self.every_hour));
            }
            AmbiguousOffset::Gap { before, .. } if !self.every_hour => {
                // As if the clocks had not been changed: the change itself lies just before.
                let late = before.to_timestamp(shown).ok();
                let change = late.and_then(|late| {
                    zone.preceding(late.checked_add(1.nanosecond()).ok()?)
                        .next()
                        .map(|change| change.timestamp())
                });
                moments.extend(change);
            }
            AmbiguousOffset::Gap { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nexts(text: &str, after: &str, zone: &str, count: usize) -> Vec<String> {
        let zone = TimeZone::get(zone).unwrap();
        let cron: Cron = text.parse().unwrap();
        let mut at: Timestamp =
            after.parse::<DateTime>().unwrap().to_zoned(zone.clone()).unwrap().timestamp();
        let mut found = Vec::new();
        for _ in 0..count {
            at = cron.next(at, &zone).unwrap();
            found.push(at.to_zoned(zone.clone()).strftime("%a %Y-%m-%d %H:%M%:z").to_string());
        }
        found
    }

    #[test]
    fn moments_that_come_next() {
        let cases: [(&str, &str, &str, &[&str]); 17] = [
            (
                "0 8 31L * *",
                "2027-01-30T08:00",
                "UTC",
                &[
                    "Sun 2027-01-31 08:00+00:00",
                    "Sun 2027-02-28 08:00+00:00",
                    "Wed 2027-03-31 08:00+00:00",
                    "Fri 2027-04-30 08:00+00:00",
                ],
            ),
            (
                "0 8 * * *",
                "2026-11-21T07:59",
                "Africa/Nairobi",
                &["Sat 2026-11-21 08:00+03:00", "Sun 2026-11-22 08:00+03:00"],
            ),
            ("0 8 * * *", "2026-11-21T08:00", "Africa/Nairobi", &["Sun 2026-11-22 08:00+03:00"]),
            (
                "*/20 9-10 * * MON-FRI",
                "2026-11-20T10:30",
                "UTC",
                &["Fri 2026-11-20 10:40+00:00", "Mon 2026-11-23 09:00+00:00", "Mon 2026-11-23 09:20+00:00"],
            ),
            (
                "5/25 0 * * *",
                "2026-01-01T00:00",
                "UTC",
                &[
                    "Thu 2026-01-01 00:05+00:00",
                    "Thu 2026-01-01 00:30+00:00",
                    "Thu 2026-01-01 00:55+00:00",
                    "Fri 2026-01-02 00:05+00:00",
                ],
            ),
            (
                "0 0 1,15 JAN,jul *",
                "2026-01-02T00:00",
                "UTC",
                &["Thu 2026-01-15 00:00+00:00", "Wed 2026-07-01 00:00+00:00"],
            ),
            (
                "0 12 13 * FRI",
                "2026-11-01T00:00",
                "UTC",
                &[
                    "Fri 2026-11-06 12:00+00:00",
                    "Fri 2026-11-13 12:00+00:00",
                    "Fri 2026-11-20 12:00+00:00",
                    "Fri 2026-11-27 12:00+00:00",
                    "Fri 2026-12-04 12:00+00:00",
                    "Fri 2026-12-11 12:00+00:00",
                    "Sun 2026-12-13 12:00+00:00",
                ],
            ),
            (
                "0 12 */2 * MON",
                "2026-11-01T13:00",
                "UTC",
                &["Mon 2026-11-09 12:00+00:00", "Mon 2026-11-23 12:00+00:00"],
            ),
            ("0 6 * * 7", "2026-11-21T00:00", "UTC", &["Sun 2026-11-22 06:00+00:00"]),
            ("0 6 * * 0", "2026-11-21T00:00", "UTC", &["Sun 2026-11-22 06:00+00:00"]),
            (
                "0 6 * * 5-7",
                "2026-11-21T07:00",
                "UTC",
                &["Sun 2026-11-22 06:00+00:00", "Fri 2026-11-27 06:00+00:00"],
            ),
            ("0 0 29 2 *", "2096-03-01T00:00", "UTC", &["Fri 2104-02-29 00:00+00:00"]),
            ("59 23 31 12 *", "2026-06-01T00:00", "UTC", &["Thu 2026-12-31 23:59+00:00"]),
            ("@daily", "2026-11-21T00:00", "UTC", &["Sun 2026-11-22 00:00+00:00"]),
            ("@Weekly", "2026-11-21T00:00", "UTC", &["Sun 2026-11-22 00:00+00:00"]),
            ("@monthly", "2026-11-21T00:00", "UTC", &["Tue 2026-12-01 00:00+00:00"]),
            ("@yearly", "2026-11-21T00:00", "UTC", &["Fri 2027-01-01 00:00+00:00"]),
        ];
        for (text, after, zone, expected) in cases {
            assert_eq!(nexts(text, after, zone, expected.len()), expected, "{text} after {after}");
        }
    }

    #[test]
    fn moments_when_the_clocks_change() {
        let cases: [(&str, &str, &str, &[&str]); 9] = [
            // 29 March 2026 in Berlin: after 01:59 comes 03:00.
            (
                "30 2 * * *",
                "2026-03-28T12:00",
                "Europe/Berlin",
                &["Sun 2026-03-29 03:00+02:00", "Mon 2026-03-30 02:30+02:00"],
            ),
            (
                "0,30 2,3 * * *",
                "2026-03-29T01:00",
                "Europe/Berlin",
                &["Sun 2026-03-29 03:00+02:00", "Sun 2026-03-29 03:30+02:00", "Mon 2026-03-30 02:00+02:00"],
            ),
            (
                "30 * * * *",
                "2026-03-29T01:00",
                "Europe/Berlin",
                &["Sun 2026-03-29 01:30+01:00", "Sun 2026-03-29 03:30+02:00"],
            ),
            // 25 October 2026: 02:00 to 02:59 come twice.
            (
                "30 2 * * *",
                "2026-10-24T12:00",
                "Europe/Berlin",
                &["Sun 2026-10-25 02:30+02:00", "Mon 2026-10-26 02:30+01:00"],
            ),
            (
                "30 * * * *",
                "2026-10-25T01:00",
                "Europe/Berlin",
                &[
                    "Sun 2026-10-25 01:30+02:00",
                    "Sun 2026-10-25 02:30+02:00",
                    "Sun 2026-10-25 02:30+01:00",
                    "Sun 2026-10-25 03:30+01:00",
                ],
            ),
            // In Beirut the clocks go forward at midnight.
            (
                "@daily",
                "2026-03-28T12:00",
                "Asia/Beirut",
                &["Sun 2026-03-29 01:00+03:00", "Mon 2026-03-30 00:00+03:00"],
            ),
            // On Lord Howe Island by half an hour: after 01:59 comes 02:30.
            ("15 2 * * *", "2026-10-03T12:00", "Australia/Lord_Howe", &["Sun 2026-10-04 02:30+11:00"]),
            (
                "45 1 * * *",
                "2026-04-04T12:00",
                "Australia/Lord_Howe",
                &["Sun 2026-04-05 01:45+11:00", "Mon 2026-04-06 01:45+10:30"],
            ),
            // Samoa had no 30 December 2011.
            (
                "0 8 * * *",
                "2011-12-29T07:00",
                "Pacific/Apia",
                &["Thu 2011-12-29 08:00-10:00", "Sat 2011-12-31 00:00+14:00", "Sat 2011-12-31 08:00+14:00"],
            ),
        ];
        for (text, after, zone, expected) in cases {
            assert_eq!(nexts(text, after, zone, expected.len()), expected, "{text} after {after} in {zone}");
        }
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        for (text, expected) in [
            ("", "has five fields (minute hour day month weekday), this one has 0"),
            ("* * * *", "this one has 4"),
            ("0 0 8 * * *", "this one has 6"),
            ("60 * * * *", "60 is not a minute"),
            ("* 24 * * *", "24 is not an hour"),
            ("* * 0 * *", "0 is not a day of the month: that goes from 1 to 31"),
            ("* * * 13 *", "13 is not a month"),
            ("* * * * 8", "8 is not a day of the week"),
            ("5-1 * * * *", "ends before it begins"),
            ("*/0 * * * *", "\"*/0\" cannot be read"),
            ("*/60 * * * *", "\"*/60\" cannot be read"),
            ("1,,2 * * * *", "\"\" cannot be read"),
            ("+1 * * * *", "\"+1\" cannot be read"),
            ("* * L * *", "\"L\" cannot be read as a day of the month"),
            ("* * * * MON#2", "cannot be read as a day of the week"),
            ("* * * FOO *", "cannot be read as a month"),
            ("@fortnightly", "\"@fortnightly\" is not known"),
            ("0 0 31 2 *", "it never comes"),
            ("0 0 30 FEB *", "it never comes"),
        ] {
            let error = text.parse::<Cron>().unwrap_err().to_string();
            assert!(error.contains(expected), "{text:?}: {error}");
        }
        assert_eq!("1 ".repeat(500).parse::<Cron>(), Err(CronError::TooLong));
    }

    #[test]
    fn each_moment_is_the_first_that_fits_after_the_one_before() {
        // Minute by minute over a week with a change of the clocks.
        let zone = TimeZone::get("America/New_York").unwrap();
        let start: Timestamp = "2026-03-05T00:00:00Z".parse().unwrap();
        for text in ["*/7 * * * *", "3-50/9 */5 * * *", "0 9 * * 1-5", "15,45 6 6,9 3 *"] {
            let cron: Cron = text.parse().unwrap();
            let end = start + jiff::SignedDuration::from_hours(24 * 7);
            let (mut walked, mut at) = (Vec::new(), start);
            while let Some(next) = cron.next(at, &zone).filter(|next| *next <= end) {
                walked.push(next);
                at = next;
            }
            let minutes = (1..=7 * 24 * 60).map(|minute| start + jiff::SignedDuration::from_mins(minute));
            let fits = |at: &Timestamp| {
                let shown = zone.to_datetime(*at);
                cron.is_on(shown.date()) && has(cron.hours, shown.hour()) && has(cron.minutes, shown.minute())
            };
            assert_eq!(walked, minutes.filter(fits).collect::<Vec<_>>(), "{text}");
        }
    }
}
