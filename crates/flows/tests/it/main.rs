//! What the flows crate promises, seen from outside.

mod router_tests;
