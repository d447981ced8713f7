//! Flows: conversations as data, and the engine that holds them.
//!
//! Definitions are read, migrated and compiled once for each revision; the engine then takes
//! (assets, session, what happened) and gives (session, events, perhaps an effect). Pure: no I/O, no clock,
//! no randomness; those arrive through [`Host`].

mod actions;
pub mod assets;
mod broadcast;
pub mod contact_json;
mod context;
pub mod csv;
pub mod definition;
pub mod effect;
pub mod engine;
pub mod events;
pub mod export;
mod group_index;
pub mod inspect;
pub mod legacy;
pub mod migrations;
pub mod modifiers;
pub mod program;
pub mod raw_json;
mod render;
pub mod resume;
mod routes;
pub mod session;
pub mod table;
pub mod tests;
pub mod translation;
pub mod trigger;
pub mod vocabulary;

pub use assets::{Assets, AssetsBuilder};
pub use definition::{Definition, DefinitionError, FlowType};
pub use effect::{Effect, EffectResult};
pub use engine::{Engine, EngineError, Host, Limits, ResumeError, Sprint};
pub use events::{Event, EventKind};
pub use inspect::{Dependency, DependencyKind, Inspection};
pub use modifiers::{GroupsModification, Modifier, UrnsModification};
pub use program::Program;
pub use raw_json::RawJson;
pub use render::template_problem;
pub use resume::Resume;
pub use session::Session;
pub use table::Table;
pub use trigger::{Trigger, TriggerKind};
