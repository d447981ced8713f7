//! What carriers answered when we sent.

use jiff::Timestamp;
use smol_str::SmolStr;
use store::{
    Change, MessageRef, MessageStatus, OutboxItem, RetryOutbox, StatusChange, StoreError, Unit, UnitError,
};

use crate::Context;

/// What came of sending one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendOutcome {
    /// The carrier took it; it will report later.
    Wired {
        /// The carrier's id.
        external_id: Option<SmolStr>,
    },
    /// It was handed on for good (carriers that never report, web chat).
    Sent {
        /// The carrier's id.
        external_id: Option<SmolStr>,
    },
    /// It failed and is to be tried again.
    Errored {
        /// Parts that the carrier has by now, of all attempts.
        parts_sent: u32,
        /// When.
        retry_at: Timestamp,
        /// Why, for people.
        reason: String,
        /// Whether the carrier may have it in spite of the error: the answer was lost.
        possibly_sent: bool,
    },
    /// It was not tried: it goes back and waits.
    Parked {
        /// Until when.
        until: Timestamp,
    },
    /// It failed for good: it goes into the dead set.
    Failed {
        /// Why, for people.
        reason: String,
    },
}

/// One message's outcome.
#[derive(Debug, Clone)]
pub struct SentRecord {
    /// The row that was in hand.
    pub item: OutboxItem,
    /// What came of it.
    pub outcome: SendOutcome,
}

/// What recording one outcome did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recorded {
    /// The row is done.
    Done,
    /// The row will be tried again. It and all later rows of its contact and channel that were in hand are given
    /// back: the dispatcher must drop these, and those of them that are still on their way to it. They come
    /// again, in order, with [`crate::claim_outbox`].
    Released(Vec<domain::OutboxId>),
    /// The row was done before: nothing changed.
    AlreadyDone,
    /// The outcome cannot be written for a reason of this row alone: it is kept among the dead, with the reason.
    SetAside,
    /// Nothing changed: this one is to be recorded again.
    NotYet,
}

/// Records what carriers answered, each by itself: one that cannot be recorded holds up no other. A row that is
/// done already is reported, not an error.
///
/// # Errors
/// When nothing of it is known to be committed; all of it is to be recorded again.
pub async fn record_sent(ctx: &Context, records: Vec<SentRecord>) -> Result<Vec<Recorded>, StoreError> {
    let now = ctx.now();
    let units = records.iter().map(|record| {
        let (change, status) = changes(record, ctx.run, now);
        Unit::new(std::iter::once(change).chain(status).collect())
    });
    let answers = ctx.write(units.collect()).await?;
    let mut recorded = Vec::with_capacity(records.len());
    for (record, answer) in records.iter().zip(answers) {
        recorded.push(match answer {
            Ok(done) if is_retry(&record.outcome) => Recorded::Released(done.released),
            Ok(done) if done.finished.first() == Some(&false) => Recorded::AlreadyDone,
            Ok(_) => Recorded::Done,
            Err(UnitError::Gone) => Recorded::AlreadyDone,
            Err(UnitError::Store(error)) if error.is_passing() => {
                tracing::error!(outbox = %record.item.id, %error, "an outcome could not be recorded; trying again");
                Recorded::NotYet
            }
            Err(error) => set_aside(ctx, &record.item, &error).await,
        });
    }
    Ok(recorded)
}

/// Sets a row aside whose outcome cannot be written, though the database takes others: its message cannot be read,
/// and another attempt would end the same way.
async fn set_aside(ctx: &Context, item: &OutboxItem, error: &UnitError) -> Recorded {
    let reason = format!("what the carrier answered cannot be recorded: {error}");
    tracing::error!(outbox = %item.id, reason, "an outbox row is set aside");
    let kill = Change::KillOutbox(item.workspace, item.id, reason);
    match ctx.write_one(Unit::new(vec![kill])).await {
        Ok(_) => Recorded::SetAside,
        Err(UnitError::Gone) => Recorded::AlreadyDone,
        Err(error) => {
            tracing::error!(outbox = %item.id, %error, "an outbox row could not be set aside; trying again");
            Recorded::NotYet
        }
    }
}

fn is_retry(outcome: &SendOutcome) -> bool {
    match outcome {
        SendOutcome::Errored { .. } | SendOutcome::Parked { .. } => true,
        SendOutcome::Wired { .. } | SendOutcome::Sent { .. } | SendOutcome::Failed { .. } => false,
    }
}

/// The change of the outbox row, and that of the message if it is not part of it.
fn changes(record: &SentRecord, run: i64, now: Timestamp) -> (Change, Option<Change>) {
    let item = &record.item;
    let retry = |next_attempt: Timestamp, parts_sent: Option<u32>, possibly_repeated: bool| {
        Change::RetryOutbox(RetryOutbox {
            run,
            workspace: item.workspace,
            id: item.id,
            contact: item.contact,
            channel: item.channel,
            next_attempt,
            tried: parts_sent.is_some(),
            parts_sent,
            possibly_repeated,
        })
    };
    let (status, external_id, reason) = match &record.outcome {
        SendOutcome::Parked { until } => return (retry(*until, None, false), None),
        SendOutcome::Wired { external_id } => (MessageStatus::Wired, external_id.clone(), None),
        SendOutcome::Sent { external_id } => (MessageStatus::Sent, external_id.clone(), None),
        SendOutcome::Failed { reason } => (MessageStatus::Failed, None, Some(reason.clone())),
        SendOutcome::Errored { reason, .. } => (MessageStatus::Errored, None, Some(reason.clone())),
    };
    let change = item.message.map(|message| {
        let (workspace, message) = (item.workspace, MessageRef::Id(message));
        Box::new(StatusChange { workspace, message, status, external_id, reason, at: now })
    });
    match (&record.outcome, change) {
        (SendOutcome::Errored { parts_sent, retry_at, possibly_sent, .. }, change) => {
            (retry(*retry_at, Some(*parts_sent), *possibly_sent), change.map(Change::Status))
        }
        (SendOutcome::Failed { .. }, Some(change)) => (Change::FailSent(item.id, change), None),
        (_, Some(change)) => (Change::FinishSent(item.id, change), None),
        (_, None) => (Change::FinishOutbox(item.workspace, item.id), None),
    }
}
