//! What a message can have more: a pause before it, and buttons, a list or a form.

use serde::Deserialize;
use serde_json::Value;
use smol_str::SmolStr;

use super::{MAX_PAUSE_SECONDS, within};
use crate::definition::fields::Problems;
use crate::definition::limits::MAX_TEXT;

/// Bytes of the values for a form.
const MAX_DATA_BYTES: usize = 20_000;

/// What one `send_msg` has more.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MessageExtension {
    /// Seconds between what was sent before and this.
    #[serde(default)]
    pub pause_seconds: u32,
    /// What is offered beside the text. Titles are the message's quick replies, in order, so that there is a
    /// fallback and they are translated as ever.
    #[serde(default)]
    pub interactive: Option<InteractiveExtension>,
}

/// What is offered beside the text. Every text but the identifier of a form is a template.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum InteractiveExtension {
    /// Buttons, one for each quick reply.
    Buttons {
        /// A line above the text.
        #[serde(default)]
        header: SmolStr,
        /// A line below it.
        #[serde(default)]
        footer: SmolStr,
        /// Identifiers, in the order of the quick replies.
        ids: Vec<SmolStr>,
    },
    /// A list, a row for each quick reply.
    List {
        /// A line above the text.
        #[serde(default)]
        header: SmolStr,
        /// A line below it.
        #[serde(default)]
        footer: SmolStr,
        /// Title of the button that opens it.
        button: SmolStr,
        /// Its sections, whose rows together are in the order of the quick replies.
        sections: Vec<SectionExtension>,
    },
    /// A form of the carrier.
    Flow {
        /// A line above the text.
        #[serde(default)]
        header: SmolStr,
        /// A line below it.
        #[serde(default)]
        footer: SmolStr,
        /// The carrier's identifier of the form.
        flow_id: SmolStr,
        /// What tells this sending from others; made up if empty.
        #[serde(default)]
        token: SmolStr,
        /// Title of the button that opens it.
        cta: SmolStr,
        /// Its first screen.
        #[serde(default)]
        screen: SmolStr,
        /// Values for the screen; texts in it are templates.
        #[serde(default)]
        data: Option<Value>,
    },
}

/// Rows of a list under a title.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SectionExtension {
    /// The title.
    #[serde(default)]
    pub title: SmolStr,
    /// The rows.
    pub rows: Vec<RowExtension>,
}

/// A row of a list; its title is a quick reply.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowExtension {
    /// What comes back when it is chosen.
    pub id: SmolStr,
    /// A second, smaller line.
    #[serde(default)]
    pub description: SmolStr,
}

impl MessageExtension {
    pub(super) fn check(&self, field: &str, problems: &mut Problems) {
        within(problems, &format!("{field}.pause_seconds"), self.pause_seconds, 0, MAX_PAUSE_SECONDS);
        let Some(interactive) = &self.interactive else { return };
        for text in interactive.texts() {
            problems.max_text(&format!("{field}.interactive"), text, MAX_TEXT);
        }
        let data = match interactive {
            InteractiveExtension::Flow { data: Some(data), .. } => data,
            InteractiveExtension::Flow { .. }
            | InteractiveExtension::Buttons { .. }
            | InteractiveExtension::List { .. } => return,
        };
        if !data.is_object() {
            problems.add(format!("field '{field}.interactive.data' must be an object"));
        } else if data.to_string().len() > MAX_DATA_BYTES {
            problems.add(format!(
                "field '{field}.interactive.data' must not have more than {MAX_DATA_BYTES} bytes"
            ));
        }
    }
}

impl InteractiveExtension {
    /// Every text in it, templates and others.
    pub fn texts(&self) -> Vec<&SmolStr> {
        match self {
            Self::Buttons { header, footer, ids } => [header, footer].into_iter().chain(ids).collect(),
            Self::List { header, footer, button, sections } => {
                let mut texts = vec![header, footer, button];
                for section in sections {
                    texts.push(&section.title);
                    texts.extend(section.rows.iter().flat_map(|row| [&row.id, &row.description]));
                }
                texts
            }
            Self::Flow { header, footer, flow_id, token, cta, screen, .. } => {
                vec![header, footer, flow_id, token, cta, screen]
            }
        }
    }

    /// How many quick replies the message must have for it; any number for a form.
    pub fn titles_needed(&self) -> Option<usize> {
        match self {
            Self::Buttons { ids, .. } => Some(ids.len()),
            Self::List { sections, .. } => Some(sections.iter().map(|section| section.rows.len()).sum()),
            Self::Flow { .. } => None,
        }
    }
}
