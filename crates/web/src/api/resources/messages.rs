//! `messages.json`: what was said, both ways.

use ::flows::events::QuickReply;
use domain::{MessageId, MessageUuid, search_words};
use node::limits;
use operations::{SendMessage, SendMessageError, send_message};
use serde_json::{Value, json};
use store::{
    Direction, JobKind, ListedMessage, MessageList, MessageSearch, MessageStatus, MessagesOf, Visibility,
};

use crate::api::call::{Asked, Call, Reply, Span};
use crate::api::endpoint::{AFTER, BEFORE, Endpoint, Resource, Roles, UUID, param};
use crate::api::error::ApiError;
use crate::api::given::Given;
use crate::api::named;
use crate::api::page::Walk;
use crate::api::said::{ATTACHMENT, QUICK_REPLY, shown_file, shown_reply, single, uploads};
use crate::api::shape::{Prop, REF, REFS, Shape, TEXTS, prop};
use crate::api::words::{moment, moment_or_null, reference};

/// Words of one search.
const WORDS_MAX: usize = 10;

pub(crate) static RESOURCE: Resource = Resource {
    name: "messages",
    alias: None,
    about: "What was said, the latest first.",
    limit: &limits::API_MESSAGES,
    endpoints: &[
        Endpoint::list(
            Roles::READERS,
            "Messages",
            &[
                UUID,
                param("id", Shape::Int, "Only the one with this number"),
                param("folder", FOLDER, "Only those of a folder"),
                param("contact", Shape::Text, "Only those of this contact, by identifier or address"),
                param("label", Shape::Text, "Only those with this label, by identifier or name"),
                param("broadcast", Shape::Text, "Only those of this broadcast, by number or identifier"),
                param(
                    "search",
                    Shape::Text,
                    "Only those with all these words, in any case and with or without accents; the \
                     last word may be the beginning of one. With folder, contact or label",
                ),
                param("direction", DIRECTION, "Only those from contacts, or to them; with search"),
                BEFORE,
                AFTER,
            ],
            PROPS,
            |call| Box::pin(list(call)),
        )
        .with_one_of(&["contact", "folder", "label", "broadcast"]),
        Endpoint::save(Roles::WORKERS, "Sends a message to a contact", &[], BODY, PROPS, |call| {
            Box::pin(send(call))
        }),
    ],
};

const USER: Shape =
    Shape::Object(&[prop("email", Shape::Text, "E-mail address"), prop("name", Shape::Text, "Name")]);

const DIRECTION: Shape = Shape::Word(&["in", "out"]);

const FOLDER: Shape = Shape::Word(&["inbox", "flows", "archived", "outbox", "sent", "failed"]);

const BODY: &[Prop] = &[
    prop("contact", Shape::Text, "The contact, by identifier or address"),
    prop("text", Shape::Text, "Text, at most 4,096 characters"),
    prop("attachments", TEXTS, "Files as `type:address`, at most 10"),
    prop("quick_replies", Shape::List(&QUICK_REPLY), "Suggested answers, at most 10"),
];

pub(super) const PROPS: &[Prop] = &[
    prop("id", Shape::Int, "Number"),
    prop("uuid", Shape::Uuid, "Identifier"),
    prop("broadcast", Shape::Int, "Number of the broadcast that said it").or_null(),
    prop("contact", REF, "The person"),
    prop("urn", Shape::Text, "Their address").or_null(),
    prop("channel", REF, "The line").or_null(),
    prop("direction", Shape::Word(&["in", "out"]), "From them, or to them"),
    prop("type", Shape::Word(&["text", "optin", "voice"]), "What it is"),
    prop(
        "status",
        Shape::Word(&["queued", "handled", "wired", "sent", "delivered", "read", "errored", "failed"]),
        "Where it stands",
    ),
    prop("archived", Shape::Bool, "Whether it was put away"),
    prop("visibility", Shape::Word(&["visible", "archived", "deleted"]), "Where people see it"),
    prop("text", Shape::Text, "Text"),
    prop("labels", REFS, "Marks"),
    prop("flow", REF, "The flow that said it or that took it").or_null(),
    prop("user", USER, "Who wrote it, if it is an answer in a ticket").or_null(),
    prop("attachments", Shape::List(&ATTACHMENT), "Files"),
    prop("quick_replies", Shape::List(&QUICK_REPLY), "Suggested answers"),
    prop("created_on", Shape::Moment, "When it was written"),
    prop("sent_on", Shape::Moment, "When the carrier had it").or_null(),
    prop("modified_on", Shape::Moment, "When it last changed"),
    prop("media", Shape::Text, "The first file as `type:address`, for older clients").or_null(),
];

