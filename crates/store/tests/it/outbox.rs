//! The outbox: order within contact and channel, claims, retries, crashes.

use domain::{ChannelId, ContactId, MessageId, OutboxId};
use store::{Change, OutboxQueue, Priority, Rank, Recovered, RetryOutbox, Store, Unit, UnitError};

use crate::{
    places::{Place, on_both_databases},
    rows::{CHANNEL, RUN, WORKSPACE, at, contact, outgoing, replies, two_nodes, workspace},
};

on_both_databases!(
    a_row_waits_behind_the_earlier_ones_of_its_contact_and_channel,
    a_row_waits_behind_what_another_run_has_in_hand,
    a_claim_leaves_what_stands_behind_another_run,
    nothing_passes_a_row_that_is_held_back_itself,
    a_row_that_came_back_before_is_not_taken_from_another_hand,
    when_another_run_began_does_not_say_when_the_next_may_leave,
    a_row_that_pauses_leaves_after_its_pause,
    a_claimed_row_has_all_that_sending_needs,
    after_a_crash_exactly_what_was_in_hand_is_marked_and_comes_again,
    parts_that_the_carrier_has_are_known_to_the_next_run,
    each_line_gives_its_share_whatever_waits_on_others,
    dropping_what_is_queued_takes_it_out_of_the_hand_as_well,
    queues_are_told_apart_by_priority_workspace_and_source,
    a_reply_takes_along_what_waits_before_it,
    a_retry_lets_what_is_behind_it_wait_in_one_queue,
    a_pause_holds_a_row_back_though_nothing_waits,
    a_backlog_of_a_million_is_not_read_to_claim
);

async fn prepared(store: &Store) {
    store.write_one(workspace()).await.unwrap();
    store.write_one(vec![contact(1), contact(2)].into()).await.unwrap();
    two_nodes(store).await;
}

async fn queue(store: &Store, id: i64, contact: i64, claim_for: i64) -> bool {
    let done = store.write_one(outgoing(id, contact, claim_for).into()).await.unwrap();
    done.claimed == [OutboxId(id)]
}

fn retry(id: i64, contact: i64, due: i64) -> Change {
    Change::RetryOutbox(RetryOutbox {
        run: RUN,
        workspace: WORKSPACE,
        id: OutboxId(id),
        contact: ContactId(contact),
        channel: Some(CHANNEL),
        next_attempt: at(due),
        tried: true,
        parts_sent: None,
        possibly_repeated: false,
    })
}

async fn claimed(store: &Store, now: i64, limit: usize) -> Vec<i64> {
    claimed_by(store, RUN, now, limit).await
}

async fn claimed_by(store: &Store, run: i64, now: i64, limit: usize) -> Vec<i64> {
    store
        .claim_outbox(run, at(now), vec![(replies(Some(CHANNEL)), limit)])
        .await
        .unwrap()
        .items
        .iter()
        .map(|item| item.id.0)
        .collect()
}

async fn a_row_waits_behind_the_earlier_ones_of_its_contact_and_channel(place: Place) {
    let store = place.open();
    prepared(&store).await;
    assert!(queue(&store, 1, 1, RUN).await);
    assert!(queue(&store, 2, 1, RUN).await, "the earlier one is in the same hand, which keeps the order");
    let done = store.write_one(vec![retry(1, 1, 500)].into()).await.unwrap();
    assert_eq!(
        done.released,
        [OutboxId(1), OutboxId(2)],
        "the later one comes back with the one that failed"
    );
    assert!(!queue(&store, 3, 1, RUN).await, "nothing overtakes a retry");
    assert!(queue(&store, 4, 2, RUN).await, "other contacts do not wait");
    assert!(claimed(&store, 499, 10).await.is_empty());
    assert_eq!(store.outbox_due().await.unwrap(), [(replies(Some(CHANNEL)), at(500))]);
    assert_eq!(claimed(&store, 500, 2).await, [1, 2]);
    assert!(!queue(&store, 5, 1, RUN).await, "3 still waits");
    assert_eq!(claimed(&store, 500, 10).await, [3, 5]);
    assert_eq!(store.outbox_depth().await.unwrap(), (5, 0, 0));
}

async fn finish(store: &Store, id: i64) {
    store.write_one(vec![Change::FinishOutbox(WORKSPACE, OutboxId(id))].into()).await.unwrap();
}

