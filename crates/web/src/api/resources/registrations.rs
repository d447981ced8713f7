//! `registrations.json`: somebody is registered with one call: the person, what is known of them, opt-in and consents, numbers
//! that are drawn, their household, subscriptions and the welcome are there together, or none of them.

use domain::{RegistrationUuid, UserId};
use node::limits;
use operations::{ProgrammeError, read_registration, register, shown_registration, wrong_members};
use serde_json::{Value, json};
use store::{ContactNamed, RegistrationRow, RegistrationsOf};

use crate::api::call::{Asked, Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles, UUID, param};
use crate::api::error::ApiError;
use crate::api::named;
use crate::api::page::Walk;
use crate::api::shape::{Prop, REF, Shape, prop};
use crate::api::words::{moment, reference};

pub(crate) static RESOURCE: Resource = Resource {
    name: "registrations",
    alias: None,
    about: "Who was registered, the latest first.",
    limit: &limits::API_CONTACTS,
    endpoints: &[
        Endpoint::list(
            Roles::ALL,
            "Registrations",
            &[UUID, param("contact", Shape::Text, "Only those of this contact, by identifier or address")],
            PROPS,
            |call| Box::pin(list(call)),
        )
        .with_one_of(&["uuid", "contact"]),
        Endpoint::save(Roles::WORKERS, "Registers somebody, whole or not at all", &[], BODY, PROPS, |call| {
            Box::pin(save(call))
        }),
    ],
};

const SUBSCRIPTION: Shape = Shape::Object(&[
    prop("message_set", Shape::Text, "Name of the set"),
    prop("day", Shape::Day, "The day that its rules are about, such as the due date").or_null(),
    prop("message", Shape::Int, "The message to begin with, whatever the rules say").or_null(),
    prop("language", Shape::Text, "ISO 639-3 code; without it the contact's").or_null(),
    prop("schedule", Shape::Text, "Cron, in the place of the set's schedule").or_null(),
]);

const CONSENT: Shape = Shape::Object(&[
    prop("purpose", Shape::Text, "To what"),
    prop("given", Shape::Bool, "Whether they agreed; true without it"),
    prop("text", Shape::Text, "What they were shown or told").or_null(),
    prop("reason", Shape::Text, "Why").or_null(),
]);

const RECEIVER: Shape = Shape::Object(&[
    prop("contact", Shape::Text, "Who, by identifier").or_null(),
    prop("urn", Shape::Text, "Or by address; somebody new if nobody has it").or_null(),
    prop("name", Shape::Text, "Name").or_null(),
    prop("language", Shape::Text, "ISO 639-3 code").or_null(),
    prop("fields", Shape::Map(&Shape::Text), "Values by key of the field"),
    prop("role", Shape::Text, "What they are to the person, such as father").or_null(),
    prop("subscriptions", Shape::List(&SUBSCRIPTION), "What they get about the person"),
]);

const IDENTIFIER: Shape = Shape::Object(&[
    prop("type", Shape::Word(&["sa_id", "passport", "none"]), "What it is"),
    prop("number", Shape::Text, "The number; check digits are checked").or_null(),
    prop("country", Shape::Text, "Of a passport").or_null(),
]);

const BODY: &[Prop] = &[
    prop("contact", Shape::Text, "Who, by identifier").or_null(),
    prop("urn", Shape::Text, "Or by address; somebody new if nobody has it").or_null(),
    prop("name", Shape::Text, "Name").or_null(),
    prop("language", Shape::Text, "ISO 639-3 code").or_null(),
    prop("fields", Shape::Map(&Shape::Text), "Values by key of the field"),
    prop("opt_in", Shape::Text, "How they agreed, as a word that can be counted; registration without it")
        .or_null(),
    prop("consents", Shape::List(&CONSENT), "To what else they agreed, or did not"),
    prop("codes", Shape::Map(&Shape::Text), "Codes by kind, each of which must be known and in use"),
    prop("identifier", IDENTIFIER, "By what they are known elsewhere").or_null(),
    prop("draw", Shape::List(&Shape::Text), "Kinds of numbers that are drawn for them, such as health_id"),
    prop("subscriptions", Shape::List(&SUBSCRIPTION), "What they get"),
    prop("receivers", Shape::List(&RECEIVER), "Who gets messages about them"),
    prop("welcome", Shape::Any, "What they are told at once: a template, or one for each language").or_null(),
];

