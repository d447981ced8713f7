//! Who calls: `Authorization: Token <token>`, or Basic with an e-mail address and a token as its password; or, without
//! either, the cookie of somebody who is signed in. A call that writes is taken with the cookie only from pages of this
//! site, because browsers send it along for any page.

use std::sync::Arc;

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use domain::{SignInUuid, TokenUuid};
use node::Node;
use node::rates::Caller as Asker;
use operations::{Present, Role, Workspace, present, token_digest};
use store::{Actor, ActorMeans, UserRow};

use super::error::ApiError;
use crate::auth::{Strictness, check_site, cookie_secret};

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
    /// By what they are known.
    pub proof: Proof,
}

/// By what a caller is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    /// A token.
    Token(TokenUuid),
    /// They are signed in.
    SignIn(SignInUuid),
}

impl Caller {
    /// Who acts, for the log.
    pub fn actor(&self) -> Actor {
        let (means, proof) = match self.proof {
            Proof::Token(uuid) => (ActorMeans::Token, uuid.0),
            Proof::SignIn(uuid) => (ActorMeans::Session, uuid.0),
        };
        Actor {
            workspace: Some(self.ws.row.id),
            user: Some(self.user.id),
            who: self.user.email.clone(),
            means,
            proof: Some(proof),
        }
    }
}

impl Proof {
    /// Who is held to limits.
    pub fn asker(self) -> Asker {
        match self {
            Self::Token(uuid) => Asker::Token(uuid),
            Self::SignIn(uuid) => Asker::Token(TokenUuid(uuid.0)),
        }
    }
}

/// Finds who calls.
pub(crate) async fn identify(node: &Node, headers: &HeaderMap, writes: bool) -> Result<Caller, ApiError> {
    let given = headers.get(header::AUTHORIZATION);
    if given.is_none()
        && let Some(secret) = cookie_secret(headers)
    {
        return signed_in(node, headers, secret, writes).await;
    }
    let given = given.and_then(|value| value.to_str().ok());
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
    Ok(Caller { ws, user, role, proof: Proof::Token(row.uuid) })
}

/// Finds who is signed in.
async fn signed_in(node: &Node, headers: &HeaderMap, secret: &str, writes: bool) -> Result<Caller, ApiError> {
    let Present { row, ws, user, role } =
        present(node.context(), secret).await?.ok_or_else(ApiError::bad_token)?;
    if writes && !check_site(node, headers, Strictness::Closed) {
        return Err(ApiError::other_site());
    }
    if !row.second_factor {
        let rule = node.context().store.sign_in_rule(ws.row.id).await?;
        if rule.two_factor_roles.contains(&user.role) {
            return Err(ApiError::second_factor());
        }
    }
    Ok(Caller { ws, user, role, proof: Proof::SignIn(row.uuid) })
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
