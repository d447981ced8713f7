//! `sessions.json`: where people are signed in.

use domain::SignInUuid;
use node::limits;
use operations::{AccessError, Role, end_sign_in};
use serde_json::{Value, json};
use store::SignInRow;

use crate::api::auth::Proof;
use crate::api::call::{Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles, UUID, param};
use crate::api::error::ApiError;
use crate::api::page::Walk;
use crate::api::shape::{Prop, Shape, prop};
use crate::api::words::moment;

pub(crate) static RESOURCE: Resource = Resource {
    name: "sessions",
    alias: None,
    about: "Where people are signed in, the latest first. Administrators see all who work in the workspace now, others \
            themselves.",
    limit: &limits::API,
    endpoints: &[
        Endpoint::list(
            Roles::ALL,
            "Sessions",
            &[UUID, param("email", Shape::Text, "Only those of this user")],
            PROPS,
            |call| Box::pin(list(call)),
        ),
        Endpoint::delete(
            Roles::ALL,
            "Ends a session: it opens nothing any more, on any node",
            &[UUID],
            &["uuid"],
            |call| Box::pin(end(call)),
        ),
    ],
};

const PROPS: &[Prop] = &[
    prop("uuid", Shape::Uuid, "Identifier"),
    prop(
        "user",
        Shape::Object(&[prop("email", Shape::Text, "E-mail address"), prop("name", Shape::Text, "Name")]),
        "Who",
    ),
    prop("means", Shape::Word(&["password", "link", "single_sign_on"]), "How they signed in"),
    prop("second_factor", Shape::Bool, "Whether they proved a second factor"),
    prop("address", Shape::Text, "The network address from which they signed in"),
    prop("agent", Shape::Text, "The browser, as it says itself"),
    prop("current", Shape::Bool, "Whether it is the one that asks"),
    prop("created_on", Shape::Moment, "When they signed in"),
    prop("seen_on", Shape::Moment, "When they were last here, give or take five minutes"),
    prop("ends_on", Shape::Moment, "When it ends in any case"),
];

async fn list(call: &Call) -> Result<Reply, ApiError> {
    let uuid = call.wanted("uuid")?.map(SignInUuid);
    let email = call.query.text("email").map(|email| email.trim().to_lowercase());
    let fits = |row: &SignInRow| {
        uuid.is_none_or(|uuid| row.uuid == uuid) && email.as_ref().is_none_or(|email| row.email == *email)
    };
    let place = |row: &SignInRow| (row.created_on.as_microsecond(), row.id.0);
    let walk = Walk::of(call, false)?;
    let store = &call.ctx().store;
    if call.role == Role::Administrator && uuid.is_none() && email.is_none() {
        let rows = store.sign_ins(call.workspace(), walk.span()).await?;
        return Ok(walk.page(rows.iter().map(|row| (place(row), shown(call, row))).collect()));
    }
    let mut rows = match (uuid, &email) {
        (Some(uuid), _) => store.sign_in_named(uuid).await?.into_iter().collect(),
        (None, Some(email)) => store.sign_ins_of(email.into()).await?,
        (None, None) => store.sign_ins_of(call.user.email.clone()).await?,
    };
    rows.retain(|row| may_see(call, row) && fits(row));
    Ok(walk.among(rows, place, |row| shown(call, row)))
}

/// One's own, and for administrators those who work in the workspace now.
fn may_see(call: &Call, row: &SignInRow) -> bool {
    let administers = call.role == Role::Administrator && row.workspace == call.workspace();
    let own = match call.proof {
        Proof::SignIn(_) => row.email == call.user.email,
        // A token is its workspace's, and says nothing of what its user does elsewhere.
        Proof::Token(_) => row.email == call.user.email && row.workspace == call.workspace(),
    };
    administers || own
}

async fn end(call: &Call) -> Result<Reply, ApiError> {
    let uuid = call.wanted("uuid")?.map(SignInUuid).ok_or_else(ApiError::not_found)?;
    match end_sign_in(call.ctx(), uuid, |row| may_see(call, row)).await {
        Ok(()) => Ok(Reply::Done),
        Err(error) => Err(said(error)),
    }
}

fn said(error: AccessError) -> ApiError {
    match error {
        AccessError::NotFound => ApiError::not_found(),
        AccessError::Busy => ApiError::Busy,
        AccessError::Store(error) => error.into(),
        other => ApiError::query(other.to_string()),
    }
}

fn shown(call: &Call, row: &SignInRow) -> Value {
    let user = call.definitions().users.iter().find(|user| user.email == row.email);
    json!({
        "uuid": row.uuid,
        "user": {"email": row.email, "name": user.map_or("", |user| &user.name)},
        "means": row.means.as_str(),
        "second_factor": row.second_factor,
        "address": row.address,
        "agent": row.agent,
        "current": call.proof == Proof::SignIn(row.uuid),
        "created_on": moment(row.created_on),
        "seen_on": moment(row.seen_on),
        "ends_on": moment(row.ends_on),
    })
}
