//! `households.json`: people with those who get messages about them.

use std::collections::BTreeMap;

use domain::{ContactId, HouseholdUuid, language};
use node::limits;
use operations::{
    ContactEdit, MAX_CONTACT_NAME, ProgrammeError, Receiver, StartAt, SubscribeTo, Whom, join_household,
    leave_household,
};
use serde_json::{Value, json};
use store::{HouseholdsOf, ListedHousehold, SubscriptionRow, SubscriptionStatus};

use super::programme_messages::set_named;
use super::subscriptions::{day, refused};
use crate::api::call::{Asked, Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles, UUID, param};
use crate::api::error::ApiError;
use crate::api::given::{Given, uuid_of};
use crate::api::named;
use crate::api::page::Walk;
use crate::api::shape::{Prop, REF, Shape, TEXTS, prop};
use crate::api::words::{moment, moment_or_null, reference};

/// Characters of what somebody is to another.
const MAX_ROLE: usize = 64;
/// Sets that somebody is subscribed to with one call.
const MAX_SETS: usize = 20;

pub(crate) static RESOURCE: Resource = Resource {
    name: "households",
    alias: None,
    about: "People with those who get messages about them, the latest first.",
    limit: &limits::API_CONTACTS,
    endpoints: &[
        Endpoint::list(
            Roles::ALL,
            "Households",
            &[
                UUID,
                param(
                    "contact",
                    Shape::Text,
                    "A contact's own and those they belong to, by identifier or address",
                ),
            ],
            PROPS,
            |call| Box::pin(list(call)),
        )
        .with_one_of(&["uuid", "contact"]),
        Endpoint::save(
            Roles::WORKERS,
            "Adds somebody to the household of a contact; one who belongs to it gets what else is said",
            &[],
            BODY,
            PROPS,
            |call| Box::pin(save(call)),
        ),
        Endpoint::delete(
            Roles::WORKERS,
            "Takes a member out of the household of a contact; what they get about the contact ends",
            &[
                param("contact", Shape::Text, "Whose household it is, by identifier or address"),
                param("member", Shape::Text, "Who leaves it, by identifier or address"),
            ],
            &["contact"],
            |call| Box::pin(remove(call)),
        ),
    ],
};

const BODY: &[Prop] = &[
    prop("contact", Shape::Text, "Whose household it is, by identifier or address"),
    prop(
        "member",
        Shape::Text,
        "Who is added, by identifier or address; an address that nobody has adds one",
    ),
    prop("role", Shape::Text, "What they are to that person, such as father").or_null(),
    prop("name", Shape::Text, "Name of the member").or_null(),
    prop("language", Shape::Text, "ISO 639-3 code of the member").or_null(),
    prop("message_sets", TEXTS, "What they get about the person, by identifier or name"),
    prop("day", Shape::Day, "The day that the sets' rules are about; without it the person's own"),
];

const GETS: Shape = Shape::Object(&[
    prop("uuid", Shape::Uuid, "Identifier of the subscription"),
    prop("message_set", REF, "The set").or_null(),
    prop("next_sequence_number", Shape::Int, "The message that goes next"),
    prop("next_on", Shape::Moment, "When it goes").or_null(),
]);

const MEMBER: Shape = Shape::Object(&[
    prop("contact", REF, "Who"),
    prop("role", Shape::Text, "What they are to the person").or_null(),
    prop("subscriptions", Shape::List(&GETS), "What they get about the person now"),
    prop("joined_on", Shape::Moment, "When they were added"),
]);

const PROPS: &[Prop] = &[
    prop("uuid", Shape::Uuid, "Identifier"),
    prop("contact", REF, "Whom it is about"),
    prop("subscriptions", Shape::List(&GETS), "What that person gets now"),
    prop("members", Shape::List(&MEMBER), "Who belongs to it, the oldest first"),
    prop("created_on", Shape::Moment, "When it was made"),
    prop("modified_on", Shape::Moment, "When somebody was last added"),
];

async fn list(call: &Call) -> Result<Reply, ApiError> {
    let walk = Walk::of(call, false)?;
    let of = match (call.query.uuid("uuid"), call.query.text("contact")) {
        (Asked::This(uuid), _) => Some(HouseholdsOf::Uuid(HouseholdUuid(uuid))),
        (Asked::Unreadable, _) => None,
        (Asked::Nothing, Some(text)) => {
            named::contact_of(call, text).await?.map(|contact| HouseholdsOf::Contact(contact.id))
        }
        (Asked::Nothing, None) => Some(HouseholdsOf::Everybody),
    };
    let Some(of) = of else { return Ok(walk.page(Vec::new())) };
    let found = call.ctx().store.list_households(call.workspace(), of, walk.span()).await?;
    let mut shown = Vec::with_capacity(found.len());
    for one in &found {
        shown.push(((one.id.0, one.id.0), shown_household(call, one).await?));
    }
    Ok(walk.page(shown))
}

