//! The running node: what waits and works inside one process.
//!
//! ```text
//! web --receive--> intake --one operation per batch--> commit --answers--> web
//!                                                        |
//!                                       outbox rows --> dispatcher --HTTP--> carriers, web services
//!                                                        ^    |
//!                            clock --due timers--> commit-'    '--answers, in batches--> commit
//! ```
//! Time, chance and network come in as [`Surroundings`]; limits are in [`limits`], settings in [`config`].

pub mod bell;
mod bounds;
mod clock;
pub mod config;
mod dispatcher;
pub mod feed;
pub mod http;
mod intake;
mod jobs;
pub mod limits;
mod lines;
mod listening;
mod machine;
pub mod mail;
mod media;
mod membership;
pub mod metrics;
mod move_media;
mod node;
mod places;
mod prompts;
pub mod rates;
mod readiness;
mod replay;
mod searching;
mod shares;
pub mod shedding;
pub mod spool;
pub mod sso;
mod surroundings;
mod table_fetching;
mod template_syncing;
mod webhooks;

pub use bell::{Bell, Ear};
pub use config::{Config, ConfigError, Layer};
pub use feed::{Feed, Heard, Subscription};
pub use intake::{IntakeError, Taken};
pub use lines::{Channel, Lines};
pub use machine::Machine;
pub use membership::Membership;
pub use metrics::Metrics;
pub use move_media::{MediaMoved, MoveError, MoveMedia, move_media};
pub use node::{Node, StartError};
pub use places::{BUCKET, S3Layer, archive_place, media_place, media_place_named};
pub use readiness::Readiness;
pub use shedding::Shedding;
pub use spool::{SpoolError, SpoolStatus};
pub use surroundings::{Ambience, Chance, Clock, Network, Scripted, Surroundings};
