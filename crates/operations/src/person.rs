//! A contact between the store's rows and the engine's contact: built from rows, changed by the engine, and turned
//! back into the changes that differ.

use domain::{Contact, ContactId, ContactStatus, ContactUrn, ContactUuid, GroupId, Urn, UrnId};
use jiff::Timestamp;
use smol_str::SmolStr;
use store::{Change, ChannelRow, ContactRow, ContactUpdate, Conversation, NewContact, NewUrn, UrnRow};

use crate::{Context, Workspace};

/// Priority of a contact's preferred address; the next ones count down.
const TOP_PRIORITY: i64 = 1_000;

/// A contact in the middle of an operation.
pub(crate) struct Person {
    /// As the engine sees and changes them.
    pub contact: Contact,
    /// As loaded; session and flow are set here as they change.
    pub row: ContactRow,
    /// `Some` while the contact is not in the store: the address it begins with.
    new_urns: Option<Vec<UrnRow>>,
    urns: Vec<UrnRow>,
    groups: Vec<GroupId>,
}

impl Person {
    pub fn known(conversation: &Conversation, ws: &Workspace) -> Self {
        let row = conversation.contact.clone();
        let urns = conversation.urns.iter().map(|urn| ContactUrn {
            urn: Urn { scheme: urn.scheme.clone(), path: urn.path.clone(), display: urn.display.clone() },
            channel: urn.channel.and_then(|id| ws.channel_uuid(id)),
        });
        let contact = Contact {
            urns: urns.collect(),
            groups: conversation.groups.iter().filter_map(|id| ws.group_uuid(*id)).collect(),
            tickets: conversation.tickets.iter().map(|row| ws.ticket_ref(row)).collect(),
            ..contact_of(&row)
        };
        let (urns, groups) = (conversation.urns.clone(), conversation.groups.clone());
        Self { contact, row, new_urns: None, urns, groups }
    }

    /// A person who was not known: they begin with one address.
    pub fn unknown(
        ctx: &Context,
        ws: &Workspace,
        urn: &Urn,
        channel: Option<&ChannelRow>,
        name: Option<&SmolStr>,
        now: Timestamp,
    ) -> Self {
        let mut person = Self::nameless(ctx, ws, now);
        person.row.name = name.cloned().unwrap_or_default();
        person.contact.name = person.row.name.clone();
        let first = UrnRow {
            id: UrnId(ctx.next_id(now)),
            scheme: urn.scheme.clone(),
            path: urn.path.clone(),
            display: urn.display.clone(),
            priority: TOP_PRIORITY,
            channel: channel.map(|channel| channel.id),
        };
        person.contact.urns =
            vec![ContactUrn { urn: urn.clone(), channel: channel.map(|channel| channel.uuid) }];
        person.new_urns = Some(vec![first.clone()]);
        person.urns = vec![first];
        person
    }

    /// A person of whom nothing is known yet, not even an address.
    pub fn nameless(ctx: &Context, ws: &Workspace, now: Timestamp) -> Self {
        let row = ContactRow {
            id: ContactId(ctx.next_id(now)),
            workspace: ws.row.id,
            uuid: ContactUuid(ctx.host.uuid_v7()),
            version: 0,
            name: SmolStr::default(),
            language: None,
            status: ContactStatus::Active,
            timezone: None,
            fields: std::collections::BTreeMap::new(),
            session: None,
            flow: None,
            created_on: now,
            last_seen_on: None,
            groups_as_of: 0,
        };
        Self {
            contact: contact_of(&row),
            row,
            new_urns: Some(Vec::new()),
            urns: Vec::new(),
            groups: Vec::new(),
        }
    }

    pub fn is_new(&self) -> bool {
        self.new_urns.is_some()
    }

    pub fn groups(&self) -> &[GroupId] {
        &self.groups
    }

    /// The row of one of their addresses.
    pub fn urn_row(&self, urn: &Urn) -> Option<&UrnRow> {
        self.urns.iter().find(|row| row.scheme == urn.scheme && row.path == urn.path)
    }

    pub fn urn_by_id(&self, id: UrnId) -> Option<&UrnRow> {
        self.urns.iter().find(|row| row.id == id)
    }

    /// They were changed other than by the engine, in a way that the queries of groups may ask about.
    pub fn doubt_groups(&mut self) {
        self.row.groups_as_of = 0;
    }

