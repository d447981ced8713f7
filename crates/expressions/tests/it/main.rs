//! What the expressions crate promises, seen from outside.

mod dates;
mod functions;
mod layouts;
mod properties;
mod readers;
mod templates;
mod world;
