//! External channel, black box: requests in, items out; messages in, requests out.
#![allow(clippy::unwrap_used)]

mod anything;
mod receive;
mod send;
mod wac;

use channels::Line;
use serde_json::Value;

/// A line of a Kenyan channel with these settings.
fn line(config: Value) -> Line {
    let uuid = "4f6cf7a1-0b1d-4a6e-8f0e-6f2f4f9b7c11".parse().expect("a uuid");
    Line::open(uuid, "ex", "+254700000001", Some("KE"), &["tel".into()], &config).expect("good settings")
}
