//! What is said to the contact.

use serde_json::{Value, json};

use crate::legacy::job::Job;
use crate::legacy::shape::{items, text};
use crate::legacy::texts::Texts;

/// A template that gives nothing: a message that is only a picture still has a text.
pub(super) const NO_TEXT: &str = "@(\"\")";

/// A message to the contact.
pub(super) fn reply(action: &Value, item: &str, job: &mut Job<'_, '_>) -> Option<Value> {
    let mut made = message(action, item, job)?;
    made["type"] = "send_msg".into();
    let replies = quick_replies(action, item, job);
    if !replies.is_empty() {
        made["quick_replies"] = replies.into();
    }
    if action["send_all"] == Value::Bool(true) {
        made["all_urns"] = true.into();
    }
    Some(made)
}

/// Text and attachment of a message; `None` if it has neither.
pub(super) fn message(action: &Value, item: &str, job: &mut Job<'_, '_>) -> Option<Value> {
    let said = job.text(item, "text", &Texts::of(action, "msg"));
    let attachment = job.attachment(item, &Texts::of(action, "media"));
    if said.is_empty() && attachment.is_empty() {
        job.lose("A message without text was left out.");
        return None;
    }
    let mut made = json!({"type": "", "text": if said.is_empty() { NO_TEXT } else { &said }});
    if !attachment.is_empty() {
        made["attachments"] = json!([attachment]);
    }
    Some(made)
}

/// The answers to tap. Where one is not translated, its place stays empty.
fn quick_replies(action: &Value, item: &str, job: &mut Job<'_, '_>) -> Vec<String> {
    let language = job.language.clone();
    let convert = crate::legacy::job::template;
    let all: Vec<Texts> = items(action, "quick_replies")
        .iter()
        .map(Texts::read)
        .filter(|texts| !convert(texts.base(&language)).is_empty())
        .collect();
    let mut codes: Vec<String> = Vec::new();
    for (code, _) in all.iter().flat_map(|texts| texts.translations(&language)) {
        if !codes.iter().any(|known| known == code) {
            codes.push(code.to_owned());
        }
    }
    for code in codes {
        let of = |texts: &Texts| {
            let found = texts.translations(&language).find(|(given, _)| *given == code);
            found.map(|(_, text)| convert(text)).unwrap_or_default()
        };
        let translated = all.iter().map(of).collect();
        job.translation(&code, item, "quick_replies", translated);
    }
    all.iter().map(|texts| convert(texts.base(&language))).collect()
}

/// Something spoken, of which there may be a recording. One without text only plays it.
pub(super) fn say(action: &Value, item: &str, job: &mut Job<'_, '_>) -> Option<Value> {
    let said = job.text(item, "text", &Texts::of(action, "msg"));
    let recording = job.recording(item, &Texts::of(action, "recording"));
    if said.is_empty() {
        if recording.is_empty() {
            job.lose("Something to say that had neither text nor recording was left out.");
            return None;
        }
        return Some(json!({"type": "play_audio", "audio_url": recording}));
    }
    let mut made = json!({"type": "say_msg", "text": said});
    if !recording.is_empty() {
        made["audio_url"] = recording.into();
    }
    Some(made)
}

/// A recording.
pub(super) fn play(action: &Value, job: &mut Job<'_, '_>) -> Option<Value> {
    // The address is one for all languages.
    let url = job.recording("", &Texts::read(&text(action, "url").into()));
    if url.is_empty() {
        job.lose("A recording without an address was left out.");
        return None;
    }
    Some(json!({"type": "play_audio", "audio_url": url}))
}
