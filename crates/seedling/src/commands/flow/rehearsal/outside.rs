//! What services outside answer in a rehearsal: what the test says, else as if nobody were there.

use std::collections::VecDeque;

use anyhow::bail;
use flows::effect::{AirtimeSent, HttpAnswer, HttpRequest};
use flows::events::{HttpSizes, LlmTokens};
use flows::{Effect, EffectResult};

/// Why a flow gets no answer from outside here.
pub const NOT_CALLED: &str = "not called: a rehearsal leaves the outside alone";

/// Answers that services give, each once and in order, the last of its kind again and again.
#[derive(Clone, Default)]
pub struct Answers {
    web: Vec<WebAnswer>,
    model: VecDeque<String>,
    airtime: Option<bool>,
    email: Option<bool>,
}

/// What an address answers.
#[derive(Clone)]
struct WebAnswer {
    method: String,
    /// The address; with `*` at its end all that begin so.
    url: String,
    status: Option<u16>,
    body: String,
    used: bool,
}

impl Answers {
    /// Takes an answer: `web GET URL: 200 BODY` or `none`, `model: TEXT`, `airtime: sent`, `email: failed`.
    pub fn add(&mut self, service: &str, what: &str, value: &str) -> anyhow::Result<()> {
        let outcome = |value: &str| match value {
            "sent" => Ok(Some(true)),
            "failed" => Ok(Some(false)),
            _ => Err(anyhow::anyhow!("{service} is sent or failed, not {value:?}")),
        };
        match (service, what) {
            ("web", what) => {
                let Some((method, url)) = what.split_once(' ') else {
                    bail!("write web METHOD URL: STATUS BODY, such as web GET https://example.org/: 200 {{}}")
                };
                let (status, body) = value.split_once(' ').unwrap_or((value, ""));
                let status = match (status, status.parse::<u16>()) {
                    ("none", _) => None,
                    (_, Ok(status)) => Some(status),
                    (_, Err(_)) => bail!("{status:?} is no status; write one such as 200, or none"),
                };
                let (method, url) = (method.to_uppercase(), url.trim().to_owned());
                self.web.push(WebAnswer { method, url, status, body: body.trim().to_owned(), used: false });
            }
            ("model", "") => self.model.push_back(value.to_owned()),
            ("airtime", "") => self.airtime = outcome(value)?,
            ("email", "") => self.email = outcome(value)?,
            _ => bail!("{service} takes nothing before its colon"),
        }
        Ok(())
    }

    /// The answer to an effect, and whether the test gave it. An address is always free, because there is
    /// nobody else.
    pub fn answer(&mut self, effect: &Effect) -> (EffectResult, bool) {
        match effect {
            Effect::Webhook { request } => {
                let (answer, given) = self.web_answer(request);
                (EffectResult::Webhook { answer }, given)
            }
            Effect::Resthook { requests, .. } => {
                let answers: Vec<(HttpAnswer, bool)> =
                    requests.iter().map(|request| self.web_answer(request)).collect();
                let given = answers.iter().all(|(_, given)| *given);
                (
                    EffectResult::Resthook {
                        answers: answers.into_iter().map(|(answer, _)| answer).collect(),
                    },
                    given,
                )
            }
            Effect::Llm { .. } => {
                let said =
                    if self.model.len() > 1 { self.model.pop_front() } else { self.model.front().cloned() };
                let given = said.is_some();
                let output = said.ok_or_else(|| NOT_CALLED.to_owned());
                (EffectResult::Llm { output, tokens: LlmTokens::default(), elapsed_ms: 0 }, given)
            }
            Effect::Airtime { amounts, .. } => {
                let transfer = match (self.airtime, amounts.first()) {
                    (Some(true), Some((currency, amount))) => Ok(AirtimeSent {
                        external_id: "rehearsal".into(),
                        currency: currency.clone(),
                        amount: amount.clone(),
                    }),
                    (Some(_), _) => Err("the provider refused".to_owned()),
                    (None, _) => Err(NOT_CALLED.to_owned()),
                };
                (EffectResult::Airtime { transfer, http_logs: Vec::new() }, self.airtime.is_some())
            }
            Effect::Email { .. } => {
                let error = match self.email {
                    Some(true) => None,
                    Some(false) => Some("the server refused".to_owned()),
                    None => Some(NOT_CALLED.to_owned()),
                };
                (EffectResult::Email { error }, self.email.is_some())
            }
            Effect::ClaimUrn { .. } => (EffectResult::UrnClaimed { free: true }, true),
        }
    }

    fn web_answer(&mut self, request: &HttpRequest) -> (HttpAnswer, bool) {
        let request_trace = format!("{} {}", request.method, request.url);
        let fits = |answer: &WebAnswer| {
            answer.method == request.method
                && match answer.url.strip_suffix('*') {
                    Some(beginning) => request.url.starts_with(beginning),
                    None => answer.url == request.url,
                }
        };
        let unused = self.web.iter().position(|answer| !answer.used && fits(answer));
        let Some(at) = unused.or_else(|| self.web.iter().rposition(fits)) else {
            return (HttpAnswer { request_trace, ..HttpAnswer::default() }, false);
        };
        let answer = &mut self.web[at];
        answer.used = true;
        let sizes = HttpSizes { request: request_trace.len() as u64, response: answer.body.len() as u64 };
        let body = answer.body.clone().into_bytes();
        let response_trace = answer.status.map(|status| format!("HTTP/1.1 {status}\r\n\r\n"));
        (
            HttpAnswer {
                status: answer.status,
                body,
                request_trace,
                response_trace,
                sizes,
                ..HttpAnswer::default()
            },
            true,
        )
    }
}
