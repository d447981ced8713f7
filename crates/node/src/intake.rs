//! Takes what carriers and the chat page hand in: one lane, so that arrival order is kept, and one operation for
//! all that waits. Everyone is answered after the commit, and only then.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use channels::{Inbound, InboundEvent};
use domain::{ChannelId, ChannelUuid, MessageUuid};
use futures_util::FutureExt as _;
use operations::{Context, InboundItem, InboundKind, Receipt, ReceiveError, StatusReport};
use store::StatusResult;
use thiserror::Error;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::dispatcher::Handover;
use crate::limits;
use crate::metrics::Metrics;

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
    pub(crate) answer: oneshot::Sender<Result<Vec<Taken>, IntakeError>>,
}

/// The lane's task. It ends when its queue is closed and empty.
pub(crate) async fn run(
    ctx: Context,
    handover: Handover,
    metrics: Arc<Metrics>,
    mut queue: mpsc::Receiver<Submission>,
) {
    // While so much of a channel is in hand, replies to what it hands in stay in the store, and the dispatcher claims
    // them in their time. Other channels do not notice.
    let mut unclaimed = ctx.clone();
    unclaimed.run = 0;
    while let Some(first) = queue.recv().await {
        let mut size = first.items.len();
        let mut batch = vec![first];
        while size < limits::INTAKE_BATCH
            && let Ok(next) = queue.try_recv()
        {
            size += next.items.len();
            batch.push(next);
        }
        metrics.batch.observe(size as f64);
        metrics.waiting.set(i64::try_from(queue.len()).unwrap_or(i64::MAX));
        let full = handover.full();
        let (waiting, going): (Vec<_>, Vec<_>) =
            batch.into_iter().partition(|submission| full.contains(&submission.line));
        if !waiting.is_empty() {
            metrics.count_limit("line_in_hand");
        }
        for (ctx, batch) in [(&ctx, going), (&unclaimed, waiting)] {
            if batch.is_empty() {
                continue;
            }
            let work = take(ctx, &handover, &metrics, batch);
            // A defect that breaks one batch must not end the lane: its senders are told to come again.
            if AssertUnwindSafe(work).catch_unwind().await.is_err() {
                metrics.errors.inc();
                tracing::error!("a batch of requests broke off; its senders will send it again");
            }
        }
    }
}

/// Where an item of a submission went.
enum Place {
    Received(usize),
    Reported(usize),
}

async fn take(ctx: &Context, handover: &Handover, metrics: &Metrics, batch: Vec<Submission>) {
    let mut received = Vec::new();
    let mut reports = Vec::new();
    let mut waiting = Vec::with_capacity(batch.len());
    for Submission { channel, channel_type, line: _, items, since, answer } in batch {
        let mut places = Vec::with_capacity(items.len());
        for item in items {
            let kind = match item {
                Inbound::Message(message) => InboundKind::Message(message),
                Inbound::Event(InboundEvent::NewConversation { urn }) => InboundKind::NewConversation(urn),
                Inbound::Event(InboundEvent::StopContact { urn }) => InboundKind::Stop(urn),
                Inbound::Status(status) => {
                    places.push(Place::Reported(reports.len()));
                    reports.push(StatusReport { channel, status });
                    continue;
                }
            };
            places.push(Place::Received(received.len()));
            received.push(InboundItem { channel, kind });
        }
        waiting.push((channel_type, places, since, answer));
    }
    let (receipts, statuses) = tokio::join!(receive(ctx, handover, received), report(ctx, reports));
    for (channel_type, places, since, answer) in waiting {
        let answers = places.into_iter().map(|place| match place {
            Place::Received(index) => taken(receipts.get(index)),
            Place::Reported(index) => noted(statuses.as_deref().ok().and_then(|all| all.get(index))),
        });
        let answers: Result<Vec<Taken>, IntakeError> = answers.collect();
        count(metrics, channel_type, &answers);
        Metrics::observe(&metrics.commit, since.elapsed());
        // Who no longer waits has been cut off; the carrier will send again and be told that it is a duplicate.
        let _ = answer.send(answers);
    }
}

async fn receive(
    ctx: &Context,
    handover: &Handover,
    items: Vec<InboundItem>,
) -> Vec<Result<Receipt, ReceiveError>> {
    if items.is_empty() {
        return Vec::new();
    }
    handover.take(operations::receive(ctx, items).await)
}

async fn report(ctx: &Context, reports: Vec<StatusReport>) -> Result<Vec<StatusResult>, ()> {
    if reports.is_empty() {
        return Ok(Vec::new());
    }
    operations::record_status(ctx, reports).await.map_err(|error| {
        tracing::error!(%error, "delivery reports could not be recorded");
    })
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
