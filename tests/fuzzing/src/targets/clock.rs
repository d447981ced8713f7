//! Moments that come again and again.

use domain::Cron;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::Choices;

/// Zones whose clocks change, by an hour and by half an hour, and one whose do not.
const ZONES: [&str; 4] = ["Africa/Kampala", "Europe/Berlin", "Australia/Lord_Howe", "America/Sao_Paulo"];
/// Moments looked at of one expression.
const MOMENTS: usize = 8;

/// A cron expression: what it says is written so that it reads the same, and its moments rise, wherever one begins.
pub fn run_cron(input: &[u8]) {
    let mut choices = Choices::new(input);
    let zone: &str = ZONES[choices.below(ZONES.len())];
    let zone = TimeZone::get(zone).expect("the zones are known");
    let seconds = (i64::from(choices.byte()) << 8 | i64::from(choices.byte())) * 97_003;
    let Ok(text) = std::str::from_utf8(choices.rest()) else { return };
    let Ok(cron) = text.parse::<Cron>() else { return };
    let written = cron.to_string();
    let again: Cron =
        written.parse().unwrap_or_else(|error| panic!("what is written can be read: {error}: {written}"));
    let Ok(mut after) = Timestamp::from_second(seconds) else { return };
    for _ in 0..MOMENTS {
        let next = cron.next(after, &zone);
        assert_eq!(again.next(after, &zone), next, "{text} and {written}");
        let Some(next) = next else { return };
        assert!(next > after, "{text} goes from {after} to {next}");
        assert_eq!(next.as_second() % 60, 0, "{text}: {next}");
        // From right before a moment on, it is the next.
        let just_before = Timestamp::from_microsecond(next.as_microsecond() - 1).expect("it is in range");
        assert_eq!(cron.next(just_before, &zone), Some(next), "{text}");
        after = next;
    }
}
