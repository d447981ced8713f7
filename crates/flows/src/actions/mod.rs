//! What actions do, one file each. An action either is done at once, asks the outside world for something and is
//! completed with the answer, enters another flow, or ends the session as failed.

mod add_contact_groups;
mod add_contact_urn;
mod add_input_labels;
mod call_llm;
mod call_resthook;
mod call_webhook;
mod enter_flow;
mod interactive;
mod open_ticket;
mod outcome;
mod recipients;
mod reminder;
mod resthook_payload;
mod say_msg;
mod send_broadcast;
mod send_email;
mod send_msg;
mod set_contact;
mod set_run;
mod start_session;
pub(crate) mod templating;
mod transfer_airtime;

use std::sync::Arc;

use crate::{
    effect::{Effect, EffectResult},
    engine::work::Work,
    events::ErrorCode,
    program::{Action, ActionKind, Program},
};

/// What came of an action.
#[expect(clippy::large_enum_variant, reason = "one at a time, taken apart at once")]
pub(crate) enum Outcome {
    /// The next one's turn.
    Done,
    /// It needs this from outside, and will be completed with the answer.
    Needs(Effect),
    /// It asked to enter another flow.
    Entered,
    /// The session cannot go on.
    Failed(String),
}

/// Does an action.
pub(crate) fn execute(work: &mut Work<'_>, program: &Arc<Program>, action: &Action) -> Outcome {
    match &action.kind {
        ActionKind::SendMsg { message } => send_msg::execute(work, program, message),
        ActionKind::SetRunResult { result, value, category } => {
            set_run::result(work, program, result, value, category)
        }
        ActionKind::SetRunLocal { local, value, operation } => set_run::local(work, local, value, *operation),
        ActionKind::SetContactField { field, value } => set_contact::field(work, field, value),
        ActionKind::SetContactName { name } => set_contact::name(work, name),
        ActionKind::SetContactLanguage { language } => set_contact::language(work, language),
        ActionKind::SetContactTimezone { timezone } => set_contact::timezone(work, timezone),
        ActionKind::SetContactStatus { status } => set_contact::status(work, *status),
        ActionKind::SetContactChannel { channel } => set_contact::channel(work, channel.as_ref()),
        ActionKind::AddContactGroups { groups } => add_contact_groups::add(work, groups),
        ActionKind::RemoveContactGroups { groups, all_groups } => {
            add_contact_groups::remove(work, groups, *all_groups)
        }
        ActionKind::AddContactUrn { scheme, path } => add_contact_urn::execute(work, scheme, path),
        ActionKind::AddInputLabels { labels } => add_input_labels::execute(work, labels),
        ActionKind::CallWebhook { method, url, headers, body, .. } => {
            call_webhook::execute(work, method, url, headers, body)
        }
        ActionKind::CallResthook { resthook, .. } => call_resthook::execute(work, resthook),
        ActionKind::CallLlm { llm, instructions, input, output_local } => {
            call_llm::execute(work, llm, instructions, input, output_local)
        }
        ActionKind::TransferAirtime { amounts } => transfer_airtime::execute(work, amounts),
        ActionKind::SendEmail { addresses, subject, body } => {
            send_email::execute(work, program, addresses, subject, body)
        }
        ActionKind::OpenTicket { topic, assignee, note } => {
            open_ticket::execute(work, topic.as_ref(), assignee.as_ref(), note)
        }
        ActionKind::SendBroadcast { recipients, message } => {
            send_broadcast::execute(work, program, recipients, message)
        }
        ActionKind::StartSession { recipients, flow, exclusions, create_contact } => {
            start_session::execute(work, recipients, flow, *exclusions, *create_contact)
        }
        ActionKind::SetReminder { reminder } => reminder::set(work, reminder),
        ActionKind::CancelReminder { key } => reminder::cancel(work, key),
        ActionKind::RecordOutcome { outcome, value, ticket } => {
            outcome::record(work, outcome, value, *ticket)
        }
        ActionKind::RecordConsent { purpose, given, text } => outcome::consent(work, purpose, *given, text),
        ActionKind::EnterFlow { flow, terminal } => enter_flow::execute(work, flow, *terminal),
        ActionKind::SayMsg { text, audio_url } => say_msg::say(work, program, text, audio_url),
        ActionKind::PlayAudio { audio_url } => say_msg::play(work, program, audio_url),
        ActionKind::Unsupported { name } => unsupported(work, name),
    }
}

/// Finishes an action with the answer to the effect it asked for.
pub(crate) fn complete(
    work: &mut Work<'_>,
    action: &Action,
    effect: Effect,
    result: EffectResult,
) -> Outcome {
    match (&action.kind, effect, result) {
        (
            ActionKind::CallWebhook { result: name, .. },
            Effect::Webhook { request },
            EffectResult::Webhook { answer },
        ) => call_webhook::complete(work, name.as_ref(), &request, answer),
        (
            ActionKind::CallResthook { result: name, .. },
            Effect::Resthook { resthook, requests },
            EffectResult::Resthook { answers },
        ) => call_resthook::complete(work, name.as_ref(), &resthook, &requests, answers),
        (
            ActionKind::CallLlm { output_local, .. },
            Effect::Llm { llm, instructions, input },
            EffectResult::Llm { output, tokens, elapsed_ms },
        ) => {
            let called = call_llm::Called { llm, instructions, input, tokens, elapsed_ms };
            call_llm::complete(work, output_local, called, output)
        }
        (
            ActionKind::TransferAirtime { .. },
            Effect::Airtime { transfer: uuid, sender, recipient, .. },
            EffectResult::Airtime { transfer, http_logs },
        ) => transfer_airtime::complete(work, uuid, sender, recipient, transfer, http_logs),
        (
            ActionKind::SendEmail { .. },
            Effect::Email { to, subject, body },
            EffectResult::Email { error },
        ) => send_email::complete(work, to, subject, body, error),
        (ActionKind::AddContactUrn { .. }, Effect::ClaimUrn { urn }, EffectResult::UrnClaimed { free }) => {
            add_contact_urn::complete(work, urn, free)
        }
        // The flow was edited under the session: the answer belongs to an action that is no longer there.
        _ => Outcome::Done,
    }
}

fn unsupported(work: &mut Work<'_>, name: &str) -> Outcome {
    let what = match name {
        "request_optin" => "opt-in requests are",
        "call_classifier" => "classifiers are",
        other => return unsupported_other(work, other),
    };
    work.error_code(ErrorCode::ActionUnsupported, format!("{what} no longer supported"), &[]);
    Outcome::Done
}

fn unsupported_other(work: &mut Work<'_>, name: &str) -> Outcome {
    work.error_code(ErrorCode::ActionUnsupported, format!("{name} is no longer supported"), &[]);
    Outcome::Done
}
