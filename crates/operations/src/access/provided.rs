//! Somebody signs in whom another service knows.

use domain::{UserId, UserUuid, WorkspaceUuid};
use smol_str::SmolStr;
use store::{ActorMeans, Change, DefinitionChange, SignInMeans, UserRow};

use super::sign_in::enter;
use super::{
    AccessError, NO_PASSWORD, SignedIn, acting_as, commit, is_email, kept_email, users::MAX_USER_NAME,
};
use crate::{Context, Role};

/// Somebody of whom another service says who they are.
#[derive(Debug, Clone)]
pub struct Provided {
    /// Their e-mail address, confirmed there.
    pub email: SmolStr,
    /// What they are called there; may be empty.
    pub name: SmolStr,
    /// Whether they proved a second factor there that counts here.
    pub second_factor: bool,
    /// The workspace that they want; without it the first in which they work.
    pub workspace: Option<WorkspaceUuid>,
    /// The role in which they come if they are no user yet, and the workspace; without it they do not come in.
    pub newcomer: Option<(Role, Option<WorkspaceUuid>)>,
    /// From which address they come.
    pub address: SmolStr,
    /// With which program, as it says itself.
    pub agent: SmolStr,
}

/// Signs in somebody whom another service knows. Who is no user anywhere becomes one, if newcomers do. Somebody who was
/// removed from the workspace of newcomers stays out: they are invited.
///
/// # Errors
/// [`AccessError::NoWorkspace`] if they are no user and do not become one, [`AccessError::Email`].
pub async fn sign_in_provided(ctx: &Context, given: Provided) -> Result<SignedIn, AccessError> {
    let email = kept_email(&given.email);
    if !is_email(&email) {
        return Err(AccessError::Email(email));
    }
    let users = ctx.store.users_with_email(email.clone(), super::MAX_WORKSPACES_OF_USER).await?;
    let mut found = None;
    for user in users.iter().filter(|user| Role::from_name(&user.role).is_some()) {
        let Some(ws) = ctx.registry.workspace(ctx, user.workspace).await? else { continue };
        if given.workspace.is_none_or(|wanted| wanted == ws.row.uuid) {
            found = Some(user.clone());
            break;
        }
    }
    let (user, is_new) = match (found, given.newcomer) {
        (Some(user), _) => (user, false),
        (None, Some(newcomer)) if users.is_empty() => {
            (newcomer_of(ctx, &given, &email, newcomer).await?, true)
        }
        (None, _) => return Err(AccessError::NoWorkspace),
    };
    let (signed_in, entered) =
        enter(ctx, &user, SignInMeans::SingleSignOn, given.second_factor, &given.address, &given.agent);
    let ctx = &acting_as(ctx, &user.email, user.workspace, Some(user.id), ActorMeans::SignIn);
    let workspace = user.workspace;
    let made = is_new.then(|| Change::Definition(workspace, DefinitionChange::User(Box::new(user))));
    let entered = entered.into_iter().map(|change| Change::Access(Box::new(change)));
    commit(ctx, made.into_iter().chain(entered).collect()).await?;
    Ok(signed_in)
}

/// The user that somebody becomes.
async fn newcomer_of(
    ctx: &Context,
    given: &Provided,
    email: &SmolStr,
    (role, wanted): (Role, Option<WorkspaceUuid>),
) -> Result<UserRow, AccessError> {
    let all = ctx.store.workspaces().await?;
    let into = match wanted {
        Some(uuid) => all.iter().find(|row| row.uuid == uuid),
        None => all.first().filter(|_| all.len() == 1),
    };
    let into = into.ok_or(AccessError::NoWorkspace)?;
    let ws = ctx.registry.workspace(ctx, into.id).await?.ok_or(AccessError::NoWorkspace)?;
    if ws.definitions().users.iter().any(|user| user.email == *email) {
        return Err(AccessError::NoWorkspace);
    }
    let now = ctx.now();
    Ok(UserRow {
        id: UserId(ctx.next_id(now)),
        workspace: into.id,
        uuid: UserUuid(ctx.host.uuid_v4()),
        email: email.clone(),
        name: given.name.chars().take(MAX_USER_NAME).collect(),
        password_hash: NO_PASSWORD.to_owned(),
        role: role.name().into(),
        team: None,
        created_on: now,
    })
}
