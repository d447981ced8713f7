//! Somebody changes their password, or chooses a new one by a link that is used once. Everywhere else they are signed in no
//! more then.

use domain::{SignInLinkId, SignInLinkUuid, SignInUuid, UserId, WorkspaceId};
use jiff::SignedDuration;
use smol_str::SmolStr;
use store::{AccessChange, ActorMeans, LinkKind, LoginRow, SignInLinkRow};

use super::{
    AccessError, MAX_ATTEMPTS, acting_as, is_taken_as_password, kept_email, letters::letter, new_secret,
    proof, write, write_with,
};
use crate::{Context, Role, token_digest};

/// How long a link to choose a new password can be used.
pub const RESET_LASTS: SignedDuration = SignedDuration::from_hours(24);

/// A link that was made.
#[derive(Clone)]
pub struct MadeLink {
    /// As it is kept.
    pub row: SignInLinkRow,
    /// What the link is known by. It is nowhere else, and cannot be shown again.
    pub secret: String,
    /// Whether it goes to them by e-mail.
    pub is_mailed: bool,
}

/// Gives somebody who knows their password another one. All sign-ins of theirs end but for the one in which they do it.
///
/// # Errors
/// [`AccessError::Wrong`] if the present one is wrong, [`AccessError::Password`] if the new one cannot be taken.
pub async fn change_password(
    ctx: &Context,
    email: &str,
    present: &str,
    new: &str,
    stays: SignInUuid,
) -> Result<(), AccessError> {
    if !is_taken_as_password(new) {
        return Err(AccessError::Password);
    }
    let proven = proof::prove(ctx, email, present).await?;
    let hash = proof::hash(ctx, new).await?;
    let login = LoginRow { password_hash: Some(hash), changed_on: ctx.now(), ..proven.login };
    let email = login.email.clone();
    write(ctx, vec![AccessChange::Login(Box::new(login)), AccessChange::EndAll(email, Some(stays))]).await
}

/// Makes a link with which a user of this workspace can choose a new password. `by` is who makes it: an administrator may
/// do so only for somebody who works nowhere else, the command line (`None`) for everybody.
///
/// # Errors
/// [`AccessError::NotFound`] if they are no user of the workspace, [`AccessError::ElsewhereToo`].
pub async fn make_reset_link(
    ctx: &Context,
    workspace: WorkspaceId,
    email: &str,
    by: Option<UserId>,
) -> Result<MadeLink, AccessError> {
    let email = kept_email(email);
    let users = ctx.store.users_with_email(email.clone(), super::MAX_WORKSPACES_OF_USER).await?;
    if !users.iter().any(|user| user.workspace == workspace && Role::from_name(&user.role).is_some()) {
        return Err(AccessError::NotFound);
    }
    if by.is_some() && users.iter().any(|user| user.workspace != workspace) {
        return Err(AccessError::ElsewhereToo);
    }
    let ws = ctx.registry.workspace(ctx, workspace).await?.ok_or(AccessError::NotFound)?;
    let (row, secret) = reset_link(ctx, workspace, email, by);
    let letter = letter(ctx, &ws, &row, &secret);
    let is_mailed = letter.is_some();
    write_with(ctx, vec![AccessChange::Link(Box::new(row.clone()))], letter).await?;
    Ok(MadeLink { row, secret, is_mailed })
}

fn reset_link(
    ctx: &Context,
    workspace: WorkspaceId,
    email: SmolStr,
    by: Option<UserId>,
) -> (SignInLinkRow, String) {
    let now = ctx.now();
    let (secret, sha256) = new_secret(ctx);
    let row = SignInLinkRow {
        id: SignInLinkId(ctx.next_id(now)),
        uuid: SignInLinkUuid(ctx.host.uuid_v4()),
        sha256,
        kind: LinkKind::Reset,
        workspace,
        email,
        role: None,
        created_by: by,
        created_on: now,
        ends_on: now + RESET_LASTS,
    };
    (row, secret)
}

/// Somebody says that they forgot their password: a link goes to them by e-mail, over the server of the first of their
/// workspaces that has one, or the node's. Nothing if nobody has this address, or nothing can be sent: whoever asks
/// hears the same.
///
/// # Errors
/// If the store fails.
pub async fn forgot_password(ctx: &Context, email: &str) -> Result<(), AccessError> {
    let email = kept_email(email);
    let users = ctx.store.users_with_email(email.clone(), super::MAX_WORKSPACES_OF_USER).await?;
    for user in users.iter().filter(|user| Role::from_name(&user.role).is_some()) {
        let Some(ws) = ctx.registry.workspace(ctx, user.workspace).await? else { continue };
        let (row, secret) = reset_link(ctx, user.workspace, email.clone(), None);
        let Some(letter) = letter(ctx, &ws, &row, &secret) else { continue };
        let ctx = &acting_as(ctx, &email, user.workspace, None, ActorMeans::Link);
        return write_with(ctx, vec![AccessChange::Link(Box::new(row))], Some(letter)).await;
    }
    Ok(())
}

/// The link with this secret, if it can still be used for this.
pub(super) async fn usable_link(
    ctx: &Context,
    secret: &str,
    kind: LinkKind,
) -> Result<SignInLinkRow, AccessError> {
    if secret.len() != super::SECRET_CHARS {
        return Err(AccessError::Link);
    }
    let found = ctx.store.sign_in_link(token_digest(secret)).await?;
    found.filter(|link| link.kind == kind && ctx.now() < link.ends_on).ok_or(AccessError::Link)
}

/// Gives the person of a link a new password, uses the link up, and ends all sign-ins of theirs. A second factor stays.
///
/// # Errors
/// [`AccessError::Link`] if it cannot be used, [`AccessError::Password`] if the new password cannot be taken.
pub async fn reset_password(ctx: &Context, secret: &str, new: &str) -> Result<(), AccessError> {
    let link = usable_link(ctx, secret, LinkKind::Reset).await?;
    // Whoever made it had a say over one workspace: by now they may work in others, or in none.
    let users = ctx.store.users_with_email(link.email.clone(), super::MAX_WORKSPACES_OF_USER).await?;
    let elsewhere = users.iter().any(|user| user.workspace != link.workspace);
    if users.is_empty() || (link.created_by.is_some() && elsewhere) {
        return Err(AccessError::Link);
    }
    if !is_taken_as_password(new) {
        return Err(AccessError::Password);
    }
    let hash = proof::hash(ctx, new).await?;
    let ctx = &acting_as(ctx, &link.email, link.workspace, None, ActorMeans::Link);
    for _ in 0..MAX_ATTEMPTS {
        let known = ctx.store.login(link.email.clone()).await?;
        let known = known.unwrap_or_else(|| proof::fresh(ctx, link.email.clone()));
        let login = LoginRow { password_hash: Some(hash.clone()), changed_on: ctx.now(), ..known };
        let changes = vec![
            AccessChange::TakeLink(link.workspace, link.uuid),
            AccessChange::Login(Box::new(login)),
            AccessChange::EndAll(link.email.clone(), None),
        ];
        match write(ctx, changes).await {
            Err(AccessError::Busy) => {}
            Err(AccessError::NotFound) => return Err(AccessError::Link),
            done => return done,
        }
    }
    Err(AccessError::Busy)
}
