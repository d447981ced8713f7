//! From older specifications of flow definitions to the current one.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use uuid::Uuid;

use crate::definition::DefinitionError;
use crate::legacy::{self, Origin};

mod convert;
mod down;
mod rewrite;
mod v13_1;
mod v13_2;
mod v13_3;
mod v13_4;
mod v13_5;
mod v13_6;
mod v14_0;
mod v14_1;
mod v14_2;
mod v14_3;
mod v14_4;
mod version;
mod walk;

pub use convert::{Change, Conversion, RAPIDPRO_9, UnknownTarget, Warning, convert, convert_from, target};
pub use version::Version;
use walk::Object;

/// The specification that flows of action sets and rule sets are brought to first.
const FIRST: Version = Version::new(13, 0, 0);
/// What a flow of action sets and rule sets follows if it does not say.
const LEGACY: Version = Version::new(11, 0, 0);

/// The specification that this release writes.
pub const CURRENT: Version = Version::new(14, 4, 2);

/// What tells the generation of a flow.
#[derive(Deserialize)]
struct Head {
    spec_version: Option<Value>,
    version: Option<Value>,
    action_sets: Option<IgnoredAny>,
    rule_sets: Option<IgnoredAny>,
    definition: Option<IgnoredAny>,
    flow_type: Option<IgnoredAny>,
    base_language: Option<IgnoredAny>,
}

/// The specification that a definition follows.
pub fn version_of(json: &str) -> Result<Version, DefinitionError> {
    supported(serde_json::from_str(json)?)
}

/// The specification that a parsed definition follows.
pub fn version_in(flow: &Value) -> Result<Version, DefinitionError> {
    supported(Head::deserialize(flow)?)
}

fn supported(head: Head) -> Result<Version, DefinitionError> {
    let Some(spec_version) = head.spec_version else {
        let legacy = [head.action_sets, head.rule_sets, head.definition, head.flow_type, head.base_language];
        if legacy.iter().all(Option::is_none) {
            return Err(DefinitionError::NoVersion);
        }
        // What is in the flow tells more than the number: everything before 13.0 is read in one way.
        let version = head.version.and_then(|version| plain(version).parse().ok());
        return Ok(version.filter(|version| *version < FIRST).unwrap_or(LEGACY));
    };
    let text = plain(spec_version);
    let version: Version = text.parse().map_err(|()| DefinitionError::InvalidVersion(text.clone()))?;
    if version.major < 13 {
        return Err(DefinitionError::NeverPublished(text));
    }
    if (version.major, version.minor) > (CURRENT.major, CURRENT.minor) {
        return Err(DefinitionError::TooNew(text));
    }
    // A later patch of the same minor version adds nothing that we would misread.
    Ok(version.min(CURRENT))
}

fn plain(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// One step, which may draw identifiers.
type Step = fn(&mut Object, &mut dyn FnMut() -> Uuid);

/// What each version changed, in order.
const STEPS: [(Version, Step); 15] = [
    (Version::new(13, 1, 0), v13_1::migrate),
    (Version::new(13, 2, 0), |flow, _| v13_2::migrate(flow)),
    (Version::new(13, 3, 0), |flow, _| v13_3::migrate(flow)),
    (Version::new(13, 4, 0), v13_4::migrate),
    (Version::new(13, 5, 0), |flow, _| v13_5::migrate(flow)),
    (Version::new(13, 6, 0), |flow, _| v13_6::truncate_names(flow)),
    (Version::new(13, 6, 1), |flow, _| v13_6::truncate_lookups(flow)),
    (Version::new(14, 0, 0), |flow, _| v14_0::migrate(flow)),
    (Version::new(14, 1, 0), |flow, _| v14_1::split_on_status(flow)),
    (Version::new(14, 2, 0), |flow, _| v14_2::migrate(flow)),
    (Version::new(14, 3, 0), |flow, _| v14_3::split_on_locals(flow)),
    (Version::new(14, 3, 1), |flow, _| v14_3::join_arguments(flow)),
    (Version::new(14, 4, 0), |flow, _| v14_4::migrate(flow)),
    (Version::new(14, 4, 1), |flow, _| v14_1::repair_split(flow)),
    (Version::new(14, 4, 2), |flow, _| v14_1::default_status(flow)),
];

/// Brings a definition to a specification, drawing identifiers for what is added from `uuids`.
///
/// A definition that is newer than `to` is left as it is.
pub fn migrate(
    flow: &mut Value,
    to: Version,
    uuids: &mut dyn FnMut() -> Uuid,
) -> Result<(), DefinitionError> {
    migrate_from(flow, to, &mut Origin::default(), uuids)
}

/// The same for a flow that may be of action sets and rule sets, with what is known of where it comes from.
pub fn migrate_from(
    flow: &mut Value,
    to: Version,
    origin: &mut Origin<'_>,
    uuids: &mut dyn FnMut() -> Uuid,
) -> Result<(), DefinitionError> {
    let mut from = version_in(flow)?;
    if from < FIRST && from < to {
        legacy::migrate(flow, origin, uuids)?;
        from = FIRST;
    }
    let Some(object) = flow.as_object_mut() else { return Err(DefinitionError::NoVersion) };
    for (version, step) in STEPS.iter().filter(|(version, _)| from < *version && *version <= to) {
        step(object, uuids);
        object.insert("spec_version".into(), version.to_string().into());
    }
    if from < to {
        object.insert("spec_version".into(), to.to_string().into());
    }
    Ok(())
}
