//! People as awkward as they come: names in many scripts, numbers of 36 digits, moments around midnight.

use std::{collections::BTreeMap, sync::Arc};

use domain::{
    ContactId, ContactStatus, ContactUuid, FieldId, FieldType, FieldUuid, FieldValue, FlowId, FlowUuid,
    GroupId, GroupUuid, RunId, RunUuid, SessionId, TicketId, TicketUuid, UrnId, WorkspaceId, WorkspaceUuid,
};
use expressions::{Environment, LocationTree, environment::DateFormat};
use jiff::{SignedDuration, Timestamp, civil::date, tz::TimeZone};
use smol_str::{SmolStr, format_smolstr};
use store::{
    Change, ContactRow, ContactUpdate, DefinitionChange, FieldRow, FlowRow, GroupRow, NewContact, NewUrn,
    RunRow, TicketRow, TicketStatus, Unit, UrnRow, WorkspaceRow,
};
use uuid::Uuid;

use super::dice::Dice;
use crate::rows;

pub const ZONES: &[&str] = &[
    "UTC",
    "Africa/Nairobi",
    "Africa/Cairo",
    "America/New_York",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
    "Asia/Beirut",
    "Europe/Berlin",
    "Pacific/Apia",
    "Pacific/Chatham",
];

/// Words of names and texts; what folds, joins or sorts in surprising ways.
pub const WORDS: &[&str] = &[
    "Mary",
    "mary",
    "Achieng",
    "McDonald",
    "İbrahim",
    "IŞIK",
    "ılgaz",
    "Straße",
    "STRASSE",
    "ẞtefan",
    "Groß",
    "عائشة",
    "مُحَمَّد",
    "Zoe\u{308}",
    "Zoë",
    "ZOË",
    "ΟΔΥΣΣΕΥΣ",
    "οδυσσεύς",
    "ﬁona",
    "\u{212a}elvin",
    "Ǆordje",
    "王小明",
    "ประเสริฐ",
    "देवनागरी",
    "👩🏾‍🌾",
    "o'Neil",
    "mary-jane",
    "a",
    "ab",
    "100%",
    "_x_",
    "\"quoted\"",
    "back\\slash",
    "Wanjikuwanjiku",
    "x\u{200d}y",
    "Ångström",
    "A\u{30a}ngstro\u{308}m",
    "𐐀𐐁𐐂",
    "12345",
    "+254700",
    "İ",
    "ß",
];

pub const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "1",
    "-1",
    "18",
    "18.0",
    "018",
    "17.999999999999999999999999999999999",
    "0.1",
    "0.10",
    "-0.1",
    ".5",
    "123456789012345678901234567890123456",
    "123456789012345678901234567890123455",
    "-123456789012345678901234567890123456",
    "9007199254740993",
    "9007199254740992",
    "99999999999999999999",
    "0.000000000000000000000000000000000001",
    "-0.000000000000000000000000000000000001",
    "1000000",
    "1000000.0000001",
    "100000000000000000000000000000000000000000000000000",
    "abc",
    "12abc",
];

pub const TEXTS: &[&str] =
    &["Yes", "YES", "no", "F", "m", "İ", "i̇", "ß", "SS", "x y  z", "Ünlü", "ünlü", "100%", "a_b"];

pub const PLACES: &[&str] = &[
    "Nairobi",
    "nbo",
    "Westlands",
    "Parklands",
    "Mombasa",
    "Kenya > Nairobi",
    "Kenya > Nairobi > Westlands",
    "Kenya > Nairobi > Westlands > Parklands",
    "Nowhere",
    "Mûrang'a",
    "Kenya > Mûrang'a",
];

pub const SCHEMES: &[&str] = &["tel", "whatsapp", "telegram", "mailto", "ext", "viber"];

