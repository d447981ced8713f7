//! Sums and differences, which the old language made of numbers, days, moments and times of day alike.

use super::Days;
use super::part::{Kind, Part};
use super::variables::day;

/// `left + right`, or with `minus` their difference, as what it meant.
pub(super) fn migrate(left: Part, minus: bool, right: Part, days: Days) -> Part {
    let signed = |part: Part| if minus { part.negated() } else { part };
    match (left.kind, right.kind) {
        (Kind::Number, Kind::Number) => Part::binary(if minus { "-" } else { "+" }, left, right),
        (Kind::DateTime, Kind::Time) => add(left, signed(minutes(right)), "m"),
        (Kind::Date | Kind::Unknown, Kind::Time) if minus => add(left, minutes(right).negated(), "m"),
        (Kind::Date | Kind::Unknown, Kind::Time) => {
            Part::call("replace_time", &[left, right]).of(Kind::DateTime)
        }
        (Kind::DateTime, Kind::Number | Kind::Unknown) => add(left, signed(right), "D"),
        (Kind::Date, Kind::Number | Kind::Unknown) => day(add(left, signed(right), "D"), days),
        (Kind::Number | Kind::Unknown, Kind::Date | Kind::DateTime)
        | (Kind::Time, Kind::Date | Kind::DateTime)
            if !minus =>
        {
            migrate(right, false, left, days)
        }
        _ => Part::call("legacy_add", &[left, signed(right)]),
    }
}

fn add(moment: Part, amount: Part, unit: &str) -> Part {
    Part::call("datetime_add", &[moment, amount, Part::text(unit)]).of(Kind::DateTime)
}

/// The minutes since midnight.
fn minutes(time: Part) -> Part {
    let of = |layout| Part::call("format_time", &[time.clone(), Part::text(layout)]);
    let hours = Part::binary("*", of("tt"), Part::number("60"));
    Part::binary("+", hours, of("m"))
}
