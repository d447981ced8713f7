//! Answers to calls that are not done, in the shapes that clients of RapidPro know.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use node::limits;
use operations::SaveError;
use serde_json::{Map, Value, json};
use store::StoreError;

use super::endpoint::Method;

/// Why a call is not done.
#[derive(Debug)]
pub(crate) enum ApiError {
    /// 400: `{"field": ["what is wrong"]}`.
    Fields(Map<String, Value>),
    /// `{"detail": "…"}` with a status.
    Detail(StatusCode, String),
    /// 503: it may be tried again soon.
    Busy,
    /// The store failed.
    Store(StoreError),
}

impl ApiError {
    /// One field is wrong.
    pub fn field(name: &str, said: impl Into<String>) -> Self {
        Self::Fields(Map::from_iter([(name.to_owned(), json!([said.into()]))]))
    }

    /// One item of a list is wrong.
    pub fn item(name: &str, place: usize, said: impl Into<String>) -> Self {
        let item = json!({place.to_string(): [said.into()]});
        Self::Fields(Map::from_iter([(name.to_owned(), item)]))
    }

    /// The body as a whole is wrong.
    pub fn whole(said: impl Into<String>) -> Self {
        Self::field("non_field_errors", said)
    }

    /// The parameters of the address are wrong.
    pub fn query(said: impl Into<String>) -> Self {
        Self::Detail(StatusCode::BAD_REQUEST, said.into())
    }

    /// What the call is about is not there, or is another workspace's.
    pub fn not_found() -> Self {
        Self::Detail(StatusCode::NOT_FOUND, "Not found.".to_owned())
    }

    /// A cursor that this list never gave.
    pub fn bad_cursor() -> Self {
        Self::Detail(StatusCode::NOT_FOUND, "Invalid cursor".to_owned())
    }

    /// Something that belongs to the system.
    pub fn system() -> Self {
        Self::Detail(StatusCode::FORBIDDEN, "Cannot modify system object.".to_owned())
    }

    /// There are as many as there may be.
    pub fn full() -> Self {
        let said = "Cannot create object because workspace has reached limit.";
        Self::Detail(StatusCode::CONFLICT, said.to_owned())
    }

    /// Nobody knows the caller.
    pub fn bad_token() -> Self {
        Self::Detail(StatusCode::FORBIDDEN, "Invalid token".to_owned())
    }

    /// Somebody is signed in, but what writes comes from a page of another site, or does not say from where.
    pub fn other_site() -> Self {
        let said = "With a session, this must come from a page of this site; programs use a token.";
        Self::Detail(StatusCode::FORBIDDEN, said.to_owned())
    }

    /// Somebody is signed in without the second factor that their role needs.
    pub fn second_factor() -> Self {
        let said = "Your role in this workspace needs a second factor: see /auth/two-factor.";
        Self::Detail(StatusCode::FORBIDDEN, said.to_owned())
    }

    /// The caller's role does not allow it.
    pub fn not_allowed() -> Self {
        let said = "You do not have permission to perform this action.";
        Self::Detail(StatusCode::FORBIDDEN, said.to_owned())
    }

    /// The resource has no such method.
    pub fn no_method(method: &str) -> Self {
        Self::Detail(StatusCode::METHOD_NOT_ALLOWED, format!("Method \"{method}\" not allowed."))
    }

    /// Asked too often.
    pub fn too_often(seconds: u64) -> Self {
        let said = format!("Request was throttled. Expected available in {seconds} seconds.");
        Self::Detail(StatusCode::TOO_MANY_REQUESTS, said)
    }

    /// The answer; which methods there are is said where one is not.
    pub fn into_response_for(self, methods: &[Method]) -> Response {
        let mut response = self.into_response();
        if response.status() == StatusCode::METHOD_NOT_ALLOWED {
            let words: Vec<&str> = methods.iter().map(|method| method.word()).collect();
            if let Ok(value) = HeaderValue::from_str(&words.join(", ")) {
                response.headers_mut().insert(header::ALLOW, value);
            }
        }
        response
    }
}

/// What becomes of an object with a name that was not saved.
impl From<SaveError> for ApiError {
    fn from(error: SaveError) -> Self {
        match error {
            SaveError::NoWorkspace | SaveError::NotFound => Self::not_found(),
            SaveError::Name(said) => Self::field("name", said),
            SaveError::Taken => Self::field("name", "This field must be unique."),
            SaveError::Query(said) => Self::field("query", said),
            SaveError::Kind(said) => Self::field("type", said),
            SaveError::TooMany(_) => Self::full(),
            SaveError::System => Self::system(),
            SaveError::InUse(by) => Self::query(format!("Cannot be deleted while it is used by {by}.")),
            SaveError::Wrong(member, said) => Self::field(member, said.as_str()),
            SaveError::Clash(by) => Self::whole(format!("Conflicts with {by}.")),
            SaveError::Busy => Self::Busy,
            SaveError::Store(error) => error.into(),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        if error.is_passing() { Self::Busy } else { Self::Store(error) }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        match self {
            Self::Fields(fields) => {
                (StatusCode::BAD_REQUEST, axum::Json(Value::Object(fields))).into_response()
            }
            Self::Detail(status, said) => (status, axum::Json(json!({"detail": said}))).into_response(),
            Self::Busy => {
                let body = axum::Json(json!({"detail": "Busy; try again in a moment."}));
                let mut response = (StatusCode::SERVICE_UNAVAILABLE, body).into_response();
                let wait = HeaderValue::from(limits::RETRY_AFTER.as_secs().max(1));
                response.headers_mut().insert(header::RETRY_AFTER, wait);
                response
            }
            Self::Store(error) => {
                tracing::error!(%error, "a call of the API could not be answered");
                let body = axum::Json(json!({"detail": "A server error occurred."}));
                (StatusCode::INTERNAL_SERVER_ERROR, body).into_response()
            }
        }
    }
}
