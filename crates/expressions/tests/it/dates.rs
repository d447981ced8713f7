//! Dates and times as people write them.

use expressions::environment::DateFormat;
use expressions::{Environment, dates};
use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};

const NOW: &str = "2026-06-15T09:30:00Z";

fn env(date_format: DateFormat, zone: &str) -> Environment {
    let timezone = TimeZone::get(zone).expect(zone);
    Environment { date_format, timezone, ..Environment::default() }
}

fn now() -> Timestamp {
    NOW.parse().expect(NOW)
}

#[test]
fn moments_in_the_order_of_the_workspace() {
    use DateFormat::{DayMonthYear, MonthDayYear, YearMonthDay};
    for (order, text, fill, expected) in [
        (DayMonthYear, "5.11.99", false, Some("1999-11-05T00:00:00+02:00")),
        (DayMonthYear, "she was born 5/11/2001 at 4pm", false, Some("2001-11-05T16:00:00+02:00")),
        (MonthDayYear, "11-5-26", true, Some("2026-11-05T11:30:00+02:00")),
        (MonthDayYear, "11-5-27", true, Some("1927-11-05T11:30:00+02:00")),
        (YearMonthDay, "2001 1 2 0730", false, Some("2001-01-02T07:30:00+02:00")),
        (MonthDayYear, "2001-01-02 24:00", false, Some("2001-01-02T00:00:00+02:00")),
        (DayMonthYear, "2001-01-02T10:20:30.5Z", false, Some("2001-01-02T10:20:30.5Z")),
        (DayMonthYear, "2001-01-02T10:20-05:00", false, Some("2001-01-02T10:20:00-05:00")),
        (DayMonthYear, "2001-01-02T10:20", false, Some("2001-01-02T10:20:00+02:00")),
        (DayMonthYear, "31.2.2020", false, None),
        (DayMonthYear, "31.2.2020 or 1.3.2020", false, Some("2020-03-01T00:00:00+02:00")),
        (DayMonthYear, "x1.2.2020", false, None),
        (DayMonthYear, "tomorrow", true, None),
        (DayMonthYear, "", true, None),
    ] {
        let found = dates::parse_datetime(&env(order, "Africa/Maputo"), &now, text, fill);
        let expected = expected.map(|text| text.parse::<Timestamp>().expect(text));
        assert_eq!(found.map(|moment| moment.timestamp()), expected, "{text}");
    }
}

#[test]
fn a_written_offset_counts_and_the_zone_of_the_same_offset_is_kept() {
    let env = env(DateFormat::DayMonthYear, "Africa/Maputo");
    for (text, zone) in [
        ("2001-01-02T10:20:30+02:00", Some("Africa/Maputo")),
        ("2001-01-02T10:20:30Z", Some("UTC")),
        ("2001-01-02T10:20:30-07:00", None),
    ] {
        let moment = dates::parse_datetime(&env, &now, text, false).expect(text);
        assert_eq!(moment.time_zone().iana_name(), zone, "{text}");
    }
}

#[test]
fn the_clock_is_read_only_for_what_is_missing() {
    let env = env(DateFormat::DayMonthYear, "UTC");
    for (text, fill, reads) in [
        ("1.2.2020 10:00", true, 0),
        ("1.2.2020", false, 0),
        ("1.2.2020", true, 1),
        ("1.2.20 10:00", true, 1),
        ("1.2.20", true, 2),
        ("nothing", true, 0),
    ] {
        let count = std::cell::Cell::new(0);
        let counting = || {
            count.set(count.get() + 1);
            now()
        };
        dates::parse_datetime(&env, &counting, text, fill);
        assert_eq!(count.get(), reads, "{text}");
    }
}

#[test]
fn times_of_day() {
    for (text, expected) in [
        ("at 7:05", Some((7, 5, 0))),
        ("7 PM", Some((19, 0, 0))),
        ("12am", Some((0, 0, 0))),
        ("0730", Some((7, 30, 0))),
        ("15", Some((15, 0, 0))),
        ("10:20:30.25 pm", Some((22, 20, 30))),
        ("24:00", Some((0, 0, 0))),
        ("24:01", None),
        ("7:60", None),
        ("20250101", None),
        ("noon", None),
    ] {
        let found = dates::parse_time(text).map(|time| (time.hour(), time.minute(), time.second()));
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn local_times_around_a_change_of_clocks() {
    for (zone, local, expected) in [
        ("America/New_York", "2025-03-09T02:30:00", "2025-03-09T06:30:00Z"),
        ("America/New_York", "2025-11-02T01:30:00", "2025-11-02T05:30:00Z"),
        ("Europe/Paris", "2025-03-30T02:30:00", "2025-03-30T01:30:00Z"),
        ("Europe/Paris", "2025-10-26T02:30:00", "2025-10-26T01:30:00Z"),
        ("Asia/Kathmandu", "2025-01-01T00:00:00", "2024-12-31T18:15:00Z"),
    ] {
        let local: civil::DateTime = local.parse().expect(local);
        let zone = TimeZone::get(zone).expect(zone);
        let moment = dates::in_zone(local, &zone).expect("within range");
        assert_eq!(moment.timestamp().to_string(), expected, "{local}");
    }
}
