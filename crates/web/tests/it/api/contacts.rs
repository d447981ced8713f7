//! People over the API: read, added, changed, acted on, erased.

use serde_json::{Value, json};

use super::{Api, on_both};

on_both!(
    people_are_added_and_read,
    people_are_changed,
    what_cannot_be_kept_is_refused,
    lists_go_by_the_last_change,
    many_are_acted_on_at_once,
    who_is_erased_leaves_nothing,
    another_workspace_is_not_there,
);

async fn group(api: &Api, name: &str) -> Value {
    api.post("groups.json", json!({"name": name})).await.1["uuid"].clone()
}

async fn people_are_added_and_read(api: Api) {
    api.post("fields.json", json!({"name": "Age", "type": "number"})).await;
    api.post("fields.json", json!({"name": "Due", "type": "datetime"})).await;
    let mothers = group(&api, "Mothers").await;
    let body = json!({
        "name": "Zodwa", "language": "zul", "urns": ["tel:0722 000 111", "mailto:Z@Example.org"],
        "groups": ["mothers"], "fields": {"age": "31", "due": "2026-12-24T00:00:00+03:00"},
    });
    let (status, contact) = api.post("contacts.json", body).await;
    assert_eq!(status, 201, "{contact}");
    let expected = json!({
        "uuid": contact["uuid"], "name": "Zodwa", "status": "active", "language": "zul",
        "urns": ["tel:+254722000111", "mailto:z@example.org"],
        "groups": [{"uuid": mothers, "name": "Mothers"}], "notes": [],
        "fields": {"age": "31", "due": "2026-12-24T00:00:00.000000+03:00"},
        "flow": null, "created_on": contact["created_on"], "modified_on": contact["modified_on"],
        "last_seen_on": null, "blocked": false, "stopped": false,
    });
    assert_eq!(contact, expected);
    let uuid = contact["uuid"].as_str().unwrap();
    for (query, count) in [
        (format!("uuid={uuid}"), 1),
        ("urn=tel:%2B254722000111".to_owned(), 1),
        ("urn=tel:%2B254722000112".to_owned(), 0),
        ("urn=nonsense".to_owned(), 0),
        ("group=MOTHERS".to_owned(), 1),
        (format!("group={}", mothers.as_str().unwrap()), 1),
        ("group=Fathers".to_owned(), 0),
        ("deleted=1".to_owned(), 0),
        ("deleted=0".to_owned(), 1),
    ] {
        assert_eq!(api.list(&format!("contacts.json?{query}")).await.len(), count, "{query}");
    }
    let expanded = &api.list("contacts.json?expand_urns=1").await[0]["urns"][0];
    let whole = json!({"channel": null, "scheme": "tel", "path": "+254722000111", "display": null});
    assert_eq!(*expanded, whole);
    assert_eq!(api.list("groups.json").await[0]["count"], 1);
    let (status, nobody) = api.post("contacts.json", json!({})).await;
    assert_eq!((status, &nobody["name"], &nobody["urns"]), (201, &json!(null), &json!([])));
}

async fn people_are_changed(api: Api) {
    api.post("fields.json", json!({"name": "Age", "type": "number"})).await;
    let (a, b) = (group(&api, "A").await, group(&api, "B").await);
    let body = json!({"name": "Ada", "urns": ["tel:+254722000111"], "groups": [a], "fields": {"age": "31"}});
    let (_, made) = api.post("contacts.json", body).await;
    let path = format!("contacts.json?uuid={}", made["uuid"].as_str().unwrap());
    let (status, same) = api.post(&path, json!({})).await;
    assert_eq!((status, &same), (200, &made), "nothing given, nothing changed");
    let (_, changed) =
        api.post(&path, json!({"groups": [b], "fields": {"age": null}, "language": "eng"})).await;
    assert_eq!(changed["groups"], json!([{"uuid": b, "name": "B"}]));
    assert_eq!(
        (&changed["fields"]["age"], &changed["language"], &changed["name"]),
        (&json!(null), &json!("eng"), &json!("Ada"))
    );
    let (_, changed) =
        api.post(&path, json!({"urns": ["tel:+254722000222"], "name": null, "language": null})).await;
    assert_eq!(changed["urns"], json!(["tel:+254722000222"]));
    assert_eq!((&changed["name"], &changed["language"]), (&json!(null), &json!(null)));
    let by_urn = "contacts.json?urn=tel:%2B254722000222";
    let (status, changed) = api.post(by_urn, json!({"name": "Ada O."})).await;
    assert_eq!((status, &changed["uuid"], &changed["name"]), (200, &made["uuid"], &json!("Ada O.")));
    let (status, new) = api.post("contacts.json?urn=tel:%2B254722000333", json!({"name": "New"})).await;
    assert_eq!((status, &new["urns"], &new["name"]), (201, &json!(["tel:+254722000333"]), &json!("New")));
}

