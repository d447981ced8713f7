//! The outside world answered what a flow asked: a web service, a model, a mail server.

use std::sync::Arc;

use flows::{Effect, EffectResult, effect::HttpAnswer, events::LlmTokens};
use store::{Change, Conversation, ConversationKey, OutboxItem, OutboxKind, StoreError, WaitKind};
use thiserror::Error;

use crate::{
    Committed, Context, Workspace,
    batch::{self, BatchError, StepFuture, Stepped},
    turn::Turn,
};

/// What the answer came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EffectDone {
    /// The conversation went on with it.
    WentOn,
    /// Nobody waits for it any more.
    NotWanted,
}

/// Why the answer was not recorded.
#[derive(Debug, Clone, Error)]
pub enum CompleteError {
    /// The row is a message, or holds no effect that can be read.
    #[error("the outbox row holds no effect")]
    NotAnEffect,
    /// The contact changes too fast.
    #[error("the contact is busy; try again")]
    Busy,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

struct Answer {
    item: OutboxItem,
    result: EffectResult,
}

/// Records the answer to an effect: the row is done and the conversation goes on, in one unit. Messages that came
/// meanwhile are handled after it, in the same unit.
pub async fn complete_effect(
    ctx: &Context,
    item: OutboxItem,
    result: EffectResult,
) -> Result<Committed<EffectDone>, CompleteError> {
    if item.kind == OutboxKind::Message {
        return Err(CompleteError::NotAnEffect);
    }
    let key = ConversationKey::Contact(item.workspace, item.contact);
    let inputs = [(key, Answer { item, result })];
    let (mut ends, left) = batch::run(ctx, &inputs, step).await;
    match ends.pop() {
        Some(Ok(value)) => Ok(Committed::new(value, left)),
        Some(Err(BatchError::Gone | BatchError::NoWorkspace)) => {
            Ok(Committed::new(EffectDone::NotWanted, left))
        }
        Some(Err(BatchError::Store(error))) => Err(error.into()),
        Some(Err(BatchError::BrokeOff(said))) => Err(batch::broke_off(&said).into()),
        Some(Err(BatchError::Busy | BatchError::Duplicate)) | None => Err(CompleteError::Busy),
    }
}

/// Records that an effect could not be performed: the flow goes on as after a connection that failed.
pub async fn fail_effect(
    ctx: &Context,
    item: OutboxItem,
    reason: &str,
) -> Result<Committed<EffectDone>, CompleteError> {
    let effect = item.payload.as_deref().and_then(|payload| serde_json::from_str::<Effect>(payload).ok());
    let result = effect.as_ref().and_then(|effect| no_answer(effect, reason));
    complete_effect(ctx, item, result.ok_or(CompleteError::NotAnEffect)?).await
}

/// What a flow is told when there is no answer. `None` for what the node answers itself.
pub(crate) fn no_answer(effect: &Effect, reason: &str) -> Option<EffectResult> {
    Some(match effect {
        Effect::Webhook { .. } => EffectResult::Webhook { answer: HttpAnswer::default() },
        Effect::Resthook { requests, .. } => {
            EffectResult::Resthook { answers: requests.iter().map(|_| HttpAnswer::default()).collect() }
        }
        Effect::Llm { .. } => {
            EffectResult::Llm { output: Err(reason.to_owned()), tokens: LlmTokens::default(), elapsed_ms: 0 }
        }
        Effect::Airtime { .. } => {
            EffectResult::Airtime { transfer: Err(reason.to_owned()), http_logs: Vec::new() }
        }
        Effect::Email { .. } => EffectResult::Email { error: Some(reason.to_owned()) },
        Effect::ClaimUrn { .. } => return None,
    })
}

fn step<'a>(
    ctx: &'a Context,
    ws: Arc<Workspace>,
    conversation: Option<Conversation>,
    input: &'a Answer,
) -> StepFuture<'a, EffectDone> {
    Box::pin(async move {
        let finish = Change::FinishOutbox(input.item.workspace, input.item.id);
        let Some(conversation) = conversation else {
            let unit = store::Unit::new(vec![finish]);
            return Ok(Stepped { unit: Some((unit, Vec::new())), value: EffectDone::NotWanted });
        };
        let (ws, background) = batch::in_background(ctx, ws, &conversation, input.item.session).await?;
        // What the flow says now has the weight of what it asked with.
        let mut turn = Turn::of(ctx, ws, ctx.now(), conversation).ranked(input.item.rank);
        turn.first.push(finish);
        let wanted = turn.live.as_ref().is_some_and(|live| {
            Some(live.row.id) == input.item.session && live.row.wait_kind == Some(WaitKind::Effect)
        });
        let value = if let Some(row) = background {
            turn.complete_in_background(row, Some(input.result.clone())).await?;
            EffectDone::WentOn
        } else if wanted {
            turn.complete(input.result.clone()).await?;
            EffectDone::WentOn
        } else {
            EffectDone::NotWanted
        };
        turn.drain_pending().await?;
        Ok(Stepped { unit: Some(turn.finish()), value })
    })
}
