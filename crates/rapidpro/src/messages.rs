//! Messages with what became of them, page by page.

use std::collections::BTreeSet;

use domain::{ChannelId, ContactId, FlowId, LabelId, MessageId, MessageUuid, OutboxId, SessionId, UrnId};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::json;
use smol_str::SmolStr;
use store::{
    Change, Direction, DueTimer, KeptNumbers, MessageRef, MessageStatus, NewMessage, NewOutbox, OutboxKind,
    PastMessage, Priority, Rank, StatusChange, TimerKind, Unit, Visibility,
};
use uuid::Uuid;

use crate::{MigrateError, migration::Migration};

/// Messages of one page, which is one commit.
const PAGE: i64 = 2_000;
/// Why a message failed that was to be sent still.
const NOT_SENT: &str = "it was not sent before the programme moved here";
/// Contacts of one commit that are told that something waits for them.
const CONTACTS_AT_ONCE: usize = 1_000;

#[derive(Deserialize)]
struct Message {
    id: i64,
    uuid: Uuid,
    text: SmolStr,
    attachments: Option<Vec<SmolStr>>,
    quick_replies: Option<Vec<SmolStr>>,
    locale: Option<SmolStr>,
    created_on: Timestamp,
    modified_on: Option<Timestamp>,
    sent_on: Option<Timestamp>,
    msg_type: String,
    direction: String,
    status: String,
    visibility: String,
    error_count: i64,
    failed_reason: Option<String>,
    external_id: Option<SmolStr>,
    channel_id: Option<i64>,
    contact_id: i64,
    contact_urn_id: Option<i64>,
    flow_id: Option<i64>,
    labels: Vec<i64>,
}

const MESSAGES: &str = "SELECT m.id, m.uuid, m.text, m.attachments, m.quick_replies, m.locale, m.created_on,
    m.modified_on, m.sent_on, m.msg_type, m.direction, m.status, m.visibility, m.error_count, m.failed_reason,
    m.external_id, m.channel_id, m.contact_id, m.contact_urn_id, m.flow_id,
    ARRAY(SELECT l.label_id FROM msgs_msg_labels l WHERE l.msg_id = m.id ORDER BY l.label_id) AS labels
    FROM msgs_msg m WHERE m.org_id = $1 AND m.id > $2 ORDER BY m.id LIMIT $3";
const LABELLED: &str = "SELECT count(*) AS n FROM msgs_msg_labels l JOIN msgs_label b ON b.id = l.label_id
    WHERE b.org_id = $1";
const PENDING: &str = "SELECT DISTINCT contact_id FROM msgs_msg
    WHERE org_id = $1 AND direction = 'I' AND status = 'P' AND visibility IN ('V', 'A') ORDER BY contact_id";

#[derive(Deserialize)]
struct Waits {
    contact_id: i64,
}

/// Where a message stands here, and the reason if it says none itself.
fn standing(message: &Message) -> (MessageStatus, Option<&'static str>) {
    match (message.direction.as_str(), message.status.as_str()) {
        // What was deleted has nothing in it that could be taken up.
        ("I", "P") if matches!(message.visibility.as_str(), "V" | "A") => (MessageStatus::Pending, None),
        ("I", _) => (MessageStatus::Handled, None),
        (_, "W") => (MessageStatus::Wired, None),
        (_, "S") => (MessageStatus::Sent, None),
        (_, "D") => (MessageStatus::Delivered, None),
        (_, "R") => (MessageStatus::Read, None),
        (_, "F") => (MessageStatus::Failed, message.failed_reason.as_deref().map(failure)),
        (_, _) => (MessageStatus::Failed, Some(NOT_SENT)),
    }
}

fn failure(letter: &str) -> &'static str {
    match letter {
        "S" => "the workspace is suspended",
        "C" => "the contact is not active",
        "L" => "the flow seems to go round in circles",
        "E" => "the carrier did not take it after several attempts",
        "O" => "it became too old to be sent",
        "D" => "no address of the contact has a channel",
        "R" => "its channel was removed",
        _ => "it failed",
    }
}

