//! `call_resthook`: calls every subscriber of a resthook with what is known of the run.

use std::sync::Arc;

use indexmap::IndexMap;
use smol_str::SmolStr;

use super::{
    Outcome,
    call_webhook::{call_status, forget, log_call, save, webhook_state},
    resthook_payload::payload,
};
use crate::{
    effect::{Effect, HttpAnswer, HttpRequest},
    engine::work::Work,
    events::{EventKind, ResthookCalled, WebhookStatus},
    program::ResultName,
    session::WebhookState,
};

pub(super) fn execute(work: &mut Work<'_>, slug: &SmolStr) -> Outcome {
    forget(work);
    let Some(resthook) = work.assets.resthook(slug) else { return Outcome::Done };
    let payload = Arc::new(payload(work));
    let called = ResthookCalled { resthook: slug.clone(), payload: Arc::clone(&payload) };
    work.event(EventKind::ResthookCalled(called));
    let body = payload.to_string();
    let request = |url: &SmolStr| HttpRequest {
        method: SmolStr::new_static("POST"),
        url: url.to_string(),
        headers: IndexMap::from([(SmolStr::new_static("Content-Type"), "application/json".to_owned())]),
        body: Some(body.clone()),
    };
    let requests: Vec<HttpRequest> = resthook.subscribers.iter().map(request).collect();
    if requests.is_empty() {
        return Outcome::Done;
    }
    Outcome::Needs(Effect::Resthook { resthook: slug.clone(), requests })
}

pub(super) fn complete(
    work: &mut Work<'_>,
    name: Option<&ResultName>,
    slug: &SmolStr,
    requests: &[HttpRequest],
    answers: Vec<HttpAnswer>,
) -> Outcome {
    let mut kept: Option<(WebhookState, WebhookStatus)> = None;
    for (request, answer) in requests.iter().zip(answers) {
        log_call(work, request, &answer, Some(slug));
        let status = call_status(&answer);
        // Of several answers a failure counts more than a success, a later one more than an earlier.
        let replaces = kept
            .as_ref()
            .is_none_or(|(_, before)| status != WebhookStatus::Success || *before == WebhookStatus::Success);
        if replaces {
            kept = Some((webhook_state(request, answer), status));
        }
    }
    let Some((state, status)) = kept else { return Outcome::Done };
    if let Some(name) = name {
        save(work, name, &state, status == WebhookStatus::Success);
    }
    if let Some(run) = work.current_mut() {
        run.webhook = Some(Box::new(state));
    }
    Outcome::Done
}
