//! `invitations.json`: who is invited to the workspace and has not come yet.

use domain::SignInLinkUuid;
use node::limits;
use operations::{AccessError, Role, invite, uninvite};
use serde_json::{Value, json};
use store::SignInLinkRow;

use super::users::{ROLE, ROLES, said};
use crate::api::call::{Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles, UUID};
use crate::api::error::ApiError;
use crate::api::given::Given;
use crate::api::page::Walk;
use crate::api::shape::{Prop, Shape, prop};
use crate::api::words::moment;

/// Characters of an e-mail address.
const EMAIL_CHARS: usize = 254;

pub(crate) static RESOURCE: Resource = Resource {
    name: "invitations",
    alias: None,
    about: "Who is invited to the workspace and has not come yet, the latest first.",
    limit: &limits::API,
    endpoints: &[
        Endpoint::list(Roles::ADMINISTRATORS, "Invitations", &[UUID], PROPS, |call| Box::pin(list(call))),
        Endpoint::save(
            Roles::ADMINISTRATORS,
            "Invites somebody, in the place of an earlier invitation of theirs",
            &[],
            &[
                prop("email", Shape::Text, "Their e-mail address"),
                prop("role", ROLE, "What they may do then"),
            ],
            PROPS,
            |call| Box::pin(save(call)),
        ),
        Endpoint::delete(Roles::ADMINISTRATORS, "Takes an invitation back", &[UUID], &["uuid"], |call| {
            Box::pin(remove(call))
        }),
    ],
};

const PROPS: &[Prop] = &[
    prop("uuid", Shape::Uuid, "Identifier"),
    prop("email", Shape::Text, "Who"),
    prop("role", ROLE, "What they may do then"),
    prop(
        "link",
        Shape::Text,
        "What opens it, by POST /auth/accept; only in the answer to the call that makes it, and null if it went \
         to them by e-mail",
    )
    .or_null(),
    prop("created_on", Shape::Moment, "When they were invited"),
    prop("ends_on", Shape::Moment, "When it cannot be accepted any more"),
];

async fn list(call: &Call) -> Result<Reply, ApiError> {
    let uuid = call.wanted("uuid")?.map(SignInLinkUuid);
    let mut rows = call.ctx().store.invitations(call.workspace()).await?;
    let now = call.ctx().now();
    rows.retain(|row| row.ends_on > now && uuid.is_none_or(|uuid| row.uuid == uuid));
    let walk = Walk::of(call, false)?;
    Ok(walk.among(rows, |row| (row.created_on.as_microsecond(), row.id.0), |row| shown(row, None)))
}

async fn save(call: &Call) -> Result<Reply, ApiError> {
    let mut given = Given::of(&call.body);
    let email = given.needed_text("email", EMAIL_CHARS).unwrap_or_default();
    if !given.has("role") {
        given.wrong("role", "This field is required.");
    }
    let role = given.word("role", ROLES).and_then(Role::from_name);
    given.done()?;
    let role = role.ok_or_else(|| ApiError::field("role", "This field may not be null."))?;
    let made = invite(call.ctx(), call.workspace(), &email, role, Some(call.user.id)).await.map_err(said)?;
    let secret = Some(made.secret.as_str()).filter(|_| !made.is_mailed);
    Ok(Reply::Made(shown(&made.row, secret)))
}

async fn remove(call: &Call) -> Result<Reply, ApiError> {
    let uuid = call.wanted("uuid")?.map(SignInLinkUuid).ok_or_else(ApiError::not_found)?;
    match uninvite(call.ctx(), call.workspace(), uuid).await {
        Ok(()) => Ok(Reply::Done),
        Err(AccessError::NotFound) => Err(ApiError::not_found()),
        Err(error) => Err(said(error)),
    }
}

fn shown(row: &SignInLinkRow, secret: Option<&str>) -> Value {
    json!({
        "uuid": row.uuid,
        "email": row.email,
        "role": row.role,
        "link": secret,
        "created_on": moment(row.created_on),
        "ends_on": moment(row.ends_on),
    })
}
