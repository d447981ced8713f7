//! Rows of long lists, with what is shown beside them.

use domain::{ContactId, ContactStatus, ContactUuid, GroupId, Urn};
use jiff::Timestamp;
use smol_str::SmolStr;

use crate::{ContactRow, UrnRow, Walk};

/// Which contacts are listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContactsOf {
    /// All that are not erased.
    Everybody,
    /// Those that were erased.
    Erased,
    /// Members of a group.
    Group(GroupId),
    /// The one with this public identifier, erased or not.
    Uuid(ContactUuid),
    /// Whoever has this address.
    Urn(Urn),
    /// These, at most [`MAX_LISTED`].
    These(Vec<ContactId>),
}

/// Contacts that can be listed by their numbers at once: a page of the API and one more.
pub const MAX_LISTED: usize = 251;

/// A list of contacts in the order of their last changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactList {
    /// Which.
    pub of: ContactsOf,
    /// Not changed before this moment, in microseconds.
    pub after: i64,
    /// Not changed after this one.
    pub before: i64,
    /// Where in the list.
    pub walk: Walk,
}

/// How a contact is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContactNamed {
    /// By public identifier.
    Uuid(ContactUuid),
    /// By address.
    Urn(Urn),
    /// By row number.
    Id(ContactId),
}

/// A contact as others refer to them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedContact {
    /// Row number.
    pub id: ContactId,
    /// Public identifier.
    pub uuid: ContactUuid,
    /// Name; empty if unknown.
    pub name: SmolStr,
    /// Whether we may talk with them.
    pub status: ContactStatus,
}

/// A contact of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedContact {
    /// The person.
    pub contact: ContactRow,
    /// Their addresses, the preferred one first.
    pub urns: Vec<UrnRow>,
    /// Their groups in the order they joined.
    pub groups: Vec<GroupId>,
    /// What was written down of them, the latest first.
    pub notes: Vec<crate::NoteRow>,
    /// When they last changed.
    pub modified_on: Timestamp,
    /// Whether they were erased.
    pub is_erased: bool,
}
