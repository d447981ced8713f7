//! The outside world of scenarios: web services by a list of answers, and services with fixed manners.

use std::{cell::RefCell, collections::BTreeMap};

use flows::{
    Effect, EffectResult,
    effect::{AirtimeSent, HttpAnswer, HttpRequest},
    events::{HttpLog, HttpSizes, LlmTokens},
};
use serde_json::{Value as Json, json};

use crate::host::TestHost;

/// Longest answer that is kept, in bytes.
pub const MAX_RESPONSE_BYTES: usize = 100_000;
/// The only currency that airtime is sent in.
const CURRENCY: &str = "RWF";
/// What a number contains that airtime cannot be sent to.
const BAD_NUMBER: &str = "666";
/// Of what the external identifiers of transfers are made, and how many of it.
const EXTERNAL_ID: (&[u8], usize) = (b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", 10);
/// What an address contains that belongs to somebody else.
const TAKEN: &str = "taken";

/// The services that effects of one scenario are answered by.
pub struct Outside<'a> {
    host: &'a TestHost,
    /// Answers per address, of which each is given once; the last of them again and again.
    mocks: RefCell<BTreeMap<String, Vec<Json>>>,
    /// Why no e-mail can be sent.
    smtp_error: Option<String>,
}

impl<'a> Outside<'a> {
    /// Services with the mocks of a case.
    pub fn new(host: &'a TestHost, mocks: &Json) -> Self {
        let mocks = mocks.as_object().into_iter().flatten().map(|(url, answers)| {
            let mut answers = answers.as_array().cloned().unwrap_or_default();
            answers.reverse();
            (url.clone(), answers)
        });
        Self { host, mocks: RefCell::new(mocks.collect()), smtp_error: None }
    }

    /// The same with e-mails failing.
    pub fn with_smtp_error(mut self, error: Option<String>) -> Self {
        self.smtp_error = error;
        self
    }

    /// Answers an effect.
    pub fn answer(&self, effect: &Effect) -> EffectResult {
        match effect {
            Effect::Webhook { request } => EffectResult::Webhook { answer: self.http(request) },
            Effect::Resthook { requests, .. } => EffectResult::Resthook {
                answers: requests.iter().map(|request| self.http(request)).collect(),
            },
            Effect::Llm { instructions, input, .. } => EffectResult::Llm {
                output: llm(instructions, input),
                tokens: LlmTokens { input: 45, output: 78 },
                elapsed_ms: 1000,
            },
            Effect::Airtime { recipient, amounts, .. } => {
                let amount = amounts.get(CURRENCY);
                EffectResult::Airtime {
                    transfer: self.airtime(&recipient.path, amount),
                    http_logs: airtime_log().into_iter().collect(),
                }
            }
            Effect::Email { .. } => EffectResult::Email { error: self.smtp_error.clone() },
            Effect::ClaimUrn { urn } => EffectResult::UrnClaimed { free: !urn.path.contains(TAKEN) },
        }
    }

    fn http(&self, request: &HttpRequest) -> HttpAnswer {
        let request_trace = request_trace(request);
        let sizes = HttpSizes { request: request_trace.len() as u64, response: 0 };
        let no_answer = HttpAnswer { request_trace, sizes, elapsed_ms: 1000, ..HttpAnswer::default() };
        let mut mocks = self.mocks.borrow_mut();
        let given = mocks.get_mut(&request.url).and_then(Vec::pop);
        let Some(mock) = given.or_else(|| local(&request.url)) else { return no_answer };
        let status =
            mock["status"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or_default();
        if status == 0 {
            return no_answer;
        }
        let times = mock["body_repeat"].as_u64().map_or(1, |times| usize::try_from(times).unwrap_or(1));
        let body = mock["body"].as_str().unwrap_or_default().repeat(times);
        let given = mock["headers"].as_object();
        let mut headers: Vec<(String, String)> = vec![("Content-Length".to_owned(), body.len().to_string())];
        headers.extend(given.into_iter().flatten().map(|(name, value)| {
            (name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned))
        }));
        headers.sort();
        let lines: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let trace = format!("HTTP/1.0 {status} {}\r\n{lines}\r\n", reason(status));
        let too_large = body.len() > MAX_RESPONSE_BYTES;
        headers.retain(|(name, _)| given.is_some_and(|given| given.contains_key(name)));
        HttpAnswer {
            status: Some(status),
            headers: headers.into_iter().map(|(name, value)| (name.into(), value)).collect(),
            sizes: HttpSizes { response: (trace.len() + body.len()) as u64, ..no_answer.sizes },
            body: if too_large { Vec::new() } else { body.into_bytes() },
            too_large,
            response_trace: Some(trace),
            ..no_answer
        }
    }

