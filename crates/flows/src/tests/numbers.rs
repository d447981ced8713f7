//! Tests of numbers that people write among words: "I am 25 years", "١٢٣", "1.234,50".

use std::borrow::Cow;
use std::cmp::Ordering;

use expressions::environment::NumberFormat;
use expressions::{Environment, Fault, Number, Value};

use super::Match;

/// `has_number_eq` and its like: some number of the text compares so.
#[derive(Clone, Debug)]
pub(super) struct NumberComparison {
    orders: &'static [Ordering],
    with: Number,
}

impl NumberComparison {
    pub(super) fn new(orders: &'static [Ordering], argument: &Value) -> Result<Self, Fault> {
        Ok(Self { orders, with: argument.to_number()? })
    }

    pub(super) fn run(&self, env: &Environment, text: &str) -> Option<Match> {
        first(env, text, |number| self.orders.contains(&number.cmp(&self.with)))
    }
}

/// `has_number_between`: some number of the text lies there, the bounds included.
#[derive(Clone, Debug)]
pub(super) struct NumberRange {
    least: Number,
    most: Number,
}

impl NumberRange {
    pub(super) fn new(least: &Value, most: &Value) -> Result<Self, Fault> {
        Ok(Self { least: least.to_number()?, most: most.to_number()? })
    }

    pub(super) fn run(&self, env: &Environment, text: &str) -> Option<Match> {
        first(env, text, |number| self.least <= *number && *number <= self.most)
    }
}

/// The first number of the text that pleases.
///
/// A text that is nothing but a fraction (`.5`) is tried as such first. Then every run of digits is a number,
/// with groups, a fraction and a minus sign as the environment writes them; one with a plus sign is not.
pub(super) fn first(env: &Environment, text: &str, pleases: impl Fn(&Number) -> bool) -> Option<Match> {
    let text = ascii_digits(text);
    let format = &env.number_format;
    if format.decimal_symbol.is_empty() {
        return None;
    }
    let whole = fraction_alone(&text, format).filter(&pleases);
    whole.or_else(|| scan(&text, format, &pleases)).map(Match::of)
}

/// Digits of Arabic, Persian and Bengali keyboards as ASCII digits.
fn ascii_digits(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let digit = |c: char| {
        let zero = match c {
            '\u{0660}'..='\u{0669}' => 0x0660,
            '\u{06F0}'..='\u{06F9}' => 0x06F0,
            '\u{09E6}'..='\u{09EF}' => 0x09E6,
            _ => return c,
        };
        char::from_digit(u32::from(c) - zero, 10).unwrap_or(c)
    };
    Cow::Owned(text.chars().map(digit).collect())
}

fn fraction_alone(text: &str, format: &NumberFormat) -> Option<Number> {
    let text = text.trim();
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text),
    };
    let digits = unsigned.strip_prefix(format.decimal_symbol.as_str())?;
    digits.bytes().all(|b| b.is_ascii_digit()).then(|| Number::parse(&format!("{sign}.{digits}")))?
}

fn scan(text: &str, format: &NumberFormat, pleases: impl Fn(&Number) -> bool) -> Option<Number> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(offset) = bytes[at..].iter().position(u8::is_ascii_digit) {
        let start = at + offset;
        let sign = start.checked_sub(1).filter(|before| *before >= at).map(|before| bytes[before]);
        let (digits, end) = run(text, start, format);
        at = end;
        let number = match sign {
            Some(b'+') => None,
            Some(b'-') => Number::parse(&format!("-{digits}")),
            Some(_) | None => Number::parse(&digits),
        };
        if let Some(number) = number.filter(&pleases) {
            return Some(number);
        }
    }
    None
}

/// The digits of the number at `start` without grouping and with a point, and where it ends.
fn run<'t>(text: &'t str, start: usize, format: &NumberFormat) -> (Cow<'t, str>, usize) {
    let (group, point) = (format.digit_grouping_symbol.as_str(), format.decimal_symbol.as_str());
    let digits_from = |from: usize| from + text[from..].bytes().take_while(u8::is_ascii_digit).count();
    let mut end = digits_from(start);
    let mut digits = Cow::Borrowed(&text[start..end]);
    while !group.is_empty() && text[end..].starts_with(group) {
        let from = end + group.len();
        let to = digits_from(from);
        if to == from {
            break;
        }
        digits.to_mut().push_str(&text[from..to]);
        end = to;
    }
    if text[end..].starts_with(point) {
        let from = end + point.len();
        let to = digits_from(from);
        if to > from {
            let digits = digits.to_mut();
            digits.push('.');
            digits.push_str(&text[from..to]);
            end = to;
        }
    }
    (digits, end)
}
