//! People, their addresses, fields and groups, page by page.

use std::collections::{BTreeMap, HashMap};

use domain::{
    ChannelId, ContactId, ContactStatus, ContactUuid, FieldValue, FlowId, GroupId, SessionId, UrnId,
    field::rfc3339,
};
use expressions::Number;
use jiff::{Timestamp, Zoned};
use operations::misplaced;
use serde::Deserialize;
use serde_json::value::RawValue;
use smol_str::{SmolStr, format_smolstr};
use store::{
    Change, ContactRow, ContactUpdate, KeptNumbers, NewContact, NumberedRows, Tally, TallyKind, TallyName,
    Unit, UnitError, UrnRow, contact_status_word,
};
use uuid::Uuid;

use crate::{MigrateError, migration::Migration};

/// People of one page: with their addresses and groups they are one commit.
const PAGE: i64 = 500;

#[derive(Deserialize)]
struct Person {
    id: i64,
    uuid: Uuid,
    name: Option<SmolStr>,
    language: Option<SmolStr>,
    fields: Option<String>,
    status: String,
    is_active: bool,
    created_on: Timestamp,
    modified_on: Timestamp,
    last_seen_on: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Address {
    id: i64,
    contact_id: i64,
    scheme: SmolStr,
    path: SmolStr,
    display: Option<SmolStr>,
    priority: i64,
    channel_id: Option<i64>,
    has_tokens: bool,
}

#[derive(Deserialize)]
struct Member {
    contact_id: i64,
    contactgroup_id: i64,
}

const PEOPLE: &str =
    "SELECT id, uuid, name, language, CAST(fields AS TEXT) AS fields, status, is_active, created_on,
    modified_on, last_seen_on FROM contacts_contact WHERE org_id = $1 AND id > $2 ORDER BY id LIMIT $3";
const ADDRESSES: &str = "SELECT id, contact_id, scheme, path, display, priority, channel_id,
    auth_tokens IS NOT NULL AND CAST(auth_tokens AS TEXT) <> '{}' AS has_tokens FROM contacts_contacturn
    WHERE org_id = $1 AND contact_id >= $2 AND contact_id <= $3 ORDER BY contact_id, priority DESC, id";
const MEMBERS: &str = "SELECT m.contact_id, m.contactgroup_id FROM contacts_contactgroup_contacts m
    JOIN contacts_contactgroup g ON g.id = m.contactgroup_id
    WHERE g.org_id = $1 AND g.group_type IN ('M', 'Q') AND g.is_active AND NOT g.is_system
      AND m.contact_id >= $2 AND m.contact_id <= $3 ORDER BY m.contact_id, m.id";
const MEMBERS_COUNT: &str = "SELECT count(*) AS n FROM contacts_contactgroup_contacts m
    JOIN contacts_contactgroup g ON g.id = m.contactgroup_id
    WHERE g.org_id = $1 AND g.group_type IN ('M', 'Q') AND g.is_active AND NOT g.is_system";

/// A value of a field as it is stored there: numbers as JSON numbers, as texts, and under an older name.
#[derive(Deserialize)]
struct StoredValue {
    #[serde(default)]
    text: SmolStr,
    number: Option<Box<RawValue>>,
    decimal: Option<Box<RawValue>>,
    datetime: Option<SmolStr>,
    state: Option<SmolStr>,
    district: Option<SmolStr>,
    ward: Option<SmolStr>,
}

#[derive(Deserialize)]
struct Moment(#[serde(with = "rfc3339")] Option<Zoned>);

impl StoredValue {
    fn read(self) -> FieldValue {
        let number = self.number.or(self.decimal).and_then(|raw| Number::parse(raw.get().trim_matches('"')));
        let datetime = self.datetime.and_then(|text| {
            let moment: Moment = serde_json::from_value(text.as_str().into()).ok()?;
            moment.0
        });
        FieldValue {
            text: self.text,
            number: number.map(|number| format_smolstr!("{number}")),
            datetime,
            state: self.state,
            district: self.district,
            ward: self.ward,
        }
    }
}

fn status(letter: &str) -> ContactStatus {
    match letter {
        "B" => ContactStatus::Blocked,
        "S" => ContactStatus::Stopped,
        "V" => ContactStatus::Archived,
        _ => ContactStatus::Active,
    }
}

impl Migration<'_> {
    /// Rows of a table that earlier runs brought: the highest number and how many.
    pub fn brought(&self, table: KeptNumbers) -> Result<(i64, i64), MigrateError> {
        let (above, below) = (self.numbers.floor(), self.numbers.ceiling());
        let rows = NumberedRows { workspace: self.workspace, table, above, below };
        Ok(self.sink.read(async |context| context.store.numbered(rows).await)?)
    }

    /// How many rows of a table there are now, if they are written at all.
    pub fn count_here(&mut self, area: &'static str, table: KeptNumbers) -> Result<(), MigrateError> {
        if self.sink.writes() {
            let (_, count) = self.brought(table)?;
            self.count(area).here = Some(count.unsigned_abs());
        }
        Ok(())
    }

    /// All people.
    pub fn people(&mut self) -> Result<(), MigrateError> {
        self.area("contacts", "contacts_contact")?;
        self.area("addresses", "contacts_contacturn")?;
        self.count("group members").there = self.source.count(MEMBERS_COUNT, &[self.org.id])?;
        let (done, _) = self.brought(KeptNumbers::Contacts)?;
        let mut after = 0;
        loop {
            let page: Vec<Person> = self.source.rows("a contact", PEOPLE, &[self.org.id, after, PAGE])?;
            let (Some(first), Some(last)) = (page.first(), page.last()) else { break };
            after = last.id;
            let span = [self.org.id, first.id, last.id];
            let mut addresses: HashMap<i64, Vec<Address>> = HashMap::new();
            for row in self.source.rows::<Address>("an address", ADDRESSES, &span)? {
                addresses.entry(row.contact_id).or_default().push(row);
            }
            let mut groups: HashMap<i64, Vec<i64>> = HashMap::new();
            for row in self.source.rows::<Member>("a member of a group", MEMBERS, &span)? {
                groups.entry(row.contact_id).or_default().push(row.contactgroup_id);
            }
            self.page(page, addresses, groups, done)?;
        }
        let attached: u64 = {
            let area = self.count("addresses");
            area.brought + area.before + area.left_out.values().sum::<u64>()
        };
        let area = self.count("addresses");
        area.leave_many("they belong to nobody", area.there.saturating_sub(attached));
        self.count_here("contacts", KeptNumbers::Contacts)
    }

    fn page(
        &mut self,
        page: Vec<Person>,
        mut addresses: HashMap<i64, Vec<Address>>,
        mut groups: HashMap<i64, Vec<i64>>,
        done: i64,
    ) -> Result<(), MigrateError> {
        let (mut made, mut units, mut dated) = (Vec::new(), Vec::new(), Vec::new());
        for person in page {
            let theirs = addresses.remove(&person.id).unwrap_or_default();
            let joined = groups.remove(&person.id).unwrap_or_default();
            if !person.is_active {
                self.count("contacts").leave("deleted there");
                self.count("addresses").leave_many("their contact is deleted", theirs.len() as u64);
                self.count("group members").leave_many("their contact is deleted", joined.len() as u64);
                continue;
            }
            self.contacts.insert(person.id, person.uuid);
            let is_new = self.here(person.id) > done;
            self.count("contacts").take(is_new);
            self.count("contacts").kind(contact_status_word(status(&person.status)));
            let urns = self.urns_of(theirs, is_new);
            let joined = self.joined(&joined, is_new);
            if is_new {
                let row = self.contact_row(&person);
                dated.push(ContactUpdate {
                    contact: row.clone(),
                    version: self.sink.next_id(),
                    modified_on: person.modified_on,
                });
                made.push((person.id, urns.len() as u64, joined.len() as u64));
                units.push(self.person_unit(row, urns, joined));
            }
        }
        self.write_people(&made, units, dated)
    }

    fn urns_of(&mut self, addresses: Vec<Address>, is_new: bool) -> Vec<UrnRow> {
        let mut urns = Vec::with_capacity(addresses.len());
        for row in addresses {
            self.urns.insert(row.id);
            let area = self.count("addresses");
            area.take(is_new);
            area.kind(row.scheme.as_str());
            if row.has_tokens {
                self.count("addresses").kind("with tokens, which have no place here");
            }
            let channel = row.channel_id.filter(|id| self.channels.contains(id));
            urns.push(UrnRow {
                id: UrnId(self.here(row.id)),
                scheme: row.scheme,
                path: row.path,
                display: row.display.filter(|display| !display.is_empty()),
                priority: row.priority,
                channel: channel.map(|id| ChannelId(self.here(id))),
            });
        }
        urns
    }

    fn joined(&mut self, groups: &[i64], is_new: bool) -> Vec<GroupId> {
        let mut joined = Vec::with_capacity(groups.len());
        for id in groups {
            match self.groups.get(id).map(|(_, name, _)| name.clone()) {
                Some(name) => {
                    self.count("group members").take(is_new);
                    self.count("group members").kind(name.as_str());
                    joined.push(GroupId(self.here(*id)));
                }
                None => self.count("group members").leave("their group is left out"),
            }
        }
        joined
    }

    fn contact_row(&mut self, person: &Person) -> ContactRow {
        ContactRow {
            id: ContactId(self.here(person.id)),
            workspace: self.workspace,
            uuid: ContactUuid(person.uuid),
            version: self.sink.next_id(),
            name: person.name.clone().unwrap_or_default(),
            language: person.language.clone().filter(|language| !language.is_empty()),
            status: status(&person.status),
            timezone: None,
            fields: self.fields_of(person),
            session: None::<SessionId>,
            flow: None::<FlowId>,
            created_on: person.created_on,
            last_seen_on: person.last_seen_on,
            groups_as_of: 0,
        }
    }

    /// Values of fields that are in use; others are left where they are.
    fn fields_of(&mut self, person: &Person) -> BTreeMap<SmolStr, FieldValue> {
        let Some(text) = &person.fields else { return BTreeMap::new() };
        let stored: BTreeMap<Uuid, StoredValue> = match serde_json::from_str(text) {
            Ok(stored) => stored,
            Err(error) => {
                self.note(format!("the fields of contact {} cannot be read: {error}", person.uuid));
                return BTreeMap::new();
            }
        };
        let mut fields = BTreeMap::new();
        for (uuid, value) in stored {
            let area = self.report.areas.entry("field values").or_default();
            area.there += 1;
            match self.fields.get(&uuid) {
                None => area.leave("their field is not in use"),
                Some(_) if value.text.is_empty() => area.leave("empty"),
                Some((key, _)) => {
                    area.brought += 1;
                    fields.insert(key.clone(), value.read());
                }
            }
        }
        fields
    }

    fn person_unit(&self, row: ContactRow, urns: Vec<UrnRow>, joined: Vec<GroupId>) -> Unit {
        let (workspace, id, created_on) = (self.workspace, row.id, row.created_on);
        let day = self.day(created_on);
        let tally = |kind, name| (Tally { workspace, day, kind, subject: 0, name }, 1);
        let tallies = vec![
            tally(TallyKind::NewContact, TallyName::Word("")),
            tally(TallyKind::ContactStatus, TallyName::Word(contact_status_word(row.status))),
            tally(TallyKind::ContactLanguage, TallyName::text(row.language.as_deref().unwrap_or_default())),
        ];
        let mut changes = vec![Change::NewContact(Box::new(NewContact { contact: row, urns }))];
        changes.extend(joined.into_iter().map(|group| Change::JoinGroup(workspace, id, group, created_on)));
        changes.push(Change::Tallies(tallies));
        Unit::new(changes)
    }

    /// Writes a page, and then when each of them last changed, which a new contact does not say.
    fn write_people(
        &mut self,
        made: &[(i64, u64, u64)],
        units: Vec<Unit>,
        dated: Vec<ContactUpdate>,
    ) -> Result<(), MigrateError> {
        let answers = self.sink.write(units)?;
        let mut later = Vec::with_capacity(dated.len());
        for ((update, answer), (person, urns, joined)) in dated.into_iter().zip(answers).zip(made) {
            match answer {
                Ok(()) => later.push(Unit::new(vec![Change::Contact(Box::new(update))])),
                Err(UnitError::Conflict | UnitError::Taken(_)) => {
                    self.contacts.remove(person);
                    for (area, rows) in [("contacts", 1), ("addresses", *urns), ("group members", *joined)] {
                        let area = self.count(area);
                        area.brought -= rows;
                        area.leave_many("somebody here has the same identifier or address", rows);
                    }
                }
                Err(error) => return Err(self.refused("a contact", &error)),
            }
        }
        self.write_all("a contact", later)
    }

    /// Members of groups with a query come as they are there; who does not fit, or fits and is not in it, is told.
    pub fn compare_groups(&mut self) -> Result<(), MigrateError> {
        let by_query: Vec<_> = self.groups.values().filter(|(.., by_query)| *by_query).cloned().collect();
        for (group, name, _) in by_query {
            let workspace = self.workspace;
            let compared = self.sink.read(async |context| {
                let Some(ws) = context.registry.workspace(context, workspace).await? else { return Ok(None) };
                Ok(Some(misplaced(context, &ws, group).await.map_err(|error| error.to_string())))
            })?;
            match compared {
                Some(Ok(0)) | None => {}
                Some(Ok(contacts)) => self.note(format!(
                    "group {name:?}: by its query {contacts} contacts belong otherwise than there; each is put right when \
                     they change"
                )),
                Some(Err(reason)) => self.note(format!("group {name:?} keeps its members: {reason}")),
            }
        }
        Ok(())
    }
}
