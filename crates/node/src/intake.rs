//! Takes what carriers and the chat page hand in, in the order of its arrival, and gives all that waits to one operation;
//! while that commits, what others wrote goes to the next. Everyone is answered after the commit, and only then; while the store is away, after what they gave
//! is in the spool (`spool`), from which it goes to the store in order.

mod gathered;

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use channels::{Inbound, InboundEvent};
use domain::{ChannelId, ChannelUuid, MessageUuid};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use jiff::Timestamp;
use operations::{Context, InboundItem, InboundKind, Receipt, ReceiveError, Stamp, StatusReport};
use store::{StatusResult, StoreError};
use thiserror::Error;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::Instant;

use self::gathered::{Address, Gathered, addresses_of};
use crate::dispatcher::Handover;
use crate::limits;
use crate::metrics::Metrics;
use crate::shedding::Pulse;
use crate::spool::{Spool, SpoolError, Spooled};

/// What became of one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// A message is kept under this identifier.
    Message(MessageUuid),
    /// This message was kept before under this identifier; nothing changed.
    Again(MessageUuid),
    /// A report or an event took effect, or changed nothing.
    Noted,
    /// Nothing was kept, for this reason.
    Ignored(&'static str),
}

impl Taken {
    /// Our identifier of the message, if the item is one.
    pub fn message(self) -> Option<MessageUuid> {
        match self {
            Self::Message(uuid) | Self::Again(uuid) => Some(uuid),
            Self::Noted | Self::Ignored(_) => None,
        }
    }
}

/// Why items were not taken. The sender should come again, except with [`IntakeError::UnknownChannel`].
#[derive(Clone, Debug, Error)]
pub enum IntakeError {
    /// Too much waits already.
    #[error("too many requests wait; come again in a moment")]
    Full,
    /// The database is away and the spool holds as much as it may.
    #[error("the database is away and the spool takes no more; come again later")]
    SpoolFull,
    /// The node stops.
    #[error("the node stops; come again in a moment")]
    Stopping,
    /// There is no such channel any more.
    #[error("there is no such channel")]
    UnknownChannel,
    /// The operation failed for a reason of ours.
    #[error("the message could not be taken; send it again")]
    Failed,
}

/// One request's items and who waits for them.
pub(crate) struct Submission {
    pub(crate) line: ChannelId,
    pub(crate) channel: ChannelUuid,
    pub(crate) channel_type: &'static str,
    pub(crate) items: Vec<Inbound>,
    pub(crate) since: Instant,
    pub(crate) arrived: Timestamp,
    pub(crate) answer: oneshot::Sender<Result<Vec<Taken>, IntakeError>>,
}

struct Intake {
    ctx: Context,
    /// While so much of a channel is in hand, replies to what it hands in stay in the store, and the dispatcher claims
    /// them in their time. Other channels do not notice.
    unclaimed: Context,
    handover: Handover,
    metrics: Arc<Metrics>,
    pulse: Arc<Pulse>,
    spool: Option<Spool>,
    /// Operations that took too long, so that what they were given is in the spool as well. They end by themselves.
    late: Mutex<JoinSet<()>>,
}

/// The lane's task. It ends when its queue is closed and empty.
pub(crate) async fn run(
    ctx: Context,
    handover: Handover,
    metrics: Arc<Metrics>,
    pulse: Arc<Pulse>,
    spool: Option<Spool>,
    mut queue: mpsc::Receiver<Submission>,
) {
    let unclaimed = ctx.unclaimed();
    let intake = Intake { ctx, unclaimed, handover, metrics, pulse, spool, late: Mutex::default() };
    let (mut gathered, mut at_work) = (Gathered::default(), FuturesUnordered::new());
    let (mut arrived, mut open) = (Vec::new(), true);
    let mut rests_until = Instant::now();
    while open || !gathered.is_empty() || !at_work.is_empty() {
        while at_work.len() < limits::INTAKE_AT_ONCE
            && (gathered.len() >= limits::INTAKE_WORTH
                || at_work.is_empty() && (!open || Instant::now() >= rests_until))
            && let Some(batch) = gathered.next_batch()
        {
            // A sender that waits for each answer before it sends again has nothing to share with.
            if batch.len() > 1 {
                rests_until = Instant::now() + limits::INTAKE_EVERY;
            }
            at_work.push(intake.work(batch));
        }
        intake.metrics.waiting.set(i64::try_from(queue.len() + gathered.len()).unwrap_or(i64::MAX));
        let room = limits::INTAKE_BATCH.saturating_sub(gathered.len());
        tokio::select! {
            biased;
            Some(addresses) = at_work.next(), if !at_work.is_empty() => gathered.free(&addresses),
            count = queue.recv_many(&mut arrived, room), if open && room > 0 => {
                open = count > 0;
                arrived.drain(..).for_each(|submission| gathered.push(submission));
            }
            () = tokio::time::sleep_until(rests_until), if at_work.is_empty() && !gathered.is_empty() => {}
        }
    }
    let mut late = std::mem::take(&mut *intake.late());
    while late.join_next().await.is_some() {}
}

