//! `ticket_replies.json`: a user answers the person of a ticket.

use domain::TicketUuid;
use node::limits;
use operations::{ReplyError, ReplyInTicket, reply_in_ticket};

use super::{canned_replies, messages};
use crate::api::call::{Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles};
use crate::api::error::ApiError;
use crate::api::given::{Given, uuid_of};
use crate::api::said::{QUICK_REPLY, single, uploads};
use crate::api::shape::{Prop, Shape, TEXTS, prop};

pub(crate) static RESOURCE: Resource = Resource {
    name: "ticket_replies",
    alias: None,
    about: "Answers that users write in tickets.",
    limit: &limits::API_MESSAGES,
    endpoints: &[Endpoint::save(
        Roles::WORKERS,
        "Sends a message to the person of an open ticket; who called has written it",
        &[],
        BODY,
        messages::PROPS,
        |call| Box::pin(send(call)),
    )],
};

const BODY: &[Prop] = &[
    prop("ticket", Shape::Text, "The ticket, by identifier"),
    prop(
        "canned_reply",
        Shape::Text,
        "A canned reply, by identifier or name, in the place of text and files",
    ),
    prop("text", Shape::Text, "Text, at most 4,096 characters; expressions in it are not evaluated"),
    prop("attachments", TEXTS, "Files as `type:address`, at most 10"),
    prop("quick_replies", Shape::List(&QUICK_REPLY), "Suggested answers, at most 10"),
];

async fn send(call: &Call) -> Result<Reply, ApiError> {
    let mut given = Given::of(&call.body);
    let ticket = match given.value("ticket") {
        None => {
            given.wrong("ticket", "This field is required.");
            None
        }
        Some(value) => {
            let uuid = uuid_of(value).map(TicketUuid);
            if uuid.is_none() {
                given.wrong("ticket", "Not found.");
            }
            uuid
        }
    };
    let canned = given.value("canned_reply");
    let said = match canned {
        Some(value) => {
            let (uuid, name) = (uuid_of(value), value.as_str().unwrap_or_default().trim().to_lowercase());
            let found = call.definitions().canned_replies.iter().find(|reply| match uuid {
                Some(uuid) => reply.uuid.0 == uuid,
                None => reply.name.to_lowercase() == name,
            });
            if found.is_none() {
                given.wrong("canned_reply", format!("Not found: {name}"));
            }
            if ["text", "attachments", "quick_replies"].iter().any(|member| given.has(member)) {
                given.wrong("non_field_errors", "Give a canned reply or what is said, not both.");
            }
            found.map(canned_replies::said).unwrap_or_default()
        }
        None => single(call, &mut given, &uploads(call).await?),
    };
    given.done()?;
    let ticket = ticket.ok_or_else(ApiError::not_found)?;
    let evaluate = canned.is_some();
    let reply =
        ReplyInTicket { workspace: call.workspace(), ticket, said, evaluate, user: call.user.clone() };
    let sent = reply_in_ticket(call.ctx(), reply).await.map_err(|error| match error {
        ReplyError::NoTicket => ApiError::not_found(),
        ReplyError::Closed => ApiError::field("ticket", "This ticket is closed; reopen it first."),
        ReplyError::Busy => ApiError::Busy,
        ReplyError::Store(error) => error.into(),
    })?;
    let uuid = call.node.hand_over(sent);
    messages::made(call, uuid).await
}
