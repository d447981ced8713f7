//! What the flows crate promises, seen from outside.
#![allow(clippy::unwrap_used)]

mod converting;
mod definitions;
mod engine;
mod exports;
mod extending;
mod golden;
mod inspecting;
mod legacy;
mod migrating;
mod programs;
mod router_tests;
mod samples;
mod translating;
mod writing_exports;
