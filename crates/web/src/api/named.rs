//! What clients name in bodies and addresses: groups by identifier or name, people by identifier or address.

use domain::{ContactUuid, Urn};
use serde_json::Value;
use store::{ContactNamed, GroupRow, LabelRow, NamedContact, TopicRow};

use super::call::Call;
use super::error::ApiError;
use super::given::{Given, MAX_ITEMS, uuid_of};

/// What is shown in the place of addresses that are hidden.
const HIDDEN: &str = "********";

/// How a value is shown in a message that says that nothing has this name.
fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What is said of something that is not there.
fn missing(value: &Value) -> String {
    format!("Not found: {}", shown(value))
}

/// The group that a value names, by identifier or by name whatever its case.
pub(crate) fn group<'c>(call: &'c Call, value: &Value) -> Option<&'c GroupRow> {
    let groups = &call.definitions().groups;
    if let Some(uuid) = uuid_of(value) {
        return groups.iter().find(|group| group.uuid.0 == uuid);
    }
    let name = value.as_str()?.trim().to_lowercase();
    groups.iter().find(|group| group.name.trim().to_lowercase() == name)
}

/// The groups that a member names, if it is there.
pub(crate) fn groups(call: &Call, given: &mut Given<'_>, name: &str, by_hand: bool) -> Option<Vec<GroupRow>> {
    let mut found = Vec::new();
    for (place, value) in given.list(name, MAX_ITEMS)?.iter().enumerate() {
        match group(call, value) {
            Some(group) if by_hand && group.query.is_some() => {
                given.wrong_item(name, place, format!("The group fills itself by a query: {}", shown(value)));
            }
            Some(group) => found.push(group.clone()),
            None => given.wrong_item(name, place, missing(value)),
        }
    }
    Some(found)
}

/// An address as clients write it.
pub(crate) fn urn(call: &Call, text: &str) -> Option<Urn> {
    Urn::parse(text, call.ws.env.default_country.as_deref()).ok()
}

/// The addresses that a member names, if it is there.
pub(crate) fn urns(call: &Call, given: &mut Given<'_>, name: &str) -> Option<Vec<Urn>> {
    let mut found: Vec<Urn> = Vec::new();
    for (place, value) in given.list(name, MAX_ITEMS)?.iter().enumerate() {
        match value.as_str().and_then(|text| urn(call, text)) {
            Some(urn) if found.iter().any(|known| known.is_same(&urn)) => {}
            Some(urn) => found.push(urn),
            None => {
                let said = "A phone number needs its country code, and the scheme must be known.";
                given.wrong_item(name, place, format!("Not a valid URN: {}. {said}", shown(value)));
            }
        }
    }
    Some(found)
}

fn contact_named(call: &Call, value: &Value) -> Option<ContactNamed> {
    if let Some(uuid) = uuid_of(value) {
        return Some(ContactNamed::Uuid(ContactUuid(uuid)));
    }
    value.as_str().and_then(|text| urn(call, text)).map(ContactNamed::Urn)
}

/// The contacts that a member names by identifier or address, if it is there; each once.
pub(crate) async fn contacts(
    call: &Call,
    given: &mut Given<'_>,
    name: &str,
) -> Result<Option<Vec<NamedContact>>, ApiError> {
    let Some(values) = given.list(name, MAX_ITEMS) else { return Ok(None) };
    let named: Vec<Option<ContactNamed>> = values.iter().map(|value| contact_named(call, value)).collect();
    let asked = named.iter().flatten().cloned().collect();
    let mut rows = call.ctx().store.named_contacts(call.workspace(), asked).await?.into_iter();
    let mut found: Vec<NamedContact> = Vec::new();
    for (place, (value, named)) in values.iter().zip(named).enumerate() {
        match named.and_then(|_| rows.next().flatten()) {
            Some(row) if found.iter().any(|known| known.id == row.id) => {}
            Some(row) => found.push(row),
            None => given.wrong_item(name, place, missing(value)),
        }
    }
    Ok(Some(found))
}

/// The contact that a member names, if it is there.
pub(crate) async fn contact(
    call: &Call,
    given: &mut Given<'_>,
    name: &str,
) -> Result<Option<NamedContact>, ApiError> {
    let Some(value) = given.value(name) else { return Ok(None) };
    let found = match contact_named(call, value) {
        Some(named) => call.ctx().store.named_contacts(call.workspace(), vec![named]).await?.pop().flatten(),
        None => None,
    };
    if found.is_none() {
        given.wrong(name, missing(value));
    }
    Ok(found)
}

/// The contact that the address names by `uuid` or `urn`, or the address of somebody who is not known.
pub(crate) async fn wanted_contact(call: &Call) -> Result<Option<Result<NamedContact, Urn>>, ApiError> {
    let store = &call.ctx().store;
    let (named, new) = match (call.wanted("uuid")?, call.query.text("urn")) {
        (Some(uuid), _) => (ContactNamed::Uuid(ContactUuid(uuid)), None),
        (None, Some(text)) => {
            let said = "Not a valid URN.";
            let urn = urn(call, text).ok_or_else(|| ApiError::query(said))?;
            (ContactNamed::Urn(urn.clone()), Some(urn))
        }
        (None, None) => return Ok(None),
    };
    let found = store.named_contacts(call.workspace(), vec![named]).await?.pop().flatten();
    match (found, new) {
        (Some(row), _) => Ok(Some(Ok(row))),
        (None, Some(urn)) => Ok(Some(Err(urn))),
        (None, None) => Err(ApiError::not_found()),
    }
}

/// The contact that a parameter names, by identifier or address.
pub(crate) async fn contact_of(call: &Call, text: &str) -> Result<Option<NamedContact>, ApiError> {
    let Some(named) = contact_named(call, &Value::String(text.to_owned())) else { return Ok(None) };
    Ok(call.ctx().store.named_contacts(call.workspace(), vec![named]).await?.pop().flatten())
}

/// The topic that a value names, by identifier or name.
pub(crate) fn topic<'c>(call: &'c Call, value: &Value) -> Option<&'c TopicRow> {
    let (uuid, name) = (uuid_of(value), value.as_str().unwrap_or_default().trim().to_lowercase());
    call.definitions().topics.iter().find(|topic| match uuid {
        Some(uuid) => topic.uuid.0 == uuid,
        None => topic.name.to_lowercase() == name,
    })
}

/// The label that a value names, by identifier or by name whatever its case.
pub(crate) fn label<'c>(call: &'c Call, value: &Value) -> Option<&'c LabelRow> {
    let labels = &call.definitions().labels;
    if let Some(uuid) = uuid_of(value) {
        return labels.iter().find(|label| label.uuid.0 == uuid);
    }
    let name = value.as_str()?.trim().to_lowercase();
    labels.iter().find(|label| label.name.trim().to_lowercase() == name)
}

/// An address as the workspace may see it.
pub(crate) fn shown_urn(call: &Call, scheme: &str, path: &str) -> String {
    let path = if call.ws.row.anonymous { HIDDEN } else { path };
    Urn::new(scheme, path).identity().to_string()
}
