//! People and their addresses as rows.

use std::collections::BTreeMap;

use domain::{
    ChannelId, ContactId, ContactStatus, ContactUuid, FieldValue, FlowId, SessionId, UrnId, WorkspaceId,
};
use jiff::{Timestamp, Zoned};
use serde::Serialize;
use smol_str::SmolStr;

/// A person as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct ContactRow {
    /// Row number.
    pub id: ContactId,
    /// Owner.
    pub workspace: WorkspaceId,
    /// Public identifier.
    pub uuid: ContactUuid,
    /// A row number that rises with each change, made after all others of that change: row numbers of a contact rise
    /// in the order of the commits, whichever node wrote them. A [`ContactUpdate`] names the version it was made from.
    pub version: i64,
    /// Name; empty if unknown.
    pub name: SmolStr,
    /// ISO 639-3.
    pub language: Option<SmolStr>,
    /// Whether we may talk with them.
    pub status: ContactStatus,
    /// IANA name of their own zone.
    pub timezone: Option<SmolStr>,
    /// Field values by key.
    pub fields: BTreeMap<SmolStr, FieldValue>,
    /// The session that waits for them.
    pub session: Option<SessionId>,
    /// The flow they are in.
    pub flow: Option<FlowId>,
    /// When they were first known.
    pub created_on: Timestamp,
    /// When they last wrote.
    pub last_seen_on: Option<Timestamp>,
    /// The `definitions_version` under which their membership of all query groups was last right; 0 if that is not
    /// known, which whoever changes a contact other than by the engine must say.
    pub groups_as_of: i64,
}

/// Field values as the JSON that is stored: decimals as text, because readers of JSON take numbers for doubles and
/// lose what is behind the 17th digit.
pub(crate) fn fields_json(fields: &BTreeMap<SmolStr, FieldValue>) -> serde_json::Result<String> {
    let stored: BTreeMap<&str, StoredValue<'_>> =
        fields.iter().map(|(key, value)| (key.as_str(), StoredValue::of(value))).collect();
    serde_json::to_string(&stored)
}

/// [`FieldValue`], which reads this as well.
#[derive(Serialize)]
struct StoredValue<'a> {
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "domain::field::rfc3339::serialize")]
    datetime: &'a Option<Zoned>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    district: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ward: Option<&'a str>,
}

impl<'a> StoredValue<'a> {
    fn of(value: &'a FieldValue) -> Self {
        let FieldValue { text, number, datetime, state, district, ward } = value;
        Self {
            text,
            number: number.as_deref(),
            datetime,
            state: state.as_deref(),
            district: district.as_deref(),
            ward: ward.as_deref(),
        }
    }
}

/// An address as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UrnRow {
    /// Row number.
    pub id: UrnId,
    /// Scheme.
    pub scheme: SmolStr,
    /// Path.
    pub path: SmolStr,
    /// Display.
    pub display: Option<SmolStr>,
    /// The highest comes first.
    pub priority: i64,
    /// The line this address was last reached on.
    pub channel: Option<ChannelId>,
}

/// What telling somebody something needs to know of them, without their conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// Row number.
    pub contact: ContactId,
    /// Public identifier.
    pub uuid: ContactUuid,
    /// The version that was read.
    pub version: i64,
    /// ISO 639-3.
    pub language: Option<SmolStr>,
    /// Whether we may talk with them.
    pub status: ContactStatus,
    /// IANA name of their own zone.
    pub timezone: Option<SmolStr>,
    /// Their addresses, the preferred one first.
    pub urns: Vec<UrnRow>,
}

/// A new address.
#[derive(Debug, Clone)]
pub struct NewUrn {
    /// Owner.
    pub workspace: WorkspaceId,
    /// The person.
    pub contact: ContactId,
    /// The address.
    pub urn: UrnRow,
}

/// A person not known before.
#[derive(Debug, Clone)]
pub struct NewContact {
    /// The person.
    pub contact: ContactRow,
    /// Their addresses. One that somebody has already makes the unit a conflict.
    pub urns: Vec<UrnRow>,
}

/// A person's new state. Applies only to the version it was made from; otherwise the unit is a conflict.
#[derive(Debug, Clone)]
pub struct ContactUpdate {
    /// The state as it shall be; `contact.version` is the version that was loaded.
    pub contact: ContactRow,
    /// The version it becomes: a row number that was made after all others of the unit.
    pub version: i64,
    /// When.
    pub modified_on: Timestamp,
}
