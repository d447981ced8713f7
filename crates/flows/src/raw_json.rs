//! JSON from outside, kept as it was written: digits of numbers and spaces survive, and nobody parses what nobody
//! reads.

use std::sync::Arc;

use expressions::Value;
use serde::{Deserialize, Deserializer, Serialize, Serializer, ser::Error};
use serde_json::value::RawValue;

/// A JSON text. Cloning is cheap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawJson(Arc<str>);

impl RawJson {
    /// The JSON in some bytes; `None` if that is not what they are.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let raw: &RawValue = serde_json::from_slice(bytes).ok()?;
        Some(Self(raw.get().into()))
    }

    /// `null`.
    pub fn null() -> Self {
        Self(Arc::from("null"))
    }

    /// A value of expressions as JSON.
    pub fn of(value: &Value) -> Self {
        Self(value.to_json().into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is `null`.
    pub fn is_null(&self) -> bool {
        &*self.0 == "null"
    }

    /// As expressions see it.
    pub fn value(&self) -> Value {
        Value::from_json(&self.0).unwrap_or(Value::Null)
    }
}

impl Serialize for RawJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(&self.0).map_err(S::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RawJson {
    // Events are read through buffers that cannot give the raw text, so it is written anew.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = serde_json::Value::deserialize(deserializer)?;
        Ok(Self(json.to_string().into()))
    }
}
