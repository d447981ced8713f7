//! `users.json`: who works in the workspace.

use domain::{TeamUuid, UserUuid};
use node::limits;
use operations::{AccessError, MAX_USER_NAME, Role, UserEdit, change_user, remove_user};
use serde_json::{Value, json};
use store::UserRow;

use crate::api::call::{Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles, param};
use crate::api::error::ApiError;
use crate::api::given::{Given, uuid_of};
use crate::api::page::Walk;
use crate::api::shape::{Prop, REF, Shape, prop};
use crate::api::words::{moment, reference};

pub(crate) static RESOURCE: Resource = Resource {
    name: "users",
    alias: None,
    about: "The people who work in the workspace, the latest first.",
    limit: &limits::API,
    endpoints: &[
        Endpoint::list(
            Roles::ALL,
            "Users. Each parameter may be given several times",
            &[
                param("uuid", Shape::Uuid, "Only those with these identifiers"),
                param("email", Shape::Text, "Only those with these e-mail addresses"),
                param("role", ROLE, "Only those with these roles"),
            ],
            PROPS,
            |call| Box::pin(list(call)),
        ),
        Endpoint::save(
            Roles::ADMINISTRATORS,
            "Gives a user another role, name or team. Who is new is invited",
            &[
                param("uuid", Shape::Uuid, "The user who is changed"),
                param("email", Shape::Text, "The same by e-mail address"),
            ],
            &[
                prop("role", ROLE, "What they may do"),
                prop("name", Shape::Text, "Name, at most 150 characters"),
                prop("team", Shape::Text, "Team by identifier or name; null for none").or_null(),
            ],
            PROPS,
            |call| Box::pin(save(call)),
        ),
        Endpoint::delete(
            Roles::ADMINISTRATORS,
            "Ends that a user works here: their tokens and sessions end, what they did stays",
            &[
                param("uuid", Shape::Uuid, "The user"),
                param("email", Shape::Text, "The same by e-mail address"),
            ],
            &["uuid", "email"],
            |call| Box::pin(remove(call)),
        ),
    ],
};

/// The words of the roles.
pub(super) const ROLES: &[&str] = &["administrator", "editor", "agent", "viewer"];
pub(super) const ROLE: Shape = Shape::Word(ROLES);

const PROPS: &[Prop] = &[
    prop("uuid", Shape::Uuid, "Identifier"),
    prop("name", Shape::Text, "Name"),
    prop("email", Shape::Text, "E-mail address"),
    prop("role", ROLE, "What they may do"),
    prop("team", REF, "The team of agents they belong to").or_null(),
    prop("created_on", Shape::Moment, "When they joined"),
    prop("avatar", Shape::Text, "Address of a picture").or_null(),
    prop("first_name", Shape::Text, "The first word of the name"),
    prop("last_name", Shape::Text, "The rest of the name"),
];

async fn list(call: &Call) -> Result<Reply, ApiError> {
    let wanted = |name: &str, is: &dyn Fn(&str) -> bool| {
        let mut asked = call.query.all(name).filter(|value| !value.is_empty()).peekable();
        asked.peek().is_none() || asked.any(is)
    };
    let fits = |user: &&UserRow| {
        wanted("uuid", &|uuid| uuid.parse::<UserUuid>().is_ok_and(|uuid| user.uuid == uuid))
            && wanted("email", &|email| user.email == email.trim().to_lowercase())
            && wanted("role", &|role| user.role == role)
            && Role::from_name(&user.role).is_some()
    };
    let users: Vec<UserRow> = call.definitions().users.iter().filter(fits).cloned().collect();
    let walk = Walk::of(call, false)?;
    Ok(walk.among(users, |user| (user.created_on.as_microsecond(), user.id.0), |user| shown(call, user)))
}

/// The user whom the address names.
fn named(call: &Call) -> Result<UserUuid, ApiError> {
    let uuid = call.wanted("uuid")?.map(UserUuid);
    let email = call.query.text("email").map(|email| email.trim().to_lowercase());
    let fits = |user: &&UserRow| match (uuid, &email) {
        (Some(uuid), _) => user.uuid == uuid,
        (None, Some(email)) => user.email == *email,
        (None, None) => false,
    };
    let found =
        call.definitions().users.iter().find(fits).filter(|user| Role::from_name(&user.role).is_some());
    found.map(|user| user.uuid).ok_or_else(ApiError::not_found)
}

async fn save(call: &Call) -> Result<Reply, ApiError> {
    if call.query.text("uuid").is_none() && call.query.text("email").is_none() {
        return Err(ApiError::query(
            "Give uuid or email of a user in the address; who is new is invited (invitations).",
        ));
    }
    let user = named(call)?;
    let mut given = Given::of(&call.body);
    let role = given.word("role", ROLES).and_then(Role::from_name);
    let name = given.any_text("name", MAX_USER_NAME);
    let team = team(call, &mut given);
    given.done()?;
    let edit = UserEdit { role, name, team };
    let row = change_user(call.ctx(), call.workspace(), user, &edit).await.map_err(said)?;
    Ok(Reply::One(shown(call, &row)))
}

/// The team that is named, or none.
fn team(call: &Call, given: &mut Given<'_>) -> Option<Option<TeamUuid>> {
    if !given.has("team") {
        return None;
    }
    let Some(value) = given.value("team") else { return Some(None) };
    let (uuid, name) = (uuid_of(value), value.as_str().unwrap_or_default().trim().to_lowercase());
    let found = call.definitions().teams.iter().find(|team| match uuid {
        Some(uuid) => team.uuid.0 == uuid,
        None => team.name.to_lowercase() == name,
    });
    if found.is_none() {
        given.wrong("team", format!("Not found: {name}"));
    }
    found.map(|team| Some(team.uuid))
}

async fn remove(call: &Call) -> Result<Reply, ApiError> {
    remove_user(call.ctx(), call.workspace(), named(call)?).await.map_err(said)?;
    Ok(Reply::Done)
}

/// What a call hears that changes users and is not done.
pub(super) fn said(error: AccessError) -> ApiError {
    match error {
        AccessError::NotFound => ApiError::not_found(),
        AccessError::Email(_) => ApiError::field("email", error.to_string()),
        AccessError::Taken => ApiError::field("email", error.to_string()),
        AccessError::Team => ApiError::field("team", error.to_string()),
        AccessError::Name => ApiError::field("name", error.to_string()),
        AccessError::TooMany => ApiError::full(),
        AccessError::Busy => ApiError::Busy,
        AccessError::Store(error) => error.into(),
        other => ApiError::query(other.to_string()),
    }
}

fn shown(call: &Call, user: &UserRow) -> Value {
    let team = user.team.and_then(|id| call.definitions().teams.iter().find(|team| team.id == id));
    let (first, last) = user.name.trim().split_once(' ').unwrap_or((user.name.trim(), ""));
    json!({
        "uuid": user.uuid,
        "name": user.name,
        "email": user.email,
        "role": user.role,
        "team": team.map(|team| reference(team.uuid, &team.name)),
        "created_on": moment(user.created_on),
        // There are no pictures.
        "avatar": null,
        "first_name": first,
        "last_name": last.trim(),
    })
}
