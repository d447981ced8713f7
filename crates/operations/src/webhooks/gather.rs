//! What a program is to be told, from the feed.

use std::collections::{BTreeMap, BTreeSet};

use domain::{ContactId, DeliveryId, JobId, MessageId};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use store::{
    Change, Conversation, ConversationKey, DeliveryOut, DeliveryStatus, Direction, FeedCursor, FeedItem,
    FeedKind, FeedNamed, FeedRead, StoreError, Unit, UnitError, WebhookChange, WebhookRow,
};

use super::WebhookError;
use crate::{Context, Workspace};

/// Entries of the feed that are read at once.
const AT_ONCE: usize = 200;

/// How programs know an event: the same however often it is told.
pub fn id_of_event(cursor: FeedCursor) -> String {
    format!("evt_{cursor}")
}

/// Writes down what a webhook is to be told next. Answers whether there may be more.
///
/// # Errors
/// When the store fails; what was committed stays.
pub async fn gather_webhook(ctx: &Context, row: &WebhookRow) -> Result<bool, WebhookError> {
    let Some(ws) = ctx.registry.workspace(ctx, row.workspace).await? else { return Ok(false) };
    let head = ctx.store.feed_head().await?;
    let (items, next, gap) = match ctx.store.feed_after(Some(row.workspace), row.cursor, AT_ONCE).await? {
        FeedRead::Items(items) => {
            let next = items.last().map(|item| item.cursor);
            (items, next, None)
        }
        FeedRead::TooOld(head) => {
            let said = format!("what happened after {} is not kept any more and was not told", row.cursor);
            (Vec::new(), Some(head), Some(said))
        }
    };
    let full = items.len() >= AT_ONCE;
    // What others did meanwhile is not read again and again.
    let cursor = next.unwrap_or_else(|| row.cursor.max(head));
    if cursor == row.cursor {
        return Ok(false);
    }
    let wanted = |item: &FeedItem| {
        row.events.is_empty()
            || item.kinds.iter().any(|kind| row.events.iter().any(|word| word == kind.as_str()))
    };
    let items: Vec<FeedItem> = items.into_iter().filter(wanted).collect();
    if items.is_empty() && gap.is_none() && next.is_none() && row.cursor.is_near(cursor) {
        return Ok(false);
    }
    let deliveries = deliveries(ctx, &ws, row, items).await?;
    let mut changes = Vec::new();
    if !deliveries.is_empty() {
        changes.push(Change::Webhook(WebhookChange::Deliveries(deliveries)));
    }
    let error = gap.or_else(|| row.error.clone());
    let moved = WebhookRow { cursor, error, ..row.clone() };
    changes.push(Change::Webhook(WebhookChange::Update(Box::new(moved))));
    match ctx.write_one(Unit::new(changes)).await {
        Ok(_) => Ok(full),
        // Somebody changed it; the next round reads it anew.
        Err(UnitError::Gone) => Ok(true),
        Err(error) => Err(error.into()),
    }
}

async fn deliveries(
    ctx: &Context,
    ws: &Workspace,
    row: &WebhookRow,
    items: Vec<FeedItem>,
) -> Result<Vec<DeliveryOut>, StoreError> {
    let people = people(ctx, ws, &items).await?;
    let named = ctx.store.feed_named(items).await?;
    let now = ctx.now();
    let mut found = Vec::with_capacity(named.len());
    for named in &named {
        let body = body(ctx, ws, named, &people).await?;
        found.push(DeliveryOut {
            id: DeliveryId(ctx.next_id(now)),
            workspace: row.workspace,
            webhook: row.id,
            cursor: named.item.cursor,
            lane: named.item.contact.unwrap_or_default(),
            body: body.to_string(),
            status: DeliveryStatus::Waiting,
            attempts: 0,
            next_attempt: now,
            answer_status: None,
            answer: None,
            took_ms: None,
            created_on: now,
            modified_on: now,
        });
    }
    Ok(found)
}

