//! Tests of days and times of day that people write among words.

use std::cmp::Ordering;

use expressions::{Evaluation, Value, dates};
use jiff::Zoned;

use super::{Match, Verdict};

impl Match {
    pub(super) fn of_moment(moment: Zoned) -> Self {
        Self::of(Value::datetime(moment))
    }
}

/// `has_date`: the moment written in the text; a missing time of day becomes the present one.
pub(super) fn has_date(evaluation: &Evaluation<'_>, text: &str) -> Option<Zoned> {
    dates::parse_datetime(evaluation.env, &|| evaluation.ambient.now(), text, true)
}

/// `has_time`: the time of day written in the text.
pub(super) fn has_time(text: &str) -> Option<Match> {
    dates::parse_time(text).map(|time| Match::of(Value::Time(time)))
}

/// `has_date_eq`, `has_date_gt`, `has_date_lt`: the day of the text compares so with another, both as days in
/// the zone of the workspace.
#[derive(Clone, Debug)]
pub(super) struct DateComparison {
    order: Ordering,
    with: Value,
}

impl DateComparison {
    pub(super) fn new(order: Ordering, argument: &Value) -> Self {
        Self { order, with: argument.clone() }
    }

    pub(super) fn run(&self, evaluation: &Evaluation<'_>, text: &str) -> Verdict {
        let with = self.with.to_datetime(evaluation)?;
        let Some(found) = has_date(evaluation, text) else { return Ok(None) };
        let day = |moment: &Zoned| moment.with_time_zone(evaluation.env.timezone.clone()).date();
        let holds = day(&found).cmp(&day(&with)) == self.order;
        Ok(holds.then(|| Match::of_moment(found)))
    }
}
