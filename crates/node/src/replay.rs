//! Gives the store what intake kept in the spool while the store was away, in order, and goes on until the spool is
//! empty. An item leaves the spool only after its commit, or after it was put down as refused with the reason.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use channels::{Inbound, InboundEvent};
use domain::MessageUuid;
use futures_util::FutureExt as _;
use jiff::Timestamp;
use operations::{
    Context, InboundItem, InboundKind, Receipt, ReceiveError, Stamp, StatusReport, receive, record_status,
};
use store::StoreError;
use tokio::sync::Notify;

use crate::dispatcher::Handover;
use crate::limits;
use crate::membership::{Membership, Turn};
use crate::metrics::Metrics;
use crate::spool::{Batch, Spool, SpoolError, Spooled};

/// What became of one item.
enum Fate {
    /// The store has it, or needs nothing of it.
    Kept,
    /// It was refused, for this reason.
    Refused(String),
    /// It may succeed later.
    Later(StoreError),
    /// It failed by itself; again some times, then it is refused.
    Failed(String),
}

struct Replay {
    ctx: Context,
    unclaimed: Context,
    handover: Handover,
    metrics: Arc<Metrics>,
    membership: Membership,
    spool: Spool,
    /// How often items failed while others did not.
    failures: HashMap<MessageUuid, u32>,
    /// Items that are given together.
    at_once: usize,
    pause: Duration,
    /// Whether it was said that the spool is in use.
    said: bool,
    /// Why it was last said to wait.
    waits: String,
}

/// The task that empties the spool. It ends after `stop` is notified; what is in the spool waits for the next start.
pub(crate) async fn run(
    ctx: Context,
    handover: Handover,
    metrics: Arc<Metrics>,
    membership: Membership,
    spool: Spool,
    stop: Arc<Notify>,
) {
    let unclaimed = ctx.unclaimed();
    let (failures, at_once, pause) = (HashMap::new(), 1, limits::SPOOL_FIRST_PAUSE);
    let mut replay = Replay {
        ctx,
        unclaimed,
        handover,
        metrics,
        membership,
        spool,
        failures,
        at_once,
        pause,
        said: false,
        waits: String::new(),
    };
    loop {
        let next = tokio::select! {
            biased;
            () = stop.notified() => return,
            next = replay.step() => next,
        };
        tokio::select! {
            biased;
            () = stop.notified() => return,
            () = replay.spool.filled(), if next.is_none() => {}
            () = tokio::time::sleep(next.unwrap_or(limits::SPOOL_LOOK)) => {}
        }
    }
}

impl Replay {
    /// Gives the first items to the store. Answers how long to wait then; until something comes if that is not said.
    async fn step(&mut self) -> Option<Duration> {
        if !self.spool.try_to_take().await || !self.spool.comes_first() {
            self.leave();
            return None;
        }
        self.enter();
        let turn = self.membership.turn().await;
        let before = match turn {
            Turn::Away => return Some(self.longer_pause()),
            Turn::Wait => return Some(limits::SPOOL_TURN),
            Turn::Before(moment) => moment,
            Turn::Free => Timestamp::MAX,
        };
        if !self.spool.holds_items() {
            if turn == Turn::Free {
                self.spool.release();
            }
            return Some(limits::SPOOL_TURN);
        }
        match self.give(before).await {
            Ok(true) => {
                self.pause = limits::SPOOL_FIRST_PAUSE;
                self.at_once = limits::INTAKE_BATCH;
                Some(if turn == Turn::Free { Duration::ZERO } else { limits::SPOOL_TURN })
            }
            Ok(false) => Some(self.longer_pause()),
            Err(error) => {
                self.metrics.errors.inc();
                tracing::error!(%error, "what is in the spool cannot be given to the store");
                Some(self.longer_pause())
            }
        }
    }

    fn enter(&mut self) {
        if !self.said {
            self.said = true;
            self.membership.store_was_away();
            let status = self.spool.status();
            tracing::warn!(
                items = status.items,
                bytes = status.bytes,
                "what comes in goes to the spool until the database has taken all that is there"
            );
        }
    }

    fn leave(&mut self) {
        if self.said {
            self.said = false;
            self.waits.clear();
            self.failures.clear();
            tracing::info!("the spool is empty; what comes in goes to the database again");
        }
        self.at_once = 1;
    }

    /// While the store is away, one item is tried at a time: it costs nothing to learn that it is still away.
    fn longer_pause(&mut self) -> Duration {
        self.at_once = 1;
        let pause = self.pause;
        self.pause = (pause * 2).min(limits::SPOOL_LONGEST_PAUSE);
        pause
    }

    /// Gives one batch of what arrived before a moment; whether all of it left the spool.
    async fn give(&mut self, before: Timestamp) -> Result<bool, SpoolError> {
        let mut batch = self.spool.first(self.at_once).await?;
        let is_later =
            |item: &Result<Spooled, String>| item.as_ref().is_ok_and(|item| item.arrived >= before);
        if let Some(later) = batch.items.iter().position(is_later) {
            batch.items.truncate(later);
        }
        if batch.items.is_empty() {
            return Ok(true);
        }
        let work = AssertUnwindSafe(self.attempt(&batch)).catch_unwind();
        let fates = match work.await {
            Ok(fates) => fates,
            Err(_) => {
                let broke_off = || Fate::Failed("it broke off".to_owned());
                batch.items.iter().map(|_| broke_off()).collect()
            }
        };
        self.settle(&batch, fates).await
    }

