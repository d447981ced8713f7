//! Several nodes on one store: who is alive, who may write, who has which lease.

use std::sync::Arc;

use domain::OutboxId;
use jiff::Timestamp;
use store::{
    Change, Fence, LeaseName, NodeState, Recovered, Registration, Store, StoreError, Unit, UnitDone,
    UnitError,
};

use crate::{
    places::{Place, on_both_databases},
    rows::{CHANNEL, RUN, WORKSPACE, at, contact, enter, node, outgoing, replies, two_nodes, workspace},
};

on_both_databases!(
    nodes_have_runs_names_and_slots_of_their_own,
    a_name_is_taken_as_long_as_its_run_lives,
    who_has_the_database_for_itself_ends_all_others,
    no_more_nodes_enter_than_there_are_slots,
    what_a_run_wrote_that_was_ended_is_refused_and_what_it_had_in_hand_comes_back,
    only_who_was_silent_is_ended,
    a_lease_has_one_holder_and_its_writes_end_with_it,
    a_newer_schema_serves_the_programs_that_it_names,
);

fn fenced<T>(answer: &Result<T, UnitError>) -> bool {
    matches!(answer, Err(UnitError::Store(StoreError::Fenced)))
}

async fn write(store: &Store, run: i64, changes: Vec<Change>) -> Result<UnitDone, UnitError> {
    store.write_one(Unit { by: run, ..Unit::new(changes) }).await
}

async fn nodes_have_runs_names_and_slots_of_their_own(place: Place) {
    let store = place.open();
    let (a, b) = (enter(&store, "a").await, enter(&store, "b").await);
    assert!(b.run > a.run && b.slot != a.slot);
    let beat = store.beat(b.run, NodeState::Stopping, at(7)).await.unwrap();
    assert!(beat.alive);
    let seen: Vec<_> = beat.nodes.iter().map(|node| (node.run, &*node.name, node.beat, node.state)).collect();
    assert_eq!(
        seen,
        [(a.run, "a", 0, NodeState::Running), (b.run, "b", 1, NodeState::Stopping)],
        "the oldest first"
    );
    assert_eq!(beat.nodes[1].beat_on, at(7));
    assert_eq!(store.nodes().await.unwrap(), beat.nodes);
    // Row numbers of the two never meet, and follow what is there.
    store.write_one(workspace()).await.unwrap();
    store.write_one(vec![contact(1_000_000)].into()).await.unwrap();
    let c = enter(&store, "c").await;
    let (of_a, of_c) = (store.for_run(&a), store.for_run(&c));
    let (one, other) = (of_a.ids().next(Timestamp::UNIX_EPOCH), of_c.ids().next(Timestamp::UNIX_EPOCH));
    assert!(one != other && other > 1_000_000, "{one} {other}");
    store.evict(a.run, None, at(8)).await.unwrap();
    let again = enter(&store, "a").await;
    assert!(again.slot == a.slot && again.run > c.run, "the slot is used again, the run is not");
}

async fn a_name_is_taken_as_long_as_its_run_lives(place: Place) {
    let store = place.open();
    let first = enter(&store, "a").await;
    let Registration::NameTaken(other) = store.register(node("a"), at(1)).await.unwrap() else {
        panic!("two nodes of one name");
    };
    assert_eq!((other.run, &*other.address, &*other.host), (first.run, "127.0.0.1:7333", "here"));
    assert_eq!(store.evict(first.run, None, at(1)).await.unwrap(), Some(Recovered::default()));
    assert_eq!(store.evict(first.run, None, at(1)).await.unwrap(), None, "it is gone already");
    assert!(!store.beat(first.run, NodeState::Running, at(2)).await.unwrap().alive);
    enter(&store, "a").await;
}

