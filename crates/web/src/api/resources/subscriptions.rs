//! `subscriptions.json`: who gets the messages of which set, and what comes next.

use std::collections::BTreeMap;

use domain::{ContactId, SubscriptionUuid, programme::MAX_SET_MESSAGES};
use jiff::civil::Date;
use node::limits;
use operations::{ProgrammeError, StartAt, SubscribeTo, subscribe};
use serde_json::{Value, json};
use store::{ContactNamed, SubscriptionRow, SubscriptionsOf};

use super::programme_messages::set_named;
use crate::api::call::{Asked, Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles, UUID, param};
use crate::api::error::ApiError;
use crate::api::given::Given;
use crate::api::named;
use crate::api::page::Walk;
use crate::api::shape::{Prop, REF, Shape, prop};
use crate::api::words::{moment, moment_or_null, reference};

pub(crate) static RESOURCE: Resource = Resource {
    name: "subscriptions",
    alias: None,
    about: "Who gets the messages of which set, the latest first.",
    limit: &limits::API,
    endpoints: &[
        Endpoint::list(
            Roles::ALL,
            "Subscriptions",
            &[UUID, param("contact", Shape::Text, "Only those of this contact, by identifier or address")],
            PROPS,
            |call| Box::pin(list(call)),
        )
        .with_one_of(&["uuid", "contact"]),
        Endpoint::save(
            Roles::WORKERS,
            "Subscribes a contact; messages go after now",
            &[],
            &[
                prop("contact", Shape::Text, "Who, by identifier or address"),
                prop("about", Shape::Text, "Whom the messages are about, if that is somebody else").or_null(),
                prop("message_set", Shape::Text, "To what, by identifier or name"),
                prop("day", Shape::Day, "The day that the set's rules are about, such as the due date"),
                prop("message", Shape::Int, "The message to begin with, whatever the rules say"),
                prop("language", Shape::Text, "ISO 639-3 code; without it the contact's language"),
            ],
            PROPS,
            |call| Box::pin(save(call)),
        ),
    ],
};

const STATUSES: [&str; 4] = ["active", "completed", "switched", "stopped"];

const PROPS: &[Prop] = &[
    prop("uuid", Shape::Uuid, "Identifier"),
    prop("contact", REF, "Who gets the messages"),
    prop("about", REF, "Whom they are about: the same, or somebody of their household"),
    prop("message_set", REF, "The set"),
    prop("language", Shape::Text, "Language of the messages; null for the contact's").or_null(),
    prop("status", Shape::Word(&STATUSES), "How it stands"),
    prop("reason", Shape::Text, "Why it ended").or_null(),
    prop("initial_sequence_number", Shape::Int, "The message with which it began"),
    prop("next_sequence_number", Shape::Int, "The message that goes next; of a completed one the last"),
    prop("next_on", Shape::Moment, "When it goes").or_null(),
    prop("last_on", Shape::Moment, "When the last one had its turn").or_null(),
    prop("sent", Shape::Int, "Messages that went"),
    prop("left_out", Shape::Int, "Messages that were left out"),
    prop("created_on", Shape::Moment, "When it was made"),
    prop("modified_on", Shape::Moment, "When it last changed"),
    prop("ended_on", Shape::Moment, "When it ended").or_null(),
];

async fn list(call: &Call) -> Result<Reply, ApiError> {
    let walk = Walk::of(call, false)?;
    let of = match (call.query.uuid("uuid"), call.query.text("contact")) {
        (Asked::This(uuid), _) => Some(SubscriptionsOf::Uuid(SubscriptionUuid(uuid))),
        (Asked::Unreadable, _) => None,
        (Asked::Nothing, Some(text)) => {
            named::contact_of(call, text).await?.map(|contact| SubscriptionsOf::Contact(contact.id))
        }
        (Asked::Nothing, None) => Some(SubscriptionsOf::Everybody),
    };
    let Some(of) = of else { return Ok(walk.page(Vec::new())) };
    // The list is ordered by row number alone, so that stands in both places of a cursor.
    let found = call.ctx().store.list_subscriptions(call.workspace(), of, walk.span()).await?;
    let people = People::of(call, &found).await?;
    Ok(walk.page(found.iter().map(|row| ((row.id.0, row.id.0), shown(call, row, &people))).collect()))
}

