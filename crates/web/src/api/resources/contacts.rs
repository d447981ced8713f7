//! `contacts.json`: people.

use domain::{ContactId, ContactStatus, ContactUuid, FieldType, FieldValue, Query, Reference, Urn, language};
use node::limits;
use operations::{
    ContactAction, ContactEdit, MAX_CONTACT_NAME, MAX_NOTE, SaveContactError, Whom, act_on_contacts,
    save_contact,
};
use serde_json::{Map, Value, json};
use smol_str::SmolStr;
use store::{ContactList, ContactsOf, ListedContact, NoteRow, UrnRow};

use crate::api::call::{Asked, Call, Reply};
use crate::api::endpoint::{AFTER, BEFORE, Endpoint, REVERSE, Resource, Roles, UUID, param};
use crate::api::error::ApiError;
use crate::api::given::{Given, MAX_ITEMS};
use crate::api::named;
use crate::api::page::{Cursor, PAGE, Walk};
use crate::api::resources::contact_queries;
use crate::api::shape::{Prop, REF, REFS, Shape, TEXTS, prop};
use crate::api::words::{moment, moment_or_null, reference};

pub(crate) static RESOURCE: Resource = Resource {
    name: "contacts",
    alias: None,
    about: "People, the last changed first.",
    limit: &limits::API_CONTACTS,
    endpoints: &[
        Endpoint::list(
            Roles::ALL,
            "Contacts",
            &[
                UUID,
                param("urn", Shape::Text, "Only whoever has this address"),
                param("group", Shape::Text, "Only members of this group, by identifier or name"),
                param("query", Shape::Text, "Only those whom this contact query finds, the oldest first"),
                param("deleted", Shape::Bool, "Those that were deleted, without anything in them"),
                BEFORE,
                AFTER,
                REVERSE,
                param("expand_urns", Shape::Bool, "Addresses as objects"),
            ],
            PROPS,
            |call| Box::pin(list(call)),
        )
        .with_one_of(&["uuid", "urn", "group", "query"]),
        Endpoint::save(
            Roles::WORKERS,
            "Adds a contact, or changes the one of the address; an address that nobody has adds one",
            &[UUID, param("urn", Shape::Text, "Whoever has this address")],
            BODY,
            PROPS,
            |call| Box::pin(save(call)),
        )
        .with_one_of(&["uuid", "urn"]),
        Endpoint::delete(
            Roles::EDITORS,
            "Erases a contact: name, addresses, fields, what was said, answers and history",
            &[UUID, param("urn", Shape::Text, "Whoever has this address")],
            &["uuid", "urn"],
            |call| Box::pin(remove(call)),
        ),
    ],
};

const BODY: &[Prop] = &[
    prop("name", Shape::Text, "Name, at most 64 characters").or_null(),
    prop("language", Shape::Text, "ISO 639-3 code").or_null(),
    prop("urns", TEXTS, "All addresses, such as `tel:+256799000001`; not with `urn` in the address"),
    prop("groups", TEXTS, "All groups filled by hand that they are in, by identifier or name"),
    prop("fields", Shape::Map(&Shape::Text), "Values by key of the field; null clears one"),
    prop(
        "note",
        Shape::Text,
        "Something for those who work with them, at most 10,000 characters; the last 5 are kept",
    ),
];

const EXPANDED: Shape = Shape::Object(&[
    prop("channel", REF, "The line it was last reached on").or_null(),
    prop("scheme", Shape::Text, "Scheme"),
    prop("path", Shape::Text, "Path"),
    prop("display", Shape::Text, "What is shown in its place").or_null(),
]);

const AUTHOR: Shape =
    Shape::Object(&[prop("email", Shape::Text, "E-mail address"), prop("name", Shape::Text, "Name")]);

const NOTE: Shape = Shape::Object(&[
    prop("text", Shape::Text, "Text"),
    prop("created_on", Shape::Moment, "When it was written"),
    prop("created_by", AUTHOR, "By whom; null if they are not here any more").or_null(),
]);

