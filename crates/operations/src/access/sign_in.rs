//! Somebody signs in, is recognized by the secret that their browser keeps, goes on in another workspace, and leaves.

use std::sync::Arc;

use domain::{SignInId, SignInUuid, WorkspaceId, WorkspaceUuid};
use jiff::SignedDuration;
use smol_str::SmolStr;
use store::{AccessChange, ActorMeans, SignInMeans, SignInRow, StoreError, UserRow};

use super::{AccessError, acting_as, new_secret, proof, two_factor::use_code, write};
use crate::{Context, Role, Workspace, token_digest};

/// How long somebody may do nothing and is still signed in.
pub const SIGN_IN_IDLE: SignedDuration = SignedDuration::from_hours(24);
/// How long somebody is signed in at most.
pub const SIGN_IN_LASTS: SignedDuration = SignedDuration::from_hours(14 * 24);
/// How often it is noted that somebody is still there.
pub const SEEN_EVERY: SignedDuration = SignedDuration::from_mins(5);
/// Places in which one person is signed in; the oldest ends for one more.
pub const MAX_SIGN_INS: i64 = 20;
/// Characters kept of what a browser says about itself.
const AGENT_CHARS: usize = 200;

/// What somebody says who wants to sign in.
#[derive(Clone)]
pub struct SignIn {
    /// Their e-mail address.
    pub email: SmolStr,
    /// Their password.
    pub password: String,
    /// A code of their device, if they have one.
    pub code: Option<SmolStr>,
    /// The workspace that they want; without it the first in which they work.
    pub workspace: Option<WorkspaceUuid>,
    /// From which address they come.
    pub address: SmolStr,
    /// With which program, as it says itself.
    pub agent: SmolStr,
}

/// Somebody signed in.
#[derive(Clone)]
pub struct SignedIn {
    /// As it is kept.
    pub row: SignInRow,
    /// What proves it from now on. It is nowhere else, and cannot be shown again.
    pub secret: String,
}

/// Somebody who is signed in, as it is now.
#[derive(Clone)]
pub struct Present {
    /// Where they are signed in.
    pub row: SignInRow,
    /// The workspace in which they work now.
    pub ws: Arc<Workspace>,
    /// Who they are there.
    pub user: UserRow,
    /// What they may do there.
    pub role: Role,
}

/// Signs in by e-mail address and password.
///
/// # Errors
/// [`AccessError::Wrong`] whether the address or the password is; [`AccessError::NeedsCode`] and
/// [`AccessError::WrongCode`] if they have a device; [`AccessError::NoWorkspace`] if they are right, but for
/// another workspace.
pub async fn sign_in(ctx: &Context, given: SignIn) -> Result<SignedIn, AccessError> {
    let proven = proof::prove(ctx, &given.email, &given.password).await?;
    let second_factor = proven.login.totp_since.is_some();
    let better = match (second_factor, &given.code) {
        (false, _) => proven.better,
        (true, None) => return Err(AccessError::NeedsCode),
        (true, Some(code)) => {
            let login = proven.better.unwrap_or_else(|| proven.login.clone());
            Some(use_code(ctx, login, code).ok_or(AccessError::WrongCode)?)
        }
    };
    let user = choose(ctx, &proven.users, given.workspace).await?;
    let mut changes = Vec::new();
    match better {
        Some(better) => changes.push(AccessChange::Login(Box::new(better))),
        // Nobody comes in with a password that was changed meanwhile.
        None => changes.push(AccessChange::ExpectLogin(proven.login.email.clone(), proven.login.steps)),
    }
    let (signed_in, more) =
        enter(ctx, &user, SignInMeans::Password, second_factor, &given.address, &given.agent);
    changes.extend(more);
    write(&acting_as(ctx, &user.email, user.workspace, Some(user.id), ActorMeans::SignIn), changes).await?;
    Ok(signed_in)
}

/// The user that somebody is in the workspace that they want.
async fn choose(
    ctx: &Context,
    users: &[UserRow],
    wanted: Option<WorkspaceUuid>,
) -> Result<UserRow, AccessError> {
    for user in users {
        if Role::from_name(&user.role).is_none() {
            continue;
        }
        let Some(ws) = ctx.registry.workspace(ctx, user.workspace).await? else { continue };
        if wanted.is_none_or(|wanted| wanted == ws.row.uuid) {
            return Ok(user.clone());
        }
    }
    Err(AccessError::NoWorkspace)
}

