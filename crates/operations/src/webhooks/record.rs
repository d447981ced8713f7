//! What came of calls: what is tried again when, what is given up, and which program is told nothing any more.

use jiff::SignedDuration;
use store::{Change, DeliveryOut, DeliveryStatus, Unit, UnitError, WebhookChange, WebhookRow, WebhookStatus};

use super::WebhookError;
use crate::Context;

/// How often an event is refused, while others are taken, before it is given up.
pub const MAX_ATTEMPTS: i64 = 10;
/// How long nothing at all is taken before a program is told nothing any more.
pub const DISABLED_AFTER: SignedDuration = SignedDuration::from_hours(24);
/// Pauses after an event was refused for the first time, the second …, in seconds: together some 19 hours.
const PAUSES: [i64; 9] = [5, 30, 120, 600, 1_800, 3_600, 7_200, 18_000, 36_000];
/// Longest pause between two calls of a program that takes nothing.
const LONGEST_REST: i64 = 300;
/// Characters of an answer that are kept.
const KEPT_CHARS: usize = 500;
/// It wants no more.
const GONE: u16 = 410;

/// What came of one call.
#[derive(Debug, Clone)]
pub struct Called {
    /// What was to be told.
    pub delivery: DeliveryOut,
    /// The answer's status and the beginning of its body, or why there was none.
    pub answer: Result<(u16, String), String>,
    /// Milliseconds that it took.
    pub took_ms: i64,
}

impl Called {
    fn is_taken(&self) -> bool {
        matches!(self.answer, Ok((200..=299, _)))
    }
}

/// Records a round of calls of one program.
///
/// # Errors
/// When the store fails: then they are made again.
pub async fn record_round(ctx: &Context, row: &WebhookRow, calls: Vec<Called>) -> Result<(), WebhookError> {
    let now = ctx.now();
    let any_taken = calls.iter().any(Called::is_taken);
    let was_failing = row.failures > 0;
    let gone = calls.iter().any(|call| matches!(call.answer, Ok((GONE, _))));
    let error = calls.iter().rev().find(|call| !call.is_taken()).map(reason);
    let mut answered = Vec::with_capacity(calls.len());
    for call in calls {
        let taken = call.is_taken();
        let mut delivery = call.delivery;
        (delivery.modified_on, delivery.took_ms) = (now, Some(call.took_ms));
        (delivery.answer_status, delivery.answer) = match call.answer {
            Ok((status, body)) => (Some(i64::from(status)), Some(kept(&body))),
            Err(said) => (None, Some(kept(&said))),
        };
        if taken {
            delivery.status = DeliveryStatus::Delivered;
        } else if any_taken || !was_failing {
            // While nothing is taken at all, it is not this event's fault.
            delivery.attempts += 1;
            let pause = usize::try_from(delivery.attempts - 1).ok().and_then(|at| PAUSES.get(at));
            match pause {
                Some(pause) => delivery.next_attempt = now + SignedDuration::from_secs(*pause),
                None => delivery.status = DeliveryStatus::Dead,
            }
        }
        answered.push(delivery);
    }
    write(ctx, vec![WebhookChange::Answered(answered)]).await?;
    let mut moved = row.clone();
    moved.modified_on = now;
    if any_taken {
        (moved.failures, moved.failing_since, moved.last_success) = (0, None, Some(now));
        moved.error = error;
    } else {
        moved.failures = row.failures + 1;
        moved.failing_since = row.failing_since.or(Some(now));
        let rest = (1_i64 << moved.failures.clamp(0, 10)).min(LONGEST_REST);
        moved.rests_until = now + SignedDuration::from_secs(rest);
        moved.error = error;
    }
    let too_long = moved.failing_since.is_some_and(|since| now.duration_since(since) > DISABLED_AFTER);
    if gone || too_long {
        moved.status = WebhookStatus::Disabled;
        let said = moved.error.take().unwrap_or_default();
        let why = if gone { "it wants no more" } else { "nothing was taken for 24 hours" };
        moved.error = Some(format!("{why}: {said}"));
        tracing::warn!(webhook = %row.uuid, why, "a webhook is disabled");
    }
    let same_state = row.failures == 0 && any_taken && moved.error == row.error && !gone;
    if same_state {
        return Ok(());
    }
    match write(ctx, vec![WebhookChange::Update(Box::new(moved))]).await {
        // Somebody changed it meanwhile; the next round says how it fares.
        Ok(()) | Err(WebhookError::Busy) => Ok(()),
        Err(error) => Err(error),
    }
}

fn reason(call: &Called) -> String {
    match &call.answer {
        Ok((status, _)) => format!("it answered {status}"),
        Err(said) => said.clone(),
    }
}

fn kept(text: &str) -> String {
    text.chars().filter(|c| *c != '\0').take(KEPT_CHARS).collect()
}

async fn write(ctx: &Context, changes: Vec<WebhookChange>) -> Result<(), WebhookError> {
    match ctx.write_one(Unit::new(changes.into_iter().map(Change::Webhook).collect())).await {
        Ok(_) => Ok(()),
        Err(UnitError::Gone) => Err(WebhookError::Busy),
        Err(error) => Err(error.into()),
    }
}
