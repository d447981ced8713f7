//! `trigger_actions.json`: triggers are put away, taken back or removed.

use node::limits;

use super::triggers::{archive_one, remove_one, with_id};
use crate::api::call::{Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles};
use crate::api::error::ApiError;
use crate::api::given::{Given, MAX_ITEMS};
use crate::api::shape::{Prop, Shape, prop};

pub(crate) static RESOURCE: Resource = Resource {
    name: "trigger_actions",
    alias: None,
    about: "Something that is done with several triggers.",
    limit: &limits::API,
    endpoints: &[Endpoint::act(
        Roles::EDITORS,
        "Does it with all of them; those that are not there come back",
        BODY,
        |call| Box::pin(act(call)),
    )],
};

const ACTIONS: [&str; 3] = ["archive", "restore", "delete"];

const BODY: &[Prop] = &[
    prop("triggers", Shape::List(&Shape::Int), "Triggers by number, at most 100"),
    prop("action", Shape::Word(&ACTIONS), "What is done"),
];

async fn act(call: &Call) -> Result<Reply, ApiError> {
    let mut given = Given::of(&call.body);
    for name in ["triggers", "action"] {
        if !given.has(name) {
            given.wrong(name, "This field is required.");
        }
    }
    let named = given.list("triggers", MAX_ITEMS).unwrap_or_default();
    let action = given.word("action", &ACTIONS);
    given.done()?;
    let mut failures = Vec::new();
    for value in named {
        let found = match value.as_i64() {
            Some(id) => with_id(call, id).await?,
            None => None,
        };
        match (found, action) {
            (None, _) => failures.push(value.clone()),
            (Some(found), Some("archive")) => archive_one(call, &found, true).await?,
            (Some(found), Some("restore")) => archive_one(call, &found, false).await?,
            (Some(found), _) => remove_one(call, &found).await?,
        }
    }
    Ok(if failures.is_empty() { Reply::Done } else { Reply::Failures(failures) })
}
