//! Translations of a PO file become translations of flows.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use super::catalogue::{Options, Spot, spots};
use super::places::{each_place, translate, translated};
use super::po::{Entry, Po};

/// What taking over translations did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Applied {
    /// Texts of flows that the file translates.
    pub translated: usize,
    /// Those of them whose translation is new or different.
    pub changed: usize,
    /// Texts of flows that have no translation into the language now.
    pub missing: usize,
    /// Texts of the file that no flow has.
    pub unused: Vec<Unused>,
    /// Texts whose translation is marked as a guess (fuzzy) and was not taken.
    pub fuzzy: usize,
}

/// A text of the file that no flow has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unused {
    /// Line, from 1.
    pub line: usize,
    /// The text.
    pub text: String,
}

/// Takes the translations of a file over into flows of the current specification. A text without a translation in the
/// file keeps the one it has.
pub fn apply(flows: &mut [&mut Value], language: &str, po: &Po) -> Applied {
    let mut applied = Applied::default();
    let known: BTreeMap<(Option<&str>, &str), usize> = po
        .entries
        .iter()
        .enumerate()
        .map(|(place, entry)| ((entry.context.as_deref(), entry.text.as_str()), place))
        .collect();
    let mut used = BTreeSet::new();
    for flow in flows {
        let spots = spots(flow, Some(language), Options::default());
        let mut find = |spot: &Spot| {
            let context = spot.context();
            let of_place = known.get(&(Some(context.as_str()), spot.text.as_str()));
            let place = *of_place.or_else(|| known.get(&(None, spot.text.as_str())))?;
            used.insert(place);
            Some(&po.entries[place]).filter(|entry| is_taken(entry))
        };
        let mut properties: BTreeMap<(String, &'static str), Vec<(usize, String)>> = BTreeMap::new();
        for spot in &spots {
            match find(spot) {
                // What was given to the translator is left as it is, line ends and all.
                Some(entry) if entry.translation == spot.translation => applied.translated += 1,
                Some(entry) => {
                    applied.translated += 1;
                    applied.changed += 1;
                    let key = (spot.place.item.clone(), spot.place.property);
                    properties.entry(key).or_default().push((spot.index, entry.translation.clone()));
                }
                None => applied.missing += usize::from(spot.translation.is_empty()),
            }
        }
        let natives = natives(flow);
        for ((item, property), new) in properties {
            let before = translated(flow, language, &item, property);
            let native = natives.get(&(item.clone(), property)).map(Vec::as_slice).unwrap_or_default();
            translate(flow, language, &item, property, merged(native, before, new));
        }
    }
    for (place, entry) in po.entries.iter().enumerate() {
        if entry.fuzzy && !entry.translation.is_empty() {
            applied.fuzzy += 1;
        }
        if !used.contains(&place) {
            applied.unused.push(Unused { line: entry.line, text: entry.text.clone() });
        }
    }
    applied
}

fn is_taken(entry: &Entry) -> bool {
    !entry.translation.is_empty() && !entry.fuzzy
}

/// All texts of a property: the new ones, else those that are there, else the words of the flow itself, since a list is
/// translated as a whole.
fn merged(native: &[String], before: Vec<String>, new: Vec<(usize, String)>) -> Vec<String> {
    let mut texts = native.to_vec();
    for (text, known) in texts.iter_mut().zip(before).filter(|(_, known)| !known.is_empty()) {
        *text = known;
    }
    for (index, translation) in new {
        if let Some(text) = texts.get_mut(index) {
            *text = translation;
        }
    }
    texts
}

/// The words of the flow itself, by item and property.
fn natives(flow: &Value) -> BTreeMap<(String, &'static str), Vec<String>> {
    let mut natives = BTreeMap::new();
    each_place(&mut flow.clone(), |place, item| {
        natives.insert((place.item.clone(), place.property), place.native(item));
    });
    natives
}