const PROPS: &[Prop] = &[
    prop("uuid", Shape::Uuid, "Identifier"),
    prop("name", Shape::Text, "Name").or_null(),
    prop(
        "status",
        Shape::Word(&["active", "blocked", "stopped", "archived"]),
        "Whether they are talked with",
    )
    .or_null(),
    prop("language", Shape::Text, "ISO 639-3 code").or_null(),
    prop("urns", Shape::Either(&TEXTS, &Shape::List(&EXPANDED)), "Addresses, the preferred one first"),
    prop("groups", REFS, "Groups in the order they joined"),
    prop("notes", Shape::List(&NOTE), "Notes of those who work with them"),
    prop("fields", Shape::Any, "The value of every field by its key; null where there is none"),
    prop("flow", REF, "The flow they are in").or_null(),
    prop("created_on", Shape::Moment, "When they were first known"),
    prop("modified_on", Shape::Moment, "When they last changed"),
    prop("last_seen_on", Shape::Moment, "When they last wrote").or_null(),
    prop("blocked", Shape::Bool, "Whether the status is blocked").or_null(),
    prop("stopped", Shape::Bool, "Whether the status is stopped").or_null(),
];

async fn list(call: &Call) -> Result<Reply, ApiError> {
    if let Some(query) = contact_queries::read(call)? {
        return found(call, query).await;
    }
    let walk = Walk::of(call, call.query.flag("reverse") == Some(true))?;
    let (Some(of), Some(span)) = (wanted(call), call.query.span()) else { return Ok(walk.page(Vec::new())) };
    let list = ContactList { of, after: span.after, before: span.before, walk: walk.span() };
    let found = call.ctx().store.list_contacts(call.workspace(), list).await?;
    let place = |one: &ListedContact| (one.modified_on.as_microsecond(), one.contact.id.0);
    Ok(walk.page(found.iter().map(|one| (place(one), shown(call, one))).collect()))
}

/// A page of those whom a query finds, in the order in which they came. It goes forwards only.
async fn found(call: &Call, query: Query) -> Result<Reply, ApiError> {
    let after = call.query.text("cursor").map(Cursor::read).transpose()?.map(|cursor| ContactId(cursor.id));
    let store = call.ctx().store.for_reports();
    let mut ids = store.search_contacts(call.ws.search(Some(query)), after, PAGE + 1).await?;
    let more = ids.len() > PAGE;
    ids.truncate(PAGE);
    let next = ids.last().filter(|_| more).map(|last| Cursor { back: false, at: 0, id: last.0 });
    let walk = store::Walk { from: None, up: true, limit: PAGE };
    let list = ContactList { of: ContactsOf::These(ids), after: i64::MIN, before: i64::MAX, walk };
    let mut listed = store.list_contacts(call.workspace(), list).await?;
    listed.sort_by_key(|one| one.contact.id);
    let results = listed.iter().map(|one| shown(call, one)).collect();
    Ok(Reply::Page { results, next, previous: None })
}

/// Which contacts are asked for; `None` for nobody.
fn wanted(call: &Call) -> Option<ContactsOf> {
    let deleted = call.query.flag("deleted") == Some(true);
    match (call.query.uuid("uuid"), call.query.text("urn"), call.query.text("group")) {
        (Asked::Unreadable, ..) => None,
        (Asked::This(uuid), ..) => Some(ContactsOf::Uuid(ContactUuid(uuid))),
        (Asked::Nothing, Some(urn), _) => Some(ContactsOf::Urn(named::urn(call, urn)?)),
        (Asked::Nothing, None, Some(group)) => Some(ContactsOf::Group(named::group(call, &json!(group))?.id)),
        (Asked::Nothing, None, None) if deleted => Some(ContactsOf::Erased),
        (Asked::Nothing, None, None) => Some(ContactsOf::Everybody),
    }
}

