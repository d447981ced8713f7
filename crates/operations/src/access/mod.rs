//! Who may come in: people prove themselves by what they know and have, and are signed in until they end it, somebody ends
//! it for them, or it grows old.
//!
//! A person is an e-mail address. What they prove themselves with belongs to them ([`store::LoginRow`]) and is the same in
//! all workspaces in which they are users; so nobody who administers one workspace can give somebody a password that opens
//! another. Of every secret that is handed out (of browsers, of links, of codes that stand in for a device) only a digest
//! is kept.

mod invitations;
mod letters;
mod password_change;
mod passwords;
mod proof;
mod provided;
mod sign_in;
mod totp;
mod two_factor;
mod users;

use domain::{UserId, WorkspaceId};
use smol_str::SmolStr;
use store::{AccessChange, Actor, ActorMeans, Change, StoreError, Unit, UnitError};
use thiserror::Error;

use crate::{Context, token_digest};

pub use invitations::{Accept, INVITATION_LASTS, MAX_INVITATIONS, accept, invite, uninvite};
pub use letters::{LETTER_LASTS, Letters, finish_letter, is_letter, letter_id, put_off_letter};
pub use password_change::{
    MadeLink, RESET_LASTS, change_password, forgot_password, make_reset_link, reset_password,
};
pub use passwords::check_password;
pub(crate) use passwords::{NO_PASSWORD, hash as hash_password};
pub use provided::{Provided, sign_in_provided};
pub use sign_in::{
    MAX_SIGN_INS, Present, SEEN_EVERY, SIGN_IN_IDLE, SIGN_IN_LASTS, SignIn, SignedIn, end_sign_in,
    enter_workspace, present, sign_in, sign_out,
};

pub use two_factor::{
    Enrolment, begin_two_factor, confirm_two_factor, end_two_factor, forget_two_factor, needs_two_factor,
    prove_two_factor, require_two_factor,
};
pub use users::{MAX_USER_NAME, UserEdit, change_user, remove_user};

/// Workspaces that are looked at for one person.
pub const MAX_WORKSPACES_OF_USER: usize = 100;
/// Bytes of the longest e-mail address (RFC 5321).
const MAX_EMAIL: usize = 254;
/// Characters of the shortest password taken.
pub(crate) const MIN_PASSWORD: usize = 8;
/// Bytes of the longest password taken: hashing takes time with the length.
pub(crate) const MAX_PASSWORD: usize = 1_024;
/// Characters of a secret that is handed out; each is one of 16, so it is 160 bits of chance.
const SECRET_CHARS: usize = 40;
/// How often a change is planned anew because somebody else came first.
const MAX_ATTEMPTS: usize = 4;