async fn what_cannot_be_kept_is_refused(api: Api) {
    let (_, made) = api.post("contacts.json", json!({"urns": ["tel:+254722000111"]})).await;
    let uuid = made["uuid"].as_str().unwrap();
    let change = crate::api::definitions::query_group(&api, "Adults", "name = \"x\"").await;
    for (path, body, status, said) in [
        (
            "contacts.json".to_owned(),
            json!({"urns": ["tel:+254722000222", "tel:+254722000111"]}),
            400,
            json!({"urns": {"1": ["URN is in use by another contact."]}}),
        ),
        (
            "contacts.json".to_owned(),
            json!({"urns": ["tel:+254722000111"]}),
            400,
            json!({"urns": {"0": ["URN is in use by another contact."]}}),
        ),
        (
            "contacts.json".to_owned(),
            json!({"urns": ["xyz"]}),
            400,
            json!({"urns": {"0": [
            "Not a valid URN: xyz. A phone number needs its country code, and the scheme must be known."]}}),
        ),
        (
            "contacts.json".to_owned(),
            json!({"urns": "tel:+254722000111"}),
            400,
            json!({"urns": ["Expected a list of items."]}),
        ),
        (
            "contacts.json".to_owned(),
            json!({"name": "x".repeat(65)}),
            400,
            json!({"name": ["Ensure this field has no more than 64 characters."]}),
        ),
        (
            "contacts.json".to_owned(),
            json!({"language": "xxx"}),
            400,
            json!({"language": ["Not a valid ISO 639-3 language code."]}),
        ),
        (
            "contacts.json".to_owned(),
            json!({"groups": ["Nobody"]}),
            400,
            json!({"groups": {"0": ["Not found: Nobody"]}}),
        ),
        (
            "contacts.json".to_owned(),
            json!({"groups": [change]}),
            400,
            json!({"groups": {"0": [
            format!("The group fills itself by a query: {}", change.as_str().unwrap())]}}),
        ),
        (
            "contacts.json".to_owned(),
            json!({"fields": {"shoe": "9"}}),
            400,
            json!({"fields": ["There is no field with the key shoe."]}),
        ),
        (
            "contacts.json?urn=tel:%2B254722000111".to_owned(),
            json!({"urns": []}),
            400,
            json!({"urns": ["Not allowed when the address names the contact by a URN."]}),
        ),
        (
            "contacts.json?uuid=0198d6a0-4a7b-4c3e-9f2a-6d1f00c0ffee".to_owned(),
            json!({}),
            404,
            json!({"detail": "Not found."}),
        ),
        (
            format!("contacts.json?uuid={uuid}&urn=tel:1"),
            json!({}),
            400,
            json!({"detail": "Filter by one of uuid, urn at a time."}),
        ),
        (
            "contacts.json".to_owned(),
            json!([1]),
            400,
            json!({"non_field_errors": ["Invalid data. Expected one JSON object."]}),
        ),
    ] {
        assert_eq!(api.post(&path, body.clone()).await, (status, said), "{path} {body}");
    }
    assert_eq!(api.list("contacts.json").await.len(), 1);
}

async fn lists_go_by_the_last_change(api: Api) {
    for name in ["A", "B", "C"] {
        api.post("contacts.json", json!({"name": name, "urns": [format!("ext:{name}")]})).await;
    }
    assert_eq!(api.each("contacts.json", "name").await, ["C", "B", "A"]);
    api.post("contacts.json?urn=ext:A", json!({"language": "eng"})).await;
    assert_eq!(api.each("contacts.json", "name").await, ["A", "C", "B"]);
    assert_eq!(api.each("contacts.json?reverse=1", "name").await, ["B", "C", "A"]);
    let c = api.list("contacts.json?urn=ext:C").await[0]["modified_on"].as_str().unwrap().to_owned();
    assert_eq!(api.each(&format!("contacts.json?after={c}"), "name").await, ["A", "C"]);
    assert_eq!(api.each(&format!("contacts.json?before={c}"), "name").await, ["C", "B"]);
    assert_eq!(api.each("contacts.json?after=never", "name").await, [""; 0]);
}

