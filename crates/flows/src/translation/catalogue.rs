//! The texts of flows, gathered for translators: the same text is one entry wherever it stands, unless it is
//! translated differently.

use indexmap::IndexMap;
use serde_json::Value;

use super::places::{Place, each_place, translated};
use super::po::{Entry, Po};

/// How many flows a comment names.
const MAX_NAMED_FLOWS: usize = 3;

/// What to gather.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Leave out the words that people are expected to write.
    pub without_arguments: bool,
}

/// A text at one place.
#[derive(Clone, Debug)]
pub(super) struct Spot {
    pub flow: String,
    pub flow_name: String,
    pub place: Place,
    pub index: usize,
    pub text: String,
    /// Its translation; empty if there is none.
    pub translation: String,
}

impl Spot {
    /// Which place is meant, where the same text is translated differently.
    pub fn context(&self) -> String {
        format!("{}/{}/{}:{}", self.flow, self.place.item, self.place.property, self.index)
    }

    fn reference(&self) -> String {
        format!(
            "{}/{}/{}/{}:{}",
            self.flow, self.place.node, self.place.item, self.place.property, self.index
        )
    }
}

/// The texts of one flow, in its order. Arguments of tests that do not look for words are texts only if they are
/// translated already.
pub(super) fn spots(flow: &Value, language: Option<&str>, options: Options) -> Vec<Spot> {
    let name = |key: &str| flow[key].as_str().unwrap_or_default().to_owned();
    let (uuid, flow_name) = (name("uuid"), name("name"));
    let mut spots = Vec::new();
    each_place(&mut flow.clone(), |place, item| {
        let translations = language.map(|code| translated(flow, code, &place.item, place.property));
        let translations = translations.unwrap_or_default();
        let is_argument = place.property == "arguments";
        if is_argument && (options.without_arguments || (place.not_words && translations.is_empty())) {
            return;
        }
        let native = place.native(item);
        // What equals the text stands in a list because that is translated as a whole, unless all of it does: then
        // somebody wanted it so.
        let has_fillers = place.is_list() && native != translations;
        for (index, text) in native.into_iter().enumerate().filter(|(_, text)| !text.trim().is_empty()) {
            spots.push(Spot {
                flow: uuid.clone(),
                flow_name: flow_name.clone(),
                place: place.clone(),
                index,
                translation: translations
                    .get(index)
                    .filter(|translation| !(has_fillers && **translation == text))
                    .map(|translation| ends_like(&text, translation))
                    .unwrap_or_default(),
                text,
            });
        }
    });
    spots
}

/// The translation with line ends at its ends if and only if the text has: gettext's tools refuse a file otherwise.
fn ends_like(text: &str, translation: &str) -> String {
    let body = translation.trim_matches('\n');
    if body.is_empty() {
        return String::new();
    }
    let (begin, end) = (text.starts_with('\n'), text.ends_with('\n'));
    format!("{}{body}{}", if begin { "\n" } else { "" }, if end { "\n" } else { "" })
}

/// The texts of flows of the current specification and their translations into a language, or a template without
/// translations. `created` is the moment for the header, as `2026-11-21 14:30+0000`.
pub fn catalogue(flows: &[&Value], language: Option<&str>, created: &str, options: Options) -> Po {
    let mut by_text: IndexMap<String, Vec<Spot>> = IndexMap::new();
    for spot in flows.iter().flat_map(|flow| spots(flow, language, options)) {
        by_text.entry(spot.text.clone()).or_default().push(spot);
    }
    Po {
        language: language.map(str::to_owned),
        created: created.to_owned(),
        entries: by_text.into_iter().flat_map(|(text, spots)| entries(&text, &spots)).collect(),
    }
}

/// One entry for all places, or one for most and one for each of the others.
fn entries(text: &str, spots: &[Spot]) -> Vec<Entry> {
    let mut translations: IndexMap<&str, usize> = IndexMap::new();
    for spot in spots.iter().filter(|spot| !spot.translation.is_empty()) {
        *translations.entry(&spot.translation).or_default() += 1;
    }
    // The first of those that are used most.
    let common = translations.iter().rev().max_by_key(|(_, count)| **count).map_or("", |(common, _)| *common);
    let differ = translations.len() > 1;
    let (same, others): (Vec<&Spot>, Vec<&Spot>) =
        spots.iter().partition(|spot| !differ || spot.translation == common);
    let mut entries = vec![entry(None, text, common, &same)];
    entries.extend(others.iter().map(|spot| entry(Some(spot.context()), text, &spot.translation, &[*spot])));
    entries
}

fn entry(context: Option<String>, text: &str, translation: &str, spots: &[&Spot]) -> Entry {
    Entry {
        context,
        text: text.to_owned(),
        translation: translation.to_owned(),
        references: spots.iter().map(|spot| spot.reference()).collect(),
        comments: comments(spots),
        fuzzy: false,
        line: 0,
    }
}

/// What the text is, and in which flows, without naming all of them.
fn comments(spots: &[&Spot]) -> Vec<String> {
    let mut flows: IndexMap<&str, Vec<&str>> = IndexMap::new();
    for spot in spots {
        let named = flows.entry(spot.place.what).or_default();
        if !named.contains(&spot.flow_name.as_str()) {
            named.push(&spot.flow_name);
        }
    }
    let comment = |(what, named): (&str, Vec<&str>)| {
        let more = named.len().saturating_sub(MAX_NAMED_FLOWS);
        let shown = named[..named.len() - more].join(", ");
        if more > 0 { format!("{what} in {shown} and {more} more") } else { format!("{what} in {shown}") }
    };
    flows.into_iter().map(comment).collect()
}
