//! Values as text: the plain form that templates and `text()` give, the form people read (`format()`), and the
//! way error messages name a value.

use std::fmt::Write;

use jiff::{Zoned, civil, tz::Offset};
use smol_str::SmolStr;

use crate::environment::{DateFormat, Environment, TimeFormat};
use crate::number::write_grouped;
use crate::{Object, Value};

/// Bytes beyond which a text is not written on. Arrays that share their items can stand for far more than fit in
/// memory; an expression that makes one has then used up its budget anyway.
pub(crate) const MAX_TEXT_BYTES: usize = crate::evaluation::MAX_COST;

impl Value {
    /// The plain text: ISO dates, unadorned numbers. Does not depend on the workspace. An error has none.
    pub fn to_text(&self) -> SmolStr {
        match self {
            Self::Text(text) => text.clone(),
            Self::Null | Self::Error(_) => SmolStr::default(),
            Self::Boolean(true) => SmolStr::new_static("true"),
            Self::Boolean(false) => SmolStr::new_static("false"),
            _ => {
                let mut out = String::new();
                self.write_text(&mut out);
                out.into()
            }
        }
    }

    /// Appends the plain text.
    pub fn write_text(&self, out: &mut String) {
        match self {
            Self::Null | Self::Error(_) => {}
            Self::Text(text) => out.push_str(text),
            Self::Number(number) => number.write(out),
            Self::Boolean(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Date(date) => write_date(out, *date),
            Self::Time(time) => write_time(out, *time),
            Self::DateTime(moment) => write_datetime(out, moment),
            Self::Array(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if out.len() > MAX_TEXT_BYTES {
                        break;
                    }
                    if index > 0 {
                        out.push_str(", ");
                    }
                    item.write_text(out);
                }
                out.push(']');
            }
            Self::Object(object) => write_object(out, object),
            Self::Function(function) => out.push_str(function.name()),
        }
    }

    /// The text people read: dates, times and numbers in the manner of the workspace, arrays and objects as lists.
    pub fn format(&self, env: &Environment) -> String {
        let mut out = String::new();
        match self.scalar() {
            list @ (Self::Array(_) | Self::Object(_)) if list.to_text().len() > MAX_TEXT_BYTES => {
                out = list.to_text().into();
            }
            Self::Number(number) => write_grouped(&mut out, *number, &env.number_format, None, true),
            Self::Date(date) => format_date(&mut out, *date, env.date_format),
            Self::Time(time) => format_time(&mut out, *time, env.time_format),
            Self::DateTime(moment) => {
                let local = moment.with_time_zone(env.timezone.clone());
                format_date(&mut out, local.date(), env.date_format);
                out.push(' ');
                format_time(&mut out, local.time(), env.time_format);
            }
            Self::Array(items) => out = format_list(items.iter().map(|item| item.format(env)).collect()),
            Self::Object(object) => out = format_properties(object, env),
            other => other.write_text(&mut out),
        }
        out
    }

    /// How an error message names the value.
    pub fn describe(&self) -> String {
        match self.scalar() {
            Self::Null => "null".to_owned(),
            Self::Text(text) => quote(text),
            Self::Number(number) => number.to_string(),
            Self::Boolean(value) => value.to_string(),
            Self::Date(_) => "date".to_owned(),
            Self::Time(_) => "time".to_owned(),
            Self::DateTime(_) => "datetime".to_owned(),
            Self::Array(_) => "array".to_owned(),
            Self::Object(_) => "object".to_owned(),
            Self::Function(function) => format!("{}(...)", function.name()),
            Self::Error(_) => "error".to_owned(),
        }
    }
}

fn write_display(out: &mut String, value: impl std::fmt::Display) {
    // Writing to a String cannot fail.
    let _ = write!(out, "{value}");
}

