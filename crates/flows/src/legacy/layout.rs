//! What the editor shows: where nodes stand, what they are edited as, and notes.

use serde_json::{Value, json};

use super::job::Job;
use super::shape::{Object, plain, text};

/// The colour of notes, which the old editor did not have.
const NOTE_COLOR: &str = "yellow";
/// The colour of notes about what could not be brought along.
const LOSS_COLOR: &str = "pink";
/// Pixels between a node and the note about it.
const NOTE_OFFSET: i64 = 220;
/// Notes that a flow brings along; the editor's section has a limit.
const MAX_NOTES: usize = 200;

/// How a node is shown in the editor.
pub(super) fn node(kind: &str, old: &Value, config: Option<Value>) -> Value {
    let mut ui = json!({"type": kind, "position": position(old)});
    if let Some(config) = config {
        ui["config"] = config;
    }
    ui
}

/// Where something stands, in whole pixels.
pub(super) fn position(old: &Value) -> Value {
    json!({"left": pixels(&old["x"]), "top": pixels(&old["y"])})
}

/// A coordinate; old editors wrote fractions.
pub(super) fn pixels(value: &Value) -> i64 {
    let number = value.as_f64().or_else(|| plain(value).trim().parse().ok()).unwrap_or_default();
    // The cast saturates, and takes what is no number as 0.
    number as i64
}

/// The notes of a flow, and one for each thing that could not be brought along.
pub(super) fn stickies(metadata: &Value, job: &mut Job<'_, '_>) -> Object {
    let mut stickies = Object::new();
    for note in metadata["notes"].as_array().into_iter().flatten().take(MAX_NOTES) {
        let sticky = json!({"position": position(note), "title": text(note, "title"),
            "body": text(note, "body"), "color": NOTE_COLOR});
        stickies.insert(job.draw(), sticky);
    }
    for (place, what) in std::mem::take(&mut job.losses).into_iter().take(MAX_NOTES) {
        let left = place["left"].as_i64().unwrap_or_default().saturating_add(NOTE_OFFSET);
        let sticky = json!({"position": {"left": left, "top": place["top"]}, "title": "Not brought along",
            "body": what, "color": LOSS_COLOR});
        stickies.insert(job.draw(), sticky);
    }
    stickies
}
