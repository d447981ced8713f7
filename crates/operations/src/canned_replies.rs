//! What agents answer often: kept by name, in each language, with expressions that are evaluated for whoever gets it.

use domain::{CannedReplyId, CannedReplyUuid, WorkspaceId};
use flows::{events::BroadcastCreated, template_problem};
use store::{CannedReplyRow, Change, DefinitionChange};

use crate::{
    Context,
    edit_definitions::{SaveError, Saved, edit, proper_name, same_name},
};

/// Canned replies of a workspace.
pub const MAX_CANNED_REPLIES: usize = 1_000;
/// Characters of the name of one.
pub const MAX_CANNED_REPLY_NAME: usize = 64;

/// What is saved of a canned reply. What is `None` stays; a new one needs both.
#[derive(Debug, Clone, Default)]
pub struct CannedReplyEdit {
    /// Its name.
    pub name: Option<String>,
    /// What it says, by language.
    pub said: Option<BroadcastCreated>,
}

/// Adds a canned reply, or changes the one with this identifier.
///
/// # Errors
/// [`SaveError`]; nothing is written then. An expression that cannot be read is one.
pub async fn save_canned_reply(
    ctx: &Context,
    workspace: WorkspaceId,
    reply: Option<CannedReplyUuid>,
    to: &CannedReplyEdit,
) -> Result<Saved<CannedReplyRow>, SaveError> {
    let name = to.name.as_deref().map(|name| proper_name(name, MAX_CANNED_REPLY_NAME)).transpose()?;
    let said = to.said.as_ref().map(checked).transpose()?;
    edit(ctx, workspace, |ws| {
        let replies = &ws.definitions().canned_replies;
        let now = ctx.now();
        let (mut row, made) = match reply {
            Some(uuid) => {
                let known = replies.iter().find(|row| row.uuid == uuid).ok_or(SaveError::NotFound)?;
                (known.clone(), false)
            }
            None if replies.len() >= MAX_CANNED_REPLIES => {
                return Err(SaveError::TooMany(MAX_CANNED_REPLIES));
            }
            None => {
                let (id, uuid) = (CannedReplyId(ctx.next_id(now)), CannedReplyUuid(ctx.host.uuid_v4()));
                let name = name.clone().ok_or(SaveError::Name("This field is required."))?;
                let missing = || SaveError::Wrong("text", "This field is required.".into());
                let said = said.clone().ok_or_else(missing)?;
                (CannedReplyRow { id, uuid, name, said, modified_on: now }, true)
            }
        };
        row.name = name.clone().unwrap_or(row.name);
        row.said = said.clone().unwrap_or(row.said);
        row.modified_on = now;
        if replies.iter().any(|one| one.id != row.id && same_name(&one.name, &row.name)) {
            return Err(SaveError::Taken);
        }
        let change = Change::Definition(workspace, DefinitionChange::CannedReply(row.clone()));
        Ok((vec![change], Saved { row, made }))
    })
    .await
}

/// What is said as it is kept, if all its expressions can be read.
fn checked(said: &BroadcastCreated) -> Result<String, SaveError> {
    for content in said.translations.values() {
        for text in content.attachments.iter().chain([&content.text]) {
            if let Some(problem) = template_problem(text) {
                return Err(SaveError::Wrong("text", problem));
            }
        }
    }
    serde_json::to_string(said).map_err(|error| SaveError::Wrong("text", error.to_string().into()))
}

/// What a canned reply says.
///
/// # Errors
/// Of a row that another program wrote.
pub fn canned_reply_said(row: &CannedReplyRow) -> Result<BroadcastCreated, serde_json::Error> {
    serde_json::from_str(&row.said)
}

/// Removes a canned reply.
///
/// # Errors
/// [`SaveError`]; nothing is written then.
pub async fn remove_canned_reply(
    ctx: &Context,
    workspace: WorkspaceId,
    reply: CannedReplyUuid,
) -> Result<(), SaveError> {
    edit(ctx, workspace, |ws| {
        let row = ws
            .definitions()
            .canned_replies
            .iter()
            .find(|row| row.uuid == reply)
            .ok_or(SaveError::NotFound)?;
        Ok((vec![Change::Definition(workspace, DefinitionChange::RemoveCannedReply(row.id))], ()))
    })
    .await
}
