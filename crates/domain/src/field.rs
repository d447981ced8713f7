//! Contact fields: typed properties of a person. Every value keeps its text beside the typed forms it parses to.

use jiff::Zoned;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::FieldUuid;

/// What a field's values mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldType {
    /// Any text.
    #[default]
    Text,
    /// A decimal.
    Number,
    /// A moment.
    Datetime,
    /// A first-level place.
    State,
    /// A second-level place.
    District,
    /// A third-level place.
    Ward,
}

/// A property that contacts of a workspace can have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Public identifier.
    pub uuid: FieldUuid,
    /// Key used in expressions and queries: `snake_case`, at most 36 characters.
    pub key: SmolStr,
    /// Name shown to people.
    pub name: SmolStr,
    /// What values mean.
    #[serde(rename = "type")]
    pub field_type: FieldType,
}

/// A contact's value of one field: the text as given, and what it parsed to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FieldValue {
    /// As given.
    pub text: SmolStr,
    /// As a decimal in plain notation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<SmolStr>,
    /// As a moment.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::field::rfc3339")]
    pub datetime: Option<Zoned>,
    /// As the path of a state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<SmolStr>,
    /// As the path of a district.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub district: Option<SmolStr>,
    /// As the path of a ward.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ward: Option<SmolStr>,
}

/// RFC 3339 with an offset, microseconds: `2025-09-01T00:00:00.000000+02:00`.
pub mod rfc3339 {
    use jiff::{Zoned, fmt::temporal::DateTimeParser, tz::TimeZone};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    /// Writes the moment with its offset.
    pub fn serialize<S: Serializer>(value: &Option<Zoned>, serializer: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(moment) => serializer.collect_str(&moment.strftime("%Y-%m-%dT%H:%M:%S%.6f%:z")),
            None => serializer.serialize_none(),
        }
    }

    /// Reads a moment with an offset; the zone is that fixed offset.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Zoned>, D::Error> {
        let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
        let pieces = DateTimeParser::new().parse_pieces(&text).map_err(D::Error::custom)?;
        let offset = pieces.to_numeric_offset().unwrap_or(jiff::tz::Offset::UTC);
        let timestamp: jiff::Timestamp = text.parse().map_err(D::Error::custom)?;
        Ok(Some(timestamp.to_zoned(TimeZone::fixed(offset))))
    }
}