async fn list(call: &Call) -> Result<Reply, ApiError> {
    let walk = Walk::of(call, false)?;
    let (Some(of), Some(span)) = (wanted(call).await?, call.query.span()) else {
        return Ok(walk.page(Vec::new()));
    };
    let Span { after, before } = span;
    let found = match call.query.text("search") {
        Some(words) => {
            let direction = match call.query.text("direction") {
                None => None,
                Some("in") => Some(Direction::In),
                Some("out") => Some(Direction::Out),
                Some(_) => return Ok(walk.page(Vec::new())),
            };
            let words = search_words(words);
            if words.len() > WORDS_MAX {
                return Err(ApiError::query("Search for ten words at most."));
            }
            let search = MessageSearch { words, of, direction, after, before, walk: walk.span() };
            call.ctx().store.search_messages(call.workspace(), search).await?
        }
        None => {
            let list = MessageList { of, after, before, walk: walk.span() };
            call.ctx().store.list_messages(call.workspace(), list).await?
        }
    };
    Ok(walk.page(found.iter().map(|one| (one.place, shown(call, one))).collect()))
}

/// Which messages are asked for; `None` for none that can be.
async fn wanted(call: &Call) -> Result<Option<MessagesOf>, ApiError> {
    match (call.query.uuid("uuid"), call.query.int("id")) {
        (Asked::This(uuid), _) => return Ok(Some(MessagesOf::Uuid(MessageUuid(uuid)))),
        (_, Asked::This(id)) => return Ok(Some(MessagesOf::Id(MessageId(id)))),
        (Asked::Unreadable, _) | (_, Asked::Unreadable) => return Ok(None),
        (Asked::Nothing, Asked::Nothing) => {}
    }
    let store = &call.ctx().store;
    if let Some(text) = call.query.text("contact") {
        let found = named::contact_of(call, text).await?;
        return Ok(found.map(|contact| MessagesOf::Contact(contact.id)));
    }
    if let Some(text) = call.query.text("label") {
        return Ok(named::label(call, &json!(text)).map(|label| MessagesOf::Label(label.id)));
    }
    if let Some(text) = call.query.text("broadcast") {
        let job = match (text.parse(), text.parse()) {
            (Ok(id), _) => store.job(call.workspace(), domain::JobId(id)).await?,
            (_, Ok(uuid)) => store.job_by_uuid(call.workspace(), uuid).await?,
            (Err(_), Err(_)) => None,
        };
        let job = job.filter(|job| job.kind == JobKind::Broadcast);
        return Ok(job.map(|job| MessagesOf::Job(job.id)));
    }
    Ok(match call.query.text("folder").map(str::to_lowercase).as_deref() {
        None => Some(MessagesOf::Everything),
        Some("inbox") => Some(MessagesOf::Inbox),
        Some("flows") => Some(MessagesOf::Flows),
        Some("archived") => Some(MessagesOf::Archived),
        Some("outbox") => Some(MessagesOf::Outbox),
        Some("sent") => Some(MessagesOf::Sent),
        Some("failed") => Some(MessagesOf::Failed),
        Some(_) => None,
    })
}

