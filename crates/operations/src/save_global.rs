//! A global is added by its name, or gets another value.

use domain::{GlobalId, WorkspaceId};
use smol_str::SmolStr;
use store::{Change, DefinitionChange, GlobalRow};

use crate::{
    Context,
    edit_definitions::{SaveError, Saved, edit, key_of, same_name},
    set_global::{MAX_GLOBALS, MAX_KEY},
};

/// Which global.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GlobalNamed<'n> {
    /// A new one of this name; its key comes of it.
    New(&'n str),
    /// The one with this key.
    Key(&'n str),
}

/// Adds a global, or gives the one with this key another value. The value is held to its length by the caller.
///
/// # Errors
/// [`SaveError`]; nothing is written then.
pub async fn save_global(
    ctx: &Context,
    workspace: WorkspaceId,
    global: GlobalNamed<'_>,
    value: &SmolStr,
) -> Result<Saved<GlobalRow>, SaveError> {
    edit(ctx, workspace, |ws| {
        let globals = &ws.definitions().globals;
        let (value, modified_on) = (value.clone(), ctx.now());
        let (row, made) = match global {
            GlobalNamed::Key(key) => {
                let known = globals.iter().find(|global| global.key == key).ok_or(SaveError::NotFound)?;
                (GlobalRow { value, modified_on, ..known.clone() }, false)
            }
            GlobalNamed::New(name) => {
                let name = proper(name)?;
                let key = key_of(name).ok_or(SaveError::Name("Not a name that a global can have."))?;
                if globals.iter().any(|global| global.key == key || same_name(&global.name, name)) {
                    return Err(SaveError::Taken);
                }
                if globals.len() >= MAX_GLOBALS {
                    return Err(SaveError::TooMany(MAX_GLOBALS));
                }
                let id = GlobalId(ctx.next_id(modified_on));
                (GlobalRow { id, key, name: name.into(), value, modified_on }, true)
            }
        };
        let change = Change::Definition(workspace, DefinitionChange::Global(row.clone()));
        Ok((vec![change], Saved { row, made }))
    })
    .await
}

fn proper(name: &str) -> Result<&str, SaveError> {
    let name = name.trim();
    let fits = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    if name.chars().count() > MAX_KEY {
        return Err(SaveError::Name("Ensure this field has no more than 36 characters."));
    }
    if !name.chars().all(fits) {
        return Err(SaveError::Name("May only contain letters, digits, spaces and hyphens."));
    }
    Ok(name)
}
