//! `Idempotency-Key`: the same call again does nothing again.

use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use store::{CallKey, Change, Unit};

use super::{Api, on_both};

on_both!(
    the_same_call_is_done_once,
    calls_at_the_same_time_are_done_once,
    a_key_is_for_one_call,
    what_was_lost_is_said,
    what_is_shown_once_is_not_kept
);

/// Posts with a key; answers status, headers and body.
async fn post(api: &Api, key: &str, path: &str, body: &Value) -> (u16, HeaderMap, Value) {
    let url = format!("{}/api/v2/{path}", api.world.base);
    let request = api.world.client.post(url).header("authorization", format!("Token {}", api.token));
    let answer = request.header("idempotency-key", key).json(body).send().await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let text = answer.text().await.unwrap();
    (status, headers, serde_json::from_str(&text).unwrap_or(Value::Null))
}

async fn the_same_call_is_done_once(api: Api) {
    let _ = api.world.add_two_questions().await;
    api.world.hand_in("+254722000111", "hello", "1").await;
    let contact = api.list("contacts.json").await.remove(0);
    let flows = api.list("flows.json").await;
    let flow = &flows[0]["uuid"];
    let before = api.list("messages.json").await.len();
    let calls = [
        ("contacts.json", json!({"name": "Amina", "urns": ["tel:+254722000112"]}), "contacts.json", 2),
        ("groups.json", json!({"name": "Mothers"}), "groups.json", 1),
        ("messages.json", json!({"contact": contact["uuid"], "text": "Well?"}), "messages.json", before + 1),
        ("broadcasts.json", json!({"text": "All", "contacts": [contact["uuid"]]}), "broadcasts.json", 1),
        ("flow_starts.json", json!({"flow": flow, "contacts": [contact["uuid"]]}), "flow_starts.json", 1),
    ];
    for (path, body, list, expected) in calls {
        let (status, headers, first) = post(&api, path, path, &body).await;
        assert_eq!((status, headers.get("idempotent-replayed")), (201, None), "{path}: {first}");
        for _ in 0..2 {
            let (status, headers, again) = post(&api, path, path, &body).await;
            let replayed = headers.get("idempotent-replayed").map(|value| value.to_str().unwrap());
            assert_eq!((status, replayed, &again), (201, Some("true"), &first), "{path}");
        }
        let listed = api.list(list).await;
        // What broadcasts and starts do comes later, so that only they themselves are counted.
        let same = listed.iter().filter(|one| one["uuid"] == first["uuid"]).count();
        assert_eq!(same, 1, "{path}");
        if path != "messages.json" && path != "groups.json" {
            assert_eq!(listed.len(), expected, "{path}");
        }
    }
    assert!(api.each("groups.json", "name").await.contains(&json!("Mothers")));
    let said = api.list("messages.json").await;
    assert_eq!(said.iter().filter(|message| message["text"] == "Well?").count(), 1);
    // Without anything in the answer.
    let body = json!({"contacts": [contact["uuid"]], "action": "block"});
    assert_eq!(post(&api, "act", "contact_actions.json", &body).await.0, 204);
    api.post("contact_actions.json", json!({"contacts": [contact["uuid"]], "action": "unblock"})).await;
    let (status, headers, again) = post(&api, "act", "contact_actions.json", &body).await;
    assert_eq!((status, headers.contains_key("idempotent-replayed"), again), (204, true, Value::Null));
    let path = format!("contacts.json?uuid={}", contact["uuid"].as_str().unwrap());
    assert_eq!(api.list(&path).await[0]["status"], "active", "the second time changed nothing");
}

async fn calls_at_the_same_time_are_done_once(api: Api) {
    let body = json!({"name": "Amina"});
    let calls = (0..8).map(|_| post(&api, "k", "contacts.json", &body));
    let mut made = Vec::new();
    for (status, _, answer) in futures_util::future::join_all(calls).await {
        match status {
            201 => made.push(answer["uuid"].clone()),
            // It is being done.
            409 | 503 => {}
            other => panic!("{other}: {answer}"),
        }
    }
    made.dedup();
    assert_eq!((made.len(), api.list("contacts.json").await.len()), (1, 1));
    assert_eq!(post(&api, "k", "contacts.json", &body).await.2["uuid"], made[0]);
}

async fn a_key_is_for_one_call(api: Api) {
    let made = post(&api, "k", "groups.json", &json!({"name": "Mothers"})).await;
    assert_eq!(made.0, 201);
    for (path, body) in [
        ("groups.json", json!({"name": "Fathers"})),
        ("labels.json", json!({"name": "Mothers"})),
        ("groups.json?x=1", json!({"name": "Mothers"})),
    ] {
        let (status, _, said) = post(&api, "k", path, &body).await;
        assert_eq!(status, 422, "{path}");
        assert!(said["detail"].as_str().unwrap().contains("another call"), "{said}");
    }
    // What did nothing is not kept: the caller may mend it.
    assert_eq!(post(&api, "m", "groups.json", &json!({"name": ""})).await.0, 400);
    assert_eq!(post(&api, "m", "groups.json", &json!({"name": "Fathers"})).await.0, 201);
    for bad in [String::new(), "k".repeat(256)] {
        let (status, _, said) = post(&api, &bad, "groups.json", &json!({"name": "Others"})).await;
        assert_eq!(status, 400, "{said}");
    }
    // Another workspace's keys are its own.
    let other = api.in_another_workspace().await;
    assert_eq!(post(&other, "k", "groups.json", &json!({"name": "Others"})).await.0, 201);
}

async fn what_was_lost_is_said(api: Api) {
    let body = json!({"name": "Mothers"});
    assert_eq!(post(&api, "k", "groups.json", &body).await.0, 201);
    let store = &api.world.store;
    let workspace = api.world.workspace.id;
    let user = store.tokens(workspace).await.unwrap()[0].user;
    let key = CallKey { workspace, user, key: "k".into() };
    let mut row = store.kept_call(key).await.unwrap().unwrap();
    assert_eq!(row.answer.take().map(|answer| answer.status), Some(201));
    row.key.key = "lost".into();
    store.write_one(Unit::new(vec![Change::KeepCall(Box::new(row))])).await.unwrap();
    let (status, _, said) = post(&api, "lost", "groups.json", &body).await;
    assert_eq!(status, 409, "{said}");
    let ctx = api.world.node.context();
    operations::forget_calls(ctx, ctx.now()).await.unwrap();
    assert_eq!(post(&api, "lost", "groups.json", &json!({"name": "Fathers"})).await.0, 201);
}

async fn what_is_shown_once_is_not_kept(api: Api) {
    let body = json!({"email": "nurse@example.org", "role": "agent"});
    let (status, _, made) = post(&api, "k", "invitations.json", &body).await;
    assert!(status == 201 && made["link"].is_string(), "{made}");
    let (status, _, said) = post(&api, "k", "invitations.json", &body).await;
    assert_eq!(status, 409, "{said}");
    assert_eq!(api.list("invitations.json").await.len(), 1);
    let store = &api.world.store;
    let workspace = api.world.workspace.id;
    let user = store.tokens(workspace).await.unwrap()[0].user;
    let kept = store.kept_call(CallKey { workspace, user, key: "k".into() }).await.unwrap().unwrap();
    assert_eq!(kept.answer, None);
}
