//! Flows of the old specification (before 13.0), in which action sets and rule sets were different things and every
//! text carried its translations. [`migrate`] makes nodes of them; the numbered migrations do the rest.
//!
//! The shapes changed often before version 11. What is read here goes by what is there, not by the version that a
//! file claims: texts without languages, definitions within a wrapper, references by number or only by name.

mod actions;
pub mod expressions;
mod flow;
mod identities;
mod job;
mod layout;
mod media;
mod rules;
mod rulesets;
mod seeded;
mod shape;
mod texts;

pub use flow::migrate;
pub use identities::Identities;
pub use job::Origin;
pub(crate) use seeded::seeded;
