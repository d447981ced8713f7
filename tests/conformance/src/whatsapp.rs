//! Webhooks of WhatsApp of every kind, one in each file under `payload`. Each is read, nothing in it may be lost, and
//! whoever has not the secret is refused.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use channels::{Inbound, Line, Refusal, Request, answer, wac};
use serde_json::{Value, json};

use crate::{
    discover::{entries, stem},
    report::Report,
};

const OBJECT: &str = "whatsapp_business_account";
const SECRET: &str = "conformance";

/// Whether a folder holds such files.
pub fn is_family(dir: &Path) -> bool {
    let files = entries(dir);
    let first = files.iter().find(|path| path.extension() == Some("json".as_ref()));
    first.and_then(|path| read(path)).is_some_and(|file| file["payload"]["object"] == OBJECT)
}

fn read(path: &Path) -> Option<Value> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

/// Runs every file of the folder.
pub fn run(dir: &Path, report: &mut Report) {
    let name = dir.file_name().unwrap_or_default().to_string_lossy();
    let family = format!("whatsapp/{name}");
    if !report.wants(&family) {
        return;
    }
    for path in entries(dir).iter().filter(|path| path.extension() == Some("json".as_ref())) {
        report.case(&family, &stem(path), || {
            let file = read(path).ok_or_else(|| "the file is not JSON".to_owned())?;
            case(&file["payload"]).map_err(|error| format!("{error:#}"))
        });
    }
}

fn case(payload: &Value) -> Result<()> {
    let body = payload.to_string().into_bytes();
    let numbers = wac::phone_number_ids(&body);
    let address = numbers.first().map_or("0", String::as_str);
    let line = Line::open(Default::default(), "WAC", address, None, &[], &json!({"app_secret": SECRET}))?;
    let signature = wac::signature(SECRET, &body);
    let request =
        Request { action: "receive", body: &body, signature: Some(&signature), ..Request::default() };
    let reading = line.receive(&request)?;
    let answer: Value = serde_json::from_str(&answer::accepted(&line, &reading, &[]).body)?;
    let told = answer["data"].as_array().map_or(0, Vec::len);

    let told_apart: std::collections::BTreeSet<&String> = reading.notes.iter().collect();
    ensure!(told == reading.items.len() + told_apart.len(), "the answer tells of {told}: {answer}");
    let held = elements(payload);
    let kept = reading.items.len() + reading.notes.len();
    ensure!(held == kept, "{held} elements, but {kept} are kept: {reading:?}");
    for text in texts(payload) {
        let has = |item: &Inbound| matches!(item, Inbound::Message(message) if message.text == text);
        ensure!(reading.items.iter().any(has), "nobody said {text:?}: {reading:?}");
    }
    let forged = Request { signature: Some("sha256=00"), ..request };
    ensure!(matches!(line.receive(&forged), Err(Refusal::Unsigned(_))), "a forged webhook is taken");
    let unsigned = Request { signature: None, ..request };
    ensure!(matches!(line.receive(&unsigned), Err(Refusal::Unsigned(_))), "an unsigned webhook is taken");
    whole(payload).context("a part of it")
}

/// Whatever is cut off or replaced is answered as well.
fn whole(payload: &Value) -> Result<()> {
    let text = payload.to_string();
    let line = Line::open(Default::default(), "WAC", "0", None, &[], &json!({"app_secret": SECRET}))?;
    for end in (0..text.len()).step_by(7).filter(|end| text.is_char_boundary(*end)) {
        let body = &text.as_bytes()[..end];
        let signature = wac::signature(SECRET, body);
        let request = Request { action: "receive", body, signature: Some(&signature), ..Request::default() };
        let reading = line.receive(&request)?;
        ensure!(reading.items.is_empty() && !reading.notes.is_empty(), "cut at {end}: {reading:?}");
    }
    Ok(())
}

/// Everything of which a webhook tells: the elements of the lists of each change, or the change itself.
fn elements(payload: &Value) -> usize {
    let mut count = 0;
    for change in changes(payload) {
        let value = &change["value"];
        let lists = value.as_object().into_iter().flatten().filter(|(name, _)| *name != "contacts");
        let held: usize = lists.filter_map(|(_, value)| value.as_array().map(Vec::len)).sum();
        let is_numbered = !value["metadata"]["phone_number_id"].is_null();
        count += if is_numbered { held.max(usize::from(change["field"] != "messages")) } else { 1 };
    }
    count
}

/// What people wrote, pressed or chose.
fn texts(payload: &Value) -> Vec<&str> {
    let messages = changes(payload).filter_map(|change| change["value"]["messages"].as_array()).flatten();
    messages
        .filter(|message| message["group_id"].is_null())
        .filter_map(|message| {
            let interactive = &message["interactive"];
            let places = [
                &message["text"]["body"],
                &message["button"]["text"],
                &interactive["button_reply"]["title"],
                &interactive["list_reply"]["title"],
                &message["image"]["caption"],
                &message["video"]["caption"],
            ];
            places.into_iter().find_map(Value::as_str)
        })
        .collect()
}

fn changes(payload: &Value) -> impl Iterator<Item = &Value> {
    let entries = payload["entry"].as_array().into_iter().flatten();
    entries.filter_map(|entry| entry["changes"].as_array()).flatten()
}