async fn many_are_acted_on_at_once(api: Api) {
    let mothers = group(&api, "Mothers").await;
    let mut uuids = Vec::new();
    for name in ["A", "B"] {
        let (_, made) =
            api.post("contacts.json", json!({"name": name, "urns": [format!("ext:{name}")]})).await;
        uuids.push(made["uuid"].clone());
    }
    let act = async |body: Value| api.post("contact_actions.json", body).await;
    let all = json!([uuids[0], "ext:B"]);
    assert_eq!(act(json!({"contacts": all, "action": "add", "group": mothers})).await, (204, json!(null)));
    assert_eq!(api.list("contacts.json?group=Mothers").await.len(), 2);
    assert_eq!(act(json!({"contacts": ["ext:B"], "action": "remove", "group": "mothers"})).await.0, 204);
    assert_eq!(api.each("contacts.json?group=Mothers", "name").await, ["A"]);
    assert_eq!(act(json!({"contacts": ["ext:A"], "action": "block"})).await.0, 204);
    let blocked = &api.list("contacts.json?urn=ext:A").await[0];
    assert_eq!(
        (&blocked["status"], &blocked["blocked"], &blocked["groups"]),
        (&json!("blocked"), &json!(true), &json!([]))
    );
    let said =
        format!("Only active contacts can join a group. These are not: {}", uuids[0].as_str().unwrap());
    let refused = (400, json!({"non_field_errors": [said]}));
    assert_eq!(act(json!({"contacts": all, "action": "add", "group": mothers})).await, refused);
    assert_eq!(act(json!({"contacts": ["ext:A"], "action": "unblock"})).await.0, 204);
    assert_eq!(api.list("contacts.json?urn=ext:A").await[0]["status"], "active");
    assert_eq!(act(json!({"contacts": all, "action": "interrupt"})).await.0, 204);
    for (body, said) in [
        (json!({}), json!({"contacts": ["This field is required."], "action": ["This field is required."]})),
        (json!({"contacts": ["ext:C"], "action": "block"}), json!({"contacts": {"0": ["Not found: ext:C"]}})),
        (
            json!({"contacts": all, "action": "add"}),
            json!({"non_field_errors": ["The action \"add\" needs a group."]}),
        ),
        (
            json!({"contacts": all, "action": "block", "group": mothers}),
            json!({"non_field_errors": ["The action \"block\" takes no group."]}),
        ),
        (
            json!({"contacts": vec!["ext:A"; 101], "action": "block"}),
            json!({"contacts": ["Ensure this field has no more than 100 elements."]}),
        ),
        (json!({"contacts": all, "action": "like"}), json!({"action": ["\"like\" is not a valid choice."]})),
    ] {
        assert_eq!(act(body.clone()).await, (400, said), "{body}");
    }
}

async fn who_is_erased_leaves_nothing(api: Api) {
    api.world.add_two_questions().await;
    api.world.hand_in("+254722000111", "my secret", "1").await;
    api.world.hand_in("+254722000111", "another secret", "2").await;
    let contact = api.list("contacts.json").await.remove(0);
    let path = format!("contacts.json?uuid={}", contact["uuid"].as_str().unwrap());
    assert_eq!(api.delete(&path).await, (204, json!(null)));
    assert_eq!(api.delete(&path).await, (404, json!({"detail": "Not found."})));
    assert_eq!(api.list("contacts.json").await.len(), 0);
    let erased = api.list("contacts.json?deleted=1").await.remove(0);
    let expected = json!({
        "uuid": contact["uuid"], "name": null, "status": null, "language": null, "urns": [], "groups": [],
        "notes": [], "fields": {}, "flow": null, "created_on": contact["created_on"],
        "modified_on": erased["modified_on"], "last_seen_on": null, "blocked": null, "stopped": null,
    });
    assert_eq!(erased, expected);
    let store = &api.world.store;
    let messages = store.messages(api.world.workspace.id, domain::MessageId(0), 99).await.unwrap();
    assert!(messages.len() >= 3 && messages.iter().all(|message| message.text.is_empty()));
    let id = messages[0].contact;
    let events = store.contact_events(api.world.workspace.id, id, 99).await.unwrap();
    assert!(events.iter().all(|(_, body)| !body.contains("secret")), "{events:?}");
    let runs = store.contact_runs(api.world.workspace.id, id).await.unwrap();
    assert!(runs.iter().all(|run| run.status == "interrupted" && !run.results.contains("secret")));
    let verified = store.verify(None).await.unwrap();
    assert!(verified.differences.is_empty() && verified.broken.is_empty(), "{verified:?}");
    api.world.hand_in("+254722000111", "hello again", "3").await;
    assert_ne!(
        api.list("contacts.json").await[0]["uuid"],
        contact["uuid"],
        "whoever writes now is somebody new"
    );
}

async fn another_workspace_is_not_there(api: Api) {
    let (_, made) = api.post("contacts.json", json!({"name": "Ada", "urns": ["ext:A"]})).await;
    let (_, theirs) = api.post("groups.json", json!({"name": "Mothers"})).await;
    let other = api.in_another_workspace().await;
    let uuid = made["uuid"].as_str().unwrap();
    assert_eq!(other.list("contacts.json").await.len(), 0);
    assert_eq!(other.list(&format!("contacts.json?uuid={uuid}")).await.len(), 0);
    assert_eq!(other.post(&format!("contacts.json?uuid={uuid}"), json!({"name": "B"})).await.0, 404);
    assert_eq!(other.delete(&format!("contacts.json?uuid={uuid}")).await.0, 404);
    let body = json!({"contacts": [uuid], "action": "delete"});
    let said = json!({"contacts": {"0": [format!("Not found: {uuid}")]}});
    assert_eq!(other.post("contact_actions.json", body).await, (400, said));
    let group = theirs["uuid"].as_str().unwrap();
    assert_eq!(other.delete(&format!("groups.json?uuid={group}")).await.0, 404);
    assert_eq!(other.post(&format!("groups.json?uuid={group}"), json!({"name": "B"})).await.0, 404);
    let (status, _) = other.post("contacts.json", json!({"urns": ["ext:A"]})).await;
    assert_eq!(status, 201, "the same address is somebody else there");
    assert_eq!(api.list("contacts.json").await[0]["name"], "Ada");
}
