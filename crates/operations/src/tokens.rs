//! Tokens: what a program proves itself with over the API. It acts as the user for whom the token was made.

use domain::{TokenId, TokenUuid, WorkspaceId};
use ring::digest::{SHA256, digest};
use smol_str::SmolStr;
use store::{Change, StoreError, TokenRow, Unit, UnitError};
use thiserror::Error;

use crate::Context;

/// Tokens that one user may have.
pub const MAX_TOKENS: usize = 3;
/// Characters of a token; each is one of 16, so it is 160 bits of chance.
const TOKEN_CHARS: usize = 40;

/// A token that was made.
#[derive(Clone)]
pub struct AddedToken {
    /// As it is kept.
    pub row: TokenRow,
    /// The token itself. It is nowhere else, and cannot be shown again.
    pub token: String,
}

/// Why no token was made.
#[derive(Debug, Clone, Error)]
pub enum AddTokenError {
    /// There is no such workspace.
    #[error("there is no such workspace; `seedling init` makes one")]
    NoWorkspace,
    /// There is no such user.
    #[error("nobody in this workspace has the e-mail address '{0}'; `seedling user add` adds them")]
    NoUser(SmolStr),
    /// They have enough.
    #[error("a user has at most {MAX_TOKENS} tokens; remove one with `seedling token remove`")]
    TooMany,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a token was not removed.
#[derive(Debug, Clone, Error)]
pub enum RemoveTokenError {
    /// There is none.
    #[error("there is no such token; `seedling token list` shows those there are")]
    NoToken,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes a token for the user with this e-mail address.
///
/// # Errors
/// [`AddTokenError`]; nothing is written then.
pub async fn add_token(
    ctx: &Context,
    workspace: WorkspaceId,
    email: &str,
) -> Result<AddedToken, AddTokenError> {
    let ws = ctx.registry.workspace(ctx, workspace).await?.ok_or(AddTokenError::NoWorkspace)?;
    let wanted = email.trim().to_lowercase();
    let user = ws.definitions().users.iter().find(|user| user.email == wanted);
    let user = user.ok_or_else(|| AddTokenError::NoUser(email.into()))?.id;
    let theirs = ctx.store.tokens(workspace).await?.iter().filter(|row| row.user == user).count();
    if theirs >= MAX_TOKENS {
        return Err(AddTokenError::TooMany);
    }
    let chance = std::iter::repeat_with(|| format!("{:016x}", ctx.host.random()));
    let mut token: String = chance.take(TOKEN_CHARS.div_ceil(16)).collect();
    token.truncate(TOKEN_CHARS);
    let now = ctx.now();
    let row = TokenRow {
        id: TokenId(ctx.next_id(now)),
        workspace,
        uuid: TokenUuid(ctx.host.uuid_v4()),
        user,
        sha256: token_digest(&token),
        created_on: now,
    };
    match ctx.write_one(Unit::new(vec![Change::NewToken(Box::new(row.clone()))])).await {
        Ok(_) => Ok(AddedToken { row, token }),
        Err(UnitError::Store(error)) => Err(error.into()),
        Err(other) => Err(StoreError::Database(other.to_string()).into()),
    }
}

/// Removes a token: whoever uses it is refused from then on.
///
/// # Errors
/// [`RemoveTokenError`].
pub async fn remove_token(
    ctx: &Context,
    workspace: WorkspaceId,
    token: TokenUuid,
) -> Result<(), RemoveTokenError> {
    match ctx.write_one(Unit::new(vec![Change::RemoveToken(workspace, token)])).await {
        Ok(_) => Ok(()),
        Err(UnitError::Gone) => Err(RemoveTokenError::NoToken),
        Err(UnitError::Store(error)) => Err(error.into()),
        Err(other) => Err(StoreError::Database(other.to_string()).into()),
    }
}

/// What is kept of a token: its SHA-256, in hex. A token has as much chance in it as the digest can hold, so that it
/// needs no slow hash as passwords do.
pub fn token_digest(token: &str) -> SmolStr {
    digest(&SHA256, token.as_bytes())
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<String>()
        .into()
}
