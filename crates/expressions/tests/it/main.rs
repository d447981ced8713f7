//! What the expressions crate promises, seen from outside.
#![allow(clippy::unwrap_used)]

mod dates;
mod functions;
mod handbook;
mod layouts;
mod properties;
mod readers;
mod templates;
mod world;
