//! This node among the others that share its database: it says again and again that it is alive, watches whether the
//! others do, and ends those that do not. Whoever was ended may no longer write (`store`), hears of it with its next
//! beat at the latest, and starts anew.
//!
//! Work that one node at a time does goes on under a lease ([`Membership::lease`]); what must not be done by one that
//! others may have given up, as sending, asks first ([`Membership::is_fresh`], [`Membership::may_send`]).

mod enter;
mod spools;
mod watch;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use operations::Context;
use store::{Beat, Fence, LeaseName, LeaseRow, NodeRow, NodeState, Standing, StoreError};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::Instant;

pub(crate) use self::enter::{Identity, enter};
use self::spools::Return;
pub(crate) use self::spools::Turn;
use self::watch::{Own, Watch};
use crate::limits;
use crate::metrics::{Metrics, OfLease};
use crate::spool::Spool;

/// What this node knows of the others.
#[derive(Debug, Clone, Default)]
struct View {
    nodes: Vec<NodeRow>,
    leases: Vec<LeaseRow>,
    lost: bool,
}

impl View {
    /// Whether a lease is nobody's, as far as is known.
    fn is_free(&self, name: LeaseName, own: i64) -> bool {
        let row = self.leases.iter().find(|lease| lease.name == name);
        row.is_none_or(|row| row.run == own || !self.nodes.iter().any(|node| node.run == row.run))
    }
}

/// A node's membership. Cheap to clone.
#[derive(Clone)]
pub struct Membership {
    inner: Arc<Inner>,
}

struct Inner {
    ctx: Context,
    identity: Identity,
    metrics: Arc<Metrics>,
    view: Mutex<View>,
    /// Rung when the view changed. It wakes in the order of asking, which a channel of the runtime draws by lot.
    changed: Notify,
    /// When the last beat that succeeded was begun.
    last: Mutex<Instant>,
    /// Runs that this node is ending just now.
    evicting: Mutex<BTreeSet<i64>>,
    stopping: AtomicBool,
    stop: Notify,
    spool: Option<Spool>,
    /// Whether the others have been heard since the store was away.
    back: Mutex<Return>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Inner {
    fn view(&self) -> MutexGuard<'_, View> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn learned(&self, what: impl FnOnce(&mut View)) {
        what(&mut self.view());
        self.changed.notify_waiters();
    }
}

impl Membership {
    /// Keeps a run alive that was registered after `asked`.
    pub(crate) async fn start(
        ctx: Context,
        identity: Identity,
        metrics: Arc<Metrics>,
        spool: Option<Spool>,
        asked: Instant,
    ) -> Self {
        let inner = Inner {
            ctx,
            identity,
            metrics,
            view: Mutex::default(),
            changed: Notify::new(),
            last: Mutex::new(asked),
            evicting: Mutex::default(),
            stopping: AtomicBool::new(false),
            stop: Notify::new(),
            spool,
            back: Mutex::default(),
            task: Mutex::new(None),
        };
        let membership = Self { inner: Arc::new(inner) };
        let mut watch = Watch::default();
        membership.beat(&mut watch).await;
        let task = tokio::spawn(membership.clone().run(watch));
        *membership.inner.task.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
        membership
    }

    /// The number of this run.
    pub fn run_number(&self) -> i64 {
        self.inner.ctx.by
    }

    /// What this node is called.
    pub fn name(&self) -> &str {
        &self.inner.identity.name
    }

    /// The nodes that are alive, this one among them, the oldest first.
    pub fn nodes(&self) -> Vec<NodeRow> {
        self.inner.view().nodes.clone()
    }

    /// How many nodes share what is shared, at least 1: rates of channels and of clients are divided by it.
    pub fn living(&self) -> usize {
        self.inner.view().nodes.len().max(1)
    }

    /// Whether this run was ended by others: nothing that it writes is taken any more.
    pub fn is_lost(&self) -> bool {
        self.inner.view().lost
    }

    /// Waits until this run was ended by others.
    pub async fn until_lost(&self) {
        loop {
            let changed = self.inner.changed.notified();
            if self.is_lost() {
                return;
            }
            changed.await;
        }
    }

