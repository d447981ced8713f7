//! A person who may work in the console.

use domain::{UserId, UserUuid, WorkspaceId};
use smol_str::SmolStr;
use store::{Change, DefinitionChange, StoreError, Unit, UnitError, UserRow};
use thiserror::Error;

use crate::{
    Context,
    access::{
        MAX_PASSWORD, MIN_PASSWORD, NO_PASSWORD, hash_password, is_email, is_taken_as_password, kept_email,
    },
};

/// What a user may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Everything.
    Administrator,
    /// Flows, contacts and messages.
    Editor,
    /// Tickets.
    Agent,
    /// Looking.
    Viewer,
}

impl Role {
    /// The word as stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Editor => "editor",
            Self::Agent => "agent",
            Self::Viewer => "viewer",
        }
    }

    /// The role with this word.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Administrator, Self::Editor, Self::Agent, Self::Viewer]
            .into_iter()
            .find(|role| role.name() == name)
    }
}

/// A user to add.
#[derive(Clone)]
pub struct NewUser {
    /// Owner.
    pub workspace: WorkspaceId,
    /// E-mail address.
    pub email: SmolStr,
    /// Name; may be empty.
    pub name: SmolStr,
    /// Password in clear; only its hash is kept.
    pub password: String,
    /// What they may do.
    pub role: Role,
}

/// Why a user was not added.
#[derive(Debug, Clone, Error)]
pub enum AddUserError {
    /// The address is not one.
    #[error("'{0}' is not an e-mail address")]
    Email(SmolStr),
    /// The password is too short or too long.
    #[error("a password needs {MIN_PASSWORD} characters or more, and at most {MAX_PASSWORD} bytes")]
    Password,
    /// The address is in use.
    #[error("there is a user with this e-mail address already")]
    Taken,
    /// The password could not be hashed.
    #[error("the password could not be hashed: {0}")]
    Hash(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Adds a user. Somebody who signed in already, in whichever workspace, keeps the password that they have. Hashing the password takes a good part of a second of one core, as it should.
pub async fn add_user(ctx: &Context, new: NewUser) -> Result<UserRow, AddUserError> {
    let mut row = prepare(ctx, new)?;
    if ctx.store.login(row.email.clone()).await?.is_some() {
        // They prove themselves with what they have, here as elsewhere.
        row.password_hash = NO_PASSWORD.to_owned();
    }
    let ws = ctx.registry.workspace(ctx, row.workspace).await?;
    let users = ws.as_ref().map_or(&[][..], |ws| &ws.definitions().users);
    if let Some(former) = users.iter().find(|user| user.email == row.email)
        && Role::from_name(&former.role).is_none()
    {
        // Somebody comes back: history knows them by what they had.
        row = UserRow { id: former.id, uuid: former.uuid, ..row };
    }
    let change = Change::Definition(row.workspace, DefinitionChange::User(Box::new(row.clone())));
    match ctx.write_one(Unit::new(vec![change])).await {
        Ok(_) => Ok(row),
        Err(UnitError::Taken(_)) => Err(AddUserError::Taken),
        Err(UnitError::Store(error)) => Err(error.into()),
        Err(other) => Err(StoreError::Database(other.to_string()).into()),
    }
}

/// The row of a user, or why there cannot be one.
pub(crate) fn prepare(ctx: &Context, new: NewUser) -> Result<UserRow, AddUserError> {
    let email = kept_email(&new.email);
    if !is_email(&email) {
        return Err(AddUserError::Email(new.email));
    }
    if !is_taken_as_password(&new.password) {
        return Err(AddUserError::Password);
    }
    let salt = [ctx.host.random(), ctx.host.random()];
    let now = ctx.now();
    Ok(UserRow {
        id: UserId(ctx.next_id(now)),
        workspace: new.workspace,
        uuid: UserUuid(ctx.host.uuid_v4()),
        email,
        name: new.name,
        password_hash: hash_password(&new.password, salt).map_err(AddUserError::Hash)?,
        role: new.role.name().into(),
        team: None,
        created_on: now,
    })
}
