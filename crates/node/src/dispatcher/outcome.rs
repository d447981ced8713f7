//! What becomes of a row after an attempt: done, to be tried again, parked while the carrier is away, or dead.

use std::time::Duration;

use channels::{SendError, SendErrorKind};
use domain::OutboxId;
use jiff::{SignedDuration, Timestamp};
use operations::{CompleteError, SendOutcome, SentRecord};
use store::{OutboxItem, StoreError};
use tokio::time::Instant;

use super::breaker::{backoff, jitter};
use super::lanes::LaneKey;
use super::send::{Sent, Wanted, wanted};
use super::{Dispatcher, Handover, Shared, effect, mail, ourselves};
use crate::limits;

/// Pause before the store is tried again.
pub(super) const STORE_PAUSE: Duration = Duration::from_millis(500);

/// Whether the contact's next message waits until this outcome is recorded. Also behind one that was refused for good: if
/// that were lost, this one would be tried again, and might be taken after the next.
pub(super) fn keeps_contact(outcome: &SendOutcome) -> bool {
    match outcome {
        SendOutcome::Errored { .. } | SendOutcome::Parked { .. } | SendOutcome::Failed { .. } => true,
        SendOutcome::Wired { .. } | SendOutcome::Sent { .. } => false,
    }
}

/// Whether the row, and what is behind it, goes back to the store.
pub(super) fn gives_back(outcome: &SendOutcome) -> bool {
    match outcome {
        SendOutcome::Errored { .. } | SendOutcome::Parked { .. } => true,
        SendOutcome::Wired { .. } | SendOutcome::Sent { .. } | SendOutcome::Failed { .. } => false,
    }
}

impl Dispatcher {
    /// Decides what becomes of a message after an attempt.
    pub(super) fn settle(&mut self, key: LaneKey, item: OutboxItem, sent: Sent) {
        let metrics = self.shared.metrics.clone();
        crate::metrics::Metrics::observe(&metrics.carrier, sent.took);
        let now = Instant::now();
        if let LaneKey::Channel(channel) = &key {
            // The first of a line go before its settings are at hand.
            let pace = self.pace_of(*channel);
            self.lanes.set_pace(&key, pace);
        }
        let known = self.progress.remove(&item.id).unwrap_or_default();
        if sent.withdrawn {
            self.known.remove(item.id);
            self.lanes.finished(&key, &item);
            metrics.count_sent(sent.channel_type, "withdrawn");
            return;
        }
        if sent.held {
            metrics.count_sent(sent.channel_type, "held");
            self.lanes.landed(&key);
            let outcome = SendOutcome::Parked { until: self.after(STORE_PAUSE) };
            self.unrecorded.push((key, SentRecord { item, outcome }));
            return;
        }
        self.tell_breaker(&key, item.id, &sent, now);
        let outcome = match sent.result {
            Ok(external_id) => {
                metrics.count_sent(sent.channel_type, "sent");
                if sent.local {
                    SendOutcome::Sent { external_id }
                } else {
                    SendOutcome::Wired { external_id }
                }
            }
            Err(error) => {
                if sent.possibly_sent {
                    metrics.repeated.inc();
                }
                let tripped = self.lanes.closed_until(&key, now).is_some();
                let class = error.kind.code();
                let parts = (sent.parts.max(known), sent.possibly_sent);
                let outcome = self.after_error(&item, error, parts, (tripped, sent.wait));
                if matches!(outcome, SendOutcome::Failed { .. }) {
                    metrics.count_sent(sent.channel_type, "dead");
                    metrics.count_failure(&metrics.dead, class);
                } else {
                    metrics.count_sent(sent.channel_type, "retried");
                    metrics.count_failure(&metrics.retried, class);
                }
                outcome
            }
        };
        if keeps_contact(&outcome) {
            self.lanes.landed(&key);
        } else {
            self.lanes.finished(&key, &item);
        }
        self.unrecorded.push((key.clone(), SentRecord { item, outcome }));
        self.park_if_away(&key, now);
    }

    fn tell_breaker(&mut self, key: &LaneKey, message: OutboxId, sent: &Sent, now: Instant) {
        let away = sent.result.as_ref().is_err_and(|error| error.kind.is_carriers_fault());
        let throttled =
            sent.result.as_ref().is_err_and(|error| error.kind == SendErrorKind::ConnectionThrottled);
        let Some(breaker) = self.lanes.breaker(key) else { return };
        let paused = if away && (throttled || sent.wait.is_some()) {
            breaker.held(now, sent.wait)
        } else if away {
            breaker.failed(now, message)
        } else {
            breaker.answered();
            false
        };
        if paused {
            self.shared.metrics.paused.inc();
            // Not the carrier's own words: they may quote numbers and messages.
            let kind = sent.result.as_ref().err().map(|error| error.kind.code()).unwrap_or_default();
            tracing::warn!(?key, kind, "a line pauses because its carrier is away");
        }
    }

    /// Gives everything that waits on a line whose carrier is away back to the store, so that it does not fill
    /// the hand.
    pub(super) fn park_if_away(&mut self, key: &LaneKey, now: Instant) {
        let Some(until) = self.lanes.closed_until(key, now) else { return };
        let pause = until - now;
        for item in self.lanes.drain(key) {
            self.shared.metrics.count_sent("none", "parked");
            // Spread over the pause's length, so that the probe comes first and the rest does not come at once.
            let spread = self.shared.ctx.host.random() % (pause.as_millis() as u64).max(1);
            let outcome = SendOutcome::Parked { until: self.after(pause + Duration::from_millis(spread)) };
            self.unrecorded.push((key.clone(), SentRecord { item, outcome }));
        }
    }