const BEGUN: Shape = Shape::Object(&[
    prop("uuid", Shape::Uuid, "Identifier of the subscription"),
    prop("message_set", Shape::Text, "Name of the set").or_null(),
    prop("message", Shape::Int, "The message with which it began"),
    prop("next_on", Shape::Text, "When that went or goes").or_null(),
]);

const JOINED: Shape = Shape::Object(&[
    prop("contact", Shape::Uuid, "Who"),
    prop("new", Shape::Bool, "Whether they were not known before"),
    prop("role", Shape::Text, "What they are to the person"),
    prop("subscriptions", Shape::List(&BEGUN), "What they got about the person"),
]);

const PROPS: &[Prop] = &[
    prop("uuid", Shape::Uuid, "Identifier"),
    prop("contact", REF, "Who"),
    prop("new", Shape::Bool, "Whether they were not known before"),
    prop("opt_in", Shape::Text, "How they agreed"),
    prop("codes", Shape::Any, "Code, name and place by kind"),
    prop("identifier", Shape::Any, "What was given, with what the number says").or_null(),
    prop("numbers", Shape::Map(&Shape::Text), "Numbers that were drawn, by kind"),
    prop("subscriptions", Shape::List(&BEGUN), "What they got"),
    prop("receivers", Shape::List(&JOINED), "Who got messages about them"),
    prop("created_on", Shape::Moment, "When"),
];

async fn list(call: &Call) -> Result<Reply, ApiError> {
    let walk = Walk::of(call, false)?;
    let of = match (call.query.uuid("uuid"), call.query.text("contact")) {
        (Asked::This(uuid), _) => Some(RegistrationsOf::Uuid(RegistrationUuid(uuid))),
        (Asked::Unreadable, _) => None,
        (Asked::Nothing, Some(text)) => {
            named::contact_of(call, text).await?.map(|contact| RegistrationsOf::Contact(contact.id))
        }
        (Asked::Nothing, None) => Some(RegistrationsOf::Everybody),
    };
    let Some(of) = of else { return Ok(walk.page(Vec::new())) };
    let found = call.ctx().store.list_registrations(call.workspace(), of, walk.span()).await?;
    let mut shown = Vec::with_capacity(found.len());
    for (row, value) in found.iter().zip(all_shown(call, &found).await?) {
        shown.push(((row.id.0, row.id.0), value));
    }
    Ok(walk.page(shown))
}

async fn save(call: &Call) -> Result<Reply, ApiError> {
    let (ctx, workspace) = (call.ctx(), call.workspace());
    let read = read_registration(ctx, &call.ws, &call.body, None).await?;
    let mut registration = read.map_err(ApiError::Fields)?;
    registration.user = Some(call.user.id).filter(|user| *user != UserId(0));
    let done = register(ctx, workspace, registration).await.map_err(refused)?;
    let done = call.node.hand_over(done);
    let mut shown = all_shown(call, std::slice::from_ref(&done.row)).await?;
    Ok(Reply::Made(shown.pop().ok_or_else(ApiError::not_found)?))
}

fn refused(error: ProgrammeError) -> ApiError {
    match (wrong_members(&error), error) {
        (_, ProgrammeError::Busy) => ApiError::Busy,
        (_, ProgrammeError::Store(error)) => error.into(),
        (Some(wrong), _) => ApiError::Fields(wrong),
        (None, error) => ApiError::whole(error.to_string()),
    }
}

async fn all_shown(call: &Call, rows: &[RegistrationRow]) -> Result<Vec<Value>, ApiError> {
    let named = rows.iter().map(|row| ContactNamed::Id(row.contact)).collect();
    let people = call.ctx().store.named_contacts(call.workspace(), named).await?;
    let each = rows.iter().zip(people).map(|(row, person)| {
        let mut shown = shown_registration(row);
        // Who was erased has no name and no identifier any more.
        let person = person
            .map_or_else(|| reference(uuid::Uuid::nil(), ""), |person| reference(person.uuid, &person.name));
        shown.insert("contact".to_owned(), person);
        shown.insert("created_on".to_owned(), json!(moment(row.created_on)));
        Value::Object(shown)
    });
    Ok(each.collect())
}