async fn save(call: &Call) -> Result<Reply, ApiError> {
    let mut given = Given::of(&call.body);
    for name in ["contact", "message_set"] {
        if given.value(name).is_none() {
            given.wrong(name, "This field is required.");
        }
    }
    let contact = named::contact(call, &mut given, "contact").await?;
    let about = named::contact(call, &mut given, "about").await?;
    let set = given.value("message_set").map(|value| (value, set_named(call, value)));
    if let Some((value, None)) = set {
        given.wrong("message_set", format!("Not found: {}", value.as_str().unwrap_or_default()));
    }
    let day = day(&mut given);
    let message = given.int("message");
    if let Some(number) = message.filter(|number| !(1..=i64::from(MAX_SET_MESSAGES)).contains(number)) {
        given.wrong("message", format!("{number} is no place in a set."));
    }
    let language = given.text("language", 3);
    given.done()?;
    let (Some(contact), Some((_, Some(set)))) = (contact, set) else { return Err(ApiError::not_found()) };
    let start = match message.and_then(|number| u32::try_from(number).ok()) {
        Some(number) => StartAt::Message(number),
        None => StartAt::Placed { day },
    };
    let about = about.map(|about| about.id).filter(|about| *about != contact.id);
    let to = SubscribeTo { about, language, start, ..SubscribeTo::placed(&set.short_name, None) };
    let done = subscribe(call.ctx(), call.workspace(), contact.id, to).await.map_err(refused)?;
    let row = call.node.hand_over(done);
    let people = People::of(call, std::slice::from_ref(&row)).await?;
    Ok(Reply::Made(shown(call, &row, &people)))
}

/// A day, if it is there.
pub(super) fn day(given: &mut Given<'_>) -> Option<Date> {
    let value = given.value("day")?;
    let day = value.as_str().and_then(|text| text.parse().ok());
    if day.is_none() {
        given.wrong("day", "Not a valid day; write it as in 2027-05-20.");
    }
    day
}

/// Why nothing was done, with the member that is at fault.
pub(super) fn refused(error: ProgrammeError) -> ApiError {
    let said = error.to_string();
    match error {
        ProgrammeError::NoContact => ApiError::not_found(),
        ProgrammeError::NoSet(_) | ProgrammeError::Unusable(..) | ProgrammeError::Already(_) => {
            ApiError::field("message_set", said)
        }
        ProgrammeError::NeedsDay { .. } | ProgrammeError::Over(_) => ApiError::field("day", said),
        ProgrammeError::NoMessage { .. } => ApiError::field("message", said),
        ProgrammeError::NothingToSwitch(_) => ApiError::field("event", said),
        ProgrammeError::NothingSent | ProgrammeError::Person(_) | ProgrammeError::Themselves => {
            ApiError::field("contact", said)
        }
        ProgrammeError::TooManyMembers | ProgrammeError::At { .. } => ApiError::whole(said),
        ProgrammeError::Busy => ApiError::Busy,
        ProgrammeError::Store(error) => error.into(),
    }
}

/// The people whom subscriptions name.
struct People(BTreeMap<ContactId, Value>);

impl People {
    async fn of(call: &Call, rows: &[SubscriptionRow]) -> Result<Self, ApiError> {
        let mut ids: Vec<ContactId> = rows.iter().flat_map(|row| [row.contact, row.about]).collect();
        ids.sort_unstable();
        ids.dedup();
        let named = ids.into_iter().map(ContactNamed::Id).collect();
        let found = call.ctx().store.named_contacts(call.workspace(), named).await?;
        let people = found.into_iter().flatten();
        Ok(Self(people.map(|one| (one.id, reference(one.uuid, &one.name))).collect()))
    }

    /// Who was erased has no name and no identifier any more.
    fn shown(&self, id: ContactId) -> Value {
        self.0.get(&id).cloned().unwrap_or_else(|| reference(uuid::Uuid::nil(), ""))
    }
}

fn shown(call: &Call, row: &SubscriptionRow, people: &People) -> Value {
    let set = call.definitions().message_sets.iter().find(|set| set.id == row.set);
    json!({
        "uuid": row.uuid,
        "contact": people.shown(row.contact),
        "about": people.shown(row.about),
        "message_set": set.map(|set| reference(set.uuid, &set.short_name)),
        "language": row.language,
        "status": row.status.as_str(),
        "reason": row.reason,
        "initial_sequence_number": row.initial,
        "next_sequence_number": row.next,
        "next_on": moment_or_null(row.next_due),
        "last_on": moment_or_null(row.last_run),
        "sent": row.sent,
        "left_out": row.left_out,
        "created_on": moment(row.created_on),
        "modified_on": moment(row.modified_on),
        "ended_on": moment_or_null(row.ended_on),
    })
}