async fn save(call: &Call) -> Result<Reply, ApiError> {
    let target = named::wanted_contact(call).await?;
    let mut given = Given::of(&call.body);
    let by_urn = call.query.text("urn").is_some();
    if by_urn && given.has("urns") {
        given.wrong("urns", "Not allowed when the address names the contact by a URN.");
    }
    if call.ws.row.anonymous && matches!(target, Some(Ok(_))) && given.has("urns") {
        given.wrong("urns", "Addresses cannot be changed in a workspace that hides them.");
    }
    let edit = ContactEdit {
        name: name(&mut given),
        language: spoken(&mut given),
        urns: named::urns(call, &mut given, "urns"),
        groups: named::groups(call, &mut given, "groups", true)
            .map(|groups| groups.iter().map(|group| group.uuid).collect()),
        fields: fields(call, &mut given),
        note: given.text("note", MAX_NOTE),
        user: Some(Reference { uuid: call.user.uuid, name: call.user.name.clone() }),
    };
    given.done()?;
    let whom = match target {
        Some(Ok(row)) => Whom::Known(row.id),
        Some(Err(urn)) => Whom::Urn(urn),
        None => Whom::New,
    };
    let saved = save_contact(call.ctx(), call.workspace(), whom, edit).await.map_err(refused)?;
    let saved = call.node.hand_over(saved);
    let contact = one(call, saved.uuid).await?.ok_or_else(ApiError::not_found)?;
    Ok(Reply::saved(saved.made, shown(call, &contact)))
}

fn refused(error: SaveContactError) -> ApiError {
    match error {
        SaveContactError::NoContact => ApiError::not_found(),
        SaveContactError::UrnTaken(place) => {
            ApiError::item("urns", place, "URN is in use by another contact.")
        }
        SaveContactError::Refused(said) => ApiError::whole(said),
        SaveContactError::Busy => ApiError::Busy,
        SaveContactError::Store(error) => error.into(),
    }
}

fn name(given: &mut Given<'_>) -> Option<SmolStr> {
    if given.has("name") && given.value("name").is_none() {
        return Some(SmolStr::default());
    }
    given.any_text("name", MAX_CONTACT_NAME)
}

fn spoken(given: &mut Given<'_>) -> Option<Option<SmolStr>> {
    if given.has("language") && given.value("language").is_none() {
        return Some(None);
    }
    let code = given.any_text("language", 3)?;
    if code.is_empty() {
        return Some(None);
    }
    if !language::is_code(&code) {
        given.wrong("language", "Not a valid ISO 639-3 language code.");
        return None;
    }
    Some(Some(code))
}

fn fields(call: &Call, given: &mut Given<'_>) -> Vec<(SmolStr, Option<SmolStr>)> {
    let Some(value) = given.value("fields") else { return Vec::new() };
    let Some(members) = value.as_object() else {
        given.wrong("fields", "Expected a dictionary of items.");
        return Vec::new();
    };
    if members.len() > MAX_ITEMS {
        given.wrong("fields", format!("Ensure this field has no more than {MAX_ITEMS} elements."));
        return Vec::new();
    }
    let mut found = Vec::new();
    for (key, value) in members {
        if call.definitions().fields.iter().all(|field| field.key != *key) {
            given.wrong("fields", format!("There is no field with the key {key}."));
            continue;
        }
        match value {
            Value::Null => found.push((key.into(), None)),
            Value::String(text) => found.push((key.into(), Some(text.into()))),
            Value::Number(number) => found.push((key.into(), Some(number.to_string().into()))),
            Value::Bool(flag) => found.push((key.into(), Some(flag.to_string().into()))),
            Value::Array(_) | Value::Object(_) => given.wrong_member("fields", key, "Not a valid string."),
        }
    }
    found
}

