//! Rows that the tests write.

use std::collections::BTreeMap;

use domain::{
    ChannelId, ContactId, ContactStatus, ContactUuid, MessageId, MessageUuid, OutboxId, UrnId, WorkspaceId,
    WorkspaceUuid,
};
use jiff::{SignedDuration, Timestamp};
use store::{
    Change, ContactRow, DefinitionChange, Direction, MessageStatus, NewContact, NewMessage, NewNode,
    NewOutbox, OutboxKind, OutboxLine, OutboxQueue, Priority, Rank, Registered, Registration, Store, Unit,
    UrnRow, WorkspaceRow,
};
use uuid::Uuid;

pub const WORKSPACE: WorkspaceId = WorkspaceId(1);
pub const CHANNEL: ChannelId = ChannelId(7);

pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

pub fn workspace() -> Unit {
    Unit::new(vec![Change::Definition(WORKSPACE, DefinitionChange::NewWorkspace(Box::new(workspace_row())))])
}

pub fn workspace_row() -> WorkspaceRow {
    WorkspaceRow {
        id: WORKSPACE,
        uuid: WorkspaceUuid(Uuid::from_u128(1)),
        name: "Clinic line".into(),
        timezone: "Africa/Nairobi".into(),
        country: Some("KE".into()),
        languages: vec!["eng".into(), "swa".into()],
        date_format: "DD-MM-YYYY".into(),
        time_format: "tt:mm".into(),
        input_collation: "default".into(),
        anonymous: false,
        obfuscation_key: [1, 2, 3, 4],
        definitions_version: 0,
        created_on: at(0),
    }
}

pub fn contact_row(id: i64) -> ContactRow {
    ContactRow {
        id: ContactId(id),
        workspace: WORKSPACE,
        uuid: ContactUuid(Uuid::from_u128(0xc0 << 64 | id as u128)),
        version: 1,
        name: "Amina".into(),
        language: Some("swa".into()),
        status: ContactStatus::Active,
        timezone: None,
        fields: BTreeMap::new(),
        session: None,
        flow: None,
        created_on: at(0),
        last_seen_on: None,
        groups_as_of: 0,
    }
}

pub fn urn_row(id: i64) -> UrnRow {
    UrnRow {
        id: UrnId(id),
        scheme: "tel".into(),
        path: format!("+2547000{id:05}").into(),
        display: None,
        priority: 1_000,
        channel: Some(CHANNEL),
    }
}

pub fn contact(id: i64) -> Change {
    Change::NewContact(Box::new(NewContact { contact: contact_row(id), urns: vec![urn_row(id)] }))
}

pub fn message(id: i64, contact: i64, direction: Direction, status: MessageStatus) -> NewMessage {
    NewMessage {
        id: MessageId(id),
        uuid: MessageUuid(Uuid::from_u128(0xe0 << 64 | id as u128)),
        workspace: WORKSPACE,
        contact: ContactId(contact),
        urn: Some(UrnId(contact)),
        channel: Some(CHANNEL),
        flow: None,
        direction,
        status,
        text: format!("message {id}").into(),
        attachments: vec!["image/png:https://example.org/a.png".into()],
        quick_replies: Some(r#"[{"type":"text","text":"Yes"}]"#.to_owned()),
        detail: None,
        job: None,
        external_id: None,
        reason: None,
        day: 20_000 + (id % 3) as i32,
        created_on: at(id),
    }
}

/// A message out with its outbox row; the row has the message's number.
pub fn outgoing(id: i64, contact: i64, claim_for: i64) -> Vec<Change> {
    let message = message(id, contact, Direction::Out, MessageStatus::Queued);
    let row = NewOutbox {
        id: OutboxId(id),
        workspace: WORKSPACE,
        kind: OutboxKind::Message,
        contact: message.contact,
        channel: message.channel,
        message: Some(message.id),
        session: None,
        payload: None,
        rank: Rank::of(Priority::Reply),
        claim_for,
        created_on: message.created_on,
        pause: jiff::SignedDuration::ZERO,
    };
    vec![Change::Message(Box::new(message)), Change::Outbox(Box::new(row))]
}

/// The run of the first node that enters a new store at [`two_nodes`]; that of the second is the next.
pub const RUN: i64 = 32;

pub fn node(name: &str) -> NewNode {
    NewNode {
        name: name.into(),
        version: "1.0".into(),
        address: "127.0.0.1:7333".into(),
        host: "here".into(),
        process: "".into(),
        ttl: SignedDuration::from_secs(10),
        alone: false,
    }
}

/// Enters a node and answers its run.
pub async fn enter(store: &Store, name: &str) -> Registered {
    match store.register(node(name), Timestamp::UNIX_EPOCH).await.unwrap() {
        Registration::Done(registered) => registered,
        other => panic!("{other:?}"),
    }
}

/// Enters two nodes, of the runs [`RUN`] and the one after it.
pub async fn two_nodes(store: &Store) {
    let runs = [enter(store, "a").await.run, enter(store, "b").await.run];
    assert_eq!(runs, [RUN, RUN + 1]);
}

/// The queue of replies on a line.
pub fn replies(line: OutboxLine) -> OutboxQueue {
    OutboxQueue { line, workspace: WORKSPACE, rank: Rank::of(Priority::Reply) }
}
