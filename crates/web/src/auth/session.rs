//! Signing in and out, and what somebody who is signed in sees of themselves.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::WorkspaceUuid;
use node::Node;
use operations::{
    Present, Role, SignIn, SignedIn, enter_workspace, present, sign_in as come_in, sign_out as leave,
};
use serde_json::{Value, json};
use store::SignInRow;

use super::error::AuthError;
use super::given::{Asked, acting};
use super::{Strictness, cookie};
use crate::api::error::ApiError;
use crate::api::given::Given;
use crate::api::words::moment;

/// Characters of an e-mail address.
const EMAIL_CHARS: usize = 254;
/// Characters of a code, with blanks or dashes in it.
pub(super) const CODE_CHARS: usize = 40;

/// `POST /auth/sign-in`.
pub(super) async fn sign_in(State(node): State<Node>, request: Request) -> Result<Response, AuthError> {
    let asked = Asked::read(&node, request, Strictness::Open).await?;
    let mut given = Given::of(&asked.body);
    let email = given.needed_text("email", EMAIL_CHARS).unwrap_or_default();
    let password = secret_text(&mut given, "password").unwrap_or_default();
    let code = given.text("code", CODE_CHARS);
    let workspace = given.text("workspace", 36).map(|uuid| uuid.parse::<WorkspaceUuid>());
    if let Some(Err(_)) = workspace {
        given.wrong("workspace", "Must be a workspace's uuid.");
    }
    given.done()?;
    asked.count_attempt(&node, Some(&email))?;
    let workspace = workspace.and_then(Result::ok);
    let (address, agent) = (asked.address(&node), asked.agent());
    let given = SignIn { email, password, code, workspace, address, agent };
    let signed_in = come_in(node.context(), given).await?;
    welcome(&node, &asked.parts.headers, &signed_in).await
}

/// The answer to somebody who signed in just now.
pub(super) async fn welcome(
    node: &Node,
    headers: &HeaderMap,
    signed_in: &SignedIn,
) -> Result<Response, AuthError> {
    let here = present(node.context(), &signed_in.secret).await.map_err(ApiError::from)?;
    let here = here.ok_or_else(AuthError::nobody)?;
    let shown = shown(node, &here).await?;
    Ok(with_cookie(Json(shown).into_response(), cookie::given(node, headers, &signed_in.secret)))
}

/// `POST /auth/sign-out`. Whoever is signed in is not any more, and the browser forgets it in any case.
pub(super) async fn sign_out(State(node): State<Node>, request: Request) -> Result<Response, AuthError> {
    let asked = Asked::read(&node, request, Strictness::Closed).await?;
    if let Ok(here) = asked.present(&node).await {
        match leave(&acting(&node, &here), &here).await {
            Ok(()) | Err(operations::AccessError::NotFound) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let taken = cookie::taken(&node, &asked.parts.headers);
    Ok(with_cookie(StatusCode::NO_CONTENT.into_response(), taken))
}

/// `GET /auth/me`.
pub(super) async fn me(State(node): State<Node>, request: Request) -> Result<Response, AuthError> {
    let (parts, _) = request.into_parts();
    let here = Asked { parts, body: serde_json::Map::new() }.present(&node).await?;
    Ok(Json(shown(&node, &here).await?).into_response())
}

/// `POST /auth/workspace`.
pub(super) async fn workspace(State(node): State<Node>, request: Request) -> Result<Response, AuthError> {
    let asked = Asked::read(&node, request, Strictness::Closed).await?;
    let here = asked.present(&node).await?;
    let mut given = Given::of(&asked.body);
    let wanted = given.needed_text("workspace", 36).map(|uuid| uuid.parse::<WorkspaceUuid>());
    if let Some(Err(_)) = wanted {
        given.wrong("workspace", "Must be a workspace's uuid.");
    }
    given.done()?;
    let wanted = wanted.and_then(Result::ok).ok_or_else(ApiError::not_found)?;
    enter_workspace(&acting(&node, &here), &here, wanted).await?;
    let here = asked.present(&node).await?;
    Ok(Json(shown(&node, &here).await?).into_response())
}

fn with_cookie(mut response: Response, cookie: Option<HeaderValue>) -> Response {
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// A text that is taken as it is, with outer blanks.
pub(super) fn secret_text(given: &mut Given<'_>, name: &str) -> Option<String> {
    match given.value(name) {
        None => {
            given.wrong(name, "This field is required.");
            None
        }
        Some(Value::String(text)) => Some(text.clone()),
        Some(_) => {
            given.wrong(name, "Not a valid string.");
            None
        }
    }
}

/// What somebody sees of themselves.
async fn shown(node: &Node, here: &Present) -> Result<Value, ApiError> {
    let ctx = node.context();
    let most = operations::MAX_WORKSPACES_OF_USER;
    let mut workspaces = Vec::new();
    for user in ctx.store.users_with_email(here.row.email.clone(), most).await? {
        if Role::from_name(&user.role).is_none() {
            continue;
        }
        let Some(ws) = ctx.registry.workspace(ctx, user.workspace).await? else { continue };
        workspaces.push(json!({"uuid": ws.row.uuid, "name": ws.row.name, "role": user.role}));
    }
    let login = ctx.store.login(here.row.email.clone()).await?;
    let needed = ctx.store.sign_in_rule(here.ws.row.id).await?.two_factor_roles.contains(&here.user.role);
    Ok(json!({
        "two_factor": {
            "on": login.as_ref().is_some_and(|login| login.totp_since.is_some()),
            "needed": needed,
            "recovery_codes": login.map_or(0, |login| login.recovery.len()),
        },
        "user": {
            "uuid": here.user.uuid,
            "name": here.user.name,
            "email": here.user.email,
            "role": here.user.role,
        },
        "workspace": {"uuid": here.ws.row.uuid, "name": here.ws.row.name},
        "workspaces": workspaces,
        "session": shown_session(&here.row),
    }))
}

/// A sign-in as people see it.
fn shown_session(row: &SignInRow) -> Value {
    json!({
        "uuid": row.uuid,
        "means": row.means.as_str(),
        "second_factor": row.second_factor,
        "created_on": moment(row.created_on),
        "ends_on": moment(row.ends_on),
    })
}
