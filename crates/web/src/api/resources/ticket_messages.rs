//! `ticket_messages.json`: what was said with the person of a ticket, for those who deal with it.

use domain::TicketUuid;
use node::limits;
use store::{MessageList, MessagesOf};

use super::messages;
use crate::api::call::{Call, Reply, Span};
use crate::api::endpoint::{AFTER, BEFORE, Endpoint, Resource, Roles, param};
use crate::api::error::ApiError;
use crate::api::page::Walk;
use crate::api::shape::Shape;

pub(crate) static RESOURCE: Resource = Resource {
    name: "ticket_messages",
    alias: None,
    about: "All that was said with the person of a ticket, over all channels, the latest first.",
    limit: &limits::API_MESSAGES,
    endpoints: &[Endpoint::list(
        Roles::ALL,
        "Messages; nothing for an agent who does not see the ticket",
        &[param("ticket", Shape::Uuid, "The ticket"), BEFORE, AFTER],
        messages::PROPS,
        |call| Box::pin(list(call)),
    )
    .with_needs(&["ticket"])],
};

async fn list(call: &Call) -> Result<Reply, ApiError> {
    let walk = Walk::of(call, false)?;
    let Some(uuid) = call.wanted("ticket").ok().flatten() else { return Ok(walk.page(Vec::new())) };
    let store = &call.ctx().store;
    let ticket = store.ticket(call.workspace(), TicketUuid(uuid)).await?;
    let ticket = ticket.filter(|ticket| call.ws.sees_ticket(&call.user, ticket));
    let (Some(ticket), Some(Span { after, before })) = (ticket, call.query.span()) else {
        return Ok(walk.page(Vec::new()));
    };
    let list = MessageList { of: MessagesOf::Contact(ticket.contact), after, before, walk: walk.span() };
    let found = store.list_messages(call.workspace(), list).await?;
    Ok(walk.page(found.iter().map(|one| (one.place, messages::shown(call, one))).collect()))
}
