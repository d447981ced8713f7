//! The store on both databases: what is committed, what is refused, what a crash leaves.
#![allow(clippy::unwrap_used)]

mod counts;
mod delivery;
mod doorbell;
mod feed;
mod history;
mod losses;
mod moving;
mod nodes;
mod opening;
mod outbox;
mod past;
mod places;
mod reports;
mod rows;
mod search;
mod secure;
mod settings;
mod tallies;
mod telling;
mod units;