async fn who_has_the_database_for_itself_ends_all_others(place: Place) {
    let store = place.open();
    two_nodes(&store).await;
    let alone = store::NewNode { alone: true, ..node("a") };
    let Registration::Done(registered) = store.register(alone, at(1)).await.unwrap() else {
        panic!("it has the database for itself");
    };
    let runs: Vec<i64> = store.nodes().await.unwrap().iter().map(|node| node.run).collect();
    assert_eq!(runs, [registered.run]);
}

async fn no_more_nodes_enter_than_there_are_slots(place: Place) {
    let store = place.open();
    for number in 0..store::IdSource::NODE_SLOTS {
        enter(&store, &format!("n{number}")).await;
    }
    let full = store.register(node("one more"), at(1)).await.unwrap();
    assert_eq!(full, Registration::Full(usize::from(store::IdSource::NODE_SLOTS)));
}

async fn what_a_run_wrote_that_was_ended_is_refused_and_what_it_had_in_hand_comes_back(place: Place) {
    let store = place.open();
    two_nodes(&store).await;
    let other = RUN + 1;
    store.write_one(workspace()).await.unwrap();
    write(&store, RUN, vec![contact(1), contact(2)]).await.unwrap();
    write(&store, RUN, outgoing(1, 1, RUN)).await.unwrap();
    write(&store, other, outgoing(2, 2, other)).await.unwrap();
    assert_eq!(store.evict(RUN, None, at(50)).await.unwrap(), Some(Recovered { rows: 1 }));
    // In one group: the batch, a change that is applied by itself, and another's.
    let tag = Change::RemoveUrn(WORKSPACE, domain::ContactId(1), domain::UrnId(77));
    let units = vec![
        Unit { by: RUN, ..outgoing(3, 1, RUN).into() },
        Unit { by: RUN, ..vec![tag].into() },
        Unit { by: other, ..outgoing(4, 2, other).into() },
        outgoing(5, 1, 0).into(),
    ];
    let answers = store.write(units).await.unwrap();
    let refused: Vec<bool> = answers.iter().map(fenced).collect();
    assert_eq!(refused, [true, true, false, false]);
    let shares = || vec![(replies(Some(CHANNEL)), 10)];
    let claim = store.claim_outbox(RUN, at(60), shares()).await;
    assert!(matches!(claim, Err(StoreError::Fenced)), "{claim:?}");
    let claimed = store.claim_outbox(other, at(60), shares()).await.unwrap().items;
    let seen: Vec<_> = claimed.iter().map(|item| (item.id, item.possibly_repeated)).collect();
    assert_eq!(seen, [(OutboxId(1), true), (OutboxId(5), false)]);
    assert_eq!(store.recover_outbox(at(60)).await.unwrap().rows, 0, "what a living run has is left to it");
    assert_eq!(store.daily_counts(WORKSPACE).await.unwrap(), store.recount(WORKSPACE).await.unwrap());
}

async fn only_who_was_silent_is_ended(place: Place) {
    let store = place.open();
    let run = enter(&store, "a").await.run;
    store.beat(run, NodeState::Running, at(1)).await.unwrap();
    assert_eq!(store.evict(run, Some(0), at(2)).await.unwrap(), None, "it has beaten since");
    assert!(store.beat(run, NodeState::Running, at(3)).await.unwrap().alive);
    assert_eq!(store.evict(run, Some(2), at(4)).await.unwrap(), Some(Recovered::default()));
}

