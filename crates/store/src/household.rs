//! Households: a person, and those who get messages about them; and registrations.

use domain::{
    ContactId, ContactUuid, HouseholdId, HouseholdUuid, RegistrationId, RegistrationUuid, UserId, WorkspaceId,
};
use jiff::Timestamp;
use smol_str::SmolStr;

/// Somebody who belongs to the household of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMember {
    /// Owner.
    pub workspace: WorkspaceId,
    /// Whose household it is; made with the two below if there is none.
    pub about: ContactId,
    /// Row number of a new household.
    pub id: HouseholdId,
    /// Public identifier of a new household.
    pub uuid: HouseholdUuid,
    /// Who belongs to it.
    pub contact: ContactId,
    /// What they are to that person, such as `father`; empty leaves what is known.
    pub role: SmolStr,
    /// When.
    pub on: Timestamp,
}

/// A change of who belongs to a household.
#[derive(Debug, Clone)]
pub enum HouseholdChange {
    /// Somebody belongs to it.
    Join(Box<NewMember>),
    /// Somebody (the last) belongs to the household of somebody (the first) no more.
    Leave(WorkspaceId, ContactId, ContactId),
}

/// Which households are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HouseholdsOf {
    /// All.
    Everybody,
    /// The contact's own, and those that they belong to.
    Contact(ContactId),
    /// The one that is about this contact.
    About(ContactId),
    /// The one with this public identifier.
    Uuid(HouseholdUuid),
}

/// A household of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedHousehold {
    /// Row number.
    pub id: HouseholdId,
    /// Public identifier.
    pub uuid: HouseholdUuid,
    /// Whom it is about: number, identifier and name.
    pub about: (ContactId, ContactUuid, SmolStr),
    /// Who belongs to it, the oldest first.
    pub members: Vec<HouseholdMember>,
    /// When it was made.
    pub created_on: Timestamp,
    /// When somebody last joined or left it.
    pub modified_on: Timestamp,
}

/// Somebody of a household.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HouseholdMember {
    /// Number, identifier and name.
    pub contact: (ContactId, ContactUuid, SmolStr),
    /// What they are to the person whom it is about.
    pub role: SmolStr,
    /// When they joined.
    pub created_on: Timestamp,
}

/// That somebody was registered. Never changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistrationRow {
    /// Row number.
    pub id: RegistrationId,
    /// Owner.
    pub workspace: WorkspaceId,
    /// Public identifier.
    pub uuid: RegistrationUuid,
    /// Who.
    pub contact: ContactId,
    /// How they agreed, such as `clinic form`.
    pub source: SmolStr,
    /// What was given and what came of it, as a JSON object; `None` of who was erased.
    pub detail: Option<String>,
    /// By which it is known if it is asked for again.
    pub key: Option<SmolStr>,
    /// Who did it, if somebody did.
    pub user: Option<UserId>,
    /// When.
    pub created_on: Timestamp,
}

/// Which registrations are listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegistrationsOf {
    /// All.
    Everybody,
    /// Those of a contact.
    Contact(ContactId),
    /// The one with this public identifier.
    Uuid(RegistrationUuid),
    /// The one that was made under this key.
    Key(SmolStr),
}
