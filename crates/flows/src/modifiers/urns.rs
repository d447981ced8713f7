//! Addresses and the channels they prefer.

use domain::{Channel, ChannelRef, ChannelRole, ChannelUuid, ContactUrn, Urn};

use super::{Changes, Route, UrnsModification};
use crate::{
    events::{ContactUrnsChanged, ErrorCode, EventKind},
    group_index::Touched,
};

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

    /// Adds, removes or replaces addresses.
    pub fn change_routes(
        &mut self,
        routes: &[Route],
        modification: UrnsModification,
        free: &mut dyn FnMut(&Urn) -> bool,
    ) {
        let before = self.contact.urns.clone();
        let mut urns = match modification {
            UrnsModification::Append | UrnsModification::Remove => before.clone(),
            UrnsModification::Set => Vec::with_capacity(routes.len()),
        };
        for route in routes {
            let Some((urn, channel)) = self.read_route(route) else { continue };
            if modification == UrnsModification::Remove {
                urns.retain(|own| !own.urn.is_same(&urn));
                continue;
            }
            if urns.iter().any(|own| own.urn.is_same(&urn)) {
                continue;
            }
            let known = before.iter().find(|own| own.urn.is_same(&urn));
            if known.is_none() && !free(&urn) {
                self.urn_taken(&urn);
                continue;
            }
            let limit = self.limits.urns_per_contact;
            if urns.len() >= limit {
                self.error(format!("Contact has too many URNs, limit is {limit}"));
                break;
            }
            let channel = channel.or_else(|| known.and_then(|own| own.channel));
            urns.push(known.map_or(ContactUrn { urn, channel }, |own| ContactUrn { channel, ..own.clone() }));
        }
        if urns != before {
            self.contact.urns = urns;
            self.urns_changed();
        }
    }

    /// Puts an address first and lets it prefer a channel.
    pub fn prefer_route(&mut self, urn: &str, channel: Option<&ChannelRef>) {
        let route = Route { urn: urn.into(), channel: channel.cloned() };
        let Some((urn, channel)) = self.read_route(&route) else { return };
        let Some(place) = self.contact.urns.iter().position(|own| own.urn.is_same(&urn)) else { return };
        if place == 0 && self.contact.urns[0].channel == channel {
            return;
        }
        let mut own = self.contact.urns.remove(place);
        own.channel = channel;
        self.contact.urns.insert(0, own);
        self.urns_changed();
    }

    /// An address as a person may write it, and the channel if it exists.
    fn read_route(&mut self, route: &Route) -> Option<(Urn, Option<ChannelUuid>)> {
        let (scheme, path) = route.urn.split_once(':').unwrap_or(("", &route.urn));
        let path = path.split(['?', '#']).next().unwrap_or(path);
        let urn = self.checked_urn(scheme, path)?;
        let channel = route.channel.as_ref().and_then(|channel| self.assets.channel(channel.uuid));
        Some((urn, channel.map(|channel| channel.uuid)))
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
        self.reevaluate_touched(Touched::Addresses);
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
