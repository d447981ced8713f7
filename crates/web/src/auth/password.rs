//! Changing a password, and choosing a new one by a link.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use node::Node;
use operations::{change_password, forgot_password, reset_password};

use super::Strictness;
use super::error::AuthError;
use super::given::{Asked, acting};
use super::session::secret_text;
use crate::api::given::Given;

/// Characters of an e-mail address.
const EMAIL_CHARS: usize = 254;

/// `POST /auth/password`: the present one and a new one.
pub(super) async fn change(State(node): State<Node>, request: Request) -> Result<Response, AuthError> {
    let asked = Asked::read(&node, request, Strictness::Closed).await?;
    let here = asked.present(&node).await?;
    let mut given = Given::of(&asked.body);
    let present = secret_text(&mut given, "present").unwrap_or_default();
    let password = secret_text(&mut given, "password").unwrap_or_default();
    given.done()?;
    asked.count_attempt(&node, Some(&here.row.email))?;
    change_password(&acting(&node, &here), &here.row.email, &present, &password, here.row.uuid).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /auth/forgot`: an e-mail address. The answer is the same whoever has it, and comes before anything is looked up,
/// so that neither words nor time tell who works here.
pub(super) async fn forgot(State(node): State<Node>, request: Request) -> Result<Response, AuthError> {
    let asked = Asked::read(&node, request, Strictness::Open).await?;
    let mut given = Given::of(&asked.body);
    let email = given.needed_text("email", EMAIL_CHARS).unwrap_or_default();
    given.done()?;
    asked.count_attempt(&node, Some(&email))?;
    tokio::spawn(async move {
        if let Err(error) = forgot_password(node.context(), &email).await {
            node.metrics().errors.inc();
            tracing::error!(%error, "a link for a new password could not be made");
        }
    });
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /auth/reset`: the secret of a link, and a new password.
pub(super) async fn reset(State(node): State<Node>, request: Request) -> Result<Response, AuthError> {
    let asked = Asked::read(&node, request, Strictness::Open).await?;
    let mut given = Given::of(&asked.body);
    let link = secret_text(&mut given, "link").unwrap_or_default();
    let password = secret_text(&mut given, "password").unwrap_or_default();
    given.done()?;
    asked.count_attempt(&node, None)?;
    reset_password(node.context(), &link, &password).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
