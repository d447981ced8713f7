//! A store that moves is the same on the other side, whichever databases the two are.

use domain::{ContactId, SessionId};
use store::{
    Change, Direction, DueTimer, MessageStatus, MoveError, Moved, SessionRow, SessionStatus, Store,
    StoreError, StoreOptions, StoreUrl, Tally, TallyKind, TallyName, TimerKind, Unit, WaitKind, move_store,
};
use uuid::Uuid;

use crate::{
    places::Place,
    rows::{WORKSPACE, at, contact, message, outgoing, workspace},
};

/// A store in which the cells are that databases differ in: nothing, bytes, long and odd texts, negative numbers.
async fn filled(url: &StoreUrl) {
    let store = Store::open(url, StoreOptions::default()).unwrap();
    store.write_one(workspace()).await.unwrap();
    for id in 1..=40 {
        store.write_one(Unit::new(vec![contact(id)])).await.unwrap();
    }
    let mut units = Vec::new();
    for id in 1_000..1_400 {
        let mut changes = outgoing(id, 1 + id % 40, 0);
        let mut answer = message(id + 5_000, 1 + id % 40, Direction::In, MessageStatus::Handled);
        answer.text = ["", "naïve ☂ 文", "line\nbreak\t\"quoted\"", "nul\0inside"][(id % 4) as usize].into();
        answer.external_id = (id % 3 == 0).then(|| format!("c{id}").into());
        changes.push(Change::Message(Box::new(answer)));
        units.push(Unit::new(changes));
    }
    let session = SessionRow {
        id: SessionId(77),
        workspace: WORKSPACE,
        uuid: Uuid::from_u128(0x77).into(),
        contact: ContactId(3),
        status: SessionStatus::Waiting,
        wait_kind: Some(WaitKind::Message),
        wait_until: None,
        expires_on: Some(at(900)),
        pins: String::new(),
        state: (0..=255).collect(),
        created_on: at(1),
        ended_on: None,
    };
    let timer = DueTimer {
        workspace: WORKSPACE,
        contact: ContactId(3),
        kind: TimerKind::Expiry,
        due: at(900),
        session: session.id,
    };
    let tally = Tally {
        workspace: WORKSPACE,
        day: -3,
        kind: TallyKind::Answer,
        subject: 4,
        name: TallyName::text("who=Ünïcode"),
    };
    let rest = vec![
        Change::Session(Box::new(session)),
        Change::SetTimer(timer),
        Change::Tallies(vec![(tally, -5)]),
        Change::Seen(WORKSPACE, ContactId(3), 20_000),
    ];
    units.push(Unit::new(rest));
    for done in store.write(units).await.unwrap() {
        done.unwrap();
    }
}

fn moved(from: &StoreUrl, to: &StoreUrl) -> Result<Moved, MoveError> {
    move_store(from, to, |_| {})
}

/// From one place to another, in a thread of its own as commands do.
async fn moves(from: &Place, to: &Place) -> Result<Moved, MoveError> {
    let (from, to) = (from.url(), to.url());
    tokio::task::spawn_blocking(move || moved(&from, &to)).await.unwrap()
}

fn rows(moved: &Moved, table: &str) -> u64 {
    moved.tables.iter().find(|moved| moved.table == table).unwrap().rows
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_and_back_again_everything_is_the_same_and_goes_on() {
    let (first, middle, last) = (Place::sqlite(), Place::postgres(), Place::sqlite());
    filled(&first.url()).await;
    let there = moves(&first, &middle).await.unwrap();
    assert_eq!((rows(&there, "contact"), rows(&there, "message"), rows(&there, "outbox")), (40, 800, 400));
    assert!(rows(&there, "contact_term") > 40 && rows(&there, "tally") > 3 && rows(&there, "workspace") == 1);
    let back = moves(&middle, &last).await.unwrap();
    assert_eq!(there, back, "checksums of every table on both ways");
    for place in [&middle, &last] {
        let store = place.open();
        let session = store.session(WORKSPACE, SessionId(77)).await.unwrap().unwrap();
        assert_eq!(session.state, (0..=255).collect::<Vec<u8>>());
        assert_eq!(store.due_timers(at(1_000), 10).await.unwrap().len(), 1);
        assert_eq!(store.outbox_depth().await.unwrap(), (0, 400, 0));
        // New rows are numbered behind those that came along.
        assert!(store.ids().next(at(-100_000_000)) > 6_399);
        store.write_one(Unit::new(outgoing(50_000, 1, 0))).await.unwrap();
    }
    let again = moves(&middle, &Place::postgres()).await.unwrap();
    assert_eq!(rows(&again, "message"), 801);
    assert_ne!(again.tables, there.tables);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_broke_off_is_not_opened_and_is_gone_on_with() {
    for to in [Place::sqlite(), Place::postgres()] {
        let from = Place::sqlite();
        filled(&from.url()).await;
        let whole = moves(&from, &to).await.unwrap();
        // As if it had been killed in the middle.
        let begun = format!("INSERT INTO filling (id, what) VALUES (1, 'a move from {}');", from.url());
        to.sql(&format!(
            "{begun} DELETE FROM message WHERE id > 1100; DELETE FROM timer; DELETE FROM tally;"
        ));
        let refused = Store::open(&to.url(), StoreOptions::default()).unwrap_err();
        assert!(refused.to_string().contains("it is not whole yet"), "{refused}");
        assert_eq!(moves(&from, &to).await.unwrap(), whole);
        assert_eq!(to.open().outbox_depth().await.unwrap(), (0, 400, 0));

        // What was changed on one side only is found.
        to.sql(&format!("{begun} UPDATE message SET text = 'another' WHERE id = 1050;"));
        let different = moves(&from, &to).await.unwrap_err();
        assert!(matches!(different, MoveError::Different { table: "message", .. }), "{different}");
        // And another move does not take it over.
        let other = Place::sqlite();
        filled(&other.url()).await;
        let refused = moves(&other, &to).await.unwrap_err();
        assert!(matches!(refused, MoveError::OtherFilling { .. }), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn neither_end_may_be_in_use() {
    let (from, to) = (Place::sqlite(), Place::sqlite());
    filled(&from.url()).await;
    assert!(matches!(moves(&from, &from).await.unwrap_err(), MoveError::Same));
    filled(&to.url()).await;
    let refused = moves(&from, &to).await.unwrap_err();
    assert!(matches!(refused, MoveError::NotEmpty { .. }), "{refused}");

    let absent = StoreUrl::Sqlite("/nowhere/at/all.db".into());
    let refused = moved(&absent, &to.url()).unwrap_err();
    assert!(refused.to_string().contains("there is no such file"), "{refused}");

    let StoreUrl::Sqlite(path) = from.url() else { unreachable!("a file") };
    let lock = std::fs::File::create(path.with_file_name("serving.lock")).unwrap();
    lock.try_lock().unwrap();
    let refused = moves(&from, &Place::sqlite()).await.unwrap_err();
    let expected =
        matches!(&refused, MoveError::Store(StoreError::Open { reason, .. }) if reason.contains("serves it"));
    assert!(expected, "{refused}");
}
