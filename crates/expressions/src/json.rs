//! Values as JSON and JSON as values.

use serde_json::Value as Json;

use crate::text_form::{MAX_TEXT_BYTES, write_date, write_datetime, write_time};
use crate::{Fault, Number, Object, Value};

/// Deepest nesting of JSON that is read.
pub const MAX_JSON_DEPTH: usize = 100;

impl Value {
    /// The value as JSON text, without spaces, objects sorted by name. Functions and errors are `null`; an
    /// object's default is not shown.
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        self.write_json(&mut out);
        out
    }

    /// Appends the value as JSON.
    pub fn write_json(&self, out: &mut String) {
        match self {
            Self::Null | Self::Function(_) | Self::Error(_) => out.push_str("null"),
            Self::Text(text) => write_json_text(out, text),
            Self::Number(_) | Self::Boolean(_) => self.write_text(out),
            Self::Date(date) => quoted(out, |out| write_date(out, *date)),
            Self::Time(time) => quoted(out, |out| write_time(out, *time)),
            Self::DateTime(moment) => quoted(out, |out| write_datetime(out, moment)),
            Self::Array(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if out.len() > MAX_TEXT_BYTES {
                        break;
                    }
                    if index > 0 {
                        out.push(',');
                    }
                    item.write_json(out);
                }
                out.push(']');
            }
            Self::Object(object) => write_json_object(out, object),
        }
    }

    /// The value of a JSON text; an empty text is null.
    ///
    /// # Errors
    /// If the text is not JSON.
    pub fn from_json(text: &str) -> Result<Self, Fault> {
        if text.is_empty() {
            return Ok(Self::Null);
        }
        // Arbitrary precision would be a feature of every crate in the build, so numbers are read as raw text.
        let raw: &serde_json::value::RawValue =
            serde_json::from_str(text).map_err(|_| Fault::new("invalid JSON"))?;
        parse_raw(raw.get(), 0)
    }

    /// The value of parsed JSON. Numbers that are not whole pass through a double.
    pub fn from_json_value(json: &Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Boolean(*value),
            Json::Number(number) => number_from_json(&number.to_string()),
            Json::String(text) => Self::text(text),
            Json::Array(items) => Self::array(items.iter().map(Self::from_json_value).collect()),
            Json::Object(members) => Self::object(
                members.iter().map(|(name, value)| (name.as_str(), Self::from_json_value(value))).collect(),
            ),
        }
    }
}

fn quoted(out: &mut String, write: impl FnOnce(&mut String)) {
    out.push('"');
    write(out);
    out.push('"');
}

fn write_json_object(out: &mut String, object: &Object) {
    out.push('{');
    for (index, (name, value)) in object.sorted().into_iter().enumerate() {
        if out.len() > MAX_TEXT_BYTES {
            break;
        }
        if index > 0 {
            out.push(',');
        }
        write_json_text(out, name);
        out.push(':');
        value.write_json(out);
    }
    out.push('}');
}

pub(crate) fn write_json_text(out: &mut String, text: &str) {
    match serde_json::to_string(text) {
        Ok(quoted) => out.push_str(&quoted),
        Err(_) => out.push_str("\"\""),
    }
}

fn parse_raw(text: &str, depth: usize) -> Result<Value, Fault> {
    use serde_json::value::RawValue;
    let invalid = || Fault::new("invalid JSON");
    if depth > MAX_JSON_DEPTH {
        return Err(invalid());
    }
    match text.as_bytes().first().ok_or_else(invalid)? {
        b'{' => {
            let members: indexmap::IndexMap<String, &RawValue> =
                serde_json::from_str(text).map_err(|_| invalid())?;
            let mut object = Object::new();
            for (name, raw) in members {
                object.insert(name, parse_raw(raw.get(), depth + 1)?);
            }
            Ok(Value::object(object))
        }
        b'[' => {
            let items: Vec<&RawValue> = serde_json::from_str(text).map_err(|_| invalid())?;
            let items: Result<Vec<Value>, Fault> =
                items.into_iter().map(|raw| parse_raw(raw.get(), depth + 1)).collect();
            Ok(Value::array(items?))
        }
        b'"' => Ok(Value::from(serde_json::from_str::<String>(text).map_err(|_| invalid())?)),
        b't' => Ok(Value::Boolean(true)),
        b'f' => Ok(Value::Boolean(false)),
        b'n' => Ok(Value::Null),
        _ => Ok(number_from_json(text)),
    }
}

/// JSON numbers may have an exponent, and may be out of range: then the value is an error.
fn number_from_json(text: &str) -> Value {
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else {
        return match Number::parse(text) {
            Some(number) => number.into(),
            None => Value::error(format!("number {text} is out of range")),
        };
    };
    let number = Number::parse(mantissa).zip(exponent.trim_start_matches('+').parse::<i32>().ok()).and_then(
        |(number, exponent)| Number::new(number.mantissa(), number.exponent().checked_add(exponent)?).ok(),
    );
    match number {
        Some(number) => number.into(),
        None => Value::error(format!("number {text} is out of range")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_there_and_back() {
        for (json, expected) in [
            (" { \"b\" : [ 1 , 2.50 ] , \"A\" : null } ", "{\"A\":null,\"b\":[1,2.5]}"),
            ("\"a\\u00e9\\n\"", "\"aé\\n\""),
            ("1.5e3", "1500"),
            ("12E-1", "1.2"),
            ("-0.0", "0"),
            ("123456789012345678901234567890.123", "123456789012345678901234567890.123"),
            ("", "null"),
        ] {
            assert_eq!(Value::from_json(json).expect(json).to_json(), expected, "{json}");
        }
        for invalid in ["{", "[1,]", "nul", "1 2", "{\"a\":}", &"[".repeat(5000)] {
            assert!(Value::from_json(invalid).is_err(), "{invalid:.20}");
        }
        for beyond in ["1e101", "1e2147483647", "1e-2147483648", "1e99999999999"] {
            assert!(Value::from_json(beyond).is_ok_and(|value| value.is_error()), "{beyond}");
        }
    }
}
