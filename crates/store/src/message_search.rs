//! Searches for messages by words.

use domain::{ContactId, LabelId, MessageId, WorkspaceId};
use smol_str::SmolStr;

use crate::{Direction, MessagesOf, Walk};

/// Which messages are searched for: those with all words, and what else is asked of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageSearch {
    /// Words as [`domain::search_words`] makes them; the last one may be the beginning of one.
    pub words: Vec<SmolStr>,
    /// A folder, a contact, a label, or all.
    pub of: MessagesOf,
    /// Only those of this direction.
    pub direction: Option<Direction>,
    /// Not written before this moment, in microseconds.
    pub after: i64,
    /// Not written after this one.
    pub before: i64,
    /// Where among what is found: by row numbers, which rise with time.
    pub walk: Walk,
}

impl MessageSearch {
    pub(crate) fn contact(&self) -> Option<ContactId> {
        match self.of {
            MessagesOf::Contact(contact) => Some(contact),
            _ => None,
        }
    }

    pub(crate) fn label(&self) -> Option<LabelId> {
        match self.of {
            MessagesOf::Label(label) => Some(label),
            _ => None,
        }
    }
}

/// A message whose words are not in the index yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsearchableMessage {
    /// Row number.
    pub id: MessageId,
    /// Owner.
    pub workspace: WorkspaceId,
    /// Words.
    pub text: String,
}

/// Words of messages that go into the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageWords {
    /// Up to which row number messages were looked at before: another place makes the unit [`crate::UnitError::Gone`].
    pub from: i64,
    /// Up to which they are now.
    pub to: i64,
    /// Words of each message.
    pub messages: Vec<(MessageId, WorkspaceId, Vec<SmolStr>)>,
}
