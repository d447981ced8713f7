//! Places as GeoJSON: the properties of each feature; borders are not kept.
//!
//! A feature has `name`, an identifier (`osm_id` or `id`), the identifier of the place it lies in (`parent_id`,
//! `is_in_state` or `is_in_country`; the country has none), and perhaps `aliases`, a list or a text with `;`.

use std::collections::{BTreeMap, BTreeSet};

use expressions::Location;
use serde::{Deserialize, Deserializer};
use smol_str::{SmolStr, ToSmolStr};

use super::read::{Growing, LEVELS, MAX_PLACES, ReadLocationsError};

#[derive(Deserialize)]
struct Collection {
    features: Vec<Feature>,
}

#[derive(Deserialize)]
struct Feature {
    #[serde(default, deserialize_with = "identifier")]
    id: Option<SmolStr>,
    properties: Properties,
}

#[derive(Deserialize)]
struct Properties {
    #[serde(default)]
    name: SmolStr,
    #[serde(default, deserialize_with = "identifier")]
    osm_id: Option<SmolStr>,
    #[serde(default, deserialize_with = "identifier")]
    id: Option<SmolStr>,
    #[serde(default, deserialize_with = "identifier")]
    parent_id: Option<SmolStr>,
    #[serde(default, deserialize_with = "identifier")]
    is_in_state: Option<SmolStr>,
    #[serde(default, deserialize_with = "identifier")]
    is_in_country: Option<SmolStr>,
    #[serde(default)]
    aliases: Option<Aliases>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Aliases {
    List(Vec<SmolStr>),
    Text(String),
}

/// A text or number that names a place; blank ones name none.
fn identifier<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SmolStr>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Text(SmolStr),
        Number(i64),
    }
    let written = Option::<Written>::deserialize(deserializer)?;
    Ok(match written {
        Some(Written::Text(text)) => Some(text.trim().to_smolstr()).filter(|text| !text.is_empty()),
        Some(Written::Number(number)) => Some(number.to_smolstr()),
        None => None,
    })
}

fn refuse<T>(reason: impl Into<String>) -> Result<T, ReadLocationsError> {
    Err(ReadLocationsError::GeoJson(reason.into()))
}

/// Reads the places of a collection of features.
pub(super) fn read(text: &str) -> Result<Location, ReadLocationsError> {
    let collection: Collection = serde_json::from_str(text)
        .map_err(|error| ReadLocationsError::GeoJson(format!("the file is not GeoJSON: {error}")))?;
    if collection.features.len() > MAX_PLACES {
        return refuse(format!("the file names more than {MAX_PLACES} places"));
    }
    let mut places: BTreeMap<SmolStr, Properties> = BTreeMap::new();
    let mut order = Vec::new();
    for (at, feature) in collection.features.into_iter().enumerate() {
        let properties = feature.properties;
        let id = properties.osm_id.clone().or_else(|| properties.id.clone()).or(feature.id);
        let Some(id) = id else { return refuse(format!("feature {} has no osm_id or id", at + 1)) };
        if properties.name.trim().is_empty() {
            return refuse(format!("feature {id} has no name"));
        }
        if places.insert(id.clone(), properties).is_some() {
            return refuse(format!("two features have the id {id}"));
        }
        order.push(id);
    }
    let (mut world, mut count) = (Growing::default(), 0);
    for id in &order {
        let line = line_to(id, &places)?;
        let mut place = &mut world;
        for name in &line {
            place = place.child(name, &mut count);
        }
        match &places[id].aliases {
            Some(Aliases::List(aliases)) => place.also(aliases.iter().map(|alias| alias.trim().to_smolstr())),
            Some(Aliases::Text(text)) => place.also(text.split(';').map(|alias| alias.trim().to_smolstr())),
            None => {}
        }
    }
    world.country()
}

/// The names from the country down to a place.
fn line_to(id: &SmolStr, places: &BTreeMap<SmolStr, Properties>) -> Result<Vec<SmolStr>, ReadLocationsError> {
    let (mut names, mut seen) = (Vec::new(), BTreeSet::new());
    let mut next = Some(id);
    while let Some(id) = next {
        let Some(place) = places.get(id) else {
            return refuse(format!(
                "{} lies in {id}, which the file does not have",
                names.last().unwrap_or(id)
            ));
        };
        if !seen.insert(id) || names.len() == LEVELS {
            return refuse(format!("{} lies deeper than {LEVELS} levels", place.name));
        }
        names.push(place.name.trim().to_smolstr());
        next = place.parent_id.as_ref().or(place.is_in_state.as_ref()).or(place.is_in_country.as_ref());
        next = next.filter(|parent| *parent != id);
    }
    names.reverse();
    Ok(names)
}