    fn after_error(
        &self,
        item: &OutboxItem,
        error: SendError,
        (parts_sent, possibly_sent): (u32, bool),
        (tripped, asked): (bool, Option<Duration>),
    ) -> SendOutcome {
        let age = self.shared.ctx.now().duration_since(item.created_on);
        // Attempts count against a message only while its carrier answers others.
        let tried_enough = item.attempts + 1 >= limits::SEND_ATTEMPTS
            && !tripped
            && age >= SignedDuration::try_from(limits::SEND_AT_LEAST_FOR).unwrap_or(SignedDuration::ZERO);
        let too_old =
            age >= SignedDuration::try_from(limits::SEND_AT_MOST_FOR).unwrap_or(SignedDuration::MAX);
        if !error.kind.is_retryable() {
            return SendOutcome::Failed { reason: error.reason };
        }
        if tried_enough || too_old {
            let reason = format!("given up after {} attempts: {}", item.attempts + 1, error.reason);
            return SendOutcome::Failed { reason };
        }
        let first = match error.kind {
            SendErrorKind::ConnectionThrottled => self.shared.config.retry_first * 2,
            SendErrorKind::PersonThrottled => limits::PERSON_RETRY_FIRST,
            _ => self.shared.config.retry_first,
        };
        // Fourfold is twice as many doublings.
        let doublings = match error.kind {
            SendErrorKind::PersonThrottled => item.attempts.saturating_mul(2),
            _ => item.attempts,
        };
        let wait = backoff(doublings, first, self.shared.ctx.host.random());
        // Not before the carrier wants it, and not all that it put off in the same moment.
        let wait = asked.map_or(wait, |asked| wait.max(asked + jitter(first, self.shared.ctx.host.random())));
        SendOutcome::Errored { parts_sent, retry_at: self.after(wait), reason: error.reason, possibly_sent }
    }

    fn after(&self, wait: Duration) -> Timestamp {
        let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::ZERO);
        self.shared.ctx.now().checked_add(wait).unwrap_or(Timestamp::MAX)
    }
}

/// Whether an effect waited for its turn until it can no longer be done before its flow goes on without it.
fn is_too_late(shared: &Shared, item: &OutboxItem) -> bool {
    let age = shared.ctx.now().duration_since(item.created_on);
    age > operations::EFFECT_DEADLINE - limits::effect_takes(item.kind)
}

/// Performs an effect and lets its flow go on with the answer. One that nobody waits for any more is not performed.
pub(super) async fn perform_effect(
    shared: &Shared,
    handover: &Handover,
    (item, since): (&OutboxItem, Instant),
) {
    if !shared.membership.may_send().await {
        return;
    }
    let mut now_wanted = wanted(shared, item, since).await;
    for _ in 0..limits::EFFECT_RECORDS {
        if now_wanted != Wanted::Unknown {
            break;
        }
        // Nor could its answer be taken.
        tokio::time::sleep(STORE_PAUSE).await;
        now_wanted = wanted(shared, item, since).await;
    }
    match now_wanted {
        Wanted::Yes => {}
        Wanted::No => {
            shared.metrics.count_sent("none", "withdrawn");
            return;
        }
        Wanted::Unknown => {
            tracing::error!(outbox = %item.id, "an effect is not performed; its flow goes on at the deadline");
            return;
        }
    }
    if operations::is_letter(item) {
        return mail::letter(shared, item).await;
    }
    let (result, reason) = match effect::read(item) {
        Ok(_) if is_too_late(shared, item) => {
            shared.metrics.count_sent("none", "dead");
            tracing::warn!(outbox = %item.id, "an effect waited too long for its turn; its flow goes on without");
            (None, "it waited too long for its turn")
        }
        Ok(effect) => match ourselves::ask(shared, handover, item, &effect).await {
            Some(answer) => (Some(answer), ""),
            None => (Some(effect::perform(shared, item, effect).await), ""),
        },
        Err(reason) => {
            tracing::error!(reason, outbox = %item.id, "an effect cannot be performed");
            (None, "the effect cannot be read")
        }
    };
    for _ in 0..limits::EFFECT_RECORDS {
        let recorded = match &result {
            Some(result) => operations::complete_effect(&shared.ctx, item.clone(), result.clone()).await,
            None => operations::fail_effect(&shared.ctx, item.clone(), reason).await,
        };
        match recorded {
            Ok(committed) => {
                handover.take(committed);
                return;
            }
            Err(CompleteError::NotAnEffect) => break,
            // Another node has it in hand.
            Err(CompleteError::Store(StoreError::Fenced)) => return,
            Err(error @ (CompleteError::Busy | CompleteError::Store(_))) => {
                shared.metrics.errors.inc();
                tracing::error!(%error, outbox = %item.id, "an effect's answer could not be taken; trying again");
                tokio::time::sleep(STORE_PAUSE).await;
            }
        }
    }
    tracing::error!(outbox = %item.id, "an effect's answer is dropped; its flow goes on at the deadline");
}
