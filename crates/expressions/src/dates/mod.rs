//! Dates and times: reading what people write, and writing and reading by layout.
//!
//! Nothing here reads a clock. Where the present moment decides (two-digit years, a missing time of day) the
//! caller passes a function, so that the clock is read only when it is needed and exactly once per need.

mod human;
mod layout;
mod names;
mod read;
mod write;

pub use human::{parse_date, parse_datetime, parse_time};
pub use layout::{LayoutError, LayoutKind};
pub use read::{parse_datetime_layout, parse_time_layout};
pub use write::{format_date, format_datetime, format_time};

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned, civil};

use crate::environment::{DateFormat, TimeFormat};

/// The layout that writes dates in this order, such as `DD-MM-YYYY`.
pub fn date_layout(format: DateFormat) -> &'static str {
    match format {
        DateFormat::YearMonthDay => "YYYY-MM-DD",
        DateFormat::MonthDayYear => "MM-DD-YYYY",
        DateFormat::DayMonthYear => "DD-MM-YYYY",
    }
}

/// The layout that writes times of day in this form, such as `h:mm aa`.
pub fn time_layout(format: TimeFormat) -> &'static str {
    match format {
        TimeFormat::Hours24 => "tt:mm",
        TimeFormat::Hours24Seconds => "tt:mm:ss",
        TimeFormat::Hours12 => "h:mm aa",
        TimeFormat::Hours12Seconds => "h:mm:ss aa",
    }
}

/// The zone of an IANA name such as `Africa/Kampala`, in its very letters; UTC for the empty name.
pub fn zone(name: &str) -> Option<TimeZone> {
    match name {
        "" => Some(TimeZone::UTC),
        _ => TimeZone::get(name).ok().filter(|zone| zone.iana_name() == Some(name)),
    }
}

/// The moment at which clocks in `zone` show `local`.
///
/// Around a change of the clocks a local time may exist twice or not at all. The rule: take the offset that
/// holds when the local time is read as UTC, then the offset that holds at the moment so found. A missing
/// time therefore lands one change away, never in an error. `None` only beyond the years -9999 to 9999.
pub fn in_zone(local: civil::DateTime, zone: &TimeZone) -> Option<Zoned> {
    let as_utc = TimeZone::UTC.to_timestamp(local).ok()?;
    let shifted = |seconds: i32| as_utc.checked_sub(jiff::SignedDuration::from_secs(i64::from(seconds))).ok();
    let first = shifted(zone.to_offset(as_utc).seconds())?;
    let moment: Timestamp = shifted(zone.to_offset(first).seconds())?;
    Some(moment.to_zoned(zone.clone()))
}

/// The last `n` digits of `value` as two ASCII digits; callers pass 0 to 99.
fn push_two_digits(out: &mut String, value: u32) {
    for digit in [value / 10 % 10, value % 10] {
        out.push(char::from(b'0' + digit as u8));
    }
}
