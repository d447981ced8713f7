//! Messages and what flows kept, as files: every row once, in each form.

use std::io::Read as _;

use operations::{ExportRowsJob, JobError, MadeFile, RowsFormat, RowsKind, export_rows, run_job_slice};
use serde_json::Value;
use store::JobStatus;
use test_postgres::Cluster;

use crate::world::World;

macro_rules! on_both {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {$(
            #[tokio::test]
            async fn $test() {
                super::$test(super::talked(super::World::new().await).await).await;
            }
        )+}
        mod postgres {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test(super::talked(super::World::on(super::Cluster::shared().database()).await).await).await;
            }
        )+}
    };
}

on_both!(messages_are_written_each_once, answers_are_written_in_each_form);

/// Three people of whom two answered all.
async fn talked(world: World) -> World {
    let flow = world.add_flow(&crate::flow_files::registration(1, "Hello! What is your name?")).await;
    world.add_trigger(world.trigger("C", flow)).await;
    for (number, words) in [("1", ["hi", "Amina", "27"]), ("2", ["hi", "=Ben", "31"])] {
        for text in words {
            world.hears(&format!("+25470000000{number}"), text).await;
        }
    }
    world.hears("+254700000003", "hello").await;
    world.host.forward(60);
    world
}

fn export(rows: RowsKind, format: RowsFormat) -> ExportRowsJob {
    ExportRowsJob { rows, format, flows: Vec::new(), after: None, before: None, user: None }
}

async fn made(world: &World, export: ExportRowsJob) -> (String, Vec<u8>) {
    let (ctx, workspace) = (&world.ctx, world.workspace.id);
    let mut job = export_rows(ctx, workspace, export).await.unwrap();
    while job.ended_on.is_none() {
        let next = run_job_slice(ctx, job.clone()).await.unwrap().value;
        // A slice that is tried again by somebody who does not know that it was done changes nothing.
        assert!(matches!(run_job_slice(ctx, job).await, Err(JobError::Gone)));
        job = next;
    }
    assert_eq!((job.status, job.error.as_deref()), (JobStatus::Done, None));
    let mut file = MadeFile::of(ctx, &job).await.unwrap().unwrap();
    let mut bytes = Vec::new();
    while let Some(piece) = file.next(ctx).await.unwrap() {
        bytes.extend(piece);
    }
    (file.name, bytes)
}

async fn messages_are_written_each_once(world: World) {
    let all = world.ctx.store.messages(world.workspace.id, domain::MessageId(0), 1_000).await.unwrap();
    let (name, bytes) = made(&world, export(RowsKind::Messages, RowsFormat::Csv)).await;
    assert!(name.starts_with("export-rows-") && name.ends_with(".csv"), "{name}");
    let rows = flows::csv::rows(std::str::from_utf8(&bytes).unwrap()).unwrap();
    assert_eq!((rows.len(), rows[0].len(), rows[0][10].as_str()), (all.len() + 1, 14, "Text"));
    let texts: Vec<_> = rows[1..].iter().map(|row| row[10].as_str()).collect();
    assert!(texts.contains(&"Amina") && texts.contains(&"'=Ben"), "{texts:?}");
    let (_, bytes) = made(&world, export(RowsKind::Messages, RowsFormat::Jsonl)).await;
    let lines = std::str::from_utf8(&bytes).unwrap().lines();
    let uuids: std::collections::BTreeSet<String> = lines
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["uuid"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(uuids, all.iter().map(|message| message.uuid.to_string()).collect());
    let (name, bytes) = made(&world, export(RowsKind::Messages, RowsFormat::Xlsx)).await;
    assert!(name.ends_with(".xlsx") && bytes.starts_with(b"PK"));
    // A span without anything, and what cannot be.
    let later = ExportRowsJob { after: Some(world.ctx.now()), ..export(RowsKind::Messages, RowsFormat::Csv) };
    let (_, bytes) = made(&world, later).await;
    assert_eq!(String::from_utf8(bytes).unwrap().lines().count(), 1, "the names of the columns");
    for rows in [RowsKind::Messages, RowsKind::Results] {
        let refused =
            export_rows(&world.ctx, world.workspace.id, export(rows, RowsFormat::FlowResults)).await;
        assert!(matches!(refused, Err(JobError::Unwritable(_))), "{rows:?}");
    }
}

async fn answers_are_written_in_each_form(world: World) {
    let definitions = world.ctx.store.definitions(world.workspace.id).await.unwrap().unwrap();
    let flow = &definitions.flows[0];
    let (_, bytes) = made(&world, export(RowsKind::Results, RowsFormat::Csv)).await;
    let rows = flows::csv::rows(std::str::from_utf8(&bytes).unwrap()).unwrap();
    let kept: Vec<(&str, &str)> = rows[1..].iter().map(|row| (row[10].as_str(), row[12].as_str())).collect();
    for expected in [("Name", "Amina"), ("Age", "27"), ("Name", "'=Ben"), ("Age", "31"), ("", "")] {
        assert!(kept.contains(&expected), "{expected:?} is not in {kept:?}");
    }
    let one = ExportRowsJob { flows: vec![flow.uuid], ..export(RowsKind::Results, RowsFormat::FlowResults) };
    let (name, bytes) = made(&world, one).await;
    assert!(name.ends_with(".zip"), "{name}");
    let mut package = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut member = |name: &str| {
        let mut text = String::new();
        package.by_name(name).unwrap().read_to_string(&mut text).unwrap();
        serde_json::from_str::<Value>(&text).unwrap()
    };
    let (descriptor, data) = (member("datapackage.json"), member("data.json"));
    assert_eq!(descriptor["profile"], "flow-results-package");
    let schema = &descriptor["resources"][0]["schema"];
    assert_eq!(
        (&descriptor["resources"][0]["path"], schema["fields"].as_array().unwrap().len()),
        (&Value::from("data.json"), 7)
    );
    let data = data.as_array().unwrap();
    assert_eq!(data.len(), kept.iter().filter(|(name, _)| !name.is_empty()).count());
    let mut ids = std::collections::BTreeSet::new();
    for row in data {
        let row = row.as_array().unwrap();
        assert!(row.len() == 7 && row[0].as_str().unwrap().ends_with("+00:00"), "{row:?}");
        assert!(schema["questions"][row[4].as_str().unwrap()].is_object(), "{row:?}");
        assert!(ids.insert(row[1].as_str().unwrap().to_owned()), "{row:?} comes twice");
    }
    assert!(data.iter().any(|row| row[5] == "Amina") && data.iter().any(|row| row[5] == "=Ben"));
}
