//! Addresses and the channels they prefer.

use domain::{Channel, ChannelRole, ContactUrn, Urn};

use super::Changes;
use crate::events::{ContactUrnsChanged, ErrorCode, EventKind};

impl Changes<'_> {
    /// An address in its one form; an error event if it is none.
    pub fn checked_urn(&mut self, scheme: &str, path: &str) -> Option<Urn> {
        let urn = Urn::new(scheme, path).normalized(self.env.default_country.as_deref());
        if urn.validate().is_err() {
            let text = urn.to_string();
            self.error_code(ErrorCode::UrnInvalid, format!("'{text}' is not valid URN"), "urn", &text);
            return None;
        }
        Some(urn)
    }

    /// Whether the contact has an address.
    pub fn has_urn(&self, urn: &Urn) -> bool {
        self.contact.urns.iter().any(|own| own.urn.is_same(urn))
    }

    /// Adds an address behind the others. The caller made sure that no other contact has it.
    pub fn append_urn(&mut self, urn: Urn) -> bool {
        let limit = self.limits.urns_per_contact;
        if self.contact.urns.len() >= limit {
            self.error(format!("Contact has too many URNs, limit is {limit}"));
            return false;
        }
        self.contact.urns.push(ContactUrn { urn, channel: None });
        self.urns_changed();
        true
    }

    /// Says that an address belongs to somebody else.
    pub fn urn_taken(&mut self, urn: &Urn) {
        self.error_code(ErrorCode::UrnTaken, "URN is taken by another contact", "urn", &urn.to_string());
    }

    /// Prefers a channel for the addresses it can serve and puts those first; `None` forgets all preferences.
    pub fn set_channel(&mut self, channel: Option<&Channel>) {
        let before = self.contact.urns.clone();
        match channel {
            None => self.contact.urns.iter_mut().for_each(|urn| urn.channel = None),
            Some(channel) => prefer(&mut self.contact.urns, channel),
        }
        if self.contact.urns != before {
            self.urns_changed();
        }
    }

    fn urns_changed(&mut self) {
        let urns = self.contact.urns.clone();
        self.event(EventKind::ContactUrnsChanged(ContactUrnsChanged { urns }));
        self.reevaluate_groups();
    }
}

/// Phone numbers all take the new channel; of other addresses only those without one do.
fn prefer(urns: &mut Vec<ContactUrn>, channel: &Channel) {
    if !channel.roles.contains(&ChannelRole::Send) {
        return;
    }
    let phone = channel.schemes.iter().any(|scheme| scheme == "tel");
    let (mut served, mut others): (Vec<_>, Vec<_>) =
        urns.drain(..).partition(|urn| channel.schemes.contains(&urn.urn.scheme));
    for urn in &mut served {
        if phone || urn.channel.is_none() {
            urn.channel = Some(channel.uuid);
        }
    }
    urns.append(&mut served);
    urns.append(&mut others);
}
