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
        /// When.
        retry_at: Timestamp,
        /// Why, for people.
        reason: String,
        /// Whether the carrier may have it in spite of the error: the answer was lost.
        possibly_sent: bool,
    },
    /// It failed for good.
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
}

/// Records what carriers answered, in one unit for each. A row that is done already is reported, not an error.
pub async fn record_sent(ctx: &Context, records: Vec<SentRecord>) -> Result<Vec<Recorded>, StoreError> {
    let now = ctx.now();
    let units = records.iter().map(|record| unit(record, now)).collect();
    let answers = ctx.store.write(units).await?;
    answers
        .into_iter()
        .map(|answer| match answer {
            Ok(done) if done.released.is_empty() => Ok(Recorded::Done),
            Ok(done) => Ok(Recorded::Released(done.released)),
            Err(UnitError::Gone) => Ok(Recorded::AlreadyDone),
            Err(UnitError::Store(error)) => Err(error),
            Err(other) => Err(StoreError::Database(other.to_string())),
        })
        .collect()
}

fn unit(record: &SentRecord, now: Timestamp) -> Unit {
    let item = &record.item;
    let finish = Change::FinishOutbox(item.workspace, item.id);
    let (row, status, external_id, reason) = match &record.outcome {
        SendOutcome::Wired { external_id } => (finish, MessageStatus::Wired, external_id.clone(), None),
        SendOutcome::Sent { external_id } => (finish, MessageStatus::Sent, external_id.clone(), None),
        SendOutcome::Failed { reason } => (finish, MessageStatus::Failed, None, Some(reason.clone())),
        SendOutcome::Errored { retry_at, reason, possibly_sent } => {
            let retry = RetryOutbox {
                workspace: item.workspace,
                id: item.id,
                contact: item.contact,
                channel: item.channel,
                next_attempt: *retry_at,
                possibly_repeated: *possibly_sent,
            };
            (Change::RetryOutbox(retry), MessageStatus::Errored, None, Some(reason.clone()))
        }
    };
    let mut changes = vec![row];
    if let Some(message) = item.message {
        changes.push(Change::Status(Box::new(StatusChange {
            workspace: item.workspace,
            message: MessageRef::Id(message),
            status,
            external_id,
            reason,
            at: now,
        })));
    }
    Unit::new(changes)
}
