//! Meta as a node sees it: signed webhooks that hold several messages or reports, and the address that messages are
//! sent to. Written against Meta's documentation and not against the node's own codec, so that one checks the other.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use hyper::{HeaderMap, StatusCode};
use ring::hmac;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use crate::connections::Connections;
use crate::phones::Taken;

/// The number of the drill: its identifier, which is the channel's address, and its account.
pub const PHONE_NUMBER_ID: &str = "106540352242922";
const ACCOUNT: &str = "102290129340398";
/// What the channel and this carrier share.
const ACCESS_TOKEN: &str = "drill-access-token";
const APP_SECRET: &str = "drill-app-secret";
const VERIFY_TOKEN: &str = "drill-verify-token";
/// Name and value of the header with the signature.
const SIGNATURE: &str = "x-hub-signature-256";
/// Most messages of one webhook, and how long the first waits for others.
const MESSAGES_PER_WEBHOOK: usize = 20;
const LINGER: Duration = Duration::from_millis(2);
/// Messages that wait for a webhook.
const WAITING_MAX: usize = 10_000;

/// The configuration of a channel that sends to this carrier.
pub fn channel_config(base_url: &str) -> String {
    json!({
        "auth_token": ACCESS_TOKEN, "app_secret": APP_SECRET, "verify_token": VERIFY_TOKEN, "waba_id": ACCOUNT,
        "base_url": base_url, "window": 128,
    })
    .to_string()
}

/// Where webhooks go.
fn path(channel: Uuid) -> String {
    format!("/c/wac/{channel}/receive")
}

/// Whether the node answers Meta's check of its address with the challenge.
pub async fn is_verified(node: &Connections, channel: Uuid) -> bool {
    let query = format!("hub.mode=subscribe&hub.verify_token={VERIFY_TOKEN}&hub.challenge=1158201444");
    let answer = node.get(&format!("{}?{query}", path(channel))).await;
    answer.is_ok_and(|answer| answer.status == StatusCode::OK && answer.body == "1158201444")
}

/// A webhook about the drill's number.
fn webhook(mut value: Value) -> Bytes {
    value["messaging_product"] = "whatsapp".into();
    value["metadata"] = json!({"display_phone_number": "256799000000", "phone_number_id": PHONE_NUMBER_ID});
    let change = json!({"field": "messages", "value": value});
    let entry = json!({"id": ACCOUNT, "changes": [change]});
    Bytes::from(json!({"object": "whatsapp_business_account", "entry": [entry]}).to_string())
}

/// Posts a signed webhook.
async fn post(node: &Connections, channel: Uuid, body: Bytes) -> Option<StatusCode> {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, APP_SECRET.as_bytes()), &body);
    let digits: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let headers = [(SIGNATURE, format!("sha256={digits}"))];
    let answer = node.post_with(&path(channel), "application/json", &headers, body).await;
    answer.ok().map(|answer| answer.status)
}

fn seconds() -> String {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs().to_string()
}

/// Gathers what people write into webhooks.
pub struct Webhooks {
    queue: mpsc::Sender<(Value, oneshot::Sender<Taken>)>,
}

impl Webhooks {
    /// Starts gathering for a channel.
    pub fn start(node: std::sync::Arc<Connections>, channel: Uuid) -> Self {
        let (queue, mut waiting) = mpsc::channel::<(Value, oneshot::Sender<Taken>)>(WAITING_MAX);
        tokio::spawn(async move {
            while let Some(first) = waiting.recv().await {
                let mut batch = vec![first];
                tokio::time::sleep(LINGER).await;
                while batch.len() < MESSAGES_PER_WEBHOOK
                    && let Ok(next) = waiting.try_recv()
                {
                    batch.push(next);
                }
                let node = node.clone();
                tokio::spawn(async move {
                    let (messages, answers): (Vec<Value>, Vec<_>) = batch.into_iter().unzip();
                    let taken = match post(&node, channel, webhook(json!({ "messages": messages }))).await {
                        Some(StatusCode::OK) => Taken::Yes,
                        Some(status) if status.is_client_error() => Taken::Refused(status),
                        Some(_) | None => Taken::Unknown,
                    };
                    for answer in answers {
                        let _ = answer.send(taken);
                    }
                });
            }
        });
        Self { queue }
    }

