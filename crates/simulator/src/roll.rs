//! Restarting nodes one after the other under load, as an upgrade does: nobody outside may notice.
//!
//! The sockets are handed down (see [`crate::process`]), so connections that come while a node restarts wait in them.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::Serialize;
use thiserror::Error;

use crate::TWO_QUESTIONS;
use crate::carrier::{Carrier, Dialect};
use crate::connections::{CallError, Connections};
use crate::latency::Quantiles;
use crate::ledger::{Ledger, PATIENCE};
use crate::load::{CONNECTIONS, Drill, REPORT_CONNECTIONS, write_at_rate_until};
use crate::phones::{Line, carry, settle};
use crate::process::Socket;
use crate::scratch::{ScratchError, ScratchNode};
use crate::several::SeveralNodes;

/// How long all nodes run between two restarts, so that a fault of one is not taken for one of the next.
const BETWEEN: Duration = Duration::from_secs(2);

/// What to do.
#[derive(Clone, Debug)]
pub struct RollPlan {
    /// Nodes that share the database.
    pub nodes: usize,
    /// How often each is restarted.
    pub rounds: u32,
    /// Messages a second meanwhile.
    pub rate: f64,
    /// How many people write.
    pub people: usize,
    /// The database; several nodes need PostgreSQL.
    pub database: Option<String>,
}

/// What came of it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct RollVerdict {
    /// Restarts.
    pub restarts: u32,
    /// Messages that people wrote.
    pub sent: u64,
    /// Those that a node took.
    pub acknowledged: u64,
    /// Those that were answered.
    pub replied: u64,
    /// Connections that nobody accepted.
    pub refused: u64,
    /// Messages that were never answered.
    pub lost: u64,
    /// Answered twice, or repeated without a mark.
    pub duplicated: u64,
    /// Repeated and marked: a clean stop should leave none.
    pub repeated: u64,
    /// Answered after a later message of the same person.
    pub misordered: u64,
    /// Messages that had to be handed in again because their connection broke.
    pub again: u64,
    /// The longest restart, from the signal to ready, in milliseconds.
    pub restart_ms_max: u64,
    /// Intended start to the reply at the carrier.
    pub reply_ms: Quantiles,
}

impl RollVerdict {
    /// Whether nobody noticed.
    pub fn holds(&self) -> bool {
        let faults = [self.refused, self.lost, self.duplicated, self.misordered];
        faults.iter().all(|count| *count == 0) && self.acknowledged == self.sent && self.sent > 0
    }
}

/// Why there is no verdict.
#[derive(Debug, Error)]
pub enum RollError {
    /// A node could not be set up or did not come back.
    #[error(transparent)]
    Scratch(#[from] ScratchError),
    /// The carrier could not be set up.
    #[error("cannot set up the fake carrier: {0}")]
    Carrier(#[from] std::io::Error),
    /// Several nodes need a database that they can share.
    #[error("several nodes need a PostgreSQL database: give --database postgres://…, or --nodes 1")]
    NotShared,
    /// A node's address is unusable.
    #[error(transparent)]
    Call(#[from] CallError),
}

/// Restarts each node of `binary` as often as the plan says, under load; `told` hears of each restart.
pub async fn run(
    binary: &Path,
    plan: &RollPlan,
    told: impl Fn(usize, Duration),
) -> Result<RollVerdict, RollError> {
    let restarts = async |nodes: &mut SeveralNodes, _: &dyn Fn() -> u64| {
        let mut lasted = Vec::new();
        for _ in 0..plan.rounds {
            for number in 0..nodes.count() {
                tokio::time::sleep(BETWEEN).await;
                let away = nodes.restart(number).await?;
                lasted.push(away);
                told(number + 1, away);
            }
        }
        Ok(lasted)
    };
    under_load(binary, plan, restarts).await
}

/// Lets people write to nodes of `binary` while something is done to them or to what they need. `disturb` gets the nodes
/// and a way to ask how many messages were answered so far; it answers how long each disturbance lasted.
///
/// # Errors
/// When nodes or carrier cannot be set up, or what `disturb` says.
pub async fn under_load<E: From<RollError>>(
    binary: &Path,
    plan: &RollPlan,
    disturb: impl AsyncFnOnce(&mut SeveralNodes, &dyn Fn() -> u64) -> Result<Vec<Duration>, E>,
) -> Result<RollVerdict, E> {
    let (mut nodes, channel, carrier) = set_up(binary, plan).await?;
    let ledger = Arc::new(Mutex::new(Ledger::new(plan.people)));
    let connect = |most| Connections::over(&nodes.urls(), most).map_err(RollError::from);
    let (connections, reports) = (Arc::new(connect(CONNECTIONS)?), connect(REPORT_CONNECTIONS)?);
    let line = Line { node: connections.clone(), channel, webhooks: None, ledger: ledger.clone() };
    let carrier = tokio::spawn(carry(carrier, reports, channel, ledger.clone()));
    let drill = Arc::new(Drill::persistent(line, plan.people));
    let writing = tokio::spawn(write_at_rate_until(drill.clone(), plan.rate));

    let answered = || ledger.lock().map_or(0, |ledger| ledger.counts().replied);
    let lasted = disturb(&mut nodes, &answered).await?;
    tokio::time::sleep(BETWEEN).await;
    drill.stop_writing();
    writing.await.ok();
    settle(&ledger, PATIENCE, Ledger::is_settled, |ledger| {
        let counts = ledger.counts();
        counts.acknowledged + counts.replied
    })
    .await;
    carrier.abort();
    let ledger = ledger.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    Ok(verdict(&ledger, &lasted, connections.refused(), drill.again.load(Ordering::Relaxed)))
}

async fn set_up(binary: &Path, plan: &RollPlan) -> Result<(SeveralNodes, uuid::Uuid, Carrier), RollError> {
    if plan.nodes > 1 && plan.database.is_none() {
        return Err(RollError::NotShared);
    }
    let carrier = Carrier::bind(([127, 0, 0, 1], 0).into(), Dialect::Ex).await?;
    let store = ScratchNode::create(binary, plan.database.as_deref())?;
    store.import(TWO_QUESTIONS)?;
    let channel = store.add_channel(&carrier)?;
    let mut nodes =
        SeveralNodes::of(binary, store, plan.database.as_deref(), plan.nodes, Socket::HandedDown)?;
    nodes.start_all().await?;
    Ok((nodes, channel, carrier))
}

fn verdict(ledger: &Ledger, lasted: &[Duration], refused: usize, again: u64) -> RollVerdict {
    let counts = ledger.counts();
    let slowest = lasted.iter().max().copied().unwrap_or_default();
    RollVerdict {
        restarts: u32::try_from(lasted.len()).unwrap_or(u32::MAX),
        sent: counts.sent,
        acknowledged: counts.acknowledged,
        replied: counts.replied,
        refused: refused as u64,
        lost: ledger.lost(),
        duplicated: counts.duplicated,
        repeated: counts.repeated,
        misordered: counts.misordered,
        again,
        restart_ms_max: u64::try_from(slowest.as_millis()).unwrap_or(u64::MAX),
        reply_ms: ledger.reply(),
    }
}
