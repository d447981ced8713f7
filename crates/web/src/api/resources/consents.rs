//! `consents.json`: what people agreed to and what they took back. Entries are added and never changed.

use domain::{ChannelId, ChannelUuid, ConsentUuid, MessageId, MessageUuid};
use node::limits;
use operations::{ConsentError, MAX_CONSENT_REASON, MAX_PURPOSE, MAX_SHOWN, NewConsent, record_consent};
use serde_json::{Value, json};
use store::{ConsentSource, ConsentsOf, ListedConsent, MessageList, MessagesOf};

use crate::api::call::{Asked, Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles, UUID, param};
use crate::api::error::ApiError;
use crate::api::given::{Given, uuid_of};
use crate::api::named;
use crate::api::page::Walk;
use crate::api::shape::{Prop, REF, Shape, prop};
use crate::api::words::{moment, reference};

pub(crate) static RESOURCE: Resource = Resource {
    name: "consents",
    alias: None,
    about: "What people agreed to and what they took back, the latest first.",
    limit: &limits::API_CONTACTS,
    endpoints: &[
        Endpoint::list(
            Roles::ALL,
            "Consents",
            &[UUID, param("contact", Shape::Text, "Only those of this contact, by identifier or address")],
            PROPS,
            |call| Box::pin(list(call)),
        )
        .with_one_of(&["uuid", "contact"]),
        Endpoint::save(
            Roles::WORKERS,
            "Writes one down. Who takes everything back is stopped; who agrees to everything is talked with again",
            &[],
            BODY,
            PROPS,
            |call| Box::pin(save(call)),
        ),
    ],
};

const BODY: &[Prop] = &[
    prop("contact", Shape::Text, "Who, by identifier or address"),
    prop("purpose", Shape::Text, "To what, at most 64 characters; null or none for everything").or_null(),
    prop("given", Shape::Bool, "Whether they agreed; else they took it back"),
    prop("text", Shape::Text, "What they were shown or told, at most 10,000 characters").or_null(),
    prop("reason", Shape::Text, "Why, at most 640 characters").or_null(),
    prop("channel", Shape::Text, "The line, by identifier").or_null(),
    prop("message", Shape::Text, "The message with which they did, by identifier").or_null(),
    prop("happened_on", Shape::Moment, "When they did; now without it").or_null(),
];

const SOURCE: Shape = Shape::Word(&["message", "flow", "user", "programme", "carrier", "import", "merge"]);

const USER: Shape =
    Shape::Object(&[prop("email", Shape::Text, "E-mail address"), prop("name", Shape::Text, "Name")]);

const PROPS: &[Prop] = &[
    prop("uuid", Shape::Uuid, "Identifier"),
    prop("contact", REF, "Who"),
    prop("purpose", Shape::Text, "To what; null for everything").or_null(),
    prop("given", Shape::Bool, "Whether they agreed; else they took it back"),
    prop("source", SOURCE, "By which way it came"),
    prop("text", Shape::Text, "What they were shown or told").or_null(),
    prop("reason", Shape::Text, "Why").or_null(),
    prop("channel", REF, "The line").or_null(),
    prop("message", Shape::Uuid, "The message with which they did").or_null(),
    prop("created_by", USER, "Who wrote it down").or_null(),
    prop("happened_on", Shape::Moment, "When they did"),
    prop("created_on", Shape::Moment, "When it was written down"),
];

async fn list(call: &Call) -> Result<Reply, ApiError> {
    let walk = Walk::of(call, false)?;
    let of = match (call.query.uuid("uuid"), call.query.text("contact")) {
        (Asked::This(uuid), _) => Some(ConsentsOf::Uuid(ConsentUuid(uuid))),
        (Asked::Unreadable, _) => None,
        (Asked::Nothing, Some(text)) => {
            named::contact_of(call, text).await?.map(|contact| ConsentsOf::Contact(contact.id))
        }
        (Asked::Nothing, None) => Some(ConsentsOf::Everybody),
    };
    let Some(of) = of else { return Ok(walk.page(Vec::new())) };
    let found = call.ctx().store.list_consents(call.workspace(), of, walk.span()).await?;
    Ok(walk.page(found.iter().map(|one| ((0, one.consent.id.0), shown(call, one))).collect()))
}

