//! `message_actions.json`: something is done with up to a hundred incoming messages at once.

use domain::{MessageId, MessageUuid};
use node::limits;
use operations::{ActOnMessagesError, LabelNamed, MAX_LABEL_NAME, MessageAction, act_on_messages};
use serde_json::Value;
use store::{Direction, MessageList, MessagesOf};

use crate::api::call::{Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles};
use crate::api::error::ApiError;
use crate::api::given::{Given, MAX_ITEMS, uuid_of};
use crate::api::named;
use crate::api::shape::{Prop, Shape, prop};

pub(crate) static RESOURCE: Resource = Resource {
    name: "message_actions",
    alias: None,
    about: "Something that is done with several incoming messages.",
    limit: &limits::API_MESSAGES,
    endpoints: &[Endpoint::act(
        Roles::EDITORS,
        "Does it with all of them; those with which it cannot be done come back",
        BODY,
        |call| Box::pin(act(call)),
    )],
};

const ACTIONS: [&str; 5] = ["label", "unlabel", "archive", "restore", "delete"];

const BODY: &[Prop] = &[
    prop("messages", Shape::List(&Shape::Any), "Messages by number or identifier, at most 100"),
    prop("action", Shape::Word(&ACTIONS), "What is done"),
    prop("label", Shape::Text, "The label, by identifier or name, that they get or lose"),
    prop("label_name", Shape::Text, "The name of the label; one that is not there is made to be put on"),
];

async fn act(call: &Call) -> Result<Reply, ApiError> {
    let mut given = Given::of(&call.body);
    for name in ["messages", "action"] {
        if !given.has(name) {
            given.wrong(name, "This field is required.");
        }
    }
    let named = given.list("messages", MAX_ITEMS).unwrap_or_default();
    let word = given.word("action", &ACTIONS).unwrap_or_default();
    let label = label(call, &mut given);
    given.done()?;
    let action = match (word, label) {
        ("label" | "unlabel", None) => {
            return Err(ApiError::whole(format!("The action \"{word}\" needs a label.")));
        }
        ("label", Some(label)) => MessageAction::Label(label),
        ("unlabel", Some(label)) => MessageAction::Unlabel(label),
        (_, Some(_)) => return Err(ApiError::whole(format!("The action \"{word}\" takes no label."))),
        ("archive", None) => MessageAction::Archive,
        ("restore", None) => MessageAction::Restore,
        (_, None) => MessageAction::Delete,
    };
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for value in named {
        match incoming(call, value).await? {
            Some(id) => found.push(id),
            None => failures.push(value.clone()),
        }
    }
    act_on_messages(call.ctx(), call.workspace(), &found, &action).await.map_err(|error| match error {
        ActOnMessagesError::Label(error) => error.into(),
        ActOnMessagesError::Store(error) => ApiError::from(error),
    })?;
    Ok(if failures.is_empty() { Reply::Done } else { Reply::Failures(failures) })
}

/// The incoming message that a value names, by number or identifier.
async fn incoming(call: &Call, value: &Value) -> Result<Option<MessageId>, ApiError> {
    let number = value.as_i64().or_else(|| value.as_str()?.parse().ok());
    let of = match (uuid_of(value), number) {
        (Some(uuid), _) => MessagesOf::Uuid(MessageUuid(uuid)),
        (None, Some(id)) => MessagesOf::Id(MessageId(id)),
        (None, None) => return Ok(None),
    };
    let walk = store::Walk { from: None, up: false, limit: 1 };
    let list = MessageList { of, after: i64::MIN, before: i64::MAX, walk };
    let found = call.ctx().store.list_messages(call.workspace(), list).await?.pop();
    Ok(found.filter(|message| message.direction == Direction::In).map(|message| message.id))
}

fn label(call: &Call, given: &mut Given<'_>) -> Option<LabelNamed> {
    match (given.value("label"), given.value("label_name")) {
        (Some(_), Some(_)) => given.wrong("non_field_errors", "Give one of label and label_name."),
        (Some(value), None) => match named::label(call, value) {
            Some(label) => return Some(LabelNamed::Id(label.id)),
            None => given.wrong("label", format!("Not found: {}", value.as_str().unwrap_or_default())),
        },
        (None, Some(_)) => return given.text("label_name", MAX_LABEL_NAME).map(LabelNamed::Name),
        (None, None) => {}
    }
    None
}