    /// Whether the last beat is so recent that nobody can have ended this run since.
    pub fn is_fresh(&self) -> bool {
        if self.is_lost() {
            return false;
        }
        let last = *self.inner.last.lock().unwrap_or_else(PoisonError::into_inner);
        self.inner.identity.alone || last.elapsed() < self.inner.identity.ttl / 2
    }

    /// Waits until something may leave this node. False if nothing may any more: what is in hand is another's.
    pub async fn may_send(&self) -> bool {
        if self.is_fresh() {
            return true;
        }
        loop {
            let changed = self.inner.changed.notified();
            if self.is_lost() {
                return false;
            }
            if self.is_fresh() {
                return true;
            }
            changed.await;
        }
    }

    /// Waits until this run has a lease. It has it until it is given back, or until the run ends.
    pub(crate) async fn lease(&self, name: LeaseName) -> Fence {
        let inner = &*self.inner;
        loop {
            let changed = inner.changed.notified();
            let may_be_taken =
                !inner.stopping.load(Ordering::Relaxed) && inner.view().is_free(name, self.run_number());
            if may_be_taken {
                match inner.ctx.store.take_lease(name, self.run_number(), inner.ctx.now()).await {
                    Ok(Some(fence)) => {
                        self.note_lease(name, true);
                        let lease = name.as_str();
                        if self.living() > 1 {
                            tracing::info!(lease, fence, "this node has the lease now");
                        } else {
                            tracing::debug!(lease, fence, "this node has the lease now");
                        }
                        return Fence { lease: name, fence };
                    }
                    Ok(None) => {}
                    Err(error) => tracing::warn!(%error, lease = name.as_str(), "a lease could not be taken"),
                }
            }
            changed.await;
        }
    }

    /// Gives a lease back, so that another node need not wait for the end of this one.
    pub(crate) async fn give_back(&self, name: LeaseName) {
        self.note_lease(name, false);
        if let Err(error) = self.inner.ctx.store.give_back_lease(name, self.run_number()).await {
            tracing::warn!(%error, lease = name.as_str(), "a lease was not given back; it is free when this run ends");
        }
    }

    fn note_lease(&self, name: LeaseName, held: bool) {
        let label = OfLease { lease: name.as_str() };
        self.inner.metrics.lease_held.get_or_create(&label).set(i64::from(held));
    }

    /// Says from the next beat on that this node is on its way out.
    pub(crate) fn announce_stop(&self) {
        self.inner.stopping.store(true, Ordering::Relaxed);
        self.inner.stop.notify_one();
    }

    /// Ends this run: nothing of it writes any more.
    pub(crate) async fn leave(&self) {
        self.end_task().await;
        let inner = &*self.inner;
        let leaving = inner.ctx.store.evict(self.run_number(), None, inner.ctx.now());
        match tokio::time::timeout(limits::LEAVE_WITHIN, leaving).await {
            Ok(Ok(Some(recovered))) if recovered.rows > 0 => {
                tracing::warn!(rows = recovered.rows, "what was still in hand goes out again");
            }
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::warn!(%error, "this run is not signed off; the others will end it"),
            Err(_) => tracing::warn!("this run is not signed off in time; the others will end it"),
        }
    }

