//! Values in the form that people or other systems read.

use super::Outcome;
use super::dates::zone;
use crate::dates::{self, date_layout, time_layout};
use crate::locations::path_name;
use crate::{Builtin, Evaluation, Fault, Object, Value};

/// Most decimals that `format_number` shows.
const MAX_PLACES: i64 = 9;

pub(super) const BUILTINS: &[Builtin] = &[
    Builtin::exactly("attachment_parts", 1, attachment_parts),
    Builtin::exactly("format", 1, format),
    Builtin::between("format_date", 1, 2, format_date),
    Builtin::between("format_datetime", 1, 3, format_datetime),
    Builtin::exactly("format_location", 1, format_location),
    Builtin::between("format_number", 1, 3, format_number),
    Builtin::between("format_time", 1, 2, format_time),
    Builtin::exactly("format_urn", 1, format_urn),
    Builtin::exactly("html_decode", 1, html_decode),
    Builtin::exactly("url_encode", 1, url_encode),
    Builtin::exactly("urn_parts", 1, urn_parts),
];

fn format(evaluation: &Evaluation<'_>, args: &[Value]) -> Outcome {
    Ok(args[0].format(evaluation.env).into())
}

/// The language that months and days of the week are named in.
fn language<'a>(evaluation: &'a Evaluation<'_>) -> &'a str {
    evaluation.env.allowed_languages.first().map_or("eng", |language| language)
}

fn laid_out(written: Result<String, dates::LayoutError>) -> Outcome {
    written.map(Value::from).map_err(|error| Fault::new(error.to_string()))
}

fn format_date(evaluation: &Evaluation<'_>, args: &[Value]) -> Outcome {
    let date = args[0].to_date(evaluation)?;
    let layout = args.get(1).map(Value::to_text);
    let layout = layout.as_deref().unwrap_or(date_layout(evaluation.env.date_format));
    laid_out(dates::format_date(date, layout, language(evaluation)))
}

fn format_time(evaluation: &Evaluation<'_>, args: &[Value]) -> Outcome {
    let time = args[0].to_time()?;
    let layout = args.get(1).map(Value::to_text);
    let layout = layout.as_deref().unwrap_or(time_layout(evaluation.env.time_format));
    laid_out(dates::format_time(time, layout, language(evaluation)))
}

/// A moment as clocks in the workspace's zone, or the one named, show it.
fn format_datetime(evaluation: &Evaluation<'_>, args: &[Value]) -> Outcome {
    let moment = args[0].to_datetime(evaluation)?;
    let env = evaluation.env;
    let layout = match args.get(1) {
        Some(layout) => layout.to_text().to_string(),
        None => format!("{} {}", date_layout(env.date_format), time_layout(env.time_format)),
    };
    let zone = match args.get(2) {
        Some(name) => zone(&name.to_text())?,
        None => env.timezone.clone(),
    };
    laid_out(dates::format_datetime(&moment.with_time_zone(zone), &layout, language(evaluation)))
}

/// The last name of a path such as `Rwanda > Kigali City`.
fn format_location(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    Ok(Value::text(path_name(&args[0].to_text())))
}

/// A number with the symbols of the workspace; all its decimals unless their count is given, whole digits in
/// groups unless that is refused.
fn format_number(evaluation: &Evaluation<'_>, args: &[Value]) -> Outcome {
    let number = args[0].to_number()?;
    let places = match args.get(1).map(Value::to_integer).transpose()? {
        Some(places @ 0..=MAX_PLACES) => Some(places as u32),
        Some(places) => {
            let message = format!("must take 0-{MAX_PLACES} number of places, got {places}");
            return Err(Fault::new(message));
        }
        None => None,
    };
    let group = args.get(2).is_none_or(Value::truthy);
    Ok(number.format(&evaluation.env.number_format, places, group).into())
}

/// A URN cut into scheme, path and display name.
struct Urn<'t> {
    scheme: &'t str,
    path: &'t str,
    display: &'t str,
}

impl<'t> Urn<'t> {
    fn parse(text: &'t str) -> Result<Self, Fault> {
        let (scheme, rest) = text.split_once(':').unwrap_or((text, ""));
        let (rest, display) = rest.split_once('#').unwrap_or((rest, ""));
        let path = rest.split_once('?').map_or(rest, |(path, _)| path);
        let missing = if scheme.is_empty() {
            "scheme"
        } else if path.is_empty() {
            "path"
        } else {
            return Ok(Self { scheme, path, display });
        };
        Err(Fault::new(format!("{text} is not a valid URN: {missing} cannot be empty")))
    }
}

/// The display name, or a phone number as it is written in its country, or the path.
fn format_urn(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    let text = args[0].to_text();
    let urn = Urn::parse(&text)?;
    if !urn.display.is_empty() {
        return Ok(Value::text(urn.display));
    }
    Ok(match urn.scheme {
        "tel" => national_phone(urn.path).into(),
        _ => Value::text(urn.path),
    })
}

fn national_phone(path: &str) -> String {
    match phonenumber::parse(None, path) {
        Ok(number) => number.format().mode(phonenumber::Mode::National).to_string(),
        Err(_) => path.to_owned(),
    }
}

fn urn_parts(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    let text = args[0].to_text();
    let urn = Urn::parse(&text)?;
    Ok(Value::object(
        Object::new().with("scheme", urn.scheme).with("path", urn.path).with("display", urn.display),
    ))
}

/// Content type and URL of an attachment such as `image/jpeg:https://example.com/a.jpg`.
fn attachment_parts(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    let text = args[0].to_text();
    let (content_type, url) = match text.split_once(':') {
        Some((kind, url)) if is_content_type(kind) && !url.starts_with("//") => (kind, url),
        _ => ("", text.as_str()),
    };
    Ok(Value::object(Object::new().with("content_type", content_type).with("url", url)))
}

fn is_content_type(text: &str) -> bool {
    let (kind, subtype) = text.split_once('/').unwrap_or((text, "any"));
    let subtype_character = |c: char| c.is_ascii_alphanumeric() || "+-._".contains(c);
    !kind.is_empty()
        && kind.chars().all(|c| c.is_ascii_alphabetic())
        && !subtype.is_empty()
        && subtype.chars().all(subtype_character)
}

fn html_decode(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    Ok(crate::html::decode(&args[0].to_text()).into())
}

/// Everything but letters, digits and `-_.~` as `%` and two digits for each byte.
fn url_encode(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    let mut encoded = String::new();
    for byte in args[0].to_text().bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    Ok(encoded.into())
}
