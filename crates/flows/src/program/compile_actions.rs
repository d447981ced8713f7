//! From the actions of a definition to those of a program.

use domain::ActionUuid;

use super::compile::{Compiler, Item, result_name};
use super::{Action, ActionKind, Assignee, Message, Named, Recipients, ResultName};
use crate::definition::actions as source;
use crate::definition::extensions::{MessageExtension, NodeExtension};
use crate::definition::{self, ActionKind as Source, Reference, UserReference, VariableReference};

impl Compiler<'_> {
    pub(super) fn action(&self, action: &definition::Action, extension: Option<&MessageExtension>) -> Action {
        let item = self.item(action.uuid.0);
        let mut kind = self.spoken(&action.kind, &item);
        if let (ActionKind::SendMsg { message }, Some(extension)) = (&mut kind, extension) {
            self.extend(message, extension, &item);
        }
        Action { uuid: action.uuid, kind }
    }

    /// The actions of a node with the steps that its extension adds, each in its place.
    pub(super) fn actions(&self, node: &definition::Node, extension: Option<&NodeExtension>) -> Vec<Action> {
        let Some(extension) = extension else {
            return node.actions.iter().map(|action| self.action(action, None)).collect();
        };
        let known = |uuid| node.actions.iter().any(|action| action.uuid == uuid);
        let steps = |before: Option<ActionUuid>| {
            let here =
                extension.steps.iter().filter(move |step| step.before.filter(|uuid| known(*uuid)) == before);
            here.map(|step| Action { uuid: step.uuid, kind: self.step(&step.kind) })
        };
        let mut actions = Vec::with_capacity(node.actions.len() + extension.steps.len());
        for action in &node.actions {
            actions.extend(steps(Some(action.uuid)));
            actions.push(self.action(action, extension.messages.get(&action.uuid)));
        }
        actions.extend(steps(None));
        actions
    }

    /// Actions that say something, in the contact's language.
    fn spoken(&self, action: &Source, item: &Item<'_>) -> ActionKind {
        match action {
            Source::PlayAudio(a) => ActionKind::PlayAudio { audio_url: item.text("audio_url", &a.audio_url) },
            Source::SayMsg(a) => ActionKind::SayMsg {
                text: item.text("text", &a.text),
                audio_url: item.name("audio_url", &a.audio_url),
            },
            Source::SendMsg(a) => ActionKind::SendMsg { message: self.message(a, item) },
            Source::SendBroadcast(a) => ActionKind::SendBroadcast {
                recipients: self.recipients(&a.recipients),
                message: self.message(&a.message, item),
            },
            Source::SendEmail(a) => ActionKind::SendEmail {
                addresses: self.texts(&a.addresses),
                subject: item.text("subject", &a.subject),
                body: item.text("body", &a.body),
            },
            Source::SetRunResult(a) => ActionKind::SetRunResult {
                result: ResultName::new(&a.name),
                value: self.text(&a.value),
                category: item.name("category", &a.category),
            },
            other => self.about_contact(other),
        }
    }

    /// Actions that change the contact.
    fn about_contact(&self, action: &Source) -> ActionKind {
        match action {
            Source::AddContactGroups(a) => ActionKind::AddContactGroups { groups: self.named(&a.groups) },
            Source::AddContactUrn(a) => {
                ActionKind::AddContactUrn { scheme: a.scheme.clone(), path: self.text(&a.path) }
            }
            Source::RemoveContactGroups(a) => {
                ActionKind::RemoveContactGroups { groups: self.named(&a.groups), all_groups: a.all_groups }
            }
            Source::SetContactChannel(a) => ActionKind::SetContactChannel { channel: a.channel.clone() },
            Source::SetContactField(a) => {
                ActionKind::SetContactField { field: a.field.clone(), value: self.text(&a.value) }
            }
            Source::SetContactLanguage(a) => {
                ActionKind::SetContactLanguage { language: self.text(&a.language) }
            }
            Source::SetContactName(a) => ActionKind::SetContactName { name: self.text(&a.name) },
            Source::SetContactStatus(a) => ActionKind::SetContactStatus { status: a.status },
            Source::SetContactTimezone(a) => {
                ActionKind::SetContactTimezone { timezone: self.text(&a.timezone) }
            }
            other => self.about_rest(other),
        }
    }

    /// Everything else.
    fn about_rest(&self, action: &Source) -> ActionKind {
        match action {
            Source::AddInputLabels(a) => ActionKind::AddInputLabels { labels: self.named(&a.labels) },
            Source::CallLlm(a) => ActionKind::CallLlm {
                llm: a.llm.clone(),
                instructions: self.text(&a.instructions),
                input: self.text(&a.input),
                output_local: a.output_local.clone(),
            },
            Source::CallResthook(a) => {
                ActionKind::CallResthook { resthook: a.resthook.clone(), result: result_name(&a.result_name) }
            }
            Source::CallWebhook(a) => ActionKind::CallWebhook {
                method: a.method.clone(),
                url: self.text(&a.url),
                headers: a.headers.iter().map(|(name, value)| (name.clone(), self.text(value))).collect(),
                body: self.text(&a.body),
                result: result_name(&a.result_name),
            },
            Source::EnterFlow(a) => ActionKind::EnterFlow { flow: a.flow.clone(), terminal: a.terminal },
            Source::OpenTicket(a) => ActionKind::OpenTicket {
                topic: a.topic.clone(),
                assignee: a.assignee.as_ref().and_then(|user| self.assignee(user)),
                note: self.text(&a.note),
            },
            Source::SetRunLocal(a) => ActionKind::SetRunLocal {
                local: a.local.clone(),
                value: self.text(&a.value),
                operation: a.operation,
            },
            Source::StartSession(a) => ActionKind::StartSession {
                recipients: self.recipients(&a.recipients),
                flow: a.flow.clone(),
                exclusions: a.exclusions,
                create_contact: a.create_contact,
            },
            Source::TransferAirtime(a) => ActionKind::TransferAirtime {
                amounts: a
                    .amounts
                    .iter()
                    .map(|(currency, amount)| (currency.clone(), amount.clone()))
                    .collect(),
            },
            // The rest are the two that nothing supports any more; those above were dealt with by the callers.
            other => ActionKind::Unsupported { name: other.name() },
        }
    }

    fn message(&self, message: &source::SendMsg, item: &Item<'_>) -> Message {
        Message {
            text: item.text("text", &message.text),
            attachments: item.texts("attachments", &message.attachments),
            quick_replies: item.texts("quick_replies", &message.quick_replies),
            template: message.template.clone(),
            template_variables: item.texts("template_variables", &message.template_variables),
            pause_seconds: 0,
            offer: None,
        }
    }

    fn recipients(&self, recipients: &source::Recipients) -> Recipients {
        Recipients {
            groups: self.named(&recipients.groups),
            contacts: recipients.contacts.clone(),
            contact_query: self.text(&recipients.contact_query),
            urns: recipients.urns.clone(),
            legacy_vars: self.texts(&recipients.legacy_vars),
        }
    }

    fn named<Id: Clone>(&self, references: &[VariableReference<Id>]) -> Vec<Named<Id>> {
        let compile = |reference: &VariableReference<Id>| match reference {
            VariableReference::Fixed(fixed) => Named::Fixed(fixed.clone()),
            VariableReference::Match(template) => Named::Match(self.text(template)),
        };
        references.iter().map(compile).collect()
    }

    fn assignee(&self, user: &UserReference) -> Option<Assignee> {
        match user.uuid {
            Some(uuid) => Some(Assignee::Fixed(Reference { uuid, name: user.name.clone() })),
            None if user.email.is_empty() => None,
            None => Some(Assignee::Email(self.text(&user.email))),
        }
    }
}
