//! The store on real SQLite files: what is committed, what is refused, what a crash leaves.

mod counts;
mod opening;
mod outbox;
mod rows;
mod units;
