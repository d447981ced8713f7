//! Counts follow what is written, on both databases, and what does not agree is found.

use domain::{ContactId, JobId, MessageId, TicketId};
use store::{
    Change, Direction, JobKind, JobRow, JobStatus, MessageRef, MessageStatus, StatusChange, Tally, TallyKind,
    TallyName, TicketChange, TicketEdit, TicketRow, TicketStatus, Unit,
};
use uuid::Uuid;

use crate::{
    places::{Place, on_both_databases},
    rows::{WORKSPACE, at, contact, message, outgoing, workspace},
};

on_both_databases!(
    random_units_leave_true_counts_after_every_restart,
    each_planted_fault_is_found,
    what_an_older_program_left_is_counted_when_the_store_is_opened,
    writers_of_several_processes_count_in_the_same_rows,
);

/// Chance that is the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % limit.unsigned_abs()).cast_signed()
    }
}

fn of_new_contact(day: i32) -> Change {
    let tally = |kind, name| (Tally { workspace: WORKSPACE, day, kind, subject: 0, name }, 1);
    Change::Tallies(vec![
        tally(TallyKind::NewContact, TallyName::Word("")),
        tally(TallyKind::ContactStatus, TallyName::Word("active")),
        tally(TallyKind::ContactLanguage, TallyName::text("swa")),
    ])
}

fn status(id: i64, status: MessageStatus, seconds: i64) -> Change {
    Change::Status(Box::new(StatusChange {
        workspace: WORKSPACE,
        message: MessageRef::Id(MessageId(id)),
        status,
        external_id: None,
        reason: None,
        at: at(seconds),
    }))
}

fn job(id: i64, steps: i64, done: i64, ended: bool) -> JobRow {
    JobRow {
        id: JobId(id),
        workspace: WORKSPACE,
        uuid: Uuid::from_u128(0x70 << 64 | id as u128).into(),
        kind: JobKind::Broadcast,
        status: if ended { JobStatus::Done } else { JobStatus::Running },
        unique_key: Some("one at a time".into()),
        scheduled_for: None,
        total: None,
        spec: "{}".to_owned(),
        place: "{}".to_owned(),
        steps,
        done,
        left_out: done / 3,
        failures: 0,
        next_step: at(0),
        error: None,
        created_on: at(id),
        modified_on: at(id + steps * 50_000),
        ended_on: ended.then(|| at(id + steps * 50_000)),
    }
}

fn ticket(id: i64, contact: i64) -> TicketRow {
    TicketRow {
        id: TicketId(id),
        workspace: WORKSPACE,
        uuid: Uuid::from_u128(0x71 << 64 | id as u128).into(),
        contact: ContactId(contact),
        status: TicketStatus::Open,
        topic: None,
        assignee: None,
        note: None,
        flow: None,
        run: None,
        opened_on: at(id),
        modified_on: at(id),
        closed_on: None,
        replied_on: None,
        replied_by: None,
        opened_by: None,
    }
}

fn turn(dice: &mut Dice, round: i64) -> Unit {
    let contact = 1 + dice.below(6);
    let id = 1_000 + round;
    let mut changes = match dice.below(8) {
        0 => outgoing(id, contact, 0),
        1 => vec![Change::Message(Box::new(message(id, contact, Direction::In, MessageStatus::Pending)))],
        2 => vec![Change::Handled(WORKSPACE, MessageId(1_000 + dice.below(round)), None, None, at(round))],
        3 | 4 => {
            let statuses = [
                MessageStatus::Wired,
                MessageStatus::Sent,
                MessageStatus::Delivered,
                MessageStatus::Read,
                MessageStatus::Failed,
                MessageStatus::Errored,
            ];
            let next = statuses[dice.below(6) as usize];
            // Often days after the message.
            vec![status(1_000 + dice.below(round), next, round * 40_000)]
        }
        5 => vec![Change::Seen(WORKSPACE, ContactId(contact), 20_000 + dice.below(4) as i32)],
        6 => vec![Change::NewJob(Box::new(job(id, 0, 0, false)))],
        _ => {
            let edit = TicketEdit::Status(if dice.below(2) == 0 {
                TicketStatus::Closed
            } else {
                TicketStatus::Open
            });
            let change = TicketChange {
                workspace: WORKSPACE,
                contact: ContactId(contact),
                ticket: ticket(contact, contact).uuid,
                edit,
                at: at(round * 30_000),
            };
            vec![Change::Ticket(Box::new(change))]
        }
    };
    // Some units are refused in the end: nothing of them may be counted.
    if dice.below(5) == 0 {
        changes.push(Change::FinishOutbox(WORKSPACE, domain::OutboxId(999_999)));
    }
    Unit::new(changes)
}

