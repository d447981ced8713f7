//! `call_webhook`: calls a web service. Its answer is `@webhook`, and a result if the action names one.

use indexmap::IndexMap;
use smol_str::{SmolStr, format_smolstr};

use super::Outcome;
use crate::{
    effect::{Effect, HttpAnswer, HttpRequest},
    engine::{
        NewResult,
        work::{Work, cut, quoted},
    },
    events::{ErrorCode, EventKind, HttpLog, WebhookCalled, WebhookStatus},
    program::{ResultName, Text},
    raw_json::RawJson,
    session::WebhookState,
};

/// Characters of an address.
const MAX_URL_CHARS: usize = 2048;
/// Characters of an answer kept in the history.
const MAX_LOGGED_CHARS: usize = 10_000;
/// Bytes of JSON kept with a result.
const MAX_EXTRA_BYTES: usize = 10_000;
/// Status code of a subscriber that is gone for good.
const GONE: u16 = 410;

pub(super) fn execute(
    work: &mut Work<'_>,
    method: &SmolStr,
    url: &Text,
    headers: &[(SmolStr, Text)],
    body: &Text,
) -> Outcome {
    forget(work);
    let (url, _) = work.render(url);
    let url = url.trim();
    if !is_callable(url) {
        let shown = quoted(url);
        work.error_code(
            ErrorCode::UrlInvalid,
            format!("Webhook URL evaluated to an invalid URL: '{shown}'"),
            &[("url", &shown)],
        );
        return Outcome::Done;
    }
    if host_of(url).is_some_and(|host| work.host.blocked_host(host)) {
        let shown = quoted(url);
        work.error_code(
            ErrorCode::UrlBlocked,
            format!("Webhook URL evaluated to a blocked URL: '{shown}'"),
            &[("url", &shown)],
        );
        return Outcome::Done;
    }
    let mut evaluated = IndexMap::with_capacity(headers.len());
    for (name, value) in headers {
        let (value, _) = work.render(value);
        evaluated.insert(name.clone(), String::from(value));
    }
    let body = if body.is_empty() { None } else { Some(String::from(work.render_whole(body))) };
    send(work, HttpRequest { method: method.clone(), url: url.to_owned(), headers: evaluated, body })
}

/// A call that is not made leaves no answer, not that of an earlier one.
pub(super) fn forget(work: &mut Work<'_>) {
    if let Some(run) = work.current_mut() {
        run.webhook = None;
    }
}

fn send(work: &mut Work<'_>, request: HttpRequest) -> Outcome {
    let size = wire_size(&request);
    let limit = work.limits.request_bytes;
    if size > limit {
        work.error_code(
            ErrorCode::WebhookRequestSize,
            format!("Webhook request evaluated to {size} bytes, exceeding the limit of {limit}"),
            &[("size", &size.to_string()), ("limit", &limit.to_string())],
        );
        return Outcome::Done;
    }
    Outcome::Needs(Effect::Webhook { request })
}

/// Bytes of a request: its first line, a line for each header, a blank line and the body.
fn wire_size(request: &HttpRequest) -> usize {
    let first = request.method.len() + request.url.len() + "  HTTP/1.1\r\n".len();
    let headers: usize =
        request.headers.iter().map(|(name, value)| name.len() + value.len() + ": \r\n".len()).sum();
    first + headers + "\r\n".len() + request.body.as_ref().map_or(0, String::len)
}

/// Whether a text is an absolute address of a web service.
fn is_callable(url: &str) -> bool {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['/', '?', '#', ':']))
        && !url.contains(char::is_whitespace)
        && url.chars().count() <= MAX_URL_CHARS
}

/// The host of an absolute address, without user and port.
fn host_of(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    Some(host.split(':').next().unwrap_or(host))
}

pub(super) fn complete(
    work: &mut Work<'_>,
    name: Option<&ResultName>,
    request: &HttpRequest,
    answer: HttpAnswer,
) -> Outcome {
    log_call(work, request, &answer, None);
    let status = call_status(&answer);
    let state = webhook_state(request, answer);
    if let Some(name) = name {
        save(work, name, &state, status == WebhookStatus::Success);
    }
    if let Some(run) = work.current_mut() {
        run.webhook = Some(Box::new(state));
    }
    Outcome::Done
}

/// Keeps the outcome of a call as a result.
pub(super) fn save(work: &mut Work<'_>, name: &ResultName, state: &WebhookState, success: bool) {
    let extra = Some(&state.json).filter(|json| !json.is_null());
    let extra = extra.filter(|json| json.as_str().len() <= MAX_EXTRA_BYTES).cloned();
    work.save_result(NewResult {
        name,
        value: format_smolstr!("{}", state.status),
        category: SmolStr::new_static(if success { "Success" } else { "Failure" }),
        category_localized: SmolStr::default(),
        input: format_smolstr!("{} {}", state.method, state.url),
        extra,
    });
}

/// Adds the event of a call.
pub(super) fn log_call(
    work: &mut Work<'_>,
    request: &HttpRequest,
    answer: &HttpAnswer,
    resthook: Option<&SmolStr>,
) {
    if answer.too_large {
        let limit = work.limits.response_bytes.to_string();
        work.warning(
            ErrorCode::WebhookResponseSize,
            format!("Webhook response exceeded the limit of {limit} bytes"),
            &[("limit", &limit)],
        );
    }
    let response = answer.response_trace.as_ref().map(|head| {
        let mut text = head.clone();
        if !answer.too_large {
            text.push_str(&String::from_utf8_lossy(&answer.body));
        }
        expressions::template::truncate(&mut text, MAX_LOGGED_CHARS);
        text
    });
    let mut status = call_status(answer);
    if resthook.is_some() && answer.status == Some(GONE) {
        status = WebhookStatus::SubscriberGone;
    }
    work.event(EventKind::WebhookCalled(Box::new(WebhookCalled {
        log: HttpLog {
            url: SmolStr::new(&request.url),
            status_code: answer.status,
            request: answer.request_trace.clone(),
            response,
            elapsed_ms: answer.elapsed_ms,
            retries: answer.retries,
            sizes: answer.sizes,
            status,
            created_on: None,
        },
        resthook: resthook.cloned(),
    })));
}

/// How a call went.
pub(super) fn call_status(answer: &HttpAnswer) -> WebhookStatus {
    match answer.status {
        None => WebhookStatus::ConnectionError,
        Some(_) if answer.too_large => WebhookStatus::ConnectionError,
        Some(200..=299) => WebhookStatus::Success,
        Some(_) => WebhookStatus::ResponseError,
    }
}

/// What `@webhook` will be.
pub(super) fn webhook_state(request: &HttpRequest, answer: HttpAnswer) -> WebhookState {
    let json = if answer.too_large { None } else { RawJson::from_bytes(&answer.body) };
    WebhookState {
        method: request.method.clone(),
        url: request.url.clone(),
        status: answer.status.unwrap_or_default(),
        headers: answer
            .headers
            .into_iter()
            .map(|(name, value)| (name, cut(SmolStr::from(value), MAX_LOGGED_CHARS).into()))
            .collect(),
        json: json.unwrap_or_else(RawJson::null),
    }
}
