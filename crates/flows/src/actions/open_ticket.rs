//! `open_ticket`: hands the conversation to a person. The local `_new_ticket` is the ticket, empty if none was
//! opened.

use domain::TopicUuid;
use smol_str::{SmolStr, ToSmolStr};

use super::Outcome;
use crate::{
    definition::Reference,
    engine::work::Work,
    events::{ErrorCode, TopicRef, UserRef},
    program::{Assignee, Text},
};

/// The local that holds the ticket.
const LOCAL: &str = "_new_ticket";

pub(super) fn execute(
    work: &mut Work<'_>,
    topic: Option<&Reference<TopicUuid>>,
    assignee: Option<&Assignee>,
    note: &Text,
) -> Outcome {
    let ticket = open(work, topic, assignee, note).unwrap_or_default();
    work.set_local(LOCAL, ticket);
    Outcome::Done
}

fn open(
    work: &mut Work<'_>,
    topic: Option<&Reference<TopicUuid>>,
    assignee: Option<&Assignee>,
    note: &Text,
) -> Option<SmolStr> {
    if work.session.trigger.get().is_some_and(|trigger| trigger.batch) {
        work.error("Can't open tickets during batch starts");
        return None;
    }
    let topic = match topic {
        Some(topic) => Some(find_topic(work, topic)?),
        None => default_topic(work),
    };
    let assignee = assignee.and_then(|assignee| find_user(work, assignee));
    let (note, _) = work.render(note);
    let note = SmolStr::new(note.trim());
    let ticket = work.change(|changes| changes.open_ticket(topic, assignee, note))?;
    Some(ticket.to_smolstr())
}

fn find_topic(work: &mut Work<'_>, topic: &Reference<TopicUuid>) -> Option<TopicRef> {
    let found = work.assets.topic(topic.uuid).cloned();
    if found.is_none() {
        work.missing("topic", &topic.uuid.to_string(), &topic.name);
    }
    found
}

/// The topic named General, or else the first.
fn default_topic(work: &Work<'_>) -> Option<TopicRef> {
    let general = work.assets.topics().find(|topic| topic.name == "General");
    general.or_else(|| work.assets.topics().next()).cloned()
}

fn find_user(work: &mut Work<'_>, assignee: &Assignee) -> Option<UserRef> {
    match assignee {
        Assignee::Fixed(user) => {
            let found = work.assets.user(user.uuid).map(crate::assets::User::reference);
            if found.is_none() {
                work.missing("user", &user.uuid.to_string(), &user.name);
            }
            found
        }
        Assignee::Email(email) => {
            let (email, fine) = work.render(email);
            if !fine {
                return None;
            }
            let email = email.trim();
            let found = work.assets.user_with_email(email).map(crate::assets::User::reference);
            if found.is_none() {
                work.error_code(
                    ErrorCode::UserMissing,
                    format!("No such user with email '{email}'"),
                    &[("email", email)],
                );
            }
            found
        }
    }
}
