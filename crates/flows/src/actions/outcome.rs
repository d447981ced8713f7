//! Outcomes: what was achieved, for reports; and what people agreed to.

use smol_str::SmolStr;

use super::Outcome;
use crate::{
    engine::work::{Work, cut},
    events::{ConsentRecorded, EventKind, OutcomeRecorded},
    program::{ResultName, Text},
};

pub(super) fn record(work: &mut Work<'_>, name: &ResultName, value: &Text, with_ticket: bool) -> Outcome {
    let (value, fine) = work.render(value);
    if !fine {
        return Outcome::Done;
    }
    let open = work.contact.tickets.iter().rev().find(|ticket| ticket.open).map(|ticket| ticket.uuid);
    work.event(EventKind::OutcomeRecorded(OutcomeRecorded {
        name: name.name.clone(),
        value: cut(SmolStr::new(value.trim()), work.limits.result_chars),
        ticket_uuid: open.filter(|_| with_ticket),
    }));
    Outcome::Done
}

/// What they were shown may be missing, the consent may not: an expression that fails only shortens the text.
pub(super) fn consent(work: &mut Work<'_>, purpose: &SmolStr, given: bool, text: &Text) -> Outcome {
    let (text, _) = work.render(text);
    work.event(EventKind::ConsentRecorded(ConsentRecorded {
        purpose: purpose.clone(),
        given,
        text: SmolStr::new(text.trim()),
    }));
    Outcome::Done
}
