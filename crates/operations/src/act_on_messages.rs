//! Something is done with several incoming messages at once: labelled, put away, emptied.

use domain::{LabelId, LabelUuid, MessageId, WorkspaceId};
use smol_str::SmolStr;
use store::{Change, DefinitionChange, LabelRow, NewMessageLabel, StoreError, Unit, UnitError, Visibility};
use thiserror::Error;

use crate::{
    Context,
    edit_definitions::{SaveError, edit, proper_name, same_name},
    save_label::{MAX_LABEL_NAME, MAX_LABELS},
};

/// Which label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LabelNamed {
    /// One that is there.
    Id(LabelId),
    /// The one of this name, whatever its case; made if there is none and it is to be put on.
    Name(SmolStr),
}

/// What is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MessageAction {
    /// They get a label.
    Label(LabelNamed),
    /// They lose one.
    Unlabel(LabelNamed),
    /// They are put away.
    Archive,
    /// They are taken back.
    Restore,
    /// They are emptied for good.
    Delete,
}

/// Why it was not done.
#[derive(Debug, Clone, Error)]
pub enum ActOnMessagesError {
    /// The label cannot be made.
    #[error(transparent)]
    Label(#[from] SaveError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Does it with all of these, which are incoming and not deleted, as one transaction.
///
/// # Errors
/// [`ActOnMessagesError`]; nothing is written then.
pub async fn act_on_messages(
    ctx: &Context,
    workspace: WorkspaceId,
    messages: &[MessageId],
    action: &MessageAction,
) -> Result<(), ActOnMessagesError> {
    let now = ctx.now();
    let seen = |visibility| {
        let change = |id: &MessageId| Change::Visibility(workspace, *id, visibility, now);
        messages.iter().map(change).collect::<Vec<_>>()
    };
    let changes = match action {
        MessageAction::Label(label) => match known(ctx, workspace, label).await? {
            Some(label) => {
                let change =
                    |id: &MessageId| Change::Label(NewMessageLabel { workspace, message: *id, label });
                messages.iter().map(change).collect()
            }
            None => return put_on(ctx, workspace, messages, label).await,
        },
        MessageAction::Unlabel(label) => {
            let Some(label) = known(ctx, workspace, label).await? else { return Ok(()) };
            let change = |id: &MessageId| Change::Unlabel(NewMessageLabel { workspace, message: *id, label });
            messages.iter().map(change).collect()
        }
        MessageAction::Archive => seen(Visibility::Archived),
        MessageAction::Restore => seen(Visibility::Visible),
        MessageAction::Delete => seen(Visibility::Deleted),
    };
    if changes.is_empty() {
        return Ok(());
    }
    match ctx.write_one(Unit::new(changes)).await {
        Ok(_) => Ok(()),
        Err(UnitError::Store(error)) => Err(error.into()),
        Err(other) => Err(StoreError::Database(other.to_string()).into()),
    }
}

/// A label that is there.
async fn known(
    ctx: &Context,
    workspace: WorkspaceId,
    label: &LabelNamed,
) -> Result<Option<LabelId>, ActOnMessagesError> {
    let ws = ctx.registry.workspace(ctx, workspace).await?.ok_or(SaveError::NoWorkspace)?;
    Ok(find(&ws.definitions().labels, label))
}

fn find(labels: &[LabelRow], wanted: &LabelNamed) -> Option<LabelId> {
    let fits = |label: &&LabelRow| match wanted {
        LabelNamed::Id(id) => label.id == *id,
        LabelNamed::Name(name) => same_name(&label.name, name),
    };
    labels.iter().find(fits).map(|label| label.id)
}

/// The label and the messages that get it are written together.
async fn put_on(
    ctx: &Context,
    workspace: WorkspaceId,
    messages: &[MessageId],
    wanted: &LabelNamed,
) -> Result<(), ActOnMessagesError> {
    let planned = edit(ctx, workspace, |ws| {
        let labels = &ws.definitions().labels;
        let (label, made) = match (find(labels, wanted), wanted) {
            (Some(label), _) => (label, None),
            (None, LabelNamed::Id(_)) => return Err(SaveError::NotFound),
            (None, LabelNamed::Name(_)) if labels.len() >= MAX_LABELS => {
                return Err(SaveError::TooMany(MAX_LABELS));
            }
            (None, LabelNamed::Name(name)) => {
                let name = proper_name(name, MAX_LABEL_NAME)?;
                let id = LabelId(ctx.next_id(ctx.now()));
                let row = LabelRow { id, uuid: LabelUuid(ctx.host.uuid_v4()), name };
                (id, Some(Change::Definition(workspace, DefinitionChange::Label(row))))
            }
        };
        let puts = |id: &MessageId| Change::Label(NewMessageLabel { workspace, message: *id, label });
        Ok((made.into_iter().chain(messages.iter().map(puts)).collect(), ()))
    });
    Ok(planned.await?)
}