fn write_object(out: &mut String, object: &Object) {
    if let Some(default) = &object.default {
        return default.write_text(out);
    }
    out.push('{');
    for (index, (name, value)) in object.sorted().into_iter().enumerate() {
        if out.len() > MAX_TEXT_BYTES {
            break;
        }
        if index > 0 {
            out.push_str(", ");
        }
        out.push_str(name);
        out.push_str(": ");
        value.write_text(out);
    }
    out.push('}');
}

pub(crate) fn write_date(out: &mut String, date: civil::Date) {
    write_display(out, format_args!("{:04}-{:02}-{:02}", date.year(), date.month(), date.day()));
}

pub(crate) fn write_time(out: &mut String, time: civil::Time) {
    let micros = time.subsec_nanosecond() / 1000;
    write_display(
        out,
        format_args!("{:02}:{:02}:{:02}.{micros:06}", time.hour(), time.minute(), time.second()),
    );
}

pub(crate) fn write_datetime(out: &mut String, moment: &Zoned) {
    write_date(out, moment.date());
    out.push('T');
    write_time(out, moment.time());
    write_offset(out, moment.offset());
}

fn write_offset(out: &mut String, offset: Offset) {
    if offset == Offset::UTC {
        return out.push('Z');
    }
    let seconds = offset.seconds();
    let minutes = seconds.unsigned_abs() / 60;
    let sign = if seconds < 0 { '-' } else { '+' };
    write_display(out, format_args!("{sign}{:02}:{:02}", minutes / 60, minutes % 60));
}

pub(crate) fn format_date(out: &mut String, date: civil::Date, format: DateFormat) {
    let (year, month, day) = (date.year(), date.month(), date.day());
    match format {
        DateFormat::YearMonthDay => write_display(out, format_args!("{year:04}-{month:02}-{day:02}")),
        DateFormat::MonthDayYear => write_display(out, format_args!("{month:02}-{day:02}-{year:04}")),
        DateFormat::DayMonthYear => write_display(out, format_args!("{day:02}-{month:02}-{year:04}")),
    }
}

pub(crate) fn format_time(out: &mut String, time: civil::Time, format: TimeFormat) {
    let (hour, minute, second) = (time.hour(), time.minute(), time.second());
    let twelve = if hour % 12 == 0 { 12 } else { hour % 12 };
    let half = if hour < 12 { "am" } else { "pm" };
    match format {
        TimeFormat::Hours24 => write_display(out, format_args!("{hour:02}:{minute:02}")),
        TimeFormat::Hours24Seconds => write_display(out, format_args!("{hour:02}:{minute:02}:{second:02}")),
        TimeFormat::Hours12 => write_display(out, format_args!("{twelve}:{minute:02} {half}")),
        TimeFormat::Hours12Seconds => {
            write_display(out, format_args!("{twelve}:{minute:02}:{second:02} {half}"))
        }
    }
}

/// Short items on one line, items of several lines as a list.
fn format_list(items: Vec<String>) -> String {
    if items.iter().any(|item| item.contains('\n')) {
        let lines: Vec<String> = items.iter().map(|item| format!("- {}", indent(item))).collect();
        lines.join("\n")
    } else {
        items.join(", ")
    }
}

fn format_properties(object: &Object, env: &Environment) -> String {
    let lines: Vec<String> = object
        .sorted()
        .into_iter()
        .map(|(name, value)| {
            let text = value.format(env);
            if text.contains('\n') {
                format!("{name}:\n  {}", indent(&text))
            } else {
                format!("{name}: {text}")
            }
        })
        .collect();
    lines.join("\n")
}

fn indent(text: &str) -> String {
    text.replace('\n', "\n  ")
}

/// Text in double quotes, as an expression would write it.
pub(crate) fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            control if control.is_control() && (control as u32) < 0x80 => {
                write_display(&mut out, format_args!("\\u{:04x}", control as u32));
            }
            other => out.push(other),
        }
    }
    out.push('"');
    out
}
