//! Kill -9 under load, many times over, and the verdict of the people outside.
//!
//! Carriers try a message again, with the same id, until the node has taken it. So in the end every message
//! must have been handled exactly once: one reply to each, in order. A reply may arrive twice only where the
//! node cannot know whether the carrier had it, and then the second one says so.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde::Serialize;
use thiserror::Error;

use crate::TWO_QUESTIONS;
use crate::carrier::{Carrier, Dialect};
use crate::connections::{CallError, Connections};
use crate::ledger::{Ledger, PATIENCE};
use crate::phones::{Line, Taken, Turns, carry, settle};
use crate::process::Socket;
use crate::scratch::{ScratchError, ScratchNode};
use crate::several::SeveralNodes;

/// People who write during the drill; few, so that each has many messages.
const PEOPLE: usize = 300;
/// Messages under way at once.
const WRITERS: usize = 48;
/// Connections for delivery reports.
const REPORT_CONNECTIONS: usize = 256;
/// How long a node lives before it is killed: from the shortest to the longest life.
const LIFE_MS_MIN: u64 = 150;
const LIFE_MS_MAX: u64 = 1500;
/// How long one of several nodes stays away: from the shortest to the longest absence.
const AWAY_MS_MIN: u64 = 50;
const AWAY_MS_MAX: u64 = 800;
/// Pause of a carrier before it tries again.
const TRY_AGAIN: Duration = Duration::from_millis(20);
/// Lost messages that the verdict names.
const EXAMPLES: usize = 5;

/// What to do.
#[derive(Clone, Debug)]
pub struct CrashPlan {
    /// How often the node is killed.
    pub rounds: u32,
    /// Where the moments of the kills come from; the same number gives the same moments.
    pub seed: u64,
    /// The database, if not SQLite in a temporary folder.
    pub database: Option<String>,
    /// How many nodes serve it; of several, each round kills one while the others go on.
    pub nodes: usize,
}

/// What came of it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Verdict {
    /// Kills.
    pub rounds: u32,
    /// Messages that people wrote.
    pub sent: u64,
    /// Those that the node took.
    pub acknowledged: u64,
    /// Those that were answered.
    pub replied: u64,
    /// Those that were not.
    pub lost: u64,
    /// Answered twice, or repeated without a mark.
    pub duplicated: u64,
    /// Repeated, and marked as possibly repeated: allowed.
    pub repeated: u64,
    /// Answered after a later message of the same person.
    pub misordered: u64,
    /// Replies to nobody or to nothing.
    pub strange: u64,
    /// Refusals of the node, each of them a fault.
    pub refused: u64,
    /// The longest start after a kill, in milliseconds.
    pub start_ms_max: u64,
    /// What `seedling verify` found wrong in the end.
    pub untrue: Option<String>,
    /// Some of the lost messages.
    #[serde(skip)]
    pub lost_examples: Vec<String>,
}

impl Verdict {
    /// Whether the node kept its promise.
    pub fn holds(&self) -> bool {
        let faults = [self.lost, self.duplicated, self.misordered, self.strange, self.refused];
        faults.iter().all(|count| *count == 0)
            && self.untrue.is_none()
            && self.acknowledged == self.sent
            && self.sent > 0
    }
}

