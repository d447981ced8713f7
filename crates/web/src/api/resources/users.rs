//! `users.json`: who works in the workspace.

use domain::UserUuid;
use node::limits;
use operations::Role;
use serde_json::{Value, json};
use store::UserRow;

use crate::api::call::{Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles, param};
use crate::api::error::ApiError;
use crate::api::page::Walk;
use crate::api::shape::{Prop, REF, Shape, prop};
use crate::api::words::moment;

pub(crate) static RESOURCE: Resource = Resource {
    name: "users",
    alias: None,
    about: "The people who work in the workspace, the latest first.",
    limit: &limits::API,
    endpoints: &[Endpoint::list(
        Roles::ALL,
        "Users. Each parameter may be given several times",
        &[
            param("uuid", Shape::Uuid, "Only those with these identifiers"),
            param("email", Shape::Text, "Only those with these e-mail addresses"),
            param("role", ROLE, "Only those with these roles"),
        ],
        PROPS,
        |call| Box::pin(list(call)),
    )],
};

const ROLE: Shape = Shape::Word(&["administrator", "editor", "agent", "viewer"]);

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
    Ok(walk.among(users, |user| (user.created_on.as_microsecond(), user.id.0), shown))
}

fn shown(user: &UserRow) -> Value {
    let (first, last) = user.name.trim().split_once(' ').unwrap_or((user.name.trim(), ""));
    json!({
        "uuid": user.uuid,
        "name": user.name,
        "email": user.email,
        "role": user.role,
        // There are no teams and no pictures.
        "team": null,
        "created_on": moment(user.created_on),
        "avatar": null,
        "first_name": first,
        "last_name": last.trim(),
    })
}
