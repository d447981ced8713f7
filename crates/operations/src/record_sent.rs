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
    /// It was not tried: it goes back and waits.
    Parked {
        /// Until when.
        until: Timestamp,
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

/// Records what carriers answered: all that is done in one unit, and one for each that is to be tried again. A row
/// that is done already is reported, not an error.
pub async fn record_sent(ctx: &Context, records: Vec<SentRecord>) -> Result<Vec<Recorded>, StoreError> {
    let now = ctx.now();
    let mut units = vec![Unit::default()];
    for record in &records {
        match changes(record, now) {
            (change @ Change::FinishSent(..), _) => units[0].changes.push(change),
            (change, status) => units.push(std::iter::once(change).chain(status).collect::<Vec<_>>().into()),
        }
    }
    let mut answers = ctx.store.write(units).await?.into_iter();
    let done = answers.next().unwrap_or(Err(UnitError::Store(StoreError::Closed))).map_err(failure)?;
    let mut finished = done.finished.into_iter();
    let mut recorded = Vec::with_capacity(records.len());
    for record in &records {
        let is_final = record.item.message.is_some() && !is_retry(&record.outcome);
        let end = if is_final { None } else { answers.next() };
        recorded.push(match end {
            None if is_final && finished.next() == Some(true) => Recorded::Done,
            None | Some(Err(UnitError::Gone)) => Recorded::AlreadyDone,
            Some(Ok(_)) if !is_retry(&record.outcome) => Recorded::Done,
            Some(Ok(done)) => Recorded::Released(done.released),
            Some(Err(error)) => return Err(failure(error)),
        });
    }
    Ok(recorded)
}

fn failure(error: UnitError) -> StoreError {
    match error {
        UnitError::Store(error) => error,
        other => StoreError::Database(other.to_string()),
    }
}

fn is_retry(outcome: &SendOutcome) -> bool {
    match outcome {
        SendOutcome::Errored { .. } | SendOutcome::Parked { .. } => true,
        SendOutcome::Wired { .. } | SendOutcome::Sent { .. } | SendOutcome::Failed { .. } => false,
    }
}

/// The change of the outbox row, and that of the message if it is not part of it.
fn changes(record: &SentRecord, now: Timestamp) -> (Change, Option<Change>) {
    let item = &record.item;
    let retry = |next_attempt: Timestamp, tried: bool, possibly_repeated: bool| {
        Change::RetryOutbox(RetryOutbox {
            workspace: item.workspace,
            id: item.id,
            contact: item.contact,
            channel: item.channel,
            next_attempt,
            tried,
            possibly_repeated,
        })
    };
    let (status, external_id, reason) = match &record.outcome {
        SendOutcome::Parked { until } => return (retry(*until, false, false), None),
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
        (SendOutcome::Errored { retry_at, possibly_sent, .. }, change) => {
            (retry(*retry_at, true, *possibly_sent), change.map(Change::Status))
        }
        (_, Some(change)) => (Change::FinishSent(item.id, change), None),
        (_, None) => (Change::FinishOutbox(item.workspace, item.id), None),
    }
}
