//! How definitions name things that live outside them, and what a flow knows of a channel.

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::ChannelUuid;

/// `{"uuid": …, "name": …}`: the form in which definitions and events name flows, groups, labels and others.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Reference<Id> {
    /// Public identifier.
    pub uuid: Id,
    /// Name when the reference was written.
    #[serde(default)]
    pub name: SmolStr,
}

/// A channel as events name it.
pub type ChannelRef = Reference<ChannelUuid>;

/// What a channel can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelRole {
    /// Sends messages.
    Send,
    /// Receives messages.
    Receive,
    /// Makes calls.
    Call,
    /// Answers calls.
    Answer,
}

/// A channel as flows see it; its settings and secrets stay in the store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Channel {
    /// Public identifier.
    pub uuid: ChannelUuid,
    /// Name shown to people.
    pub name: SmolStr,
    /// Number or handle at the carrier.
    #[serde(default)]
    pub address: SmolStr,
    /// URN schemes it serves.
    pub schemes: Vec<SmolStr>,
    /// What it can do.
    pub roles: Vec<ChannelRole>,
    /// Optional features, such as `optins`.
    #[serde(default)]
    pub features: Vec<SmolStr>,
    /// ISO 3166 alpha-2 code of its country.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<SmolStr>,
    /// Prefixes of numbers it prefers to serve.
    #[serde(default)]
    pub match_prefixes: Vec<SmolStr>,
    /// Whether it may be used for numbers of other countries.
    #[serde(default = "yes")]
    pub allow_international: bool,
}

fn yes() -> bool {
    true
}
