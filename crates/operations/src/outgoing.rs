//! A message on its way out as rows: the message, and the outbox row by which it leaves. One place for flows and
//! for broadcasts, so that both are kept alike.

use domain::{ContactId, FlowId, MessageUuid, OutboxId};
use flows::{
    Event,
    events::{MsgOut, UnsendableReason},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use store::{
    Direction, MessageStatus, NewMessage, NewOutbox, OutboxItem, OutboxKind, Priority, Rank, SessionStatus,
    UrnRow,
};

use crate::{Context, Workspace};

/// Who gets a message, and at which of their addresses.
#[derive(Clone, Copy)]
pub(crate) struct Recipient<'r> {
    pub contact: ContactId,
    pub urn: Option<&'r UrnRow>,
}

/// The rows of a message. It goes to the outbox unless it cannot go anywhere; then it is failed, with the reason.
/// `said_by`: the flow that says it, and how its session stands.
pub(crate) fn outgoing(
    ctx: &Context,
    ws: &Workspace,
    now: Timestamp,
    to: Recipient<'_>,
    event: &Event,
    message: &MsgOut,
    said_by: (Option<FlowId>, Option<SessionStatus>),
) -> (NewMessage, Option<OutboxItem>) {
    let (flow, session) = said_by;
    let channel = message.channel.as_ref().and_then(|channel| ws.channel(channel.uuid));
    let reason = match (message.unsendable_reason, to.urn, channel) {
        (Some(reason), ..) => Some(unsendable(reason)),
        (None, Some(_), Some(_)) => None,
        (None, ..) => Some(unsendable(UnsendableReason::NoRoute)),
    };
    let new = NewMessage {
        id: domain::MessageId(ctx.next_id(now)),
        uuid: MessageUuid(event.uuid.0),
        workspace: ws.row.id,
        contact: to.contact,
        urn: to.urn.map(|urn| urn.id),
        channel: channel.map(|channel| channel.id),
        flow,
        direction: Direction::Out,
        status: if reason.is_some() { MessageStatus::Failed } else { MessageStatus::Queued },
        text: message.text.clone(),
        attachments: message.attachments.clone(),
        quick_replies: (!message.quick_replies.is_empty())
            .then(|| serde_json::to_string(&message.quick_replies).unwrap_or_default()),
        detail: Some(detail_json(message, session)),
        job: None,
        external_id: None,
        reason: reason.map(str::to_owned),
        day: ws.day(now),
        created_on: now,
    };
    let item = reason.is_none().then(|| OutboxItem {
        id: OutboxId(ctx.next_id(now)),
        workspace: new.workspace,
        kind: OutboxKind::Message,
        contact: new.contact,
        channel: new.channel,
        message: Some(new.id),
        session: None,
        message_uuid: Some(new.uuid),
        urn: to.urn.map(|urn| (urn.scheme.clone(), urn.path.clone())),
        text: new.text.clone(),
        attachments: new.attachments.clone(),
        quick_replies: new.quick_replies.clone(),
        detail: new.detail.clone(),
        payload: None,
        rank: Rank::of(Priority::OneOff),
        attempts: 0,
        possibly_repeated: false,
        created_on: now,
    });
    (new, item)
}

/// The outbox row of what the dispatcher is to take.
pub(crate) fn outbox_row(item: &OutboxItem, claim_for: i64, pause: SignedDuration) -> NewOutbox {
    NewOutbox {
        id: item.id,
        workspace: item.workspace,
        kind: item.kind,
        contact: item.contact,
        channel: item.channel,
        message: item.message,
        session: item.session,
        payload: item.payload.clone(),
        rank: item.rank,
        claim_for,
        created_on: item.created_on,
        pause,
    }
}

pub(crate) fn unsendable(reason: UnsendableReason) -> &'static str {
    match reason {
        UnsendableReason::NoRoute => "no address of the contact has a channel",
        UnsendableReason::ContactBlocked => "the contact is blocked",
        UnsendableReason::ContactStopped => "the contact opted out",
        UnsendableReason::ContactArchived => "the contact is archived",
        UnsendableReason::OrgSuspended => "the workspace is suspended",
        UnsendableReason::ForbiddenContent => "the text may not be sent",
    }
}

/// What only some carriers use: `session_status`, and `locale` and `templating` where the message has them.
fn detail_json(message: &MsgOut, session: Option<SessionStatus>) -> String {
    let mut detail = Map::new();
    if let Some(status) = session {
        detail.insert("session_status".to_owned(), json!(status.as_str()));
    }
    if !message.locale.is_empty() {
        detail.insert("locale".to_owned(), json!(message.locale));
    }
    if let Some(interactive) = &message.interactive {
        detail.insert("interactive".to_owned(), json!(interactive));
    }
    if let Some(templating) = &message.templating {
        detail.insert("templating".to_owned(), json!(templating));
    }
    Value::Object(detail).to_string()
}
