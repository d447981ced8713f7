//! What a flow asks of Seedling itself, as if it were a web service: codes, identifiers, registrations.

use std::time::Duration;

use flows::{Effect, EffectResult, effect::HttpAnswer};
use store::OutboxItem;

use super::{Handover, Shared, effect::may_leave};
use crate::limits;

/// The answer to an effect that is a request of Seedling itself; `None` if it is one to somebody else, or not ours to do any
/// more. It is asked again while the store is busy or away, as a service that was not reached is. What is registered is known
/// by the outbox row, so that a crash in between registers nobody twice.
pub(super) async fn ask(
    shared: &Shared,
    handover: &Handover,
    item: &OutboxItem,
    effect: &Effect,
) -> Option<EffectResult> {
    let Effect::Webhook { request } = effect else { return None };
    let (whose, key) = ((item.workspace, item.contact), item.id.to_string());
    for tries in 0..limits::WEBHOOK_ATTEMPTS {
        if !may_leave(shared, item).await {
            return None;
        }
        match operations::answer_flow(&shared.ctx, whose, &key, request).await {
            Ok(None) => return None,
            Ok(Some(answered)) => {
                shared.metrics.count_sent("own", "sent");
                return Some(EffectResult::Webhook { answer: handover.take(answered) });
            }
            Err(error) => {
                tracing::warn!(%error, outbox = %item.id, "what a flow asked cannot be answered yet");
                tokio::time::sleep(Duration::from_secs(1 << tries)).await;
            }
        }
    }
    shared.metrics.errors.inc();
    tracing::error!(outbox = %item.id, "what a flow asked could not be answered; it goes on without");
    Some(EffectResult::Webhook { answer: HttpAnswer::default() })
}
