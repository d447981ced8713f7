//! A label on messages is added, gets another name, or is removed.

use domain::{LabelId, LabelUuid, WorkspaceId};
use store::{Change, DefinitionChange, LabelRow};

use crate::{
    Context,
    edit_definitions::{SaveError, Saved, edit, proper_name, same_name},
};

/// Labels of a workspace.
pub const MAX_LABELS: usize = 250;
/// Characters of a label's name.
pub const MAX_LABEL_NAME: usize = 64;

/// Adds a label, or gives the one with this identifier another name.
///
/// # Errors
/// [`SaveError`]; nothing is written then.
pub async fn save_label(
    ctx: &Context,
    workspace: WorkspaceId,
    label: Option<LabelUuid>,
    name: &str,
) -> Result<Saved<LabelRow>, SaveError> {
    let name = proper_name(name, MAX_LABEL_NAME)?;
    edit(ctx, workspace, |ws| {
        let labels = &ws.definitions().labels;
        let (row, made) = match label {
            Some(uuid) => {
                let known = labels.iter().find(|label| label.uuid == uuid).ok_or(SaveError::NotFound)?;
                (LabelRow { name: name.clone(), ..known.clone() }, false)
            }
            None if labels.len() >= MAX_LABELS => return Err(SaveError::TooMany(MAX_LABELS)),
            None => {
                let (id, uuid) = (LabelId(ctx.next_id(ctx.now())), LabelUuid(ctx.host.uuid_v4()));
                (LabelRow { id, uuid, name: name.clone() }, true)
            }
        };
        if labels.iter().any(|label| label.id != row.id && same_name(&label.name, &row.name)) {
            return Err(SaveError::Taken);
        }
        let change = Change::Definition(workspace, DefinitionChange::Label(row.clone()));
        Ok((vec![change], Saved { row, made }))
    })
    .await
}

/// Removes a label; messages have it no more.
///
/// # Errors
/// [`SaveError`]; nothing is written then.
pub async fn remove_label(ctx: &Context, workspace: WorkspaceId, label: LabelUuid) -> Result<(), SaveError> {
    edit(ctx, workspace, |ws| {
        let row = ws.definitions().labels.iter().find(|row| row.uuid == label).ok_or(SaveError::NotFound)?;
        Ok((vec![Change::Definition(workspace, DefinitionChange::RemoveLabel(row.id))], ()))
    })
    .await
}
