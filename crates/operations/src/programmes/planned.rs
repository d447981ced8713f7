//! What would be sent to whom between two moments, without sending anything.

use domain::{ContactId, SubscriptionId, WorkspaceId, programme::NEXT_SET_AFTER};
use jiff::Timestamp;
use smol_str::SmolStr;
use store::{Conversation, ConversationKey, StoreError, SubscriptionRow};

use super::{ProgrammeError, StartAt, rules::Rules, rules::zone_of};
use crate::{Context, Workspace, person::Person};

/// Messages that are told of in one go, at most.
pub const MAX_PLANNED: usize = 100_000;
/// Subscriptions that are read in one go.
const PAGE: usize = 500;
/// Sets that are followed one behind the other.
const MAX_CHAIN: usize = 20;

/// A message that would be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// When.
    pub at: Timestamp,
    /// To whom.
    pub contact: ContactId,
    /// Short name of the set.
    pub set: SmolStr,
    /// Which message.
    pub sequence: u32,
}

/// What would be sent from one moment to another (included), of one contact or of all, the earliest first, as things
/// stand now; the sets that follow are followed. At most `limit`; the flag says whether there is more.
///
/// # Errors
/// When there is no such workspace, or the store fails.
pub async fn planned(
    ctx: &Context,
    workspace: WorkspaceId,
    contact: Option<ContactId>,
    from: Timestamp,
    to: Timestamp,
    limit: usize,
) -> Result<(Vec<Planned>, bool), ProgrammeError> {
    let limit = limit.min(MAX_PLANNED);
    let ws = ctx.registry.workspace(ctx, workspace).await?.ok_or(ProgrammeError::NoContact)?;
    let (mut found, mut more, mut after) = (Vec::new(), false, SubscriptionId(0));
    loop {
        let rows = match contact {
            Some(contact) => {
                let rows = ctx.store.contact_subscriptions(workspace, contact).await?;
                rows.into_iter().filter(|row| row.next_due.is_some()).collect()
            }
            None => ctx.store.active_subscriptions(workspace, after, PAGE).await?,
        };
        let people = people(ctx, workspace, &rows).await?;
        for (row, person) in rows.iter().zip(&people) {
            after = row.id;
            let Some(person) = person else { continue };
            of_one(&ws, row, person, from, to, &mut found);
        }
        // The earliest of all are wanted, so all are looked at; what is too much is dropped on the way.
        found.sort_by(|a: &Planned, b: &Planned| (a.at, a.contact, &a.set).cmp(&(b.at, b.contact, &b.set)));
        more |= found.len() > limit;
        found.truncate(limit);
        if contact.is_some() || rows.len() < PAGE {
            return Ok((found, more));
        }
    }
}

async fn people(
    ctx: &Context,
    workspace: WorkspaceId,
    rows: &[SubscriptionRow],
) -> Result<Vec<Option<Conversation>>, StoreError> {
    let keys = rows.iter().map(|row| ConversationKey::Contact(workspace, row.contact)).collect();
    Ok(ctx.store.load_conversations(keys).await?.conversations)
}

fn of_one(
    ws: &Workspace,
    row: &SubscriptionRow,
    conversation: &Conversation,
    from: Timestamp,
    to: Timestamp,
    found: &mut Vec<Planned>,
) {
    let contact = Person::known(conversation, ws).contact;
    let Ok(mut rules) = Rules::of(ws, row, &contact) else { return };
    let (mut anchor, mut sequence, mut at) = (row.anchor, row.next, row.next_due);
    for _ in 0..MAX_CHAIN {
        let mut last = None;
        while let Some(run) = at.filter(|run| *run <= to && sequence <= rules.messages()) {
            if run >= from {
                let set = rules.row.short_name.clone();
                found.push(Planned { at: run, contact: row.contact, set, sequence });
            }
            last = Some(run);
            sequence += 1;
            at = if sequence > rules.messages() { None } else { rules.plan(anchor).run(sequence, run) };
        }
        let Some(last) = last.filter(|_| sequence > rules.messages()) else { return };
        let sets = &ws.definitions().message_sets;
        let following = rules.row.next_set.and_then(|id| sets.iter().find(|set| set.id == id));
        let Some(following) = following else { return };
        let begun = last.saturating_add(NEXT_SET_AFTER).unwrap_or(last);
        let Ok(next) = Rules::read(following, None, zone_of(ws, &contact)) else { return };
        let Ok(placed) = next.place(&contact, &StartAt::Placed { day: None }, begun) else { return };
        rules = next;
        (anchor, sequence) = placed;
        at = rules.plan(anchor).run(sequence, begun);
    }
}
