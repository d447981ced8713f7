//! One thing that a flow asks of the outside world, and its answer: web services here, the others in the modules beside.
//! What is not configured is answered with the reason, so that the flow takes its failure branch at once.

use std::sync::Arc;
use std::time::Duration;

use flows::{Effect, EffectResult, effect::HttpAnswer, effect::HttpRequest};
use futures_util::future::join_all;
use operations::{Feature, Shed, Workspace};
use smol_str::{SmolStr, format_smolstr};
use store::OutboxItem;
use tokio::time::Instant;

use super::{Shared, airtime, mail, model};
use crate::http::{Answer, Callee, Exchange, HttpError};
use crate::limits;

/// Why a request of an effect is not made.
pub(super) const NOT_OURS: &str = "this node was taken for dead, or nobody waits for the answer any more";

/// Reads the effect of an outbox row.
///
/// # Errors
/// When the row holds none, or one of another version; the text says so.
pub(super) fn read(item: &OutboxItem) -> Result<Effect, String> {
    let payload = item.payload.as_deref().ok_or("the outbox row holds no effect")?;
    serde_json::from_str(payload).map_err(|error| format!("the effect cannot be read: {error}"))
}

/// The host that a web effect calls, or the service that another asks: by it its lane is named.
pub(super) fn host(effect: &Effect) -> SmolStr {
    let url = match effect {
        Effect::Webhook { request } => Some(request.url.as_str()),
        Effect::Resthook { requests, .. } => requests.first().map(|request| request.url.as_str()),
        Effect::Llm { llm, .. } => return format_smolstr!("model {}", llm.uuid),
        Effect::Airtime { .. } => return SmolStr::new_static("airtime"),
        Effect::Email { .. } => return SmolStr::new_static("email"),
        Effect::ClaimUrn { .. } => None,
    };
    let parsed = url.and_then(|url| reqwest::Url::parse(url).ok());
    parsed.and_then(|url| url.host_str().map(SmolStr::from)).unwrap_or_default()
}

/// Whether the workspace may use this; one that cannot be read is held to nothing.
fn may_use(ws: Option<&Workspace>, feature: Feature) -> bool {
    ws.is_none_or(|ws| ws.may_use(feature))
}

/// Does it.
pub(super) async fn perform(shared: &Shared, item: &OutboxItem, effect: Effect) -> EffectResult {
    let calls_web = matches!(effect, Effect::Webhook { .. } | Effect::Resthook { .. });
    if calls_web && !may_use(workspace(shared, item).await.as_deref(), Feature::WebServices) {
        return not_called(effect);
    }
    match effect {
        Effect::Webhook { request } => {
            EffectResult::Webhook { answer: call(shared, item, 0, &request).await }
        }
        Effect::Resthook { resthook, requests } => {
            let requests = signed(shared, item, &resthook, requests).await;
            // Beside each other: the flow waits for the slowest, and not for all of them.
            let calls = requests.iter().enumerate();
            let calls = calls.map(|(index, request)| call(shared, item, index, request));
            let answers = join_all(calls).await;
            forget_gone(shared, item, &resthook, &requests, &answers).await;
            EffectResult::Resthook { answers }
        }
        Effect::Llm { llm, instructions, input } => {
            if shared.shedding.turns_off(Shed::LanguageUnderstanding) {
                return model::refused("language understanding is turned off under pressure");
            }
            let ws = workspace(shared, item).await;
            if !may_use(ws.as_deref(), Feature::LanguageModels) {
                return model::refused("language models are turned off for this workspace");
            }
            model::ask(shared, (ws.as_deref(), item), llm.uuid, &instructions, &input).await
        }
        Effect::Airtime { transfer, sender, recipient, amounts } => {
            let ws = workspace(shared, item).await;
            let wanted = airtime::Transfer {
                id: transfer.to_string(),
                sender: sender.as_ref().map(|urn| urn.path.as_str()),
                recipient: &recipient.path,
                amounts: &amounts,
            };
            airtime::transfer(shared, ws.as_deref(), item, &wanted).await
        }
        Effect::Email { to, subject, body } => {
            let ws = workspace(shared, item).await;
            mail::send(shared, ws.as_deref(), item, (&to, &subject, &body)).await
        }
        // Answered by operations before it gets here; to say that it is taken is the answer that harms nobody.
        Effect::ClaimUrn { .. } => EffectResult::UrnClaimed { free: false },
    }
}

