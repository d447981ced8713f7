//! `Idempotency-Key`: a POST that is sent again because its answer was lost does nothing again, and is answered as the
//! first was. As the IETF's draft "The Idempotency-Key HTTP Header Field" has it.

use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use node::Node;
use ring::digest::{Context as Digest, SHA256};
use serde_json::Value;
use smol_str::SmolStr;
use store::{CallKey, KeptAnswer, KeptCall};

use super::auth::Caller;
use super::error::ApiError;

/// The header.
pub(super) const HEADER: &str = "idempotency-key";
/// Says that an answer is that of an earlier call.
const REPLAYED: &str = "idempotent-replayed";
/// Characters of a key.
pub(super) const KEY_CHARS: usize = 255;

/// Members of answers that are secrets, of which only a digest or nothing at all is kept anywhere.
const SHOWN_ONCE: [&str; 2] = ["link", "secret"];

/// A call with a key of its own.
pub(super) struct Once {
    key: CallKey,
    digest: SmolStr,
}

impl Once {
    /// Reads the key, if there is one.
    pub fn read(parts: &Parts, caller: &Caller, body: &[u8]) -> Result<Option<Self>, ApiError> {
        let Some(given) = parts.headers.get(HEADER) else { return Ok(None) };
        let given = given.to_str().map(str::trim).unwrap_or_default();
        if given.is_empty() || given.len() > KEY_CHARS {
            let said = format!("Idempotency-Key must have 1 to {KEY_CHARS} printable characters of ASCII.");
            return Err(ApiError::query(said));
        }
        let mut digest = Digest::new(&SHA256);
        digest.update(parts.method.as_str().as_bytes());
        digest.update(b" ");
        digest.update(parts.uri.path_and_query().map_or("", |path| path.as_str()).as_bytes());
        digest.update(b"\n");
        digest.update(body);
        let digest: String = digest.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let key = CallKey { workspace: caller.ws.row.id, user: caller.user.id, key: given.into() };
        Ok(Some(Self { key, digest: digest.into() }))
    }

    /// The call as it is kept.
    pub fn row(&self, node: &Node) -> KeptCall {
        let made_on = node.context().now();
        KeptCall { key: self.key.clone(), digest: self.digest.clone(), answer: None, made_on }
    }

    /// The answer of the earlier call with this key, if there was one.
    pub async fn earlier(&self, node: &Node) -> Result<Option<Response>, ApiError> {
        let Some(kept) = node.context().store.kept_call(self.key.clone()).await? else { return Ok(None) };
        if kept.digest != self.digest {
            let said = "This Idempotency-Key was used for another call. Use a new key for each call.";
            return Err(ApiError::Detail(StatusCode::UNPROCESSABLE_ENTITY, said.to_owned()));
        }
        let Some(answer) = kept.answer else {
            let said = "A call with this Idempotency-Key was done, or is being done now. If there is no answer to it in \
                        a moment, the answer was lost; what it did is kept.";
            return Err(ApiError::Detail(StatusCode::CONFLICT, said.to_owned()));
        };
        let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
        let mut response = if answer.body.is_empty() {
            status.into_response()
        } else {
            let kind = HeaderValue::from_static("application/json");
            (status, [(header::CONTENT_TYPE, kind)], answer.body).into_response()
        };
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
        Ok(Some(response))
    }

    /// Keeps the answer, unless something stands in it that is shown only once: who asks again then is told that it was
    /// done. What fails here is no fault of the caller, whose call was done.
    pub async fn keep(self, node: &Node, status: StatusCode, said: Option<&Value>) {
        let is_shown =
            |name: &&str| said.and_then(|said| said.get(*name)).is_some_and(|value| !value.is_null());
        if SHOWN_ONCE.iter().any(is_shown) {
            return;
        }
        let answer =
            KeptAnswer { status: status.as_u16(), body: said.map(Value::to_string).unwrap_or_default() };
        if let Err(error) = operations::keep_answer(node.context(), self.key, answer).await {
            tracing::warn!(%error, "the answer to a call with an Idempotency-Key could not be kept");
        }
    }
}
