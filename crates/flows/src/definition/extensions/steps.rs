//! Waits that collect, steps beside the actions of a node, and the trigger at the end of the 24-hour window.

use std::collections::BTreeMap;

use domain::{ActionUuid, FlowUuid, GroupUuid};
use serde::Deserialize;
use serde_json::{Map, Value};
use smol_str::SmolStr;

use super::{
    MAX_CLOSING_WORDS, MAX_COLLECTED, MAX_KEY_CHARS, MAX_MINUTES_BEFORE, MAX_PARAMS, MAX_QUIET_SECONDS,
    within,
};
use crate::definition::Reference;
use crate::definition::fields::Problems;
use crate::definition::limits::{MAX_RECIPIENTS, MAX_TEXT};

/// A wait that takes several messages as one answer. It ends with a quiet time, a number of messages, or a word.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Collect {
    /// Seconds without a further message after which it goes on.
    pub quiet_seconds: u32,
    /// Messages with which it goes on at once.
    #[serde(default = "most_collected")]
    pub max_messages: u32,
    /// Words that, alone in a message and whatever their case, end it; that message is not part of the answer.
    #[serde(default)]
    pub closing_words: Vec<SmolStr>,
}

fn most_collected() -> u32 {
    MAX_COLLECTED
}

/// A step beside the actions of a node.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Map<String, Value>")]
pub struct Step {
    /// Public identifier.
    pub uuid: ActionUuid,
    /// The action before which it is done; after all of them if absent.
    pub before: Option<ActionUuid>,
    /// What is done.
    pub kind: StepKind,
}

impl TryFrom<Map<String, Value>> for Step {
    type Error = serde_json::Error;

    /// The kind refuses keys that are not its own, so those of every step are taken out first.
    fn try_from(mut step: Map<String, Value>) -> Result<Self, Self::Error> {
        let mut own = |key: &str| step.remove(key).unwrap_or_default();
        let uuid = serde_json::from_value::<Option<ActionUuid>>(own("uuid"))?.unwrap_or_default();
        let before = serde_json::from_value(own("before"))?;
        Ok(Self { uuid, before, kind: serde_json::from_value(Value::Object(step))? })
    }
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum StepKind {
    /// Starts a flow for the contact at a later moment. One with the same key takes the place of the one before.
    SetReminder {
        /// Template of its key.
        key: SmolStr,
        /// Template of the moment.
        at: SmolStr,
        /// The flow.
        flow: Reference<FlowUuid>,
        /// Templates of values for `@trigger.params`.
        #[serde(default)]
        params: BTreeMap<SmolStr, SmolStr>,
        /// What happens if the contact is in a conversation at that moment.
        #[serde(default)]
        mode: ReminderMode,
    },
    /// Takes a reminder back.
    CancelReminder {
        /// Template of its key; all reminders of the contact if empty.
        #[serde(default)]
        key: SmolStr,
    },
    /// Records what was achieved.
    RecordOutcome {
        /// Its name.
        name: SmolStr,
        /// Template of the value.
        #[serde(default)]
        value: SmolStr,
        /// Whether it belongs to the contact's open ticket, if there is one.
        #[serde(default)]
        ticket: bool,
    },
    /// Keeps that the contact agreed to something, or took it back.
    RecordConsent {
        /// To what.
        purpose: SmolStr,
        /// Whether they agreed; else they took it back.
        #[serde(default = "agreed")]
        given: bool,
        /// Template of what they were shown.
        #[serde(default)]
        text: SmolStr,
    },
}

fn agreed() -> bool {
    true
}

/// What a reminder does when the contact is in a conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReminderMode {
    /// Takes its place, as a keyword would.
    #[default]
    Interrupt,
    /// Does nothing.
    Skip,
}

impl ReminderMode {
    /// The word in definitions and events.
    pub fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "interrupt",
            Self::Skip => "skip",
        }
    }
}

/// Starts the flow before the contact's 24-hour window closes.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowTrigger {
    /// How many minutes before.
    pub minutes_before: u32,
    /// Only members of one of these, if any are named.
    #[serde(default)]
    pub groups: Vec<Reference<GroupUuid>>,
    /// Not members of one of these.
    #[serde(default)]
    pub exclude_groups: Vec<Reference<GroupUuid>>,
}

impl Collect {
    pub(super) fn check(&self, problems: &mut Problems) {
        within(problems, "collect.quiet_seconds", self.quiet_seconds, 1, MAX_QUIET_SECONDS);
        within(problems, "collect.max_messages", self.max_messages, 1, MAX_COLLECTED);
        problems.max_items("collect.closing_words", self.closing_words.len(), MAX_CLOSING_WORDS);
        for (index, word) in self.closing_words.iter().enumerate() {
            problems.required(&format!("collect.closing_words[{index}]"), word.trim());
        }
    }
}

impl Step {
    pub(super) fn check(&self, field: &str, problems: &mut Problems) {
        problems.required_uuid(&format!("{field}.uuid"), self.uuid.0);
        for text in self.kind.templates() {
            problems.max_text(field, text, MAX_TEXT);
        }
        match &self.kind {
            StepKind::SetReminder { key, at, flow, params, .. } => {
                problems.required(&format!("{field}.key"), key);
                problems.required(&format!("{field}.at"), at);
                problems.reference(&format!("{field}.flow"), flow);
                problems.max_items(&format!("{field}.params"), params.len(), MAX_PARAMS);
            }
            StepKind::CancelReminder { .. } => {}
            StepKind::RecordOutcome { name, .. } => {
                problems.required(&format!("{field}.name"), name);
                problems.max_text(&format!("{field}.name"), name, MAX_KEY_CHARS);
            }
            StepKind::RecordConsent { purpose, .. } => {
                problems.required(&format!("{field}.purpose"), purpose.trim());
                problems.max_text(&format!("{field}.purpose"), purpose, MAX_KEY_CHARS);
            }
        }
    }
}

impl StepKind {
    /// Every template in it.
    pub fn templates(&self) -> Vec<&SmolStr> {
        match self {
            Self::SetReminder { key, at, params, .. } => {
                [key, at].into_iter().chain(params.values()).collect()
            }
            Self::CancelReminder { key } => vec![key],
            Self::RecordOutcome { value, .. } => vec![value],
            Self::RecordConsent { text, .. } => vec![text],
        }
    }
}

impl WindowTrigger {
    pub(super) fn check(&self, problems: &mut Problems) {
        within(problems, "window_trigger.minutes_before", self.minutes_before, 1, MAX_MINUTES_BEFORE);
        problems.max_items("window_trigger.groups", self.groups.len(), MAX_RECIPIENTS);
        problems.max_items("window_trigger.exclude_groups", self.exclude_groups.len(), MAX_RECIPIENTS);
    }
}
