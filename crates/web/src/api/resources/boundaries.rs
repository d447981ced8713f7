//! `boundaries.json`: the country's places.

use expressions::Location;
use node::limits;
use serde_json::{Value, json};

use crate::api::call::{Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles, param};
use crate::api::error::ApiError;
use crate::api::page::Walk;
use crate::api::shape::{Prop, Shape, TEXTS, prop};

pub(crate) static RESOURCE: Resource = Resource {
    name: "boundaries",
    alias: None,
    about: "The country's places, each before those within it.",
    limit: &limits::API,
    endpoints: &[Endpoint::list(
        Roles::READERS,
        "Places",
        &[param("geometry", Shape::Bool, "Their outlines; there are none here")],
        PROPS,
        |call| Box::pin(list(call)),
    )],
};

const PARENT: Shape =
    Shape::Object(&[prop("osm_id", Shape::Text, "Identifier"), prop("name", Shape::Text, "Name")]);

const PROPS: &[Prop] = &[
    prop("osm_id", Shape::Text, "Identifier: the path of names, as fields hold it"),
    prop("name", Shape::Text, "Name"),
    prop("parent", PARENT, "The place that it is in").or_null(),
    prop("level", Shape::Int, "0 the country, 1 states, 2 districts, 3 wards"),
    prop("aliases", TEXTS, "Other names"),
    prop("geometry", Shape::Any, "Always null").or_null(),
];

/// Levels below the country.
const LEVELS: usize = 3;

async fn list(call: &Call) -> Result<Reply, ApiError> {
    let mut places = Vec::new();
    if let Some(root) = call.ws.locations() {
        walk(root, None, 0, &mut places);
    }
    let numbered: Vec<(i64, Value)> = (0..).zip(places).collect();
    Ok(Walk::of(call, true)?.among(numbered, |(number, _)| (*number, 0), |(_, place)| place.clone()))
}

fn walk(place: &Location, parent: Option<(&str, &str)>, level: usize, places: &mut Vec<Value>) {
    let path = parent.map_or_else(|| place.name.to_string(), |(path, _)| format!("{path} > {}", place.name));
    places.push(json!({
        "osm_id": path,
        "name": place.name,
        "parent": parent.map(|(path, name)| json!({"osm_id": path, "name": name})),
        "level": level,
        "aliases": place.aliases,
        "geometry": null,
    }));
    if level < LEVELS {
        for child in &place.children {
            walk(child, Some((&path, &place.name)), level + 1, places);
        }
    }
}
