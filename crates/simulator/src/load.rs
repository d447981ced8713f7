//! Open-loop load: people write at a fixed rate whether or not the node keeps up, and every latency counts
//! from the moment at which the message should have been written. A node that stalls cannot hide it by
//! slowing the generator down.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde::Serialize;
use thiserror::Error;
use uuid::Uuid;

use crate::carrier::{Carrier, Dialect};
use crate::connections::{CallError, Connections};
use crate::latency::Quantiles;
use crate::ledger::{Counts, Ledger, PATIENCE};
use crate::phones::{Line, Taken, Turns, carry, settle};
use crate::whatsapp::{self, Webhooks};

/// Messages under way at once; carriers hold about as many connections.
pub(crate) const CONNECTIONS: usize = 256;
/// Connections for delivery reports.
pub(crate) const REPORT_CONNECTIONS: usize = 256;
/// The share of messages that must be taken by the end, and how long after the end.
const HELD_SHARE: f64 = 0.99;
const HELD_GRACE: Duration = Duration::from_secs(1);
/// How often the generator looks whether a message is due.
const TICK: Duration = Duration::from_millis(1);
/// Pause before a message whose connection broke is handed in again.
const TRY_AGAIN: Duration = Duration::from_millis(20);
/// How long a message is tried that no node takes.
const TRY_FOR: Duration = PATIENCE;
/// Messages of one drill; a limit of memory.
pub const MESSAGES_MAX: u64 = 50_000_000;

/// What to do to which node.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Messages a second.
    pub rate: f64,
    /// For how long.
    pub seconds: u64,
    /// How many people write.
    pub people: usize,
    /// The node, such as `http://127.0.0.1:7333`.
    pub node: String,
    /// The channel, which sends to the carrier of this drill.
    pub channel: Uuid,
}

/// Why a drill cannot run.
#[derive(Debug, Error)]
pub enum LoadError {
    /// The node cannot be reached as given.
    #[error(transparent)]
    Node(#[from] CallError),
    /// The plan asks for nothing or too much.
    #[error("a drill sends between 1 and {MESSAGES_MAX} messages; choose another rate or duration")]
    Size,
    /// Meta would not accept the address.
    #[error("the node does not answer the check of its address; is the channel a WAC one of this drill?")]
    Unverified,
}

/// What came of it. The names of the fields are those of the JSON line.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Messages that people wrote.
    pub sent: u64,
    /// Those that the node took.
    pub acknowledged: u64,
    /// Those that got a reply at the carrier.
    pub replied: u64,
    /// Taken, but not answered or not reported back.
    pub lost: u64,
    /// Answered twice, or repeated without a mark.
    pub duplicated: u64,
    /// Answered after a later message of the same person.
    pub misordered: u64,
    /// Whether the node took 99 of 100 messages by the end.
    pub rate_held: bool,
    /// Intended start to the node's answer.
    pub ack_ms: Quantiles,
    /// Intended start to the reply at the carrier.
    pub reply_ms: Quantiles,
    /// All counts, for people.
    #[serde(skip)]
    pub counts: Counts,
    /// Some of the lost messages.
    #[serde(skip)]
    pub lost_examples: Vec<String>,
    /// Messages that the node refused, with its status.
    #[serde(skip)]
    pub refused: Option<(u64, u16)>,
}

impl Report {
    /// Whether nothing went wrong.
    pub fn is_clean(&self) -> bool {
        self.lost == 0 && self.duplicated == 0 && self.misordered == 0 && self.acknowledged == self.sent
    }
}

/// What the tasks of one drill share.
pub(crate) struct Drill {
    line: Line,
    turns: Mutex<Turns>,
    refused: Mutex<Option<(u64, u16)>>,
    /// Whether a message whose connection broke is handed in again, as carriers do.
    persists: bool,
    writing: AtomicBool,
    /// Messages that were handed in again.
    pub(crate) again: AtomicU64,
}

impl Drill {
    fn new(line: Line, people: usize, persists: bool) -> Self {
        Self {
            line,
            turns: Mutex::new(Turns::new(people)),
            refused: Mutex::default(),
            persists,
            writing: AtomicBool::new(true),
            again: AtomicU64::new(0),
        }
    }

    /// One whose people take turns as given, and hand a message in until it is taken.
    pub(crate) fn of(line: Line, turns: Turns) -> Self {
        Self { turns: Mutex::new(turns), ..Self::new(line, 0, true) }
    }

    /// One whose people hand a message in until it is taken.
    pub(crate) fn persistent(line: Line, people: usize) -> Self {
        Self::new(line, people, true)
    }

    /// Ends [`write_at_rate_until`].
    pub(crate) fn stop_writing(&self) {
        self.writing.store(false, Ordering::Relaxed);
    }
}

