//! When a set's messages go, and which of them is next: counted from the moments of a cron expression.
//!
//! A subscription gets one message at each moment that lies strictly after it began. So whoever began at eight o'clock
//! on a day that sends at eight waits for the next such day, and what a clock shows now is already past.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

use crate::Cron;

/// How long after the last message of a set the next set begins.
pub const NEXT_SET_AFTER: SignedDuration = SignedDuration::from_mins(1);
/// Days over which the moments of an expression are averaged: they hold a whole number of weeks and of years.
const DAYS_AVERAGED: i64 = 364;

/// Where a subscription should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The sequence number that goes next; of a completed set its last.
    pub next: u32,
    /// Whether the last message has gone.
    pub completed: bool,
    /// The moment of the last message that has gone.
    pub last_run: Option<Timestamp>,
}

/// A set as far as time is concerned.
#[derive(Debug, Clone)]
pub struct SetRuns {
    /// When its messages go.
    pub schedule: Cron,
    /// How many there are, numbered from 1.
    pub messages: u32,
}

/// Where somebody should be at `now` who began at `created` with the message `initial`. Each moment in
/// (`created`, `now`] counts one message; at the last of the set it is completed.
pub fn expected(
    set: &SetRuns,
    zone: &TimeZone,
    created: Timestamp,
    now: Timestamp,
    initial: u32,
) -> Position {
    let (mut gone, mut last_run) = (initial.max(1) - 1, None);
    while gone < set.messages {
        let after = last_run.unwrap_or(created);
        let Some(run) = set.schedule.next(after, zone).filter(|run| *run <= now) else { break };
        last_run = Some(run);
        gone += 1;
    }
    let completed = gone >= set.messages;
    Position { next: if completed { set.messages } else { gone + 1 }, completed, last_run }
}

/// The same along a chain of sets: each begins [`NEXT_SET_AFTER`] the last message of the one before, with its first.
/// Holds the sets that somebody has come to, in order.
pub fn expected_chain(
    sets: &[SetRuns],
    zone: &TimeZone,
    created: Timestamp,
    now: Timestamp,
) -> Vec<Position> {
    let (mut positions, mut begun) = (Vec::new(), created);
    for set in sets {
        let position = expected(set, zone, begun, now, 1);
        positions.push(position);
        if !position.completed {
            break;
        }
        let ended = position.last_run.unwrap_or(begun);
        begun = ended.saturating_add(NEXT_SET_AFTER).unwrap_or(ended);
    }
    positions
}

/// When the messages of one subscription go.
#[derive(Debug, Clone)]
pub struct Plan<'p> {
    /// When anything goes.
    pub schedule: &'p Cron,
    /// By whose clock.
    pub zone: &'p TimeZone,
    /// The first day of week 0.
    pub anchor: Option<Date>,
    /// The week of each message, from sequence number 1 on. A message without goes at the next moment.
    pub weeks: &'p [Option<i32>],
}

impl Plan<'_> {
    /// How many messages there are.
    pub fn messages(&self) -> u32 {
        u32::try_from(self.weeks.len()).unwrap_or(u32::MAX)
    }

    /// When a message goes, if nothing goes up to `after` any more: at the first moment behind that, but not before its
    /// week.
    pub fn run(&self, sequence: u32, after: Timestamp) -> Option<Timestamp> {
        let place = usize::try_from(sequence).ok()?.checked_sub(1)?;
        let week = self.weeks.get(place).copied().flatten();
        let own = week.zip(self.anchor).and_then(|(week, anchor)| {
            run_of_week(self.schedule, self.zone, anchor, week).filter(|run| *run > after)
        });
        own.or_else(|| self.schedule.next(after, self.zone))
    }

    /// The first message whose own moment is still to come after `now`, if messages are tied to weeks. `None`: all of
    /// them are over.
    pub fn place_by_week(&self, now: Timestamp) -> Option<u32> {
        let mut last =
            Timestamp::MIN.saturating_add(SignedDuration::from_hours(48)).unwrap_or(Timestamp::MIN);
        for sequence in 1..=self.messages() {
            last = self.run(sequence, last)?;
            if last > now {
                return Some(sequence);
            }
        }
        None
    }
}

/// The moment at which a message of week `week` goes, counted from `anchor` (the first day of week 0): the first moment
/// of the schedule on or after that week's first day. `None` only where the calendar ends.
pub fn run_of_week(schedule: &Cron, zone: &TimeZone, anchor: Date, week: i32) -> Option<Timestamp> {
    let day = anchor.checked_add(week.weeks()).ok()?;
    let begins = day.to_zoned(zone.clone()).ok()?.timestamp();
    schedule.next(begins.checked_sub(1.second()).ok()?, zone)
}

