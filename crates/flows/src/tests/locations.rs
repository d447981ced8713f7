//! Tests of places that people write among words.

use expressions::locations::{Found, is_path};
use expressions::{Environment, Fault, LocationLevel, LocationTree, Value};
use smol_str::SmolStr;

use super::{Match, Verdict};

/// `has_state`, `has_district`, `has_ward`: the text names a place of a level, perhaps within others. The match
/// is the place's path.
#[derive(Clone, Debug)]
pub(super) struct PlaceTest {
    level: LocationLevel,
    /// The places it must lie in, outermost first, as names or paths; an empty one says nothing.
    within: Box<[(LocationLevel, SmolStr)]>,
}

/// What is wrong with a call of `has_ward` with `count` arguments behind its operand.
pub(super) fn wrong_count(count: usize) -> Fault {
    Fault::new(format!("takes one or three arguments, got {count}"))
}

impl PlaceTest {
    pub(super) fn new(level: LocationLevel, arguments: &[Value]) -> Result<Self, Fault> {
        if level == LocationLevel::Ward && !matches!(arguments.len(), 0 | 2) {
            return Err(wrong_count(arguments.len() + 1));
        }
        let levels = [LocationLevel::State, LocationLevel::District];
        let within = levels.into_iter().zip(arguments.iter().map(|a| a.to_text().trim().into()));
        Ok(Self { level, within: within.collect() })
    }

    pub(super) fn run(&self, env: &Environment, text: &str) -> Verdict {
        let Some(tree) = &env.locations else {
            return Err(Fault::new("the workspace has no places to look in"));
        };
        let mut parent: Option<String> = None;
        for (level, name) in self.within.iter().filter(|(_, name)| !name.is_empty()) {
            match find(tree, *level, name, parent.as_deref()) {
                Some(place) => parent = Some(place.path),
                None => return Ok(None),
            }
        }
        Ok(find(tree, self.level, text, parent.as_deref()).map(|place| Match::of(place.path)))
    }
}

/// The place that a path, a name or a sentence names.
fn find<'t>(
    tree: &'t LocationTree,
    level: LocationLevel,
    text: &str,
    parent: Option<&str>,
) -> Option<Found<'t>> {
    if is_path(text)
        && let Some(place) = tree.by_path(text)
    {
        return (place.level == level && parent.is_none_or(|parent| place.path.starts_with(parent)))
            .then_some(place);
    }
    tree.find_in_text(level, text, parent)
}
