//! How long searches take: `cargo run --release -p store --example search -- 100000 [postgresql://…]`.
//!
//! Makes that many contacts (100,000 without a number) with six fields each in a scratch SQLite database, or in the
//! empty PostgreSQL database given, and prints how long the first page of 50 and the count take, the better of two.
#![allow(clippy::unwrap_used)]

use std::{collections::BTreeMap, time::Instant};

use domain::{
    ContactId, ContactStatus, ContactUuid, Field, FieldType, FieldValue, FlowUuid, GroupUuid, Query,
    Reference, UrnId, WorkspaceId, query::Resolver,
};
use expressions::Environment;
use jiff::{SignedDuration, Timestamp};
use smol_str::{SmolStr, format_smolstr};
use store::{Change, ContactRow, ContactSearch, NewContact, Store, StoreOptions, StoreUrl, Unit, UrnRow};
use uuid::Uuid;

const WORKSPACE: WorkspaceId = WorkspaceId(1);
const PAGE: usize = 50;
const GROUPED: usize = 500;
const NAMES: &[&str] =
    &["Mary", "Grace", "Fatuma", "Achieng", "Wanjiku", "Otieno", "Njeri", "Amina", "Kamau"];
const FIELDS: &[(&str, FieldType)] = &[
    ("age", FieldType::Number),
    ("code", FieldType::Text),
    ("due", FieldType::Datetime),
    ("language_spoken", FieldType::Text),
    ("sex", FieldType::Text),
    ("village", FieldType::Text),
];
const QUERIES: &[&str] = &[
    "",
    "tel = +254700012345",
    "tel ~ 12345",
    "name = \"Mary Achieng 777\"",
    "mary 777",
    "mary",
    "code = c-777",
    "age > 90",
    "age > 20",
    "age > 20 AND sex = f AND village = v7",
    "village != v7",
    "due = 20-06-2027",
    "due > 01-06-2027 OR age < 18",
    "whatsapp = \"\"",
    "last_seen_on > 14-01-2027",
];

struct Fields(Vec<Field>);

impl Resolver for Fields {
    fn field(&self, key: &str) -> Option<&Field> {
        self.0.iter().find(|field| field.key == key)
    }
    fn group(&self, _name: &str) -> Option<Reference<GroupUuid>> {
        None
    }
    fn flow(&self, _name: &str) -> Option<Reference<FlowUuid>> {
        None
    }
}

fn start() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

fn contact(number: i64, env: &Environment) -> Unit {
    let mixed = (number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
    let text = |key: &str| match key {
        "age" => format_smolstr!("{}", mixed % 100),
        "code" => format_smolstr!("C-{number}"),
        "due" => format_smolstr!("{}", start() + SignedDuration::from_hours((mixed % 7_000) as i64)),
        "language_spoken" => "Kiswahili".into(),
        "sex" => if mixed.is_multiple_of(2) { "F" } else { "M" }.into(),
        _ => format_smolstr!("V{}", mixed % 1_000),
    };
    let value = |(key, field_type): &(&str, FieldType)| {
        let value = FieldValue::parse(&text(key), *field_type, env, &start, None, 640)?;
        Some((SmolStr::from(*key), value))
    };
    let pick = |at: u64| NAMES[(at % NAMES.len() as u64) as usize];
    let row = ContactRow {
        id: ContactId(number),
        workspace: WORKSPACE,
        uuid: ContactUuid(Uuid::from_u128(number as u128)),
        version: 1,
        name: format_smolstr!("{} {} {number}", pick(mixed), pick(mixed / 9)),
        language: Some("swa".into()),
        status: ContactStatus::Active,
        timezone: None,
        fields: FIELDS.iter().filter_map(value).collect::<BTreeMap<_, _>>(),
        session: None,
        flow: None,
        created_on: start(),
        last_seen_on: Some(start() - SignedDuration::from_mins((mixed % 100_000) as i64)),
        groups_as_of: 0,
    };
    let urn = UrnRow {
        id: UrnId(number),
        scheme: "tel".into(),
        path: format_smolstr!("+2547{number:08}"),
        display: None,
        priority: 1_000,
        channel: None,
    };
    vec![Change::NewContact(Box::new(NewContact { contact: row, urns: vec![urn] }))].into()
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let people: i64 = arguments.next().map_or(100_000, |text| text.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let url = match arguments.next() {
        Some(url) => url.parse().unwrap(),
        None => StoreUrl::Sqlite(folder.path().join("store.db")),
    };
    let store = Store::open(&url, StoreOptions::default()).unwrap();
    let env = Environment::default();
    let began = Instant::now();
    let numbers: Vec<i64> = (1..=people).collect();
    for group in numbers.chunks(GROUPED) {
        let units = group.iter().map(|number| contact(*number, &env)).collect();
        store.write(units).await.unwrap().into_iter().for_each(|answer| drop(answer.unwrap()));
    }
    println!("{people} contacts written in {:.1} s", began.elapsed().as_secs_f64());
    let field = |(key, field_type): &(&str, FieldType)| Field {
        uuid: Default::default(),
        key: (*key).into(),
        name: (*key).into(),
        field_type: *field_type,
    };
    let fields = Fields(FIELDS.iter().map(field).collect());
    println!("{:<45} {:>10} {:>10} {:>10}", "query", "page ms", "count ms", "found");
    for text in QUERIES {
        let query = (!text.is_empty()).then(|| Query::parse(text, &env, start(), Some(&fields)).unwrap());
        let search = ContactSearch { workspace: WORKSPACE, obfuscation_key: [0; 4], query, status: None };
        let (mut page, mut count, mut found) = (f64::MAX, f64::MAX, 0);
        for _ in 0..2 {
            let began = Instant::now();
            store.search_contacts(search.clone(), None, PAGE).await.unwrap();
            page = page.min(began.elapsed().as_secs_f64() * 1_000.0);
            let began = Instant::now();
            found = store.count_contacts(search.clone()).await.unwrap();
            count = count.min(began.elapsed().as_secs_f64() * 1_000.0);
        }
        println!("{text:<45} {page:>10.1} {count:>10.1} {found:>10}");
    }
}