/// Plays people and carrier until every message is answered or given up.
pub async fn run(plan: Plan, carrier: Carrier) -> Result<Report, LoadError> {
    let planned = plan.rate * plan.seconds as f64;
    if !(planned >= 1.0 && planned <= MESSAGES_MAX as f64) {
        return Err(LoadError::Size);
    }
    let planned = planned as u64;
    let people = plan.people.max(1);
    let ledger = Arc::new(Mutex::new(Ledger::new(people)));
    let node = Arc::new(Connections::new(&plan.node, CONNECTIONS)?);
    let reports = Connections::new(&plan.node, REPORT_CONNECTIONS)?;
    let webhooks = match carrier.dialect() {
        Dialect::Ex => None,
        Dialect::WhatsApp if whatsapp::is_verified(&node, plan.channel).await => {
            Some(Webhooks::start(node.clone(), plan.channel))
        }
        Dialect::WhatsApp => return Err(LoadError::Unverified),
    };
    let line = Line { node, channel: plan.channel, webhooks, ledger: ledger.clone() };
    let carrier = tokio::spawn(carry(carrier, reports, plan.channel, ledger.clone()));
    let drill = Arc::new(Drill::new(line, people, false));

    write_at_rate(&drill, plan.rate, planned).await;
    tokio::time::sleep(HELD_GRACE).await;
    let taken_in_time = ledger.lock().map_or(0, |ledger| ledger.counts().acknowledged);
    let done = |ledger: &Ledger| {
        let counts = ledger.counts();
        ledger.is_settled() && counts.reported >= counts.replied
    };
    let progress = |ledger: &Ledger| {
        let counts = ledger.counts();
        counts.acknowledged + counts.replied + counts.reported
    };
    settle(&ledger, PATIENCE, done, progress).await;
    carrier.abort();
    Ok(report(&drill, taken_in_time as f64 >= HELD_SHARE * planned as f64))
}

/// Releases message `i` at `start + i / rate`, however long the earlier ones take.
async fn write_at_rate(drill: &Arc<Drill>, rate: f64, planned: u64) {
    let start = Instant::now();
    let due = |elapsed: Duration| (elapsed.as_secs_f64() * rate) as u64 + 1;
    release(drill, planned, due, |number| start + Duration::from_secs_f64(number as f64 / rate)).await;
}

/// Releases as many messages as are due, each as intended for its moment, however long the earlier ones take.
pub(crate) async fn release(
    drill: &Arc<Drill>,
    planned: u64,
    due: impl Fn(Duration) -> u64,
    intended: impl Fn(u64) -> Instant,
) {
    let start = Instant::now();
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    let mut released = 0;
    while released < planned && drill.writing.load(Ordering::Relaxed) {
        ticks.tick().await;
        let due = due(start.elapsed()).min(planned);
        while released < due {
            let Some(person) = drill.turns.lock().ok().and_then(|mut turns| turns.take()) else { break };
            tokio::spawn(write(drill.clone(), person, intended(released)));
            released += 1;
        }
    }
}

/// Releases messages at a rate until [`Drill::stop_writing`].
pub(crate) async fn write_at_rate_until(drill: Arc<Drill>, rate: f64) {
    write_at_rate(&drill, rate, MESSAGES_MAX).await;
}

async fn write(drill: Arc<Drill>, person: usize, intended: Instant) {
    let Ok(number) = drill.line.ledger.lock().map(|mut ledger| ledger.write(person, intended)) else {
        return;
    };
    let mut taken = drill.line.hand_in(person, number).await;
    while taken == Taken::Unknown && drill.persists && intended.elapsed() < TRY_FOR {
        drill.again.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(TRY_AGAIN).await;
        taken = drill.line.hand_in(person, number).await;
    }
    match taken {
        Taken::Yes => drill.line.acknowledged(person, number, Instant::now()),
        Taken::Refused(status) => {
            if let Ok(mut refused) = drill.refused.lock() {
                let count = refused.map_or(0, |(count, _)| count);
                *refused = Some((count + 1, status.as_u16()));
            }
        }
        Taken::Unknown => {}
    }
    if let Ok(mut turns) = drill.turns.lock() {
        turns.give_back(person);
    }
}

fn report(drill: &Drill, rate_held: bool) -> Report {
    /// How many lost messages are named.
    const EXAMPLES: usize = 5;
    let ledger = drill.line.ledger.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let counts = ledger.counts();
    let unreported = counts.replied.saturating_sub(counts.reported);
    Report {
        sent: counts.sent,
        acknowledged: counts.acknowledged,
        replied: counts.replied,
        lost: ledger.lost() + unreported,
        duplicated: counts.duplicated,
        misordered: counts.misordered,
        rate_held,
        ack_ms: ledger.acknowledgement(),
        reply_ms: ledger.reply(),
        counts,
        lost_examples: ledger.lost_examples(EXAMPLES),
        refused: drill.refused.lock().ok().and_then(|refused| *refused),
    }
}
