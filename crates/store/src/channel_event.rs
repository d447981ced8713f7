//! What happened on lines beside messages.

use domain::{ChannelEventId, ChannelId, ContactId, ContactUuid, WorkspaceId};
use jiff::Timestamp;
use smol_str::SmolStr;

use crate::Walk;

/// Something that happened on a line, as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelEventRow {
    /// Row number.
    pub id: ChannelEventId,
    /// Owner.
    pub workspace: WorkspaceId,
    /// What, as RapidPro's API names it: `call-in`, `call-in-missed`, `new-conversation`, `referral`, `stop-contact`,
    /// `optin`, `optout`.
    pub kind: SmolStr,
    /// Who.
    pub contact: ContactId,
    /// Where.
    pub channel: ChannelId,
    /// What is known of it beyond that, an object as JSON.
    pub extra: Option<String>,
    /// When the carrier told.
    pub occurred_on: Timestamp,
    /// When it was written down.
    pub created_on: Timestamp,
}

/// Which of them are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelEventsOf {
    /// All.
    Everything,
    /// A contact's.
    Contact(ContactId),
    /// This one.
    Id(ChannelEventId),
}

/// A list of them in the order of their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChannelEventList {
    /// Which.
    pub of: ChannelEventsOf,
    /// Not written down before this moment, in microseconds.
    pub after: i64,
    /// Not after this one.
    pub before: i64,
    /// Where in the list; a place is a number and 0.
    pub walk: Walk,
}

/// One of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedChannelEvent {
    /// As stored.
    pub row: ChannelEventRow,
    /// Who, by public identifier and name.
    pub person: (ContactUuid, SmolStr),
}
