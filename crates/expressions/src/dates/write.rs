//! Writing days, times and moments by layout.

use std::fmt::Write as _;

use jiff::{Zoned, civil};

use super::layout::{LayoutError, LayoutKind, Token, Tokens};
use super::{names, push_two_digits};

/// Writes a moment in its own zone by a layout such as `YYYY-MM-DD tt:mm:ss`.
///
/// `language` is the ISO 639-3 code for names of months and days; unknown languages are written in English.
pub fn format_datetime(moment: &Zoned, layout: &str, language: &str) -> Result<String, LayoutError> {
    let (local, offset) = (moment.datetime(), moment.offset().seconds());
    write(LayoutKind::DateTime, local, offset, layout, language)
}

/// Writes a day by a layout such as `EEEE D MMMM YYYY`; layouts with times are refused.
pub fn format_date(date: civil::Date, layout: &str, language: &str) -> Result<String, LayoutError> {
    write(LayoutKind::Date, date.to_datetime(civil::Time::midnight()), 0, layout, language)
}

/// Writes a time of day by a layout such as `h:mm aa`; layouts with days are refused.
pub fn format_time(time: civil::Time, layout: &str, language: &str) -> Result<String, LayoutError> {
    write(LayoutKind::Time, civil::date(1, 1, 1).to_datetime(time), 0, layout, language)
}

fn write(
    kind: LayoutKind,
    local: civil::DateTime,
    offset: i32,
    layout: &str,
    language: &str,
) -> Result<String, LayoutError> {
    let mut out = String::with_capacity(layout.len() + 8);
    for item in Tokens::to_write(layout, kind) {
        push(&mut out, item?.0, local, offset, language);
    }
    Ok(out)
}

fn push(out: &mut String, token: Token, local: civil::DateTime, offset: i32, language: &str) {
    match token {
        Token::Literal(c) => out.push(c),
        Token::ShortYear => push_two_digits(out, u32::from(local.year().unsigned_abs()) % 100),
        Token::Year => push_year(out, local.year()),
        Token::Month { padded } => push_number(out, local.month(), padded),
        Token::ShortMonthName => out.push_str(names::of(language).short_months[month_index(local)]),
        Token::MonthName => out.push_str(names::of(language).months[month_index(local)]),
        Token::Day { padded } => push_number(out, local.day(), padded),
        Token::ShortWeekday => out.push_str(names::of(language).short_days[weekday_index(local)]),
        Token::Weekday => out.push_str(names::of(language).days[weekday_index(local)]),
        Token::Hour12 { padded } => push_number(out, (local.hour() + 11) % 12 + 1, padded),
        Token::Hour24 { padded } => push_number(out, local.hour(), padded),
        Token::Minute { padded } => push_number(out, local.minute(), padded),
        Token::Second { padded } => push_number(out, local.second(), padded),
        Token::Fraction(digits) => push_fraction(out, local.subsec_nanosecond(), digits),
        Token::LowerHalf => out.push_str(if local.hour() < 12 { "am" } else { "pm" }),
        Token::UpperHalf => out.push_str(if local.hour() < 12 { "AM" } else { "PM" }),
        Token::Zone if offset == 0 => out.push('Z'),
        Token::Zone | Token::Offset => push_offset(out, offset),
    }
}

fn month_index(local: civil::DateTime) -> usize {
    usize::from(local.month().unsigned_abs()) - 1
}

fn weekday_index(local: civil::DateTime) -> usize {
    usize::from(local.weekday().to_sunday_zero_offset().unsigned_abs())
}

fn push_year(out: &mut String, year: i16) {
    if year < 0 {
        out.push('-');
    }
    let (centuries, years) = (year.unsigned_abs() / 100, year.unsigned_abs() % 100);
    push_two_digits(out, u32::from(centuries));
    push_two_digits(out, u32::from(years));
}

fn push_number(out: &mut String, value: i8, padded: bool) {
    let value = u32::from(value.unsigned_abs());
    if padded || value > 9 { push_two_digits(out, value) } else { out.push(char::from(b'0' + value as u8)) }
}

fn push_fraction(out: &mut String, nanoseconds: i32, digits: u8) {
    let value = nanoseconds / 10_i32.pow(9 - u32::from(digits));
    write!(out, "{value:0width$}", width = usize::from(digits)).expect("writing to a String never fails");
}

/// `+02:00`; seconds of old local mean times are cut off.
fn push_offset(out: &mut String, seconds: i32) {
    out.push(if seconds < 0 { '-' } else { '+' });
    let minutes = seconds.unsigned_abs() / 60;
    push_two_digits(out, minutes / 60);
    out.push(':');
    push_two_digits(out, minutes % 60);
}
