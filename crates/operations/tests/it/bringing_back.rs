//! Files of RapidPro's archives come in as history, once, whatever is in them; or stay files.

use std::io::Write as _;

use domain::{ContactStatus, MessageId};
use files::Files;
use flate2::{Compression, write::GzEncoder};
use operations::{BringBackError, BroughtBack, UnknownPeople, bring_back, keep_archive};
use serde_json::{Value, json};
use store::{ArchiveKind, ArchivePeriod, ContactNamed, Direction};
use test_postgres::Cluster;

use crate::world::World;

macro_rules! on_both {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {$(
            #[tokio::test]
            async fn $test() {
                super::$test(super::World::with_registration().await).await;
            }
        )+}
        mod postgres {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test(super::World::on(super::Cluster::shared().database()).await).await;
            }
        )+}
    };
}

on_both!(
    messages_and_runs_are_history_again,
    what_cannot_be_used_is_told_and_stops_nothing,
    a_file_is_kept_as_it_is
);

const ADA: &str = "0198d6a0-4a7b-7c3e-9f2a-6d1f00c0ffee";
const GONE: &str = "0198d6a0-4a7b-7c3e-9f2a-6d1f00c0ffff";
const FLOW: &str = "5603c65e-d4e2-4576-ad98-9257d6bc3803";
const NODE: &str = "e0df56dc-39e5-48b2-aee6-406002b8cb45";

fn message(number: i64, contact: &str, direction: &str, more: Value) -> Value {
    let mut message = json!({
        "id": number, "broadcast": null, "contact": {"uuid": contact, "name": "Ada"}, "urn": "tel:+254700000001",
        "channel": {"uuid": GONE, "name": "Old line"}, "flow": null, "direction": direction, "type": "text",
        "status": if direction == "in" { "handled" } else { "delivered" }, "visibility": "visible",
        "text": format!("Number {number}"), "attachments": [], "labels": [{"uuid": GONE, "name": "Urgent"}],
        "created_on": format!("2019-05-01T08:00:{:02}.123456+00:00", number % 60), "sent_on": null,
        "modified_on": "2019-05-02T00:00:00+00:00",
    });
    message.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    message
}

fn run(number: i64, contact: &str) -> Value {
    json!({
        "id": number, "uuid": format!("0198d6a0-4a7b-7c3e-9f2a-00000000{number:04}"),
        "flow": {"uuid": FLOW, "name": "Old survey"}, "contact": {"uuid": contact, "name": "Ada"}, "responded": true,
        "path": [{"node": NODE, "time": "2019-05-01T08:00:00+00:00"}],
        "values": [{"age": {"name": "Age", "value": "27", "input": "27", "category": "Adult", "node": NODE,
            "time": "2019-05-01T08:00:01+00:00"}}],
        "created_on": "2019-05-01T08:00:00+00:00", "modified_on": "2019-05-01T08:00:02+00:00",
        "exited_on": "2019-05-01T08:00:02+00:00", "exit_type": "completed",
    })
}

fn file(folder: &tempfile::TempDir, name: &str, lines: &[String]) -> Files {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    for line in lines {
        packer.write_all(line.as_bytes()).unwrap();
        packer.write_all(b"\n").unwrap();
    }
    std::fs::write(folder.path().join(name), packer.finish().unwrap()).unwrap();
    Files::folder(folder.path())
}

fn lines(values: &[Value]) -> Vec<String> {
    values.iter().map(Value::to_string).collect()
}

async fn brought(world: &World, files: &Files, name: &str) -> BroughtBack {
    bring_back(&world.ctx, world.workspace.id, (files, name), UnknownPeople::Added).await.unwrap()
}

async fn messages_and_runs_are_history_again(world: World) {
    let (ctx, workspace) = (&world.ctx, world.workspace.id);
    let folder = tempfile::tempdir().unwrap();
    world.hears("+254700000001", "hello").await;
    let known = world.conversation("+254700000001").await.unwrap().contact;
    // More than a page; the same moment twice.
    let mut all: Vec<Value> =
        (1..=700).map(|n| message(n, ADA, if n % 2 == 0 { "in" } else { "out" }, json!({}))).collect();
    all.push(message(701, GONE, "in", json!({"urn": null, "contact": {"uuid": GONE, "name": null}})));
    let files = file(&folder, "messages.jsonl.gz", &lines(&all));
    let done = brought(&world, &files, "messages.jsonl.gz").await;
    assert_eq!((done.lines, done.messages, done.known, done.contacts, done.labels), (701, 701, 0, 1, 1));
    assert!(done.left_out.is_empty(), "{done:?}");
    // Who is known by the address is them; their thread shows the old before the new.
    let thread = ctx.store.contact_messages(workspace, known.id, MessageId(0), 2_000).await.unwrap();
    let old: Vec<_> = thread.iter().take_while(|message| message.text.starts_with("Number")).collect();
    assert_eq!((old.len(), thread.len() > 700), (700, true));
    assert!(old.windows(2).all(|pair| pair[0].created_on <= pair[1].created_on));
    let out = old.iter().filter(|message| message.direction == Direction::Out && message.channel.is_none());
    assert_eq!(out.count(), 350);
    let named = vec![ContactNamed::Uuid(GONE.parse().unwrap())];
    let other = ctx.store.named_contacts(workspace, named).await.unwrap().remove(0).unwrap();
    assert_eq!(other.status, ContactStatus::Archived, "nobody writes to them");
    let again = brought(&world, &files, "messages.jsonl.gz").await;
    assert_eq!((again.known, again.messages, again.contacts), (701, 0, 0));
    // Runs, of a flow that nobody knows.
    let files = file(&folder, "runs.jsonl.gz", &lines(&[run(1, ADA), run(2, GONE), run(1, ADA)]));
    let done = brought(&world, &files, "runs.jsonl.gz").await;
    assert_eq!((done.runs, done.known, done.flows), (2, 1, 1));
    let definitions = ctx.store.definitions(workspace).await.unwrap().unwrap();
    let flow = definitions.flows.iter().find(|flow| flow.uuid.to_string() == FLOW).unwrap();
    assert_eq!((flow.name.as_str(), flow.archived), ("Old survey", true));
    let totals = ctx.store.flow_totals(workspace).await.unwrap();
    let of =
        |name: &str| totals.iter().find(|(id, word, _)| *id == flow.id && word == name).map(|(.., n)| *n);
    assert_eq!((of("started"), of("completed")), (Some(2), Some(2)));
    world.assert_counts_true().await;
}

