//! Operations on a real store: conversations from the first message to the last, with all that goes wrong between.
#![allow(clippy::unwrap_used)]

mod administration;
mod archiving;
mod bringing_back;
mod broadcasts;
mod campaigns;
mod counting;
mod effects;
mod exporting;
mod extensions;
mod filling;
mod flow_files;
mod importing;
mod jobs;
mod jobs_with_files;
mod moving;
mod ordering;
mod planned;
mod programmes;
mod receiving;
mod registering;
mod revisions;
mod rows_exported;
mod scheduling;
mod searching;
mod sending;
mod tickets;
mod timers;
mod triggers;
mod world;
mod zone;