const FIELDS: &[(&str, FieldType)] = &[
    ("age", FieldType::Number),
    ("weight", FieldType::Number),
    ("due", FieldType::Datetime),
    ("visit", FieldType::Datetime),
    ("sex", FieldType::Text),
    ("village", FieldType::Text),
    ("county", FieldType::State),
    ("subcounty", FieldType::District),
    ("ward", FieldType::Ward),
];

pub const GROUPS: &[&str] = &["Mothers", "Health workers", "ÉTÉ"];
pub const FLOWS: &[&str] = &["Intake", "Reminder", "Çay"];

pub fn fields() -> Vec<FieldRow> {
    let row = |(at, (key, field_type)): (usize, &(&str, FieldType))| FieldRow {
        id: FieldId(at as i64 + 1),
        uuid: FieldUuid(Uuid::from_u128(0xf0 << 64 | at as u128)),
        key: (*key).into(),
        name: (*key).into(),
        field_type: *field_type,
    };
    FIELDS.iter().enumerate().map(row).collect()
}

pub fn group_uuid(at: usize) -> GroupUuid {
    GroupUuid(Uuid::from_u128(0x60 << 64 | at as u128))
}

pub fn flow_uuid(at: usize) -> FlowUuid {
    FlowUuid(Uuid::from_u128(0x70 << 64 | at as u128))
}

pub fn environment(zone: &str) -> Environment {
    let root = serde_json::from_str(
        r#"{"name": "Kenya", "children": [{"name": "Mûrang'a"}, {"name": "Mombasa"}, {"name": "Nairobi",
            "aliases": ["NBO"], "children": [{"name": "Westlands", "children": [{"name": "Parklands"}]}]}]}"#,
    );
    Environment {
        date_format: DateFormat::DayMonthYear,
        timezone: TimeZone::get(zone).unwrap(),
        default_country: Some("KE".into()),
        locations: Some(Arc::new(LocationTree { root: root.unwrap() })),
        ..Environment::default()
    }
}

/// Workspace, fields, groups and flows. Those of another workspace have other row numbers.
pub fn definitions(workspace: WorkspaceId) -> Vec<Change> {
    let shift = workspace.0 * 1_000;
    let uuid = |uuid: Uuid| Uuid::from_u128(uuid.as_u128() | (shift as u128) << 32);
    let row = WorkspaceRow {
        id: workspace,
        uuid: WorkspaceUuid(Uuid::from_u128(workspace.0 as u128)),
        ..rows::workspace_row()
    };
    let mut changes = vec![DefinitionChange::NewWorkspace(Box::new(row))];
    changes.extend(fields().into_iter().map(|field| {
        let (id, of) = (FieldId(field.id.0 + shift), FieldUuid(uuid(field.uuid.0)));
        DefinitionChange::Field(FieldRow { id, uuid: of, ..field })
    }));
    changes.extend(GROUPS.iter().enumerate().map(|(at, name)| {
        DefinitionChange::Group(GroupRow {
            id: GroupId(shift + at as i64),
            uuid: if shift == 1_000 { group_uuid(at) } else { GroupUuid(uuid(group_uuid(at).0)) },
            name: (*name).into(),
            query: None,
        })
    }));
    changes.extend(FLOWS.iter().enumerate().map(|(at, name)| {
        DefinitionChange::Flow(FlowRow {
            id: FlowId(shift + at as i64),
            uuid: if shift == 1_000 { flow_uuid(at) } else { FlowUuid(uuid(flow_uuid(at).0)) },
            name: (*name).into(),
            flow_type: "messaging".into(),
            expire_after_minutes: 0,
            ignore_triggers: false,
            revision: 1,
            archived: false,
            created_on: rows::at(0),
            modified_on: rows::at(0),
        })
    }));
    changes.into_iter().map(|change| Change::Definition(workspace, change)).collect()
}