async fn a_lease_has_one_holder_and_its_writes_end_with_it(place: Place) {
    let store = place.open();
    two_nodes(&store).await;
    let other = RUN + 1;
    let clock = LeaseName::Clock;
    store.write_one(workspace()).await.unwrap();
    let under = async |run: i64, fence: i64, id: i64| {
        let under = Some(Fence { lease: clock, fence });
        store.write_one(Unit { by: run, under, ..vec![contact(id)].into() }).await
    };
    assert!(fenced(&under(RUN, 0, 1).await), "nobody has taken it yet");
    assert_eq!(store.take_lease(clock, RUN, at(1)).await.unwrap(), Some(1));
    assert_eq!(store.take_lease(clock, other, at(1)).await.unwrap(), None);
    assert_eq!(store.take_lease(LeaseName::Jobs, other, at(1)).await.unwrap(), Some(1));
    under(RUN, 1, 1).await.unwrap();
    assert!(fenced(&under(other, 1, 2).await));
    store.give_back_lease(clock, other).await.unwrap();
    assert_eq!(store.take_lease(clock, other, at(1)).await.unwrap(), None, "it was not its to give");
    store.give_back_lease(clock, RUN).await.unwrap();
    assert_eq!(store.take_lease(clock, other, at(2)).await.unwrap(), Some(2));
    assert!(fenced(&under(RUN, 1, 2).await), "it is alive, but has no business there");
    write(&store, RUN, vec![contact(2)]).await.unwrap();
    store.evict(other, None, at(3)).await.unwrap();
    assert!(fenced(&under(other, 2, 3).await));
    assert_eq!(store.take_lease(clock, other, at(3)).await.unwrap(), None, "who is gone takes nothing");
    assert_eq!(store.take_lease(clock, RUN, at(3)).await.unwrap(), Some(3));
    assert!(fenced(&under(RUN, 1, 3).await), "what it began before it gave the lease back");
    under(RUN, 3, 3).await.unwrap();
    let held: Vec<_> =
        store.leases().await.unwrap().iter().map(|lease| (lease.name, lease.run, lease.fence)).collect();
    assert_eq!(held, [(clock, RUN, 3), (LeaseName::Jobs, 0, 1)]);
}

async fn a_newer_schema_serves_the_programs_that_it_names(place: Place) {
    let store = place.open();
    let later = |from: &str| {
        place.sql("DELETE FROM schema_migration WHERE version = 999");
        place.sql(&format!(
            "INSERT INTO schema_migration (version, name, applied_on, compatible_from)
             VALUES (999, 'later', 'now', {from})"
        ));
    };
    later("17");
    drop(place.open());
    enter(&store, "a").await;
    for from in ["999", "NULL"] {
        later(from);
        let refused = Store::open(&place.url(), store::StoreOptions::default()).err();
        assert!(matches!(refused, Some(StoreError::Newer { found: 999, .. })), "{from}: {refused:?}");
        // One that was open already may go on with what it has, but begins no further run.
        let refused = store.register(node("b"), at(1)).await.unwrap();
        assert!(matches!(refused, Registration::Outdated { found: 999, .. }), "{from}: {refused:?}");
    }
}

/// A transaction that a paused node left open holds its run: nobody takes over what it may still commit.
#[tokio::test]
async fn on_postgresql_a_run_is_not_ended_while_it_writes() {
    let database = Arc::new(test_postgres::Cluster::shared().database());
    let store = Store::open(&database.url().parse().unwrap(), store::StoreOptions::default()).unwrap();
    two_nodes(&store).await;
    store.write_one(workspace()).await.unwrap();
    // As the writer does at the beginning of each group.
    database.psql("CREATE TABLE held (done BIGINT)");
    let holding = std::thread::spawn({
        let sql = format!(
            "BEGIN; SELECT run FROM node WHERE run = {RUN} FOR KEY SHARE; INSERT INTO held VALUES (1);
             SELECT pg_sleep(1); UPDATE held SET done = 2; COMMIT"
        );
        let database = database.clone();
        move || drop(database.psql(&sql))
    });
    while database.psql("SELECT count(*) FROM pg_locks WHERE relation = 'held'::regclass") == "0" {
        tokio::task::yield_now().await;
    }
    assert!(store.beat(RUN, NodeState::Running, at(1)).await.unwrap().alive, "a beat does not wait");
    assert!(store.evict(RUN, None, at(1)).await.unwrap().is_some());
    assert_eq!(database.psql("SELECT done FROM held"), "2", "it was ended after its transaction");
    holding.join().unwrap();
}
