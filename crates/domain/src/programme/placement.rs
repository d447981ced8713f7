//! Where in a set somebody begins, by the week they are in: a formula that a programme's manager writes as data.
//!
//! A formula is a list of ranges of weeks. In the first range that holds the week the number is
//! `(week - since) × rate + plus`, or a fixed one (`at`); outside all of them it is `otherwise`. The rate is how many
//! messages a week the set's schedule sends, unless the range says one of its own. No number is less than 1 or more
//! than `max`.
//!
//! ```json
//! {"ranges": [{"from": 36, "to": 41, "since": 35}, {"from": 42, "at": 20}], "max": 20}
//! ```

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::MAX_SET_MESSAGES;

/// Ranges of one formula, at most.
const MAX_RANGES: usize = 50;
/// Weeks that a formula may speak of: ten years, before and after.
const MAX_WEEK: i32 = 520;

/// Why something is no formula.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PlacementError {
    /// Too many ranges.
    #[error("a formula has {MAX_RANGES} ranges at most, this one has {0}")]
    TooMany(usize),
    /// A range that ends before it begins.
    #[error("the range from week {from} to week {to} ends before it begins")]
    Backwards {
        /// Its first week.
        from: i32,
        /// Its last.
        to: i32,
    },
    /// A range that is both, or neither.
    #[error("a range says either `at` (a fixed number) or `since` (the week from which is counted)")]
    AtOrSince,
    /// `per_week` or `plus` beside a fixed number.
    #[error("beside `at`, `per_week` and `plus` mean nothing: leave them out")]
    FixedAndMore,
    /// A number out of bounds.
    #[error("{0} is too far away: weeks and numbers to add go from -{MAX_WEEK} to {MAX_WEEK}")]
    Far(i32),
    /// A sequence number out of bounds.
    #[error("{0} is no sequence number: these go from 1 to {MAX_SET_MESSAGES}")]
    Sequence(u32),
    /// A rate that cannot be read.
    #[error("{0:?} is no rate: write messages a week, such as 3, or a fraction, such as 1/2")]
    Rate(String),
}

/// Messages a week, as a fraction: one in two weeks is 1/2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "WrittenRate", into = "String")]
pub struct Rate {
    messages: u32,
    weeks: u32,
}

/// A rate as it may be written.
#[derive(Deserialize)]
#[serde(untagged)]
enum WrittenRate {
    Whole(u32),
    Text(String),
}

impl TryFrom<WrittenRate> for Rate {
    type Error = PlacementError;

    fn try_from(written: WrittenRate) -> Result<Self, PlacementError> {
        let text = match written {
            WrittenRate::Whole(whole) => whole.to_string(),
            WrittenRate::Text(text) => text,
        };
        let (messages, weeks) = text.split_once('/').unwrap_or((&text, "1"));
        let number = |text: &str| text.parse().ok().filter(|number| (1..=MAX_SET_MESSAGES).contains(number));
        match (number(messages), number(weeks)) {
            (Some(messages), Some(weeks)) => Ok(Self { messages, weeks }),
            (_, None) | (None, _) => Err(PlacementError::Rate(text)),
        }
    }
}

impl From<Rate> for String {
    fn from(rate: Rate) -> Self {
        rate.to_string()
    }
}

impl From<u32> for Rate {
    /// So many messages a week.
    fn from(messages: u32) -> Self {
        Self { messages, weeks: 1 }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.weeks {
            1 => write!(f, "{}", self.messages),
            weeks => write!(f, "{}/{weeks}", self.messages),
        }
    }
}

/// Where somebody begins, by weeks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "WrittenPlacement")]
pub struct Placement {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ranges: Vec<Range>,
    #[serde(skip_serializing_if = "Option::is_none")]
    otherwise: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max: Option<u32>,
}

/// A formula as it is written, before it is checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenPlacement {
    #[serde(default)]
    ranges: Vec<Range>,
    otherwise: Option<u32>,
    max: Option<u32>,
}