async fn a_row_waits_behind_what_another_run_has_in_hand(place: Place) {
    let store = place.open();
    prepared(&store).await;
    let other = RUN + 1;
    assert!(queue(&store, 1, 1, RUN).await);
    assert!(!queue(&store, 2, 1, other).await, "two nodes cannot keep the order of one lane");
    assert!(queue(&store, 3, 2, other).await, "another contact has a lane of its own");
    assert!(!queue(&store, 4, 1, RUN).await, "2 waits before it");
    assert!(claimed_by(&store, other, 100, 10).await.is_empty());
    assert_eq!(
        claimed(&store, 100, 1).await,
        [2],
        "who has the first in hand may have the next ones as well"
    );
    finish(&store, 1).await;
    assert!(claimed_by(&store, other, 100, 10).await.is_empty(), "2 is in hand");
    finish(&store, 2).await;
    assert_eq!(claimed_by(&store, other, 100, 10).await, [4], "with nothing in hand before it, anybody may");
    assert!(!queue(&store, 5, 1, RUN).await);
    assert!(!queue(&store, 6, 1, 0).await);
    assert!(claimed(&store, 100, 10).await.is_empty());
    assert_eq!(claimed_by(&store, other, 100, 10).await, [5, 6]);
}

async fn a_claim_leaves_what_stands_behind_another_run(place: Place) {
    let store = place.open();
    prepared(&store).await;
    let other = RUN + 1;
    queue(&store, 1, 1, RUN).await;
    for (id, contact) in [(2, 1), (3, 2), (4, 1), (5, 2)] {
        queue(&store, id, contact, 0).await;
    }
    assert_eq!(claimed_by(&store, other, 100, 10).await, [3, 5]);
    let dead = Change::KillOutbox(WORKSPACE, OutboxId(1), "no".to_owned());
    store.write_one(vec![dead].into()).await.unwrap();
    assert_eq!(claimed_by(&store, other, 100, 10).await, [2, 4], "what is set aside holds up nobody");
}

async fn a_row_that_came_back_before_is_not_taken_from_another_hand(place: Place) {
    let store = place.open();
    prepared(&store).await;
    let other = RUN + 1;
    for id in 1..=2 {
        assert!(queue(&store, id, 1, RUN).await);
    }
    store.write_one(vec![retry(1, 1, 5)].into()).await.unwrap();
    let gone = |done: Result<store::UnitDone, UnitError>| assert!(matches!(done, Err(UnitError::Gone)));
    gone(store.write_one(vec![retry(1, 1, 6)].into()).await);
    assert_eq!(claimed_by(&store, other, 5, 10).await, [1, 2]);
    gone(store.write_one(vec![retry(1, 1, 7)].into()).await);
    assert!(claimed(&store, 10, 10).await.is_empty(), "both are in the other hand");
    assert_eq!(store.outbox_item(WORKSPACE, OutboxId(1)).await.unwrap().unwrap().attempts, 1);
}

async fn nothing_passes_a_row_that_is_held_back_itself(place: Place) {
    let store = place.open();
    prepared(&store).await;
    for (person, (dues, claims)) in (11..).zip([
        (vec![5, 3, 6], vec![vec![1], vec![2, 3]]),
        (vec![5, 3, 4, 6], vec![vec![1], vec![2, 3, 4]]),
        (vec![5, 3, 2, 6, 6], vec![vec![1], vec![2], vec![3, 4, 5]]),
        (vec![3, 9, 5, 8, 9], vec![vec![1, 2], vec![3, 4, 5]]),
        (vec![3, 3, 4], vec![vec![1, 2, 3]]),
        (vec![20, 3, 6], vec![vec![]]),
        (vec![3, 20, 6], vec![vec![1], vec![]]),
    ]) {
        store.write_one(vec![contact(person)].into()).await.unwrap();
        for (id, due) in (100 * person + 1..).zip(&dues) {
            queue(&store, id, person, 0).await;
            let due = at(*due).as_microsecond();
            place.sql(&format!("UPDATE outbox SET next_attempt = {due} WHERE id = {id}"));
        }
        for expected in claims {
            let found: Vec<_> = claimed(&store, 10, 9).await.iter().map(|id| id - 100 * person).collect();
            assert_eq!(found, expected, "{dues:?}");
        }
    }
}

async fn when_another_run_began_does_not_say_when_the_next_may_leave(place: Place) {
    let store = place.open();
    prepared(&store).await;
    let other = RUN + 1;
    // The clock of the other run is an hour ahead.
    let mut ahead = outgoing(1, 1, other);
    for change in &mut ahead {
        if let Change::Outbox(row) = change {
            row.created_on = at(3_600);
        }
    }
    store.write_one(ahead.into()).await.unwrap();
    assert!(!queue(&store, 2, 1, RUN).await);
    finish(&store, 1).await;
    assert_eq!(claimed(&store, 2, 10).await, [2]);
}

