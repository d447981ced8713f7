//! What a seed decides about a run: how many take part and which faults there are. Each seed leaves some faults out, so
//! that others are seen by themselves.

use std::time::Duration;

use crate::chance::Chance;

/// What may happen to a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeFault {
    /// It is killed.
    Kill,
    /// It is killed just before or after one of its next calls.
    KillInACall,
    /// It is stopped cleanly.
    Stop,
    /// It stands still.
    Pause,
    /// It stands still from just before or after one of its next calls.
    PauseInACall,
    /// Its clock jumps.
    ClockJump,
    /// The database is away for it.
    DatabaseAway,
}

impl NodeFault {
    const ALL: [Self; 7] = [
        Self::Kill,
        Self::KillInACall,
        Self::Stop,
        Self::Pause,
        Self::PauseInACall,
        Self::ClockJump,
        Self::DatabaseAway,
    ];
}

/// How often the store misbehaves, in a thousand calls.
#[derive(Clone, Copy, Debug, Default)]
pub struct StoreRates {
    /// Reads that fail.
    pub read_fails: u64,
    /// Writes that fail before they are committed.
    pub write_fails: u64,
    /// Writes that are committed and whose answer is lost.
    pub unknown: u64,
    /// Calls that take up to a second or two.
    pub slow: u64,
}

/// How often a carrier misbehaves, in a thousand requests.
#[derive(Clone, Copy, Debug, Default)]
pub struct CarrierRates {
    /// Not reached.
    pub refused: u64,
    /// 429.
    pub throttled: u64,
    /// 503.
    pub unavailable: u64,
    /// Accepted, then 500.
    pub fails_after: u64,
    /// Accepted, then no answer.
    pub answer_lost: u64,
    /// Neither accepted nor answered.
    pub silent: u64,
    /// Refused for good.
    pub refused_for_good: u64,
    /// Slow to answer.
    pub slow: u64,
}

/// A run's plan.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// How many nodes share the store.
    pub nodes: usize,
    /// How many people write.
    pub people: usize,
    /// How long faults go on.
    pub storm: Duration,
    /// Inputs of each person.
    pub inputs: u64,
    /// What happens to nodes.
    pub node_faults: Vec<NodeFault>,
    /// The worst that the store does.
    pub store: StoreRates,
    /// The worst that carriers do.
    pub carriers: CarrierRates,
    /// Seconds by which a node's clock may be wrong.
    pub skew_seconds: i64,
}

/// More nodes than this do not take part unless somebody wishes it.
pub const NODES_MAX: u64 = 3;

impl Scenario {
    /// The plan of a seed, with at most so many nodes.
    pub fn new(seed: u64, nodes: u64) -> Self {
        let chance = Chance::new(seed, "scenario");
        let node_faults = NodeFault::ALL.into_iter().filter(|_| chance.happens(600)).collect();
        let rate = |most: u64| if chance.happens(600) { chance.below(most + 1) } else { 0 };
        Self {
            nodes: usize::try_from(1 + chance.below(nodes)).unwrap_or(1),
            people: if chance.happens(100) { 14 } else { usize::try_from(2 + chance.below(4)).unwrap_or(2) },
            storm: chance.millis(20_000, 70_000),
            inputs: 3 + chance.below(6),
            node_faults,
            store: StoreRates {
                read_fails: rate(60),
                write_fails: rate(120),
                unknown: rate(120),
                slow: rate(60),
            },
            carriers: CarrierRates {
                refused: rate(250),
                throttled: rate(200),
                unavailable: rate(200),
                fails_after: rate(150),
                answer_lost: rate(150),
                silent: rate(100),
                refused_for_good: rate(30),
                slow: rate(200),
            },
            skew_seconds: if chance.happens(500) { i64::try_from(chance.below(30)).unwrap_or(0) } else { 0 },
        }
    }
}
