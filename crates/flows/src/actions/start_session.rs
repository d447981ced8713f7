//! `start_session`: starts a flow for others.

use std::sync::Arc;

use domain::FlowUuid;

use super::{Outcome, recipients::resolve};
use crate::{
    contact_json::write_run_summary,
    definition::{self, actions},
    engine::work::Work,
    events::{EventKind, Exclusions, SessionHistory, SessionTriggered},
    program::Recipients,
};

pub(super) fn execute(
    work: &mut Work<'_>,
    recipients: &Recipients,
    flow: &definition::Reference<FlowUuid>,
    exclusions: actions::Exclusions,
    create_contact: bool,
) -> Outcome {
    let resolved = resolve(work, recipients);
    let Some(program) = work.assets.flow(flow.uuid) else {
        work.missing("flow", &flow.uuid.to_string(), &flow.name);
        return Outcome::Done;
    };
    if resolved.is_empty() && !create_contact {
        return Outcome::Done;
    }
    let batch = work.session.trigger.get().is_some_and(|trigger| trigger.batch);
    if batch && (!resolved.groups.is_empty() || !resolved.contact_query.is_empty()) {
        work.error("Can't start new sessions for groups or queries during batch starts");
        return Outcome::Done;
    }
    let history = next_history(work);
    if history.ancestors_since_input > work.limits.ancestors_since_input {
        work.error("Too many sessions have been spawned since the last time input was received");
        return Outcome::Done;
    }
    let Some(run) = work.current() else { return Outcome::Done };
    let run_summary = Arc::new(write_run_summary(run, work.contact, work.assets));
    work.event(EventKind::SessionTriggered(Box::new(SessionTriggered {
        flow: domain::Reference { uuid: program.uuid, name: program.name.clone() },
        groups: resolved.groups,
        contacts: resolved.contacts,
        contact_query: resolved.contact_query,
        exclusions: Exclusions { in_a_flow: exclusions.in_a_flow },
        create_contact,
        urns: resolved.urns,
        run_summary,
        history: Some(history),
    })));
    Outcome::Done
}

/// How far the sessions to be started will be from a person's last word.
fn next_history(work: &Work<'_>) -> SessionHistory {
    let before = work.session.trigger.get().and_then(|trigger| trigger.history).unwrap_or_default();
    let heard = work.session.runs.iter().any(|run| run.had_input);
    SessionHistory {
        parent_uuid: work.session.uuid,
        ancestors: before.ancestors.saturating_add(1),
        ancestors_since_input: if heard { 0 } else { before.ancestors_since_input.saturating_add(1) },
    }
}
