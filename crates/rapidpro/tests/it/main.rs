//! A real dump on a real PostgreSQL comes over.
//!
//! The dump is not part of the repository: the folder is `SEEDLING_CONFORMANCE`, or `shared/conformance` beside the
//! checkout. Without it these tests say so and look at nothing.
#![allow(clippy::unwrap_used)]

mod checks;
mod counts;
mod given;
mod moments;
mod people;
mod waiting;