    /// Ends the task without a word to the others.
    pub(crate) async fn end_task(&self) {
        let task = self.inner.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            task.abort();
            let _ = task.await;
        }
    }

    /// As [`Membership::end_task`], without waiting.
    pub(crate) fn cut_off(&self) {
        if let Some(task) = self.inner.task.lock().unwrap_or_else(PoisonError::into_inner).take() {
            task.abort();
        }
    }

    async fn run(self, mut watch: Watch) {
        let fenced = self.inner.ctx.fenced.clone();
        loop {
            tokio::select! {
                biased;
                () = fenced.rung() => {}
                () = self.inner.stop.notified() => {}
                () = tokio::time::sleep(self.inner.identity.beat_every()) => {}
            }
            self.inner.metrics.fenced_writes.inc_by(fenced.take());
            self.beat(&mut watch).await;
            if self.is_lost() {
                return;
            }
        }
    }

    /// One beat, and what is to be learned from its answer.
    async fn beat(&self, watch: &mut Watch) {
        let asked = Instant::now();
        match self.say().await {
            Ok(beat) => self.learn(beat, asked, watch),
            Err(why) => {
                tracing::warn!(why, "this node could not say that it is alive; trying again");
                watch.blind();
            }
        }
    }

    /// Says that this run is alive, and how it stands. That the store did not take it, or took its time, is noted.
    async fn say(&self) -> Result<Beat, String> {
        let inner = &*self.inner;
        let stopping = inner.stopping.load(Ordering::Relaxed);
        let state = if stopping { NodeState::Stopping } else { NodeState::Running };
        let spool_from = inner.spool.as_ref().and_then(|spool| spool.status().oldest);
        let asked = Instant::now();
        let beating =
            inner.ctx.store.beat(self.run_number(), Standing { state, spool_from }, inner.ctx.now());
        let said = match tokio::time::timeout(inner.identity.ttl / 2, beating).await {
            Ok(said) => said.map_err(|error| error.to_string()),
            Err(_) => Err("the store did not answer in time".to_owned()),
        };
        if said.is_err() || asked.elapsed() > limits::SLOW_BEAT {
            self.store_was_away();
        }
        said
    }

    fn learn(&self, beat: Beat, asked: Instant, watch: &mut Watch) {
        let inner = &*self.inner;
        if !beat.alive {
            tracing::error!(
                run = self.run_number(),
                "the other nodes took this one for dead and go on with its work; it starts anew"
            );
            for name in LeaseName::ALL {
                self.note_lease(name, false);
            }
            inner.learned(|view| view.lost = true);
            return;
        }
        *inner.last.lock().unwrap_or_else(PoisonError::into_inner) = asked;
        let (run, ttl) = (self.run_number(), inner.identity.ttl);
        let own = Own { run, ttl, gap: ttl / 2 };
        let silent = watch.look((asked, Instant::now()), &beat.nodes, own);
        for node in beat.nodes.iter().filter(|node| node.run != run) {
            let said = silent.iter().find(|(silent, _)| *silent == node.run).map(|(_, beat)| *beat);
            if said.is_some() || inner.identity.machine.is_gone(&node.process) {
                self.evict(node.clone(), said);
            }
        }
        self.hear(&beat.nodes);
        inner.metrics.nodes.set(i64::try_from(beat.nodes.len()).unwrap_or(i64::MAX));
        inner.learned(|view| (view.nodes, view.leases) = (beat.nodes, beat.leases));
    }

    /// Ends the run of another, beside the own beats: it may have to wait for the end of what that run writes.
    fn evict(&self, node: NodeRow, beat: Option<i64>) {
        let inner = self.inner.clone();
        if !inner.evicting.lock().unwrap_or_else(PoisonError::into_inner).insert(node.run) {
            return;
        }
        tokio::spawn(async move {
            let now = inner.ctx.now();
            match inner.ctx.store.evict(node.run, beat, now).await {
                // It is alive after all, or another node was faster.
                Ok(None) => {}
                Ok(Some(recovered)) => {
                    inner.metrics.evictions.inc();
                    inner.metrics.repeated.inc_by(recovered.rows);
                    note_eviction(&node, recovered.rows, now);
                }
                // Somebody else is at it, or the store is away: the next look will try again.
                Err(StoreError::Busy) => {}
                Err(error) => tracing::warn!(%error, node = %node.name, "a dead node could not be ended"),
            }
            inner.evicting.lock().unwrap_or_else(PoisonError::into_inner).remove(&node.run);
        });
    }
}

fn note_eviction(node: &NodeRow, rows: u64, now: Timestamp) {
    let silent = now.duration_since(node.beat_on).as_secs();
    tracing::warn!(node = %node.name, run = node.run, host = %node.host, silent_seconds = silent, rows,
        "a node is gone; what it had in hand goes out again");
}