async fn a_row_that_pauses_leaves_after_its_pause(place: Place) {
    let store = place.open();
    prepared(&store).await;
    for (id, pause) in [(1, 0), (2, 30), (3, 0), (4, 10)] {
        let mut changes = outgoing(id, 1, RUN);
        for change in &mut changes {
            if let Change::Outbox(row) = change {
                row.created_on = at(100);
                row.pause = jiff::SignedDuration::from_secs(pause);
            }
        }
        let done = store.write_one(changes.into()).await.unwrap();
        assert_eq!(done.claimed.len(), usize::from(id == 1), "{id}");
    }
    assert!(claimed(&store, 129, 10).await.is_empty());
    assert_eq!(claimed(&store, 130, 10).await, [2, 3]);
    assert!(claimed(&store, 139, 10).await.is_empty());
    assert_eq!(claimed(&store, 140, 10).await, [4]);
}

async fn a_claimed_row_has_all_that_sending_needs(place: Place) {
    let store = place.open();
    prepared(&store).await;
    assert!(!queue(&store, 1, 1, 0).await, "a command leaves its rows to the node");
    let item = store
        .claim_outbox(RUN, at(100), vec![(replies(Some(CHANNEL)), 10)])
        .await
        .unwrap()
        .items
        .pop()
        .unwrap();
    assert_eq!(item.text, "message 1");
    assert_eq!(item.attachments, ["image/png:https://example.org/a.png"]);
    assert_eq!(item.urn, Some(("tel".into(), "+254700000001".into())));
    assert_eq!((item.channel, item.message), (Some(CHANNEL), Some(MessageId(1))));
    assert!(item.message_uuid.is_some() && item.quick_replies.is_some() && !item.possibly_repeated);
    assert_eq!(store.outbox_item(WORKSPACE, item.id).await.unwrap(), Some(item));
}

async fn after_a_crash_exactly_what_was_in_hand_is_marked_and_comes_again(place: Place) {
    let store = place.open();
    prepared(&store).await;
    queue(&store, 1, 1, RUN).await;
    queue(&store, 2, 2, 0).await;
    queue(&store, 3, 1, RUN).await;
    store.write_one(vec![Change::FinishOutbox(WORKSPACE, OutboxId(1))].into()).await.unwrap();
    drop(store);
    let store = place.open();
    let next_run = RUN + 1;
    let recovered = store.recover_outbox(at(50)).await.unwrap();
    assert_eq!(recovered, Recovered { rows: 0 }, "the run is alive");
    place.sql(&format!("DELETE FROM node WHERE run = {RUN}"));
    let recovered = store.recover_outbox(at(50)).await.unwrap();
    assert_eq!(recovered, Recovered { rows: 1 });
    let items = store.claim_outbox(next_run, at(50), vec![(replies(Some(CHANNEL)), 10)]).await.unwrap().items;
    let seen: Vec<_> = items.iter().map(|item| (item.id.0, item.possibly_repeated)).collect();
    assert_eq!(seen, [(2, false), (3, true)]);
    let messages = store.messages(WORKSPACE, MessageId(0), 10).await.unwrap();
    let marked: Vec<_> = messages.iter().map(|m| (m.id.0, m.possibly_repeated)).collect();
    assert_eq!(marked, [(1, false), (2, false), (3, true)]);
    assert_eq!(store.recover_outbox(at(50)).await.unwrap(), Recovered { rows: 0 });
}

async fn parts_that_the_carrier_has_are_known_to_the_next_run(place: Place) {
    let store = place.open();
    prepared(&store).await;
    queue(&store, 1, 1, RUN).await;
    queue(&store, 2, 2, RUN).await;
    let Change::RetryOutbox(mut first) = retry(1, 1, 10) else { unreachable!() };
    first.parts_sent = Some(2);
    store.write_one(vec![Change::RetryOutbox(first.clone())].into()).await.unwrap();
    let again = store.claim_outbox(RUN, at(15), vec![(replies(Some(CHANNEL)), 10)]).await.unwrap();
    assert_eq!(again.parts_sent, [(OutboxId(1), 2)]);
    // One that says nothing of parts leaves what is known.
    (first.parts_sent, first.tried) = (None, false);
    store.write_one(vec![Change::RetryOutbox(first)].into()).await.unwrap();
    drop(store);
    let store = place.open();
    store.evict(RUN, None, at(20)).await.unwrap();
    let claimed = store.claim_outbox(RUN + 1, at(20), vec![(replies(Some(CHANNEL)), 10)]).await.unwrap();
    assert_eq!((claimed.items.len(), claimed.parts_sent), (2, vec![(OutboxId(1), 2)]));
}