    /// They wrote: the address they used becomes the preferred one and remembers the line.
    pub fn wrote_from(&mut self, urn: &Urn, channel: &ChannelRow, at: Timestamp) {
        self.contact.last_seen_on = self.contact.last_seen_on.max(Some(at));
        let urns = &mut self.contact.urns;
        let same = |known: &ContactUrn| known.urn.scheme == urn.scheme && known.urn.path == urn.path;
        let Some(place) = urns.iter().position(same) else { return };
        urns[..=place].rotate_right(1);
        urns[0].channel = Some(channel.uuid);
        if urn.display.is_some() {
            urns[0].urn.display.clone_from(&urn.display);
        }
    }

    /// They are also who somebody else was taken for: the addresses of both are theirs, and stay what they are.
    pub fn take_over(&mut self, other: &mut Self) {
        self.urns.append(&mut other.urns);
        self.contact.urns.append(&mut other.contact.urns);
    }

    /// Writes what the engine changed of addresses and groups since the last call.
    pub fn settle(&mut self, ctx: &Context, ws: &Workspace, now: Timestamp, changes: &mut Vec<Change>) {
        self.settle_urns(ctx, ws, now, changes);
        self.settle_groups(ws, now, changes);
    }

    fn settle_urns(&mut self, ctx: &Context, ws: &Workspace, now: Timestamp, changes: &mut Vec<Change>) {
        let (workspace, contact) = (self.row.workspace, self.row.id);
        let mut urns = Vec::with_capacity(self.contact.urns.len());
        for (priority, wanted) in (0..).map(|place| TOP_PRIORITY - place).zip(&self.contact.urns) {
            let known = self.urn_row(&wanted.urn);
            let row = UrnRow {
                id: known.map_or_else(|| UrnId(ctx.next_id(now)), |row| row.id),
                scheme: wanted.urn.scheme.clone(),
                path: wanted.urn.path.clone(),
                display: wanted.urn.display.clone(),
                priority,
                channel: wanted.channel.and_then(|uuid| Some(ws.channel(uuid)?.id)),
            };
            match known {
                None => changes.push(Change::NewUrn(NewUrn { workspace, contact, urn: row.clone() })),
                Some(known) if *known != row => changes.push(Change::Urn(workspace, contact, row.clone())),
                Some(_) => {}
            }
            urns.push(row);
        }
        for gone in self.urns.iter().filter(|old| urns.iter().all(|new| new.id != old.id)) {
            changes.push(Change::RemoveUrn(workspace, contact, gone.id));
        }
        self.urns = urns;
    }

    fn settle_groups(&mut self, ws: &Workspace, now: Timestamp, changes: &mut Vec<Change>) {
        let (workspace, contact) = (self.row.workspace, self.row.id);
        let groups: Vec<GroupId> = self.contact.groups.iter().filter_map(|uuid| ws.group_id(*uuid)).collect();
        for joined in groups.iter().filter(|id| !self.groups.contains(id)) {
            changes.push(Change::JoinGroup(workspace, contact, *joined, now));
        }
        for left in self.groups.iter().filter(|id| !groups.contains(id)) {
            changes.push(Change::LeaveGroup(workspace, contact, *left));
        }
        self.groups = groups;
    }

    /// The change that writes the contact itself, and by which the unit fails if somebody else did meanwhile. Make all
    /// row numbers of the unit before: the contact's new version is made here, and it is the highest.
    pub fn guard(self, ctx: &Context, now: Timestamp) -> Change {
        let version = ctx.next_id(now);
        let contact = self.contact;
        let row = ContactRow {
            name: contact.name,
            language: contact.language,
            status: contact.status,
            timezone: contact.timezone,
            fields: contact.fields,
            last_seen_on: contact.last_seen_on,
            ..self.row
        };
        match self.new_urns {
            Some(urns) => {
                let contact = ContactRow { version, ..row };
                Change::NewContact(Box::new(NewContact { contact, urns }))
            }
            None => Change::Contact(Box::new(ContactUpdate { contact: row, version, modified_on: now })),
        }
    }
}

/// The engine's contact of a row, without addresses and groups.
fn contact_of(row: &ContactRow) -> Contact {
    Contact {
        uuid: row.uuid,
        id: row.id,
        name: row.name.clone(),
        language: row.language.clone(),
        status: row.status,
        timezone: row.timezone.clone(),
        created_on: row.created_on,
        last_seen_on: row.last_seen_on,
        urns: Vec::new(),
        groups: Vec::new(),
        fields: row.fields.clone(),
        tickets: Vec::new(),
    }
}
