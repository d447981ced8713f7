//! What of the extensions does not fit the flow: found when somebody asks, never a reason to refuse it.

use domain::NodeUuid;
use domain::interactive::{
    MAX_BODY_CHARS, MAX_BUTTON_CHARS, MAX_BUTTONS, MAX_DESCRIPTION_CHARS, MAX_HEADER_CHARS, MAX_ID_CHARS,
    MAX_LIST_BODY_CHARS, MAX_ROW_CHARS, MAX_ROWS, MAX_SECTIONS,
};
use expressions::inspect::mistakes;
use smol_str::SmolStr;

use super::{InteractiveExtension, MessageExtension, NodeExtension, SectionExtension};
use crate::definition::actions::SendMsg;
use crate::definition::{ActionKind, Definition, Node, Wait};
use crate::program::TOP_LEVELS;
use crate::vocabulary;

/// Something in an extension that is left out, cut, or answered with an error when the flow runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtensionProblem {
    /// The node at which it stands.
    pub node: NodeUuid,
    /// What is wrong.
    pub reason: String,
}

/// Everything that is wrong with a flow's extensions.
pub fn problems(definition: &Definition) -> Vec<ExtensionProblem> {
    let mut found = Vec::new();
    let mut triggers = 0;
    for (uuid, extension) in &definition.extensions {
        let mut reasons = Reasons { definition, list: Vec::new() };
        match definition.nodes.iter().find(|node| node.uuid == *uuid) {
            Some(node) => reasons.node(node, extension),
            None => reasons.add("extensions stand at a node that is not in the flow"),
        }
        if extension.window_trigger.is_some() {
            triggers += 1;
            if triggers > 1 {
                reasons.add("a flow has one window_trigger; that of another node is used");
            }
        }
        found.extend(reasons.list.into_iter().map(|reason| ExtensionProblem { node: *uuid, reason }));
    }
    found
}

struct Reasons<'a> {
    definition: &'a Definition,
    list: Vec<String>,
}

impl Reasons<'_> {
    fn add(&mut self, reason: impl Into<String>) {
        self.list.push(reason.into());
    }

    fn node(&mut self, node: &Node, extension: &NodeExtension) {
        for (action, message) in &extension.messages {
            let kind = node.actions.iter().find(|known| known.uuid == *action).map(|known| &known.kind);
            match kind {
                Some(ActionKind::SendMsg(send)) => self.message(action.0, send, message),
                Some(_) => self.add(format!("messages names the action {action}, which sends no message")),
                None => self.add(format!("messages names the action {action}, which is not in the node")),
            }
        }
        let waits = node.router.as_ref().is_some_and(|router| matches!(router.wait, Some(Wait::Msg { .. })));
        if extension.collect.is_some() && !waits {
            self.add("collect stands at a node that does not wait for messages");
        }
        for step in &extension.steps {
            if let Some(before) = step.before
                && !node.actions.iter().any(|action| action.uuid == before)
            {
                let uuid = step.uuid;
                self.add(format!(
                    "step {uuid} shall be before the action {before}, which is not in the node"
                ));
            }
            step.kind.templates().into_iter().for_each(|text| self.template(text));
        }
    }

    fn template(&mut self, text: &str) {
        if text.contains('@') {
            let wrong = mistakes(text, &TOP_LEVELS, vocabulary::library());
            self.list.extend(wrong.into_iter().map(|mistake| mistake.to_string()));
        }
    }

    fn message(&mut self, action: uuid::Uuid, send: &SendMsg, message: &MessageExtension) {
        let Some(interactive) = &message.interactive else { return };
        interactive.texts().into_iter().for_each(|text| self.template(text));
        let body = match interactive {
            InteractiveExtension::List { .. } => MAX_LIST_BODY_CHARS,
            InteractiveExtension::Buttons { .. } | InteractiveExtension::Flow { .. } => MAX_BODY_CHARS,
        };
        self.long("the text", &send.text, body);
        let title = match interactive {
            InteractiveExtension::Buttons { header, footer, ids } => {
                self.around(header, footer);
                self.many("buttons", ids.len(), MAX_BUTTONS);
                ids.iter().for_each(|id| self.identifier(id));
                MAX_BUTTON_CHARS
            }
            InteractiveExtension::List { header, footer, button, sections } => {
                self.around(header, footer);
                self.long("the title of the button", button, MAX_BUTTON_CHARS);
                self.sections(sections);
                MAX_ROW_CHARS
            }
            InteractiveExtension::Flow { header, footer, cta, .. } => {
                self.around(header, footer);
                self.long("cta", cta, MAX_BUTTON_CHARS);
                return;
            }
        };
        self.titles(&send.quick_replies, interactive, title, "");
        let item = action.to_string();
        let localization = &self.definition.localization;
        for language in localization.0.keys() {
            if let Some(texts) = localization.texts(language, &item, "quick_replies") {
                self.titles(texts, interactive, title, &format!(" in {language}"));
            }
        }
    }

    fn titles(&mut self, replies: &[SmolStr], extension: &InteractiveExtension, limit: usize, place: &str) {
        let needed = extension.titles_needed().unwrap_or_default();
        if replies.len() != needed {
            let count = replies.len();
            self.add(format!("the message offers {needed} choices but has {count} quick replies{place}"));
        }
        for reply in replies {
            if reply.starts_with('<') {
                self.add(format!("the quick reply {reply:?}{place} cannot be the title of a choice"));
            }
            self.long("a title", reply, limit);
        }
    }

    fn sections(&mut self, sections: &[SectionExtension]) {
        self.many("sections", sections.len(), MAX_SECTIONS);
        self.many("rows", sections.iter().map(|section| section.rows.len()).sum(), MAX_ROWS);
        for section in sections {
            if section.title.is_empty() && sections.len() > 1 {
                self.add("a section of a list with several needs a title");
            }
            if section.rows.is_empty() {
                self.add("a section has no rows");
            }
            self.long("the title of a section", &section.title, MAX_ROW_CHARS);
            for row in &section.rows {
                self.identifier(&row.id);
                self.long("a description", &row.description, MAX_DESCRIPTION_CHARS);
            }
        }
    }

    fn around(&mut self, header: &str, footer: &str) {
        self.long("header", header, MAX_HEADER_CHARS);
        self.long("footer", footer, MAX_HEADER_CHARS);
    }

    fn identifier(&mut self, id: &str) {
        if id.is_empty() {
            self.add("a choice needs an id");
        }
        self.long("an id", id, MAX_ID_CHARS);
    }

    fn many(&mut self, what: &str, count: usize, limit: usize) {
        if count > limit {
            self.add(format!("a message can have {limit} {what}; this has {count}"));
        } else if count == 0 {
            self.add(format!("a message must have {what}"));
        }
    }

    /// How long a text with expressions becomes is known only when it is evaluated; it is cut then.
    fn long(&mut self, what: &str, text: &str, limit: usize) {
        let count = text.chars().count();
        if count > limit && !text.contains('@') {
            self.add(format!(
                "{what} of an interactive message can have {limit} characters; this has {count}"
            ));
        }
    }
}