async fn each_line_gives_its_share_whatever_waits_on_others(place: Place) {
    let store = place.open();
    prepared(&store).await;
    let on = |id: i64, channel: Option<ChannelId>| {
        let mut changes = outgoing(id, 1 + id % 2, 0);
        let Change::Outbox(row) = &mut changes[1] else { unreachable!() };
        row.channel = channel;
        changes.into()
    };
    let quiet = Some(ChannelId(8));
    let units = (1..=40).map(|id| on(id, Some(CHANNEL))).chain([on(41, quiet), on(42, None)]);
    store.write(units.collect()).await.unwrap();
    let (busy, quiet, effects) = (replies(Some(CHANNEL)), replies(quiet), replies(None));
    let due = store.outbox_due().await.unwrap();
    assert_eq!(due, [(effects, at(42)), (busy, at(1)), (quiet, at(41))]);
    let shares = vec![(busy, 3), (quiet, 3), (effects, 3)];
    let claimed = store.claim_outbox(RUN, at(100), shares).await.unwrap();
    let ids: Vec<_> = claimed.items.iter().map(|item| item.id.0).collect();
    assert_eq!((ids, claimed.unfinished), (vec![1, 2, 3, 41, 42], vec![busy]));
    assert_eq!(store.outbox_due().await.unwrap(), [(busy, at(4))]);
}

async fn dropping_what_is_queued_takes_it_out_of_the_hand_as_well(place: Place) {
    let store = place.open();
    prepared(&store).await;
    queue(&store, 1, 1, RUN).await;
    queue(&store, 2, 1, 0).await;
    queue(&store, 3, 2, 0).await;
    let drop_queued = Change::DropQueued(WORKSPACE, ContactId(1), "the contact opted out".to_owned(), at(9));
    store.write_one(vec![drop_queued].into()).await.unwrap();
    let messages = store.messages(WORKSPACE, MessageId(0), 10).await.unwrap();
    let statuses: Vec<_> = messages.iter().map(|m| (m.id.0, m.status.as_str())).collect();
    assert_eq!(statuses, [(1, "failed"), (2, "failed"), (3, "queued")]);
    assert_eq!(store.outbox_item(WORKSPACE, OutboxId(1)).await.unwrap(), None, "the node finds it gone");
    assert_eq!(claimed(&store, 100, 10).await, [3]);
    assert_eq!(store.daily_counts(WORKSPACE).await.unwrap(), store.recount(WORKSPACE).await.unwrap());
}

fn bulk(source: i64) -> Rank {
    Rank { priority: Priority::Bulk, source }
}

fn ranked(id: i64, contact: i64, rank: Rank) -> Unit {
    let mut changes = outgoing(id, contact, 0);
    let Change::Outbox(row) = &mut changes[1] else { unreachable!() };
    row.rank = rank;
    changes.into()
}

fn queue_of(rank: Rank) -> OutboxQueue {
    OutboxQueue { rank, ..replies(Some(CHANNEL)) }
}

async fn claim_of(store: &Store, rank: Rank, now: i64, limit: usize) -> Vec<i64> {
    let claimed = store.claim_outbox(RUN, at(now), vec![(queue_of(rank), limit)]).await.unwrap();
    claimed.items.iter().map(|item| item.id.0).collect()
}

async fn queues_are_told_apart_by_priority_workspace_and_source(place: Place) {
    let store = place.open();
    prepared(&store).await;
    let people = (3..=6).map(|id| vec![contact(id)].into());
    store.write(people.collect()).await.unwrap();
    let rows = [(1, bulk(8)), (2, bulk(7)), (3, bulk(8)), (4, Rank::of(Priority::Reply)), (5, bulk(7))];
    let units = rows.into_iter().map(|(id, rank)| ranked(id, id, rank));
    store.write(units.collect()).await.unwrap();
    let due = store.outbox_due().await.unwrap();
    let expected = [(Rank::of(Priority::Reply), 4), (bulk(7), 2), (bulk(8), 1)]
        .map(|(rank, id)| (queue_of(rank), at(id)));
    assert_eq!(due, expected);
    assert_eq!(claim_of(&store, bulk(8), 100, 1).await, [1]);
    assert_eq!(claim_of(&store, bulk(7), 100, 9).await, [2, 5]);
    let item = store.claim_outbox(RUN, at(100), vec![(queue_of(bulk(8)), 9)]).await.unwrap().items;
    assert_eq!(item.iter().map(|item| (item.id.0, item.rank)).collect::<Vec<_>>(), [(3, bulk(8))]);
}

