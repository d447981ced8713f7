//! The e-mail server of a workspace, as its administrators set it: one, whose address is a secret.

use domain::{ServiceId, WorkspaceId};
use serde_json::json;
use store::{Change, DefinitionChange, Secret, ServiceKind, ServiceRow};

use crate::{
    Context,
    edit_definitions::{SaveError, edit},
};

/// Sets the server in the place of all that there are; `None` leaves none. Over the API it is one out in the world: whoever
/// administers a workspace need not see the operator's own networks.
///
/// # Errors
/// [`SaveError`]; nothing is written then. Whether the address can be used is asked before.
pub async fn set_email_server(
    ctx: &Context,
    workspace: WorkspaceId,
    address: Option<&Secret>,
) -> Result<(), SaveError> {
    edit(ctx, workspace, |ws| {
        let known = ws.definitions().services.iter().filter(|row| row.kind == ServiceKind::Email);
        let put_away = known.map(|row| ServiceRow { active: false, ..row.clone() });
        let now = ctx.now();
        let new = address.map(|address| ServiceRow {
            id: ServiceId(ctx.next_id(now)),
            uuid: ctx.host.uuid_v4(),
            kind: ServiceKind::Email,
            name: "E-mail".into(),
            config: json!({"public_only": true}),
            secret: address.clone(),
            active: true,
            created_on: now,
        });
        let change = |row| Change::Definition(workspace, DefinitionChange::Service(Box::new(row)));
        Ok((put_away.chain(new).map(change).collect(), ()))
    })
    .await
}