/// The answer to a flow whose workspace may not call web services: as if none was reached.
fn not_called(effect: Effect) -> EffectResult {
    let unreached = |request: &HttpRequest| {
        let request_trace = trace_of(request);
        let mut answer = HttpAnswer { request_trace, ..HttpAnswer::default() };
        answer.sizes.request = answer.request_trace.len() as u64;
        answer
    };
    match effect {
        Effect::Resthook { requests, .. } => {
            EffectResult::Resthook { answers: requests.iter().map(unreached).collect() }
        }
        Effect::Webhook { request } => EffectResult::Webhook { answer: unreached(&request) },
        Effect::Llm { .. } | Effect::Airtime { .. } | Effect::Email { .. } | Effect::ClaimUrn { .. } => {
            EffectResult::UrnClaimed { free: false }
        }
    }
}

/// The calls of an event's subscribers, signed as webhooks are, if the event has a secret.
async fn signed(
    shared: &Shared,
    item: &OutboxItem,
    slug: &SmolStr,
    mut requests: Vec<HttpRequest>,
) -> Vec<HttpRequest> {
    let ws = workspace(shared, item).await;
    let row = ws.as_ref().and_then(|ws| ws.definitions().resthooks.iter().find(|row| row.slug == *slug));
    if let Some(secret) = row.and_then(|row| row.secret.as_ref()) {
        for (index, request) in requests.iter_mut().enumerate() {
            let id = format!("rh_{}-{index}", item.id);
            let body = request.body.as_deref().unwrap_or_default();
            let headers = operations::signed_headers(secret, &id, shared.ctx.now(), body);
            request.headers.extend(headers.map(|(name, value)| (SmolStr::from(name), value)));
        }
    }
    requests
}

/// The status by which a subscriber says that it wants to hear nothing more.
const GONE: u16 = 410;

/// Takes those out of an event's subscribers who say that they want to hear nothing more.
async fn forget_gone(
    shared: &Shared,
    item: &OutboxItem,
    slug: &SmolStr,
    requests: &[HttpRequest],
    answers: &[HttpAnswer],
) {
    let gone = requests.iter().zip(answers).filter(|(_, answer)| answer.status == Some(GONE));
    let gone: Vec<SmolStr> = gone.map(|(request, _)| request.url.as_str().into()).collect();
    if gone.is_empty() {
        return;
    }
    match operations::unsubscribe(&shared.ctx, item.workspace, slug, &gone).await {
        Ok(()) => tracing::info!(%slug, subscribers = gone.len(), "subscribers said that they are gone"),
        Err(error) => tracing::warn!(%slug, %error, "subscribers that are gone are called again next time"),
    }
}

/// The workspace with the settings of its services. Without it, the effect is answered as not configured.
pub(super) async fn workspace(shared: &Shared, item: &OutboxItem) -> Option<Arc<Workspace>> {
    match shared.ctx.registry.workspace(&shared.ctx, item.workspace).await {
        Ok(workspace) => workspace,
        Err(error) => {
            shared.metrics.errors.inc();
            tracing::error!(%error, outbox = %item.id, "the services of a workspace could not be read");
            None
        }
    }
}

/// Makes a request of an effect, the first or a later one, if the effect is still this node's.
///
/// # Errors
/// Also if it is not: as if nobody had been reached. Nothing that is made of it is taken then.
pub(super) async fn ask(shared: &Shared, item: &OutboxItem, exchange: Exchange) -> Result<Answer, HttpError> {
    if may_leave(shared, item).await {
        shared.network.exchange(exchange).await
    } else {
        Err(HttpError::NotReached(NOT_OURS.to_owned()))
    }
}