async fn a_reply_takes_along_what_waits_before_it(place: Place) {
    let store = place.open();
    prepared(&store).await;
    store.write(vec![ranked(1, 1, bulk(7)), ranked(2, 2, bulk(7))]).await.unwrap();
    store.write(vec![ranked(3, 1, Rank::of(Priority::Reply))]).await.unwrap();
    let due = store.outbox_due().await.unwrap();
    let expected = [(Rank::of(Priority::Reply), 1), (bulk(7), 2)].map(|(rank, id)| (queue_of(rank), at(id)));
    assert_eq!(due, expected);
    assert_eq!(claim_of(&store, Rank::of(Priority::Reply), 100, 9).await, [1, 3]);
    store.write(vec![ranked(4, 2, bulk(9))]).await.unwrap();
    assert_eq!(claim_of(&store, bulk(9), 100, 9).await, [0_i64; 0], "4 waits behind 2, in its queue");
    assert_eq!(claim_of(&store, bulk(7), 100, 9).await, [2, 4]);
}

async fn a_retry_lets_what_is_behind_it_wait_in_one_queue(place: Place) {
    let store = place.open();
    prepared(&store).await;
    for (id, rank) in [(1, bulk(7)), (2, Rank::of(Priority::Reply)), (3, bulk(8))] {
        let mut changes = outgoing(id, 1, RUN);
        let Change::Outbox(row) = &mut changes[1] else { unreachable!() };
        row.rank = rank;
        store.write_one(changes.into()).await.unwrap();
    }
    store.write_one(vec![retry(1, 1, 500)].into()).await.unwrap();
    assert_eq!(store.outbox_due().await.unwrap(), [(replies(Some(CHANNEL)), at(500))]);
    assert_eq!(claimed(&store, 500, 2).await, [1, 2]);
    assert_eq!(claimed(&store, 500, 2).await, [3]);
}

async fn a_pause_holds_a_row_back_though_nothing_waits(place: Place) {
    let store = place.open();
    prepared(&store).await;
    let mut changes = outgoing(1, 1, RUN);
    let Change::Outbox(row) = &mut changes[1] else { unreachable!() };
    row.pause = jiff::SignedDuration::from_secs(30);
    assert!(store.write_one(changes.into()).await.unwrap().claimed.is_empty());
    assert!(!queue(&store, 2, 1, RUN).await);
    assert!(claimed(&store, 30, 9).await.is_empty());
    assert_eq!(claimed(&store, 31, 9).await, [1, 2]);
}

async fn a_backlog_of_a_million_is_not_read_to_claim(place: Place) {
    let store = place.open();
    prepared(&store).await;
    let columns =
        "id, workspace_id, kind, contact_id, channel_id, claimed_by, next_attempt, created_on, priority";
    let series = match place {
        Place::Sqlite(_) => {
            "WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 30000)"
        }
        Place::Postgres(_) | Place::Pooled(_) => "WITH s (n) AS (SELECT generate_series(1, 30000))",
    };
    for rows_of_each in [1, 1000] {
        place.sql(&format!(
            "DELETE FROM outbox; INSERT INTO outbox ({columns}) {series}
             SELECT n, 1, 'message', 1000 + n / {rows_of_each}, 7, 0, n, 0, 3 FROM s; ANALYZE outbox;"
        ));
        the_plans_read_no_backlog(&place);
    }
    let due = store.outbox_due().await.unwrap();
    assert_eq!(due.len(), 1);
}

fn the_plans_read_no_backlog(place: &Place) {
    for text in store::statements::of_claims(&place.url()) {
        let plan = place.plan(&text);
        for table in ["outbox_turn", "outbox_lane"] {
            let asks = table == "outbox_turn" || text.contains("earlier");
            assert!(!asks || plan.contains(table), "{table} is not used:\n{plan}");
        }
        let others = ["earlier", "former"]
            .map(|name| [format!("outbox_pkey on outbox {name}"), format!("SEARCH {name} USING INTEGER")]);
        assert!(others.iter().flatten().all(|walk| !plan.contains(walk)), "goes by number:\n{plan}");
        let walks = [
            "SCAN due",
            "SCAN n\n",
            "SCAN earlier",
            "SCAN former",
            "Seq Scan",
            "Anti Join",
            "Sort Key: due",
            "(channel_id>?)",
        ];
        assert!(walks.iter().all(|walk| !plan.contains(walk)), "goes over the backlog:\n{plan}");
    }
}
