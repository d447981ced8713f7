//! Typed values of cases, `{"t": TYPE, "v": …}`, and their comparison with values of the product.

use expressions::{Function, Library, Number, Object, Property, Value};
use jiff::{
    Timestamp, Zoned, civil,
    fmt::temporal::DateTimeParser,
    tz::{Offset, TimeZone},
};
use serde_json::{Value as Json, json};
use smol_str::SmolStr;

use crate::report::Outcome;

/// Reads a typed value; functions are those of `library`.
pub fn read(json: &Json, library: &Library) -> Result<Value, String> {
    let text = || json["v"].as_str().ok_or_else(|| format!("not a text: {json}"));
    Ok(match kind(json)? {
        "null" => Value::Null,
        "text" => Value::text(text()?),
        "number" => Value::Number(number(json)?),
        "boolean" => Value::Boolean(json["v"] == Json::Bool(true)),
        "date" => Value::Date(date(text()?).ok_or_else(|| format!("not a date: {json}"))?),
        "time" => Value::Time(text()?.parse::<civil::Time>().map_err(|error| error.to_string())?),
        "datetime" => Value::datetime(moment(text()?, json["tz"].as_str().unwrap_or_default())?),
        "array" => {
            Value::array(items(json)?.iter().map(|item| read(item, library)).collect::<Result<_, _>>()?)
        }
        "object" => object(json, library)?,
        "function" => Value::Function(Function::Builtin(
            library.get(text()?).ok_or_else(|| format!("there is no function {}", json["v"]))?,
        )),
        "error" => Value::error(json["v"].as_str().unwrap_or_default()),
        "array_repeat" => Value::array(vec![read(&json["item"], library)?; repeats(json)]),
        "text_repeat" => Value::from(json["unit"].as_str().unwrap_or_default().repeat(repeats(json))),
        other => return Err(format!("unknown type {other}")),
    })
}

fn kind(json: &Json) -> Result<&str, String> {
    json["t"].as_str().ok_or_else(|| format!("not a typed value: {json}"))
}

fn number(json: &Json) -> Result<Number, String> {
    let text = json["v"].as_str().ok_or_else(|| format!("not a number: {json}"))?;
    Number::parse(text).ok_or_else(|| format!("{text} is beyond the range of numbers"))
}

fn items(json: &Json) -> Result<&[Json], String> {
    json["v"].as_array().map(Vec::as_slice).ok_or_else(|| format!("not a list: {json}"))
}

fn repeats(json: &Json) -> usize {
    json["n"].as_u64().and_then(|times| usize::try_from(times).ok()).unwrap_or_default()
}

