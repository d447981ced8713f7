//! Conversations that need a person: opened by flows, dealt with by people.

use domain::Reference;
use operations::{TicketAction, add_topic, change_ticket};
use serde_json::json;
use store::TicketStatus;

use crate::{
    flow_files::{doing, greeting, id},
    world::{World, texts},
};

const CALLER: &str = "+254700000001";

async fn world() -> World {
    let world = World::new().await;
    let flow = doing(
        0x20_000,
        "Help",
        &[
            json!({"type": "open_ticket", "topic": null, "assignee": null, "note": "Wrote: @input.text"}),
            json!({"type": "send_msg", "text": "@(if(locals._new_ticket = \"\", \"Somebody is on it.\", \"We call you.\")) (@(count(contact.tickets)))"}),
        ],
    );
    let flow = world.add_flow(&flow).await;
    let mut trigger = world.trigger("K", flow);
    (trigger.keywords, trigger.match_type) = (vec!["help".into()], Some("F".into()));
    world.add_trigger(trigger).await;
    world
}

#[tokio::test]
async fn a_ticket_is_kept_with_the_step_that_opens_it() {
    let world = world().await;
    assert_eq!(world.hears(CALLER, "help me").await, ["We call you. (1)"]);
    assert_eq!(world.hears(CALLER, "help again").await, ["Somebody is on it. (1)"]);
    let contact = world.conversation(CALLER).await.unwrap();
    let world = world.restarted();
    let tickets = world.ctx.store.contact_tickets(world.workspace.id, contact.contact.id).await.unwrap();
    let [ticket] = tickets.as_slice() else { panic!("{tickets:?}") };
    assert_eq!(ticket.note.as_deref(), Some("Wrote: help me"));
    let definitions = world.ctx.store.definitions(world.workspace.id).await.unwrap().unwrap();
    assert_eq!(ticket.topic, Some(definitions.topics[0].id));
    let runs = world.ctx.store.contact_runs(world.workspace.id, contact.contact.id).await.unwrap();
    assert_eq!((ticket.run, ticket.flow), (Some(runs[0].id), Some(runs[0].flow)));
}

#[tokio::test]
async fn people_deal_with_tickets_and_closing_one_starts_its_flow() {
    let world = world().await;
    world.hears(CALLER, "help").await;
    let thanks = world.add_flow(&greeting(0x30_000, "Closed", "Was that of help?")).await;
    world.add_trigger(world.trigger("T", thanks)).await;
    let contact = world.conversation(CALLER).await.unwrap().contact.id;
    let (workspace, ctx) = (world.workspace.id, &world.ctx);
    let ticket = ctx.store.contact_tickets(workspace, contact).await.unwrap()[0].uuid;
    let topic = add_topic(ctx, workspace, None, "Malaria").await.unwrap();
    let about = Reference { uuid: topic.uuid, name: topic.name };
    for (action, changes) in [
        (TicketAction::Topic(about.clone()), true),
        (TicketAction::Topic(about), false),
        (TicketAction::Note("Called her.".into()), true),
        (TicketAction::Reopen, false),
    ] {
        let changed = change_ticket(ctx, workspace, ticket, action.clone(), None).await.unwrap();
        assert_eq!((changed.value, changed.outbox.len()), (changes, 0), "{action:?}");
    }
    let closed = change_ticket(ctx, workspace, ticket, TicketAction::Close, None).await.unwrap();
    assert_eq!(texts(&closed.outbox), ["Was that of help?"]);
    let again = change_ticket(ctx, workspace, ticket, TicketAction::Close, None).await.unwrap();
    assert_eq!((again.value, again.outbox.len()), (false, 0));
    let row = ctx.store.ticket(workspace, ticket).await.unwrap().unwrap();
    assert_eq!(
        (row.status, row.topic, row.closed_on.is_some()),
        (TicketStatus::Closed, Some(topic.id), true)
    );
    assert_eq!(row.note.as_deref(), Some("Wrote: help"), "later notes are in the history");
    assert!(world.conversation(CALLER).await.unwrap().tickets.is_empty());
    assert!(change_ticket(ctx, workspace, ticket, TicketAction::Reopen, None).await.unwrap().value);
    assert_eq!(world.conversation(CALLER).await.unwrap().tickets.len(), 1);
    let missing = change_ticket(ctx, workspace, id(9).into(), TicketAction::Close, None).await;
    assert!(missing.is_err());
}