    async fn settle(&mut self, batch: &Batch, fates: Vec<Fate>) -> Result<bool, SpoolError> {
        // Only what stands before the first that must be tried again can leave; the others are known again then.
        let mut done = 0;
        let mut waits = None;
        for (item, fate) in batch.items.iter().zip(fates) {
            match fate {
                Fate::Kept => {
                    self.metrics.replayed.inc();
                }
                Fate::Refused(reason) => self.refuse(item, &reason).await?,
                Fate::Failed(reason) if self.fails_for_good(item) => self.refuse(item, &reason).await?,
                Fate::Failed(reason) => waits = Some(reason),
                Fate::Later(error) => waits = Some(error.to_string()),
            }
            if waits.is_some() {
                break;
            }
            done += 1;
        }
        self.spool.taken(batch, done).await?;
        let Some(reason) = waits else { return Ok(true) };
        if reason != self.waits {
            tracing::warn!(reason, "what is in the spool waits");
            self.waits = reason;
        }
        Ok(false)
    }

    fn fails_for_good(&mut self, item: &Result<Spooled, String>) -> bool {
        let Ok(item) = item else { return true };
        let failures = self.failures.entry(item.uuid).or_default();
        *failures += 1;
        *failures >= limits::SPOOL_TRIES
    }

    async fn refuse(&self, item: &Result<Spooled, String>, reason: &str) -> Result<(), SpoolError> {
        let item = item.as_ref().ok();
        self.spool.refuse(item, reason, self.ctx.now()).await?;
        self.metrics.spool_refused.inc();
        let (uuid, channel) = (item.map(|item| item.uuid), item.map(|item| item.channel));
        tracing::error!(
            ?uuid,
            ?channel,
            reason,
            "an item of the spool was refused; it is in refused.jsonl there"
        );
        Ok(())
    }

    /// Tries all items of a batch, and answers for each.
    async fn attempt(&self, batch: &Batch) -> Vec<Fate> {
        let mut fates: Vec<Fate> = Vec::with_capacity(batch.items.len());
        let (mut received, mut reports) = (Vec::new(), Vec::new());
        for (place, item) in batch.items.iter().enumerate() {
            match item {
                Err(reason) => fates.push(Fate::Refused(reason.clone())),
                Ok(item) => {
                    fates.push(Fate::Kept);
                    match of(item) {
                        Given::Received(item) => received.push((place, item)),
                        Given::Reported(report) => reports.push((place, report)),
                    }
                }
            }
        }
        let full = !self.handover.full().is_empty();
        let ctx = if full { &self.unclaimed } else { &self.ctx };
        let (places, items): (Vec<usize>, Vec<InboundItem>) = received.into_iter().unzip();
        let receipts = self.handover.take(receive(ctx, items).await);
        if full {
            self.handover.look();
        }
        for (place, receipt) in places.into_iter().zip(receipts) {
            fates[place] = fate_of(receipt);
        }
        let (places, reports): (Vec<usize>, Vec<StatusReport>) = reports.into_iter().unzip();
        if !reports.is_empty()
            && let Err(error) = record_status(ctx, &reports).await
        {
            for place in places {
                fates[place] = failed(error.clone());
            }
        }
        fates
    }
}

#[expect(clippy::large_enum_variant, reason = "nearly all of them are messages")]
enum Given {
    Received(InboundItem),
    Reported(StatusReport),
}

fn of(item: &Spooled) -> Given {
    let kind = match &item.item {
        Inbound::Message(message) => InboundKind::Message(message.clone()),
        Inbound::Event(InboundEvent::NewConversation { urn }) => InboundKind::NewConversation(urn.clone()),
        Inbound::Event(InboundEvent::StopContact { urn }) => InboundKind::Stop(urn.clone()),
        Inbound::Event(InboundEvent::Moved { urn, to }) => InboundKind::Moved(urn.clone(), to.clone()),
        Inbound::Event(InboundEvent::Happened { urn, what }) => {
            InboundKind::Happened(urn.clone(), what.clone())
        }
        Inbound::Status(status) => {
            return Given::Reported(StatusReport { channel: item.channel, status: status.clone() });
        }
    };
    let stamp = Stamp { uuid: item.uuid, arrived: item.arrived, again: true };
    Given::Received(InboundItem { channel: item.channel, kind, stamp: Some(stamp) })
}

fn fate_of(receipt: Result<Receipt, ReceiveError>) -> Fate {
    match receipt {
        Ok(Receipt::Accepted(_) | Receipt::Duplicate(_) | Receipt::Event | Receipt::Ignored(_)) => Fate::Kept,
        Err(error @ ReceiveError::UnknownChannel) => Fate::Refused(error.to_string()),
        Err(ReceiveError::Busy) => Fate::Later(StoreError::Busy),
        Err(ReceiveError::Store(error)) => failed(error),
    }
}

/// A damaged database is no fault of the item either: it waits until a backup is restored.
fn failed(error: StoreError) -> Fate {
    if error.is_passing() || matches!(error, StoreError::Corrupt(_)) {
        Fate::Later(error)
    } else {
        Fate::Failed(error.to_string())
    }
}
