//! Runs given cases against the pure crates: the formats, what is compared, and the report.
//!
//! A library, so that the benchmark of the same conversations (`benches/scenarios.rs`) plays them as the runner does.

mod assets;
mod cases;
mod courier;
mod determinism;
pub mod discover;
mod exports;
mod host;
mod info;
mod legacy;
mod payg;
mod pending;
mod programmes;
pub mod report;
mod scenarios;
mod sessions;
pub mod speed;
mod testdata;
mod typed;
mod whatsapp;
