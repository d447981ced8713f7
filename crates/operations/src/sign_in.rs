//! Somebody says who they are and proves it by their password.

use domain::WorkspaceId;
use store::{Change, DefinitionChange, StoreError, Unit, UserRow};

use crate::{Context, check_password, passwords};

/// The user with this e-mail address and password; `None` if there is none. Checking takes a good part of a second of one
/// core, whether or not there is such a user. A hash that was made by another program is replaced by one of ours.
///
/// # Errors
/// If the store fails while the user is looked up.
pub async fn sign_in(
    ctx: &Context,
    workspace: WorkspaceId,
    email: &str,
    password: &str,
) -> Result<Option<UserRow>, StoreError> {
    let Some(ws) = ctx.registry.workspace(ctx, workspace).await? else { return Ok(None) };
    let wanted = email.trim().to_lowercase();
    let user = ws.definitions().users.iter().find(|user| user.email == wanted).cloned();
    let Some(user) = user else {
        // As long as for somebody who is there.
        drop(passwords::hash(password, [0, 0]));
        return Ok(None);
    };
    if !check_password(password, &user.password_hash) {
        return Ok(None);
    }
    if !passwords::is_foreign(&user.password_hash) {
        return Ok(Some(user));
    }
    let salt = [ctx.host.random(), ctx.host.random()];
    let Ok(password_hash) = passwords::hash(password, salt) else { return Ok(Some(user)) };
    let row = UserRow { password_hash, ..user.clone() };
    let change = Change::Definition(workspace, DefinitionChange::User(Box::new(row.clone())));
    match ctx.write_one(Unit::new(vec![change])).await {
        Ok(_) => Ok(Some(row)),
        // Next time then: the password is right all the same.
        Err(error) => {
            tracing::warn!(%error, "a password could not be hashed anew");
            Ok(Some(user))
        }
    }
}
