//! Flows that start for a contact at a later moment.

use domain::{ContactId, FlowId, ReminderId, WorkspaceId};
use jiff::Timestamp;
use smol_str::SmolStr;

use crate::text_codes::text_codes;

/// Reminders that a contact may have; one more is not set.
pub const MAX_REMINDERS: usize = 50;

text_codes! {
    /// What a reminder does when its contact is in a conversation.
    ReminderMode {
        /// Takes its place.
        Interrupt = "interrupt",
        /// Nothing.
        Skip = "skip",
    }
}

/// A reminder as stored. Its timer fires it.
#[derive(Debug, Clone, PartialEq)]
pub struct ReminderRow {
    /// Row number.
    pub id: ReminderId,
    /// Owner.
    pub workspace: WorkspaceId,
    /// The person.
    pub contact: ContactId,
    /// What names it, unique for the contact: a new one takes the place of the one before.
    pub key: SmolStr,
    /// The flow to start.
    pub flow: FlowId,
    /// JSON object of values for it.
    pub params: Option<String>,
    /// What happens if the contact is in a conversation.
    pub mode: ReminderMode,
    /// When.
    pub due: Timestamp,
    /// When it was set.
    pub created_on: Timestamp,
}
