//! Messages with buttons, lists and forms: what is offered beside the text, whichever carrier shows it.
//!
//! The shapes and limits are those of WhatsApp, which has the narrowest. A carrier that knows none of it sends the
//! text with the titles as suggested answers.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use smol_str::SmolStr;

/// Buttons of a message.
pub const MAX_BUTTONS: usize = 3;
/// Characters of a button's title, also of the one that opens a list or a form.
pub const MAX_BUTTON_CHARS: usize = 20;
/// Rows of a list, over all its sections.
pub const MAX_ROWS: usize = 10;
/// Sections of a list.
pub const MAX_SECTIONS: usize = 10;
/// Characters of the title of a row or section.
pub const MAX_ROW_CHARS: usize = 24;
/// Characters of a row's description.
pub const MAX_DESCRIPTION_CHARS: usize = 72;
/// Characters of the line above the text, and of that below it.
pub const MAX_HEADER_CHARS: usize = 60;
/// Characters of the text with buttons or a form.
pub const MAX_BODY_CHARS: usize = 1_024;
/// Characters of the text with a list.
pub const MAX_LIST_BODY_CHARS: usize = 4_096;
/// Characters of the identifier of a button or row.
pub const MAX_ID_CHARS: usize = 200;

/// What a message offers beside its text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interactive {
    /// A line above the text; may be empty.
    #[serde(default, skip_serializing_if = "SmolStr::is_empty")]
    pub header: SmolStr,
    /// A line below it; may be empty.
    #[serde(default, skip_serializing_if = "SmolStr::is_empty")]
    pub footer: SmolStr,
    /// What is offered.
    #[serde(flatten)]
    pub kind: InteractiveKind,
}

/// The kinds of offers, by their JSON `type`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum InteractiveKind {
    /// Buttons below the message.
    Buttons {
        /// At most [`MAX_BUTTONS`]; they have no descriptions.
        buttons: Vec<Choice>,
    },
    /// A list that a button opens.
    List {
        /// Title of the button.
        button: SmolStr,
        /// At most [`MAX_SECTIONS`] with [`MAX_ROWS`] together.
        sections: Vec<Section>,
    },
    /// A form of the carrier (a WhatsApp Flow).
    Flow {
        /// The carrier's identifier of the form.
        flow_id: SmolStr,
        /// What tells this sending of the form from others; comes back with the answer.
        token: SmolStr,
        /// Title of the button that opens it.
        cta: SmolStr,
        /// Its first screen; the form's own if empty.
        #[serde(default, skip_serializing_if = "SmolStr::is_empty")]
        screen: SmolStr,
        /// Values for that screen.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        data: Option<Value>,
    },
}

/// Something that can be chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// What comes back when it is chosen.
    pub id: SmolStr,
    /// What it shows.
    pub title: SmolStr,
    /// A second, smaller line; lists only.
    #[serde(default, skip_serializing_if = "SmolStr::is_empty")]
    pub description: SmolStr,
}

/// Rows of a list under a title.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// The title; needed where there are several sections.
    #[serde(default, skip_serializing_if = "SmolStr::is_empty")]
    pub title: SmolStr,
    /// The rows.
    pub rows: Vec<Choice>,
}

impl Interactive {
    /// Everything that can be chosen, in order; nothing of a form.
    pub fn choices(&self) -> Vec<&Choice> {
        match &self.kind {
            InteractiveKind::Buttons { buttons } => buttons.iter().collect(),
            InteractiveKind::List { sections, .. } => {
                sections.iter().flat_map(|section| &section.rows).collect()
            }
            InteractiveKind::Flow { .. } => Vec::new(),
        }
    }

    /// Cuts what is too long and leaves out what is too much, so that carriers take the message.
    #[must_use]
    pub fn within_limits(mut self) -> Self {
        cut(&mut self.header, MAX_HEADER_CHARS);
        cut(&mut self.footer, MAX_HEADER_CHARS);
        match &mut self.kind {
            InteractiveKind::Buttons { buttons } => {
                buttons.truncate(MAX_BUTTONS);
                for button in buttons {
                    cut(&mut button.title, MAX_BUTTON_CHARS);
                    cut(&mut button.id, MAX_ID_CHARS);
                }
            }
            InteractiveKind::List { button, sections } => {
                cut(button, MAX_BUTTON_CHARS);
                sections.retain(|section| !section.rows.is_empty());
                sections.truncate(MAX_SECTIONS);
                let mut room = MAX_ROWS;
                for section in sections {
                    cut(&mut section.title, MAX_ROW_CHARS);
                    section.rows.truncate(room);
                    room -= section.rows.len();
                    for row in &mut section.rows {
                        cut(&mut row.title, MAX_ROW_CHARS);
                        cut(&mut row.description, MAX_DESCRIPTION_CHARS);
                        cut(&mut row.id, MAX_ID_CHARS);
                    }
                }
            }
            InteractiveKind::Flow { cta, .. } => cut(cta, MAX_BUTTON_CHARS),
        }
        self
    }
}

/// Cuts a text to so many characters, the last an ellipsis.
fn cut(text: &mut SmolStr, limit: usize) {
    if text.len() > limit && text.chars().count() > limit {
        let kept: String = text.chars().take(limit - 1).chain(['…']).collect();
        *text = kept.into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(id: &str, title: &str) -> Choice {
        Choice { id: id.into(), title: title.into(), description: SmolStr::default() }
    }

    #[test]
    fn what_is_too_much_is_cut() {
        let rows = |count: usize| (0..count).map(|row| choice(&row.to_string(), "Row")).collect();
        let list = Interactive {
            header: "h".repeat(61).into(),
            footer: SmolStr::default(),
            kind: InteractiveKind::List {
                button: "Choose one of these clinics".into(),
                sections: vec![
                    Section { title: "North".into(), rows: rows(7) },
                    Section::default(),
                    Section { title: "South".into(), rows: rows(7) },
                ],
            },
        };
        let list = list.within_limits();
        assert_eq!(list.header.chars().count(), MAX_HEADER_CHARS);
        assert_eq!(list.choices().len(), MAX_ROWS);
        let InteractiveKind::List { button, sections } = &list.kind else { panic!("a list") };
        assert_eq!((button.as_str(), sections.len()), ("Choose one of these…", 2));
    }

    #[test]
    fn json_names_the_type_beside_header_and_footer() {
        let json = r#"{"footer":"Any time","type":"buttons","buttons":[{"id":"y","title":"Yes"}]}"#;
        let read: Interactive = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), json);
        assert_eq!(read.choices(), [&choice("y", "Yes")]);
    }
}