    /// Hands in a message with the next webhook.
    pub async fn hand_in(&self, from: &str, text: &str, id: &str) -> Taken {
        let message = json!({
            "from": from.trim_start_matches('+'), "id": format!("wamid.{id}"), "timestamp": seconds(), "type": "text",
            "text": {"body": text},
        });
        let (answer, answered) = oneshot::channel();
        if self.queue.send((message, answer)).await.is_err() {
            return Taken::Unknown;
        }
        answered.await.unwrap_or(Taken::Unknown)
    }
}

/// A message that the node sent.
pub struct Sent {
    /// The person's number.
    pub to: String,
    /// What the person reads.
    pub text: String,
    /// The node's identifier, which comes back in reports.
    pub message: Uuid,
}

/// An answer that refuses.
type Refused = (StatusCode, Value);

fn refused<T>(status: StatusCode, code: u32, text: &str) -> Result<T, Refused> {
    let message = format!("(#{code}) {text}");
    Err((status, json!({"error": {"message": message, "type": "OAuthException", "code": code}})))
}

fn signed_in(headers: &HeaderMap) -> Result<(), Refused> {
    let token = headers.get(hyper::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if token == Some(&format!("Bearer {ACCESS_TOKEN}")) {
        return Ok(());
    }
    refused(StatusCode::UNAUTHORIZED, 190, "Invalid OAuth access token")
}

/// The templates of the drill's account, as Meta lists them.
fn templates() -> [Value; 4] {
    let body = |text: &str| json!({"type": "BODY", "text": text});
    [
        json!({
            "id": "1", "name": "visit_reminder", "language": "en_US", "status": "APPROVED", "category": "UTILITY",
            "components": [
                {"type": "HEADER", "format": "IMAGE", "example": {"header_handle": ["https://files.example.org/x.jpg"]}},
                body("Dear {{1}}, your visit is on {{2}}."),
                {"type": "FOOTER", "text": "The clinic"},
                {"type": "BUTTONS", "buttons": [
                    {"type": "QUICK_REPLY", "text": "I will come"},
                    {"type": "URL", "text": "The way", "url": "https://maps.example.org/{{1}}", "example": ["x"]},
                ]},
            ],
        }),
        json!({
            "id": "2", "name": "visit_reminder", "language": "es", "status": "PENDING", "category": "UTILITY",
            "components": [body("{{1}}: {{2}}")],
        }),
        json!({
            "id": "3", "name": "welcome", "language": "en", "status": "APPROVED", "category": "MARKETING",
            "parameter_format": "NAMED", "components": [body("Welcome, {{first_name}}!")],
        }),
        json!({
            "id": "4", "name": "offer", "language": "en", "status": "REJECTED", "category": "MARKETING",
            "components": [body("Buy now.")],
        }),
    ]
}

/// A page of the list of templates: two of them, whatever is asked for, as Meta gives fewer than asked for if it likes.
/// None if the path is another.
pub fn listed(path: &str, query: &str, headers: &HeaderMap) -> Option<Result<Value, Refused>> {
    if !path.ends_with("/message_templates") {
        return None;
    }
    if !path.ends_with(&format!("/{ACCOUNT}/message_templates")) {
        return Some(refused(StatusCode::BAD_REQUEST, 100, "Object does not exist"));
    }
    let after = query.split('&').find_map(|pair| pair.strip_prefix("after=page")).unwrap_or("0");
    let from: usize = after.parse().unwrap_or_default();
    let (all, to) = (templates(), from + 2);
    let mut paging = json!({"cursors": {"before": format!("page{from}"), "after": format!("page{to}")}});
    if to < all.len() {
        paging["next"] = json!(format!("https://graph.example/{ACCOUNT}/message_templates?after=page{to}"));
    }
    let data: Vec<&Value> = all.iter().skip(from).take(2).collect();
    Some(signed_in(headers).map(|()| json!({"data": data, "paging": paging})))
}

/// Holds a template to what was approved, as Meta does, and says what the person reads.
fn filled(given: &Value) -> Result<String, Refused> {
    let wrong = |code, text: &str| refused(StatusCode::BAD_REQUEST, code, text);
    let all = templates();
    let same = |one: &&Value| one["name"] == given["name"] && one["language"] == given["language"]["code"];
    let Some(approved) = all.iter().find(same).filter(|one| one["status"] == "APPROVED") else {
        return wrong(132_001, "Template name does not exist in the translation");
    };
    let none = Vec::new();
    let parts = approved["components"].as_array().unwrap_or(&none);
    let values = given["components"].as_array().unwrap_or(&none);
    let of = |kind: &str, index: Option<&str>| -> Vec<Value> {
        let found = values.iter().find(|value| value["type"] == kind && value["index"].as_str() == index);
        found.and_then(|value| value["parameters"].as_array()).cloned().unwrap_or_default()
    };
    let mut read = String::new();
    for part in parts {
        match part["type"].as_str().unwrap_or_default() {
            "HEADER" => {
                let given = of("header", None);
                let link = given.first().and_then(|value| value["image"]["link"].as_str());
                let Some(link) = link.filter(|_| given.len() == 1) else {
                    return wrong(132_012, "Parameter format does not match format in the created template");
                };
                read.push_str(&format!("[{link}] "));
            }
            "BODY" => {
                let (given, mut text) =
                    (of("body", None), part["text"].as_str().unwrap_or_default().to_owned());
                for (place, value) in given.iter().enumerate() {
                    let name = value["parameter_name"].as_str().map(str::to_owned);
                    let place = format!("{{{{{}}}}}", name.unwrap_or((place + 1).to_string()));
                    let Some(value) = value["text"].as_str().filter(|_| text.contains(&place)) else {
                        return wrong(132_000, "Number of parameters does not match the expected number");
                    };
                    text = text.replace(&place, value);
                }
                if text.contains("{{") {
                    return wrong(132_000, "Number of parameters does not match the expected number");
                }
                read.push_str(&text);
            }
            "BUTTONS" => {
                for (at, button) in part["buttons"].as_array().unwrap_or(&none).iter().enumerate() {
                    let given = of("button", Some(&at.to_string()));
                    let wanted = usize::from(button["url"].as_str().is_some_and(|url| url.contains("{{1}}")));
                    if given.len() != wanted {
                        return wrong(132_000, "Number of parameters does not match the expected number");
                    }
                    if let Some(value) = given.first().and_then(|value| value["text"].as_str()) {
                        let url = button["url"].as_str().unwrap_or_default().replace("{{1}}", value);
                        read.push_str(&format!(" [{url}]"));
                    }
                }
            }
            _ => {}
        }
    }
    Ok(read)
}

/// Reads a message that the node sent, or says what Meta would answer.
pub fn read(path: &str, headers: &HeaderMap, body: &[u8]) -> Result<Sent, (StatusCode, Value)> {
    signed_in(headers)?;
    if !path.ends_with(&format!("/{PHONE_NUMBER_ID}/messages")) {
        return refused(StatusCode::BAD_REQUEST, 100, "Object does not exist");
    }
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let kind = body["type"].as_str().unwrap_or_default();
    let content = &body[kind];
    let template = if kind == "template" { Some(filled(content)?) } else { None };
    let text = ["body", "caption"]
        .iter()
        .find_map(|key| content[*key].as_str())
        .or(content["body"]["text"].as_str())
        .or(template.as_deref());
    let message = body["biz_opaque_callback_data"].as_str().and_then(|data| data.parse().ok());
    match (body["to"].as_str(), text, message) {
        (Some(to), Some(text), Some(message)) if body["messaging_product"] == "whatsapp" => {
            Ok(Sent { to: format!("+{to}"), text: text.to_owned(), message })
        }
        _ => refused(StatusCode::BAD_REQUEST, 131_009, "Parameter value is not valid"),
    }
}

/// Meta's identifier of a message.
fn wamid(message: Uuid) -> String {
    format!("wamid.{}", message.simple())
}

/// The answer to a message that was taken.
pub fn accepted(sent: &Sent) -> Value {
    let number = sent.to.trim_start_matches('+');
    json!({
        "messaging_product": "whatsapp", "contacts": [{"input": number, "wa_id": number}],
        "messages": [{"id": wamid(sent.message)}],
    })
}

/// Codes by which Meta asks to slow down: the pair of number and person, the number's throughput, the account's calls.
const THROTTLES: [(u32, &str); 3] = [
    (131_056, "(Business Account, Consumer Account) pair rate limit hit"),
    (130_429, "Rate limit hit"),
    (80_007, "Rate limit issues"),
];

/// What Meta answers when it asks to slow down, one or another way.
pub fn throttled(number: u64) -> (StatusCode, Value) {
    let (code, text) = THROTTLES[usize::try_from(number % 3).unwrap_or_default()];
    let message = format!("(#{code}) {text}");
    let error = json!({"error": {"message": message, "type": "OAuthException", "code": code}});
    (StatusCode::BAD_REQUEST, error)
}

/// Reports messages as sent and delivered in one webhook and as read in the next, or the other way round; whether the
/// node took both.
pub async fn report(node: &Connections, channel: Uuid, messages: &[Uuid], reordered: bool) -> bool {
    let statuses = |names: &[&str]| -> Value {
        let all = names.iter().flat_map(|name| messages.iter().map(move |message| (*name, *message)));
        all.map(|(name, message)| {
            json!({
                "id": wamid(message), "status": name, "timestamp": seconds(), "recipient_id": "256799000000",
                "biz_opaque_callback_data": message.to_string(),
            })
        })
        .collect()
    };
    let mut webhooks = [&["sent", "delivered"][..], &["read"]];
    if reordered {
        webhooks = [&["read"], &["delivered", "sent"]];
    }
    for names in webhooks {
        if post(node, channel, webhook(json!({ "statuses": statuses(names) }))).await != Some(StatusCode::OK)
        {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_what_meta_takes() {
        let path = format!("/v25.0/{PHONE_NUMBER_ID}/messages");
        let mut headers = HeaderMap::new();
        let body = json!({
            "messaging_product": "whatsapp", "to": "256799000001", "type": "interactive",
            "interactive": {"type": "button", "body": {"text": "Ready? #1"}},
            "biz_opaque_callback_data": "0198f2aa-0000-7000-8000-00000000000a",
        });
        let body = body.to_string();
        let code = |answer: Result<Sent, (StatusCode, Value)>| {
            answer.err().map(|(_, body)| body["error"]["code"].clone())
        };
        assert_eq!(code(read(&path, &headers, body.as_bytes())), Some(190.into()));
        headers.insert("authorization", format!("Bearer {ACCESS_TOKEN}").parse().expect("a header"));
        let sent = read(&path, &headers, body.as_bytes()).ok().map(|sent| (sent.to, sent.text));
        assert_eq!(sent, Some(("+256799000001".to_owned(), "Ready? #1".to_owned())));
        let codes = [0, 1, 2].map(|number| throttled(number).1["error"]["code"].clone());
        assert_eq!(codes, [131_056, 130_429, 80_007].map(serde_json::Value::from));
        assert_eq!(code(read("/v25.0/1/messages", &headers, body.as_bytes())), Some(100.into()));
        assert_eq!(code(read(&path, &headers, b"{}")), Some(131_009.into()));
    }
}
