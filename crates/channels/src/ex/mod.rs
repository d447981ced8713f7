//! `EX`, the external API channel: any aggregator that can call an address and be called at one.
//!
//! Routes: `receive` (a message), `sent`, `delivered`, `failed` (a report about a message of ours by its
//! uuid) and `stopped` (the person wants no more). Sending is a template that the administrator writes.

mod receive;
mod send;
mod settings;
mod variables;
mod xml;

pub(crate) use receive::receive;
pub(crate) use send::{judge, parts, plan};
pub use settings::Settings;
