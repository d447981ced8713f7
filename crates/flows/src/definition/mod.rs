//! Flow definitions: the JSON in which flows are written, exchanged and kept.
//!
//! [`Definition::read`] brings a definition of any supported specification to the current one, holds it against
//! the rules and limits, and keeps the JSON itself, so that an export gives back every key, known to us or not.
//! The engine never runs a definition; it runs the [`Program`](crate::program::Program) compiled from it.

pub mod actions;
mod check;
mod error;
pub mod extensions;
mod fields;
mod flow_type;
pub mod limits;
mod localization;
mod node;
mod nullable;
pub(crate) use nullable::nullable;
mod read;
mod references;
mod router;
mod wait;

use std::sync::Arc;

use domain::FlowUuid;
use smol_str::SmolStr;

pub use actions::{Action, ActionKind};
pub use error::DefinitionError;
pub use extensions::{ExtensionProblem, Extensions};
pub use flow_type::FlowType;
pub use localization::{ItemTranslation, LanguageTranslation, Localization, Texts};
pub use node::{Exit, Node};
pub use references::{FieldReference, Reference, UserReference, VariableReference};
pub use router::{Case, Category, Router, RouterType};
pub use wait::{Hint, Timeout, Wait};

/// A flow definition of the current specification that holds all rules.
#[derive(Clone, Debug, PartialEq)]
pub struct Definition {
    /// The flow, whatever its revision.
    pub uuid: FlowUuid,
    /// Name shown to people.
    pub name: SmolStr,
    /// ISO 639-3 code of the language its texts are written in; `und` if nobody said.
    pub language: SmolStr,
    /// Where it can run.
    pub flow_type: FlowType,
    /// Number of the revision; 0 if the definition has none.
    pub revision: u32,
    /// Minutes a run may wait for the contact before it expires; 0 if the definition sets none.
    pub expire_after_minutes: u32,
    /// Whether a run goes on when a message would set off a trigger, so that the message answers the run.
    pub ignore_triggers: bool,
    /// Translations.
    pub localization: Localization,
    /// The nodes; the first is where runs begin.
    pub nodes: Vec<Node>,
    /// What the flow has beyond the specification.
    pub extensions: Extensions,
    json: Arc<str>,
}

impl Definition {
    /// The definition as JSON of the current specification, with the keys we do not know and the editor's `_ui`.
    pub fn json(&self) -> &Arc<str> {
        &self.json
    }

    /// What of the extensions does not fit the flow any more, or breaks a limit of carriers.
    pub fn extension_problems(&self) -> Vec<ExtensionProblem> {
        extensions::problems(self)
    }
}
