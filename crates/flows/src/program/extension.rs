//! Extensions of a program: messages with choices, waits that collect, steps beside the actions.

use domain::FlowUuid;
use serde_json::Value;
use smol_str::SmolStr;

use super::compile::{Compiler, Item};
use super::{ActionKind, Localized, Message, ResultName, Text};
use crate::definition::Reference;
use crate::definition::extensions::{
    self, InteractiveExtension, MessageExtension, ReminderMode, SectionExtension, StepKind,
};

/// What a message offers beside its text; titles are its quick replies.
#[derive(Clone, Debug)]
pub struct Offer {
    /// A line above the text.
    pub header: Localized<Text>,
    /// A line below it.
    pub footer: Localized<Text>,
    /// What is offered.
    pub kind: OfferKind,
}

/// The kinds of offers.
#[derive(Clone, Debug)]
pub enum OfferKind {
    /// Buttons.
    Buttons {
        /// Identifiers in the order of the quick replies.
        ids: Vec<Text>,
    },
    /// A list.
    List {
        /// Title of the button that opens it.
        button: Localized<Text>,
        /// Titles of its sections.
        titles: Localized<Vec<Text>>,
        /// Rows of each section.
        sizes: Vec<usize>,
        /// Identifiers of the rows in the order of the quick replies.
        ids: Vec<Text>,
        /// Descriptions in the same order.
        descriptions: Localized<Vec<Text>>,
    },
    /// A form of the carrier.
    Flow {
        /// The carrier's identifier of the form.
        flow_id: Text,
        /// What tells this sending from others; made up if empty.
        token: Text,
        /// Title of the button that opens it.
        cta: Localized<Text>,
        /// Its first screen.
        screen: Text,
        /// Values for the screen.
        data: Option<Data>,
    },
}

/// JSON whose texts are templates.
#[derive(Clone, Debug)]
pub enum Data {
    /// A text.
    Text(Text),
    /// A number, a truth value or null.
    Plain(Value),
    /// Values in order.
    List(Vec<Data>),
    /// Named values.
    Members(Vec<(SmolStr, Data)>),
}

/// A wait that takes several messages as one answer.
#[derive(Clone, Debug)]
pub struct Collect {
    /// Seconds without a further message after which it goes on.
    pub quiet_seconds: u32,
    /// Messages with which it goes on at once.
    pub max_messages: usize,
    /// Words, in lower case, that end it.
    pub closing_words: Vec<SmolStr>,
}

impl Collect {
    /// Whether a text is a closing word.
    pub fn closes(&self, text: &str) -> bool {
        !self.closing_words.is_empty()
            && self.closing_words.contains(&SmolStr::from(text.trim().to_lowercase()))
    }
}

impl From<&extensions::Collect> for Collect {
    fn from(collect: &extensions::Collect) -> Self {
        let words = collect.closing_words.iter();
        Self {
            quiet_seconds: collect.quiet_seconds,
            max_messages: collect.max_messages as usize,
            closing_words: words.map(|word| word.trim().to_lowercase().into()).collect(),
        }
    }
}

/// A reminder to set.
#[derive(Clone, Debug)]
pub struct Reminder {
    /// Its key.
    pub key: Text,
    /// The moment.
    pub at: Text,
    /// The flow to start.
    pub flow: Reference<FlowUuid>,
    /// Values for it.
    pub params: Vec<(SmolStr, Text)>,
    /// What happens if the contact is in a conversation.
    pub mode: ReminderMode,
}

impl Compiler<'_> {
    /// A step beside the actions.
    pub(super) fn step(&self, kind: &StepKind) -> ActionKind {
        match kind {
            StepKind::SetReminder { key, at, flow, params, mode } => ActionKind::SetReminder {
                reminder: Box::new(Reminder {
                    key: self.text(key),
                    at: self.text(at),
                    flow: flow.clone(),
                    params: params.iter().map(|(name, value)| (name.clone(), self.text(value))).collect(),
                    mode: *mode,
                }),
            },
            StepKind::CancelReminder { key } => ActionKind::CancelReminder { key: self.text(key) },
            StepKind::RecordOutcome { name, value, ticket } => ActionKind::RecordOutcome {
                outcome: ResultName::new(name),
                value: self.text(value),
                ticket: *ticket,
            },
            StepKind::RecordConsent { purpose, given, text } => ActionKind::RecordConsent {
                purpose: purpose.trim().into(),
                given: *given,
                text: self.text(text),
            },
        }
    }

    /// Adds what an extension gives a message.
    pub(super) fn extend(&self, message: &mut Message, extension: &MessageExtension, item: &Item<'_>) {
        message.pause_seconds = extension.pause_seconds;
        message.offer = extension.interactive.as_ref().map(|offer| Box::new(self.offer(offer, item)));
    }

    fn offer(&self, extension: &InteractiveExtension, item: &Item<'_>) -> Offer {
        let (InteractiveExtension::Buttons { header, footer, .. }
        | InteractiveExtension::List { header, footer, .. }
        | InteractiveExtension::Flow { header, footer, .. }) = extension;
        let kind = match extension {
            InteractiveExtension::Buttons { ids, .. } => OfferKind::Buttons { ids: self.texts(ids) },
            InteractiveExtension::List { button, sections, .. } => self.list(button, sections, item),
            InteractiveExtension::Flow { flow_id, token, cta, screen, data, .. } => OfferKind::Flow {
                flow_id: self.text(flow_id),
                token: self.text(token),
                cta: item.text("interactive_button", cta),
                screen: self.text(screen),
                data: data.as_ref().map(|data| self.data(data)),
            },
        };
        Offer {
            header: item.text("interactive_header", header),
            footer: item.text("interactive_footer", footer),
            kind,
        }
    }

    fn list(&self, button: &SmolStr, sections: &[SectionExtension], item: &Item<'_>) -> OfferKind {
        let titles: Vec<SmolStr> = sections.iter().map(|section| section.title.clone()).collect();
        let rows = || sections.iter().flat_map(|section| &section.rows);
        let descriptions: Vec<SmolStr> = rows().map(|row| row.description.clone()).collect();
        OfferKind::List {
            button: item.text("interactive_button", button),
            titles: item.texts("interactive_sections", &titles),
            sizes: sections.iter().map(|section| section.rows.len()).collect(),
            ids: rows().map(|row| self.text(&row.id)).collect(),
            descriptions: item.texts("interactive_descriptions", &descriptions),
        }
    }

    fn data(&self, data: &Value) -> Data {
        match data {
            Value::String(text) => Data::Text(self.text(&text.into())),
            Value::Array(items) => Data::List(items.iter().map(|item| self.data(item)).collect()),
            Value::Object(members) => {
                let member = |(name, value): (&String, &Value)| (SmolStr::new(name), self.data(value));
                Data::Members(members.iter().map(member).collect())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => Data::Plain(data.clone()),
        }
    }
}
