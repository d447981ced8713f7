//! Archives over the API: listed page by page, and fetched under addresses that are signed for an hour.

use domain::{ArchiveId, ArchiveUuid};
use node::Layer;
use reqwest::StatusCode;
use serde_json::{Value, json};
use store::{ArchiveKind, ArchivePeriod, ArchiveRow, Change, Unit};
use uuid::Uuid;

use super::Api;
use crate::world::World;

const DAY: i32 = 20_574; // 2026-05-01

fn row(api: &Api, number: i32, kind: ArchiveKind, period: ArchivePeriod, start_day: i32) -> ArchiveRow {
    let now = api.world.node.context().now();
    ArchiveRow {
        id: ArchiveId(number.into()),
        workspace: api.world.workspace.id,
        uuid: ArchiveUuid(Uuid::from_u128(number.unsigned_abs().into())),
        kind,
        period,
        start_day,
        records: 2,
        bytes: 11,
        md5: "5eb63bbbe01eeed093cb22bb8f5acdc3".into(),
        file: format!("a/{number}.jsonl.gz"),
        rollup: None,
        steps: 0,
        created_on: now,
        changed_on: now,
    }
}

async fn with_archives() -> (Api, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let layer = Layer { archives: Some(folder.path().to_owned()), ..Layer::default() };
    let api = Api::of(World::with(layer).await).await;
    use ArchiveKind::{Message, Run};
    use ArchivePeriod::{Daily, Monthly};
    let mut rolled = row(&api, 5, Message, Daily, DAY - 9);
    (rolled.rollup, rolled.file) = (Some(ArchiveId(2)), String::new());
    let rows = [
        row(&api, 1, Message, Daily, DAY),
        row(&api, 2, Message, Monthly, DAY - 30),
        row(&api, 3, Run, Daily, DAY + 1),
        row(&api, 4, Run, Monthly, DAY - 30),
        rolled,
    ];
    for row in rows {
        let unit = Unit::new(vec![Change::Archive(Box::new(row))]);
        api.world.store.write_one(unit).await.unwrap();
    }
    let files = api.world.node.archives().unwrap();
    files.put("a/1.jsonl.gz", b"hello world").await.unwrap();
    (api, folder)
}

#[tokio::test(flavor = "multi_thread")]
async fn archives_are_listed_by_type_period_and_date_in_pages() {
    let (api, _folder) = with_archives().await;
    let check = async |query: &str, expected: &[&str]| {
        let body = api.get(&format!("archives.json{query}")).await;
        let shown =
            |one: &Value| format!("{} {} {}", one["type"], one["period"], one["start_date"]).replace('"', "");
        let found: Vec<String> = body["results"].as_array().unwrap().iter().map(shown).collect();
        assert_eq!(found, expected, "{query}");
        assert_eq!(body["count"], json!(expected.len()), "{query}");
    };
    let all = [
        "run daily 2026-05-02",
        "message daily 2026-05-01",
        "message monthly 2026-04-01",
        "run monthly 2026-04-01",
    ];
    check("", &all).await;
    check("?type=message", &all[1..3]).await;
    check("?archive_type=run&period=monthly", &all[3..]).await;
    check("?period=daily", &all[..2]).await;
    check("?after=2026-05-01", &all[..2]).await;
    check("?before=2026-05-01T00:00:00Z", &all[1..]).await;
    check("?before=never", &[]).await;
    let body = api.get("archives.json?type=message").await;
    let one = &body["results"][0];
    assert_eq!(one["record_count"], json!(2));
    assert_eq!((&one["size"], &one["hash"]), (&json!(11), &json!("5eb63bbbe01eeed093cb22bb8f5acdc3")));
    assert_eq!(one["archive_type"], json!("message"));
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_lead_to_one_another() {
    let (api, _folder) = with_archives().await;
    let (mut path, mut found) = ("archives.json?period=daily&limit=1".to_owned(), Vec::new());
    let mut back = Vec::new();
    loop {
        let body = api.get(&path).await;
        assert_eq!(body["count"], json!(2));
        found.extend(body["results"].as_array().unwrap().iter().map(|one| one["type"].clone()));
        back.push(body["previous"].clone());
        let Some(next) = body["next"].as_str() else { break };
        path = next.split_once("/api/v2/").unwrap().1.to_owned();
    }
    assert_eq!(found, ["run", "message"]);
    assert_eq!(back[0], Value::Null);
    assert!(back[1].as_str().unwrap().ends_with("/api/v2/archives.json?period=daily&limit=1"), "{back:?}");
    for (query, left) in
        [("limit=0", 4), ("limit=-1&offset=-3", 4), ("limit=x", 4), ("offset=3", 1), ("offset=99", 0)]
    {
        let body = api.get(&format!("archives.json?{query}")).await;
        assert_eq!(body["results"].as_array().unwrap().len(), left, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_fetched_under_signed_addresses_only() {
    let (api, folder) = with_archives().await;
    let body = api.get("archives.json?type=message&period=daily").await;
    let url = body["results"][0]["download_url"].as_str().unwrap().to_owned();
    let fetch = async |url: &str| api.world.client.get(url).send().await.unwrap();
    let answer = fetch(&url).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["content-type"], "application/gzip");
    assert_eq!(
        answer.headers()["content-disposition"],
        "attachment; filename=\"message_daily_2026-05-01.jsonl.gz\""
    );
    assert_eq!(&answer.bytes().await.unwrap()[..], b"hello world");
    let (address, _) = url.split_once('?').unwrap();
    let uuid = |number: u128| Uuid::from_u128(number).to_string();
    for bad in [
        address.to_owned(),
        url.replace("signature=", "signature=00"),
        url.replace("until=1", "until=2"),
        url.replace(&uuid(1), &uuid(3)),
        url.replace(&uuid(1), "..%2f..%2fetc%2fpasswd"),
        format!("{address}?until=x&signature=x"),
    ] {
        assert_eq!(fetch(&bad).await.status(), StatusCode::NOT_FOUND, "{bad}");
    }
    std::fs::remove_file(folder.path().join("a/1.jsonl.gz")).unwrap();
    assert_eq!(fetch(&url).await.status(), StatusCode::NOT_FOUND, "a file that is gone");
}
