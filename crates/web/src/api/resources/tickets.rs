//! `tickets.json`: conversations that need a person.

use domain::{TicketUuid, TopicId, UserId};
use jiff::Timestamp;
use node::limits;
use serde_json::{Value, json};
use store::{ListedTicket, TicketList, TicketStatus, TicketsOf};

use crate::api::call::{Asked, Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles, UUID, param};
use crate::api::error::ApiError;
use crate::api::named;
use crate::api::page::Walk;
use crate::api::shape::{Prop, REF, Shape, prop};
use crate::api::words::{moment, moment_or_null, reference};

pub(crate) static RESOURCE: Resource = Resource {
    name: "tickets",
    alias: None,
    about: "Conversations that need a person, the last changed first.",
    limit: &limits::API,
    endpoints: &[Endpoint::list(
        Roles::ALL,
        "Tickets",
        &[
            UUID,
            param("contact", Shape::Text, "Only those of this contact, by identifier or address"),
            param("topic", Shape::Text, "Only those about this topic, by identifier or name"),
            param(
                "assignee",
                Shape::Text,
                "Only those with which this user deals, by e-mail address; or `none`",
            ),
            param("status", STATUS, "Only open or closed ones"),
        ],
        PROPS,
        |call| Box::pin(list(call)),
    )
    .with_one_of(&["uuid", "contact", "topic", "assignee"])],
};

const USER: Shape =
    Shape::Object(&[prop("email", Shape::Text, "E-mail address"), prop("name", Shape::Text, "Name")]);

const STATUS: Shape = Shape::Word(&["open", "closed"]);

const PROPS: &[Prop] = &[
    prop("uuid", Shape::Uuid, "Identifier"),
    prop("contact", REF, "Whose conversation it is"),
    prop("status", STATUS, "Whether it needs somebody"),
    prop("topic", REF, "What it is about").or_null(),
    prop("body", Shape::Text, "Always null; for older clients").or_null(),
    prop("assignee", USER, "Who deals with it").or_null(),
    prop("opened_on", Shape::Moment, "When it was opened"),
    prop("opened_by", USER, "Who opened it; null for a flow").or_null(),
    prop("opened_in", REF, "The flow that opened it").or_null(),
    prop("modified_on", Shape::Moment, "When it last changed"),
    prop("closed_on", Shape::Moment, "When it was closed").or_null(),
    prop("replied_on", Shape::Moment, "When somebody first answered in it").or_null(),
    prop("replied_by", USER, "Who that was").or_null(),
    prop("first_reply_seconds", Shape::Int, "From opening until somebody first answered").or_null(),
    prop("resolution_seconds", Shape::Int, "From opening until it was closed; null while it is open")
        .or_null(),
];

async fn list(call: &Call) -> Result<Reply, ApiError> {
    let walk = Walk::of(call, false)?;
    let Some(of) = wanted(call).await? else { return Ok(walk.page(Vec::new())) };
    let status = match call.query.text("status").map(TicketStatus::parse) {
        Some(None) => return Ok(walk.page(Vec::new())),
        status => status.flatten(),
    };
    let seen_by = call.ws.tickets_seen_by(&call.user);
    let list = TicketList { of, status, seen_by, walk: walk.span() };
    let found = call.ctx().store.list_tickets(call.workspace(), list).await?;
    let place = |one: &ListedTicket| (one.ticket.modified_on.as_microsecond(), one.ticket.id.0);
    Ok(walk.page(found.iter().map(|one| (place(one), shown(call, one))).collect()))
}

/// Which tickets are asked for; `None` for none that can be.
async fn wanted(call: &Call) -> Result<Option<TicketsOf>, ApiError> {
    match call.query.uuid("uuid") {
        Asked::This(uuid) => return Ok(Some(TicketsOf::Uuid(TicketUuid(uuid)))),
        Asked::Unreadable => return Ok(None),
        Asked::Nothing => {}
    }
    let definitions = call.definitions();
    if let Some(text) = call.query.text("contact") {
        let found = named::contact_of(call, text).await?;
        return Ok(found.map(|contact| TicketsOf::Contact(contact.id)));
    }
    if let Some(text) = call.query.text("topic") {
        let found = named::topic(call, &json!(text));
        return Ok(found.map(|topic| {
            // One that names no topic is about the first.
            let is_first = definitions.topics.first().is_some_and(|first| first.id == topic.id);
            TicketsOf::Topics(std::iter::once(topic.id).chain(is_first.then_some(TopicId(0))).collect())
        }));
    }
    if let Some(text) = call.query.text("assignee") {
        let email = text.trim().to_lowercase();
        if email == "none" {
            return Ok(Some(TicketsOf::Assignee(None)));
        }
        let found = definitions.users.iter().find(|user| user.email == email);
        return Ok(found.map(|user| TicketsOf::Assignee(Some(user.id))));
    }
    Ok(Some(TicketsOf::Everybody))
}

fn shown(call: &Call, listed: &ListedTicket) -> Value {
    let (row, definitions) = (&listed.ticket, call.definitions());
    // One that names no topic is about the first.
    let topic = row.topic.and_then(|id| definitions.topics.iter().find(|topic| topic.id == id));
    let topic = topic.or_else(|| definitions.topics.first());
    let user = |id: Option<UserId>| {
        let user = id.and_then(|id| definitions.users.iter().find(|user| user.id == id));
        user.map(|user| json!({"email": user.email, "name": user.name}))
    };
    let seconds =
        |until: Option<Timestamp>| until.map(|until| (until.as_second() - row.opened_on.as_second()).max(0));
    let flow = row.flow.and_then(|id| definitions.flows.iter().find(|flow| flow.id == id));
    json!({
        "uuid": row.uuid,
        "contact": reference(listed.contact.0, &listed.contact.1),
        "status": row.status.as_str(),
        "topic": topic.map(|topic| reference(topic.uuid, &topic.name)),
        "body": null,
        "assignee": user(row.assignee),
        "opened_on": moment(row.opened_on),
        "opened_by": user(row.opened_by),
        "opened_in": flow.map(|flow| reference(flow.uuid, &flow.name)),
        "modified_on": moment(row.modified_on),
        "closed_on": moment_or_null(row.closed_on),
        "replied_on": moment_or_null(row.replied_on),
        "replied_by": user(row.replied_by),
        "first_reply_seconds": seconds(row.replied_on),
        "resolution_seconds": seconds(row.closed_on),
    })
}
