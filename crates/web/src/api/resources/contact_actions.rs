//! `contact_actions.json`: something is done with up to a hundred people at once.

use domain::{ContactStatus, GroupUuid};
use node::limits;
use operations::{ContactAction, act_on_contacts};
use store::NamedContact;

use crate::api::call::{Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles};
use crate::api::error::ApiError;
use crate::api::given::Given;
use crate::api::named;
use crate::api::shape::{Prop, Shape, TEXTS, prop};

pub(crate) static RESOURCE: Resource = Resource {
    name: "contact_actions",
    alias: None,
    about: "Something that is done with several contacts.",
    limit: &limits::API_CONTACTS,
    endpoints: &[Endpoint::act(Roles::EDITORS, "Does it with all of them", BODY, |call| Box::pin(act(call)))],
};

const ACTIONS: [&str; 7] = ["add", "remove", "block", "unblock", "interrupt", "archive_messages", "delete"];

const BODY: &[Prop] = &[
    prop("contacts", TEXTS, "Contacts by identifier or address, at most 100"),
    prop("action", Shape::Word(&ACTIONS), "What is done"),
    prop(
        "group",
        Shape::Text,
        "The group, by identifier or name, that they join (`add`) or leave (`remove`)",
    ),
];

async fn act(call: &Call) -> Result<Reply, ApiError> {
    let mut given = Given::of(&call.body);
    for name in ["contacts", "action"] {
        if !given.has(name) {
            given.wrong(name, "This field is required.");
        }
    }
    let contacts = named::contacts(call, &mut given, "contacts").await?.unwrap_or_default();
    // An older word for the same.
    let older = given.value("action").and_then(|value| value.as_str()) == Some("archive");
    let word = if older { Some("archive_messages") } else { given.word("action", &ACTIONS) };
    let group = group(call, &mut given);
    given.done()?;
    let action = match (word.unwrap_or_default(), group) {
        (word @ ("add" | "remove"), None) => {
            return Err(ApiError::whole(format!("The action \"{word}\" needs a group.")));
        }
        ("add", Some(group)) => {
            only_active(&contacts)?;
            ContactAction::Join(group)
        }
        ("remove", Some(group)) => ContactAction::Leave(group),
        (word, Some(_)) => {
            return Err(ApiError::whole(format!("The action \"{word}\" takes no group.")));
        }
        ("block", None) => ContactAction::Block,
        ("unblock", None) => ContactAction::Unblock,
        ("interrupt", None) => ContactAction::Interrupt,
        ("archive_messages", None) => ContactAction::ArchiveMessages,
        (_, None) => ContactAction::Erase,
    };
    let ids: Vec<_> = contacts.iter().map(|contact| contact.id).collect();
    let done = act_on_contacts(call.ctx(), call.workspace(), &ids, action).await?;
    call.node.hand_over(done);
    Ok(Reply::Done)
}

/// The group that is named, if one is.
fn group(call: &Call, given: &mut Given<'_>) -> Option<GroupUuid> {
    let value = given.value("group")?;
    match named::group(call, value) {
        Some(group) if group.query.is_some() => given.wrong("group", "The group fills itself by a query."),
        Some(group) => return Some(group.uuid),
        None => given.wrong("group", format!("Not found: {}", value.as_str().unwrap_or_default())),
    }
    None
}

fn only_active(contacts: &[NamedContact]) -> Result<(), ApiError> {
    let others = contacts.iter().filter(|contact| contact.status != ContactStatus::Active);
    let others: Vec<String> = others.map(|contact| contact.uuid.to_string()).collect();
    if others.is_empty() {
        return Ok(());
    }
    Err(ApiError::whole(format!(
        "Only active contacts can join a group. These are not: {}",
        others.join(", ")
    )))
}