/// Why there is no verdict.
#[derive(Debug, Error)]
pub enum CrashError {
    /// The node could not be set up or did not come back.
    #[error(transparent)]
    Scratch(#[from] ScratchError),
    /// Several nodes need a database that they can share.
    #[error("several nodes need a PostgreSQL database: give --database postgres://…")]
    NotShared,
    /// The carrier could not be set up.
    #[error("cannot set up the fake carrier: {0}")]
    Carrier(#[from] std::io::Error),
    /// The node's address is unusable.
    #[error(transparent)]
    Call(#[from] CallError),
}

/// What the writers share.
struct Drill {
    line: Line,
    turns: Mutex<Turns>,
    writing: AtomicBool,
    refused: Mutex<u64>,
}

/// Kills and restarts `binary` as the plan says; `told` hears of each round.
pub async fn run(
    binary: &Path,
    plan: &CrashPlan,
    told: impl Fn(u32, Duration),
) -> Result<Verdict, CrashError> {
    let carrier = Carrier::bind(([127, 0, 0, 1], 0).into(), Dialect::Ex).await?;
    let node = ScratchNode::create(binary, plan.database.as_deref())?;
    node.import(TWO_QUESTIONS)?;
    let channel = node.add_channel(&carrier)?;
    let mut nodes = Nodes::of(binary, node, plan).await?;
    let ledger = Arc::new(Mutex::new(Ledger::new(PEOPLE)));
    let connections = Arc::new(Connections::over(&nodes.urls(), WRITERS)?);
    let line = Line { node: connections, channel, webhooks: None, ledger: ledger.clone() };
    let reports = Connections::over(&nodes.urls(), REPORT_CONNECTIONS)?;
    let carrier = tokio::spawn(carry(carrier, reports, channel, ledger.clone()));
    let drill = Arc::new(Drill {
        line,
        turns: Mutex::new(Turns::new(PEOPLE)),
        writing: AtomicBool::new(true),
        refused: Mutex::new(0),
    });
    let writers: Vec<_> = (0..WRITERS).map(|_| tokio::spawn(write(drill.clone()))).collect();

    let mut random = Random(plan.seed);
    let mut slowest = Duration::ZERO;
    for round in 1..=plan.rounds {
        let (started, life) = nodes.round(&mut random).await?;
        slowest = slowest.max(started);
        told(round, life);
    }
    slowest = slowest.max(nodes.end().await?);
    drill.writing.store(false, Ordering::Relaxed);
    for writer in writers {
        writer.await.ok();
    }
    settle(&ledger, PATIENCE, Ledger::is_settled, |ledger| {
        let counts = ledger.counts();
        counts.acknowledged + counts.replied
    })
    .await;
    // A repeat that is still under way would come within a moment.
    tokio::time::sleep(Duration::from_millis(LIFE_MS_MAX)).await;
    carrier.abort();
    let untrue = nodes.store().verify()?;
    Ok(Verdict { untrue, ..verdict(&drill, plan.rounds, slowest) })
}

/// Who is killed.
enum Nodes {
    /// The only node.
    One(ScratchNode),
    /// One of several, while the others go on.
    Several(SeveralNodes),
}

impl Nodes {
    async fn of(binary: &Path, store: ScratchNode, plan: &CrashPlan) -> Result<Self, CrashError> {
        if plan.nodes < 2 {
            return Ok(Self::One(store));
        }
        let database = plan.database.as_deref().filter(|url| url.starts_with("postgres"));
        let database = database.ok_or(CrashError::NotShared)?;
        let mut nodes = SeveralNodes::of(binary, store, Some(database), plan.nodes, Socket::OfTheNode)?;
        nodes.start_all().await?;
        Ok(Self::Several(nodes))
    }

    fn store(&self) -> &ScratchNode {
        match self {
            Self::One(node) => node,
            Self::Several(nodes) => nodes.store(),
        }
    }

    fn urls(&self) -> Vec<String> {
        match self {
            Self::One(node) => vec![node.url()],
            Self::Several(nodes) => nodes.urls(),
        }
    }

    /// One kill; answers how long the start took and how long the node lived.
    async fn round(&mut self, random: &mut Random) -> Result<(Duration, Duration), ScratchError> {
        let life = Duration::from_millis(random.between(LIFE_MS_MIN, LIFE_MS_MAX));
        match self {
            Self::One(node) => {
                let started = node.start().await?;
                tokio::time::sleep(life).await;
                node.kill();
                Ok((started, life))
            }
            Self::Several(nodes) => {
                let number = usize::try_from(random.next()).unwrap_or_default();
                let away = Duration::from_millis(random.between(AWAY_MS_MIN, AWAY_MS_MAX));
                tokio::time::sleep(life).await;
                nodes.node(number).kill();
                tokio::time::sleep(away).await;
                Ok((nodes.node(number).start().await?, life))
            }
        }
    }

    /// Leaves all of them running.
    async fn end(&mut self) -> Result<Duration, ScratchError> {
        match self {
            Self::One(node) => node.start().await,
            Self::Several(_) => Ok(Duration::ZERO),
        }
    }
}

/// One after the other, each message until the node has taken or refused it.
async fn write(drill: Arc<Drill>) {
    while drill.writing.load(Ordering::Relaxed) {
        let Some(person) = drill.turns.lock().ok().and_then(|mut turns| turns.take()) else {
            tokio::time::sleep(TRY_AGAIN).await;
            continue;
        };
        let intended = Instant::now();
        let Ok(number) = drill.line.ledger.lock().map(|mut l| l.write(person, intended)) else { return };
        loop {
            match drill.line.hand_in(person, number).await {
                Taken::Yes => {
                    drill.line.acknowledged(person, number, Instant::now());
                    break;
                }
                Taken::Refused(_) => {
                    if let Ok(mut refused) = drill.refused.lock() {
                        *refused += 1;
                    }
                    break;
                }
                Taken::Unknown => {
                    if !drill.writing.load(Ordering::Relaxed) && intended.elapsed() > PATIENCE * 3 {
                        return;
                    }
                    tokio::time::sleep(TRY_AGAIN).await;
                }
            }
        }
        if let Ok(mut turns) = drill.turns.lock() {
            turns.give_back(person);
        }
    }
}

fn verdict(drill: &Drill, rounds: u32, slowest: Duration) -> Verdict {
    let ledger = drill.line.ledger.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let counts = ledger.counts();
    Verdict {
        rounds,
        sent: counts.sent,
        acknowledged: counts.acknowledged,
        replied: counts.replied,
        lost: ledger.lost(),
        duplicated: counts.duplicated,
        repeated: counts.repeated,
        misordered: counts.misordered,
        strange: counts.strange,
        refused: drill.refused.lock().map_or(0, |refused| *refused),
        start_ms_max: u64::try_from(slowest.as_millis()).unwrap_or(u64::MAX),
        untrue: None,
        lost_examples: ledger.lost_examples(EXAMPLES),
    }
}

/// A small generator of numbers (splitmix64), so that a drill can be repeated from its seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.next() % (most - least + 1)
    }
}
