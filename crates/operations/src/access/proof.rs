//! Whether somebody is who they say, by their password. Hashing takes a good part of a second of one core and much
//! memory, so that only some are made at a time, beside the threads that serve everybody else.

use smol_str::SmolStr;
use store::{LoginRow, UserRow};
use tokio::sync::Semaphore;

use super::{AccessError, MAX_WORKSPACES_OF_USER, kept_email, passwords};
use crate::Context;

/// Hashes made at a time.
const HASHES_AT_ONCE: usize = 2;
/// Hashes of former users of one e-mail address that are tried for somebody who was not here yet.
const MAX_HASHES_TRIED: usize = 4;

static HASHING: Semaphore = Semaphore::const_new(HASHES_AT_ONCE);

/// Somebody who proved who they are.
pub(super) struct Proven {
    /// What they prove themselves with, as it is kept.
    pub login: LoginRow,
    /// The same as it should be kept, if that is another.
    pub better: Option<LoginRow>,
    /// The users that they are, the oldest first; at least one.
    pub users: Vec<UserRow>,
}

/// Does what takes long beside everything else.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, AccessError> {
    let _permit = HASHING.acquire().await.map_err(|error| AccessError::Hash(error.to_string()))?;
    tokio::task::spawn_blocking(work).await.map_err(|error| AccessError::Hash(error.to_string()))
}

/// The hash of a new password.
pub(super) async fn hash(ctx: &Context, password: &str) -> Result<String, AccessError> {
    let (password, salt) = (password.to_owned(), [ctx.host.random(), ctx.host.random()]);
    aside(move || passwords::hash(&password, salt)).await?.map_err(AccessError::Hash)
}

/// The one of these hashes that a password fits.
async fn fitting(password: &str, hashes: Vec<String>) -> Result<Option<String>, AccessError> {
    let password = password.to_owned();
    aside(move || {
        if hashes.is_empty() {
            // As long as for somebody who is there.
            drop(passwords::hash(&password, [0, 0]));
        }
        hashes.into_iter().find(|hash| passwords::check_password(&password, hash))
    })
    .await
}

/// Who has this e-mail address and password. It takes the same time whether or not there is somebody.
pub(super) async fn prove(ctx: &Context, email: &str, password: &str) -> Result<Proven, AccessError> {
    let email = kept_email(email);
    let users = ctx.store.users_with_email(email.clone(), MAX_WORKSPACES_OF_USER).await?;
    let known = ctx.store.login(email.clone()).await?;
    let mut hashes: Vec<String> = match &known {
        Some(login) => login.password_hash.iter().cloned().collect(),
        None => users.iter().map(|user| user.password_hash.clone()).collect(),
    };
    hashes.retain(|hash| hash != passwords::NO_PASSWORD);
    hashes.dedup();
    hashes.truncate(MAX_HASHES_TRIED);
    if users.is_empty() || password.len() > super::MAX_PASSWORD {
        hashes.clear();
    }
    let password_fits = fitting(password, hashes).await?;
    let Some(fits) = password_fits else { return Err(AccessError::Wrong) };
    let is_kept = known.is_some();
    let login = known.unwrap_or_else(|| fresh(ctx, email));
    let better = if passwords::is_foreign(&fits) {
        Some(hash(ctx, password).await?)
    } else {
        Some(fits).filter(|_| !is_kept)
    };
    let now = ctx.now();
    let better = better.map(|hash| LoginRow { password_hash: Some(hash), changed_on: now, ..login.clone() });
    Ok(Proven { login, better, users })
}

/// Whether this is the password of somebody who signed in before.
pub(super) async fn knows(ctx: &Context, login: &LoginRow, password: &str) -> Result<(), AccessError> {
    prove(ctx, &login.email, password).await.map(drop)
}

/// What is kept of somebody who never signed in.
pub(super) fn fresh(ctx: &Context, email: SmolStr) -> LoginRow {
    LoginRow {
        email,
        password_hash: None,
        totp_secret: None,
        totp_since: None,
        totp_step: 0,
        recovery: Vec::new(),
        steps: 0,
        changed_on: ctx.now(),
    }
}
