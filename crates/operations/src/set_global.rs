//! A value that all flows of a workspace share, `@globals.key`.

use domain::{GlobalId, WorkspaceId};
use smol_str::SmolStr;
use store::{Change, DefinitionChange, GlobalRow, StoreError, Unit, UnitError};
use thiserror::Error;

use crate::Context;

/// Longest key, in characters.
pub const MAX_KEY: usize = 36;
/// Longest value, in characters.
pub const MAX_VALUE: usize = 10_000;
/// Most globals of a workspace.
pub const MAX_GLOBALS: usize = 250;
/// How often it is tried anew because somebody else changed the definitions meanwhile.
const MAX_ATTEMPTS: usize = 5;

/// Why a global was not set.
#[derive(Debug, Clone, Error)]
pub enum SetGlobalError {
    /// Flows could not name it.
    #[error("{0:?} is no key; use small letters, digits and _, beginning with a letter, at most {MAX_KEY}")]
    Key(SmolStr),
    /// The value is too long.
    #[error("a global has at most {MAX_VALUE} characters")]
    Value,
    /// There are too many.
    #[error("a workspace has at most {MAX_GLOBALS} globals")]
    TooMany,
    /// There is no such workspace.
    #[error("there is no such workspace; `seedling init` makes one")]
    NoWorkspace,
    /// Somebody kept changing the definitions.
    #[error("the definitions of this workspace are being changed by somebody else; try again")]
    Busy,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Sets a global, new or not. Flows see it with the next step that they take.
///
/// # Errors
/// [`SetGlobalError`]; nothing is changed then.
pub async fn set_global(
    ctx: &Context,
    workspace: WorkspaceId,
    key: SmolStr,
    value: SmolStr,
) -> Result<(), SetGlobalError> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if key.len() > MAX_KEY || !key.starts_with(|c: char| c.is_ascii_lowercase()) || !key.bytes().all(fits) {
        return Err(SetGlobalError::Key(key));
    }
    if value.chars().count() > MAX_VALUE {
        return Err(SetGlobalError::Value);
    }
    for _ in 0..MAX_ATTEMPTS {
        let before = ctx.store.definitions(workspace).await?.ok_or(SetGlobalError::NoWorkspace)?;
        let known = before.globals.iter().find(|global| global.key == key);
        if known.is_none() && before.globals.len() >= MAX_GLOBALS {
            return Err(SetGlobalError::TooMany);
        }
        let (id, name) = match known {
            Some(row) => (row.id, row.name.clone()),
            None => (GlobalId(ctx.next_id(ctx.now())), key.clone()),
        };
        let row = GlobalRow { id, key: key.clone(), name, value: value.clone(), modified_on: ctx.now() };
        let changes =
            [DefinitionChange::Expect(before.workspace.definitions_version), DefinitionChange::Global(row)];
        let unit = Unit::new(changes.map(|change| Change::Definition(workspace, change)).into());
        match ctx.write_one(unit).await {
            Ok(_) => return Ok(()),
            Err(UnitError::Conflict | UnitError::Taken(_)) => {}
            Err(UnitError::Gone) => return Err(SetGlobalError::NoWorkspace),
            Err(UnitError::Store(error)) => return Err(error.into()),
            Err(other) => return Err(StoreError::Database(other.to_string()).into()),
        }
    }
    Err(SetGlobalError::Busy)
}
