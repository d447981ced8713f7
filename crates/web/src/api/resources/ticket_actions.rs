//! `ticket_actions.json`: something is done with up to a hundred tickets at once.

use domain::{Reference, TicketUuid};
use node::limits;
use operations::{TicketAction, TicketError, change_tickets};
use serde_json::Value;

use crate::api::call::{Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles};
use crate::api::error::ApiError;
use crate::api::given::{Given, MAX_ITEMS, uuid_of};
use crate::api::named;
use crate::api::shape::{Prop, Shape, TEXTS, prop};

/// Characters of a note.
const MAX_NOTE: usize = 10_000;

pub(crate) static RESOURCE: Resource = Resource {
    name: "ticket_actions",
    alias: None,
    about: "Something that is done with several tickets.",
    limit: &limits::API,
    endpoints: &[Endpoint::act(
        Roles::WORKERS,
        "Does it with all of them; those that are not there come back",
        BODY,
        |call| Box::pin(act(call)),
    )],
};

const ACTIONS: [&str; 5] = ["assign", "add_note", "change_topic", "close", "reopen"];

const BODY: &[Prop] = &[
    prop("tickets", TEXTS, "Tickets by identifier, at most 100"),
    prop("action", Shape::Word(&ACTIONS), "What is done"),
    prop("assignee", Shape::Text, "E-mail address of who deals with them (`assign`); null for nobody")
        .or_null(),
    prop("note", Shape::Text, "Something for colleagues to read (`add_note`)"),
    prop("topic", Shape::Text, "Another topic, by identifier or name (`change_topic`)"),
];

async fn act(call: &Call) -> Result<Reply, ApiError> {
    let mut given = Given::of(&call.body);
    for name in ["tickets", "action"] {
        if !given.has(name) {
            given.wrong(name, "This field is required.");
        }
    }
    let named = given.list("tickets", MAX_ITEMS).unwrap_or_default();
    let action = match given.word("action", &ACTIONS) {
        Some("assign") => assign(call, &mut given),
        Some("add_note") => given.needed_text("note", MAX_NOTE).map(TicketAction::Note),
        Some("change_topic") => topic(call, &mut given),
        Some("close") => Some(TicketAction::Close),
        Some(_) => Some(TicketAction::Reopen),
        None => None,
    };
    given.done()?;
    let action = action.ok_or_else(|| ApiError::whole("Invalid data."))?;
    let (mut uuids, mut failures) = (Vec::new(), Vec::new());
    for value in named {
        match uuid_of(value) {
            Some(uuid) => uuids.push(TicketUuid(uuid)),
            None => failures.push(value.clone()),
        }
    }
    let done = change_tickets(call.ctx(), call.workspace(), &uuids, &action, &call.user).await;
    let there = call.node.hand_over(done.map_err(|error| match error {
        TicketError::NoTicket => ApiError::not_found(),
        TicketError::Busy => ApiError::Busy,
        TicketError::Store(error) => error.into(),
    })?);
    let gone = uuids.iter().zip(there).filter(|(_, there)| !there);
    failures.extend(gone.map(|(uuid, _)| Value::String(uuid.to_string())));
    Ok(if failures.is_empty() { Reply::Done } else { Reply::Failures(failures) })
}

fn assign(call: &Call, given: &mut Given<'_>) -> Option<TicketAction> {
    if !given.has("assignee") {
        given.wrong("assignee", "This field is required.");
        return None;
    }
    let Some(value) = given.value("assignee") else { return Some(TicketAction::Assign(None)) };
    let email = value.as_str().unwrap_or_default().trim().to_lowercase();
    match call.definitions().users.iter().find(|user| user.email == email) {
        Some(user) => {
            Some(TicketAction::Assign(Some(Reference { uuid: user.uuid, name: user.name.clone() })))
        }
        None => {
            given.wrong("assignee", format!("Not found: {email}"));
            None
        }
    }
}

fn topic(call: &Call, given: &mut Given<'_>) -> Option<TicketAction> {
    let Some(value) = given.value("topic") else {
        given.wrong("topic", "This field is required.");
        return None;
    };
    let found = named::topic(call, value);
    if found.is_none() {
        let text = value.as_str().unwrap_or_default().trim().to_lowercase();
        given.wrong("topic", format!("Not found: {text}"));
    }
    found.map(|topic| TicketAction::Topic(Reference { uuid: topic.uuid, name: topic.name.clone() }))
}
