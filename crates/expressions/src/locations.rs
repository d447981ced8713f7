//! A country's places: country, states, districts and wards with their other names.

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::collation;

/// Between the names of a path.
const PATH_SEPARATOR: &str = " > ";

/// The levels by depth. Deeper ones are not looked at, so that a broken tree cannot exhaust the stack.
const LEVELS: [LocationLevel; 4] =
    [LocationLevel::Country, LocationLevel::State, LocationLevel::District, LocationLevel::Ward];

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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
        self.visit(&mut |line| {
            let place = line[line.len() - 1];
            if line.len() == level.depth() + 1
                && is_called(place, &wanted)
                && is_inside(line, parent.as_deref())
            {
                found.push(Found { path: path_of(line), place, level });
            }
        });
        found
    }

    /// The place of a level that a sentence names first, such as Cape Town in "I live in kaapstad!"; of two
    /// that begin at the same word the one with the longer name. Within `parent` as in [`find`](Self::find).
    pub fn find_in_text(&self, level: LocationLevel, text: &str, parent: Option<&str>) -> Option<Found<'_>> {
        let text = collation::lower(text);
        let parent = parent.map(normal_path);
        let mut best: Option<((usize, std::cmp::Reverse<usize>), Found<'_>)> = None;
        self.visit(&mut |line| {
            let place = line[line.len() - 1];
            if line.len() != level.depth() + 1 || !is_inside(line, parent.as_deref()) {
                return;
            }
            for name in names(place) {
                let name = collation::lower(name.trim());
                if let Some(at) = whole_words_at(&text, &name) {
                    let rank = (at, std::cmp::Reverse(name.len()));
                    if best.as_ref().is_none_or(|(best, _)| rank < *best) {
                        best = Some((rank, Found { path: path_of(line), place, level }));
                    }
                }
            }
        });
        best.map(|(_, found)| found)
    }

    /// The place with a path, whatever its case and spaces.
    pub fn by_path(&self, path: &str) -> Option<Found<'_>> {
        let wanted = normal_path(path);
        let mut found = None;
        self.visit(&mut |line| {
            if found.is_none() {
                let path = path_of(line);
                if normal_path(&path) == wanted {
                    let level = LEVELS[line.len() - 1];
                    found = Some(Found { path, place: line[line.len() - 1], level });
                }
            }
        });
        found
    }

    /// Shows each place at the end of the line of places that leads to it, parents before children.
    fn visit<'t>(&'t self, see: &mut dyn FnMut(&[&'t Location])) {
        let mut line = Vec::with_capacity(LEVELS.len());
        visit(&self.root, &mut line, see);
    }
}

fn visit<'t>(place: &'t Location, line: &mut Vec<&'t Location>, see: &mut dyn FnMut(&[&'t Location])) {
    line.push(place);
    see(line);
    if line.len() < LEVELS.len() {
        for child in &place.children {
            visit(child, line, see);
        }
    }
    line.pop();
}

fn path_of(line: &[&Location]) -> String {
    let names: Vec<_> = line.iter().map(|place| place.name.as_str()).collect();
    names.join(PATH_SEPARATOR)
}

/// Whether a line of places leads through the place with the normal path `parent`.
fn is_inside(line: &[&Location], parent: Option<&str>) -> bool {
    let Some(parent) = parent else { return true };
    normal_path(&path_of(line)).strip_prefix(parent).is_some_and(|rest| rest.starts_with(PATH_SEPARATOR))
}

fn names(place: &Location) -> impl Iterator<Item = &SmolStr> {
    std::iter::once(&place.name).chain(&place.aliases)
}

/// Where `name` stands in `text` with no letter or digit right before or behind it.
fn whole_words_at(text: &str, name: &str) -> Option<usize> {
    if name.is_empty() {
        return None;
    }
    text.match_indices(name).map(|(at, _)| at).find(|&at| {
        let before = text[..at].chars().next_back();
        let after = text[at + name.len()..].chars().next();
        !before.into_iter().chain(after).any(char::is_alphanumeric)
    })
}

fn is_called(place: &Location, wanted: &str) -> bool {
    names(place).any(|name| collation::lower(name.trim()) == wanted)
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
        let in_text = |level, text| tree.find_in_text(level, text, None).map(|f| f.path);
        assert_eq!(in_text(LocationLevel::State, "ninaishi kaskazini!").as_deref(), Some("Home > North"));
        assert_eq!(in_text(LocationLevel::State, "northern"), None);
        assert_eq!(in_text(LocationLevel::State, "d'north, south").as_deref(), Some("Home > North"));
        assert_eq!(path_name("Home > North"), "North");
        assert!(is_path("Home > North") && !is_path("North"));
    }
}
