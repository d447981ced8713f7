//! Airtime, over a signed JSON request that docs/connect-services.md describes. A provider must take a transfer of the
//! same identifier only once; so a request that got no answer can be made again.

use flows::events::{HttpLog, HttpSizes, WebhookStatus};
use flows::{EffectResult, effect::AirtimeSent};
use indexmap::IndexMap;
use operations::Workspace;
use ring::hmac;
use serde::Deserialize;
use serde_json::{Number, Value, json};
use smol_str::{SmolStr, ToSmolStr};
use store::OutboxItem;
use tokio::time::Instant;

use super::{Shared, effect};
use crate::http::{Answer, Callee, Exchange, HttpError};
use crate::limits;

/// A transfer as a flow asks for it.
pub(super) struct Transfer<'a> {
    pub id: String,
    pub sender: Option<&'a str>,
    pub recipient: &'a str,
    pub amounts: &'a IndexMap<SmolStr, Number>,
}

/// What a provider answers.
#[derive(Deserialize)]
struct Sent {
    id: Value,
    currency: SmolStr,
    amount: Number,
}

/// Transfers airtime, again if the provider was not reached, did not answer, or asks to come again.
pub(super) async fn transfer(
    shared: &Shared,
    ws: Option<&Workspace>,
    item: &OutboxItem,
    transfer: &Transfer<'_>,
) -> EffectResult {
    let Some((settings, secret)) = ws.and_then(Workspace::airtime) else {
        return EffectResult::Airtime {
            transfer: Err("no airtime provider is configured".to_owned()),
            http_logs: Vec::new(),
        };
    };
    let body = json!({
        "id": transfer.id,
        "sender": transfer.sender,
        "recipient": transfer.recipient,
        "amounts": transfer.amounts,
    })
    .to_string();
    let mut http_logs = Vec::new();
    let mut retries = 0;
    let result = loop {
        let seconds = shared.ctx.now().as_second();
        let signature = sign(secret.reveal(), seconds, &body);
        let mut headers = vec![
            ("Content-Type".to_owned(), "application/json".to_owned()),
            ("Idempotency-Key".to_owned(), transfer.id.clone()),
            ("X-Seedling-Timestamp".to_owned(), seconds.to_string()),
            ("X-Seedling-Signature".to_owned(), signature),
        ];
        if !settings.account.is_empty() {
            headers.push(("X-Seedling-Account".to_owned(), settings.account.clone()));
        }
        let exchange = Exchange {
            callee: Callee::Service,
            method: "POST".to_owned(),
            url: settings.url.clone(),
            headers,
            body: Some(body.clone()),
            timeout: limits::AIRTIME_TIMEOUT,
            answer_bytes: limits::SEND_ANSWER_BYTES,
        };
        let started = Instant::now();
        let exchanged = effect::ask(shared, item, exchange).await;
        http_logs.push(log(shared, &settings.url, &body, started, retries, &exchanged));
        retries += 1;
        let again = match &exchanged {
            Ok(answer) => matches!(answer.status, 429 | 500 | 502..=504),
            Err(HttpError::NotReached(_) | HttpError::NoAnswer(_)) => true,
            Err(HttpError::Invalid(_) | HttpError::Forbidden) => false,
        };
        if !again || retries >= limits::AIRTIME_ATTEMPTS {
            break read(exchanged);
        }
        tokio::time::sleep(crate::mail::pause(retries)).await;
    };
    shared.metrics.count_sent("airtime", if result.is_ok() { "sent" } else { "dead" });
    EffectResult::Airtime { transfer: result, http_logs }
}

/// HMAC-SHA256 of `timestamp.body` in lower-case hex, with the name of the method before it.
fn sign(secret: &str, seconds: i64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, format!("{seconds}.{body}").as_bytes());
    let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={hex}")
}

fn read(exchanged: Result<Answer, HttpError>) -> Result<AirtimeSent, String> {
    let answer = exchanged.map_err(|error| format!("the airtime provider did not answer: {error}"))?;
    if !(200..300).contains(&answer.status) {
        let value: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let said: String =
            value["error"].as_str().unwrap_or_default().chars().take(limits::REASON_CHARS).collect();
        return Err(match said.as_str() {
            "" => format!("the airtime provider answered {}", answer.status),
            said => said.to_owned(),
        });
    }
    let sent: Sent = serde_json::from_slice(&answer.body)
        .map_err(|error| format!("the airtime provider's answer cannot be read: {error}"))?;
    let external_id = match &sent.id {
        Value::String(id) => SmolStr::new(id),
        Value::Number(id) => id.to_smolstr(),
        _ => return Err("the airtime provider's answer has no id".to_owned()),
    };
    Ok(AirtimeSent { external_id, currency: sent.currency, amount: sent.amount })
}

/// The exchange for people who look for an error, without what is secret.
fn log(
    shared: &Shared,
    url: &str,
    body: &str,
    started: Instant,
    retries: u32,
    exchanged: &Result<Answer, HttpError>,
) -> HttpLog {
    let answer = exchanged.as_ref().ok();
    let status = match answer {
        None => WebhookStatus::ConnectionError,
        Some(answer) if (200..300).contains(&answer.status) => WebhookStatus::Success,
        Some(_) => WebhookStatus::ResponseError,
    };
    HttpLog {
        url: url.into(),
        status_code: answer.map(|answer| answer.status),
        request: body.to_owned(),
        response: answer.map(|answer| String::from_utf8_lossy(&answer.body).into_owned()),
        elapsed_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        retries,
        sizes: HttpSizes {
            request: body.len() as u64,
            response: answer.map_or(0, |answer| answer.body.len() as u64),
        },
        status,
        created_on: Some(shared.ctx.now()),
    }
}
