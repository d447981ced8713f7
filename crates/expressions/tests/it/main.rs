//! What the expressions crate promises, seen from outside.

mod dates;
mod layouts;
mod readers;
