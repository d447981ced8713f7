//! Lookup tables that are brought in or fetched, templates, and what people can agree to.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse as _;
use node::{Layer, limits};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{Api, on_both};
use crate::world::World;

on_both!(tables_are_brought_in, templates_are_kept, people_agree_to_what_there_is);

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_fetched_on_sqlite() {
    fetched(Api::of(World::with(open()).await).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_fetched_on_postgresql() {
    fetched(Api::of(World::on_postgres_with(open()).await).await).await;
}

/// Tables may be fetched from this machine.
fn open() -> Layer {
    Layer { allow_private_webhooks: Some(true), ..Layer::default() }
}

/// A site with one file: what it answers now, and how often it was asked for what had not changed.
#[derive(Clone, Default)]
struct Site {
    file: Arc<Mutex<(u16, String, String)>>,
    unchanged: Arc<Mutex<usize>>,
}

impl Site {
    async fn start(self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/cases.csv", listener.local_addr().unwrap());
        let answer = move |headers: HeaderMap| {
            let site = self.clone();
            async move {
                let (status, tag, body) = site.file.lock().unwrap().clone();
                let known = headers.get("if-none-match").is_some_and(|given| given.to_str().unwrap() == tag);
                if status == 200 && known {
                    *site.unchanged.lock().unwrap() += 1;
                    return StatusCode::NOT_MODIFIED.into_response();
                }
                (StatusCode::from_u16(status).unwrap(), [("etag", tag)], body).into_response()
            }
        };
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
        url
    }

    fn set(&self, status: u16, tag: &str, body: &str) {
        *self.file.lock().unwrap() = (status, tag.to_owned(), body.to_owned());
    }
}

async fn fetched(api: Api) {
    let site = Site::default();
    site.set(200, "\"a\"", "country,cases\nKE,10\nUG,20\n");
    let url = site.clone().start().await;
    let ask = || api.post("tables.json", json!({"name": "Cases", "url": url, "minutes": 5}));
    let (status, made) = ask().await;
    assert_eq!(status, 201, "{made}");
    assert_eq!((&made["name"], &made["source"]["url"]), (&json!("cases"), &json!(url)));
    let first = until(&api, |table| table["version"] == json!(1)).await;
    assert_eq!(
        (&first["rows"], &first["columns"], &first["source"]["error"]),
        (&json!(2), &json!(["country", "cases"]), &Value::Null)
    );
    // The same again makes no new version; what cannot be read or fetched leaves the last one, and is said.
    for (answer, said) in [
        ((200, "\"b\"", "country,cases\nKE,10,7\n"), "row"),
        ((500, "\"c\"", "no"), "the answer was 500"),
        ((404, "\"c\"", "no"), "the answer was 404"),
    ] {
        site.set(answer.0, answer.1, answer.2);
        assert_eq!(ask().await.0, 200);
        let failed = until(&api, |table| !table["source"]["error"].is_null()).await;
        assert!(failed["source"]["error"].as_str().unwrap().contains(said), "{failed}");
        assert_eq!((&failed["version"], &failed["rows"]), (&json!(1), &json!(2)));
    }
    site.set(200, "\"d\"", "country,cases\nKE,11\n");
    assert_eq!(ask().await.0, 200);
    let second = until(&api, |table| table["version"] == json!(2)).await;
    assert_eq!((&second["rows"], &second["source"]["failures"]), (&json!(1), &json!(0)));
    // The same file again: the site is asked with what it called it, says that it is as it was, and need not send it.
    assert_eq!(ask().await.0, 200);
    let third = until(&api, |table| table["source"]["fetched_on"] != second["source"]["fetched_on"]).await;
    assert_eq!(*site.unchanged.lock().unwrap(), 1);
    assert_eq!((&third["version"], &third["source"]["error"]), (&json!(2), &Value::Null));
    let versions = api.list("table_versions.json?name=Cases").await;
    let shown: Vec<_> = versions.iter().map(|v| (&v["version"], &v["rows"], &v["current"])).collect();
    assert_eq!(shown, [(&json!(2), &json!(1), &json!(true)), (&json!(1), &json!(2), &json!(false))]);
    // More than a table may hold is not read to its end.
    site.set(200, "\"e\"", &format!("country,cases\nKE,{}\n", "1".repeat(limits::TABLE_BYTES)));
    assert_eq!(ask().await.0, 200);
    let large = until(&api, |table| !table["source"]["error"].is_null()).await;
    assert!(large["source"]["error"].as_str().unwrap().contains("has more than 16777216 bytes"), "{large}");
    assert_eq!((&large["version"], &large["rows"]), (&json!(2), &json!(1)));
    // What is brought in by hand ends it, or it would be undone.
    let by_hand = json!({"name": "cases", "csv": "country,cases\nKE,12\nUG,1\nTZ,2\n"});
    let (status, made) = api.post("tables.json", by_hand).await;
    assert_eq!((status, &made["version"], &made["source"]), (200, &json!(3), &Value::Null));
    assert_eq!(api.delete("tables.json?name=Cases").await.0, 204);
    let (status, _) = api.call(&api.token, Method::GET, "table_versions.json?name=Cases", None).await;
    assert_eq!(status, 404);
    assert!(api.list("tables.json").await.is_empty());
}

async fn until(api: &Api, fits: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..1_000 {
        let found = api.list("tables.json?name=cases").await.pop();
        if let Some(found) = found.filter(|found| fits(found)) {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{:?}", api.list("tables.json").await);
}

async fn tables_are_brought_in(api: Api) {
    let body = json!({"name": "Clinics", "csv": "code,name\nGUL,Gulu\nLIR,Lira\n", "key_column": "code"});
    let (status, made) = api.post("tables.json", body.clone()).await;
    assert_eq!(
        (status, &made["version"], &made["rows"], &made["source"]),
        (201, &json!(1), &json!(2), &Value::Null)
    );
    assert_eq!(api.post("tables.json", body).await.1["version"], json!(1), "the same changes nothing");
    let body = json!({"name": "clinics", "csv": "code,name\nGUL,Gulu Town\n"});
    let (status, made) = api.post("tables.json", body).await;
    assert_eq!((status, &made["version"], &made["rows"]), (200, &json!(2), &json!(1)));
    for (body, member) in [
        (json!({"csv": "a\n1\n"}), "name"),
        (json!({"name": "x"}), "non_field_errors"),
        (json!({"name": "x", "csv": "a\n1\n", "url": "https://files.invalid/x"}), "non_field_errors"),
        (json!({"name": "x", "csv": "a,a\n1,2\n"}), "csv"),
        (json!({"name": "x", "csv": "a,b\n1\n2,3,4\n"}), "csv"),
        (json!({"name": "x", "url": "ftp://files.invalid/x"}), "url"),
        (json!({"name": "x", "url": "http://127.0.0.1/x"}), "url"),
        (json!({"name": "x y", "url": "https://files.invalid/x"}), "name"),
        (json!({"name": "x", "url": "https://files.invalid/x", "minutes": 4}), "minutes"),
    ] {
        let (status, said) = api.post("tables.json", body.clone()).await;
        assert!(status == 400 && !said[member].is_null(), "{body}: {status} {said}");
    }
    assert_eq!(api.delete("tables.json?name=clinics").await.0, 204);
    assert_eq!(api.delete("tables.json?name=clinics").await.0, 404);
}

async fn templates_are_kept(api: Api) {
    let channel = api.list("channels.json").await[0].clone();
    let one = json!({"channel": channel["uuid"], "locale": "eng-US", "header": "Clinic {{1}}", "body": "Dear {{1}}, come on {{2}}"});
    let body = json!({"name": "visit", "translations": [one]});
    let (status, made) = api.post("templates.json", body.clone()).await;
    assert_eq!(status, 201, "{made}");
    let shown = &made["translations"][0];
    assert_eq!((&shown["status"], shown["variables"].as_array().unwrap().len()), (&json!("approved"), 3));
    assert_eq!(shown["components"][1]["variables"], json!({"1": 1, "2": 2}));
    let (status, again) = api.post("templates.json", body).await;
    assert_eq!((status, &again["uuid"]), (200, &made["uuid"]));
    // A broadcast names it, with values that are evaluated for each.
    let body = json!({"text": "Come", "urns": ["tel:+254722000001"], "template": "visit",
        "template_variables": ["Gulu", "@(1 + 1)", "Monday"]});
    let (status, sent) = api.post("broadcasts.json", body).await;
    assert_eq!((status, &sent["template"]["uuid"]), (201, &made["uuid"]));
    for (translation, said) in [
        (json!({"channel": "x", "locale": "eng", "body": "Hi"}), "channel"),
        (json!({"channel": channel["uuid"], "locale": "english", "body": "Hi"}), "locale"),
        (json!({"channel": channel["uuid"], "locale": "eng"}), "body"),
        (json!({"channel": channel["uuid"], "locale": "eng", "body": "Hi", "status": "fine"}), "status"),
        (json!("eng"), "object"),
    ] {
        let body = json!({"name": "other", "translations": [translation]});
        let (status, wrong) = api.post("templates.json", body).await;
        assert!(status == 400 && wrong["translations"].to_string().contains(said), "{wrong}");
    }
    for body in
        [json!({"name": "Visit!", "translations": []}), json!({"name": "visit"}), json!({"translations": []})]
    {
        assert_eq!(api.post("templates.json", body.clone()).await.0, 400, "{body}");
    }
    let path = format!("templates.json?uuid={}", made["uuid"].as_str().unwrap());
    assert_eq!(api.delete(&path).await.0, 204);
    assert!(api.list("templates.json").await.is_empty());
}

async fn people_agree_to_what_there_is(api: Api) {
    let (status, made) = api.post("optins.json", json!({"name": "News"})).await;
    assert_eq!(status, 201, "{made}");
    assert_eq!(api.post("optins.json", json!({"name": "NEWS"})).await.0, 400);
    assert_eq!(api.post("optins.json", json!({})).await.0, 400);
    let path = format!("optins.json?uuid={}", made["uuid"].as_str().unwrap());
    let (status, changed) = api.post(&path, json!({"name": "Weekly news"})).await;
    assert_eq!((status, &changed["name"]), (200, &json!("Weekly news")));
    assert_eq!(api.list("optins.json").await, [changed]);
}
