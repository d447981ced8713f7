//! How fields, groups, labels and other definitions are changed: planned on what was read, written only if nobody
//! changed definitions meanwhile, and otherwise planned anew.

use std::sync::Arc;

use domain::WorkspaceId;
use smol_str::SmolStr;
use store::{Change, DefinitionChange, StoreError, Unit, UnitError};
use thiserror::Error;

use crate::{Context, Workspace};

/// How often it is tried anew because somebody else changed the definitions meanwhile.
const MAX_ATTEMPTS: usize = 8;

/// Why something that is named was not saved or removed.
#[derive(Debug, Clone, Error)]
pub enum SaveError {
    /// There is no such workspace.
    #[error("there is no such workspace")]
    NoWorkspace,
    /// It is not in this workspace.
    #[error("there is no such object in this workspace")]
    NotFound,
    /// The name cannot be used.
    #[error("{0}")]
    Name(&'static str),
    /// Another one has the name.
    #[error("another one has this name")]
    Taken,
    /// Whom it is for cannot be read, or not be asked for here.
    #[error("{0}")]
    Query(String),
    /// It cannot be of this kind.
    #[error("{0}")]
    Kind(&'static str),
    /// There are as many as there may be.
    #[error("the workspace has {0} of these, and may not have more")]
    TooMany(usize),
    /// It belongs to the system.
    #[error("this belongs to the system and cannot be changed")]
    System,
    /// A member cannot be this.
    #[error("{0}: {1}")]
    Wrong(&'static str, SmolStr),
    /// Another does the same.
    #[error("{0} does the same already; put it away first")]
    Clash(SmolStr),
    /// Something else needs it.
    #[error("it is used by {0}")]
    InUse(SmolStr),
    /// Somebody kept changing the definitions.
    #[error("the definitions of this workspace are being changed by somebody else; try again")]
    Busy,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Something that was saved, and whether it was not there before.
#[derive(Debug, Clone, PartialEq)]
pub struct Saved<T> {
    /// As it is now.
    pub row: T,
    /// Whether it is new.
    pub made: bool,
}

/// Plans changes on the definitions as they are and commits them as one unit. A name that is taken meanwhile makes it
/// plan anew.
pub(crate) async fn edit<T>(
    ctx: &Context,
    workspace: WorkspaceId,
    plan: impl Fn(&Arc<Workspace>) -> Result<(Vec<Change>, T), SaveError>,
) -> Result<T, SaveError> {
    for _ in 0..MAX_ATTEMPTS {
        let ws = ctx.registry.workspace(ctx, workspace).await?.ok_or(SaveError::NoWorkspace)?;
        let (planned, value) = plan(&ws)?;
        if planned.is_empty() {
            return Ok(value);
        }
        let expect = DefinitionChange::Expect(ws.row.definitions_version);
        let mut changes = vec![Change::Definition(workspace, expect)];
        changes.extend(planned);
        match ctx.write_one(Unit::new(changes)).await {
            Ok(_) => return Ok(value),
            Err(UnitError::Conflict | UnitError::Taken(_)) => {}
            Err(UnitError::Gone) => return Err(SaveError::NoWorkspace),
            Err(UnitError::Store(error)) => return Err(error.into()),
            Err(other) => return Err(StoreError::Database(other.to_string()).into()),
        }
    }
    Err(SaveError::Busy)
}

/// A name as it is compared with others.
pub(crate) fn same_name(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

/// The name without outer blanks, if it has 1 to `most` characters and none that queries and files cannot write.
pub(crate) fn proper_name(name: &str, most: usize) -> Result<SmolStr, SaveError> {
    let name = name.trim();
    if name.is_empty() {
        return Err(SaveError::Name("This field may not be blank."));
    }
    if name.chars().count() > most {
        return Err(SaveError::Name("The name is too long."));
    }
    if name.contains(['"', '\\', '\0']) {
        return Err(SaveError::Name("May not contain \" or \\."));
    }
    Ok(name.into())
}

/// The key that expressions and addresses write for a name: small letters, digits and `_`, beginning with a letter.
pub(crate) fn key_of(name: &str) -> Option<SmolStr> {
    let mut key = String::new();
    for c in name.trim().to_lowercase().chars() {
        if c.is_ascii_alphanumeric() {
            key.push(c);
        } else if !key.ends_with('_') {
            key.push('_');
        }
    }
    let key = key.trim_matches('_');
    key.starts_with(|c: char| c.is_ascii_lowercase()).then(|| key.into())
}

#[cfg(test)]
mod tests {
    use super::{key_of, proper_name};

    #[test]
    fn keys_come_of_names() {
        for (name, key) in [
            ("Due date", Some("due_date")),
            (" Age ", Some("age")),
            ("Nick-name 2", Some("nick_name_2")),
            ("2 names", None),
            ("--", None),
            ("Größe", Some("gr_e")),
        ] {
            assert_eq!(key_of(name).as_deref(), key, "{name}");
        }
    }

    #[test]
    fn names_are_held_to_what_queries_can_write() {
        assert_eq!(proper_name(" a b ", 3).unwrap(), "a b");
        for bad in ["", "  ", "abcd", "a\"", "a\\"] {
            assert!(proper_name(bad, 3).is_err(), "{bad}");
        }
    }
}
