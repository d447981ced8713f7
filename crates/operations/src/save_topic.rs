//! A topic of tickets is added, or gets another name.

use domain::{TopicId, TopicUuid, WorkspaceId};
use store::{Change, DefinitionChange, TopicRow};

use crate::{
    Context,
    edit_definitions::{SaveError, Saved, edit, proper_name, same_name},
};

/// Topics of a workspace.
pub const MAX_TOPICS: usize = 250;
/// Characters of a topic's name.
pub const MAX_TOPIC_NAME: usize = 64;

/// Adds a topic, or gives the one with this identifier another name. The first, which comes with the workspace, keeps
/// its own.
///
/// # Errors
/// [`SaveError`]; nothing is written then.
pub async fn save_topic(
    ctx: &Context,
    workspace: WorkspaceId,
    topic: Option<TopicUuid>,
    name: &str,
) -> Result<Saved<TopicRow>, SaveError> {
    let name = proper_name(name, MAX_TOPIC_NAME)?;
    edit(ctx, workspace, |ws| {
        let topics = &ws.definitions().topics;
        let (row, made) = match topic {
            Some(uuid) => {
                let known = topics.iter().position(|topic| topic.uuid == uuid).ok_or(SaveError::NotFound)?;
                if known == 0 {
                    return Err(SaveError::System);
                }
                (TopicRow { name: name.clone(), ..topics[known].clone() }, false)
            }
            None if topics.len() >= MAX_TOPICS => return Err(SaveError::TooMany(MAX_TOPICS)),
            None => {
                let (id, uuid) = (TopicId(ctx.next_id(ctx.now())), TopicUuid(ctx.host.uuid_v4()));
                (TopicRow { id, uuid, name: name.clone() }, true)
            }
        };
        if topics.iter().any(|topic| topic.id != row.id && same_name(&topic.name, &row.name)) {
            return Err(SaveError::Taken);
        }
        let change = Change::Definition(workspace, DefinitionChange::Topic(row.clone()));
        Ok((vec![change], Saved { row, made }))
    })
    .await
}
