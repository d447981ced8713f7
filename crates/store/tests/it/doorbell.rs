//! Doorbells: what rings for what, and who hears it.

use std::time::Duration;

use domain::{ContactId, OutboxId, SessionId};
use store::{
    Change, DefinitionChange, DueTimer, JobKind, JobRow, JobStatus, Listener, Store, StoreOptions, TimerKind,
    Topic, Topics, Unit,
};

use crate::{
    places::{Place, on_both_databases},
    rows::{CHANNEL, RUN, WORKSPACE, at, contact, outgoing, replies, two_nodes, workspace, workspace_row},
};

on_both_databases!(what_is_committed_rings_for_those_who_work_on_it, what_an_opt_out_takes_back_is_said);

/// How long a ring may take at most; it takes some milliseconds.
const AT_MOST: Duration = Duration::from_secs(20);

fn all(store: &Store) -> Vec<(Topic, Listener)> {
    Topic::ALL.into_iter().map(|topic| (topic, store.doorbell().listen(topic))).collect()
}

/// Which topics rang since they were last asked. All that will ring has rung before the write is answered.
async fn rung(listeners: &mut [(Topic, Listener)]) -> Topics {
    let mut rung = Topics::NONE;
    for (topic, listener) in listeners {
        if tokio::time::timeout(Duration::ZERO, listener.rung()).await.is_ok() {
            rung.insert(*topic);
        }
    }
    rung
}

fn job() -> JobRow {
    JobRow {
        id: domain::JobId(50),
        workspace: WORKSPACE,
        uuid: uuid::Uuid::from_u128(50).into(),
        kind: JobKind::Broadcast,
        status: JobStatus::Queued,
        unique_key: None,
        spec: "{}".to_owned(),
        place: "{}".to_owned(),
        steps: 0,
        done: 0,
        left_out: 0,
        failures: 0,
        total: None,
        scheduled_for: None,
        next_step: at(0),
        error: None,
        created_on: at(0),
        modified_on: at(0),
        ended_on: None,
    }
}

fn parked(due: i64) -> Change {
    let (workspace, contact, kind) = (WORKSPACE, ContactId(1), TimerKind::Parked);
    Change::SetTimer(DueTimer { workspace, contact, kind, due: at(due), session: SessionId(0) })
}

async fn what_is_committed_rings_for_those_who_work_on_it(place: Place) {
    let store = place.open();
    store.write_one(workspace()).await.unwrap();
    two_nodes(&store).await;
    store.doorbell().timers_looked_at(at(100));
    let mut listeners = all(&store);
    let rename = Change::Definition(WORKSPACE, DefinitionChange::Workspace(Box::new(workspace_row())));
    let cases: [(&str, Unit, &[Topic]); 9] = [
        ("a contact", vec![contact(1)].into(), &[]),
        ("a row in hand", outgoing(1, 1, RUN).into(), &[]),
        ("a row behind another run", outgoing(2, 1, RUN + 1).into(), &[Topic::Outbox]),
        ("a row for others", outgoing(3, 1, 0).into(), &[Topic::Outbox]),
        ("a row that is done", vec![Change::FinishOutbox(WORKSPACE, OutboxId(1))].into(), &[]),
        ("a timer that the clock finds by itself", vec![parked(100)].into(), &[]),
        ("a timer that is due earlier", vec![parked(99)].into(), &[Topic::Timers]),
        ("a job", vec![Change::NewJob(Box::new(job()))].into(), &[Topic::Jobs]),
        ("definitions", vec![rename].into(), &[Topic::Definitions]),
    ];
    for (what, unit, expected) in cases {
        store.write_one(unit).await.unwrap();
        let expected: Topics = expected.iter().copied().chain([Topic::Feed]).collect();
        assert_eq!(rung(&mut listeners).await, expected, "{what}");
    }
    let claimed = store.claim_outbox(RUN, at(100), vec![(replies(Some(CHANNEL)), 10)]).await.unwrap();
    assert_eq!(claimed.items.len(), 2);
    assert_eq!(rung(&mut listeners).await, Topics::NONE, "a claim is nobody else's business");
}

fn opt_out() -> Unit {
    vec![Change::DropQueued(WORKSPACE, ContactId(1), "opted out".to_owned(), at(9))].into()
}

