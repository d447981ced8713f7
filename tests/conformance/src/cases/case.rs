//! One case: its object, and the files around it that it names.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    rc::Rc,
};

use expressions::{
    Environment, LocationTree,
    environment::{Collation, DateFormat, NumberFormat, RedactionPolicy, TimeFormat},
};
use jiff::{Timestamp, tz::TimeZone};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use smol_str::SmolStr;

use crate::determinism::TestAmbient;

/// How many folders up a file that a case names is looked for.
const MAX_PARENTS: usize = 6;

/// The member under which merged environments hold the one they stand over.
const INNER_ENVIRONMENT: &str = "Environment";

/// A case of a family.
pub struct Case {
    json: Json,
    /// The family's file.
    file: PathBuf,
}

thread_local! {
    /// Files that many cases share, by path.
    static FILES: RefCell<BTreeMap<PathBuf, Rc<Json>>> = const { RefCell::new(BTreeMap::new()) };
}

impl Case {
    /// A case of that file.
    pub fn new(json: Json, file: &Path) -> Self {
        Self { json, file: file.to_owned() }
    }

    /// The whole case.
    pub fn json(&self) -> &Json {
        &self.json
    }

    /// The member of that name; JSON null if there is none.
    pub fn get(&self, name: &str) -> &Json {
        self.json.get(name).unwrap_or(&Json::Null)
    }

    /// A member that must be text.
    pub fn text(&self, name: &str) -> Result<&str, String> {
        self.get(name).as_str().ok_or_else(|| format!("the case has no text '{name}'"))
    }

    /// A member that must be a list; empty if it is missing.
    pub fn list(&self, name: &str) -> &[Json] {
        self.get(name).as_array().map_or(&[], Vec::as_slice)
    }

    /// Whether a member is true.
    pub fn flag(&self, name: &str) -> bool {
        self.get(name).as_bool().unwrap_or(false)
    }

    /// A member read as a type; the type's error if it does not fit.
    pub fn read<T: DeserializeOwned>(&self, name: &str) -> Result<T, String> {
        serde_json::from_value(self.get(name).clone())
            .map_err(|error| format!("cannot read '{name}': {error}"))
    }

    /// The fixed clock, if the case has one, otherwise the session clock.
    pub fn ambient(&self) -> TestAmbient {
        match self.get("now").as_str().and_then(|now| now.parse::<Timestamp>().ok()) {
            Some(now) => TestAmbient::fixed(now),
            None => TestAmbient::ticking(),
        }
    }

    /// The environment of the case.
    pub fn environment(&self) -> Environment {
        let mut environment = environment(self.get("env"));
        if let Some(first) = self.get("locations").as_array().and_then(|trees| trees.first()) {
            environment.locations = location_tree(first);
        }
        if self.get("redaction_policy").as_str() == Some("urns") {
            environment.redaction = RedactionPolicy::Urns;
        }
        environment
    }

    /// A JSON file named by the case, found beside the family's file or in a folder above it.
    pub fn file(&self, relative: &str) -> Result<Rc<Json>, String> {
        let path = self.path(relative)?;
        FILES.with_borrow_mut(|files| {
            if let Some(json) = files.get(&path) {
                return Ok(Rc::clone(json));
            }
            let bytes = fs::read(&path).map_err(|error| format!("cannot read {relative}: {error}"))?;
            let json =
                serde_json::from_slice(&bytes).map_err(|error| format!("{relative} is not JSON: {error}"))?;
            let json = Rc::new(json);
            files.insert(path, Rc::clone(&json));
            Ok(json)
        })
    }

    fn path(&self, relative: &str) -> Result<PathBuf, String> {
        self.file
            .ancestors()
            .skip(1)
            .take(MAX_PARENTS)
            .map(|folder| folder.join(relative))
            .find(|path| path.is_file())
            .ok_or_else(|| format!("{relative} is not beside the cases nor above them"))
    }
}

/// Reads an environment; what is missing has its default. An environment within another holds what the outer
/// one does not say.
pub fn environment(json: &Json) -> Environment {
    let mut merged = serde_json::Map::new();
    let mut layer = Some(json);
    while let Some(Json::Object(members)) = layer {
        for (name, member) in members.iter().filter(|(name, _)| *name != INNER_ENVIRONMENT) {
            merged.entry(name).or_insert_with(|| member.clone());
        }
        layer = members.get(INNER_ENVIRONMENT);
    }
    flat_environment(&Json::Object(merged))
}

fn flat_environment(json: &Json) -> Environment {
    fn part<T: DeserializeOwned + Default>(json: &Json, name: &str) -> T {
        json.get(name).and_then(|part| serde_json::from_value(part.clone()).ok()).unwrap_or_default()
    }
    Environment {
        date_format: part::<DateFormat>(json, "date_format"),
        time_format: part::<TimeFormat>(json, "time_format"),
        timezone: part::<Option<SmolStr>>(json, "timezone")
            .and_then(|name| TimeZone::get(&name).ok())
            .unwrap_or(TimeZone::UTC),
        allowed_languages: part::<Vec<SmolStr>>(json, "allowed_languages"),
        default_country: part::<Option<SmolStr>>(json, "default_country")
            .filter(|country| !country.is_empty()),
        number_format: part::<NumberFormat>(json, "number_format"),
        collation: part::<Collation>(json, "input_collation"),
        redaction: part::<RedactionPolicy>(json, "redaction_policy"),
        obfuscation_key: part::<[u32; 4]>(json, "obfuscation_key"),
        locations: None,
    }
}

/// Reads a country and its places.
pub fn location_tree(json: &Json) -> Option<std::sync::Arc<LocationTree>> {
    let root = serde_json::from_value(json.clone()).ok()?;
    Some(std::sync::Arc::new(LocationTree { root }))
}
