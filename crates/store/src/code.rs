//! Codes that can be checked: of clinics, of personnel, and numbers that were drawn for people.

use domain::{CodeId, ContactId, WorkspaceId};
use jiff::Timestamp;
use smol_str::SmolStr;

/// A code as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeRow {
    /// Row number.
    pub id: CodeId,
    /// Owner.
    pub workspace: WorkspaceId,
    /// What it is a code of, such as `clinic`: no two of a kind are the same.
    pub kind: SmolStr,
    /// As it is shown.
    pub code: SmolStr,
    /// What or who has it.
    pub name: SmolStr,
    /// Where that is.
    pub place: SmolStr,
    /// Whether it may be used.
    pub active: bool,
    /// The person for whom it was drawn.
    pub contact: Option<ContactId>,
    /// When it was made.
    pub created_on: Timestamp,
    /// When it was last brought in or changed.
    pub modified_on: Timestamp,
}

/// A change of codes.
#[derive(Debug, Clone)]
pub enum CodeChange {
    /// One, new or changed.
    Save(Box<CodeRow>),
    /// Many at once: those that are there get name, place and use. What was drawn is left alone.
    Import(WorkspaceId, Vec<CodeRow>),
    /// Codes of a kind that were brought in before this moment, and not since, are no longer in use.
    Retire(WorkspaceId, SmolStr, Timestamp),
    /// A number for a person; the unit is a [`crate::UnitError::Conflict`] if it was given before.
    Draw(Box<CodeRow>),
}

/// Which codes are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CodeList {
    /// Only those of this kind.
    pub kind: Option<SmolStr>,
    /// Only this one, as codes are compared; asked for with a kind.
    pub key: Option<SmolStr>,
}
