//! The last resort for a message that no conversation can be stepped with: its sender cannot be read, or stepping
//! broke off. It is kept as received, with the reason, so that the carrier need not bring it for ever and people see
//! what was written.

use channels::InboundMessage;
use domain::{ContactId, MessageId, MessageUuid, UrnId};
use smol_str::SmolStr;
use store::{Change, ChannelRow, Direction, MessageStatus, NewMessage, Unit, UnitError};

use crate::{
    Context, Workspace,
    batch::{BatchError, MAX_TRIES},
    person::Person,
    receive::Stamp,
    tallies,
};

/// Keeps a message without asking anything of its contact but who it is; a stranger becomes a contact.
pub(crate) async fn keep_unhandled(
    ctx: &Context,
    ws: &Workspace,
    channel: &ChannelRow,
    message: &InboundMessage,
    stamp: Option<Stamp>,
    reason: &str,
) -> Result<MessageUuid, BatchError> {
    for _ in 0..MAX_TRIES {
        let owner = ctx.store.address_owner(ws.row.id, message.urn.clone()).await?;
        let (changes, uuid) = rows(ctx, ws, channel, message, stamp, owner, reason);
        match ctx.write_one(Unit::new(changes)).await {
            Ok(_) => return Ok(uuid),
            // Somebody else made a contact of the stranger.
            Err(UnitError::Conflict) => {}
            Err(UnitError::Duplicate) => return Err(BatchError::Duplicate),
            Err(UnitError::Gone) => return Err(BatchError::Gone),
            Err(UnitError::Store(error)) => return Err(error.into()),
            Err(other @ (UnitError::Taken(_) | UnitError::TooLarge(_))) => {
                return Err(BatchError::BrokeOff(other.to_string()));
            }
        }
    }
    Err(BatchError::Busy)
}

fn rows(
    ctx: &Context,
    ws: &Workspace,
    channel: &ChannelRow,
    message: &InboundMessage,
    stamp: Option<Stamp>,
    owner: Option<(ContactId, UrnId)>,
    reason: &str,
) -> (Vec<Change>, MessageUuid) {
    let now = ctx.now();
    let uuid = stamp.map_or_else(|| MessageUuid(ctx.host.uuid_v7()), |stamp| stamp.uuid);
    let arrived = stamp.map_or(now, |stamp| stamp.arrived);
    let id = MessageId(ctx.next_id(now));
    let (stranger, contact, urn) = match owner {
        Some((contact, urn)) => (None, contact, Some(urn)),
        None => {
            let person = Person::unknown(ctx, ws, &message.urn, Some(channel), message.name.as_ref(), now);
            let (contact, urn) = (person.row.id, person.urn_row(&message.urn).map(|row| row.id));
            let counted = Change::Tallies(tallies::of_person(&person, ws, now));
            (Some([person.guard(ctx, now), counted]), contact, urn)
        }
    };
    let kept = Change::Message(Box::new(NewMessage {
        id,
        uuid,
        workspace: ws.row.id,
        contact,
        urn,
        channel: Some(channel.id),
        flow: None,
        direction: Direction::In,
        status: MessageStatus::Handled,
        text: SmolStr::new(&message.text),
        attachments: message.attachments.iter().map(SmolStr::new).collect(),
        quick_replies: None,
        detail: None,
        job: None,
        external_id: message.external_id.clone(),
        reason: Some(format!("kept, but no flow could take it: {reason}")),
        day: ws.day(arrived),
        created_on: arrived,
    }));
    (stranger.into_iter().flatten().chain([kept]).collect(), uuid)
}
