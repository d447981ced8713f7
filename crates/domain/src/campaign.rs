//! When a point of a campaign comes for a person: so many minutes, hours, days or weeks from a moment of theirs.

use jiff::{SignedDuration, Span, Timestamp, civil::Time, tz::TimeZone};

/// What an offset counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OffsetUnit {
    /// Minutes that pass.
    Minutes,
    /// Hours that pass.
    Hours,
    /// Days of the calendar.
    Days,
    /// Weeks of the calendar.
    Weeks,
}

impl OffsetUnit {
    /// The unit of a code: `M`, `H`, `D`, `W`.
    pub fn of_code(code: &str) -> Option<Self> {
        Some(match code {
            "M" => Self::Minutes,
            "H" => Self::Hours,
            "D" => Self::Days,
            "W" => Self::Weeks,
            _ => return None,
        })
    }
}

/// A distance from a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offset {
    /// How many units after it; negative before.
    pub count: i64,
    /// The unit.
    pub unit: OffsetUnit,
    /// Local hour at which it comes on that day; `None` for the hour that comes out.
    pub hour: Option<i8>,
}

impl Offset {
    /// The moment at this distance from another, by the clocks of a zone. `None` beyond the calendar.
    ///
    /// A moment between two minutes counts as the next minute. Minutes and hours are time that passes, days and weeks
    /// those of the calendar; then the hour is set, on the same local day (RapidPro's rule for the time of a fire).
    pub fn from(&self, moment: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let base = next_minute(moment)?.to_zoned(zone.clone());
        let after = match self.unit {
            OffsetUnit::Minutes => base.checked_add(SignedDuration::from_secs(self.count.checked_mul(60)?)),
            OffsetUnit::Hours => base.checked_add(SignedDuration::from_secs(self.count.checked_mul(3_600)?)),
            OffsetUnit::Days => base.checked_add(Span::new().try_days(self.count).ok()?),
            OffsetUnit::Weeks => base.checked_add(Span::new().try_weeks(self.count).ok()?),
        };
        let after = after.ok()?;
        let Some(hour) = self.hour else { return Some(after.timestamp()) };
        let time = Time::new(hour, 0, 0, 0).ok()?;
        Some(after.date().to_datetime(time).to_zoned(zone.clone()).ok()?.timestamp())
    }
}

fn next_minute(moment: Timestamp) -> Option<Timestamp> {
    let rest = moment.as_microsecond().rem_euclid(60_000_000);
    if rest == 0 && moment.subsec_nanosecond() % 1_000 == 0 {
        return Some(moment);
    }
    let minute = moment.as_microsecond().checked_sub(rest)?.checked_add(60_000_000)?;
    Timestamp::from_microsecond(minute).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_come_where_the_clock_of_the_zone_says() {
        use OffsetUnit::{Days, Hours, Minutes, Weeks};
        let nairobi = "Africa/Nairobi";
        let (paris, samoa) = ("Europe/Paris", "Pacific/Apia");
        // (from, zone, count, unit, hour, comes)
        for (from, zone, count, unit, hour, comes) in [
            ("2026-03-01T10:00:00Z", nairobi, 5, Minutes, None, Some("2026-03-01T10:05:00Z")),
            ("2026-03-01T10:00:01Z", nairobi, 5, Minutes, None, Some("2026-03-01T10:06:00Z")),
            ("2026-03-01T10:00:00.000001Z", nairobi, 0, Minutes, None, Some("2026-03-01T10:01:00Z")),
            ("2026-03-01T10:00:00Z", nairobi, -2, Hours, None, Some("2026-03-01T08:00:00Z")),
            ("2026-03-01T22:30:00Z", nairobi, 1, Days, Some(9), Some("2026-03-03T06:00:00Z")),
            ("2026-03-01T10:00:00Z", nairobi, -1, Weeks, Some(0), Some("2026-02-21T21:00:00Z")),
            // A day of the calendar has 23 hours when the clock is put forward; 24 hours are 24 hours.
            ("2026-03-28T09:00:00Z", paris, 1, Days, None, Some("2026-03-29T08:00:00Z")),
            ("2026-03-28T09:00:00Z", paris, 24, Hours, None, Some("2026-03-29T09:00:00Z")),
            // An hour that is not there is the one after.
            ("2026-03-28T09:00:00Z", paris, 1, Days, Some(2), Some("2026-03-29T01:00:00Z")),
            ("2026-03-01T10:00:00Z", samoa, 0, Days, Some(23), Some("2026-03-01T10:00:00Z")),
            ("2026-03-01T10:00:00Z", nairobi, i64::MAX, Weeks, None, None),
            ("2026-03-01T10:00:00Z", nairobi, i64::MAX, Minutes, None, None),
            ("2026-03-01T10:00:00Z", nairobi, 1, Days, Some(24), None),
        ] {
            let offset = Offset { count, unit, hour };
            let zone = TimeZone::get(zone).unwrap();
            let found = offset.from(from.parse().unwrap(), &zone);
            assert_eq!(found, comes.map(|comes| comes.parse().unwrap()), "{from} {offset:?}");
        }
    }

    #[test]
    fn units_have_codes() {
        assert_eq!(OffsetUnit::of_code("W"), Some(OffsetUnit::Weeks));
        assert_eq!(OffsetUnit::of_code("Y"), None);
    }
}
