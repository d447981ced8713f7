//! Decimals as JSON numbers: `{"number": 17}`. Other encodings carry the text, so that no digit is lost.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser::Error};
use serde_json::value::RawValue;
use smol_str::SmolStr;

/// Writes a decimal as a number.
pub fn serialize<S: Serializer>(value: &Option<SmolStr>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(text) if serializer.is_human_readable() => {
            RawValue::from_string(text.to_string()).map_err(S::Error::custom)?.serialize(serializer)
        }
        other => other.serialize(serializer),
    }
}

/// Reads a number, or a text with one.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SmolStr>, D::Error> {
    if deserializer.is_human_readable() {
        deserializer.deserialize_any(Decimal)
    } else {
        Option::<SmolStr>::deserialize(deserializer)
    }
}

struct Decimal;

impl de::Visitor<'_> for Decimal {
    type Value = Option<SmolStr>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a decimal number")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_none<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Some(smol_str::format_smolstr!("{value}")))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Some(smol_str::format_smolstr!("{value}")))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Some(smol_str::format_smolstr!("{value}")))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Self::Value, E> {
        let number = expressions::Number::parse(value).ok_or_else(|| E::custom("not a decimal number"))?;
        Ok(Some(smol_str::format_smolstr!("{number}")))
    }
}
