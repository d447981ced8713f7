//! `tickets.json`: conversations that need a person.

use domain::TicketUuid;
use node::limits;
use serde_json::{Value, json};
use store::{ListedTicket, TicketList, TicketsOf, UserRow};

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
        &[UUID, param("contact", Shape::Text, "Only those of this contact, by identifier or address")],
        PROPS,
        |call| Box::pin(list(call)),
    )
    .with_one_of(&["uuid", "contact"])],
};

const USER: Shape =
    Shape::Object(&[prop("email", Shape::Text, "E-mail address"), prop("name", Shape::Text, "Name")]);

const PROPS: &[Prop] = &[
    prop("uuid", Shape::Uuid, "Identifier"),
    prop("contact", REF, "Whose conversation it is"),
    prop("status", Shape::Word(&["open", "closed"]), "Whether it needs somebody"),
    prop("topic", REF, "What it is about").or_null(),
    prop("body", Shape::Text, "Always null; for older clients").or_null(),
    prop("assignee", USER, "Who deals with it").or_null(),
    prop("opened_on", Shape::Moment, "When it was opened"),
    prop("opened_by", USER, "Who opened it; null for a flow").or_null(),
    prop("opened_in", REF, "The flow that opened it").or_null(),
    prop("modified_on", Shape::Moment, "When it last changed"),
    prop("closed_on", Shape::Moment, "When it was closed").or_null(),
];

async fn list(call: &Call) -> Result<Reply, ApiError> {
    let walk = Walk::of(call, false)?;
    let of = match (call.query.uuid("uuid"), call.query.text("contact")) {
        (Asked::This(uuid), _) => Some(TicketsOf::Uuid(TicketUuid(uuid))),
        (Asked::Unreadable, _) => None,
        (Asked::Nothing, Some(text)) => {
            named::contact_of(call, text).await?.map(|contact| TicketsOf::Contact(contact.id))
        }
        (Asked::Nothing, None) => Some(TicketsOf::Everybody),
    };
    let Some(of) = of else { return Ok(walk.page(Vec::new())) };
    let list = TicketList { of, walk: walk.span() };
    let found = call.ctx().store.list_tickets(call.workspace(), list).await?;
    let place = |one: &ListedTicket| (one.ticket.modified_on.as_microsecond(), one.ticket.id.0);
    Ok(walk.page(found.iter().map(|one| (place(one), shown(call, one))).collect()))
}

fn shown(call: &Call, listed: &ListedTicket) -> Value {
    let (row, definitions) = (&listed.ticket, call.definitions());
    // One that names no topic is about the first.
    let topic = row.topic.and_then(|id| definitions.topics.iter().find(|topic| topic.id == id));
    let topic = topic.or_else(|| definitions.topics.first());
    let user = |user: &UserRow| json!({"email": user.email, "name": user.name});
    let assignee = row.assignee.and_then(|id| definitions.users.iter().find(|user| user.id == id));
    let flow = row.flow.and_then(|id| definitions.flows.iter().find(|flow| flow.id == id));
    json!({
        "uuid": row.uuid,
        "contact": reference(listed.contact.0, &listed.contact.1),
        "status": row.status.as_str(),
        "topic": topic.map(|topic| reference(topic.uuid, &topic.name)),
        "body": null,
        "assignee": assignee.map(user),
        "opened_on": moment(row.opened_on),
        // Only flows open tickets so far.
        "opened_by": null,
        "opened_in": flow.map(|flow| reference(flow.uuid, &flow.name)),
        "modified_on": moment(row.modified_on),
        "closed_on": moment_or_null(row.closed_on),
    })
}
