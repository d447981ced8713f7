//! What somebody agreed to and took back, and what those who work with them wrote down.

use domain::{
    ChannelId, ConsentId, ConsentUuid, ContactId, ContactUuid, MessageId, MessageUuid, NoteId, UserId,
    WorkspaceId,
};
use jiff::Timestamp;
use smol_str::SmolStr;

use crate::text_codes::text_codes;

/// Notes of a contact that are kept: the latest.
pub const MAX_NOTES: i64 = 5;

text_codes! {
    /// By which way a consent came.
    ConsentSource {
        /// The person wrote.
        Message = "message",
        /// A flow asked or decided.
        Flow = "flow",
        /// Somebody who works with them wrote it down.
        User = "user",
        /// A programme: a registration or an opt-out.
        Programme = "programme",
        /// A carrier said so.
        Carrier = "carrier",
        /// It came in from elsewhere.
        Import = "import",
        /// Two people turned out to be one.
        Merge = "merge",
    }
}

/// That somebody agreed, or took it back. Never changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentRow {
    /// Row number.
    pub id: ConsentId,
    /// Owner.
    pub workspace: WorkspaceId,
    /// Public identifier.
    pub uuid: ConsentUuid,
    /// Who.
    pub contact: ContactId,
    /// To what; empty for everything.
    pub purpose: SmolStr,
    /// Whether they agreed; else they took it back.
    pub given: bool,
    /// By which way it came.
    pub source: ConsentSource,
    /// The line.
    pub channel: Option<ChannelId>,
    /// The message with which they did.
    pub message: Option<MessageId>,
    /// Who wrote it down.
    pub user: Option<UserId>,
    /// What they were shown or told.
    pub shown: Option<String>,
    /// Why, in a word or a few.
    pub reason: Option<String>,
    /// When they did.
    pub happened_on: Timestamp,
    /// When it was written down.
    pub created_on: Timestamp,
}

/// A consent of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedConsent {
    /// The consent.
    pub consent: ConsentRow,
    /// The person: identifier and name.
    pub contact: (ContactUuid, SmolStr),
    /// The message with which they did.
    pub message: Option<MessageUuid>,
}

/// Which consents are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConsentsOf {
    /// All.
    Everybody,
    /// Those of a contact.
    Contact(ContactId),
    /// The one with this public identifier.
    Uuid(ConsentUuid),
}

/// Something that somebody who works with a contact wrote down of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteRow {
    /// Row number.
    pub id: NoteId,
    /// Owner.
    pub workspace: WorkspaceId,
    /// About whom.
    pub contact: ContactId,
    /// What.
    pub text: String,
    /// By whom; 0 for nobody who is known.
    pub user: UserId,
    /// When.
    pub created_on: Timestamp,
}

/// Two contacts that are one person from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MergeContacts {
    /// Owner.
    pub workspace: WorkspaceId,
    /// Whose history goes over, and who is not there any more afterwards.
    pub from: ContactId,
    /// Who stays.
    pub into: ContactId,
    /// When.
    pub at: Timestamp,
}
