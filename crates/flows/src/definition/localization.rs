//! Translations: language → item → property → texts.

use indexmap::IndexMap;
use serde::{Deserialize, Deserializer, de};
use smol_str::SmolStr;

/// The texts of one property. A map, number or flag (editors keep notes there) is left empty; a single text is
/// refused, as it was meant to be seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts(pub Vec<SmolStr>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Texts;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a list of texts")
            }
            fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<Texts, A::Error> {
                let mut texts = Vec::with_capacity(seq.size_hint().unwrap_or(1));
                while let Some(text) = seq.next_element::<Option<SmolStr>>()? {
                    texts.push(text.unwrap_or_default());
                }
                Ok(Texts(texts))
            }
            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Texts, A::Error> {
                while map.next_entry::<de::IgnoredAny, de::IgnoredAny>()?.is_some() {}
                Ok(Texts::default())
            }
            fn visit_unit<E: de::Error>(self) -> Result<Texts, E> {
                Ok(Texts::default())
            }
            fn visit_bool<E: de::Error>(self, _: bool) -> Result<Texts, E> {
                Ok(Texts::default())
            }
            fn visit_i64<E: de::Error>(self, _: i64) -> Result<Texts, E> {
                Ok(Texts::default())
            }
            fn visit_u64<E: de::Error>(self, _: u64) -> Result<Texts, E> {
                Ok(Texts::default())
            }
            fn visit_f64<E: de::Error>(self, _: f64) -> Result<Texts, E> {
                Ok(Texts::default())
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// The translated properties of one action, case or category.
pub type ItemTranslation = IndexMap<SmolStr, Texts>;

/// The translations of one language, by the item's identifier.
pub type LanguageTranslation = IndexMap<SmolStr, ItemTranslation>;

/// All translations of a flow, by ISO 639-3 code, in the order of the definition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Localization(pub IndexMap<SmolStr, LanguageTranslation>);

impl<'de> Deserialize<'de> for Localization {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Option::deserialize(deserializer)?.unwrap_or_default()))
    }
}

impl Localization {
    /// The texts of a property in a language, if it is translated.
    pub fn texts(&self, language: &str, item: &str, property: &str) -> Option<&[SmolStr]> {
        let texts = self.0.get(language)?.get(item)?.get(property)?;
        (!texts.0.is_empty()).then_some(&texts.0[..])
    }
}

#[cfg(test)]
mod tests {
    use super::ItemTranslation;

    #[test]
    fn notes_of_editors_are_no_texts() {
        let read = |json: &str| serde_json::from_str::<ItemTranslation>(json);
        for note in ["null", "true", "7", "-7", "1.5", r#"{"auto_translated": ["text"], "at": 3}"#] {
            let item = read(&format!(r#"{{"note": {note}, "text": ["Habari", null]}}"#)).expect(note);
            assert!(item["note"].0.is_empty(), "{note}");
            assert_eq!(item["text"].0, ["Habari", ""], "{note}");
        }
        assert!(read(r#"{"text": "Habari"}"#).is_err(), "a text that would never be seen");
    }
}
