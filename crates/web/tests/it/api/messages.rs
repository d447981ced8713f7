//! Messages, broadcasts, starts and runs over the API.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Api, on_both};

on_both!(
    messages_are_read_by_folder,
    messages_are_searched_by_words,
    messages_are_sent,
    messages_are_acted_on,
    broadcasts_say_it_to_all,
    flows_are_started,
    runs_show_the_way,
    definitions_are_exported,
);

/// Waits until a list has so many results.
async fn until(api: &Api, path: &str, count: usize) -> Vec<Value> {
    loop {
        let found = api.list(path).await;
        if found.len() >= count {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn messages_are_searched_by_words(api: Api) {
    api.world.hand_in("+254722000111", "My baby has a FÉVER", "1").await;
    api.world.hand_in("+254722000111", "no fever any more", "2").await;
    api.world.hand_in("+254722000222", "fever", "3").await;
    let ctx = api.world.node.context();
    // What is younger than some seconds waits.
    while ctx.store.message_search_place().await.unwrap() < i64::MIN / 2
        || !ctx.store.unsearchable_messages(i64::MIN, i64::MAX, 1).await.unwrap().is_empty()
    {
        operations::index_messages(ctx, 100).await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let texts = async |query: &str| {
        let found = api.list(&format!("messages.json?{query}")).await;
        found.iter().map(|one| one["text"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let all = ["fever", "no fever any more", "My baby has a FÉVER"];
    for (query, expected) in [
        ("search=fever", &all[..]),
        ("search=FEV", &all),
        ("search=fever+bab", &all[2..]),
        ("search=fever&direction=out", &[]),
        ("search=fever&direction=in&folder=inbox", &all),
        ("search=fever&direction=sideways", &[]),
        ("search=fever&folder=sent", &[]),
        ("search=fever&contact=tel:%2B254722000111", &all[1..]),
        ("search=fever&before=2020-01-01", &[]),
        ("search=fever&after=never", &[]),
        ("search=%22%20OR%201", &[]),
        ("search=%F0%9F%99%82", &[]),
    ] {
        assert_eq!(texts(query).await, expected, "{query}");
    }
    let many = ["a"; 3].join("+") + "+b+c+d+e+f+g+h+i+j+k";
    for bad in
        [format!("messages.json?search={many}"), "messages.json?search=a&contact=x&folder=inbox".to_owned()]
    {
        let (status, body) = api.call(&api.token, reqwest::Method::GET, &bad, None).await;
        assert_eq!(status, 400, "{bad}: {body}");
    }
    let other = api.in_another_workspace().await;
    assert!(other.list("messages.json?search=fever").await.is_empty());
}

async fn messages_are_read_by_folder(api: Api) {
    api.world.hand_in("+254722000111", "nobody takes it", "1").await;
    api.world.add_two_questions().await;
    api.world.hand_in("+254722000111", "hello", "2").await;
    let sent = until(&api, "messages.json?folder=sent", 1).await;
    let inbox = api.list("messages.json?folder=inbox").await;
    assert_eq!(inbox.len(), 1);
    let contact = api.list("contacts.json").await.remove(0);
    let channel = api.list("channels.json").await.pop().unwrap();
    let expected = json!({
        "id": inbox[0]["id"], "uuid": inbox[0]["uuid"], "broadcast": null,
        "contact": {"uuid": contact["uuid"], "name": ""}, "urn": "tel:+254722000111",
        "channel": {"uuid": channel["uuid"], "name": channel["name"]}, "direction": "in", "type": "text",
        "status": "handled", "archived": false, "visibility": "visible", "text": "nobody takes it",
        "labels": [], "flow": null, "user": null, "attachments": [], "quick_replies": [],
        "created_on": inbox[0]["created_on"], "sent_on": null, "modified_on": inbox[0]["modified_on"], "media": null,
    });
    assert_eq!(inbox[0], expected);
    let flow = api.list("flows.json").await.remove(0);
    assert_eq!(sent[0]["flow"]["uuid"], flow["uuid"]);
    assert!(sent[0]["sent_on"].is_string() && sent[0]["status"] == "wired", "{}", sent[0]);
    let (id, uuid) = (&inbox[0]["id"], inbox[0]["uuid"].as_str().unwrap());
    let person = contact["uuid"].as_str().unwrap();
    for (query, count) in [
        ("".to_owned(), 3),
        ("folder=flows".to_owned(), 1),
        ("folder=Inbox".to_owned(), 1),
        ("folder=archived".to_owned(), 0),
        ("folder=outbox".to_owned(), 0),
        ("folder=failed".to_owned(), 0),
        ("folder=junk".to_owned(), 0),
        (format!("id={id}"), 1),
        (format!("uuid={uuid}"), 1),
        ("uuid=x".to_owned(), 0),
        (format!("contact={person}"), 3),
        ("contact=tel:%2B254722000111".to_owned(), 3),
        ("contact=tel:%2B254722000112".to_owned(), 0),
        ("label=None".to_owned(), 0),
        ("broadcast=1".to_owned(), 0),
        ("before=2020-01-01".to_owned(), 0),
        ("after=2020-01-01".to_owned(), 3),
    ] {
        assert_eq!(api.list(&format!("messages.json?{query}")).await.len(), count, "{query}");
    }
    let texts = api.each("messages.json", "text").await;
    assert_eq!((&texts[1], &texts[2]), (&json!("hello"), &json!("nobody takes it")), "the latest first");
    let two = api.call(&api.token, reqwest::Method::GET, "messages.json?folder=inbox&contact=x", None).await;
    assert_eq!(two.0.as_u16(), 400);
}

async fn messages_are_sent(api: Api) {
    api.world.hand_in("+254722000111", "hello", "1").await;
    let contact = api.list("contacts.json").await.remove(0);
    let replies = json!([{"text": "Yes"}, {"type": "url", "text": "More", "extra": "https://example.org"}]);
    let body = json!({
        "contact": contact["uuid"], "text": " How are you? ", "attachments": ["image/png:https://example.org/a.png"],
        "quick_replies": replies,
    });
    let (status, sent) = api.post("messages.json", body).await;
    assert_eq!(status, 201, "{sent}");
    assert_eq!(
        (&sent["direction"], &sent["text"], &sent["urn"]),
        (&json!("out"), &json!("How are you?"), &json!("tel:+254722000111"))
    );
    assert_eq!(
        sent["attachments"],
        json!([{"content_type": "image/png", "url": "https://example.org/a.png"}])
    );
    assert_eq!(
        sent["quick_replies"],
        json!([
            {"type": "text", "text": "Yes", "extra": null},
            {"type": "url", "text": "More", "extra": "https://example.org"},
        ])
    );
    assert_eq!(sent["media"], "image/png:https://example.org/a.png");
    until(&api, "messages.json?folder=sent", 1).await;
    for (body, said) in [
        (json!({}), json!({"contact": ["This field is required."], "text": ["Give a text or attachments."]})),
        (
            json!({"contact": "tel:+254722000999", "text": "x"}),
            json!({"contact": ["Not found: tel:+254722000999"]}),
        ),
        (
            json!({"contact": contact["uuid"], "text": "x", "attachments": ["a.png"]}),
            json!({"attachments": {"0":
            ["Not a file: write type:address, as in image/jpeg:https://…"]}}),
        ),
        (
            json!({"contact": contact["uuid"], "text": "x", "quick_replies": [{"type": "x"}]}),
            json!({"quick_replies": {"0": ["\"x\" is not a valid choice."]}}),
        ),
    ] {
        assert_eq!(api.post("messages.json", body.clone()).await, (400, said), "{body}");
    }
}

async fn messages_are_acted_on(api: Api) {
    for (text, id) in [("one", "1"), ("two", "2")] {
        api.world.hand_in("+254722000111", text, id).await;
    }
    let inbox = api.list("messages.json?folder=inbox").await;
    assert_eq!(inbox.iter().map(|one| &one["text"]).collect::<Vec<_>>(), ["two", "one"]);
    let act = async |body: Value| api.post("message_actions.json", body).await;
    let both = json!([inbox[0]["uuid"], inbox[1]["id"]]);
    let made = json!({"messages": both, "action": "label", "label_name": "Important"});
    assert_eq!(act(made).await, (204, json!(null)));
    let label = api.list("labels.json").await.remove(0);
    assert_eq!((&label["name"], &label["count"]), (&json!("Important"), &json!(2)));
    assert_eq!(api.list("messages.json?label=important").await.len(), 2);
    let labels = &api.list("messages.json").await[0]["labels"];
    assert_eq!(*labels, json!([{"uuid": label["uuid"], "name": "Important"}]));
    let off = json!({"messages": [inbox[0]["id"]], "action": "unlabel", "label": label["uuid"]});
    assert_eq!(act(off).await.0, 204);
    assert_eq!(api.each("messages.json?label=Important", "text").await, ["one"]);
    assert_eq!(act(json!({"messages": [inbox[0]["uuid"]], "action": "archive"})).await.0, 204);
    assert_eq!(api.each("messages.json?folder=archived", "text").await, ["two"]);
    assert_eq!(api.each("messages.json?folder=inbox", "text").await, ["one"]);
    assert_eq!(act(json!({"messages": [inbox[0]["uuid"]], "action": "restore"})).await.0, 204);
    assert_eq!(api.list("messages.json?folder=inbox").await.len(), 2);
    assert_eq!(act(json!({"messages": [inbox[1]["uuid"]], "action": "delete"})).await.0, 204);
    assert_eq!(api.each("messages.json", "text").await, ["two"]);
    assert_eq!(api.list("labels.json").await[0]["count"], 0);
    let strange = json!([inbox[0]["uuid"], 77, "x", inbox[1]["uuid"]]);
    let failures = json!({"failures": [77, "x", inbox[1]["uuid"]]});
    assert_eq!(act(json!({"messages": strange, "action": "archive"})).await, (200, failures));
    for (body, said) in [
        (
            json!({"messages": both, "action": "label"}),
            json!({"non_field_errors": ["The action \"label\" needs a label."]}),
        ),
        (
            json!({"messages": both, "action": "archive", "label": label["uuid"]}),
            json!({"non_field_errors": ["The action \"archive\" takes no label."]}),
        ),
        (
            json!({"action": "x"}),
            json!({"messages": ["This field is required."], "action": ["\"x\" is not a valid choice."]}),
        ),
    ] {
        assert_eq!(act(body.clone()).await, (400, said), "{body}");
    }
    let contact = api.list("contacts.json").await.remove(0);
    let all = json!({"contacts": [contact["uuid"]], "action": "archive_messages"});
    assert_eq!(api.post("contact_actions.json", all).await.0, 204);
    assert_eq!(api.list("messages.json?folder=inbox").await.len(), 0);
}

async fn broadcasts_say_it_to_all(api: Api) {
    let (_, group) = api.post("groups.json", json!({"name": "Mothers"})).await;
    for number in 1..=3 {
        let body = json!({"urns": [format!("tel:+25472200000{number}")], "groups": ["Mothers"]});
        api.post("contacts.json", body).await;
    }
    let body = json!({
        "text": {"eng": "Hello", "swa": "Habari"}, "base_language": "eng",
        "groups": [group["uuid"]], "urns": ["tel:+254722000009"],
    });
    let (status, made) = api.post("broadcasts.json", body).await;
    assert_eq!(status, 201, "{made}");
    let expected = json!({
        "id": made["id"], "uuid": made["uuid"], "status": "queued", "progress": {"total": -1, "started": 0},
        "urns": ["tel:+254722000009"], "contacts": [], "groups": [{"uuid": group["uuid"], "name": "Mothers"}],
        "text": {"eng": "Hello", "swa": "Habari"}, "attachments": {}, "quick_replies": {}, "base_language": "eng",
        "created_on": made["created_on"], "query": null, "exclude": null, "optin": null, "template": null, "template_variables": [],
        "soft_start": null, "paused": false, "left_out": 0,
    });
    assert_eq!(made, expected);
    let messages = until(&api, &format!("messages.json?broadcast={}", made["id"]), 4).await;
    assert!(messages.iter().all(|one| one["broadcast"] == made["id"] && one["text"] == "Hello"));
    loop {
        let found =
            api.list(&format!("broadcasts.json?uuid={}", made["uuid"].as_str().unwrap())).await.remove(0);
        if found["status"] == "completed" {
            assert_eq!(found["progress"]["started"], 4);
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for (body, said) in [
        (json!({"text": "x"}), json!({"non_field_errors": ["Give urns, contacts or groups."]})),
        (json!({"groups": ["Mothers"]}), json!({"non_field_errors": ["Give a text or attachments."]})),
        (
            json!({"text": {"eng": "x"}, "base_language": "fra", "groups": ["Mothers"]}),
            json!({"base_language": ["No text in this language is given."]}),
        ),
        (
            json!({"text": "x".repeat(4_097), "groups": ["Mothers"]}),
            json!({
            "text": ["Ensure this field has no more than 4096 characters."],
            "non_field_errors": ["Give a text or attachments."]}),
        ),
        (
            json!({"text": "x", "contacts": ["0198d6a0-4a7b-4c3e-9f2a-6d1f00c0ffee"]}),
            json!({"contacts": {"0":
            ["Not found: 0198d6a0-4a7b-4c3e-9f2a-6d1f00c0ffee"]}}),
        ),
    ] {
        assert_eq!(api.post("broadcasts.json", body.clone()).await, (400, said), "{body}");
    }
    assert_eq!(api.list("broadcasts.json").await.len(), 1);
}

async fn flows_are_started(api: Api) {
    api.world.add_two_questions().await;
    let flow = api.list("flows.json").await.remove(0);
    let (_, contact) = api.post("contacts.json", json!({"urns": ["tel:+254722000001"]})).await;
    let body = json!({"flow": flow["uuid"], "contacts": [contact["uuid"]], "params": {"a": 1}});
    let (status, made) = api.post("flow_starts.json", body.clone()).await;
    let expected = json!({
        "id": made["id"], "uuid": made["uuid"], "flow": {"uuid": flow["uuid"], "name": flow["name"]},
        "status": "queued", "progress": {"total": -1, "started": 0}, "groups": [],
        "contacts": [{"uuid": contact["uuid"], "name": ""}], "params": {"a": 1}, "extra": {"a": 1},
        "restart_participants": true, "exclude_active": false,
        "created_on": made["created_on"], "modified_on": made["modified_on"],
    });
    assert_eq!((status, &made), (201, &expected));
    let runs = until(&api, "runs.json", 1).await;
    assert_eq!(runs[0]["start"]["uuid"], made["uuid"]);
    let again = json!({"flow": flow["uuid"], "contacts": [contact["uuid"]], "restart_participants": 0});
    let (_, second) = api.post("flow_starts.json", again).await;
    assert_eq!(second["restart_participants"], false);
    let path = format!("flow_starts.json?uuid={}", second["uuid"].as_str().unwrap());
    while api.list(&path).await[0]["status"] != "completed" {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(api.list("runs.json").await.len(), 1, "who was in the flow before is left out");
    assert_eq!(api.each("flow_starts.json", "uuid").await, [second["uuid"].clone(), made["uuid"].clone()]);
    for (body, said) in [
        (json!({"contacts": [contact["uuid"]]}), json!({"flow": ["This field is required."]})),
        (json!({"flow": flow["uuid"]}), json!({"non_field_errors": ["Give urns, contacts or groups."]})),
        (
            json!({"flow": flow["uuid"], "urns": ["tel:+254722000001"], "params": [1]}),
            json!({"params": ["Must be a valid JSON object."]}),
        ),
    ] {
        assert_eq!(api.post("flow_starts.json", body.clone()).await, (400, said), "{body}");
    }
}

async fn runs_show_the_way(api: Api) {
    api.world.add_two_questions().await;
    api.world.hand_in("+254722000111", "hello", "1").await;
    let waiting = api.list("runs.json").await.remove(0);
    assert_eq!(
        (&waiting["responded"], &waiting["exit_type"], &waiting["exited_on"]),
        (&json!(true), &json!(null), &json!(null))
    );
    assert_eq!((&waiting["start"], &waiting["contact"]["urn"]), (&json!(null), &json!("tel:+254722000111")));
    let steps = waiting["path"].as_array().unwrap().len();
    assert!(steps >= 1, "{waiting}");
    api.world.hand_in("+254722000111", "Ada", "2").await;
    api.world.hand_in("+254722000111", "27", "3").await;
    let ended = api.list("runs.json").await.remove(0);
    assert_eq!(
        (&ended["uuid"], &ended["exit_type"], &ended["responded"]),
        (&waiting["uuid"], &json!("completed"), &json!(true))
    );
    assert!(ended["path"].as_array().unwrap().len() > steps, "{ended}");
    let value = ended["values"].as_object().unwrap().values().next().unwrap();
    assert!(value["node"].is_string() && value["time"].is_string(), "{value}");
    let flow = api.list("flows.json").await.remove(0);
    assert_eq!((&flow["runs"]["completed"], &flow["runs"]["waiting"]), (&json!(1), &json!(0)));
    let (uuid, flow) = (ended["uuid"].as_str().unwrap(), flow["uuid"].as_str().unwrap());
    for (query, count) in [
        (format!("uuid={uuid}"), 1),
        (format!("id={}", ended["id"]), 1),
        (format!("flow={flow}"), 1),
        ("flow=0198d6a0-4a7b-4c3e-9f2a-6d1f00c0ffee".to_owned(), 0),
        ("contact=tel:%2B254722000111".to_owned(), 1),
        ("responded=1".to_owned(), 1),
        ("before=2020-01-01".to_owned(), 0),
        ("reverse=1".to_owned(), 1),
    ] {
        assert_eq!(api.list(&format!("runs.json?{query}")).await.len(), count, "{query}");
    }
    assert_eq!(api.list("runs.json?paths=0").await[0]["path"], json!([]), "a list, not null");
}

async fn definitions_are_exported(api: Api) {
    api.world.add_two_questions().await;
    let flow = api.list("flows.json").await.remove(0);
    let none = api.get("definitions.json").await;
    assert_eq!((&none["version"], &none["flows"], &none["triggers"]), (&json!("13"), &json!([]), &json!([])));
    let uuid = flow["uuid"].as_str().unwrap();
    let export = api.get(&format!("definitions.json?flow={uuid}&dependencies=all")).await;
    assert_eq!(
        (&export["flows"][0]["uuid"], export["triggers"].as_array().unwrap().len()),
        (&flow["uuid"], 1)
    );
    let alone = api.get(&format!("definitions.json?flow={uuid}&dependencies=none")).await;
    assert_eq!((&alone["flows"][0]["name"], &alone["triggers"]), (&flow["name"], &json!([])));
}
