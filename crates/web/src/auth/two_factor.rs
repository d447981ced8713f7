//! The second factor of somebody who is signed in: begun, confirmed, proved, ended.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use node::Node;
use operations::{begin_two_factor, confirm_two_factor, end_two_factor, prove_two_factor};
use qrcode::{EcLevel, QrCode, render::svg};
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
    let picture = picture(&made.address);
    Ok(Json(json!({"secret": made.secret, "address": made.address, "picture": picture})).into_response())
}

/// An address as a QR code that apps read: an SVG in a `data:` address. Null if it is too long for one.
fn picture(address: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(address, EcLevel::M).ok()?;
    let svg = code.render::<svg::Color<'_>>().min_dimensions(256, 256).build();
    Some(format!("data:image/svg+xml;base64,{}", base64::engine::general_purpose::STANDARD.encode(svg)))
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