impl Intake {
    fn late(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.late.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does all for a batch and answers whose it was, so that what they wrote meanwhile may follow.
    async fn work(&self, batch: Vec<Submission>) -> Vec<Address> {
        let size: usize = batch.iter().map(|submission| submission.items.len()).sum();
        self.metrics.batch.observe(size as f64);
        let addresses = batch.iter().flat_map(addresses_of).collect();
        let begun = Instant::now();
        let since = batch.iter().map(|submission| submission.since).min();
        self.pulse.begin(since);
        self.take_all(batch).await;
        self.pulse.end(since, begun.elapsed());
        while self.late().try_join_next().is_some() {}
        addresses
    }

    async fn take_all(&self, batch: Vec<Submission>) {
        if self.spool.as_ref().is_some_and(Spool::comes_first) {
            let batch = Batch::of(&self.ctx, batch);
            return self.settle(batch, None).await;
        }
        let full = self.handover.full();
        let (waiting, going): (Vec<_>, Vec<_>) =
            batch.into_iter().partition(|submission| full.contains(&submission.line));
        if !waiting.is_empty() {
            self.metrics.count_limit("line_in_hand");
        }
        for (ctx, batch) in [(self.ctx.clone(), going), (self.unclaimed.clone(), waiting)] {
            if !batch.is_empty() {
                self.take(ctx, Batch::of(&self.ctx, batch)).await;
            }
        }
    }

    /// Gives a batch to the store. A defect that breaks one batch must not end the lane: its senders are told to come
    /// again.
    async fn take(&self, ctx: Context, batch: Batch) {
        let work = perform(ctx, self.handover.clone(), batch.items.clone(), batch.reports.clone());
        let outcome = if self.spool.as_ref().is_some_and(Spool::is_usable) {
            let mut task = tokio::spawn(work);
            match tokio::time::timeout(limits::SPOOL_AFTER, &mut task).await {
                Ok(outcome) => outcome.ok(),
                Err(_) => {
                    self.late().spawn(async move { drop(task.await) });
                    return self.settle(batch, None).await;
                }
            }
        } else {
            AssertUnwindSafe(work).catch_unwind().await.ok()
        };
        match outcome {
            Some(outcome) => self.settle(batch, Some(outcome)).await,
            None => {
                self.metrics.errors.inc();
                tracing::error!("a batch of requests broke off; its senders will send it again");
            }
        }
    }

    /// Answers those who wait. What the store could not take, or was not asked to, goes to the spool first.
    async fn settle(&self, batch: Batch, outcome: Option<Outcome>) {
        if let Some(Ok(statuses)) = outcome.as_ref().map(|outcome| &outcome.statuses) {
            count_reports(&self.metrics, statuses);
        }
        let mut answers: Vec<Result<Vec<Taken>, IntakeError>> = Vec::with_capacity(batch.waiting.len());
        let (mut spooled, mut in_spool) = (Vec::new(), Vec::new());
        for (number, waiting) in batch.waiting.iter().enumerate() {
            let ends = waiting.places.iter().map(|place| self.end_of(place, outcome.as_ref()));
            let ends: Result<Vec<End>, IntakeError> = ends.collect();
            let mine: Vec<&Place> = match &ends {
                Ok(ends) => {
                    let later =
                        waiting.places.iter().zip(ends).filter(|(_, end)| matches!(end, End::Later(_)));
                    later.map(|(place, _)| place).collect()
                }
                Err(_) => Vec::new(),
            };
            if !mine.is_empty() {
                in_spool.push(number);
                spooled.extend(mine.into_iter().map(|place| batch.spooled(&self.ctx, waiting, place)));
            }
            answers.push(ends.map(|ends| ends.iter().map(|end| end.taken()).collect()));
        }
        if !spooled.is_empty()
            && let Err(error) = self.keep(&spooled).await
        {
            for number in in_spool {
                answers[number] = Err(error.clone());
            }
        }
        for (waiting, answer) in batch.waiting.into_iter().zip(answers) {
            count(&self.metrics, waiting.channel_type, &answer);
            Metrics::observe(&self.metrics.commit, waiting.since.elapsed());
            // Who no longer waits has been cut off; the carrier will send again and be told that it is a duplicate.
            let _ = waiting.answer.send(answer);
        }
    }

    async fn keep(&self, items: &[Spooled]) -> Result<(), IntakeError> {
        let Some(spool) = &self.spool else { return Err(IntakeError::Failed) };
        match spool.append(items).await {
            Ok(()) => {
                self.metrics.spooled.inc_by(items.len() as u64);
                Ok(())
            }
            Err(error @ SpoolError::Full(_)) => {
                self.metrics.count_limit("spool_bytes");
                tracing::error!(%error, "carriers are told to come again");
                Err(IntakeError::SpoolFull)
            }
            Err(error) => {
                self.metrics.errors.inc();
                tracing::error!(%error, "carriers are told to come again");
                Err(IntakeError::Failed)
            }
        }
    }

    fn end_of(&self, place: &Place, outcome: Option<&Outcome>) -> Result<End, IntakeError> {
        let usable = self.spool.as_ref().is_some_and(Spool::is_usable);
        let later = || Ok(End::Later(place.uuid));
        match outcome {
            None => later(),
            Some(outcome) => match place.at {
                At::Received(index) => match outcome.receipts.get(index) {
                    Some(Err(ReceiveError::Store(error))) if usable && error.is_passing() => later(),
                    receipt => taken(receipt).map(End::Done),
                },
                At::Reported(index) => match &outcome.statuses {
                    Err(error) if usable && error.is_passing() => later(),
                    Err(_) => Err(IntakeError::Failed),
                    Ok(statuses) => noted(statuses.get(index)).map(End::Done),
                },
            },
        }
    }
}

/// Where an item of a submission is in its batch.
enum At {
    Received(usize),
    Reported(usize),
}

struct Place {
    at: At,
    /// What a message is kept under; `None` of what is no message.
    uuid: Option<MessageUuid>,
}

/// What is to be answered for an item.
enum End {
    Done(Taken),
    /// Once it is in the spool.
    Later(Option<MessageUuid>),
}

impl End {
    fn taken(&self) -> Taken {
        match self {
            Self::Done(taken) => *taken,
            Self::Later(Some(uuid)) => Taken::Message(*uuid),
            Self::Later(None) => Taken::Noted,
        }
    }
}

struct Waiting {
    channel_type: &'static str,
    places: Vec<Place>,
    since: Instant,
    arrived: Timestamp,
    answer: oneshot::Sender<Result<Vec<Taken>, IntakeError>>,
}

/// What is given to the store together.
struct Batch {
    items: Arc<[InboundItem]>,
    reports: Arc<[StatusReport]>,
    waiting: Vec<Waiting>,
}

impl Batch {
    /// Each message is given its identifier here, before anything is tried: however often it is tried, it is the same.
    fn of(ctx: &Context, submissions: Vec<Submission>) -> Self {
        let (mut items, mut reports) = (Vec::new(), Vec::new());
        let mut waiting = Vec::with_capacity(submissions.len());
        for Submission { channel, channel_type, line: _, items: given, since, arrived, answer } in submissions
        {
            let mut places = Vec::with_capacity(given.len());
            for item in given {
                let kind = match item {
                    Inbound::Message(message) => InboundKind::Message(message),
                    Inbound::Event(InboundEvent::NewConversation { urn }) => {
                        InboundKind::NewConversation(urn)
                    }
                    Inbound::Event(InboundEvent::StopContact { urn }) => InboundKind::Stop(urn),
                    Inbound::Event(InboundEvent::Moved { urn, to }) => InboundKind::Moved(urn, to),
                    Inbound::Event(InboundEvent::Happened { urn, what }) => InboundKind::Happened(urn, what),
                    Inbound::Status(status) => {
                        places.push(Place { at: At::Reported(reports.len()), uuid: None });
                        reports.push(StatusReport { channel, status });
                        continue;
                    }
                };
                let uuid = MessageUuid(ctx.host.uuid_v7());
                let is_message = matches!(kind, InboundKind::Message(_));
                places.push(Place { at: At::Received(items.len()), uuid: is_message.then_some(uuid) });
                items.push(InboundItem { channel, kind, stamp: Some(Stamp { uuid, arrived, again: false }) });
            }
            waiting.push(Waiting { channel_type, places, since, arrived, answer });
        }
        Self { items: items.into(), reports: reports.into(), waiting }
    }

