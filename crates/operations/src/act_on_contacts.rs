//! Something is done with several people at once: put into a group, blocked, taken out of a flow, erased.

use std::sync::Arc;

use domain::{ContactId, ContactStatus, GroupUuid, WorkspaceId};
use flows::{Engine, Event, GroupsModification, Modifier};
use smol_str::SmolStr;
use store::{Change, Conversation, ConversationKey, StoreError};

use crate::{
    Committed, Context, Workspace,
    batch::{self, BatchError, StepFuture, Stepped},
    save_contact::references,
    start_flow::not_active,
    stop_contact::stop,
    turn::Turn,
};

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContactAction {
    /// They join a group that is filled by hand.
    Join(GroupUuid),
    /// They leave one.
    Leave(GroupUuid),
    /// Nothing is said to them any more, and nothing that they say is heard.
    Block,
    /// They are talked with again.
    Unblock,
    /// The conversation that they are in ends.
    Interrupt,
    /// What they wrote is put away.
    ArchiveMessages,
    /// Everything that is known of them is erased.
    Erase,
}

/// Does it with each of these people; those that are not there are left alone. All of it is committed together, except
/// for those who change meanwhile, with whom it is done again. Answers with how many it was done.
///
/// # Errors
/// When the store fails, or a contact keeps changing; it may be done again then.
pub async fn act_on_contacts(
    ctx: &Context,
    workspace: WorkspaceId,
    contacts: &[ContactId],
    action: ContactAction,
) -> Result<Committed<usize>, StoreError> {
    let inputs: Vec<(ConversationKey, ContactAction)> =
        contacts.iter().map(|id| (ConversationKey::Contact(workspace, *id), action)).collect();
    let (ends, left) = batch::run(ctx, &inputs, step).await;
    let mut done = 0;
    for end in ends {
        match end {
            Ok(true) => done += 1,
            Ok(false) | Err(BatchError::NoWorkspace) => {}
            Err(BatchError::Store(error)) => return Err(error),
            Err(BatchError::BrokeOff(said)) => return Err(batch::broke_off(&said)),
            Err(BatchError::Busy | BatchError::Duplicate | BatchError::Gone) => return Err(StoreError::Busy),
        }
    }
    Ok(Committed::new(done, left))
}

fn step<'a>(
    ctx: &'a Context,
    ws: Arc<Workspace>,
    conversation: Option<Conversation>,
    action: &'a ContactAction,
) -> StepFuture<'a, bool> {
    Box::pin(async move {
        let Some(conversation) = conversation else { return Ok(Stepped::nothing(false)) };
        let mut turn = Turn::of(ctx, ws, ctx.now(), conversation);
        let changed = match action {
            ContactAction::Join(group) => move_group(&mut turn, *group, GroupsModification::Add),
            ContactAction::Leave(group) => move_group(&mut turn, *group, GroupsModification::Remove),
            ContactAction::Block => leave(&mut turn, ContactStatus::Blocked),
            ContactAction::Unblock => {
                let events = modify(&mut turn, &Modifier::Status { status: ContactStatus::Active });
                keep(&mut turn, &events)
            }
            ContactAction::Interrupt => turn.interrupt(),
            ContactAction::ArchiveMessages => archive_messages(&mut turn),
            ContactAction::Erase => erase(&mut turn),
        };
        if !changed {
            return Ok(Stepped::nothing(true));
        }
        turn.drain_pending().await?;
        Ok(Stepped { unit: Some(turn.finish()), value: true })
    })
}

fn modify(turn: &mut Turn<'_>, modifier: &Modifier) -> Vec<Event> {
    let ws = turn.ws.clone();
    let engine = Engine::new(&ws.assets, &ws.env, &*turn.ctx.host);
    engine.modify(&mut turn.person.contact, modifier, &mut |_| false)
}

fn keep(turn: &mut Turn<'_>, events: &[Event]) -> bool {
    for event in events {
        turn.record(event, None);
    }
    !events.is_empty()
}

fn move_group(turn: &mut Turn<'_>, group: GroupUuid, modification: GroupsModification) -> bool {
    let groups = references(&turn.ws, std::iter::once(&group));
    let events = modify(turn, &Modifier::Groups { groups, modification });
    keep(turn, &events)
}

/// They are not talked with any more: the conversation ends, and what was queued does not leave.
fn leave(turn: &mut Turn<'_>, status: ContactStatus) -> bool {
    let events = modify(turn, &Modifier::Status { status });
    if keep(turn, &events) {
        stop(turn, not_active(status).unwrap_or_default());
    }
    !events.is_empty()
}

fn archive_messages(turn: &mut Turn<'_>) -> bool {
    let (workspace, id) = (turn.ws.row.id, turn.person.row.id);
    turn.changes.push(Change::ArchiveMessages(workspace, id, turn.now));
    true
}

/// The row stays, for those who ask what became of it: archived, so that nobody talks with it, and with nothing in it.
pub(crate) fn erase(turn: &mut Turn<'_>) -> bool {
    let status = Modifier::Status { status: ContactStatus::Archived };
    let events = modify(turn, &status);
    keep(turn, &events);
    stop(turn, "the contact was erased");
    let tickets: Vec<_> = turn.person.contact.tickets.iter().filter(|ticket| ticket.open).cloned().collect();
    for ticket in tickets {
        turn.close_ticket_quietly(ticket.uuid);
    }
    let contact = &mut turn.person.contact;
    contact.name = SmolStr::default();
    contact.language = None;
    contact.timezone = None;
    contact.fields.clear();
    contact.urns.clear();
    contact.groups.clear();
    turn.person.doubt_groups();
    let (workspace, id) = (turn.ws.row.id, turn.person.row.id);
    turn.changes.push(Change::Erase(workspace, id, turn.now));
    true
}
