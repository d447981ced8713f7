//! A country's places: country, states, districts and wards with their other names.

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// One level of a [`LocationTree`]; level 0 is the country.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LocationLevel {
    /// The root.
    Country,
    /// First level.
    State,
    /// Second level.
    District,
    /// Third level.
    Ward,
}

/// A place with its other names and the places inside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// Official name.
    pub name: SmolStr,
    /// Other names people write.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<SmolStr>,
    /// Places of the next level.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<Location>,
}

/// The places of one country. A place is named by its path, `South Africa > Western Cape > Cape Town`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocationTree {
    /// The country.
    pub root: Location,
}
