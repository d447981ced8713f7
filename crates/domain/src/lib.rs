//! The words of the product: workspaces, contacts, URNs, fields, groups, channels and contact queries.
//!
//! Pure: no I/O, no clock, no randomness. `docs` for each word are in `ARCHITECTURE.md`.

pub mod campaign;
pub mod contact;
pub mod cron;
pub mod field;
pub mod group;
pub mod identifier;
pub mod ids;
pub mod interactive;
pub mod language;
pub mod phone;
pub mod programme;
pub mod public_ref;
pub mod query;
pub mod reference;
pub mod urn;
mod words;

pub use campaign::{Offset, OffsetUnit};
pub use contact::{Contact, ContactStatus, ContactUrn, TicketRef};
pub use cron::{Cron, CronError};
pub use field::{Field, FieldType, FieldValue};
pub use group::Group;
pub use ids::*;
pub use interactive::{Choice, Interactive, InteractiveKind, Section};
pub use public_ref::public_ref;
pub use query::{Query, QueryError};
pub use reference::{Channel, ChannelRef, ChannelRole, Reference};
pub use urn::{Urn, UrnError};
pub use words::{MAX_SEARCH_WORDS, search_words};