/// A moment at or near a midnight of some zone, in particular those at which clocks change.
pub fn moment(dice: &mut Dice) -> Timestamp {
    let days = [
        date(2026, 3, 29),
        date(2026, 10, 25),
        date(2026, 4, 24),
        date(2026, 10, 30),
        date(2026, 3, 8),
        date(2018, 11, 4),
        date(2011, 12, 30),
        date(2011, 12, 31),
        date(2026, 1, 1),
        date(2024, 2, 29),
        date(1969, 12, 31),
        date(1970, 1, 1),
        date(2026, 4, 5),
        date(2026, 11, 21),
    ];
    let zone = TimeZone::get(dice.pick(ZONES)).unwrap();
    let start = dice.pick(&days).to_zoned(zone).unwrap().timestamp();
    let steps: [i64; 9] =
        [0, 0, -1, 1, -1_000_000, 3_600_000_000, -3_600_000_000, 43_200_000_000, 86_400_000_000];
    start + SignedDuration::from_micros(dice.pick(&steps))
}

fn field_text(dice: &mut Dice) -> SmolStr {
    match dice.below(6) {
        0 | 1 => dice.pick(NUMBERS).into(),
        2 => dice.pick(TEXTS).into(),
        3 => dice.pick(PLACES).into(),
        4 => format_smolstr!("{}", moment(dice)),
        _ => phrase(dice, 40),
    }
}

/// Up to `words` words, mostly few.
pub fn phrase(dice: &mut Dice, words: usize) -> SmolStr {
    let count = if dice.one_in(20) { dice.below(words) } else { dice.below(4) };
    let parts: Vec<&str> = (0..count).map(|_| dice.pick(WORDS)).collect();
    parts.join(if dice.one_in(5) { "  " } else { " " }).into()
}

fn field_values(dice: &mut Dice) -> BTreeMap<SmolStr, FieldValue> {
    let mut values = BTreeMap::new();
    for (key, field_type) in FIELDS {
        if dice.one_in(3) {
            continue;
        }
        let text = match (dice.one_in(5), field_type) {
            (true, _) => field_text(dice),
            (false, FieldType::Number) => dice.pick(NUMBERS).into(),
            (false, FieldType::Datetime) => format_smolstr!("{}", moment(dice)),
            (false, FieldType::Text) => match dice.one_in(2) {
                true => dice.pick(TEXTS).into(),
                false => phrase(dice, 60),
            },
            (false, FieldType::State | FieldType::District | FieldType::Ward) => dice.pick(PLACES).into(),
        };
        let parent = match field_type {
            FieldType::District => Some("Kenya > Nairobi"),
            FieldType::Ward => Some("Kenya > Nairobi > Westlands"),
            _ => None,
        };
        let env = environment(dice.pick(ZONES));
        let now = || rows::at(0);
        if let Some(value) = FieldValue::parse(&text, *field_type, &env, &now, parent, 640) {
            values.insert((*key).into(), value);
        }
    }
    values
}

pub fn path(dice: &mut Dice, scheme: &str, id: i64) -> SmolStr {
    match scheme {
        "tel" | "whatsapp" => format_smolstr!("+25470{}{id:04}", dice.below(90) + 10),
        "mailto" => format_smolstr!("Mary.{id}@Example.ORG"),
        "telegram" => format_smolstr!("{}", 1_000_000 + id),
        _ => format_smolstr!("{}/{id}", dice.pick(WORDS)),
    }
}

fn contact_row(dice: &mut Dice, workspace: WorkspaceId, id: i64) -> ContactRow {
    const STATUSES: &[ContactStatus] =
        &[ContactStatus::Active, ContactStatus::Blocked, ContactStatus::Stopped, ContactStatus::Archived];
    const LANGUAGES: &[Option<&str>] = &[Some("eng"), Some("swa"), Some("fra"), None];
    let shift = workspace.0 * 1_000;
    ContactRow {
        id: ContactId(id),
        workspace,
        uuid: ContactUuid(Uuid::from_u128((dice.next() as u128) << 64 | id as u128)),
        version: 1,
        name: phrase(dice, 40),
        language: dice.pick(LANGUAGES).map(SmolStr::from),
        status: dice.pick(STATUSES),
        timezone: None,
        fields: field_values(dice),
        session: None,
        flow: (!dice.one_in(2)).then(|| FlowId(shift + dice.below(FLOWS.len()) as i64)),
        created_on: moment(dice),
        last_seen_on: (!dice.one_in(3)).then(|| moment(dice)),
        groups_as_of: 0,
    }
}

