//! Changes of a contact that are made outside flows: by people, the API and imports.

use domain::{ChannelRef, Contact, ContactStatus, GroupUuid, Reference, TicketUuid, Urn};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::{Changes, merge_environment};
use crate::{
    engine::{Engine, FillClock},
    events::{Event, FieldRef, TopicRef, UserRef},
};

/// Whether groups are joined or left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupsModification {
    /// Joined.
    Add,
    /// Left.
    Remove,
}

/// What is done with addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UrnsModification {
    /// Added behind those the contact has.
    Append,
    /// Taken away.
    Remove,
    /// Put in place of those the contact has.
    Set,
}

/// An address and the channel it prefers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// The address, as a person may write it.
    pub urn: SmolStr,
    /// The channel; without one an address that the contact has keeps its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelRef>,
}

/// One change, by its JSON `type`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Modifier {
    /// The name; empty clears it.
    Name {
        /// The name.
        name: SmolStr,
    },
    /// The language; none clears it.
    Language {
        /// ISO 639-3 code.
        language: Option<SmolStr>,
    },
    /// The zone; empty or none clears it.
    Timezone {
        /// IANA name.
        timezone: Option<SmolStr>,
    },
    /// The status.
    Status {
        /// The status.
        status: ContactStatus,
    },
    /// A field; blank or none clears it.
    Field {
        /// Which.
        field: FieldRef,
        /// As a person may write it.
        value: Option<SmolStr>,
    },
    /// Groups that are filled by hand.
    Groups {
        /// Which.
        groups: Vec<Reference<GroupUuid>>,
        /// Joined or left.
        modification: GroupsModification,
    },
    /// Addresses.
    Urns {
        /// Which, as a person may write them.
        urns: Vec<SmolStr>,
        /// What is done with them.
        modification: UrnsModification,
    },
    /// Addresses with the channels they prefer.
    Routes {
        /// Which.
        routes: Vec<Route>,
        /// What is done with them.
        modification: UrnsModification,
    },
    /// The contact was reached at this address over this channel: both become the preferred ones.
    Affinity {
        /// The address.
        urn: SmolStr,
        /// The channel.
        channel: Option<ChannelRef>,
    },
    /// The channel that all addresses prefer that it can serve; none forgets all preferences.
    Channel {
        /// The channel.
        channel: Option<ChannelRef>,
    },
    /// The contact was seen.
    Seen {
        /// When.
        seen_on: Timestamp,
    },
    /// A ticket is opened, unless one is open.
    TicketOpen {
        /// Its subject.
        topic: Option<TopicRef>,
        /// Who deals with it.
        assignee: Option<UserRef>,
        /// The first note.
        #[serde(default)]
        note: SmolStr,
    },
    /// A ticket is closed.
    TicketClose {
        /// Which.
        ticket_uuid: TicketUuid,
    },
    /// A closed ticket is opened again, unless another is open.
    TicketReopen {
        /// Which.
        ticket_uuid: TicketUuid,
    },
    /// A ticket gets another subject.
    TicketTopic {
        /// Which.
        ticket_uuid: TicketUuid,
        /// The subject.
        topic: TopicRef,
    },
    /// Somebody else deals with a ticket, or nobody.
    TicketAssignee {
        /// Which.
        ticket_uuid: TicketUuid,
        /// Who.
        assignee: Option<UserRef>,
    },
    /// A note is added to a ticket.
    TicketNote {
        /// Which.
        ticket_uuid: TicketUuid,
        /// The note.
        note: SmolStr,
    },
}

impl Engine<'_> {
    /// Changes a contact outside flows, by the same rules. `free` says of an address that the contact does not
    /// have whether nobody else has it; the caller makes sure that it stays so.
    pub fn modify(
        &self,
        contact: &mut Contact,
        modifier: &Modifier,
        free: &mut dyn FnMut(&Urn) -> bool,
    ) -> Vec<Event> {
        let merged = merge_environment(self.assets, self.env, contact);
        let mut events = Vec::new();
        let mut changes = Changes {
            assets: self.assets,
            env: merged.as_deref().unwrap_or(self.env),
            clock: FillClock::new(self.host, self.env, merged.as_deref()),
            host: self.host,
            limits: &self.limits,
            contact,
            events: &mut events,
            origin: None,
        };
        changes.apply(modifier, free);
        events
    }
}

impl Changes<'_> {
    // tidy: table
    fn apply(&mut self, modifier: &Modifier, free: &mut dyn FnMut(&Urn) -> bool) {
        match modifier {
            Modifier::Name { name } => self.set_name(name.clone()),
            Modifier::Language { language } => self.set_language(language.clone().unwrap_or_default()),
            Modifier::Timezone { timezone } => self.set_timezone(timezone.clone().unwrap_or_default()),
            Modifier::Status { status } => self.set_status(*status),
            Modifier::Field { field, value } => {
                if let Some(field) = self.assets.field(&field.key) {
                    self.set_field(field, value.as_deref().unwrap_or_default());
                }
            }
            Modifier::Groups { groups, modification } => {
                let groups: Vec<_> =
                    groups.iter().filter_map(|group| self.assets.group(group.uuid)).collect();
                match modification {
                    GroupsModification::Add => self.add_groups(&groups),
                    GroupsModification::Remove => self.remove_groups(&groups),
                }
            }
            Modifier::Urns { urns, modification } => {
                let routes: Vec<Route> =
                    urns.iter().map(|urn| Route { urn: urn.clone(), channel: None }).collect();
                self.change_routes(&routes, *modification, free);
            }
            Modifier::Routes { routes, modification } => self.change_routes(routes, *modification, free),
            Modifier::Affinity { urn, channel } => self.prefer_route(urn, channel.as_ref()),
            Modifier::Channel { channel } => {
                let channel = channel.as_ref().map(|channel| self.assets.channel(channel.uuid));
                match channel {
                    Some(None) => {}
                    Some(Some(channel)) => self.set_channel(Some(channel)),
                    None => self.set_channel(None),
                }
            }
            Modifier::Seen { seen_on } => self.seen(*seen_on),
            Modifier::TicketOpen { topic, assignee, note } => {
                self.open_ticket(topic.clone(), assignee.clone(), note.clone());
            }
            Modifier::TicketClose { ticket_uuid } => self.close_ticket(*ticket_uuid),
            Modifier::TicketReopen { ticket_uuid } => self.reopen_ticket(*ticket_uuid),
            Modifier::TicketTopic { ticket_uuid, topic } => self.set_ticket_topic(*ticket_uuid, topic),
            Modifier::TicketAssignee { ticket_uuid, assignee } => {
                self.assign_ticket(*ticket_uuid, assignee.as_ref());
            }
            Modifier::TicketNote { ticket_uuid, note } => self.add_ticket_note(*ticket_uuid, note),
        }
    }
}