/// The people of events that are about themselves.
async fn people(
    ctx: &Context,
    ws: &Workspace,
    items: &[FeedItem],
) -> Result<BTreeMap<ContactId, Conversation>, StoreError> {
    let is_about_them = |item: &&FeedItem| {
        item.kinds.contains(FeedKind::NewContact) || item.kinds.contains(FeedKind::Contact)
    };
    let ids: BTreeSet<ContactId> =
        items.iter().filter(is_about_them).filter_map(|item| item.contact).collect();
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let keys = ids.iter().map(|id| ConversationKey::Contact(ws.row.id, *id)).collect();
    let loaded = ctx.store.load_conversations(keys).await?;
    Ok(loaded.conversations.into_iter().flatten().map(|known| (known.contact.id, known)).collect())
}

async fn body(
    ctx: &Context,
    ws: &Workspace,
    named: &FeedNamed,
    people: &BTreeMap<ContactId, Conversation>,
) -> Result<Value, StoreError> {
    let item = &named.item;
    let kinds: Vec<&str> = item.kinds.iter().map(FeedKind::as_str).collect();
    let mut data = Map::new();
    if let Some(contact) = named.contact {
        let known = item.contact.and_then(|id| people.get(&id));
        data.insert(
            "contact".to_owned(),
            known.map_or_else(|| json!({"uuid": contact}), |known| person(ws, known)),
        );
    }
    let is = |kind| item.kinds.contains(kind);
    if let (Some(uuid), Some(id)) = (named.subject, item.subject) {
        if is(FeedKind::MessageIn) || is(FeedKind::MessageOut) || is(FeedKind::Status) {
            let found = ctx.store.messages(ws.row.id, MessageId(id - 1), 1).await?.pop();
            let found = found.filter(|message| message.id.0 == id);
            data.insert(
                "message".to_owned(),
                match found {
                    Some(message) => json!({
                        "uuid": uuid,
                        "id": id,
                        "direction": if message.direction == Direction::In { "in" } else { "out" },
                        "status": message.status.as_str(),
                        "text": message.text,
                        "attachments": message.attachments,
                        "channel": message.channel.and_then(|id| ws.channel_uuid(id)),
                        "reason": message.reason,
                        "created_on": message.created_on.to_string(),
                    }),
                    None => json!({"uuid": uuid, "status": named.status}),
                },
            );
        } else if is(FeedKind::Ticket) {
            data.insert("ticket".to_owned(), json!({"uuid": uuid, "status": named.status}));
        } else if is(FeedKind::Job) {
            let job = ctx.store.job(ws.row.id, JobId(id)).await?;
            data.insert(
                "job".to_owned(),
                match job {
                    Some(job) => json!({
                        "uuid": uuid,
                        "kind": job.kind.as_str(),
                        "status": job.status.as_str(),
                        "total": job.total,
                        "done": job.done,
                        "left_out": job.left_out,
                    }),
                    None => json!({"uuid": uuid, "status": named.status}),
                },
            );
        } else if is(FeedKind::Channel) {
            data.insert("channel".to_owned(), json!({"uuid": uuid}));
        }
    }
    Ok(json!({
        "id": id_of_event(item.cursor),
        "type": kinds.first(),
        "kinds": kinds,
        // What was set up by hand does not say when.
        "timestamp": if item.on == Timestamp::UNIX_EPOCH { ctx.now() } else { item.on }.to_string(),
        "workspace": named.workspace,
        "data": data,
    }))
}

/// A person as programs see them, as they are now.
fn person(ws: &Workspace, known: &Conversation) -> Value {
    let row = &known.contact;
    let urns = known.urns.iter().map(|urn| match ws.row.anonymous {
        true => format!("{}:********", urn.scheme),
        false => format!("{}:{}", urn.scheme, urn.path),
    });
    let groups = known.groups.iter().filter_map(|id| ws.group_uuid(*id));
    let groups = groups.filter_map(|uuid| ws.assets.group(uuid));
    let fields: BTreeMap<&str, &str> =
        row.fields.iter().map(|(key, value)| (key.as_str(), value.text.as_str())).collect();
    json!({
        "uuid": row.uuid,
        "name": row.name,
        "language": row.language,
        "status": row.status.word(),
        "urns": urns.collect::<Vec<String>>(),
        "groups": groups.map(|group| json!({"uuid": group.uuid, "name": group.name})).collect::<Vec<Value>>(),
        "fields": fields,
        "created_on": row.created_on.to_string(),
        "last_seen_on": row.last_seen_on.map(|at| at.to_string()),
    })
}