fn visibility(letter: &str) -> Visibility {
    match letter {
        "A" => Visibility::Archived,
        "D" | "X" => Visibility::Deleted,
        _ => Visibility::Visible,
    }
}

/// The word under which a message is counted for the comparison: direction and status, as the source has them.
fn kind(message: &Message) -> String {
    format!("{}{}", message.direction, message.status)
}

impl Migration<'_> {
    /// All messages.
    pub fn messages(&mut self) -> Result<(), MigrateError> {
        self.area("messages", "msgs_msg")?;
        self.count("labels on messages").there = self.source.count(LABELLED, &[self.org.id])?;
        let (done, _) = self.brought(KeptNumbers::Messages)?;
        let mut after = 0;
        loop {
            let page: Vec<Message> = self.source.rows("a message", MESSAGES, &[self.org.id, after, PAGE])?;
            let Some(last) = page.last() else { break };
            after = last.id;
            let (mut past, mut seen) = (Vec::with_capacity(page.len()), BTreeSet::new());
            for message in page {
                let is_new = self.here(message.id) > done;
                if let Some(row) = self.message(message, is_new)
                    && is_new
                {
                    if row.message.direction == Direction::In {
                        seen.insert((row.message.contact, row.message.day));
                    }
                    past.push(row);
                }
            }
            if past.is_empty() {
                continue;
            }
            let unsent = self.bury_unsent(&mut past);
            let mut changes = vec![Change::PastMessages(past)];
            changes.extend(unsent);
            let workspace = self.workspace;
            changes.extend(seen.into_iter().map(|(contact, day)| Change::Seen(workspace, contact, day)));
            self.write_all("a page of messages", vec![Unit::new(changes)])?;
        }
        let unsent = self.count("messages").kinds.get("unsent, in the dead set").copied().unwrap_or_default();
        if unsent > 0 {
            self.note(format!(
                "{unsent} messages were to be sent still: send them with `seedling outbox dead retry`, or throw them away \
                 with `seedling outbox dead discard`"
            ));
        }
        self.count_here("messages", KeptNumbers::Messages)
    }

    /// What was to be sent still waits in the dead set for somebody who decides: to send it is one command, to throw it away
    /// another. What could go nowhere from here is only failed.
    fn bury_unsent(&mut self, past: &mut [PastMessage]) -> Vec<Change> {
        let (mut changes, now) = (Vec::new(), self.now);
        for one in past {
            let message = &mut one.message;
            let is_unsent = message.reason.as_deref() == Some(NOT_SENT);
            let Some(channel) = message.channel.filter(|id| is_unsent && self.lines.contains(&id.0)) else {
                continue;
            };
            if message.urn.is_none() {
                continue;
            }
            (message.status, message.reason) = (MessageStatus::Queued, None);
            let id = OutboxId(self.sink.next_id());
            changes.push(Change::Outbox(Box::new(NewOutbox {
                id,
                workspace: message.workspace,
                kind: OutboxKind::Message,
                contact: message.contact,
                channel: Some(channel),
                message: Some(message.id),
                session: None,
                payload: None,
                rank: Rank::of(Priority::OneOff),
                claim_for: 0,
                created_on: now,
                pause: SignedDuration::ZERO,
            })));
            let failed = StatusChange {
                workspace: message.workspace,
                message: MessageRef::Id(message.id),
                status: MessageStatus::Failed,
                external_id: None,
                reason: Some(NOT_SENT.to_owned()),
                at: now,
            };
            changes.push(Change::FailSent(id, Box::new(failed)));
            self.count("messages").kind("unsent, in the dead set");
        }
        changes
    }

    fn message(&mut self, message: Message, is_new: bool) -> Option<PastMessage> {
        if !self.contacts.contains_key(&message.contact_id) {
            self.count("messages").leave("their contact is left out");
            self.count("labels on messages")
                .leave_many("their message is left out", message.labels.len() as u64);
            return None;
        }
        let (status, reason) = standing(&message);
        let shown = visibility(&message.visibility);
        let area = self.count("messages");
        area.take(is_new);
        area.kind(kind(&message));
        area.kind(format!("visibility {}", message.visibility));
        area.kind(format!("type {}", message.msg_type));
        let mut labels = Vec::with_capacity(message.labels.len());
        for label in &message.labels {
            if self.labels.contains(label) {
                self.count("labels on messages").take(is_new);
                labels.push(LabelId(self.here(*label)));
            } else {
                self.count("labels on messages").leave("their label is left out");
            }
        }
        let row = self.row(&message, status, reason);
        Some(PastMessage {
            visibility: shown,
            sent_on: message.sent_on.filter(|_| row.direction == Direction::Out),
            modified_on: message.modified_on.unwrap_or(message.created_on),
            error_count: message.error_count,
            labels,
            message: row,
        })
    }

    fn row(&self, message: &Message, status: MessageStatus, reason: Option<&'static str>) -> NewMessage {
        let mut detail = serde_json::Map::new();
        if let Some(locale) = message.locale.as_ref().filter(|locale| !locale.is_empty()) {
            detail.insert("locale".to_owned(), json!(locale));
        }
        match message.msg_type.as_str() {
            "V" => drop(detail.insert("type".to_owned(), json!("voice"))),
            "O" => drop(detail.insert("type".to_owned(), json!("optin"))),
            _ => {}
        }
        let replies: Vec<_> =
            message.quick_replies.iter().flatten().map(|text| json!({"text": text})).collect();
        let channel = message.channel_id.filter(|id| self.channels.contains(id));
        let urn = message.contact_urn_id.filter(|id| self.urns.contains(id));
        NewMessage {
            id: MessageId(self.here(message.id)),
            uuid: MessageUuid(message.uuid),
            workspace: self.workspace,
            contact: ContactId(self.here(message.contact_id)),
            urn: urn.map(|id| UrnId(self.here(id))),
            channel: channel.map(|id| ChannelId(self.here(id))),
            flow: message.flow_id.and_then(|id| self.flows.get(&id)).map(|flow| FlowId(flow.id)),
            direction: if message.direction == "I" { Direction::In } else { Direction::Out },
            status,
            text: message.text.clone(),
            attachments: message.attachments.clone().unwrap_or_default(),
            quick_replies: (!replies.is_empty()).then(|| json!(replies).to_string()),
            detail: (!detail.is_empty()).then(|| json!(detail).to_string()),
            external_id: message.external_id.clone().filter(|id| !id.is_empty()),
            reason: reason.map(str::to_owned),
            job: None,
            day: self.day(message.created_on),
            created_on: message.created_on,
        }
    }

    /// What was received and not looked at before the source was stopped is looked at by the first node that serves,
    /// once everything else is here.
    pub fn hand_over_pending(&mut self) -> Result<(), MigrateError> {
        let waits: Vec<Waits> = self.source.rows("a contact", PENDING, &[self.org.id])?;
        let contacts: Vec<i64> =
            waits.iter().map(|row| row.contact_id).filter(|id| self.contacts.contains_key(id)).collect();
        if contacts.is_empty() {
            return Ok(());
        }
        self.note(format!(
            "{} contacts wrote and were not answered yet: the first node answers them",
            contacts.len()
        ));
        let (workspace, due) = (self.workspace, self.now);
        for part in contacts.chunks(CONTACTS_AT_ONCE) {
            let timers = part.iter().map(|id| {
                let contact = ContactId(self.here(*id));
                Change::SetTimer(DueTimer {
                    workspace,
                    contact,
                    kind: TimerKind::Parked,
                    due,
                    session: SessionId(0),
                })
            });
            self.write_all("what waits", vec![Unit::new(timers.collect())])?;
        }
        Ok(())
    }
}
