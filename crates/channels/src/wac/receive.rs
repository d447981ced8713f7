//! A webhook, to items of one channel. Whatever it holds becomes an item or a note.

use domain::Urn;
use serde_json::Value;
use smol_str::SmolStr;

use super::{SCHEME, Settings, message, status};
use crate::{Happening, Inbound, InboundEvent, Line, Reading, Refusal, Request};

/// The one kind of object that webhooks of WhatsApp carry.
const OBJECT: &str = "whatsapp_business_account";
/// Most notes about one webhook; the last says that there are more.
const MAX_NOTES: usize = 200;
/// Characters of Meta's words in a note.
const MAX_NOTE_CHARS: usize = 200;

/// Reads what a signed webhook says about the line's number and account.
///
/// A body that is signed but cannot be read is a note and no refusal: Meta would send it again for days.
pub(crate) fn receive(line: &Line, settings: &Settings, request: &Request<'_>) -> Result<Reading, Refusal> {
    if request.action != "receive" {
        return Err(Refusal::UnknownAction);
    }
    if settings.app_secret.is_none() {
        return Err(Refusal::Unsigned("the channel has no app_secret to check signatures with"));
    }
    if !settings.has_signed(request.body, request.signature) {
        return Err(Refusal::Unsigned("invalid request signature"));
    }
    let mut reading = Reading::default();
    let body: Value = match serde_json::from_slice(request.body) {
        Ok(body) => body,
        Err(error) => {
            reading.note(format!("unable to parse request JSON: {error}"));
            return Ok(reading);
        }
    };
    let object = body["object"].as_str().unwrap_or_default();
    if object != OBJECT {
        reading.note(format!("object expected '{OBJECT}', found {object}"));
        return Ok(reading);
    }
    for entry in list(&body["entry"]) {
        let account = entry["id"].as_str().unwrap_or_default();
        for change in list(&entry["changes"]) {
            let value = &change["value"];
            match number_of(value) {
                Some(number) if number == line.address => reading.read_change(settings, change),
                Some(_) => {}
                None if settings.is_of_account(account) => reading.note_account(change),
                None => {}
            }
        }
    }
    Ok(reading)
}

/// The numbers that a webhook speaks of, each once, in its order. For finding the channels before anything in it is
/// believed; empty if it cannot be read.
pub fn phone_number_ids(body: &[u8]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let Ok(body) = serde_json::from_slice::<Value>(body) else { return found };
    for change in list(&body["entry"]).iter().flat_map(|entry| list(&entry["changes"])) {
        if let Some(number) = number_of(&change["value"])
            && !found.contains(&number)
        {
            found.push(number);
        }
    }
    found
}

fn number_of(value: &Value) -> Option<String> {
    scalar(&value["metadata"]["phone_number_id"])
}

/// A text or number as text.
pub(super) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

impl Reading {
    /// Keeps a line about what is not acted on.
    pub(super) fn note(&mut self, note: impl Into<String>) {
        if self.notes.len() < MAX_NOTES {
            let note: String = note.into();
            self.notes.push(note.chars().filter(|c| !c.is_control()).take(MAX_NOTE_CHARS).collect());
        } else if let Some(last) = self.notes.last_mut() {
            "and more of the kind".clone_into(last);
        }
    }

    fn read_change(&mut self, settings: &Settings, change: &Value) {
        let field = change["field"].as_str().unwrap_or_default();
        let value = &change["value"];
        if field != "messages" {
            return self.note_others(field, value);
        }
        for message in list(&value["messages"]) {
            match message::read(settings, message, list(&value["contacts"])) {
                Ok(item) => self.items.push(item),
                Err(note) => self.note(note),
            }
        }
        for report in list(&value["statuses"]) {
            match status::read(report) {
                Ok(status) => {
                    self.items.push(Inbound::Status(status));
                    self.items.extend(status::opt_out(report).map(Inbound::Event));
                }
                Err(note) => self.note(note),
            }
        }
        for error in list(&value["errors"]) {
            self.note(format!("error {}", status::explain(error)));
        }
        let known = ["messages", "statuses", "errors", "contacts"];
        self.note_lists("messages", value, &known);
    }

    /// People who told WhatsApp that they want no more messages of this business, or that they want some again.
    fn read_preferences(&mut self, value: &Value) {
        for preference in list(&value["user_preferences"]) {
            let stops = preference["value"] == "stop";
            if !stops && preference["value"] != "resume" {
                continue;
            }
            let path = scalar(&preference["wa_id"]).or_else(|| scalar(&preference["user_id"]));
            let urn = path.map(|path| Urn::new(SCHEME, path.trim_start_matches('+')));
            if let Some(urn) = urn.filter(|urn| urn.validate().is_ok()) {
                let category = SmolStr::new(preference["category"].as_str().unwrap_or_default());
                self.items.push(Inbound::Event(match stops {
                    true => InboundEvent::StopContact { urn },
                    false => InboundEvent::Happened { urn, what: Happening::OptIn(category) },
                }));
            }
        }
    }

    /// Something of the number that is neither message nor report: calls, preferences, what was written on the
    /// business's own phone.
    fn note_others(&mut self, field: &str, value: &Value) {
        if field == "user_preferences" {
            self.read_preferences(value);
        }
        let before = self.notes.len();
        self.note_lists(field, value, &["contacts"]);
        if self.notes.len() == before {
            self.note(format!("ignoring {field}"));
        }
    }

    fn note_lists(&mut self, field: &str, value: &Value, known: &[&str]) {
        let Some(value) = value.as_object() else { return };
        for (name, elements) in value.iter().filter(|(name, _)| !known.contains(&name.as_str())) {
            for element in list(elements) {
                let what = ["event", "status", "value", "type", "code"]
                    .iter()
                    .find_map(|key| scalar(&element[*key]));
                self.note(format!("ignoring {field}: {name} {}", what.unwrap_or_default()).trim_end());
            }
        }
    }

    /// Something about the account, such as the approval of a template.
    fn note_account(&mut self, change: &Value) {
        let value = &change["value"];
        let field = change["field"].as_str().unwrap_or("change");
        self.templates_changed |= field.starts_with("message_template_");
        let names = [
            "message_template_name",
            "display_phone_number",
            "event",
            "new_quality_score",
            "new_category",
            "reason",
        ];
        let words: Vec<String> = names.iter().filter_map(|name| scalar(&value[*name])).collect();
        self.note(format!("{field}: {}", words.join(" ")).trim_end_matches([':', ' ']));
    }
}
