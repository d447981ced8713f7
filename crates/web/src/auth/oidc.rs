//! Single sign-on: a browser is sent to the service that says who people are, and comes back. What ties both together is
//! kept by the browser, so that it may come back to any node.

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use node::Node;
use node::sso::{SsoError, Tie};
use operations::{AccessError, Provided, sign_in_provided};

use super::cookie;
use super::error::AuthError;
use super::given::Asked;
use crate::api::call::Query;

/// The cookie that ties the answer to who asked.
const COOKIE: &str = "seedling_oidc";
/// Where it is shown.
const PATH: &str = "/auth/oidc";
/// Seconds for which it is kept: as long as somebody takes to prove themselves there.
const LASTS: i64 = 600;

/// `GET /auth/oidc`: off to the service.
pub(super) async fn begin(State(node): State<Node>, request: Request) -> Result<Response, AuthError> {
    let (parts, _) = request.into_parts();
    let asked = Asked { parts, body: serde_json::Map::new() };
    let sso = node.sso().ok_or_else(none)?;
    let tie = Tie::new(&node.context().host);
    let address = sso.address(&tie).await.map_err(|error| said(&error))?;
    let kept = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&tie).unwrap_or_default());
    let kept = cookie::set(&node, &asked.parts.headers, (COOKIE, &kept, PATH), LASTS);
    Ok(to(&address, [kept]))
}

/// `GET /auth/oidc/callback`: back from it.
pub(super) async fn callback(State(node): State<Node>, request: Request) -> Result<Response, AuthError> {
    let (parts, _) = request.into_parts();
    let asked = Asked { parts, body: serde_json::Map::new() };
    let sso = node.sso().ok_or_else(none)?;
    asked.count_attempt(&node, None)?;
    let query = Query::read(asked.parts.uri.query().unwrap_or_default());
    let kept = cookie::value(&asked.parts.headers, COOKIE).and_then(|kept| URL_SAFE_NO_PAD.decode(kept).ok());
    let tie = kept.and_then(|kept| serde_json::from_slice::<Tie>(&kept).ok());
    let Some(tie) = tie.filter(|tie| !tie.state.is_empty() && query.text("state") == Some(&tie.state)) else {
        return Err(refused("You did not begin to sign in here, or it is too long ago. Begin again."));
    };
    if let Some(error) = query.text("error") {
        let error: String = error.chars().take(100).collect();
        return Err(refused(&format!("It was not said who you are: {error}.")));
    }
    let code = query.text("code").ok_or_else(|| refused("The service gave no code."))?;
    let person = sso.person(code, &tie, node.context().now()).await.map_err(|error| said(&error))?;
    let settings = sso.settings();
    let given = Provided {
        email: person.email,
        name: person.name,
        second_factor: settings.second_factor,
        workspace: None,
        newcomer: settings.newcomers.map(|newcomers| (newcomers.role, newcomers.workspace)),
        address: asked.address(&node),
        agent: asked.agent(),
    };
    let signed_in = match sign_in_provided(node.context(), given).await {
        Err(AccessError::NoWorkspace) => {
            return Err(AuthError::said(
                StatusCode::FORBIDDEN,
                "not_a_user",
                "You are not a user here; ask somebody who administers a workspace to invite you.".to_owned(),
            ));
        }
        signed_in => signed_in?,
    };
    let headers = &asked.parts.headers;
    let given = cookie::given(&node, headers, &signed_in.secret);
    Ok(to("/", [given, cookie::set(&node, headers, (COOKIE, "", PATH), 0)]))
}

fn to<const N: usize>(address: &str, cookies: [Option<HeaderValue>; N]) -> Response {
    let Ok(location) = HeaderValue::from_str(address) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response();
    for cookie in cookies.into_iter().flatten() {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

fn none() -> AuthError {
    AuthError::said(StatusCode::NOT_FOUND, "not_found", "There is no single sign-on here.".to_owned())
}

fn refused(said: &str) -> AuthError {
    AuthError::said(StatusCode::UNAUTHORIZED, "oidc", said.to_owned())
}

/// What somebody hears who does not come in. What is wrong with the service is for its operator.
fn said(error: &SsoError) -> AuthError {
    tracing::warn!(%error, "somebody did not come in by single sign-on");
    let status = match error {
        SsoError::Service(_) => StatusCode::BAD_GATEWAY,
        SsoError::Refused(_) | SsoError::Unbelievable(_) => StatusCode::UNAUTHORIZED,
        SsoError::Unconfirmed | SsoError::Domain(_) => StatusCode::FORBIDDEN,
    };
    let said = match error {
        SsoError::Service(_) => "The service that says who people are cannot be asked now.".to_owned(),
        SsoError::Refused(_) | SsoError::Unbelievable(_) | SsoError::Unconfirmed | SsoError::Domain(_) => {
            let text = format!("{error}.");
            text[..1].to_uppercase() + &text[1..]
        }
    };
    AuthError::said(status, "oidc", said)
}