async fn random_units_leave_true_counts_after_every_restart(place: Place) {
    let mut dice = Dice(7);
    let first = place.open();
    first.write_one(workspace()).await.unwrap();
    for id in 1..=6 {
        let ticket = Change::NewTicket(Box::new(ticket(id, id)));
        first.write_one(Unit::new(vec![contact(id), of_new_contact(20_833), ticket])).await.unwrap();
    }
    drop(first);
    let (mut committed, mut refused) = (0, 0);
    for restart in 0..4 {
        let store = place.open();
        for batch in 0..10 {
            let round = |n: i64| 1 + (restart * 10 + batch) * 12 + n;
            let units: Vec<Unit> = (0..12).map(|n| turn(&mut dice, round(n))).collect();
            for done in store.write(units).await.unwrap() {
                if done.is_ok() { committed += 1 } else { refused += 1 }
            }
        }
        let verified = store.verify(None).await.unwrap();
        let queued = "a message that is to be sent waits in the outbox";
        assert_eq!(verified.differences, []);
        // Reports came for messages that nobody had sent, so their outbox rows are still there: that is no fault.
        assert_eq!(verified.broken.iter().filter(|broken| broken.rule != queued).count(), 0, "{verified:?}");
        assert!(verified.checked > 20, "{}", verified.checked);
    }
    assert!(committed > 200 && refused > 30, "{committed} committed, {refused} refused");
}

async fn each_planted_fault_is_found(place: Place) {
    let store = place.open();
    store.write_one(workspace()).await.unwrap();
    store.write_one(Unit::new(vec![contact(1), of_new_contact(20_833)])).await.unwrap();
    store.write_one(Unit::new(outgoing(1_000, 1, 0))).await.unwrap();
    store.write_one(Unit::new(vec![status(1_000, MessageStatus::Delivered, 5)])).await.unwrap();
    store.write_one(Unit::new(vec![Change::NewJob(Box::new(job(5, 0, 0, false)))])).await.unwrap();
    store.write_one(Unit::new(vec![Change::Job(Box::new(job(5, 0, 9, true)))])).await.unwrap();
    let right = store.verify(None).await.unwrap();
    assert!(right.is_right(), "{right:?}");
    drop(store);
    for (fault, repaired, expected) in [
        (
            "UPDATE tally SET count = count + 1 WHERE kind = 'message' AND name = 'out/delivered'",
            "UPDATE tally SET count = count - 1 WHERE kind = 'message' AND name = 'out/delivered'",
            "message out/delivered 2 1",
        ),
        (
            "UPDATE tally SET day = day + 1 WHERE kind = 'carrier_time'",
            "UPDATE tally SET day = day - 1 WHERE kind = 'carrier_time'",
            "carrier_time",
        ),
        (
            "UPDATE contact SET language = 'eng'",
            "UPDATE contact SET language = 'swa'",
            "contact_language eng 0 1",
        ),
        ("UPDATE job SET done = 8", "UPDATE job SET done = 9", "job_items broadcast/done 9 8"),
        (
            "UPDATE tally SET count = 0 WHERE kind = 'delivery_time'",
            "UPDATE tally SET count = 1 WHERE kind = 'delivery_time'",
            "delivery_time  0 1",
        ),
        (
            "INSERT INTO timer (workspace_id, contact_id, kind, scope, due, session_id)
             VALUES (1, 77, 'parked', 0, 5, 0)",
            "DELETE FROM timer",
            "a timer belongs to somebody [77]",
        ),
        (
            "UPDATE outbox SET message_id = 12345",
            "UPDATE outbox SET message_id = 1000",
            "a message in the outbox is there [1000]",
        ),
    ] {
        place.sql(fault);
        let store = place.open();
        let found = store.verify(None).await.unwrap();
        let counts = found
            .differences
            .iter()
            .map(|d| format!("{} {} {} {}", d.kind.as_str(), d.name, d.kept, d.found));
        let rules = found.broken.iter().map(|b| format!("{} {:?}", b.rule, b.examples));
        let said: Vec<String> = counts.chain(rules).collect();
        assert!(said.iter().any(|line| line.contains(expected)), "{fault}: {said:?}");
        drop(store);
        place.sql(repaired);
    }
    let store = place.open();
    assert!(store.verify(None).await.unwrap().is_right(), "every fault was taken back");
    // Of a single day only its own counts are looked at.
    place.sql("UPDATE tally SET count = count + 1 WHERE kind = 'message' AND name = 'out/delivered'");
    let day = message(1_000, 1, Direction::Out, MessageStatus::Queued).day;
    assert_eq!(store.verify(Some(day)).await.unwrap().differences.len(), 1);
    assert!(store.verify(Some(day + 1)).await.unwrap().is_right());
}

