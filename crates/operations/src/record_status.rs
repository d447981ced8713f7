//! Delivery reports of carriers. They come in any order and more than once; a status never goes back.

use channels::{DeliveryStatus, InboundStatus};
use domain::ChannelUuid;
use jiff::SignedDuration;
use store::{Change, MessageRef, MessageStatus, StatusChange, StatusResult, StoreError, Unit, UnitError};

use crate::Context;

/// A report on one message.
#[derive(Debug, Clone, PartialEq)]
pub struct StatusReport {
    /// The line that reports.
    pub channel: ChannelUuid,
    /// What it reports.
    pub status: InboundStatus,
}

/// Records delivery reports, all in one transaction. The counts of the day on which each message was written
/// follow. A report on a channel or message that is not known is [`StatusResult::Unknown`]; one that names its message by
/// the carrier's identifier is kept for some minutes, because it may be faster than our own record of that.
pub async fn record_status(ctx: &Context, reports: &[StatusReport]) -> Result<Vec<StatusResult>, StoreError> {
    let now = ctx.now();
    let mut changes = Vec::with_capacity(reports.len());
    let mut known = Vec::with_capacity(reports.len());
    for report in reports {
        let channel = ctx.registry.channel(ctx, report.channel).await?;
        let change = channel.and_then(|(workspace, channel)| {
            let message = match (&report.status.message, &report.status.external_id) {
                (Some(uuid), _) => MessageRef::Uuid(channel.id, *uuid),
                (None, Some(external)) => MessageRef::External(channel.id, external.clone()),
                (None, None) => return None,
            };
            Some(StatusChange {
                workspace: workspace.row.id,
                message,
                status: message_status(report.status.status),
                external_id: None,
                reason: matches!(report.status.status, DeliveryStatus::Failed).then(|| {
                    let reason = report.status.reason.clone();
                    reason.unwrap_or_else(|| "the carrier reported that it failed".to_owned())
                }),
                at: now,
            })
        });
        known.push(change.is_some());
        changes.extend(change.map(|change| Change::Status(Box::new(change))));
    }
    if changes.is_empty() {
        return Ok(vec![StatusResult::Unknown; reports.len()]);
    }
    let done = match ctx.write_one(Unit::new(changes)).await {
        Ok(done) => done,
        Err(UnitError::Store(error)) => return Err(error),
        Err(other) => return Err(StoreError::Database(other.to_string())),
    };
    let mut results = done.statuses.into_iter();
    let answer = |known: bool| if known { results.next() } else { None }.unwrap_or(StatusResult::Unknown);
    Ok(known.into_iter().map(answer).collect())
}

/// How long a report waits at least before it is tried again, and after which it is forgotten: it is about a message
/// that somebody else sent.
const EARLY_AFTER: SignedDuration = SignedDuration::from_secs(2);
const EARLY_KEPT: SignedDuration = SignedDuration::from_mins(10);
/// Reports tried again together.
const EARLY_BATCH: usize = 500;

/// Tries reports again that came before their messages' identifiers were known and did not meet them: two nodes may
/// have written both in the same moment. Forgets those that nobody waits for. Call it every few seconds; answers how
/// many took effect.
///
/// # Errors
/// When the store fails.
pub async fn settle_early(ctx: &Context) -> Result<usize, StoreError> {
    let now = ctx.now();
    let waiting = ctx.store.early_reports(now - EARLY_AFTER, EARLY_BATCH).await?;
    if waiting.is_empty() {
        return Ok(0);
    }
    let settle = |report| Unit::new(vec![Change::SettleEarly(report, now - EARLY_KEPT)]);
    let answers = ctx.write(waiting.into_iter().map(settle).collect()).await?;
    Ok(answers.iter().flatten().map(|done| done.statuses.len()).sum())
}

fn message_status(status: DeliveryStatus) -> MessageStatus {
    match status {
        DeliveryStatus::Sent => MessageStatus::Sent,
        DeliveryStatus::Delivered => MessageStatus::Delivered,
        DeliveryStatus::Read => MessageStatus::Read,
        DeliveryStatus::Failed => MessageStatus::Failed,
    }
}
