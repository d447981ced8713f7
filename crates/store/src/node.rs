//! The nodes that share a database: who is alive, who does the work that one at a time may do, and what proves it.

use jiff::{SignedDuration, Timestamp};
use smol_str::SmolStr;

use crate::text_codes::text_codes;

text_codes! {
    /// How a node stands.
    NodeState {
        /// It takes work.
        Running = "running",
        /// It finishes what it has begun, and goes.
        Stopping = "stopping",
    }
}

text_codes! {
    /// Work that one node at a time does.
    LeaseName {
        /// Firing timers.
        Clock = "clock",
        /// Working jobs off.
        Jobs = "jobs",
    }
}

impl LeaseName {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Clock, Self::Jobs];
}

/// A node that wants to begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNode {
    /// What it is called; no two that live have the same name.
    pub name: SmolStr,
    /// Version of its program.
    pub version: SmolStr,
    /// Where it is reached.
    pub address: SmolStr,
    /// The machine, for people.
    pub host: SmolStr,
    /// What tells its process from all others; empty if nothing does.
    pub process: SmolStr,
    /// How long its beat must be seen unchanged before it counts as gone.
    pub ttl: SignedDuration,
    /// Whether no other can be alive, because the caller holds the database for itself: their rows are removed.
    pub alone: bool,
}

/// A run of a node as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeRow {
    /// Its number, never given twice.
    pub run: i64,
    /// What it is called.
    pub name: SmolStr,
    /// Its slot of row numbers.
    pub slot: u8,
    /// Version of its program.
    pub version: SmolStr,
    /// The schema that its program knows.
    pub schema: i64,
    /// Where it is reached.
    pub address: SmolStr,
    /// The machine, for people.
    pub host: SmolStr,
    /// What tells its process from all others; empty if nothing does.
    pub process: SmolStr,
    /// How long its beat must be seen unchanged before it counts as gone.
    pub ttl: SignedDuration,
    /// When it began, by its own clock.
    pub started_on: Timestamp,
    /// Rises as long as it lives.
    pub beat: i64,
    /// When it last rose, by its own clock.
    pub beat_on: Timestamp,
    /// How it stands.
    pub state: NodeState,
    /// When the oldest item in its spool arrived, by its own clock.
    pub spool_from: Option<Timestamp>,
}

/// What became of a registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Registration {
    /// The run is alive.
    Done(Registered),
    /// Another run of this name is alive, as far as the store knows.
    NameTaken(Box<NodeRow>),
    /// The schema went on and does not serve this program any more.
    Outdated {
        /// Version in the database.
        found: i64,
        /// Newest version that this program knows.
        known: i64,
    },
    /// So many nodes are registered already, and there is no room for more.
    Full(usize),
}

/// A run that is alive from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Registered {
    /// Its number.
    pub run: i64,
    /// Its slot of row numbers, which no other run has.
    pub slot: u8,
    /// The highest row number in use: its own begin above it ([`crate::Store::for_run`]).
    pub highest: i64,
}

/// What a beat says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// How the node stands.
    pub state: NodeState,
    /// When the oldest item in its spool arrived, if it holds any.
    pub spool_from: Option<Timestamp>,
}

impl From<NodeState> for Standing {
    fn from(state: NodeState) -> Self {
        Self { state, spool_from: None }
    }
}

/// What a beat found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Beat {
    /// Whether the run is alive. If not, it was evicted, and nothing that it writes is taken.
    pub alive: bool,
    /// All runs that are alive, the oldest first.
    pub nodes: Vec<NodeRow>,
    /// All leases that were ever taken.
    pub leases: Vec<LeaseRow>,
}

/// A lease as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseRow {
    /// What for.
    pub name: LeaseName,
    /// Who has it; 0 if it was given back. If that run is gone, anybody may take it.
    pub run: i64,
    /// How often it was taken.
    pub fence: i64,
    /// When it was taken, by the taker's clock.
    pub taken_on: Timestamp,
}

/// What proves that a lease is held: units that carry it are refused once somebody else took it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fence {
    /// Which lease.
    pub lease: LeaseName,
    /// Its count when it was taken.
    pub fence: i64,
}
