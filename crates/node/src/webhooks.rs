//! Tells programs what happens: writes down from the feed what each is to be told, and calls them. It runs beside the jobs,
//! under their lease, so that one node does it at a time. Each program has rounds of its own: a slow one delays nobody else.

use std::collections::HashSet;
use std::sync::Arc;

use domain::WebhookId;
use futures_util::StreamExt as _;
use futures_util::future::{BoxFuture, FutureExt as _, join_all};
use futures_util::stream::FuturesUnordered;
use jiff::Timestamp;
use operations::{Called, Context, WebhookError, id_of_event, signed_headers};
use store::{DeliveryOut, StoreError, Topic, WebhookRow};
use tokio::time::Instant;

use crate::http::{Callee, Exchange};
use crate::limits;
use crate::membership::Membership;
use crate::metrics::Metrics;
use crate::surroundings::Network;

/// What a round needs.
#[derive(Clone)]
pub(crate) struct Telling {
    pub(crate) ctx: Context,
    pub(crate) network: Network,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) membership: Membership,
}

/// Rounds under way, and whose they are.
#[derive(Default)]
struct Rounds {
    futures: FuturesUnordered<BoxFuture<'static, (WebhookId, bool)>>,
    of: HashSet<WebhookId>,
    /// Those that had nothing to do when they last looked.
    quiet: HashSet<WebhookId>,
}

/// Goes on until it is dropped.
pub(crate) async fn run(telling: Telling) {
    let mut rounds = Rounds::default();
    let mut rings = telling.ctx.store.doorbell().listen(Topic::Feed);
    let mut tidy_at = Instant::now() + limits::WEBHOOKS_TIDY_EVERY;
    loop {
        let any = match telling.begin(&mut rounds).await {
            Ok(any) => any,
            Err(error) => {
                telling.metrics.errors.inc();
                tracing::error!(%error, "webhooks could not be read; trying again");
                true
            }
        };
        if Instant::now() >= tidy_at {
            tidy_at = Instant::now() + limits::WEBHOOKS_TIDY_EVERY;
            telling.tidy().await;
        }
        let pause = if any { limits::WEBHOOKS_LOOK } else { limits::WEBHOOKS_LOOK_FOR_ANY };
        tokio::select! {
            biased;
            Some((id, more)) = rounds.futures.next(), if !rounds.futures.is_empty() => {
                rounds.of.remove(&id);
                if !more {
                    rounds.quiet.insert(id);
                }
            }
            () = rings.rung(), if any => rounds.quiet.clear(),
            () = tokio::time::sleep(pause) => rounds.quiet.clear(),
        }
    }
}

impl Telling {
    /// Begins a round for each webhook that has none. Answers whether there is any.
    async fn begin(&self, rounds: &mut Rounds) -> Result<bool, StoreError> {
        let rows = self.ctx.store.webhooks(None).await?;
        let any = !rows.is_empty();
        let now = self.ctx.now();
        for row in rows {
            let id = row.id;
            if row.rests_until > now || rounds.quiet.contains(&id) || !rounds.of.insert(id) {
                continue;
            }
            let telling = self.clone();
            rounds.futures.push(async move { (id, telling.round(row).await) }.boxed());
        }
        Ok(any)
    }

    /// One round. Answers whether there is more to do.
    async fn round(&self, row: WebhookRow) -> bool {
        match self.tell(row).await {
            Ok(more) => more,
            Err(WebhookError::Store(error)) if error.is_passing() => false,
            Err(error) => {
                self.metrics.errors.inc();
                tracing::error!(%error, "a webhook cannot be told what happens; trying again");
                false
            }
        }
    }

    async fn tell(&self, row: WebhookRow) -> Result<bool, WebhookError> {
        let (ctx, id) = (&self.ctx, row.id);
        let (waiting, _) = ctx.store.delivery_counts(id).await?;
        let mut more = false;
        let mut row = row;
        if waiting < limits::WEBHOOK_BACKLOG {
            more = operations::gather_webhook(ctx, &row).await?;
            let now = ctx.store.webhooks(Some(row.workspace)).await?.into_iter().find(|other| other.id == id);
            match now {
                Some(now) if now.status == store::WebhookStatus::Active => row = now,
                _ => return Ok(false),
            }
        }
        // One that takes nothing is asked with one event whether it does again.
        let limit = if row.failures > 0 { 1 } else { limits::WEBHOOK_CALLS };
        let due = ctx.store.due_deliveries(id, ctx.now(), limit).await?;
        if due.is_empty() {
            return Ok(more);
        }
        if !self.membership.may_send().await {
            return Ok(false);
        }
        let calls = join_all(due.into_iter().map(|delivery| self.call(&row, delivery))).await;
        let refused = calls.iter().all(|call| !matches!(call.answer, Ok((200..=299, _))));
        operations::record_round(ctx, &row, calls).await?;
        Ok(!refused)
    }

    async fn call(&self, row: &WebhookRow, delivery: DeliveryOut) -> Called {
        let begun = Instant::now();
        let id = id_of_event(delivery.cursor);
        let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        headers.extend(signed_headers(&row.secret, &id, self.ctx.now(), &delivery.body));
        let exchange = Exchange {
            callee: Callee::Webhook,
            method: "POST".to_owned(),
            url: row.target_url.to_string(),
            headers,
            body: Some(delivery.body.clone()),
            timeout: limits::WEBHOOK_TIMEOUT,
            answer_bytes: limits::WEBHOOK_ANSWER_KEPT,
        };
        let answered = self.network.exchange(exchange).await;
        let answer = match answered {
            Ok(answer) => Ok((answer.status, String::from_utf8_lossy(&answer.body).into_owned())),
            Err(error) => Err(error.to_string()),
        };
        let taken = matches!(answer, Ok((200..=299, _)));
        self.metrics.count_sent("webhook_out", if taken { "sent" } else { "errored" });
        let took_ms = i64::try_from(begun.elapsed().as_millis()).unwrap_or(i64::MAX);
        Called { delivery, answer, took_ms }
    }

    async fn tidy(&self) {
        let before = |kept: jiff::SignedDuration| self.ctx.now().checked_sub(kept).unwrap_or(Timestamp::MIN);
        let (told, refused) = (before(limits::DELIVERIES_KEPT), before(limits::REFUSED_DELIVERIES_KEPT));
        if let Err(error) = operations::forget_deliveries(&self.ctx, told, refused).await {
            tracing::warn!(%error, "old deliveries could not be removed; trying again later");
        }
    }
}
