//! Another language becomes the one that a flow is written in: its translations move into the actions, and what stood
//! there becomes the translation of the language before.

use serde::Serialize;
use serde_json::Value;
use thiserror::Error;

use super::is_language;
use super::places::{Place, each_place, translate, translated};

/// What a change of language did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LanguageChange {
    /// Properties that are in the new language now.
    pub translated: usize,
    /// Properties that have no usable translation and stay in the words of the language before.
    pub untranslated: usize,
    /// Properties that only the new language had: they are shown in all languages now.
    pub added: usize,
    /// Translations into the new language that belonged to nothing in the flow, and are gone.
    pub dropped: usize,
}

/// Why the language of a flow cannot be changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ChangeLanguageError {
    /// It is no code of a language.
    #[error("{0:?} is not a language; give an ISO 639-3 code such as eng, spa, swa")]
    NotALanguage(String),
    /// The flow has no language.
    #[error("the flow does not say which language it is written in")]
    NoLanguage,
}

/// Makes another language the one that a flow of the current specification is written in. A text without a usable
/// translation stays as it is: a list of arguments of a test counts only if it is as long as the original.
pub fn change_language(flow: &mut Value, to: &str) -> Result<LanguageChange, ChangeLanguageError> {
    if !is_language(to) {
        return Err(ChangeLanguageError::NotALanguage(to.to_owned()));
    }
    let from = flow["language"].as_str().filter(|code| !code.is_empty());
    let from = from.ok_or(ChangeLanguageError::NoLanguage)?.to_owned();
    let mut change = LanguageChange::default();
    if from == to {
        return Ok(change);
    }
    let before = flow.clone();
    let (mut native, mut used) = (Vec::new(), Vec::new());
    each_place(flow, |place, item| {
        let (own, new) = (place.native(item), translated(&before, to, &place.item, place.property));
        if !new.is_empty() {
            used.push((place.item.clone(), place.property));
        }
        if !own.is_empty() {
            native.push((place.item.clone(), place.property, own.clone()));
        }
        if is_usable(place, &own, &new) {
            change.translated += 1;
            change.added += usize::from(own.is_empty());
            let first = || new.first().cloned().unwrap_or_default();
            let value = if place.is_list() { Value::from(new.clone()) } else { first().into() };
            item.insert(place.property.to_owned(), value);
        } else if !own.is_empty() {
            change.untranslated += 1;
        }
    });
    change.dropped = count(&before["localization"][to]) - used.len();
    flow["language"] = to.into();
    if let Some(languages) = flow.get_mut("localization").and_then(Value::as_object_mut) {
        languages.shift_remove(to);
        languages.shift_remove(&from);
    }
    for (item, property, texts) in native {
        translate(flow, &from, &item, property, texts);
    }
    Ok(change)
}

fn is_usable(place: &Place, own: &[String], new: &[String]) -> bool {
    match place.property {
        "arguments" => !new.is_empty() && own.len() == new.len(),
        _ if place.is_list() => !new.is_empty(),
        _ => new.first().is_some_and(|text| !text.is_empty()),
    }
}

/// How many properties a language has texts for.
fn count(language: &Value) -> usize {
    let items = language.as_object().into_iter().flat_map(|items| items.values());
    let properties = items.filter_map(Value::as_object).flat_map(|item| item.values());
    properties.filter(|texts| texts.as_array().is_some_and(|texts| !texts.is_empty())).count()
}
