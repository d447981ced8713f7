//! Reminders: a flow that starts for the contact at a later moment.

use std::collections::BTreeMap;

use expressions::Evaluation;
use jiff::{SignedDuration, Timestamp};
use smol_str::SmolStr;

use super::Outcome;
use crate::{
    definition::extensions::MAX_KEY_CHARS,
    engine::work::{Work, cut, quoted},
    events::{EventKind, ReminderCancelled, ReminderSet},
    program::{Reminder, Text},
};

/// A reminder is at least this far away, so that flows that remind of themselves do not spin.
const LEAST_AHEAD: SignedDuration = SignedDuration::from_secs(60);
/// A reminder is at most this far away: five years.
const MOST_AHEAD: SignedDuration = SignedDuration::from_hours(5 * 366 * 24);

pub(super) fn set(work: &mut Work<'_>, reminder: &Reminder) -> Outcome {
    let Some(key) = key(work, &reminder.key).filter(|key| !key.is_empty()) else {
        work.error("Reminder needs a key and is not set");
        return Outcome::Done;
    };
    let Some(due) = moment(work, &reminder.at) else { return Outcome::Done };
    let now = work.now();
    if due <= now || due > now + MOST_AHEAD {
        work.error(format!("Reminder '{key}' is not set: {due} is past or more than five years ahead"));
        return Outcome::Done;
    }
    let Some(program) = work.assets.flow(reminder.flow.uuid) else {
        work.missing("flow", &reminder.flow.uuid.to_string(), &reminder.flow.name);
        return Outcome::Done;
    };
    let flow = domain::Reference { uuid: program.uuid, name: program.name.clone() };
    let mut params = BTreeMap::new();
    for (name, value) in &reminder.params {
        let (value, _) = work.render(value);
        params.insert(name.clone(), cut(value, work.limits.result_chars));
    }
    let (due, mode) = (due.max(now + LEAST_AHEAD), SmolStr::new_static(reminder.mode.name()));
    work.event(EventKind::ReminderSet(Box::new(ReminderSet { key, due, flow, params, mode })));
    Outcome::Done
}

pub(super) fn cancel(work: &mut Work<'_>, template: &Text) -> Outcome {
    // A key that could not be evaluated must not become "all of them".
    if let Some(key) = key(work, template)
        && (!key.is_empty() || template.is_empty())
    {
        work.event(EventKind::ReminderCancelled(ReminderCancelled { key }));
    }
    Outcome::Done
}

fn key(work: &mut Work<'_>, template: &Text) -> Option<SmolStr> {
    let (key, fine) = work.render(template);
    fine.then(|| cut(SmolStr::new(key.trim()), MAX_KEY_CHARS))
}

fn moment(work: &mut Work<'_>, at: &Text) -> Option<Timestamp> {
    let value = work.value(at);
    let converted = {
        let context = work.context();
        value.to_datetime(&Evaluation::new(work.env(), &context, work.host))
    };
    match converted {
        Ok(moment) => Some(moment.timestamp()),
        Err(fault) => {
            work.error(quoted(&format!("Reminder is not set: {fault}")));
            None
        }
    }
}