    /// An item as the spool keeps it.
    fn spooled(&self, ctx: &Context, waiting: &Waiting, place: &Place) -> Spooled {
        let arrived = waiting.arrived;
        match place.at {
            At::Received(index) => {
                let item = &self.items[index];
                let uuid = item.stamp.map(|stamp| stamp.uuid).unwrap_or_default();
                let kind = match &item.kind {
                    InboundKind::Message(message) => Inbound::Message(message.clone()),
                    InboundKind::NewConversation(urn) => {
                        Inbound::Event(InboundEvent::NewConversation { urn: urn.clone() })
                    }
                    InboundKind::Stop(urn) => Inbound::Event(InboundEvent::StopContact { urn: urn.clone() }),
                    InboundKind::Happened(urn, what) => {
                        Inbound::Event(InboundEvent::Happened { urn: urn.clone(), what: what.clone() })
                    }
                    InboundKind::Moved(urn, to) => {
                        Inbound::Event(InboundEvent::Moved { urn: urn.clone(), to: to.clone() })
                    }
                };
                Spooled { uuid, arrived, channel: item.channel, item: kind }
            }
            At::Reported(index) => {
                let report = &self.reports[index];
                let item = Inbound::Status(report.status.clone());
                // A report is known again by what it reports; the identifier only names it here.
                Spooled { uuid: MessageUuid(ctx.host.uuid_v7()), arrived, channel: report.channel, item }
            }
        }
    }
}

/// What the store made of a batch.
struct Outcome {
    receipts: Vec<Result<Receipt, ReceiveError>>,
    statuses: Result<Vec<StatusResult>, StoreError>,
}

async fn perform(
    ctx: Context,
    handover: Handover,
    items: Arc<[InboundItem]>,
    reports: Arc<[StatusReport]>,
) -> Outcome {
    let receiving = async {
        if items.is_empty() { Vec::new() } else { handover.take(operations::receive(&ctx, items).await) }
    };
    let reporting = async {
        if reports.is_empty() { Ok(Vec::new()) } else { operations::record_status(&ctx, &reports).await }
    };
    let (receipts, statuses) = tokio::join!(receiving, reporting);
    if let Err(error) = &statuses {
        tracing::error!(%error, "delivery reports could not be recorded");
    }
    Outcome { receipts, statuses }
}

fn taken(receipt: Option<&Result<Receipt, ReceiveError>>) -> Result<Taken, IntakeError> {
    match receipt {
        Some(Ok(Receipt::Accepted(uuid))) => Ok(Taken::Message(*uuid)),
        Some(Ok(Receipt::Duplicate(uuid))) => Ok(Taken::Again(*uuid)),
        Some(Ok(Receipt::Event)) => Ok(Taken::Noted),
        Some(Ok(Receipt::Ignored(reason))) => Ok(Taken::Ignored(reason)),
        Some(Err(ReceiveError::UnknownChannel)) => Err(IntakeError::UnknownChannel),
        Some(Err(error @ (ReceiveError::Busy | ReceiveError::Store(_)))) => {
            tracing::error!(%error, "an item could not be taken");
            Err(IntakeError::Failed)
        }
        None => Err(IntakeError::Failed),
    }
}

fn noted(status: Option<&StatusResult>) -> Result<Taken, IntakeError> {
    match status {
        Some(StatusResult::Applied(_) | StatusResult::Ignored(_)) => Ok(Taken::Noted),
        Some(StatusResult::Unknown) => Ok(Taken::Ignored("there is no such message")),
        None => Err(IntakeError::Failed),
    }
}

fn count_reports(metrics: &Metrics, statuses: &[StatusResult]) {
    for status in statuses {
        let outcome = match status {
            StatusResult::Applied(_) => "applied",
            StatusResult::Ignored(_) => "repeated",
            StatusResult::Unknown => "unknown",
        };
        metrics.count_reports(outcome, 1);
    }
}

fn count(metrics: &Metrics, channel_type: &'static str, answers: &Result<Vec<Taken>, IntakeError>) {
    match answers {
        Ok(taken) => {
            for item in taken {
                let outcome = match item {
                    Taken::Message(_) => "accepted",
                    Taken::Again(_) => "duplicate",
                    Taken::Noted => "noted",
                    Taken::Ignored(_) => "ignored",
                };
                metrics.count_inbound(channel_type, outcome);
            }
        }
        Err(_) => {
            metrics.errors.inc();
            metrics.count_inbound(channel_type, "failed");
        }
    }
}
