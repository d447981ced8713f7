//! What the world outside knows of a run: what people handed in and were told, what reached carriers and services.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use channels::DeliveryStatus;
use domain::MessageUuid;

/// What a person's carrier hands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A message.
    Message,
    /// The wish to get no more, told by the carrier.
    OptOut,
}

/// One input.
#[derive(Clone, Debug)]
pub struct Input {
    /// Who.
    pub person: usize,
    /// What.
    pub kind: Kind,
    /// What they wrote; unique.
    pub text: String,
    /// The carrier's identifier; unique.
    pub external_id: String,
    /// When it was first given, in the order of all that happened.
    pub first_given: u64,
    /// When it was acknowledged.
    pub acknowledged: Option<u64>,
    /// Our identifier of it, as told with the acknowledgement.
    pub uuid: Option<MessageUuid>,
    /// How often it was given.
    pub given: u32,
}

/// Who is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The carrier of the line with this number.
    Line(usize),
    /// The web service.
    Service,
}

/// A request that arrived.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// Where.
    pub place: Place,
    /// The key by which a repetition is known.
    pub key: String,
    /// To whom, if it is a message.
    pub to: String,
    /// What.
    pub text: String,
    /// When its node let it go, in virtual time since the start.
    pub left: Duration,
    /// The run that sent it.
    pub run: u64,
    /// Whether it says that it may be a repetition.
    pub marked: bool,
    /// Whether it was taken.
    pub accepted: bool,
    /// Whether it was refused for good.
    pub refused_for_good: bool,
    /// Whether the node heard that it was taken.
    pub heard: bool,
}

/// How a run of a node came to be and ended.
#[derive(Clone, Debug)]
pub struct RunFacts {
    /// The place of the node among the nodes.
    pub slot: usize,
    /// Whether it ended with nothing in hand.
    pub clean: bool,
}

/// A job that was asked for.
#[derive(Clone, Debug)]
pub struct JobFacts {
    /// What it says to each, exactly.
    pub text: String,
    /// Its number in the store.
    pub id: domain::JobId,
}

/// All of it.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// What was handed in.
    pub inputs: Vec<Input>,
    /// What arrived.
    pub arrivals: Vec<Arrival>,
    /// Runs by number.
    pub runs: BTreeMap<u64, RunFacts>,
    /// When the wish of a person to get no more was acknowledged, and what was queued for them then.
    pub opted_out: BTreeMap<usize, Duration>,
    /// The best delivery report on a message that was acknowledged.
    pub reported: BTreeMap<MessageUuid, DeliveryStatus>,
    /// Messages that were reported to have failed.
    pub reported_failed: BTreeSet<MessageUuid>,
    /// Jobs.
    pub jobs: Vec<JobFacts>,
}

impl Ledger {
    /// Whether something that a person wrote may still be on its way.
    pub fn waits_for_acknowledgement(&self, person: usize) -> bool {
        self.inputs.iter().any(|input| input.person == person && input.acknowledged.is_none())
    }
}
