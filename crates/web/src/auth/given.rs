//! What comes with a request about signing in: from where, from whom, and the members of its body.

use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use node::rates::{Caller, Limit};
use node::{Node, limits};
use operations::{Context, Present, present, token_digest};
use serde_json::{Map, Value};
use smol_str::SmolStr;
use store::{Actor, ActorMeans};

use super::error::AuthError;
use super::{Strictness, check_site, cookie};
use crate::api::error::ApiError;
use crate::body;
use crate::client::client;

/// Bytes of a body.
const BODY_BYTES: usize = 16 * 1_024;

/// A request as it was given.
pub(super) struct Asked {
    pub parts: Parts,
    pub body: Map<String, Value>,
}

impl Asked {
    /// Reads what writes, if it may come from where it does.
    pub async fn read(node: &Node, request: Request, strictness: Strictness) -> Result<Self, AuthError> {
        let (parts, body) = request.into_parts();
        if !check_site(node, &parts.headers, strictness) {
            return Err(AuthError::other_site());
        }
        let bytes = body::read(body, BODY_BYTES).await;
        let bytes = bytes.map_err(|_| ApiError::query("The body cannot be read, or is too large."))?;
        if bytes.is_empty() {
            return Ok(Self { parts, body: Map::new() });
        }
        let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/json") {
            let said = "Send JSON, with the content type application/json.";
            return Err(ApiError::Detail(StatusCode::UNSUPPORTED_MEDIA_TYPE, said.to_owned()).into());
        }
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(body)) => Ok(Self { parts, body }),
            Ok(_) => Err(ApiError::whole("Invalid data. Expected one JSON object.").into()),
            Err(error) => Err(ApiError::query(format!("JSON parse error - {error}")).into()),
        }
    }

    /// From which address it comes.
    pub fn address(&self, node: &Node) -> SmolStr {
        let trusts = node.config().trust_forwarded_for;
        client(&self.parts.headers, &self.parts.extensions, trusts).to_string().into()
    }

    /// With which program, as it says itself.
    pub fn agent(&self) -> SmolStr {
        let agent = self.parts.headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
        agent.unwrap_or_default().into()
    }

    /// Counts an attempt to prove something, from this address and, if it is known for whom, for them.
    pub fn count_attempt(&self, node: &Node, email: Option<&str>) -> Result<(), AuthError> {
        let trusts = node.config().trust_forwarded_for;
        let address = client(&self.parts.headers, &self.parts.extensions, trusts);
        take(node, &limits::SIGN_IN_CLIENT, Caller::Client(address))?;
        match email {
            Some(email) => {
                let digest = token_digest(&email.trim().to_lowercase());
                take(node, &limits::SIGN_IN_ACCOUNT, Caller::Account(digest))
            }
            None => Ok(()),
        }
    }

    /// Who is signed in.
    pub async fn present(&self, node: &Node) -> Result<Present, AuthError> {
        let Some(secret) = cookie::secret(&self.parts.headers) else { return Err(AuthError::nobody()) };
        let found = present(node.context(), secret).await.map_err(ApiError::from)?;
        found.ok_or_else(AuthError::nobody)
    }
}

/// What operations are given that somebody who is signed in asks for.
pub(super) fn acting(node: &Node, here: &Present) -> Context {
    node.context().acting(Actor {
        workspace: Some(here.ws.row.id),
        user: Some(here.user.id),
        who: here.user.email.clone(),
        means: ActorMeans::Session,
        proof: Some(here.row.uuid.0),
    })
}

fn take(node: &Node, limit: &'static Limit, caller: Caller) -> Result<(), AuthError> {
    node.rates().take(limit, caller).map_err(|wait| {
        node.metrics().count_limit(limit.name);
        AuthError::TooOften(wait)
    })
}