async fn what_cannot_be_used_is_told_and_stops_nothing(world: World) {
    let (ctx, workspace) = (&world.ctx, world.workspace.id);
    let folder = tempfile::tempdir().unwrap();
    world.hears("+254700000001", "hello").await;
    let known = world.conversation("+254700000001").await.unwrap().contact;
    let all = [
        message(1, ADA, "in", json!({})).to_string(),
        "{".to_owned(),
        message(2, GONE, "in", json!({"urn": "tel:+254700000777"})).to_string(),
        message(3, ADA, "out", json!({"status": "errored", "visibility": "deleted_by_user"})).to_string(),
        message(4, ADA, "in", json!({"created_on": "never"})).to_string(),
    ];
    let files = file(&folder, "m.jsonl.gz", &all);
    let left = UnknownPeople::LeftOut;
    let done = bring_back(ctx, workspace, (&files, "m.jsonl.gz"), left).await.unwrap();
    assert_eq!((done.lines, done.messages), (5, 2));
    let reasons: Vec<_> = done.told.iter().map(|(line, reason)| (*line, reason.as_str())).collect();
    assert_eq!(
        reasons,
        [(2, "it is no JSON"), (5, "it does not say when it was"), (3, "their contact is not known")]
    );
    // Who was erased here stays so.
    let erase = operations::ContactAction::Erase;
    operations::act_on_contacts(ctx, workspace, &[known.id], erase).await.unwrap();
    let uuid = known.uuid.to_string();
    let files = file(&folder, "e.jsonl.gz", &lines(&[message(9, &uuid, "in", json!({"urn": null}))]));
    let done = brought(&world, &files, "e.jsonl.gz").await;
    assert_eq!(done.left_out.keys().next().unwrap(), "their contact was erased, or is another workspace's");
    for (name, bytes) in [("cut.jsonl.gz", &[0x1f, 0x8b, 8][..]), ("plain.jsonl.gz", b"{}\n")] {
        std::fs::write(folder.path().join(name), bytes).unwrap();
        let error = bring_back(ctx, workspace, (&files, name), left).await.unwrap_err();
        assert!(matches!(error, BringBackError::File(_)), "{name}: {error}");
    }
    world.assert_counts_true().await;
}

async fn a_file_is_kept_as_it_is(mut world: World) {
    let (folder, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let workspace = world.workspace.id;
    let day = lines(&[message(1, ADA, "in", json!({})), message(2, ADA, "out", json!({}))]);
    let files = file(&folder, "day.jsonl.gz", &day);
    let none = keep_archive(&world.ctx, workspace, (&files, "day.jsonl.gz")).await.unwrap_err();
    assert!(matches!(none, BringBackError::NoPlace), "{none}");
    world.ctx = world.ctx.with_archives(Some(Files::folder(place.path())));
    let kept = keep_archive(&world.ctx, workspace, (&files, "day.jsonl.gz")).await.unwrap();
    assert_eq!((kept.kind, kept.period, kept.records), (ArchiveKind::Message, ArchivePeriod::Daily, 2));
    assert_eq!(operations::archive_date(kept.start_day).to_string(), "2019-05-01");
    assert_eq!(
        std::fs::read(place.path().join(&kept.file)).unwrap(),
        std::fs::read(folder.path().join("day.jsonl.gz")).unwrap()
    );
    let again = keep_archive(&world.ctx, workspace, (&files, "day.jsonl.gz")).await.unwrap_err();
    assert!(again.to_string().contains("already"), "{again}");
    // It is an archive of the workspace now, and its rows are not made.
    let own = bring_back(&world.ctx, workspace, (&files, "day.jsonl.gz"), UnknownPeople::Added).await;
    assert!(matches!(own, Err(BringBackError::Own)));
    for (name, values, said) in [
        ("mixed", vec![message(1, ADA, "in", json!({})), run(1, ADA)], "not all messages"),
        ("none", vec![], "it is empty"),
        ("broken", vec![json!(1)], "neither"),
        (
            "long",
            vec![
                message(1, ADA, "in", json!({"created_on": "2019-06-01T00:00:00Z"})),
                message(2, ADA, "in", json!({"created_on": "2019-07-01T00:00:00Z"})),
            ],
            "more than one month",
        ),
    ] {
        let files = file(&folder, name, &lines(&values));
        let error = keep_archive(&world.ctx, workspace, (&files, name)).await.unwrap_err().to_string();
        assert!(error.contains(said), "{name}: {error}");
    }
    assert_eq!(world.ctx.store.archives(workspace).await.unwrap().len(), 1);
}
