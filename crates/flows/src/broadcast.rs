//! What one person gets of a message to many: the translation in their language, over the channel that reaches
//! them, with the carrier's template where there is one. A flow that sends a broadcast has evaluated its templates
//! already; what a campaign says, or a person or program to many, is evaluated for each person.

use domain::{Contact, EventUuid, Reference};
use expressions::Environment;
use smol_str::{SmolStr, format_smolstr};

use crate::{
    actions::templating,
    context::channel_of,
    engine::Engine,
    events::{
        BroadcastContent, BroadcastCreated, Event, EventKind, MsgCreated, MsgOut, TemplateVariable,
        UnsendableReason,
    },
    modifiers::merge_environment,
};

impl Engine<'_> {
    /// The message that a broadcast is to one contact: a [`EventKind::MsgCreated`]. Text, attachments and suggested
    /// answers are each taken from the first of the contact's language (if the workspace has it), the workspace's
    /// and the broadcast's own that has them.
    pub fn broadcast_message(
        &self,
        contact: &Contact,
        broadcast: &BroadcastCreated,
        broadcast_uuid: uuid::Uuid,
    ) -> Event {
        self.message_to_many(contact, broadcast, Some(broadcast_uuid), false)
    }

    /// The same, with the expressions in text, attachments and values of the template evaluated for the contact: they see
    /// the contact, the workspace's globals and its tables. What of them fails adds nothing.
    pub fn evaluated_broadcast_message(
        &self,
        contact: &Contact,
        broadcast: &BroadcastCreated,
        broadcast_uuid: uuid::Uuid,
    ) -> Event {
        self.message_to_many(contact, broadcast, Some(broadcast_uuid), true)
    }

    fn message_to_many(
        &self,
        contact: &Contact,
        broadcast: &BroadcastCreated,
        broadcast_uuid: Option<uuid::Uuid>,
        evaluate: bool,
    ) -> Event {
        let rendered = |text: &SmolStr| if evaluate { self.render_for(contact, text) } else { text.clone() };
        let merged = merge_environment(self.assets, self.env, contact);
        let env = merged.as_deref().unwrap_or(self.env);
        let languages = languages(self.env, contact, broadcast);
        let contents =
            || languages.iter().filter_map(|code| Some((*code, broadcast.translations.get(*code)?)));
        let pick = |has: fn(&BroadcastContent) -> bool| contents().find(|(_, content)| has(content));
        let (language, text) = pick(|content| !content.text.is_empty())
            .map_or((&broadcast.base_language, SmolStr::default()), |(code, content)| {
                (code, rendered(&content.text))
            });
        let mut msg = MsgOut {
            text,
            attachments: pick(|content| !content.attachments.is_empty())
                .map(|(_, content)| content.attachments.iter().map(rendered).collect())
                .unwrap_or_default(),
            quick_replies: pick(|content| !content.quick_replies.is_empty())
                .map(|(_, content)| content.quick_replies.clone())
                .unwrap_or_default(),
            locale: locale(env, language),
            ..MsgOut::default()
        };
        let route = channel_of(self.assets, contact);
        msg.unsendable_reason = match UnsendableReason::of_status(contact.status) {
            None if route.is_none() => Some(UnsendableReason::NoRoute),
            None if self.host.forbidden(&msg.text) => Some(UnsendableReason::ForbiddenContent),
            reason => reason,
        };
        if let Some((urn, channel)) = route {
            msg.urn = Some(urn.urn.clone());
            msg.channel = Some(Reference { uuid: channel.uuid, name: channel.name.clone() });
            let template = broadcast.template.as_ref().and_then(|t| self.assets.template(t.uuid));
            if let Some(template) = template
                && let Some(translation) =
                    templating::find(env, &broadcast.base_language, &template.translations, channel)
            {
                let values = translation.variables.iter().enumerate().map(|(index, variable)| {
                    let value = broadcast.template_variables.get(index).map(rendered).unwrap_or_default();
                    TemplateVariable { kind: variable.kind.clone(), value }
                });
                let values = values.collect();
                templating::put(template, translation, values, &mut msg);
            }
        }
        let uuid = EventUuid(self.host.uuid_v7());
        let created = MsgCreated { msg, broadcast_uuid };
        Event::new(uuid, self.host.now(), EventKind::MsgCreated(created))
    }
}

impl Engine<'_> {
    /// What a point of a campaign says to one contact: as [`Engine::evaluated_broadcast_message`], of no broadcast.
    pub fn campaign_message(&self, contact: &Contact, message: &BroadcastCreated) -> Event {
        self.message_to_many(contact, message, None, true)
    }
}

/// The languages to look for, the one that suits the contact best first.
fn languages<'a>(
    env: &'a Environment,
    contact: &'a Contact,
    broadcast: &'a BroadcastCreated,
) -> Vec<&'a SmolStr> {
    let own = contact.language.as_ref().filter(|code| env.allowed_languages.contains(code));
    own.into_iter().chain(env.allowed_languages.first()).chain([&broadcast.base_language]).collect()
}

fn locale(env: &Environment, language: &SmolStr) -> SmolStr {
    match &env.default_country {
        _ if language.is_empty() => SmolStr::default(),
        Some(country) => format_smolstr!("{language}-{country}"),
        None => language.clone(),
    }
}
