//! Accepting an invitation.

use axum::extract::{Request, State};
use axum::response::Response;
use node::Node;
use operations::{Accept, accept as join};

use super::Strictness;
use super::error::AuthError;
use super::given::Asked;
use super::session::{secret_text, welcome};
use crate::api::given::Given;

/// `POST /auth/accept`: the secret of a link, a name and a password.
pub(super) async fn accept(State(node): State<Node>, request: Request) -> Result<Response, AuthError> {
    let asked = Asked::read(&node, request, Strictness::Open).await?;
    let mut given = Given::of(&asked.body);
    let link = secret_text(&mut given, "link").unwrap_or_default();
    let name = given.needed_text("name", operations::MAX_USER_NAME).unwrap_or_default();
    let password = secret_text(&mut given, "password").unwrap_or_default();
    given.done()?;
    asked.count_attempt(&node, None)?;
    let (address, agent) = (asked.address(&node), asked.agent());
    let given = Accept { link, name: name.into(), password, address, agent };
    let signed_in = join(node.context(), given).await?;
    welcome(&node, &asked.parts.headers, &signed_in).await
}
