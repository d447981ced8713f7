//! `send_email`: sends an e-mail.

use smol_str::SmolStr;

use super::Outcome;
use crate::{
    effect::Effect,
    engine::work::Work,
    events::{EmailSent, EventKind},
    program::{Localized, Program, Text},
};

pub(super) fn execute(
    work: &mut Work<'_>,
    program: &Program,
    addresses: &[Text],
    subject: &Localized<Text>,
    body: &Localized<Text>,
) -> Outcome {
    let order = work.language_order(program);
    let (subject, _) = work.render(subject.get(&order));
    // A line break in a subject would end the header.
    let subject = subject.replace(['\n', '\r', '\t'], "");
    let subject = subject.trim();
    if subject.is_empty() {
        work.error("Email subject evaluated to empty string, skipping");
        return Outcome::Done;
    }
    let (body, _) = work.render(body.get(&order));
    if body.is_empty() {
        work.error("Email body evaluated to empty string, skipping");
        return Outcome::Done;
    }
    let mut to = Vec::with_capacity(addresses.len());
    for address in addresses {
        let (address, _) = work.render(address);
        let address = address.trim();
        if address.is_empty() {
            work.error("Email address evaluated to empty string, skipping");
            continue;
        }
        to.push(SmolStr::new(address.strip_prefix("mailto:").unwrap_or(address)));
    }
    if to.is_empty() {
        return Outcome::Done;
    }
    Outcome::Needs(Effect::Email { to, subject: subject.into(), body: body.into() })
}

pub(super) fn complete(
    work: &mut Work<'_>,
    to: Vec<SmolStr>,
    subject: SmolStr,
    body: String,
    error: Option<String>,
) -> Outcome {
    match error {
        Some(error) => work.error(error),
        None => work.event(EventKind::EmailSent(EmailSent { to, subject, body })),
    }
    Outcome::Done
}
