//! The last message of somebody's programmes is sent once more.

use std::sync::Arc;

use domain::{ContactId, WorkspaceId};
use jiff::Timestamp;
use store::{Conversation, ConversationKey, ProgrammeEventKind, SubscriptionRow};

use super::{Done, ProgrammeError, only};
use crate::{
    Committed, Context, Workspace,
    batch::{self, StepFuture, Stepped},
    turn::Turn,
};

/// Sends the message again that a contact got last of any of their programmes, as it reads now and in their language of
/// now. Their position stays. Answers its sequence number.
///
/// # Errors
/// [`ProgrammeError`]; nothing is written then.
pub async fn resend_last(
    ctx: &Context,
    workspace: WorkspaceId,
    contact: ContactId,
) -> Result<Committed<u32>, ProgrammeError> {
    let inputs = [(ConversationKey::Contact(workspace, contact), ())];
    let (mut ends, left) = batch::run(ctx, &inputs, step).await;
    only(ends.pop()).map(|sequence| Committed::new(sequence, left))
}

fn step<'a>(
    ctx: &'a Context,
    ws: Arc<Workspace>,
    conversation: Option<Conversation>,
    (): &'a (),
) -> StepFuture<'a, Done<u32>> {
    Box::pin(async move {
        let Some(conversation) = conversation else {
            return Ok(Stepped::nothing(Err(ProgrammeError::NoContact)));
        };
        let mut turn = Turn::of(ctx, ws, ctx.now(), conversation);
        let mut last: Option<(Timestamp, u32, SubscriptionRow)> = None;
        for row in turn.subscriptions().await? {
            let gone = turn.ctx.store.deliveries(row.workspace, row.id).await?;
            let newest = gone.into_iter().filter(|gone| gone.message.is_some()).max_by_key(|gone| gone.run);
            if let Some(newest) = newest
                && last.as_ref().is_none_or(|(run, ..)| *run <= newest.run)
            {
                last = Some((newest.run, newest.sequence, row));
            }
        }
        let ws = turn.ws.clone();
        let found = last.and_then(|(_, sequence, row)| {
            let set = ws.definitions().message_sets.iter().find(|set| set.id == row.set)?;
            Some((sequence, row, set))
        });
        let Some((sequence, row, set)) = found else {
            return Ok(Stepped::nothing(Err(ProgrammeError::NothingSent)));
        };
        if turn.say(set, &row, sequence).await?.is_none() {
            return Ok(Stepped::nothing(Err(ProgrammeError::NothingSent)));
        }
        let detail = serde_json::json!({"sequence": sequence});
        turn.programme_event(ProgrammeEventKind::Resent, Some(row.id), None, Some(detail));
        Ok(Stepped { unit: Some(turn.finish()), value: Ok(sequence) })
    })
}
