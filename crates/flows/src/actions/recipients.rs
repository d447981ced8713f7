//! Whom an action addresses besides the contact: groups, contacts, queries and addresses, fixed or by template.

use domain::{ContactUuid, GroupUuid, Reference, Urn};
use expressions::Escaping;
use smol_str::SmolStr;

use crate::{
    engine::work::Work,
    events::{ContactRef, ErrorCode, GroupRef},
    program::{Named, Recipients, Text},
};

/// Recipients with every template evaluated.
#[derive(Default)]
pub(super) struct Resolved {
    pub groups: Vec<GroupRef>,
    pub contacts: Vec<ContactRef>,
    pub contact_query: SmolStr,
    pub urns: Vec<Urn>,
}

impl Resolved {
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
            && self.contacts.is_empty()
            && self.contact_query.is_empty()
            && self.urns.is_empty()
    }
}

/// The groups that exist of those named; the others are error events.
pub(super) fn find_groups(work: &mut Work<'_>, groups: &[Named<GroupUuid>]) -> Vec<GroupRef> {
    let mut found = Vec::with_capacity(groups.len());
    for group in groups {
        match group {
            Named::Fixed(reference) => match work.assets.group(reference.uuid) {
                Some(group) => found.push(Reference { uuid: group.uuid, name: group.name.clone() }),
                None => work.missing("group", &reference.uuid.to_string(), &reference.name),
            },
            Named::Match(name) => found.extend(group_named(work, name)),
        }
    }
    found
}

fn group_named(work: &mut Work<'_>, name: &Text) -> Option<GroupRef> {
    let (name, fine) = work.render(name);
    if !fine {
        return None;
    }
    let name = name.trim();
    let group = work.assets.group_named(name);
    if group.is_none() {
        work.error_code(
            ErrorCode::GroupMissing,
            format!("No such group with name '{name}'"),
            &[("name", name)],
        );
    }
    group.map(|group| Reference { uuid: group.uuid, name: group.name.clone() })
}

/// Evaluates the recipients of a broadcast or a start.
pub(super) fn resolve(work: &mut Work<'_>, recipients: &Recipients) -> Resolved {
    let mut resolved = Resolved {
        groups: find_groups(work, &recipients.groups),
        contacts: recipients
            .contacts
            .iter()
            .map(|contact| Reference { uuid: contact.uuid, name: contact.name.clone() })
            .collect(),
        ..Resolved::default()
    };
    let limit = work.limits.template_chars;
    let (query, _) = work.render_up_to(&recipients.contact_query, limit, Escaping::Quoted);
    resolved.contact_query = query;
    for variable in &recipients.legacy_vars {
        let (text, _) = work.render(variable);
        add_variable(work, &mut resolved, text.trim());
    }
    for urn in &recipients.urns {
        add_urn(work, &mut resolved, urn.trim());
    }
    resolved
}

/// What a variable of long ago stands for: a contact's identifier, a group's name or an address.
fn add_variable(work: &mut Work<'_>, resolved: &mut Resolved, text: &str) {
    if let Ok(uuid) = text.parse::<ContactUuid>() {
        resolved.contacts.push(Reference { uuid, name: SmolStr::default() });
    } else if let Some(group) = work.assets.group_named(text) {
        resolved.groups.push(Reference { uuid: group.uuid, name: group.name.clone() });
    } else if !text.is_empty() {
        let urn = if text.contains(':') { text.to_owned() } else { format!("tel:{text}") };
        if let Ok(urn) = Urn::parse(&urn, work.env().default_country.as_deref()) {
            resolved.urns.push(urn);
        }
    }
}

fn add_urn(work: &mut Work<'_>, resolved: &mut Resolved, text: &str) {
    match Urn::parse(text, work.env().default_country.as_deref()) {
        Ok(urn) => resolved.urns.push(urn),
        Err(_) => {
            work.error_code(ErrorCode::UrnInvalid, format!("'{text}' is not valid URN"), &[("urn", text)]);
        }
    }
}