/// How many messages a week a schedule sends, on average, rounded: what formulas call the rate. At least 1.
pub fn runs_per_week(schedule: &Cron) -> u32 {
    // A Monday at midnight, of a year of 364 days: weekdays and hours give the same for any other.
    let begin = Timestamp::constant(1_704_067_199, 0);
    let end = begin.saturating_add(SignedDuration::from_hours(24 * DAYS_AVERAGED)).unwrap_or(begin);
    let (mut at, mut runs) = (begin, 0_u32);
    while let Some(next) = schedule.next(at, &TimeZone::UTC).filter(|next| *next <= end) {
        runs += 1;
        at = next;
    }
    (runs.saturating_add(26) / 52).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(schedule: &str, messages: u32) -> SetRuns {
        SetRuns { schedule: schedule.parse().unwrap(), messages }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn positions_that_are_expected() {
        // Cron, messages, first message, began, now, next, completed. 2 March 2026 is a Monday.
        for (cron, messages, initial, created, now, next, completed) in [
            ("0 8 * * 1", 5, 1, "2026-03-02T07:59:59Z", "2026-03-02T07:59:59Z", 1, false),
            ("0 8 * * 1", 5, 1, "2026-03-02T07:59:59Z", "2026-03-02T08:00:00Z", 2, false),
            // What began at the very moment waits for the next.
            ("0 8 * * 1", 5, 1, "2026-03-02T08:00:00Z", "2026-03-02T23:00:00Z", 1, false),
            ("0 8 * * 1", 5, 1, "2026-03-01T00:00:00Z", "2026-03-23T08:00:00Z", 5, false),
            ("0 8 * * 1", 5, 1, "2026-03-01T00:00:00Z", "2026-03-30T08:00:00Z", 5, true),
            ("0 8 * * 1", 5, 4, "2026-03-01T00:00:00Z", "2026-03-09T08:00:00Z", 5, true),
            ("0 8 * * 1", 5, 6, "2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z", 5, true),
            ("0 8 * * 1,4", 50, 10, "2026-03-01T00:00:00Z", "2026-03-31T00:00:00Z", 19, false),
        ] {
            let position = expected(&set(cron, messages), &TimeZone::UTC, at(created), at(now), initial);
            assert_eq!((position.next, position.completed), (next, completed), "{cron} {created} {now}");
        }
    }

    #[test]
    fn each_set_of_a_chain_begins_a_minute_after_the_one_before() {
        let sets = [set("0 8 * * 1", 2), set("0,1 8 * * 1", 2), set("0 9 * * *", 3)];
        let begun = at("2026-03-01T00:00:00Z");
        let shown = |now: &str| {
            let chain = expected_chain(&sets, &TimeZone::UTC, begun, at(now));
            chain.iter().map(|position| (position.next, position.completed)).collect::<Vec<_>>()
        };
        assert_eq!(shown("2026-03-02T09:00:00Z"), [(2, false)]);
        // The first ends on the 9th at 8:00; 8:01 is when the second begins, so it is not one of its moments.
        assert_eq!(shown("2026-03-09T08:00:00Z"), [(2, true), (1, false)]);
        assert_eq!(shown("2026-03-09T08:01:00Z"), [(2, true), (1, false)]);
        assert_eq!(shown("2026-03-16T08:00:00Z"), [(2, true), (2, false)]);
        assert_eq!(shown("2026-03-18T08:59:59Z"), [(2, true), (2, true), (3, false)]);
        assert_eq!(shown("2026-03-18T09:00:00Z"), [(2, true), (2, true), (3, true)]);
        assert_eq!(shown("2026-04-01T00:00:00Z"), [(2, true), (2, true), (3, true)]);
    }

    #[test]
    fn weeks_have_their_moment_in_the_zone_of_the_person() {
        let zone = TimeZone::get("Africa/Johannesburg").unwrap();
        let schedule: Cron = "0 8 * * 2".parse().unwrap();
        // Tuesday 3 March 2026 is the first day of week 0; 8:00 in Johannesburg is 6:00 UTC.
        for (anchor, week, expected) in [
            ("2026-03-03", 0, "2026-03-03T06:00:00Z"),
            ("2026-03-03", 1, "2026-03-10T06:00:00Z"),
            ("2026-03-04", 0, "2026-03-10T06:00:00Z"),
            ("2026-03-02", 40, "2026-12-08T06:00:00Z"),
        ] {
            let run = run_of_week(&schedule, &zone, anchor.parse().unwrap(), week).unwrap();
            assert_eq!(run.to_string(), expected, "{anchor} week {week}");
        }
    }

    #[test]
    fn rates_of_schedules() {
        for (cron, rate) in [
            ("0 8 * * 2", 1),
            ("0 8 * * 1,3,5", 3),
            ("0 8 * * *", 7),
            ("0 8,17 * * 1,4", 4),
            ("0 8 1 * *", 1),
            ("0 8 */2 * *", 4),
        ] {
            assert_eq!(runs_per_week(&cron.parse().unwrap()), rate, "{cron}");
        }
    }
}
