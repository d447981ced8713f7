//! What single actions and routers need, keep and set.

use smol_str::{SmolStr, format_smolstr};
use std::fmt::Display;

use super::{Dependency, DependencyKind};
use crate::definition::actions::Recipients;
use crate::definition::extensions::{NodeExtension, StepKind};
use crate::definition::{ActionKind, Reference, Router, VariableReference};

/// What an action needs, beside what its templates refer to.
pub(super) fn of_action(action: &ActionKind) -> Vec<Dependency> {
    match action {
        ActionKind::AddContactGroups(a) => fixed(DependencyKind::Group, &a.groups),
        ActionKind::RemoveContactGroups(a) => fixed(DependencyKind::Group, &a.groups),
        ActionKind::AddInputLabels(a) => fixed(DependencyKind::Label, &a.labels),
        ActionKind::CallLlm(a) => vec![referred(DependencyKind::Llm, &a.llm)],
        ActionKind::EnterFlow(a) => vec![referred(DependencyKind::Flow, &a.flow)],
        ActionKind::OpenTicket(a) => {
            let mut needed: Vec<_> =
                a.topic.iter().map(|topic| referred(DependencyKind::Topic, topic)).collect();
            if let Some(user) = &a.assignee
                && let Some(uuid) = user.uuid
            {
                needed.push(named(DependencyKind::User, uuid, &user.name));
            }
            needed
        }
        ActionKind::SendMsg(a) => optional(DependencyKind::Template, a.template.as_ref()),
        ActionKind::SendBroadcast(a) => {
            let mut needed = recipients(&a.recipients);
            needed.extend(optional(DependencyKind::Template, a.message.template.as_ref()));
            needed
        }
        ActionKind::StartSession(a) => {
            let mut needed = recipients(&a.recipients);
            needed.push(referred(DependencyKind::Flow, &a.flow));
            needed
        }
        ActionKind::SetContactChannel(a) => optional(DependencyKind::Channel, a.channel.as_ref()),
        ActionKind::SetContactField(a) => vec![named(DependencyKind::Field, &a.field.key, &a.field.name)],
        ActionKind::AddContactUrn(_)
        | ActionKind::CallClassifier(_)
        | ActionKind::CallResthook(_)
        | ActionKind::CallWebhook(_)
        | ActionKind::PlayAudio(_)
        | ActionKind::RequestOptin(_)
        | ActionKind::SayMsg(_)
        | ActionKind::SendEmail(_)
        | ActionKind::SetContactLanguage(_)
        | ActionKind::SetContactName(_)
        | ActionKind::SetContactStatus(_)
        | ActionKind::SetContactTimezone(_)
        | ActionKind::SetRunLocal(_)
        | ActionKind::SetRunResult(_)
        | ActionKind::TransferAirtime(_) => Vec::new(),
    }
}

/// What the tests of a router need: a group is named by the first argument, and its name may follow.
pub(super) fn of_router(router: &Router) -> Vec<Dependency> {
    let cases = router.cases.iter().filter(|case| case.test == "has_group");
    cases
        .filter_map(|case| {
            let uuid =
                case.arguments.first().filter(|argument| !argument.is_empty() && !argument.contains('@'))?;
            let name = case.arguments.get(1).cloned().unwrap_or_default();
            Some(named(DependencyKind::Group, uuid, &name))
        })
        .collect()
}

/// What the extensions of a node need: flows of reminders, groups of the trigger at the end of the window.
pub(super) fn of_extension(extension: &NodeExtension) -> Vec<Dependency> {
    let mut needed = Vec::new();
    for step in &extension.steps {
        match &step.kind {
            StepKind::SetReminder { flow, .. } => needed.push(referred(DependencyKind::Flow, flow)),
            StepKind::CancelReminder { .. }
            | StepKind::RecordOutcome { .. }
            | StepKind::RecordConsent { .. } => {}
        }
    }
    if let Some(trigger) = &extension.window_trigger {
        let groups = trigger.groups.iter().chain(&trigger.exclude_groups);
        needed.extend(groups.map(|group| referred(DependencyKind::Group, group)));
    }
    needed
}

/// What a path of an expression needs: a field, a global.
pub(super) fn of_path(path: &[SmolStr]) -> Option<Dependency> {
    let names: Vec<&str> = path.iter().map(SmolStr::as_str).collect();
    let (kind, key) = match names.as_slice() {
        ["globals", key, ..] => (DependencyKind::Global, key),
        ["fields", key, ..]
        | ["contact" | "parent" | "child", "fields", key, ..]
        | ["parent" | "child", "contact", "fields", key, ..] => (DependencyKind::Field, key),
        _ => return None,
    };
    Some(named(kind, key, ""))
}

/// The local that an action sets.
pub(super) fn local(action: &ActionKind) -> Option<SmolStr> {
    match action {
        ActionKind::AddContactUrn(_) => Some("_has_urn".into()),
        ActionKind::OpenTicket(_) => Some("_new_ticket".into()),
        ActionKind::TransferAirtime(_) => Some("_new_transfer".into()),
        ActionKind::CallLlm(a) => Some(a.output_local.clone()),
        ActionKind::SetRunLocal(a) => Some(a.local.clone()),
        _ => None,
    }
}

/// The result that an action keeps, with its categories.
pub(super) fn result(action: &ActionKind) -> Option<(&SmolStr, Vec<SmolStr>)> {
    let outcome = || vec!["Success".into(), "Failure".into()];
    let (name, categories) = match action {
        ActionKind::SetRunResult(a) => {
            (&a.name, Some(a.category.clone()).filter(|category| !category.is_empty()).into_iter().collect())
        }
        ActionKind::CallWebhook(a) => (&a.result_name, outcome()),
        ActionKind::CallResthook(a) => (&a.result_name, outcome()),
        _ => return None,
    };
    (!name.is_empty()).then_some((name, categories))
}

fn named(kind: DependencyKind, id: impl Display, name: &str) -> Dependency {
    Dependency { kind, id: format_smolstr!("{id}"), name: name.into() }
}

fn referred<Id: Display>(kind: DependencyKind, reference: &Reference<Id>) -> Dependency {
    named(kind, &reference.uuid, &reference.name)
}

fn optional<Id: Display>(kind: DependencyKind, reference: Option<&Reference<Id>>) -> Vec<Dependency> {
    reference.into_iter().map(|reference| referred(kind, reference)).collect()
}

fn fixed<Id: Display>(kind: DependencyKind, references: &[VariableReference<Id>]) -> Vec<Dependency> {
    let fixed = references.iter().filter_map(|reference| match reference {
        VariableReference::Fixed(reference) => Some(referred(kind, reference)),
        VariableReference::Match(_) => None,
    });
    fixed.collect()
}

fn recipients(recipients: &Recipients) -> Vec<Dependency> {
    let mut needed = fixed(DependencyKind::Group, &recipients.groups);
    needed.extend(recipients.contacts.iter().map(|contact| referred(DependencyKind::Contact, contact)));
    needed
}
