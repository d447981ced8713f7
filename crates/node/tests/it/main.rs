//! Whole nodes under virtual time: the clock moves only when everything waits, so hours pass in moments.

#![allow(clippy::unwrap_used)]

mod time;
mod world;
