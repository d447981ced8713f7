//! Which texts of an action are templates, and what templates refer to.

use expressions::{Library, Template};
use smol_str::SmolStr;

use crate::definition::actions::Recipients;
use crate::definition::{ActionKind, VariableReference};
use crate::program::TOP_LEVELS;

/// Properties of actions and cases whose translations are templates.
pub(super) const TRANSLATED: [&str; 8] = [
    "text",
    "attachments",
    "quick_replies",
    "subject",
    "body",
    "audio_url",
    "template_variables",
    "arguments",
];

/// The paths that a template refers to, in lower case.
pub(super) fn references(template: &str) -> Vec<Vec<SmolStr>> {
    if !template.contains('@') {
        return Vec::new();
    }
    Template::compile(template, &TOP_LEVELS, Library::standard())
        .references()
        .map(<[SmolStr]>::to_vec)
        .collect()
}

/// The templates of an action, in the language of the flow.
pub(super) fn of_action(action: &ActionKind) -> Vec<&SmolStr> {
    match action {
        ActionKind::AddContactGroups(a) => matches(&a.groups),
        ActionKind::RemoveContactGroups(a) => matches(&a.groups),
        ActionKind::AddInputLabels(a) => matches(&a.labels),
        ActionKind::AddContactUrn(a) => vec![&a.path],
        ActionKind::CallLlm(a) => vec![&a.instructions, &a.input],
        ActionKind::CallWebhook(a) => {
            let mut templates = vec![&a.url];
            templates.extend(a.headers.values());
            templates.push(&a.body);
            templates
        }
        ActionKind::OpenTicket(a) => {
            let mut templates: Vec<_> = a.assignee.iter().map(|user| &user.email).collect();
            templates.push(&a.note);
            templates
        }
        ActionKind::PlayAudio(a) => vec![&a.audio_url],
        ActionKind::SayMsg(a) => vec![&a.text],
        ActionKind::SendMsg(a) => message(a),
        ActionKind::SendBroadcast(a) => {
            let mut templates = recipients(&a.recipients);
            templates.extend(message(&a.message));
            templates
        }
        ActionKind::StartSession(a) => recipients(&a.recipients),
        ActionKind::SendEmail(a) => {
            let mut templates: Vec<_> = a.addresses.iter().collect();
            templates.extend([&a.subject, &a.body]);
            templates
        }
        ActionKind::SetContactField(a) => vec![&a.value],
        ActionKind::SetContactLanguage(a) => vec![&a.language],
        ActionKind::SetContactName(a) => vec![&a.name],
        ActionKind::SetContactTimezone(a) => vec![&a.timezone],
        ActionKind::SetRunLocal(a) => vec![&a.value],
        ActionKind::SetRunResult(a) => vec![&a.value],
        ActionKind::CallClassifier(_)
        | ActionKind::CallResthook(_)
        | ActionKind::EnterFlow(_)
        | ActionKind::RequestOptin(_)
        | ActionKind::SetContactChannel(_)
        | ActionKind::SetContactStatus(_)
        | ActionKind::TransferAirtime(_) => Vec::new(),
    }
}

fn message(message: &crate::definition::actions::SendMsg) -> Vec<&SmolStr> {
    let mut templates = vec![&message.text];
    templates.extend(&message.attachments);
    templates.extend(&message.quick_replies);
    templates.extend(&message.template_variables);
    templates
}

fn recipients(recipients: &Recipients) -> Vec<&SmolStr> {
    let mut templates = matches(&recipients.groups);
    templates.push(&recipients.contact_query);
    templates.extend(&recipients.legacy_vars);
    templates
}

fn matches<Id>(references: &[VariableReference<Id>]) -> Vec<&SmolStr> {
    let templates = references.iter().filter_map(|reference| match reference {
        VariableReference::Match(template) => Some(template),
        VariableReference::Fixed(_) => None,
    });
    templates.collect()
}
