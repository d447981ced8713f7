//! The log of who changed what: what stands in it, what never does, and who may read it.

use operations::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::access::{Browser, PASSWORD, add};
use super::{Api, on_both};

on_both!(
    a_change_says_what_was_before,
    secrets_are_not_in_the_log,
    an_erased_contact_is_in_the_log_no_more,
    what_people_write_from_outside_is_not_in_the_log,
    the_log_is_asked_by_kind_person_thing_and_time,
);

async fn a_change_says_what_was_before(api: Api) {
    let (_, group) = api.post("groups.json", json!({"name": "Mothers"})).await;
    let body = json!({"name": "Zodwa", "urns": ["tel:+256799000001"], "groups": ["Mothers"]});
    let (status, contact) = api.post("contacts.json", body).await;
    assert_eq!(status, 201, "{contact}");
    let uuid = contact["uuid"].as_str().unwrap();
    let (_, rows) = api.post(&format!("contacts.json?uuid={uuid}"), json!({"name": "Amina"})).await;
    assert_eq!(rows["name"], "Amina");
    let (_, _) = api.post(&format!("contacts.json?uuid={uuid}"), json!({"name": "Amina"})).await;
    let (status, _) = api.post("contacts.json", json!({"name": "Eve", "urns": ["nonsense"]})).await;
    assert_eq!(status, 400);
    let log = api.list("audit.json?kind=contact").await;
    assert_eq!(log.len(), 2, "what changed nothing and what was refused is not in it: {log:?}");
    let newest = &log[0];
    assert_eq!(newest["verb"], "changed");
    assert_eq!((&newest["uuid"], &newest["name"]), (&json!(uuid), &json!("Amina")));
    assert_eq!((&newest["before"], &newest["after"]), (&json!({"name": "Zodwa"}), &json!({"name": "Amina"})));
    let first = &log[1];
    assert_eq!((&first["verb"], &first["before"]), (&json!("created"), &Value::Null));
    assert_eq!(first["after"]["urns"], json!(["tel:+256799000001"]));
    assert_eq!(first["after"]["groups"], json!(["Mothers"]));
    let (status, _) = api.delete(&format!("groups.json?uuid={}", group["uuid"].as_str().unwrap())).await;
    assert_eq!(status, 204);
    let log = api.list("audit.json?kind=group").await;
    assert_eq!((&log[0]["verb"], &log[0]["before"]["name"]), (&json!("removed"), &json!("Mothers")));
}

async fn secrets_are_not_in_the_log(api: Api) {
    let user = add(&api.world, "ann@example.org", Role::Administrator).await;
    let mut ann = Browser::signed_in(&api.world, "ann@example.org").await;
    let body = json!({"present": PASSWORD, "password": "another long one"});
    assert_eq!(ann.post("/auth/password", body).await.0, StatusCode::NO_CONTENT);
    let ctx = api.world.node.context();
    let link =
        operations::make_reset_link(ctx, api.world.workspace.id, "ann@example.org", None).await.unwrap();
    let body = json!({"link": link.secret, "password": "a third long one"});
    assert_eq!(ann.post("/auth/reset", body).await.0, StatusCode::NO_CONTENT);
    let log = api.list("audit.json?user=ann@example.org").await;
    let of = |row: &Value| (row["kind"].clone(), row["verb"].clone(), row["actor"]["means"].clone());
    let expected = [
        ("login", "changed", "link"),
        ("link", "removed", "link"),
        ("login", "changed", "session"),
        ("session", "created", "sign_in"),
        ("login", "created", "sign_in"),
    ];
    let expected = expected.map(|(kind, verb, means)| (json!(kind), json!(verb), json!(means)));
    assert_eq!(log.iter().map(of).collect::<Vec<_>>(), expected);
    assert_eq!(log[2]["before"], json!({"password_hash": "(secret)"}));
    let everywhere = store::AuditList {
        of: store::AuditOf::default(),
        walk: store::Walk { from: None, up: false, limit: 1_000 },
    };
    let all = ctx.store.audit(everywhere).await.unwrap();
    let text = format!("{all:?}");
    assert!(text.contains("(secret)"));
    let login = ctx.store.login("ann@example.org".into()).await.unwrap().unwrap();
    for secret in ["argon2", &link.secret, &user.password_hash, &login.password_hash.unwrap(), &api.token] {
        assert!(!text.contains(secret), "{secret}");
    }
}

