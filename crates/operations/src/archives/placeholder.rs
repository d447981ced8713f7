//! A flow of which nothing is known but its name, so that its runs have one.

use std::sync::Arc;

use domain::{FlowId, FlowUuid, WorkspaceId};
use serde_json::json;
use store::{Change, DefinitionChange, FlowRow, RevisionRow, StoreError};

use crate::{
    Context,
    edit_definitions::{SaveError, edit},
};

/// Adds an empty, archived flow. Answers whether it is there now and was not before; `false` also where another workspace has
/// its identifier.
///
/// # Errors
/// If the store fails.
pub(super) async fn placeholder_flow(
    ctx: &Context,
    workspace: WorkspaceId,
    uuid: FlowUuid,
    name: &str,
) -> Result<bool, StoreError> {
    let name = if name.trim().is_empty() { "Unknown flow" } else { name.trim() };
    let done = edit(ctx, workspace, |ws| {
        if ws.definitions().flows.iter().any(|flow| flow.uuid == uuid) {
            return Ok((Vec::new(), false));
        }
        let now = ctx.now();
        let definition = json!({
            "uuid": uuid, "name": name, "spec_version": "14.4.2", "language": "und", "type": "messaging",
            "revision": 1, "expire_after_minutes": 0, "localization": {}, "nodes": [],
        });
        let id = FlowId(ctx.next_id(now));
        let flow = FlowRow {
            id,
            uuid,
            name: name.into(),
            flow_type: "messaging".into(),
            expire_after_minutes: 0,
            ignore_triggers: false,
            revision: 1,
            archived: true,
            created_on: now,
            modified_on: now,
        };
        let definition = Arc::from(definition.to_string());
        let revision = RevisionRow { flow: id, revision: 1, definition, created_on: now };
        let changes = [DefinitionChange::Flow(flow), DefinitionChange::Revision(revision)];
        Ok((changes.map(|change| Change::Definition(workspace, change)).to_vec(), true))
    })
    .await;
    match done {
        Ok(made) => Ok(made),
        Err(SaveError::Store(error)) => Err(error),
        Err(_) => Ok(false),
    }
}
