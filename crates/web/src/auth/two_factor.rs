//! The second factor of somebody who is signed in: begun, confirmed, proved, ended.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use node::Node;
use operations::{begin_two_factor, confirm_two_factor, end_two_factor, prove_two_factor};
use serde_json::json;

use super::Strictness;
use super::error::AuthError;
use super::given::{Asked, acting};
use super::session::{CODE_CHARS, secret_text};
use crate::api::given::Given;

/// `POST /auth/two-factor`: a secret for a device.
pub(super) async fn begin(State(node): State<Node>, request: Request) -> Result<Response, AuthError> {
    let asked = Asked::read(&node, request, Strictness::Closed).await?;
    let here = asked.present(&node).await?;
    let made = begin_two_factor(&acting(&node, &here), &here).await?;
    Ok(Json(json!({"secret": made.secret, "address": made.address})).into_response())
}

/// `POST /auth/two-factor/confirm`: a code of the device.
pub(super) async fn confirm(State(node): State<Node>, request: Request) -> Result<Response, AuthError> {
    let asked = Asked::read(&node, request, Strictness::Closed).await?;
    let here = asked.present(&node).await?;
    let code = code(&asked)?;
    asked.count_attempt(&node, Some(&here.row.email))?;
    let codes = confirm_two_factor(&acting(&node, &here), &here, &code).await?;
    Ok(Json(json!({"recovery_codes": codes})).into_response())
}

/// `POST /auth/two-factor/prove`: a code, by who came in without one.
pub(super) async fn prove(State(node): State<Node>, request: Request) -> Result<Response, AuthError> {
    let asked = Asked::read(&node, request, Strictness::Closed).await?;
    let here = asked.present(&node).await?;
    let code = code(&asked)?;
    asked.count_attempt(&node, Some(&here.row.email))?;
    prove_two_factor(&acting(&node, &here), &here, &code).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /auth/two-factor/end`: the password and a code.
pub(super) async fn end(State(node): State<Node>, request: Request) -> Result<Response, AuthError> {
    let asked = Asked::read(&node, request, Strictness::Closed).await?;
    let here = asked.present(&node).await?;
    let mut given = Given::of(&asked.body);
    let password = secret_text(&mut given, "password").unwrap_or_default();
    let code = given.needed_text("code", CODE_CHARS).unwrap_or_default();
    given.done()?;
    asked.count_attempt(&node, Some(&here.row.email))?;
    end_two_factor(&acting(&node, &here), &here, &password, &code).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn code(asked: &Asked) -> Result<smol_str::SmolStr, AuthError> {
    let mut given = Given::of(&asked.body);
    let code = given.needed_text("code", CODE_CHARS).unwrap_or_default();
    given.done()?;
    Ok(code)
}