async fn an_erased_contact_is_in_the_log_no_more(api: Api) {
    let body = json!({"name": "Zodwa", "urns": ["tel:+256799000001"]});
    let (_, contact) = api.post("contacts.json", body).await;
    let path = format!("contacts.json?uuid={}", contact["uuid"].as_str().unwrap());
    api.post(&path, json!({"name": "Zodwa Mbeki"})).await;
    assert_eq!(api.delete(&path).await.0, 204);
    let log = api.list("audit.json?kind=contact").await;
    assert_eq!(log.len(), 3);
    assert_eq!(log[0]["verb"], "erased");
    let text = json!(log).to_string();
    assert!(!text.contains("Zodwa") && !text.contains("256799000001"), "{text}");
}

async fn what_people_write_from_outside_is_not_in_the_log(api: Api) {
    api.world.add_two_questions().await;
    let rows = async || api.list("audit.json").await.len();
    let before = rows().await;
    assert!(api.world.hand_in("+254722000111", "hello", "1").await.status().is_success());
    assert!(api.world.hand_in("+254722000111", "Amina", "2").await.status().is_success());
    assert_eq!(api.list("contacts.json").await.len(), 1);
    assert_eq!(rows().await, before, "what contacts do is in their history");
}

async fn the_log_is_asked_by_kind_person_thing_and_time(api: Api) {
    add(&api.world, "ann@example.org", Role::Editor).await;
    let mut ann = Browser::signed_in(&api.world, "ann@example.org").await;
    assert_eq!(ann.get("/api/v2/audit.json").await.0, StatusCode::FORBIDDEN, "only for administrators");
    for name in ["Clinic", "Village", "Age"] {
        let (status, _) = ann.post("/api/v2/fields.json", json!({"name": name, "type": "text"})).await;
        assert_eq!(status, StatusCode::CREATED);
    }
    let (_, label) = api.post("labels.json", json!({"name": "Urgent"})).await;
    let foreign = api.in_another_workspace().await;
    foreign.post("labels.json", json!({"name": "Theirs"})).await;
    let names = async |query: &str| api.each(&format!("audit.json?{query}"), "name").await;
    assert_eq!(names("kind=field").await, ["age", "village", "clinic"]);
    assert_eq!(names("kind=field&reverse=1").await, ["clinic", "village", "age"]);
    assert_eq!(names("kind=label").await, ["Urgent"]);
    assert_eq!(names("user=ann@example.org&kind=field").await.len(), 3);
    assert_eq!(names("user=admin@example.org").await, ["Urgent"]);
    assert_eq!(names(&format!("uuid={}", label["uuid"].as_str().unwrap())).await, ["Urgent"]);
    assert!(names("kind=nothing").await.is_empty() && names("before=yesterday").await.is_empty());
    assert!(names("before=2020-01-01").await.is_empty());
    assert_eq!(names("after=2020-01-01&kind=label").await, ["Urgent"]);
    let (status, _) = api.call(&api.token, Method::GET, "audit.json?uuid=x", None).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    // More than a page.
    for place in 0..260 {
        let body = json!({"name": "City", "value": place.to_string()});
        let path = if place == 0 { "globals.json" } else { "globals.json?key=city" };
        assert!(api.post(path, body).await.0 < 300);
    }
    let first = api.get("audit.json?kind=global").await;
    let next = first["next"].as_str().unwrap();
    let second = api.get(next).await;
    let value = |row: &Value| row["after"]["value"].clone();
    let (one, two) = (first["results"].as_array().unwrap(), second["results"].as_array().unwrap());
    assert_eq!((one.len(), two.len()), (250, 10));
    assert_eq!((value(&one[0]), value(&one[249]), value(&two[0])), (json!("259"), json!("10"), json!("9")));
    assert_eq!(second["next"], Value::Null);
}
