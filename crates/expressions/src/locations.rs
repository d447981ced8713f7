//! A country's places: country, states, districts and wards with their other names.

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::collation;

/// Between the names of a path.
const PATH_SEPARATOR: &str = " > ";

/// Deepest level that is looked at, so that a broken tree cannot exhaust the stack.
const MAX_DEPTH: usize = 4;

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

impl LocationLevel {
    /// How far below the root.
    pub fn depth(self) -> usize {
        match self {
            Self::Country => 0,
            Self::State => 1,
            Self::District => 2,
            Self::Ward => 3,
        }
    }
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

/// A place that was found, with its path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found<'t> {
    /// Names from the country down, joined with ` > `.
    pub path: String,
    /// The place.
    pub place: &'t Location,
    /// Its level.
    pub level: LocationLevel,
}

/// Whether a text is written as a path rather than as a name.
pub fn is_path(text: &str) -> bool {
    text.contains('>')
}

/// The last name of a path, which is what people call the place: `Cape Town`.
pub fn path_name(path: &str) -> &str {
    path.rsplit('>').next().unwrap_or(path).trim()
}

impl LocationTree {
    /// The places of a level that are called `name` (officially or otherwise, in any case), within the place
    /// with the path `parent` if one is given. In the order of the tree.
    pub fn find(&self, level: LocationLevel, name: &str, parent: Option<&str>) -> Vec<Found<'_>> {
        let wanted = collation::lower(name.trim());
        let parent = parent.map(normal_path);
        let mut found = Vec::new();
        self.visit(&mut |here| {
            let inside = || match &parent {
                None => true,
                Some(parent) => normal_path(&here.path)
                    .strip_prefix(parent.as_str())
                    .is_some_and(|rest| rest.starts_with(PATH_SEPARATOR)),
            };
            if here.level == level && is_called(here.place, &wanted) && inside() {
                found.push(here);
            }
        });
        found
    }

    /// The place with a path, whatever its case and spaces.
    pub fn by_path(&self, path: &str) -> Option<Found<'_>> {
        let wanted = normal_path(path);
        let mut found = None;
        self.visit(&mut |here| {
            if found.is_none() && normal_path(&here.path) == wanted {
                found = Some(here);
            }
        });
        found
    }

    /// Each place, parents before children.
    fn visit<'t>(&'t self, see: &mut dyn FnMut(Found<'t>)) {
        visit(&self.root, "", 0, see);
    }
}

fn visit<'t>(place: &'t Location, above: &str, depth: usize, see: &mut dyn FnMut(Found<'t>)) {
    let level = match depth {
        0 => LocationLevel::Country,
        1 => LocationLevel::State,
        2 => LocationLevel::District,
        3 => LocationLevel::Ward,
        _ => return,
    };
    let separator = if above.is_empty() { "" } else { PATH_SEPARATOR };
    let path = format!("{above}{separator}{}", place.name);
    see(Found { path: path.clone(), place, level });
    if depth + 1 < MAX_DEPTH {
        for child in &place.children {
            visit(child, &path, depth + 1, see);
        }
    }
}

fn is_called(place: &Location, wanted: &str) -> bool {
    std::iter::once(&place.name).chain(&place.aliases).any(|name| collation::lower(name.trim()) == wanted)
}

fn normal_path(path: &str) -> String {
    let names: Vec<_> = path.split('>').map(str::trim).collect();
    collation::lower(&names.join(PATH_SEPARATOR)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(name: &str, aliases: &[&str], children: Vec<Location>) -> Location {
        Location { name: name.into(), aliases: aliases.iter().map(|a| (*a).into()).collect(), children }
    }

    fn tree() -> LocationTree {
        let north =
            place("North", &["Kaskazini"], vec![place("Lake", &[], vec![place("Shore", &[], vec![])])]);
        let south = place("South", &[], vec![place("Lake", &[], vec![])]);
        LocationTree { root: place("Home", &[], vec![north, south]) }
    }

    #[test]
    fn places_are_found_by_name_alias_and_path() {
        let tree = tree();
        let paths = |level, name, parent| -> Vec<String> {
            tree.find(level, name, parent).into_iter().map(|f| f.path).collect()
        };
        assert_eq!(paths(LocationLevel::State, " KASKAZINI", None), ["Home > North"]);
        assert_eq!(
            paths(LocationLevel::District, "lake", None),
            ["Home > North > Lake", "Home > South > Lake"]
        );
        assert_eq!(paths(LocationLevel::District, "lake", Some("home>south")), ["Home > South > Lake"]);
        assert!(paths(LocationLevel::Ward, "lake", None).is_empty());
        assert_eq!(tree.by_path("home > north > lake > shore").map(|f| f.level), Some(LocationLevel::Ward));
        assert_eq!(path_name("Home > North"), "North");
        assert!(is_path("Home > North") && !is_path("North"));
    }
}
