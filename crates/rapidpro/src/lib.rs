//! The way in from RapidPro 9: its PostgreSQL is read in one state, never written, and what is in it is brought over.
//!
//! Each module knows one area: which rows there are, what becomes of them here, and what is left out and why. Rows keep
//! their numbers (moved up by a constant if another installation came before), so a second run knows what is there
//! already and goes on behind it; definitions are one transaction. What an area had and what became of it is counted
//! in the [`Report`]. A rehearsal does all of this and writes nothing.

mod campaigns;
mod channels_in;
mod conversations;
mod countries;
mod definitions;
mod error;
mod flows_in;
mod left;
mod messages;
mod migration;
mod numbers;
mod people;
mod report;
mod results;
mod runs;
mod schedules;
mod sink;
mod source;
mod tickets;
mod triggers;
mod users;
mod waiting;
mod workspace;

pub use error::MigrateError;
pub use migration::{Settings, migrate};
pub use report::{Area, ListedArchive, Report, WorkspaceReport};
pub use sink::Sink;
pub use source::Source;