async fn what_an_older_program_left_is_counted_when_the_store_is_opened(place: Place) {
    let store = place.open();
    store.write_one(workspace()).await.unwrap();
    store.write_one(Unit::new(vec![contact(1), of_new_contact(20_833)])).await.unwrap();
    for id in 1_000..1_005 {
        store.write_one(Unit::new(outgoing(id, 1, 0))).await.unwrap();
    }
    store.write_one(Unit::new(vec![status(1_000, MessageStatus::Delivered, 5)])).await.unwrap();
    let kinds = vec![TallyKind::Message, TallyKind::NewContact, TallyKind::CarrierTime];
    let before = store.tallies(WORKSPACE, kinds.clone(), i32::MIN, i32::MAX).await.unwrap();
    assert_eq!(before.iter().map(|row| row.count).sum::<i64>(), 5 + 1 + 1);
    drop(store);
    // As a program before the tallies would have left it.
    place.sql(
        "INSERT INTO daily_count (workspace_id, day, channel_id, direction, status, count)
         SELECT workspace_id, day, subject, 'out', substr(name, 5), count FROM tally
         WHERE kind = 'message' AND count <> 0;
         DROP TABLE tally; DROP TABLE contact_day; DROP TABLE filling; DELETE FROM schema_migration WHERE version = 17;",
    );
    let store = place.open();
    assert_eq!(store.tallies(WORKSPACE, kinds, i32::MIN, i32::MAX).await.unwrap(), before);
    assert!(store.verify(None).await.unwrap().is_right());
    // A late report moves a message that the older program counted.
    store.write_one(Unit::new(vec![status(1_001, MessageStatus::Wired, 9)])).await.unwrap();
    assert!(store.verify(None).await.unwrap().is_right());
}

async fn writers_of_several_processes_count_in_the_same_rows(place: Place) {
    let stores = [place.open(), place.open()];
    stores[0].write_one(workspace()).await.unwrap();
    for id in 1..=2 {
        stores[0].write_one(Unit::new(vec![contact(id), of_new_contact(20_833)])).await.unwrap();
    }
    let write = |place: usize| {
        let store = stores[place].clone();
        tokio::spawn(async move {
            for n in 0..60 {
                let id = 1_000 + n * 2 + place as i64;
                store.write_one(Unit::new(outgoing(id, 1 + place as i64, 0))).await.unwrap();
                store.write_one(Unit::new(vec![status(id, MessageStatus::Sent, id)])).await.unwrap();
            }
        })
    };
    let (one, other) = tokio::join!(write(0), write(1));
    one.and(other).unwrap();
    assert_eq!(stores[0].verify(None).await.unwrap().differences, []);
    let sent = stores[1].tallies(WORKSPACE, vec![TallyKind::Message], i32::MIN, i32::MAX).await.unwrap();
    assert_eq!(sent.iter().filter(|row| row.name == "out/sent").map(|row| row.count).sum::<i64>(), 120);
    assert!(sent.iter().all(|row| row.name == "out/sent"), "{sent:?}");
}
