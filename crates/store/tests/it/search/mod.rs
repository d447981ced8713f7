//! A query finds in the database exactly whom it fits in memory: random people, random queries, every database.
//!
//! `SEEDLING_SEARCH_PAIRS` asks for more pairs of a person and a query than the usual 10,000, and
//! `SEEDLING_SEARCH_SEED` for others; a failure names both.

mod dice;
mod limits;
mod people;
mod queries;

use std::collections::BTreeSet;

use domain::{
    Contact, ContactId, ContactStatus, ContactUrn, FlowUuid, GroupId, TicketRef, Urn, WorkspaceId,
    query::{Node, Searched},
};
use store::{Change, ContactSearch, Conversation, ConversationKey, Store, TicketStatus, Unit};

use crate::{places::Place, rows};
use dice::Dice;

/// Ours, and one beside it in the same database whose people must never be found.
const OURS: WorkspaceId = WorkspaceId(1);
const THEIRS: WorkspaceId = WorkspaceId(2);
const PEOPLE: usize = 100;
const STRANGERS: usize = 20;

fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().map_or(usual, |text| text.parse().unwrap())
}

/// A person with all that can be asked about.
struct Person {
    contact: Contact,
    flow: Option<FlowUuid>,
    history: Vec<FlowUuid>,
}

/// Whether keys for searches are made with each change, or some of them later.
#[derive(Clone, Copy, PartialEq)]
enum Keys {
    AtOnce,
    SomeLater,
}

/// Makes keys that were left for later; of every contact, or of about half of them.
async fn catch_up(store: &Store, dice: &mut Dice, all: bool) {
    let waiting = store.search_later(10_000).await.unwrap();
    let chosen = waiting.into_iter().filter(|_| all || dice.one_in(2));
    let units = chosen.map(|(workspace, contact)| Change::IndexContact(workspace, contact));
    for answer in store.write(units.map(|change| vec![change].into()).collect()).await.unwrap() {
        answer.unwrap();
    }
}

async fn populate(store: &Store, seed: u64, keys: Keys) {
    let (mut dice, mut later) = (Dice::new(seed), Dice::new(seed ^ 2));
    for (workspace, count) in [(OURS, PEOPLE), (THEIRS, STRANGERS)] {
        store.write_one(people::definitions(workspace).into()).await.unwrap();
        let id = |at: usize| workspace.0 * 10_000 + at as i64;
        let lives: Vec<Vec<Unit>> =
            (0..count).map(|at| people::contact(&mut dice, workspace, id(at))).collect();
        for step in 0..2 {
            let unit = |units: &Vec<Unit>| {
                let search_later = keys == Keys::SomeLater && later.one_in(2);
                Unit { search_later, ..units[step].clone() }
            };
            for answer in store.write(lives.iter().map(unit).collect()).await.unwrap() {
                answer.unwrap();
            }
            if keys == Keys::SomeLater && step == 0 {
                assert!(
                    store.search_later(10_000).await.unwrap().len() > count / 4,
                    "some are left for later"
                );
                catch_up(store, &mut later, false).await;
            }
        }
    }
    if keys == Keys::SomeLater {
        assert!(!store.search_later(1).await.unwrap().is_empty());
    }
    catch_up(store, &mut later, true).await;
    assert!(store.search_later(1).await.unwrap().is_empty());
}

/// The people as the operations would see them.
async fn load(store: &Store) -> Vec<Person> {
    let ids = store.search_contacts(everybody(), None, PEOPLE * 2).await.unwrap();
    let keys = ids.iter().map(|id| ConversationKey::Contact(OURS, *id)).collect();
    let loaded = store.load_conversations(keys).await.unwrap().conversations;
    let mut found = Vec::new();
    for conversation in loaded.into_iter().flatten() {
        let runs = store.contact_runs(OURS, conversation.contact.id).await.unwrap();
        let history = runs.iter().map(|run| people::flow_uuid((run.flow.0 - 1_000) as usize)).collect();
        let flow = conversation.contact.flow.map(|flow| people::flow_uuid((flow.0 - 1_000) as usize));
        found.push(Person { contact: contact(conversation), flow, history });
    }
    found
}