fn urn_row(dice: &mut Dice, id: i64) -> UrnRow {
    let scheme = dice.pick(SCHEMES);
    UrnRow {
        id: UrnId(id),
        scheme: scheme.into(),
        path: path(dice, scheme, id),
        display: None,
        priority: 1_000 - id,
        channel: None,
    }
}

/// What makes a contact, and what happens to it afterwards.
pub fn contact(dice: &mut Dice, workspace: WorkspaceId, id: i64) -> Vec<Unit> {
    let row = contact_row(dice, workspace, id);
    let urns: Vec<UrnRow> = (0..dice.below(4)).map(|at| urn_row(dice, id * 10 + at as i64)).collect();
    let new = NewContact { contact: row.clone(), urns: urns.clone() };
    let mut changes = Vec::new();
    if dice.one_in(2) {
        let mut next = contact_row(dice, workspace, id);
        next.uuid = row.uuid;
        next.created_on = row.created_on;
        if dice.one_in(2) {
            next.fields = row.fields.clone();
        }
        changes.push(Change::Contact(Box::new(ContactUpdate {
            contact: next,
            version: 2,
            modified_on: rows::at(1),
        })));
        if let Some(urn) = urns.first() {
            changes.push(Change::RemoveUrn(workspace, ContactId(id), urn.id));
        }
        let urn = urn_row(dice, id * 10 + 9);
        changes.push(Change::NewUrn(NewUrn { workspace, contact: ContactId(id), urn }));
    }
    for at in 0..dice.below(3) {
        let ticket = TicketId(id * 10 + at as i64);
        let status =
            *[TicketStatus::Open, TicketStatus::Open, TicketStatus::Closed].get(dice.below(3)).unwrap();
        changes.push(Change::NewTicket(Box::new(TicketRow {
            id: ticket,
            workspace,
            uuid: TicketUuid(Uuid::from_u128(0x90 << 64 | ticket.0 as u128)),
            contact: ContactId(id),
            status,
            topic: None,
            assignee: None,
            note: None,
            flow: None,
            run: None,
            opened_on: rows::at(2),
            modified_on: rows::at(2),
            closed_on: (status == TicketStatus::Closed).then(|| rows::at(2)),
            replied_on: None,
            replied_by: None,
            opened_by: None,
        })));
    }
    let shift = workspace.0 * 1_000;
    for at in 0..GROUPS.len() {
        if dice.one_in(3) {
            changes.push(Change::JoinGroup(
                workspace,
                ContactId(id),
                GroupId(shift + at as i64),
                rows::at(2),
            ));
        }
    }
    for at in 0..dice.below(4) {
        let run = RunId(id * 10 + at as i64);
        changes.push(Change::Run(Box::new(RunRow {
            path: None,
            job: None,
            id: run,
            workspace,
            uuid: RunUuid(Uuid::from_u128(0x80 << 64 | run.0 as u128)),
            session: SessionId(id),
            contact: ContactId(id),
            flow: FlowId(shift + dice.below(FLOWS.len()) as i64),
            status: "completed".into(),
            responded: false,
            results: "{}".to_owned(),
            created_on: rows::at(3),
            modified_on: rows::at(3),
            exited_on: Some(rows::at(3)),
        })));
    }
    vec![vec![Change::NewContact(Box::new(new))].into(), changes.into()]
}