async fn save(call: &Call) -> Result<Reply, ApiError> {
    let mut given = Given::of(&call.body);
    for name in ["contact", "member"] {
        if given.value(name).is_none() {
            given.wrong(name, "This field is required.");
        }
    }
    let contact = named::contact(call, &mut given, "contact").await?;
    let whom = member(call, &mut given).await?;
    let day = day(&mut given);
    let mut text = |name: &str, most| given.value(name).is_some().then(|| given.text(name, most)).flatten();
    let (role, name) = (text("role", MAX_ROLE), text("name", MAX_CONTACT_NAME));
    let spoken = text("language", 3);
    if spoken.as_ref().is_some_and(|code| !language::is_code(code)) {
        given.wrong("language", "Not a valid ISO 639-3 language code.");
    }
    let subscribe = message_sets(call, &mut given, day);
    given.done()?;
    let (Some(contact), Some(whom)) = (contact, whom) else { return Err(ApiError::not_found()) };
    let edit = ContactEdit { name, language: spoken.map(Some), ..ContactEdit::default() };
    let receiver = Receiver { whom, edit, role: role.unwrap_or_default(), subscribe };
    let done = join_household(call.ctx(), call.workspace(), contact.id, receiver).await;
    let joined = call.node.hand_over(done.map_err(not_joined)?);
    let about = HouseholdsOf::About(contact.id);
    let walk = store::Walk { from: None, up: true, limit: 1 };
    let found = call.ctx().store.list_households(call.workspace(), about, walk).await?.pop();
    let found = found.ok_or_else(ApiError::not_found)?;
    let is_first = found.members.len() == 1 && found.members[0].contact.0 == joined.contact.0;
    let shown = shown_household(call, &found).await?;
    Ok(Reply::saved(is_first && found.created_on == found.modified_on, shown))
}

fn not_joined(error: ProgrammeError) -> ApiError {
    match &error {
        ProgrammeError::Themselves | ProgrammeError::TooManyMembers | ProgrammeError::Person(_) => {
            ApiError::field("member", error.to_string())
        }
        _ => refused(error),
    }
}

fn message_sets(call: &Call, given: &mut Given<'_>, day: Option<jiff::civil::Date>) -> Vec<SubscribeTo> {
    let mut found = Vec::new();
    for (place, value) in given.list("message_sets", MAX_SETS).unwrap_or_default().iter().enumerate() {
        match set_named(call, value) {
            Some(set) => found.push(SubscribeTo {
                start: StartAt::Placed { day },
                ..SubscribeTo::placed(&set.short_name, None)
            }),
            None => {
                let shown = value.as_str().unwrap_or_default();
                given.wrong_item("message_sets", place, format!("Not found: {shown}"));
            }
        }
    }
    found
}

/// Who is added: somebody who is known, or somebody with a new address.
async fn member(call: &Call, given: &mut Given<'_>) -> Result<Option<Whom>, ApiError> {
    let Some(value) = given.value("member") else { return Ok(None) };
    if uuid_of(value).is_some() {
        return Ok(named::contact(call, given, "member").await?.map(|known| Whom::Known(known.id)));
    }
    let urn = value.as_str().and_then(|text| named::urn(call, text));
    if urn.is_none() {
        given.wrong("member", format!("Not a valid URN: {}.", value.as_str().unwrap_or_default()));
    }
    Ok(urn.map(Whom::Urn))
}

async fn remove(call: &Call) -> Result<Reply, ApiError> {
    let mut people = Vec::new();
    for name in ["contact", "member"] {
        let text = call.query.text(name).ok_or_else(|| ApiError::query(format!("Say the {name}.")))?;
        people.push(named::contact_of(call, text).await?.ok_or_else(ApiError::not_found)?.id);
    }
    let about = HouseholdsOf::About(people[0]);
    let walk = store::Walk { from: None, up: true, limit: 1 };
    let known = call.ctx().store.list_households(call.workspace(), about, walk).await?.pop();
    let belongs = |household: ListedHousehold| household.members.iter().any(|one| one.contact.0 == people[1]);
    if !known.is_some_and(belongs) {
        return Err(ApiError::not_found());
    }
    let done = leave_household(call.ctx(), call.workspace(), people[0], people[1]).await.map_err(refused)?;
    call.node.hand_over(done);
    Ok(Reply::Done)
}

async fn shown_household(call: &Call, one: &ListedHousehold) -> Result<Value, ApiError> {
    let (store, workspace) = (&call.ctx().store, call.workspace());
    let mut gets: BTreeMap<ContactId, Vec<Value>> = BTreeMap::new();
    let about = store.contact_subscriptions(workspace, one.about.0).await?.into_iter();
    let about = about.filter(|row| row.about == one.about.0 && row.status == SubscriptionStatus::Active);
    let others = store.household_subscriptions(workspace, one.about.0).await?;
    for row in about.chain(others) {
        gets.entry(row.contact).or_default().push(shown_subscription(call, &row));
    }
    let mut theirs = |id: ContactId| gets.remove(&id).unwrap_or_default();
    let own = theirs(one.about.0);
    let members: Vec<Value> = one
        .members
        .iter()
        .map(|member| {
            json!({
                "contact": reference(member.contact.1, &member.contact.2),
                "role": Some(&member.role).filter(|role| !role.is_empty()),
                "subscriptions": theirs(member.contact.0),
                "joined_on": moment(member.created_on),
            })
        })
        .collect();
    Ok(json!({
        "uuid": one.uuid,
        "contact": reference(one.about.1, &one.about.2),
        "subscriptions": own,
        "members": members,
        "created_on": moment(one.created_on),
        "modified_on": moment(one.modified_on),
    }))
}

fn shown_subscription(call: &Call, row: &SubscriptionRow) -> Value {
    let set = call.definitions().message_sets.iter().find(|set| set.id == row.set);
    json!({
        "uuid": row.uuid,
        "message_set": set.map(|set| reference(set.uuid, &set.short_name)),
        "next_sequence_number": row.next,
        "next_on": moment_or_null(row.next_due),
    })
}