/// Whether a request of an effect may leave now. Between two attempts a node may have stood still so long that others took
/// it for dead, and have made the request in its place; and who had to wait until it could say that it lives looks again
/// whether somebody waits for the answer.
pub(super) async fn may_leave(shared: &Shared, item: &OutboxItem) -> bool {
    if shared.membership.is_fresh() {
        return true;
    }
    shared.membership.may_send().await
        && matches!(shared.ctx.store.outbox_item(item.workspace, item.id).await, Ok(Some(_)))
}

/// Calls a web service, again if it was not reached or asks to come again.
async fn call(shared: &Shared, item: &OutboxItem, index: usize, request: &HttpRequest) -> HttpAnswer {
    let started = Instant::now();
    let request_trace = trace_of(request);
    let mut retries = 0;
    let mut repeated = item.possibly_repeated;
    let answered = loop {
        let answered = ask(shared, item, exchange(item, index, repeated, request)).await;
        let again = match &answered {
            Ok(answer) => matches!(answer.status, 429 | 502..=504),
            Err(error) => matches!(error, HttpError::NotReached(_)),
        };
        if !again || retries + 1 >= limits::WEBHOOK_ATTEMPTS {
            break answered;
        }
        repeated |= answered.is_ok();
        tokio::time::sleep(Duration::from_secs(1 << retries)).await;
        retries += 1;
    };
    let outcome = if answered.is_ok() { "sent" } else { "dead" };
    shared.metrics.count_sent("webhook", outcome);
    let elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let mut result = HttpAnswer { request_trace, elapsed_ms, retries, ..HttpAnswer::default() };
    result.sizes.request = result.request_trace.len() as u64;
    if let Ok(answer) = answered {
        let trace = response_trace(&answer);
        result.sizes.response = (trace.len() + answer.body.len()) as u64;
        result.status = Some(answer.status);
        result.response_trace = Some(trace);
        result.too_large = answer.too_large;
        result.headers = answer.headers.into_iter().map(|(k, v)| (SmolStr::from(k), v)).collect();
        result.body = if answer.too_large { Vec::new() } else { answer.body };
    }
    result
}

fn exchange(item: &OutboxItem, index: usize, repeated: bool, request: &HttpRequest) -> Exchange {
    let mut headers: Vec<(String, String)> =
        request.headers.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
    headers.push(("Idempotency-Key".to_owned(), format!("{}-{index}", item.id)));
    if repeated {
        headers.push(("X-Possibly-Repeated".to_owned(), "1".to_owned()));
    }
    Exchange {
        callee: Callee::Webhook,
        method: request.method.to_string(),
        url: request.url.clone(),
        headers,
        body: request.body.clone(),
        timeout: limits::WEBHOOK_TIMEOUT,
        answer_bytes: limits::WEBHOOK_ANSWER_BYTES,
    }
}

/// The request as it goes over the wire, for people who look for an error.
fn trace_of(request: &HttpRequest) -> String {
    let url = reqwest::Url::parse(&request.url).ok();
    let target = url.as_ref().map_or(request.url.clone(), |url| {
        url.query().map_or(url.path().to_owned(), |query| format!("{}?{query}", url.path()))
    });
    let host = url.as_ref().and_then(reqwest::Url::host_str).unwrap_or_default().to_owned();
    let mut trace = format!("{} {target} HTTP/1.1\r\nHost: {host}\r\n", request.method);
    write_headers(&mut trace, request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    trace.push_str(request.body.as_deref().unwrap_or_default());
    trace
}

fn response_trace(answer: &Answer) -> String {
    let reason = reqwest::StatusCode::from_u16(answer.status).ok().and_then(|code| code.canonical_reason());
    let mut trace = format!("HTTP/1.1 {} {}\r\n", answer.status, reason.unwrap_or_default());
    write_headers(&mut trace, answer.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    trace
}

fn write_headers<'a>(trace: &mut String, headers: impl Iterator<Item = (&'a str, &'a str)>) {
    for (name, value) in headers {
        for piece in [name, ": ", value, "\r\n"] {
            trace.push_str(piece);
        }
    }
    trace.push_str("\r\n");
}
