//! Texts that carry their translations: `{"eng": "Hello", "fra": "Bonjour"}`, or only text in flows of one language.

use serde_json::Value;

use super::shape::plain;

/// The language of flows that never said which.
pub(super) const BASE: &str = "base";

/// A text in one language or several.
#[derive(Clone, Debug, Default)]
pub(super) struct Texts(Vec<(String, String)>);

impl Texts {
    /// Reads a text; anything else is a text in no language.
    pub(super) fn read(value: &Value) -> Self {
        match value {
            Value::Object(languages) => {
                Self(languages.iter().map(|(language, text)| (language.clone(), plain(text))).collect())
            }
            Value::String(_) | Value::Number(_) => Self(vec![(BASE.to_owned(), plain(value))]),
            Value::Null | Value::Bool(_) | Value::Array(_) => Self::default(),
        }
    }

    /// A member of an object.
    pub(super) fn of(parent: &Value, key: &str) -> Self {
        parent.get(key).map(Self::read).unwrap_or_default()
    }

    /// The text in the flow's language. Where that is missing, the text from before the flow had languages, or else
    /// the first there is, so that nobody is left without.
    pub(super) fn base(&self, language: &str) -> &str {
        let filled = |wanted: &str| {
            let found = self.0.iter().find(|(given, text)| given == wanted && !text.is_empty());
            found.map(|(_, text)| text.as_str())
        };
        let first = || self.0.iter().map(|(_, text)| text.as_str()).find(|text| !text.is_empty());
        filled(language).or_else(|| filled(BASE)).or_else(first).unwrap_or_default()
    }

    /// The texts in other languages than the flow's.
    pub(super) fn translations<'t>(&'t self, language: &'t str) -> impl Iterator<Item = (&'t str, &'t str)> {
        self.0
            .iter()
            .filter(move |(given, text)| given != language && given != BASE && !text.is_empty())
            .map(|(given, text)| (given.as_str(), text.as_str()))
    }
}
