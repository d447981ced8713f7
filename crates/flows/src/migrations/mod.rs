//! From older specifications of flow definitions to the current one.

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::definition::DefinitionError;

mod version;

pub use version::Version;

/// The specification that this release writes.
pub const CURRENT: Version = Version::new(14, 4, 2);

/// The specification that a definition follows.
pub fn version_of(json: &str) -> Result<Version, DefinitionError> {
    #[derive(Deserialize)]
    struct Head {
        spec_version: Option<Value>,
        version: Option<Value>,
        action_sets: Option<serde::de::IgnoredAny>,
        rule_sets: Option<serde::de::IgnoredAny>,
    }
    let head: Head = serde_json::from_str(json)?;
    let Some(spec_version) = head.spec_version else {
        if head.action_sets.is_some() || head.rule_sets.is_some() {
            let version = head.version.map_or_else(|| "unknown".to_owned(), plain);
            return Err(DefinitionError::Legacy(version));
        }
        return Err(DefinitionError::NoVersion);
    };
    let text = plain(spec_version);
    let version: Version = text.parse().map_err(|()| DefinitionError::InvalidVersion(text.clone()))?;
    if version.major < 13 {
        return Err(DefinitionError::Legacy(text));
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

/// Brings a definition to a specification, drawing identifiers for what is added from `uuids`.
pub fn migrate(
    flow: &mut Value,
    to: Version,
    _uuids: &mut dyn FnMut() -> Uuid,
) -> Result<(), DefinitionError> {
    if let Some(object) = flow.as_object_mut() {
        object.insert("spec_version".into(), Value::String(to.to_string()));
    }
    Ok(())
}