/// A day as `YYYY-MM-DD`; the year may be negative.
fn date(text: &str) -> Option<civil::Date> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let mut parts = digits.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    civil::Date::new(sign * year.parse::<i16>().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

/// A moment in RFC 3339, in the named zone or with its own offset.
pub fn moment(text: &str, zone: &str) -> Result<Zoned, String> {
    let timestamp: Timestamp = text.parse().map_err(|error| format!("{text}: {error}"))?;
    if !zone.is_empty() {
        return timestamp.in_tz(zone).map_err(|error| error.to_string());
    }
    let pieces = DateTimeParser::new().parse_pieces(text).map_err(|error| error.to_string())?;
    let offset = pieces.to_numeric_offset().unwrap_or(Offset::UTC);
    Ok(timestamp.to_zoned(TimeZone::fixed(offset)))
}

/// Whether two moments are the same. Offsets of the 19th century have seconds that RFC 3339 cannot write, so
/// the same local time with offsets less than a minute apart counts as the same.
pub fn same_moment(expected: &Zoned, actual: &Zoned) -> bool {
    let apart = (expected.offset().seconds() - actual.offset().seconds()).abs();
    expected.timestamp() == actual.timestamp() || expected.datetime() == actual.datetime() && apart < 60
}

/// Reads an object, as [`Value`] or as the root of a context.
pub fn read_object(json: &Json, library: &Library) -> Result<Object, String> {
    let mut object = Object::new();
    if let Some(default) = json.get("default") {
        object.default = Some(read(default, library)?);
    }
    let members = json["v"].as_object().ok_or_else(|| format!("not an object: {json}"))?;
    for (name, member) in members {
        let deprecated = member["deprecated"].as_str().map(SmolStr::from);
        let property = Property { value: read(member, library)?, deprecated };
        object.properties.insert(name.into(), property);
    }
    Ok(object)
}

fn object(json: &Json, library: &Library) -> Result<Value, String> {
    read_object(json, library).map(Value::object)
}

/// Writes a value in the form of the cases.
pub fn write(value: &Value) -> Json {
    let text = value.to_text();
    match value {
        Value::Null => json!({"t": "null"}),
        Value::Text(text) => json!({"t": "text", "v": text.as_str()}),
        Value::Number(number) => json!({"t": "number", "v": number.to_string()}),
        Value::Boolean(flag) => json!({"t": "boolean", "v": flag}),
        Value::Date(_) => json!({"t": "date", "v": text.as_str()}),
        Value::Time(time) => json!({"t": "time", "v": time.to_string()}),
        Value::DateTime(moment) => json!({"t": "datetime", "v": moment.timestamp().to_string()}),
        Value::Array(items) => json!({"t": "array", "v": items.iter().map(write).collect::<Vec<_>>()}),
        Value::Object(object) => write_object(object),
        Value::Function(function) => json!({"t": "function", "v": function.name()}),
        Value::Error(message) => json!({"t": "error", "v": &**message}),
    }
}

fn write_object(object: &Object) -> Json {
    let member = |(name, property): (&SmolStr, &Property)| {
        let mut written = write(&property.value);
        if let Some(warning) = &property.deprecated {
            written["deprecated"] = Json::from(warning.as_str());
        }
        (name.to_string(), written)
    };
    let members: serde_json::Map<String, Json> = object.properties.iter().map(member).collect();
    let mut written = json!({"t": "object", "v": members});
    if let Some(default) = &object.default {
        written["default"] = write(default);
    }
    written
}

/// Compares what came out with what was expected; says where the first difference is.
pub fn check(expected: &Json, actual: &Value) -> Outcome {
    difference(expected, actual).map_or(Ok(()), Err)
}

fn difference(expected: &Json, actual: &Value) -> Option<String> {
    let differs =
        || Some(format!("expected {}, got {}", short(&expected.to_string()), short(&format!("{actual:?}"))));
    let kind = match kind(expected) {
        Ok(kind) => kind,
        Err(error) => return Some(error),
    };
    let text = expected["v"].as_str().unwrap_or_default();
    let equal = match (kind, actual) {
        ("null", Value::Null) | ("error", Value::Error(_)) => true,
        ("text", Value::Text(actual)) => actual == text,
        ("text_repeat", Value::Text(actual)) => {
            *actual == expected["unit"].as_str().unwrap_or_default().repeat(repeats(expected))
        }
        ("number", Value::Number(actual)) => number(expected).is_ok_and(|number| number == *actual),
        ("boolean", Value::Boolean(actual)) => expected["v"] == Json::Bool(*actual),
        ("date", Value::Date(actual)) => date(text) == Some(*actual),
        ("time", Value::Time(actual)) => text.parse::<civil::Time>().is_ok_and(|time| time == *actual),
        ("datetime", Value::DateTime(actual)) => {
            moment(text, "").is_ok_and(|moment| same_moment(&moment, actual))
        }
        ("array", Value::Array(actual)) => {
            let items = items(expected).unwrap_or_default();
            return match items.len() == actual.len() {
                true => items.iter().zip(actual.iter()).find_map(|(item, value)| difference(item, value)),
                false => differs(),
            };
        }
        ("array_repeat", Value::Array(actual)) => {
            actual.len() == repeats(expected)
                && actual.iter().all(|value| difference(&expected["item"], value).is_none())
        }
        ("object", Value::Object(actual)) => return object_difference(expected, actual),
        ("function", Value::Function(actual)) => actual.name() == text,
        _ => false,
    };
    if equal { None } else { differs() }
}

fn object_difference(expected: &Json, actual: &Object) -> Option<String> {
    let members = expected["v"].as_object()?;
    if let Some(default) = expected.get("default") {
        let found = actual.default.as_ref().unwrap_or(&Value::Null);
        if let Some(difference) = difference(default, found) {
            return Some(format!("default: {difference}"));
        }
    }
    for (name, member) in members {
        let Some(found) = actual.get(name) else { return Some(format!("{name} is missing")) };
        if let Some(difference) = difference(member, &found.value) {
            return Some(format!("{name}: {difference}"));
        }
    }
    let unexpected = actual.properties.keys().find(|name| !members.contains_key(name.as_str()));
    unexpected.map(|name| format!("{name} is unexpected"))
}

/// A text cut to what fits on a line.
pub fn short(text: &str) -> String {
    const MAX_CHARS: usize = 220;
    match text.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