async fn send(call: &Call) -> Result<Reply, ApiError> {
    let mut given = Given::of(&call.body);
    if given.value("contact").is_none() {
        given.wrong("contact", "This field is required.");
    }
    let contact = named::contact(call, &mut given, "contact").await?;
    let said = single(call, &mut given, &uploads(call).await?);
    given.done()?;
    let contact = contact.ok_or_else(ApiError::not_found)?.id;
    let message = SendMessage { workspace: call.workspace(), contact, said };
    let sent = send_message(call.ctx(), message).await.map_err(|error| match error {
        SendMessageError::NoContact => ApiError::not_found(),
        SendMessageError::Busy => ApiError::Busy,
        SendMessageError::Store(error) => error.into(),
    })?;
    let uuid = call.node.hand_over(sent);
    made(call, uuid).await
}

/// A message that was just written.
pub(super) async fn made(call: &Call, uuid: MessageUuid) -> Result<Reply, ApiError> {
    let walk = store::Walk { from: None, up: false, limit: 1 };
    let list = MessageList { of: MessagesOf::Uuid(uuid), after: i64::MIN, before: i64::MAX, walk };
    let found = call.ctx().store.list_messages(call.workspace(), list).await?.pop();
    Ok(Reply::Made(shown(call, &found.ok_or_else(ApiError::not_found)?)))
}

/// A message as the API shows it.
pub(super) fn shown(call: &Call, message: &ListedMessage) -> Value {
    let definitions = call.definitions();
    let labels = message.labels.iter().filter_map(|id| {
        let label = definitions.labels.iter().find(|label| label.id == *id)?;
        Some(reference(label.uuid, &label.name))
    });
    let channel = message.channel.and_then(|id| call.ws.channel_by_id(id));
    let flow = message.flow.and_then(|id| definitions.flows.iter().find(|flow| flow.id == id));
    let user = message.user.and_then(|id| definitions.users.iter().find(|user| user.id == id));
    let replies: Vec<QuickReply> =
        message.quick_replies.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    json!({
        "id": message.id,
        "uuid": message.uuid,
        "broadcast": message.job,
        "contact": reference(message.contact.0, &message.contact.1),
        "urn": message.urn.as_ref().map(|(scheme, path)| named::shown_urn(call, scheme, path)),
        "channel": channel.map(|channel| reference(channel.uuid, &channel.name)),
        "direction": match message.direction { Direction::In => "in", Direction::Out => "out" },
        "type": "text",
        "status": status_word(message.status),
        "archived": message.visibility == Visibility::Archived,
        "visibility": message.visibility.as_str(),
        "text": message.text,
        "labels": labels.collect::<Vec<_>>(),
        "flow": flow.map(|flow| reference(flow.uuid, &flow.name)),
        "user": user.map(|user| json!({"email": user.email, "name": user.name})),
        "attachments": message.attachments.iter().map(|one| shown_file(call, one)).collect::<Vec<_>>(),
        "quick_replies": replies.iter().map(shown_reply).collect::<Vec<_>>(),
        "created_on": moment(message.created_on),
        "sent_on": moment_or_null(message.sent_on),
        "modified_on": moment(message.modified_on),
        "media": message.attachments.first().map(|one| {
            let file = shown_file(call, one);
            format!("{}:{}", file["content_type"].as_str().unwrap_or_default(), file["url"].as_str().unwrap_or_default())
        }),
    })
}

fn status_word(status: MessageStatus) -> &'static str {
    match status {
        MessageStatus::Pending | MessageStatus::Queued => "queued",
        MessageStatus::Handled => "handled",
        MessageStatus::Wired => "wired",
        MessageStatus::Sent => "sent",
        MessageStatus::Delivered => "delivered",
        MessageStatus::Read => "read",
        MessageStatus::Errored => "errored",
        MessageStatus::Failed => "failed",
    }
}