async fn remove(call: &Call) -> Result<Reply, ApiError> {
    let Some(Ok(contact)) = named::wanted_contact(call).await? else { return Err(ApiError::not_found()) };
    let erased = act_on_contacts(call.ctx(), call.workspace(), &[contact.id], ContactAction::Erase).await?;
    call.node.hand_over(erased);
    Ok(Reply::Done)
}

async fn one(call: &Call, uuid: ContactUuid) -> Result<Option<ListedContact>, ApiError> {
    let walk = store::Walk { from: None, up: false, limit: 1 };
    let list = ContactList { of: ContactsOf::Uuid(uuid), after: i64::MIN, before: i64::MAX, walk };
    Ok(call.ctx().store.list_contacts(call.workspace(), list).await?.pop())
}

fn shown(call: &Call, listed: &ListedContact) -> Value {
    let (row, erased) = (&listed.contact, listed.is_erased);
    let definitions = call.definitions();
    let groups = listed.groups.iter().filter_map(|id| {
        let group = definitions.groups.iter().find(|group| group.id == *id)?;
        Some(reference(group.uuid, &group.name))
    });
    let values = definitions.fields.iter().map(|field| {
        let value = row.fields.get(&field.key).and_then(|value| typed(field.field_type, value));
        (field.key.to_string(), json!(value))
    });
    let values = if erased { Value::Object(Map::new()) } else { Value::Object(values.collect()) };
    let flow = row.flow.and_then(|id| definitions.flows.iter().find(|flow| flow.id == id));
    let unless_erased = |value: Value| if erased { Value::Null } else { value };
    json!({
        "uuid": row.uuid,
        "name": Some(&row.name).filter(|name| !name.is_empty()),
        "status": unless_erased(json!(row.status.word())),
        "language": row.language,
        "urns": listed.urns.iter().map(|urn| address(call, urn)).collect::<Vec<_>>(),
        "groups": groups.collect::<Vec<_>>(),
        "notes": listed.notes.iter().map(|note| written(call, note)).collect::<Vec<_>>(),
        "fields": values,
        "flow": flow.map(|flow| reference(flow.uuid, &flow.name)),
        "created_on": moment(row.created_on),
        "modified_on": moment(listed.modified_on),
        "last_seen_on": unless_erased(moment_or_null(row.last_seen_on)),
        "blocked": unless_erased(json!(row.status == ContactStatus::Blocked)),
        "stopped": unless_erased(json!(row.status == ContactStatus::Stopped)),
    })
}

fn written(call: &Call, note: &NoteRow) -> Value {
    let user = call.definitions().users.iter().find(|user| user.id == note.user);
    json!({
        "text": note.text,
        "created_on": moment(note.created_on),
        "created_by": user.map(|user| json!({"email": user.email, "name": user.name})),
    })
}

/// What a value means for a field of a type; `None` if it means nothing.
fn typed(field_type: FieldType, value: &FieldValue) -> Option<String> {
    match field_type {
        FieldType::Text => Some(value.text.to_string()),
        FieldType::Number => value.number.as_ref().map(ToString::to_string),
        FieldType::Datetime => value.datetime.as_ref().map(domain::field::rfc3339::text),
        FieldType::State => value.state.as_ref().map(ToString::to_string),
        FieldType::District => value.district.as_ref().map(ToString::to_string),
        FieldType::Ward => value.ward.as_ref().map(ToString::to_string),
    }
}

/// An address as the workspace may see it.
fn address(call: &Call, urn: &UrnRow) -> Value {
    let hidden = call.ws.row.anonymous;
    let path = if hidden { SmolStr::new_static("********") } else { urn.path.clone() };
    if call.query.flag("expand_urns") != Some(true) {
        return json!(Urn::new(urn.scheme.clone(), path).identity());
    }
    let channel = urn.channel.and_then(|id| call.ws.channel_by_id(id));
    json!({
        "channel": channel.map(|channel| reference(channel.uuid, &channel.name)),
        "scheme": urn.scheme,
        "path": path,
        "display": urn.display.as_ref().filter(|_| !hidden),
    })
}
