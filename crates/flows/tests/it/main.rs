//! What the flows crate promises, seen from outside.

mod definitions;
mod exports;
mod inspecting;
mod migrating;
mod programs;
mod router_tests;
mod samples;
