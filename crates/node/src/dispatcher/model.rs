//! Questions to language models, over the chat-completions interface that most of them offer.

use flows::{EffectResult, events::LlmTokens};
use operations::{ModelSettings, Workspace};
use serde::Deserialize;
use serde_json::{Value, json};
use store::{OutboxItem, Secret};
use tokio::time::Instant;
use uuid::Uuid;

use super::{Shared, effect};
use crate::http::{Callee, Exchange, HttpError};
use crate::limits;

/// What we read of an answer.
#[derive(Deserialize)]
struct Completion {
    choices: Vec<Choice>,
    #[serde(default)]
    usage: Usage,
}

#[derive(Deserialize)]
struct Choice {
    message: Spoken,
}

#[derive(Deserialize)]
struct Spoken {
    #[serde(default)]
    content: Value,
}

#[derive(Default, Deserialize)]
struct Usage {
    #[serde(default)]
    prompt_tokens: u64,
    #[serde(default)]
    completion_tokens: u64,
}

/// Asks a model, again if it was not reached or asks to come again.
pub(super) async fn ask(
    shared: &Shared,
    (ws, item): (Option<&Workspace>, &OutboxItem),
    model: Uuid,
    instructions: &str,
    input: &str,
) -> EffectResult {
    let started = Instant::now();
    let Some((settings, key)) = ws.and_then(|ws| ws.model(model)) else {
        return answered(Err("the language model is not configured".to_owned()), started);
    };
    let mut attempt = 0;
    let output = loop {
        let exchanged = effect::ask(shared, item, exchange(&settings, key, instructions, input)).await;
        attempt += 1;
        let again = match &exchanged {
            Ok(answer) => matches!(answer.status, 429 | 500 | 502..=504),
            Err(error) => matches!(error, HttpError::NotReached(_)),
        };
        if !again || attempt >= limits::MODEL_ATTEMPTS {
            break match exchanged {
                Ok(answer) => read(answer.status, &answer.body, answer.too_large),
                Err(error) => Err(format!("the language model did not answer: {error}")),
            };
        }
        tokio::time::sleep(crate::mail::pause(attempt)).await;
    };
    shared.metrics.count_sent("model", if output.is_ok() { "sent" } else { "dead" });
    answered(output, started)
}

/// The answer to a flow that asks a model while none is to be asked.
pub(super) fn refused(why: &str) -> EffectResult {
    answered(Err(why.to_owned()), Instant::now())
}

fn answered(output: Result<(String, LlmTokens), String>, started: Instant) -> EffectResult {
    let elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    match output {
        Ok((text, tokens)) => EffectResult::Llm { output: Ok(text), tokens, elapsed_ms },
        Err(why) => EffectResult::Llm { output: Err(why), tokens: LlmTokens::default(), elapsed_ms },
    }
}

fn exchange(settings: &ModelSettings, key: &Secret, instructions: &str, input: &str) -> Exchange {
    let mut messages = Vec::new();
    if !instructions.trim().is_empty() {
        messages.push(json!({"role": "system", "content": instructions}));
    }
    messages.push(json!({"role": "user", "content": input}));
    let mut body = json!({"model": settings.model, "messages": messages, "max_tokens": settings.max_tokens});
    if let Some(temperature) = settings.temperature {
        body["temperature"] = json!(temperature);
    }
    let mut headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
    if !key.reveal().is_empty() {
        headers.push(("Authorization".to_owned(), format!("Bearer {}", key.reveal())));
    }
    Exchange {
        callee: Callee::Service,
        method: "POST".to_owned(),
        url: format!("{}/chat/completions", settings.url.trim_end_matches('/')),
        headers,
        body: Some(body.to_string()),
        timeout: limits::MODEL_TIMEOUT,
        answer_bytes: limits::MODEL_ANSWER_BYTES,
    }
}

fn read(status: u16, body: &[u8], too_large: bool) -> Result<(String, LlmTokens), String> {
    if !(200..300).contains(&status) {
        return Err(format!("the language model answered {status}{}", reason(body)));
    }
    if too_large {
        return Err("the language model's answer is too long".to_owned());
    }
    let completion: Completion = serde_json::from_slice(body)
        .map_err(|error| format!("the language model's answer cannot be read: {error}"))?;
    let content = completion.choices.into_iter().next().map(|choice| choice.message.content);
    let text = match content {
        Some(Value::String(text)) => text,
        // Some endpoints answer in parts.
        Some(Value::Array(parts)) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
        Some(_) | None => return Err("the language model said nothing".to_owned()),
    };
    let tokens =
        LlmTokens { input: completion.usage.prompt_tokens, output: completion.usage.completion_tokens };
    Ok((text.trim().to_owned(), tokens))
}

/// What an error says of itself, shortened.
fn reason(body: &[u8]) -> String {
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    let said = value["error"]["message"].as_str().or_else(|| value["error"].as_str());
    let said: String = said.unwrap_or_default().chars().take(limits::REASON_CHARS).collect();
    if said.is_empty() { said } else { format!(": {said}") }
}
