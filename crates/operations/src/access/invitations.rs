//! Somebody is invited to a workspace by a link that is used once, and accepts.

use domain::{SignInLinkId, SignInLinkUuid, UserId, UserUuid, WorkspaceId};
use jiff::SignedDuration;
use smol_str::SmolStr;
use store::{
    AccessChange, ActorMeans, Change, DefinitionChange, LinkKind, LoginRow, SignInLinkRow, SignInMeans,
    UserRow,
};

use super::password_change::usable_link;
use super::sign_in::enter;
use super::{
    AccessError, MadeLink, NO_PASSWORD, SignedIn, acting_as, commit, is_email, is_taken_as_password,
    kept_email, letters::letter, new_secret, proof, users::MAX_USER_NAME, write, write_with,
};
use crate::{Context, Role};

/// How long an invitation can be accepted.
pub const INVITATION_LASTS: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Invitations of a workspace that wait at a time.
pub const MAX_INVITATIONS: usize = 250;

/// What somebody says who accepts an invitation.
#[derive(Clone)]
pub struct Accept {
    /// The secret of their link.
    pub link: String,
    /// Their name.
    pub name: String,
    /// The password that they choose, or the one that they have if they signed in before.
    pub password: String,
    /// From which address they come.
    pub address: SmolStr,
    /// With which program, as it says itself.
    pub agent: SmolStr,
}

/// Invites somebody, in the place of an earlier invitation to this workspace.
///
/// # Errors
/// [`AccessError::Email`], [`AccessError::Taken`] if they work there already, [`AccessError::TooMany`].
pub async fn invite(
    ctx: &Context,
    workspace: WorkspaceId,
    email: &str,
    role: Role,
    by: Option<UserId>,
) -> Result<MadeLink, AccessError> {
    let address = kept_email(email);
    if !is_email(&address) {
        return Err(AccessError::Email(email.into()));
    }
    let ws = ctx.registry.workspace(ctx, workspace).await?.ok_or(AccessError::NotFound)?;
    if ws
        .definitions()
        .users
        .iter()
        .any(|user| user.email == address && Role::from_name(&user.role).is_some())
    {
        return Err(AccessError::Taken);
    }
    let now = ctx.now();
    let waiting = ctx.store.invitations(workspace).await?;
    if waiting.iter().filter(|link| link.ends_on > now && link.email != address).count() >= MAX_INVITATIONS {
        return Err(AccessError::TooMany);
    }
    let (secret, sha256) = new_secret(ctx);
    let row = SignInLinkRow {
        id: SignInLinkId(ctx.next_id(now)),
        uuid: SignInLinkUuid(ctx.host.uuid_v4()),
        sha256,
        kind: LinkKind::Invitation,
        workspace,
        email: address,
        role: Some(role.name().into()),
        created_by: by,
        created_on: now,
        ends_on: now + INVITATION_LASTS,
    };
    // Those that nobody can accept any more make room.
    let late = waiting.iter().filter(|link| link.ends_on <= now && link.email != row.email);
    let mut changes: Vec<AccessChange> =
        late.map(|link| AccessChange::TakeLink(workspace, link.uuid)).collect();
    changes.push(AccessChange::Link(Box::new(row.clone())));
    let letter = letter(ctx, &ws, &row, &secret);
    let is_mailed = letter.is_some();
    write_with(ctx, changes, letter).await?;
    Ok(MadeLink { row, secret, is_mailed })
}

/// Takes an invitation back.
///
/// # Errors
/// [`AccessError::NotFound`] if there is none.
pub async fn uninvite(
    ctx: &Context,
    workspace: WorkspaceId,
    invitation: SignInLinkUuid,
) -> Result<(), AccessError> {
    let waiting = ctx.store.invitations(workspace).await?;
    if !waiting.iter().any(|link| link.uuid == invitation) {
        return Err(AccessError::NotFound);
    }
    write(ctx, vec![AccessChange::TakeLink(workspace, invitation)]).await
}

/// Accepts an invitation: they are a user of the workspace from then on, and signed in. Somebody who works elsewhere
/// already proves that it is them by the password that they have, and keeps it.
///
/// # Errors
/// [`AccessError::Link`], [`AccessError::Wrong`] if somebody who has a password gives another one,
/// [`AccessError::Password`], [`AccessError::Name`].
pub async fn accept(ctx: &Context, given: Accept) -> Result<SignedIn, AccessError> {
    let link = usable_link(ctx, &given.link, LinkKind::Invitation).await?;
    let name = given.name.trim();
    if name.is_empty() || name.chars().count() > MAX_USER_NAME {
        return Err(AccessError::Name);
    }
    let role = link.role.as_deref().and_then(Role::from_name).ok_or(AccessError::Link)?;
    let known = ctx.store.login(link.email.clone()).await?;
    let elsewhere = !ctx.store.users_with_email(link.email.clone(), 1).await?.is_empty();
    let login = match known {
        Some(login) if elsewhere || login.password_hash.is_some() => {
            proof::knows(ctx, &login, &given.password).await?;
            AccessChange::ExpectLogin(login.email, login.steps)
        }
        None if elsewhere => {
            let proven = proof::prove(ctx, &link.email, &given.password).await?;
            let known = AccessChange::ExpectLogin(proven.login.email.clone(), proven.login.steps);
            proven.better.map_or(known, |better| AccessChange::Login(Box::new(better)))
        }
        known => {
            if !is_taken_as_password(&given.password) {
                return Err(AccessError::Password);
            }
            let hash = proof::hash(ctx, &given.password).await?;
            let known = known.unwrap_or_else(|| proof::fresh(ctx, link.email.clone()));
            AccessChange::Login(Box::new(LoginRow {
                password_hash: Some(hash),
                changed_on: ctx.now(),
                ..known
            }))
        }
    };
    join(ctx, &link, role, name, login, (&given.address, &given.agent)).await
}

async fn join(
    ctx: &Context,
    link: &SignInLinkRow,
    role: Role,
    name: &str,
    login: AccessChange,
    (address, agent): (&str, &str),
) -> Result<SignedIn, AccessError> {
    let ws = ctx.registry.workspace(ctx, link.workspace).await?.ok_or(AccessError::Link)?;
    let now = ctx.now();
    let former = ws.definitions().users.iter().find(|user| user.email == link.email);
    let (id, uuid) = former.map_or_else(
        || (UserId(ctx.next_id(now)), UserUuid(ctx.host.uuid_v4())),
        // History knows them by what they had.
        |user| (user.id, user.uuid),
    );
    let user = UserRow {
        id,
        workspace: link.workspace,
        uuid,
        email: link.email.clone(),
        name: name.into(),
        password_hash: NO_PASSWORD.to_owned(),
        role: role.name().into(),
        team: former.and_then(|user| user.team),
        created_on: now,
    };
    let (signed_in, entered) = enter(ctx, &user, SignInMeans::Link, false, address, agent);
    let access = |change| Change::Access(Box::new(change));
    let mut changes = vec![
        access(AccessChange::TakeLink(link.workspace, link.uuid)),
        access(login),
        Change::Definition(link.workspace, DefinitionChange::User(Box::new(user))),
    ];
    changes.extend(entered.map(access));
    let ctx = acting_as(ctx, &link.email, link.workspace, Some(id), ActorMeans::Link);
    match commit(&ctx, changes).await {
        Err(AccessError::NotFound) => Err(AccessError::Link),
        done => done.map(|()| signed_in),
    }
}
