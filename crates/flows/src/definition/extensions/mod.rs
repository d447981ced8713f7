//! What Seedling's flows have beyond the specification: pauses, waits that collect, lists and buttons, reminders,
//! outcomes, the trigger at the end of the 24-hour window.
//!
//! They stand in the editor's part of the definition, at `_ui.nodes[NODE].config.seedling`, because that is the one
//! place which engines and editors hand on verbatim (docs/decisions/extensions.md). An engine that knows nothing of
//! them runs the flow without: a list is a text with quick replies, a reminder is not set. What stands there is read
//! strictly: a shape that is not ours refuses the flow, naming the node. What has come apart since, by an edit in
//! another tool, is a [problem](ExtensionProblem) that `flow check` lists, and is left out when the flow runs.

mod message;
mod problems;
mod steps;

use std::collections::BTreeMap;

use domain::{ActionUuid, NodeUuid};
use serde::Deserialize;
use serde_json::value::RawValue;
use smol_str::SmolStr;

use super::DefinitionError;
use super::fields::Problems;

pub use message::{InteractiveExtension, MessageExtension, RowExtension, SectionExtension};
pub use problems::{ExtensionProblem, problems};
pub use steps::{Collect, ReminderMode, Step, StepKind, WindowTrigger};

/// The key under which extensions stand in a node's `config`.
pub const KEY: &str = "seedling";
/// Longest pause before one message, in seconds.
pub const MAX_PAUSE_SECONDS: u32 = 300;
/// Longest quiet time of a wait that collects, in seconds.
pub const MAX_QUIET_SECONDS: u32 = 3_600;
/// Messages that one wait collects.
pub const MAX_COLLECTED: u32 = 50;
/// Words that end collecting.
pub const MAX_CLOSING_WORDS: usize = 20;
/// Steps that extensions add to one node.
pub const MAX_STEPS: usize = 20;
/// Characters of the key of a reminder, and of the name of an outcome.
pub const MAX_KEY_CHARS: usize = 64;
/// Values that a reminder hands to its flow.
pub const MAX_PARAMS: usize = 20;
/// Minutes of the 24-hour window, less one: a trigger must come within it.
pub const MAX_MINUTES_BEFORE: u32 = 24 * 60 - 1;

/// The extensions of a flow, by node.
pub type Extensions = BTreeMap<NodeUuid, NodeExtension>;

/// The extensions of one node.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeExtension {
    /// What messages of the node have more, by their action.
    #[serde(default)]
    pub messages: BTreeMap<ActionUuid, MessageExtension>,
    /// That the wait of the node collects several messages.
    #[serde(default)]
    pub collect: Option<Collect>,
    /// Steps beside the actions of the node.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// That the flow starts before the contact's 24-hour window closes; on any one node.
    #[serde(default)]
    pub window_trigger: Option<WindowTrigger>,
}

#[derive(Deserialize)]
struct Ui<'a> {
    #[serde(default, borrow)]
    nodes: Option<BTreeMap<SmolStr, Option<UiNode<'a>>>>,
}

#[derive(Deserialize)]
struct UiNode<'a> {
    #[serde(default, borrow)]
    config: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Config<'a> {
    #[serde(default, borrow)]
    seedling: Option<&'a RawValue>,
}

/// Reads the extensions in the `_ui` of a flow. What else stands there is the editor's and may have any shape.
pub(super) fn read(ui: &RawValue) -> Result<Extensions, DefinitionError> {
    let mut extensions = Extensions::new();
    if !ui.get().contains("\"seedling\"") {
        return Ok(extensions);
    }
    let Ok(Ui { nodes: Some(nodes) }) = serde_json::from_str::<Ui<'_>>(ui.get()) else {
        return Ok(extensions);
    };
    for (uuid, node) in nodes {
        let (Ok(uuid), Some(UiNode { config: Some(config) })) = (uuid.parse::<NodeUuid>(), node) else {
            continue;
        };
        let Ok(Config { seedling: Some(text) }) = serde_json::from_str::<Config<'_>>(config.get()) else {
            continue;
        };
        let refuse = |reason: String| DefinitionError::Node {
            node: Some(uuid),
            reason: format!("unable to read the extensions of node[uuid={uuid}]: {reason}"),
        };
        let extension: NodeExtension =
            serde_json::from_str(text.get()).map_err(|error| refuse(plain(&error)))?;
        let mut problems = Problems::default();
        extension.check(&mut problems);
        problems.finish().map_err(refuse)?;
        extensions.insert(uuid, extension);
    }
    Ok(extensions)
}

/// What the parser met, without a position: it would count from the start of the part.
fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}

impl NodeExtension {
    fn check(&self, problems: &mut Problems) {
        for (action, message) in &self.messages {
            message.check(&format!("messages[{action}]"), problems);
        }
        if let Some(collect) = &self.collect {
            collect.check(problems);
        }
        problems.max_items("steps", self.steps.len(), MAX_STEPS);
        for (index, step) in self.steps.iter().enumerate() {
            step.check(&format!("steps[{index}]"), problems);
        }
        if let Some(trigger) = &self.window_trigger {
            trigger.check(problems);
        }
    }
}

/// A whole number within bounds.
fn within(problems: &mut Problems, field: &str, number: u32, least: u32, most: u32) {
    if number < least || number > most {
        problems.add(format!("field '{field}' must be a whole number from {least} to {most}"));
    }
}
