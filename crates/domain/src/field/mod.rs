//! Contact fields: typed properties of a person. Every value keeps its text beside the typed forms it parses to.

pub mod decimal;
pub mod rfc3339;

use expressions::{
    Environment, LocationLevel, Number, dates,
    locations::{Found, is_path},
};
use jiff::{Timestamp, Zoned};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::FieldUuid;

/// Longest value of a field, in characters, unless the host sets another.
pub const MAX_VALUE_CHARS: usize = 640;

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
    /// Public identifier; nil in exports, which know fields by key.
    #[serde(default)]
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
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::field::decimal")]
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

impl FieldValue {
    /// Reads what a person or a flow gave for a field; `None` if it is blank, which clears the field.
    ///
    /// The text is kept as given, cut to `max_chars`. It is also read as a number and as a moment, whatever
    /// the type of the field, since types may change later; a day without a time gets the present time of
    /// day, for which `now` is read once. A path such as `Kenya > Nairobi` is a place for every field; a
    /// mere name is one only for fields of places, and for districts and wards only within `parent`, the
    /// path of the contact's state or district.
    pub fn parse(
        text: &str,
        field_type: FieldType,
        env: &Environment,
        now: &dyn Fn() -> Timestamp,
        parent: Option<&str>,
        max_chars: usize,
    ) -> Option<Self> {
        if text.trim().is_empty() {
            return None;
        }
        let text: SmolStr = match text.char_indices().nth(max_chars) {
            Some((end, _)) => text[..end].into(),
            None => text.into(),
        };
        let mut value = Self {
            text: SmolStr::default(),
            number: None,
            datetime: None,
            state: None,
            district: None,
            ward: None,
        };
        value.number = Number::parse(text.trim()).map(|number| smol_str::format_smolstr!("{number}"));
        value.datetime = dates::parse_datetime(env, now, &text, true);
        if let Some(place) = place(&text, field_type, env, parent) {
            value.set_place(&place);
        }
        value.text = text;
        Some(value)
    }

    /// A place and those it lies in, without the country.
    fn set_place(&mut self, place: &Found<'_>) {
        let mut path = place.path.as_str();
        let mut level = Some(place.level);
        while let Some(current) = level {
            let (slot, above) = match current {
                LocationLevel::Ward => (&mut self.ward, LocationLevel::District),
                LocationLevel::District => (&mut self.district, LocationLevel::State),
                LocationLevel::State => (&mut self.state, LocationLevel::Country),
                LocationLevel::Country => return,
            };
            *slot = Some(path.into());
            level = path.rsplit_once(" > ").map(|(rest, _)| {
                path = rest;
                above
            });
        }
    }
}

/// The place that a text names.
fn place<'e>(
    text: &str,
    field_type: FieldType,
    env: &'e Environment,
    parent: Option<&str>,
) -> Option<Found<'e>> {
    let tree = env.locations.as_deref()?;
    if is_path(text) {
        return tree.by_path(text);
    }
    let level = match field_type {
        FieldType::State => LocationLevel::State,
        FieldType::District => LocationLevel::District,
        FieldType::Ward => LocationLevel::Ward,
        FieldType::Text | FieldType::Number | FieldType::Datetime => return None,
    };
    if level != LocationLevel::State && parent.is_none() {
        return None;
    }
    let mut found = tree.find(level, text, parent);
    (found.len() == 1).then(|| found.remove(0))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use expressions::LocationTree;

    use super::*;

    fn environment() -> Environment {
        let root = serde_json::from_str(
            r#"{"name": "Kenya", "children": [{"name": "Nairobi", "aliases": ["NBO"],
                "children": [{"name": "Westlands", "children": [{"name": "Parklands"}]}]}]}"#,
        );
        Environment {
            locations: Some(Arc::new(LocationTree { root: root.unwrap() })),
            ..Environment::default()
        }
    }

    #[test]
    fn values_keep_their_text_and_what_it_can_be_read_as() {
        for (text, field_type, parent, expected) in [
            (" 12 ", FieldType::Text, None, r#"{"text":" 12 ","number":12}"#),
            ("0.50", FieldType::Number, None, r#"{"text":"0.50","number":0.5}"#),
            ("soon", FieldType::Datetime, None, r#"{"text":"soon"}"#),
            (
                "2026-03-01",
                FieldType::Text,
                None,
                r#"{"text":"2026-03-01","datetime":"2026-03-01T09:30:00.000000Z"}"#,
            ),
            ("nbo", FieldType::State, None, r#"{"text":"nbo","state":"Kenya > Nairobi"}"#),
            ("nbo", FieldType::Text, None, r#"{"text":"nbo"}"#),
            ("Westlands", FieldType::District, None, r#"{"text":"Westlands"}"#),
            (
                "Westlands",
                FieldType::District,
                Some("Kenya > Nairobi"),
                r#"{"text":"Westlands","state":"Kenya > Nairobi","district":"Kenya > Nairobi > Westlands"}"#,
            ),
        ] {
            let now = || "2026-02-01T09:30:00Z".parse().unwrap();
            let value = FieldValue::parse(text, field_type, &environment(), &now, parent, 640).unwrap();
            assert_eq!(serde_json::to_string(&value).unwrap(), expected, "{text}");
            assert_eq!(serde_json::from_str::<FieldValue>(expected).unwrap().text, value.text);
        }
    }

    #[test]
    fn blank_clears_and_long_is_cut() {
        let now = || Timestamp::UNIX_EPOCH;
        assert_eq!(FieldValue::parse(" \t", FieldType::Text, &environment(), &now, None, 640), None);
        let value = FieldValue::parse("ääää", FieldType::Text, &environment(), &now, None, 3).unwrap();
        assert_eq!(value.text, "äää");
    }
}