/// Weeks, and the number in them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Range {
    /// Its first week; without, whatever comes before `to`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<i32>,
    /// Its last week.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<i32>,
    /// The fixed number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<u32>,
    /// The week from which is counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<i32>,
    /// Messages a week; without, those of the schedule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    per_week: Option<Rate>,
    /// What is added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    plus: Option<i32>,
}

impl TryFrom<WrittenPlacement> for Placement {
    type Error = PlacementError;

    fn try_from(written: WrittenPlacement) -> Result<Self, PlacementError> {
        let WrittenPlacement { ranges, otherwise, max } = written;
        if ranges.len() > MAX_RANGES {
            return Err(PlacementError::TooMany(ranges.len()));
        }
        for range in &ranges {
            range.check()?;
        }
        let fixed = ranges.iter().filter_map(|range| range.at).chain(otherwise).chain(max);
        match fixed.into_iter().find(|number| !(1..=MAX_SET_MESSAGES).contains(number)) {
            Some(number) => Err(PlacementError::Sequence(number)),
            None => Ok(Self { ranges, otherwise, max }),
        }
    }
}

impl Range {
    fn check(&self) -> Result<(), PlacementError> {
        let numbers = [self.from, self.to, self.since, self.plus];
        if let Some(far) = numbers.into_iter().flatten().find(|number| number.abs() > MAX_WEEK) {
            return Err(PlacementError::Far(far));
        }
        if let (Some(from), Some(to)) = (self.from, self.to)
            && from > to
        {
            return Err(PlacementError::Backwards { from, to });
        }
        match (self.at, self.since) {
            (Some(_), None) if self.per_week.is_some() || self.plus.is_some() => {
                Err(PlacementError::FixedAndMore)
            }
            (Some(_), None) | (None, Some(_)) => Ok(()),
            (Some(_), Some(_)) | (None, None) => Err(PlacementError::AtOrSince),
        }
    }

    fn holds(&self, week: i32) -> bool {
        self.from.is_none_or(|from| from <= week) && self.to.is_none_or(|to| week <= to)
    }

    fn number(&self, week: i32, rate: Rate) -> i64 {
        match (self.at, self.since) {
            (Some(at), _) => i64::from(at),
            (None, since) => {
                let rate = self.per_week.unwrap_or(rate);
                let weeks = i64::from(week) - i64::from(since.unwrap_or_default());
                let counted = (weeks * i64::from(rate.messages)).div_euclid(i64::from(rate.weeks));
                counted + i64::from(self.plus.unwrap_or_default())
            }
        }
    }
}

impl Placement {
    /// The sequence number with which somebody begins who is in `week`, in a set that sends at `rate`. At least 1; how
    /// many messages the set has is not known here.
    pub fn start(&self, week: i32, rate: Rate) -> u32 {
        let range = self.ranges.iter().find(|range| range.holds(week));
        let number = range.map_or(i64::from(self.otherwise.unwrap_or(1)), |range| range.number(week, rate));
        let most = i64::from(self.max.unwrap_or(MAX_SET_MESSAGES));
        u32::try_from(number.clamp(1, most)).unwrap_or(1)
    }
}

/// Where somebody goes on who changes from a set of one medium to the same content in another: the same part of the
/// whole, rounded down, at least 1.
pub fn change_of_medium(current: u32, old_rate: Rate, new_rate: Rate) -> u32 {
    let (old, new) = (old_rate, new_rate);
    let scaled = u64::from(current) * u64::from(new.messages) * u64::from(old.weeks);
    // Each factor is at most MAX_SET_MESSAGES but `current`, so nothing overflows; neither divisor can be 0.
    let number = scaled / (u64::from(old.messages) * u64::from(new.weeks));
    u32::try_from(number).unwrap_or(u32::MAX).max(1)
}