async fn save(call: &Call) -> Result<Reply, ApiError> {
    let mut given = Given::of(&call.body);
    for name in ["contact", "given"] {
        if given.value(name).is_none() {
            given.wrong(name, "This field is required.");
        }
    }
    let contact = named::contact(call, &mut given, "contact").await?;
    let mut text =
        |name: &str, most| given.value(name).is_some().then(|| given.any_text(name, most)).flatten();
    let purpose = text("purpose", MAX_PURPOSE).unwrap_or_default();
    let (told, reason) = (text("text", MAX_SHOWN), text("reason", MAX_CONSENT_REASON));
    let agreed = given.value("given").and_then(|_| given.flag("given"));
    let channel = channel(call, &mut given);
    let message = message(call, &mut given, contact.as_ref().map(|contact| contact.uuid)).await?;
    let happened_on = given.value("happened_on").and_then(|value| {
        let read = value.as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
        let read = read.filter(|at| *at <= call.ctx().now());
        if read.is_none() {
            given.wrong("happened_on", "A moment in the past is required, such as 2026-05-01T08:30:00Z.");
        }
        read
    });
    given.done()?;
    let (Some(contact), Some(agreed)) = (contact, agreed) else { return Err(ApiError::not_found()) };
    let new = NewConsent {
        purpose,
        given: agreed,
        source: ConsentSource::User,
        channel,
        message,
        user: Some(call.user.id),
        shown: told.filter(|text| !text.is_empty()).map(|text| text.to_string()),
        reason: reason.filter(|text| !text.is_empty()).map(|text| text.to_string()),
        happened_on,
    };
    let kept =
        record_consent(call.ctx(), call.workspace(), contact.id, new).await.map_err(|error| match error {
            ConsentError::NoContact => ApiError::not_found(),
            ConsentError::Busy => ApiError::Busy,
            ConsentError::Store(error) => error.into(),
        })?;
    let uuid = call.node.hand_over(kept);
    let walk = store::Walk { from: None, up: false, limit: 1 };
    let found = call.ctx().store.list_consents(call.workspace(), ConsentsOf::Uuid(uuid), walk).await?;
    Ok(Reply::Made(shown(call, found.first().ok_or_else(ApiError::not_found)?)))
}

fn channel(call: &Call, given: &mut Given<'_>) -> Option<ChannelId> {
    let value = given.value("channel")?;
    let found = uuid_of(value).and_then(|uuid| call.ws.channel(ChannelUuid(uuid))).map(|channel| channel.id);
    if found.is_none() {
        given.wrong("channel", format!("Not found: {}", value.as_str().unwrap_or_default()));
    }
    found
}

/// A message of the contact.
async fn message(
    call: &Call,
    given: &mut Given<'_>,
    contact: Option<domain::ContactUuid>,
) -> Result<Option<MessageId>, ApiError> {
    let Some(value) = given.value("message") else { return Ok(None) };
    let found = match uuid_of(value) {
        Some(uuid) => {
            let walk = store::Walk { from: None, up: false, limit: 1 };
            let of = MessagesOf::Uuid(MessageUuid(uuid));
            let list = MessageList { of, after: i64::MIN, before: i64::MAX, walk };
            call.ctx().store.list_messages(call.workspace(), list).await?.pop()
        }
        None => None,
    };
    let found = found.filter(|message| contact.is_none_or(|contact| message.contact.0 == contact));
    if found.is_none() {
        given.wrong("message", format!("Not found: {}", value.as_str().unwrap_or_default()));
    }
    Ok(found.map(|message| message.id))
}

fn shown(call: &Call, listed: &ListedConsent) -> Value {
    let row = &listed.consent;
    let user = row.user.and_then(|id| call.definitions().users.iter().find(|user| user.id == id));
    let channel = row.channel.and_then(|id| call.ws.channel_by_id(id));
    json!({
        "uuid": row.uuid,
        "contact": reference(listed.contact.0, &listed.contact.1),
        "purpose": Some(&row.purpose).filter(|purpose| !purpose.is_empty()),
        "given": row.given,
        "source": row.source.as_str(),
        "text": row.shown,
        "reason": row.reason,
        "channel": channel.map(|channel| reference(channel.uuid, &channel.name)),
        "message": listed.message,
        "created_by": user.map(|user| json!({"email": user.email, "name": user.name})),
        "happened_on": moment(row.happened_on),
        "created_on": moment(row.created_on),
    })
}