async fn what_an_opt_out_takes_back_is_said(place: Place) {
    let store = place.open();
    store.write_one(workspace()).await.unwrap();
    store.write_one(vec![contact(1), contact(2)].into()).await.unwrap();
    two_nodes(&store).await;
    for (id, contact) in [(1, 1), (2, 2), (3, 1)] {
        store.write_one(outgoing(id, contact, RUN).into()).await.unwrap();
    }
    let mut taken_back = store.doorbell().listen(Topic::Withdrawn);
    let done = store.write_one(opt_out()).await.unwrap();
    assert_eq!(done.dropped, [OutboxId(1), OutboxId(3)]);
    hears(&mut taken_back).await;
    assert_eq!(taken_back.withdrawn(), done.dropped);
    assert!(taken_back.withdrawn().is_empty());
}

/// Opens the store as a node does.
fn node(place: &Place) -> Store {
    Store::open(&place.url(), StoreOptions { listens: true, ..StoreOptions::default() }).unwrap()
}

async fn hears(listener: &mut Listener) {
    tokio::time::timeout(AT_MOST, listener.rung()).await.expect("it rings");
}

/// Rings at `from` until it is heard, as the two have to find each other first.
async fn find(from: &Store, listener: &mut Listener) {
    let bell = from.doorbell();
    let found = tokio::time::timeout(AT_MOST, async {
        loop {
            bell.ring([Topic::Jobs].into_iter().collect());
            if tokio::time::timeout(Duration::from_millis(50), listener.rung()).await.is_ok() {
                return;
            }
        }
    });
    found.await.expect("they find each other");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_and_commands_on_one_postgresql_hear_each_other() {
    let place = Place::postgres();
    let one = node(&place);
    one.write_one(workspace()).await.unwrap();
    let two = node(&place);
    let mut heard_by_one = one.doorbell().listen(Topic::Jobs);
    // Twice: a connection that is new rings for everything, once.
    find(&two, &mut heard_by_one).await;
    find(&two, &mut heard_by_one).await;
    let mut heard_by_two = two.doorbell().listen(Topic::Definitions);
    let (mut outbox, mut jobs) = (one.doorbell().listen(Topic::Outbox), one.doorbell().listen(Topic::Jobs));
    let command = place.open();
    let rename = Change::Definition(WORKSPACE, DefinitionChange::Workspace(Box::new(workspace_row())));
    command.write_one(vec![rename].into()).await.unwrap();
    hears(&mut heard_by_two).await;
    two.write_one(vec![contact(1)].into()).await.unwrap();
    two.write_one(outgoing(2, 1, 0).into()).await.unwrap();
    hears(&mut outbox).await;
    two.write_one(vec![Change::NewJob(Box::new(job()))].into()).await.unwrap();
    hears(&mut jobs).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_node_or_a_command_takes_back_is_heard() {
    let place = Place::postgres();
    let one = node(&place);
    one.write_one(workspace()).await.unwrap();
    one.write_one(vec![contact(1)].into()).await.unwrap();
    two_nodes(&one).await;
    let (two, command) = (node(&place), place.open());
    let mut jobs = one.doorbell().listen(Topic::Jobs);
    find(&two, &mut jobs).await;
    find(&two, &mut jobs).await;
    let mut taken_back = one.doorbell().listen(Topic::Withdrawn);
    for (id, by) in [(1, &two), (2, &command)] {
        one.write_one(outgoing(id, 1, RUN).into()).await.unwrap();
        by.write_one(opt_out()).await.unwrap();
        let heard = tokio::time::timeout(AT_MOST, async {
            loop {
                taken_back.rung().await;
                let rows = taken_back.withdrawn();
                if !rows.is_empty() {
                    return rows;
                }
            }
        });
        assert_eq!(heard.await.expect("it is heard"), [OutboxId(id)]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_whose_doorbell_was_cut_looks_at_everything_and_hears_again() {
    let place = Place::postgres();
    let (one, two) = (node(&place), node(&place));
    one.write_one(workspace()).await.unwrap();
    let mut jobs = one.doorbell().listen(Topic::Jobs);
    find(&two, &mut jobs).await;
    find(&two, &mut jobs).await;
    let mut feed = one.doorbell().listen(Topic::Feed);
    place.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND query LIKE '%NOTIFY seedling%' AND pid <> pg_backend_pid()",
    );
    hears(&mut feed).await;
    find(&two, &mut jobs).await;
    find(&two, &mut jobs).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_a_pooler_a_node_rings_for_itself() {
    let place = Place::pooled();
    let store = node(&place);
    let mut listeners = all(&store);
    store.write_one(workspace()).await.unwrap();
    let expected: Topics = [Topic::Definitions, Topic::Feed].into_iter().collect();
    assert_eq!(rung(&mut listeners).await, expected);
}