/// Whole weeks from one day to another, rounded down: -1 on the day before.
pub fn weeks_between(anchor: Date, day: Date) -> i32 {
    let days = anchor.until(day).map_or(0, |span| span.get_days());
    days.div_euclid(7)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn formula(text: &str) -> Placement {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn formulas() {
        let steps = r#"{"ranges": [{"from": 5, "to": 9, "since": 4, "plus": -1},
            {"from": 10, "to": 11, "at": 40}, {"from": 12, "since": 0, "per_week": "1/2"}], "otherwise": 2, "max": 50}"#;
        for (text, week, rate, expected) in [
            ("{}", 30, 3, 1),
            (r#"{"otherwise": 7}"#, 30, 3, 7),
            (r#"{"ranges": [{"since": 10}]}"#, 10, 3, 1),
            (r#"{"ranges": [{"since": 10}]}"#, 2, 3, 1),
            (r#"{"ranges": [{"since": 10}]}"#, 13, 3, 9),
            (r#"{"ranges": [{"since": 0, "per_week": 1}], "max": 5}"#, 13, 3, 5),
            (steps, 4, 2, 2),
            (steps, 5, 2, 1),
            (steps, 9, 2, 9),
            (steps, 9, 3, 14),
            (steps, 10, 2, 40),
            (steps, 11, 2, 40),
            (steps, 12, 2, 6),
            (steps, 13, 2, 6),
            (steps, 400, 2, 50),
        ] {
            assert_eq!(formula(text).start(week, Rate::from(rate)), expected, "{text} in week {week}");
        }
    }

    #[test]
    fn what_is_no_formula_says_why() {
        for (text, expected) in [
            (r#"{"ranges": [{"from": 9, "to": 8, "at": 1}]}"#, "from week 9 to week 8 ends before"),
            (r#"{"ranges": [{"from": 9}]}"#, "either `at`"),
            (r#"{"ranges": [{"at": 1, "since": 2}]}"#, "either `at`"),
            (r#"{"ranges": [{"at": 1, "plus": 2}]}"#, "leave them out"),
            (r#"{"ranges": [{"since": 521}]}"#, "521 is too far away"),
            (r#"{"ranges": [{"at": 0}]}"#, "0 is no sequence number"),
            (r#"{"max": 1001}"#, "1001 is no sequence number"),
            (r#"{"ranges": [{"since": 1, "per_week": 0}]}"#, "\"0\" is no rate"),
            (r#"{"ranges": [{"since": 1, "per_week": "1/0"}]}"#, "\"1/0\" is no rate"),
            (r#"{"ranges": [{"since": 1, "per_week": "often"}]}"#, "\"often\" is no rate"),
            (r#"{"range": []}"#, "unknown field `range`"),
        ] {
            let error = serde_json::from_str::<Placement>(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn formulas_are_written_as_they_were() {
        for text in [
            "{}",
            r#"{"ranges":[{"from":36,"to":41,"since":35,"per_week":"1/2","plus":-2},{"at":20}],"otherwise":3,"max":20}"#,
        ] {
            assert_eq!(serde_json::to_string(&formula(text)).unwrap(), text);
        }
    }

    #[test]
    fn media_change_in_proportion() {
        for (current, old, new, expected) in [
            (30, 3, 2, 20),
            (31, 3, 2, 20),
            (20, 2, 3, 30),
            (1, 3, 1, 1),
            (2, 3, 1, 1),
            (7, 1, 1, 7),
            (u32::MAX, 1, 3, u32::MAX),
        ] {
            let number = change_of_medium(current, Rate::from(old), Rate::from(new));
            assert_eq!(number, expected, "{current} from {old} to {new}");
        }
    }

    #[test]
    fn weeks_are_whole() {
        for (anchor, day, expected) in [
            ("2026-03-03", "2026-03-03", 0),
            ("2026-03-03", "2026-03-09", 0),
            ("2026-03-03", "2026-03-10", 1),
            ("2026-03-03", "2026-03-02", -1),
            ("2026-03-03", "2026-12-08", 40),
            ("2026-03-03", "2027-03-02", 52),
        ] {
            assert_eq!(weeks_between(anchor.parse().unwrap(), day.parse().unwrap()), expected, "{day}");
        }
    }
}