fn contact(conversation: Conversation) -> Contact {
    let row = conversation.contact;
    let urn = |urn: store::UrnRow| ContactUrn {
        urn: Urn { scheme: urn.scheme, path: urn.path, display: urn.display },
        channel: None,
    };
    let ticket = |ticket: &store::TicketRow| TicketRef {
        uuid: ticket.uuid,
        open: ticket.status == TicketStatus::Open,
        topic: None,
        assignee: None,
    };
    let group = |group: &GroupId| people::group_uuid((group.0 - 1_000) as usize);
    Contact {
        uuid: row.uuid,
        id: row.id,
        name: row.name,
        language: row.language,
        status: row.status,
        timezone: row.timezone,
        created_on: row.created_on,
        last_seen_on: row.last_seen_on,
        urns: conversation.urns.into_iter().map(urn).collect(),
        groups: conversation.groups.iter().map(group).collect(),
        fields: row.fields,
        tickets: conversation.tickets.iter().map(ticket).collect(),
    }
}

fn everybody() -> ContactSearch {
    let obfuscation_key = rows::workspace_row().obfuscation_key;
    ContactSearch { workspace: OURS, obfuscation_key, query: None, status: None }
}

/// All that a search finds, page by page.
async fn found(store: &Store, search: &ContactSearch, page: usize) -> Vec<ContactId> {
    let mut all = Vec::new();
    loop {
        let next = store.search_contacts(search.clone(), all.last().copied(), page).await.unwrap();
        let is_last = next.len() < page;
        all.extend(next);
        if is_last {
            return all;
        }
    }
}

/// What a query is about and how it compares.
fn seen(node: &Node, into: &mut BTreeSet<String>) {
    match node {
        Node::Condition(condition) => {
            let operand = if condition.value.is_empty() { "nothing" } else { "value" };
            let (key, symbol) = (condition.property.key(), condition.comparator.symbol());
            into.insert(format!("{key} {symbol} {operand}"));
        }
        Node::All(parts) | Node::Any(parts) => parts.iter().for_each(|part| seen(part, into)),
    }
}

async fn agree(stores: &[(&str, Store)], keys: Keys) {
    let pairs = setting("SEEDLING_SEARCH_PAIRS", 10_000);
    let seed = setting("SEEDLING_SEARCH_SEED", 20_261_121);
    for (_, store) in stores {
        populate(store, seed, keys).await;
    }
    let people = load(&stores[0].1).await;
    assert_eq!(people.len(), PEOPLE);
    let contacts: Vec<Contact> = people.iter().map(|person| person.contact.clone()).collect();
    let mut dice = Dice::new(seed ^ 1);
    let (mut fitting, mut covered) = (0, BTreeSet::new());
    for at in 0..pairs.div_ceil(PEOPLE as u64) {
        let (text, zone, query) = queries::query(&mut dice, &contacts);
        seen(query.root(), &mut covered);
        let expected: Vec<ContactId> = people
            .iter()
            .filter(|person| {
                query.matches(&Searched {
                    contact: &person.contact,
                    flow: person.flow,
                    history: &person.history,
                    obfuscation_key: everybody().obfuscation_key,
                })
            })
            .map(|person| person.contact.id)
            .collect();
        fitting += expected.len();
        let is_active = |person: &&Person| person.contact.status == ContactStatus::Active;
        let active = people.iter().filter(is_active).filter(|person| expected.contains(&person.contact.id));
        let active = active.count() as u64;
        let search = ContactSearch { query: Some(query), ..everybody() };
        let page = dice.below(PEOPLE + 10) + 1;
        for (name, store) in stores {
            let case = format!("{name}, seed {seed}, query {at} in {zone}: {text}");
            assert_eq!(found(store, &search, page).await, expected, "{case}");
            assert_eq!(store.count_contacts(search.clone()).await.unwrap(), expected.len() as u64, "{case}");
            let search = ContactSearch { status: Some(ContactStatus::Active), ..search.clone() };
            assert_eq!(store.count_contacts(search).await.unwrap(), active, "{case}");
        }
    }
    println!("{fitting} of {pairs} fit; {} sorts of conditions", covered.len());
    assert!(fitting as u64 > pairs / 20, "queries that nobody fits show nothing: {fitting} of {pairs}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_queries_find_in_each_database_whom_they_fit_in_memory() {
    let (sqlite, postgres) = (Place::sqlite(), Place::postgres());
    agree(&[("SQLite", sqlite.open()), ("PostgreSQL", postgres.open())], Keys::AtOnce).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_that_were_left_for_later_find_the_same_people_once_they_are_made() {
    let (sqlite, postgres) = (Place::sqlite(), Place::postgres());
    agree(&[("SQLite", sqlite.open()), ("PostgreSQL", postgres.open())], Keys::SomeLater).await;
}