/// Why somebody does not come in, or what they asked for about coming in is not done.
#[derive(Debug, Clone, Error)]
pub enum AccessError {
    /// Nobody has this e-mail address and password.
    #[error("the e-mail address or the password is wrong")]
    Wrong,
    /// The password is right, and a code is needed as well.
    #[error("a code of your device is needed as well")]
    NeedsCode,
    /// The code is wrong, was used, or is too old.
    #[error("the code is wrong, was used already, or is too old")]
    WrongCode,
    /// There is a second factor already.
    #[error("there is a second factor already; end it first")]
    TwoFactorOn,
    /// The role needs one.
    #[error("your role in this workspace needs a second factor")]
    TwoFactorNeeded,
    /// Nobody else administers the workspace.
    #[error("this is the last administrator of the workspace; make another one first")]
    LastAdministrator,
    /// The name is missing or too long.
    #[error("a name has 1 to {MAX_USER_NAME} characters")]
    Name,
    /// There is no such team.
    #[error("there is no such team in this workspace")]
    Team,
    /// They work in the workspace already.
    #[error("there is a user with this e-mail address already")]
    Taken,
    /// There are as many as there may be.
    #[error("there are as many invitations as there may be; take some back")]
    TooMany,
    /// They are not a user of this workspace.
    #[error("you are not a user of this workspace")]
    NoWorkspace,
    /// What it is about is not there.
    #[error("it is not there")]
    NotFound,
    /// The address is not one.
    #[error("'{0}' is not an e-mail address")]
    Email(SmolStr),
    /// The password is too short or too long.
    #[error("a password needs {MIN_PASSWORD} characters or more, and at most {MAX_PASSWORD} bytes")]
    Password,
    /// The link was used before, is too old, or never was one.
    #[error("this link cannot be used: it was used already, is too old, or there is a newer one")]
    Link,
    /// They work in other workspaces as well, where the one who asks has no say.
    #[error("they work in other workspaces as well; `seedling user reset-password` makes a link for them")]
    ElsewhereToo,
    /// The password could not be hashed.
    #[error("the password could not be hashed: {0}")]
    Hash(String),
    /// Somebody else changed the same at the same time.
    #[error("somebody else changes this at the same time; try again")]
    Busy,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// An e-mail address as it is kept and compared.
pub(crate) fn kept_email(email: &str) -> SmolStr {
    email.trim().to_lowercase().into()
}

/// Whether a text is an e-mail address, as far as that can be seen.
pub(crate) fn is_email(email: &str) -> bool {
    email.split_once('@').is_some_and(|(local, host)| {
        !local.is_empty()
            && host.contains('.')
            && email.len() <= MAX_EMAIL
            && !email.contains(|c: char| c.is_whitespace() || c.is_control())
    })
}

/// Whether a password is one that is taken.
pub(crate) fn is_taken_as_password(password: &str) -> bool {
    password.chars().count() >= MIN_PASSWORD && password.len() <= MAX_PASSWORD
}

/// A secret to hand out, and what is kept of it.
fn new_secret(ctx: &Context) -> (String, SmolStr) {
    let chance = std::iter::repeat_with(|| format!("{:016x}", ctx.host.random()));
    let mut secret: String = chance.take(SECRET_CHARS.div_ceil(16)).collect();
    secret.truncate(SECRET_CHARS);
    let digest = token_digest(&secret);
    (secret, digest)
}

/// A context in which somebody acts who is not signed in yet.
fn acting_as(
    ctx: &Context,
    email: &str,
    workspace: WorkspaceId,
    user: Option<UserId>,
    means: ActorMeans,
) -> Context {
    ctx.acting(Actor { workspace: Some(workspace), user, who: email.into(), means, proof: None })
}

/// Commits changes of how people sign in as one unit.
async fn write(ctx: &Context, changes: Vec<AccessChange>) -> Result<(), AccessError> {
    let changes = changes.into_iter().map(|change| Change::Access(Box::new(change))).collect();
    commit(ctx, changes).await
}

/// The same with a letter, if there is one.
async fn write_with(
    ctx: &Context,
    changes: Vec<AccessChange>,
    letter: Option<Change>,
) -> Result<(), AccessError> {
    let changes = changes.into_iter().map(|change| Change::Access(Box::new(change)));
    commit(ctx, changes.chain(letter).collect()).await
}

async fn commit(ctx: &Context, changes: Vec<Change>) -> Result<(), AccessError> {
    match ctx.write_one(Unit::new(changes)).await {
        Ok(_) => Ok(()),
        Err(UnitError::Gone) => Err(AccessError::NotFound),
        Err(UnitError::Conflict | UnitError::Taken(_)) => Err(AccessError::Busy),
        Err(UnitError::Store(error)) => Err(error.into()),
        Err(other) => Err(StoreError::Database(other.to_string()).into()),
    }
}

/// The workspaces in which a person works, the oldest first.
///
/// # Errors
/// If the store fails.
pub async fn workspaces_of(ctx: &Context, email: &str) -> Result<Vec<WorkspaceId>, StoreError> {
    let users = ctx.store.users_with_email(kept_email(email), MAX_WORKSPACES_OF_USER).await?;
    Ok(users.into_iter().map(|user| user.workspace).collect())
}