/// What is written for somebody who comes in as this user.
pub(super) fn enter(
    ctx: &Context,
    user: &UserRow,
    means: SignInMeans,
    second_factor: bool,
    address: &str,
    agent: &str,
) -> (SignedIn, [AccessChange; 2]) {
    let now = ctx.now();
    let (secret, sha256) = new_secret(ctx);
    let row = SignInRow {
        id: SignInId(ctx.next_id(now)),
        uuid: SignInUuid(ctx.host.uuid_v4()),
        sha256,
        email: user.email.clone(),
        workspace: user.workspace,
        user: user.id,
        means,
        second_factor,
        address: address.into(),
        agent: agent.chars().filter(|c| !c.is_control()).take(AGENT_CHARS).collect(),
        created_on: now,
        seen_on: now,
        ends_on: now + SIGN_IN_LASTS,
    };
    let (email, idle_since) = (user.email.clone(), now - SIGN_IN_IDLE);
    let tidy = AccessChange::Tidy { email, now, idle_since, keep: MAX_SIGN_INS - 1 };
    (SignedIn { row: row.clone(), secret }, [tidy, AccessChange::SignIn(Box::new(row))])
}

/// Who is signed in with this secret; `None` if nobody is, or not any more.
///
/// # Errors
/// If the store fails.
pub async fn present(ctx: &Context, secret: &str) -> Result<Option<Present>, StoreError> {
    if secret.len() != super::SECRET_CHARS {
        return Ok(None);
    }
    let Some(row) = ctx.store.sign_in(token_digest(secret)).await? else { return Ok(None) };
    let now = ctx.now();
    if now >= row.ends_on || now >= row.seen_on + SIGN_IN_IDLE {
        return Ok(None);
    }
    let Some(ws) = ctx.registry.workspace(ctx, row.workspace).await? else { return Ok(None) };
    let user = ws.definitions().users.iter().find(|user| user.id == row.user && user.email == row.email);
    let Some(user) = user.cloned() else { return Ok(None) };
    let Some(role) = Role::from_name(&user.role) else { return Ok(None) };
    if now >= row.seen_on + SEEN_EVERY
        && let Err(error) = write(ctx, vec![AccessChange::Seen(row.id, now)]).await
    {
        // They are signed in all the same.
        tracing::warn!(%error, "it could not be noted that somebody is still there");
    }
    Ok(Some(Present { row, ws, user, role }))
}

/// Somebody leaves.
///
/// # Errors
/// [`AccessError::NotFound`] if they left before.
pub async fn sign_out(ctx: &Context, present: &Present) -> Result<(), AccessError> {
    write(ctx, vec![AccessChange::End(present.row.uuid)]).await
}

/// Ends a sign-in in a workspace, or one of this person in whichever.
///
/// # Errors
/// [`AccessError::NotFound`] if there is none.
pub async fn end_sign_in(
    ctx: &Context,
    which: SignInUuid,
    may: impl Fn(&SignInRow) -> bool,
) -> Result<(), AccessError> {
    let row = ctx.store.sign_in_named(which).await?.filter(may).ok_or(AccessError::NotFound)?;
    write(ctx, vec![AccessChange::End(row.uuid)]).await
}

/// Somebody who is signed in goes on in another workspace. Answers who they are there.
///
/// # Errors
/// [`AccessError::NoWorkspace`] if they do not work there.
pub async fn enter_workspace(
    ctx: &Context,
    present: &Present,
    workspace: WorkspaceUuid,
) -> Result<WorkspaceId, AccessError> {
    let most = super::MAX_WORKSPACES_OF_USER;
    let users = ctx.store.users_with_email(present.row.email.clone(), most).await?;
    let user = choose(ctx, &users, Some(workspace)).await?;
    write(ctx, vec![AccessChange::EnterWorkspace(present.row.id, user.workspace, user.id)]).await?;
    Ok(user.workspace)
}
