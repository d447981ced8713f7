//! Who calls: `Authorization: Token <token>`, or Basic with an e-mail address and a token as its password.

use std::sync::Arc;

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use domain::TokenUuid;
use node::Node;
use operations::{Role, Workspace, token_digest};
use store::UserRow;

use super::error::ApiError;

/// Characters of the longest token that is looked up.
const TOKEN_CHARS: usize = 200;

/// Who calls.
pub(crate) struct Caller {
    /// The workspace as it is now.
    pub ws: Arc<Workspace>,
    /// As whom.
    pub user: UserRow,
    /// What they may do.
    pub role: Role,
    /// With which token.
    pub token: TokenUuid,
}

/// Finds who calls.
pub(crate) async fn identify(node: &Node, headers: &HeaderMap) -> Result<Caller, ApiError> {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Some((email, token)) = given.and_then(credentials) else { return Err(ApiError::bad_token()) };
    if token.len() > TOKEN_CHARS {
        return Err(ApiError::bad_token());
    }
    let ctx = node.context();
    let Some(row) = ctx.store.token(token_digest(&token)).await? else { return Err(ApiError::bad_token()) };
    let ws = ctx.registry.workspace(ctx, row.workspace).await?.ok_or_else(ApiError::bad_token)?;
    let user = ws.definitions().users.iter().find(|user| user.id == row.user).cloned();
    let user = user.ok_or_else(ApiError::bad_token)?;
    if email.is_some_and(|email| email.trim().to_lowercase() != user.email) {
        return Err(ApiError::bad_token());
    }
    let role = Role::from_name(&user.role).ok_or_else(ApiError::bad_token)?;
    Ok(Caller { ws, user, role, token: row.uuid })
}

/// The e-mail address, if one was given, and the token.
fn credentials(given: &str) -> Option<(Option<String>, String)> {
    let (kind, rest) = given.trim().split_once(' ')?;
    let rest = rest.trim();
    if kind.eq_ignore_ascii_case("token") {
        return Some((None, rest.to_owned()));
    }
    if !kind.eq_ignore_ascii_case("basic") {
        return None;
    }
    let plain = base64::engine::general_purpose::STANDARD.decode(rest).ok()?;
    let plain = String::from_utf8(plain).ok()?;
    let (email, token) = plain.split_once(':')?;
    Some((Some(email.to_owned()), token.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::credentials;

    #[test]
    fn reads_both_ways_of_saying_who_one_is() {
        let check = |given: &str, expected: Option<(Option<&str>, &str)>| {
            let expected = expected.map(|(email, token)| (email.map(str::to_owned), token.to_owned()));
            assert_eq!(credentials(given), expected, "{given}");
        };
        check("Token abc", Some((None, "abc")));
        check("token  abc ", Some((None, "abc")));
        check("Basic YUBiLmM6YWJj", Some((Some("a@b.c"), "abc")));
        check("Basic YUBiLmM", None);
        check("Basic !", None);
        check("Bearer abc", None);
        check("Token", None);
        check("", None);
    }
}