    fn airtime(&self, recipient: &str, amount: Option<&serde_json::Number>) -> Result<AirtimeSent, String> {
        if recipient.contains(BAD_NUMBER) {
            return Err("invalid recipient number".to_owned());
        }
        let amount = amount.ok_or("no amount configured for transfers in RWF")?.clone();
        let (letters, length) = EXTERNAL_ID;
        let id: String = (0..length).map(|_| char::from(letters[self.below(letters.len())])).collect();
        Ok(AirtimeSent { external_id: id.into(), currency: CURRENCY.into(), amount })
    }

    /// A random number below `limit`, which is not a power of two.
    fn below(&self, limit: usize) -> usize {
        let limit = limit as u64;
        let threshold = (u64::from(u32::MAX) + 1 - limit) % limit;
        loop {
            let product = (self.host.random_bits() >> 32) * limit;
            let low = product & u64::from(u32::MAX);
            if low >= limit || low >= threshold {
                return usize::try_from(product >> 32).unwrap_or_default();
            }
        }
    }
}

/// What the service of the standard session answers: what it is told to, or that all is well.
fn local(url: &str) -> Option<Json> {
    let query = url.strip_prefix("http://localhost/?")?;
    let body = match query.split_once('=')? {
        ("content", content) => decoded(content),
        ("cmd", "success") => "{ \"ok\": \"true\" }".to_owned(),
        _ => return None,
    };
    Some(json!({"status": 200, "body": body}))
}

/// A part of a query without its percent signs.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        match (first, code) {
            (b'%', Some(code)) => {
                bytes.push(code);
                rest = &after[2..];
            }
            (b'+', _) => {
                bytes.push(b' ');
                rest = after;
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What the model says: errors and answers on demand, otherwise what its instructions ask for.
fn llm(instructions: &str, input: &str) -> Result<String, String> {
    if let Some(error) = input.strip_prefix("\\error") {
        return Err(error.trim_start().to_owned());
    }
    if let Some(answer) = input.strip_prefix("\\return ") {
        return Ok(answer.to_owned());
    }
    if instructions.starts_with("Categorize") {
        let last = instructions.split_whitespace().last().unwrap_or_default();
        return Ok(last.strip_suffix(']').unwrap_or(last).to_owned());
    }
    if instructions.starts_with("Translate") {
        return Ok(input.chars().map(leet).collect());
    }
    Ok(format!("You asked:\n\n{instructions}\n\n{input}"))
}

fn leet(letter: char) -> char {
    match letter.to_ascii_lowercase() {
        'a' => '4',
        'b' => '8',
        'e' => '3',
        'g' => '9',
        'i' => '1',
        'l' => '1',
        'o' => '0',
        's' => '5',
        't' => '7',
        _ => letter,
    }
}

fn airtime_log() -> Option<HttpLog> {
    serde_json::from_value(json!({
        "url": "http://send.airtime.com",
        "status": "success",
        "status_code": 200,
        "request": "GET / HTTP/1.1\r\nHost: send.airtime.com\r\nUser-Agent: Go-http-client/1.1\r\nAccept-Encoding: gzip\r\n\r\n",
        "response": "HTTP/1.0 200 OK\r\nContent-Length: 15\r\n\r\n{\"status\":\"ok\"}",
        "elapsed_ms": 0,
        "retries": 0,
        "sizes": {"request": 0, "response": 0},
        "created_on": "2019-10-16T13:59:30.123456789Z",
    }))
    .ok()
}

/// The request as it is sent.
fn request_trace(request: &HttpRequest) -> String {
    let rest = request.url.split_once("://").map_or(request.url.as_str(), |(_, rest)| rest);
    let (host, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
    let mut lines = vec![format!("{} {path} HTTP/1.1", request.method), format!("Host: {host}")];
    if !request.headers.contains_key("User-Agent") {
        lines.push("User-Agent: goflow-testing".to_owned());
    }
    if let Some(body) = &request.body {
        lines.push(format!("Content-Length: {}", body.len()));
    }
    lines.extend(request.headers.iter().map(|(name, value)| format!("{name}: {value}")));
    lines.push("Accept-Encoding: gzip".to_owned());
    format!("{}\r\n\r\n{}", lines.join("\r\n"), request.body.as_deref().unwrap_or_default())
}

/// The words that go with a status code.
fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        410 => "Gone",
        422 => "Unprocessable Entity",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "",
    }
}
