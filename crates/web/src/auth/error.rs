//! Answers to who does not come in: `{"detail", "code"}`, with a word for programs.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use operations::AccessError;
use serde_json::json;

use crate::api::error::ApiError;

/// Why something about signing in is not done.
#[derive(Debug)]
pub(super) enum AuthError {
    /// As the API answers it.
    Api(ApiError),
    /// With a word for programs.
    Said(StatusCode, &'static str, String),
    /// Tried too often; how long to wait.
    TooOften(Duration),
}

impl AuthError {
    pub(super) fn said(status: StatusCode, code: &'static str, said: impl Into<String>) -> Self {
        Self::Said(status, code, said.into())
    }

    /// Nobody is signed in.
    pub fn nobody() -> Self {
        Self::said(StatusCode::UNAUTHORIZED, "not_signed_in", "Nobody is signed in.")
    }

    /// It comes from a page of another site.
    pub fn other_site() -> Self {
        Self::said(StatusCode::FORBIDDEN, "other_site", "This must come from a page of this site.")
    }
}

impl From<ApiError> for AuthError {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

impl From<AccessError> for AuthError {
    // tidy: table
    fn from(error: AccessError) -> Self {
        let said = format!("{error}.");
        let said = said[..1].to_uppercase() + &said[1..];
        match error {
            AccessError::Wrong => Self::said(StatusCode::UNAUTHORIZED, "wrong", said),
            AccessError::NoWorkspace => Self::said(StatusCode::FORBIDDEN, "not_a_user", said),
            AccessError::NotFound => Self::said(StatusCode::NOT_FOUND, "not_found", said),
            AccessError::Email(_) => Self::Api(ApiError::field("email", said)),
            AccessError::Password => Self::Api(ApiError::field("password", said)),
            AccessError::Link => Self::said(StatusCode::GONE, "link", said),
            AccessError::ElsewhereToo => Self::said(StatusCode::CONFLICT, "elsewhere_too", said),
            AccessError::NeedsCode => Self::said(StatusCode::UNAUTHORIZED, "code_needed", said),
            AccessError::WrongCode => Self::said(StatusCode::UNAUTHORIZED, "code_wrong", said),
            AccessError::TwoFactorOn => Self::said(StatusCode::CONFLICT, "two_factor_on", said),
            AccessError::TwoFactorNeeded => Self::said(StatusCode::FORBIDDEN, "two_factor_needed", said),
            AccessError::LastAdministrator => Self::said(StatusCode::CONFLICT, "last_administrator", said),
            AccessError::Team => Self::Api(ApiError::field("team", said)),
            AccessError::Name => Self::Api(ApiError::field("name", said)),
            AccessError::Taken => Self::said(StatusCode::CONFLICT, "taken", said),
            AccessError::TooMany => Self::said(StatusCode::CONFLICT, "too_many", said),
            AccessError::Busy => Self::Api(ApiError::Busy),
            AccessError::Hash(error) => {
                tracing::error!(error, "a password could not be hashed");
                let said = "A server error occurred.";
                Self::said(StatusCode::INTERNAL_SERVER_ERROR, "server", said)
            }
            AccessError::Store(error) => Self::Api(error.into()),
        }
    }
}

impl IntoResponse for AuthError {
    fn into_response(self) -> Response {
        match self {
            Self::Api(error) => error.into_response(),
            Self::Said(status, code, said) => {
                (status, axum::Json(json!({"detail": said, "code": code}))).into_response()
            }
            Self::TooOften(wait) => {
                let seconds = (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1);
                let said = format!("Tried too often. Try again in {seconds} seconds.");
                let body = axum::Json(json!({"detail": said, "code": "too_often"}));
                let mut response = (StatusCode::TOO_MANY_REQUESTS, body).into_response();
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
                response
            }
        }
    }
}
