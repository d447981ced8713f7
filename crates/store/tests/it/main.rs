//! The store on real SQLite files: what is committed, what is refused, what a crash leaves.
#![allow(clippy::unwrap_used)]

mod counts;
mod opening;
mod outbox;
mod rows;
mod units;
