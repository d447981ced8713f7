//! Texts for one person outside of any flow, such as the messages of a programme.

use std::sync::Arc;

use domain::{Contact, FlowUuid, Reference, SessionUuid};
use smol_str::SmolStr;

use crate::{
    definition::FlowType,
    engine::{Engine, work::Work},
    program::Text,
    session::{Session, SessionStatus, TriggerSlot},
    trigger::{Trigger, TriggerKind},
    vocabulary::library,
};

/// What is wrong with the first expression of a text that cannot be read, for whoever writes it.
pub fn template_problem(text: &SmolStr) -> Option<SmolStr> {
    match Text::compile(text, library()) {
        Text::Constant(_) => None,
        Text::Template(template) => template.problem().map(|problem| problem.to_string().into()),
    }
}

impl Engine<'_> {
    /// A text for one person: expressions see the contact, globals and tables, and nothing of a session. One that cannot
    /// be evaluated leaves its place empty, as in flows.
    pub fn render_for(&self, contact: &Contact, text: &SmolStr) -> SmolStr {
        let text = match Text::compile(text, library()) {
            Text::Constant(constant) => return constant,
            template @ Text::Template(_) => template,
        };
        let now = self.host.now();
        let nobody = Reference { uuid: FlowUuid::default(), name: SmolStr::default() };
        let trigger = Trigger::new(nobody, now, TriggerKind::Manual { user: None, origin: None });
        let session = Session {
            uuid: SessionUuid::default(),
            flow_type: FlowType::Messaging,
            created_on: now,
            trigger: TriggerSlot::new(Arc::new(trigger)),
            contact: contact.uuid,
            call: None,
            runs: Vec::new(),
            status: SessionStatus::Active,
            input: None,
            sprints: 0,
            pending: None,
            offered: Vec::new(),
            collected: Vec::new(),
        };
        let mut contact = contact.clone();
        Work::new(self, &mut contact, session).render(&text).0
    }
}
