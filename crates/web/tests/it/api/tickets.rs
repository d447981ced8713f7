//! Tickets, files and subscribers over the API.

use domain::{MessageId, TicketId, TicketUuid};
use operations::Role;
use reqwest::StatusCode;
use serde_json::{Value, json};
use store::{Change, TicketRow, TicketStatus, Unit};
use uuid::Uuid;

use super::{Api, on_both};

on_both!(
    tickets_are_dealt_with,
    files_are_kept_and_said,
    programs_subscribe,
    what_nothing_can_be_in_is_empty
);

pub(super) async fn open_ticket(api: &Api, number: u128) -> Uuid {
    let store = &api.world.store;
    let contact = store.messages(api.world.workspace.id, MessageId(0), 1).await.unwrap()[0].contact;
    let now = api.world.node.context().now();
    let uuid = Uuid::from_u128(number);
    let row = TicketRow {
        id: TicketId(store.ids().next(now)),
        workspace: api.world.workspace.id,
        uuid: TicketUuid(uuid),
        contact,
        status: TicketStatus::Open,
        topic: None,
        assignee: None,
        note: None,
        flow: None,
        run: None,
        opened_on: now,
        modified_on: now,
        closed_on: None,
        replied_on: None,
        replied_by: None,
        opened_by: None,
    };
    store.write_one(Unit::new(vec![Change::NewTicket(Box::new(row))])).await.unwrap();
    uuid
}

async fn tickets_are_dealt_with(api: Api) {
    api.world.hand_in("+254722000111", "help", "1").await;
    let contact = api.list("contacts.json").await.remove(0);
    let uuid = open_ticket(&api, 91).await;
    let (_, topic) = api.post("topics.json", json!({"name": "Bills"})).await;
    let agent = api.token_of("agent@example.org", Role::Agent).await;
    let ticket = api.list("tickets.json").await.remove(0);
    let general = api.list("topics.json").await.pop().unwrap();
    let expected = json!({
        "uuid": uuid, "contact": {"uuid": contact["uuid"], "name": ""}, "status": "open",
        "topic": {"uuid": general["uuid"], "name": "General"}, "body": null, "assignee": null,
        "opened_on": ticket["opened_on"], "opened_by": null, "opened_in": null,
        "modified_on": ticket["modified_on"], "closed_on": null, "replied_on": null, "replied_by": null,
        "first_reply_seconds": null, "resolution_seconds": null,
    });
    assert_eq!(ticket, expected);
    let act = async |more: Value| {
        let mut body = json!({"tickets": [uuid]});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let (status, body) = api.call(&agent, reqwest::Method::POST, "ticket_actions.json", Some(body)).await;
        (status.as_u16(), body)
    };
    assert_eq!(act(json!({"action": "assign", "assignee": "AGENT@example.org"})).await, (204, json!(null)));
    assert_eq!(act(json!({"action": "change_topic", "topic": topic["uuid"]})).await.0, 204);
    assert_eq!(act(json!({"action": "add_note", "note": "calls back"})).await.0, 204);
    assert_eq!(act(json!({"action": "close"})).await.0, 204);
    let closed = api.list(&format!("tickets.json?uuid={uuid}")).await.remove(0);
    assert_eq!((&closed["status"], &closed["topic"]["name"]), (&json!("closed"), &json!("Bills")));
    assert_eq!(closed["assignee"], json!({"email": "agent@example.org", "name": "Ada Okello"}));
    assert!(closed["closed_on"].is_string());
    let counts = api.list("topics.json").await[0]["counts"].clone();
    assert_eq!(counts, json!({"open": 0, "closed": 1}));
    assert_eq!(act(json!({"action": "reopen"})).await.0, 204);
    assert_eq!(act(json!({"action": "assign", "assignee": null})).await.0, 204);
    let again = api.list("tickets.json?contact=tel:%2B254722000111").await.remove(0);
    assert_eq!((&again["status"], &again["assignee"]), (&json!("open"), &json!(null)));
    for (more, said) in [
        (json!({"action": "assign"}), json!({"assignee": ["This field is required."]})),
        (json!({"action": "assign", "assignee": "x@y.z"}), json!({"assignee": ["Not found: x@y.z"]})),
        (json!({"action": "add_note"}), json!({"note": ["This field is required."]})),
        (json!({"action": "change_topic", "topic": "Cars"}), json!({"topic": ["Not found: cars"]})),
        (json!({"action": "like"}), json!({"action": ["\"like\" is not a valid choice."]})),
    ] {
        assert_eq!(act(more.clone()).await, (400, said), "{more}");
    }
    let nobody = "0198d6a0-4a7b-4c3e-9f2a-6d1f00c0ffee";
    let failures = json!({"failures": ["x", nobody]});
    assert_eq!(act(json!({"tickets": ["x", nobody, uuid], "action": "close"})).await, (200, failures));
    let other = api.in_another_workspace().await;
    assert_eq!(other.list(&format!("tickets.json?uuid={uuid}")).await.len(), 0);
    let body = json!({"tickets": [uuid], "action": "reopen"});
    assert_eq!(other.post("ticket_actions.json", body).await, (200, json!({"failures": [uuid]})));
}

async fn files_are_kept_and_said(api: Api) {
    let send = async |token: &str, kind: &str, bytes: &'static [u8]| {
        let body = [
            b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\nContent-Type: "
                .as_slice(),
            kind.as_bytes(),
            b"\r\n\r\n",
            bytes,
            b"\r\n--x--\r\n",
        ];
        let request = api.world.client.post(format!("{}/api/v2/media.json", api.world.base));
        let request = request.header("content-type", "multipart/form-data; boundary=x");
        let answer = request.header("authorization", format!("Token {token}")).body(body.concat());
        let answer = answer.send().await.unwrap();
        (answer.status(), answer.json::<Value>().await.unwrap())
    };
    let (status, kept) = send(&api.token, "image/png", b"not quite a picture").await;
    assert_eq!(status, StatusCode::CREATED, "{kept}");
    let expected = json!({
        "uuid": kept["uuid"], "content_type": "image/png", "url": kept["url"], "filename": "a.png", "size": 19,
    });
    assert_eq!(kept, expected);
    let read = api.world.client.get(kept["url"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(read.bytes().await.unwrap(), &b"not quite a picture"[..]);
    api.world.hand_in("+254722000111", "hello", "1").await;
    let body = json!({"contact": "tel:+254722000111", "attachments": [kept["uuid"]]});
    let (status, sent) = api.post("messages.json", body.clone()).await;
    assert_eq!(status, 201, "{sent}");
    assert_eq!(sent["attachments"], json!([{"content_type": "image/png", "url": kept["url"]}]));
    let other = api.in_another_workspace().await;
    other.post("contacts.json", json!({"urns": ["tel:+254722000111"]})).await;
    assert_eq!(other.post("messages.json", body).await.0, 400, "the file of another workspace");
    assert_eq!(send(&api.token, "text/html", b"<b>").await.0, StatusCode::BAD_REQUEST);
    assert_eq!(send(&api.token, "image/png", b"").await.0, StatusCode::BAD_REQUEST);
    let viewer = api.token_of("viewer@example.org", Role::Viewer).await;
    assert_eq!(send(&viewer, "image/png", b"x").await.0, StatusCode::FORBIDDEN);
    assert_eq!(api.post("media.json", json!({})).await.0, 415);
}

async fn programs_subscribe(api: Api) {
    let body = json!({"resthook": "new-mother", "target_url": "https://example.org/hook"});
    let (status, mut made) = api.post("resthook_subscribers.json", body.clone()).await;
    let secret = made["secret"].take();
    assert!(secret.as_str().is_some_and(|secret| secret.starts_with("whsec_")), "{secret}");
    let expected = json!({
        "id": made["id"], "resthook": "new-mother", "target_url": "https://example.org/hook",
        "created_on": made["created_on"], "secret": null,
    });
    assert_eq!((status, &made), (201, &expected));
    let (status, mut again) = api.post("resthook_subscribers.json", body).await;
    assert_eq!((status, again["secret"].take(), again), (201, secret, made.clone()));
    assert_eq!(api.each("resthooks.json", "resthook").await, ["new-mother"]);
    assert_eq!(json!(api.list("resthook_subscribers.json?resthook=new-mother").await), json!([made]));
    assert_eq!(api.list("resthook_subscribers.json?resthook=other").await.len(), 0);
    let path = format!("resthook_subscribers.json?id={}", made["id"]);
    assert_eq!(api.delete(&path).await.0, 204);
    assert_eq!(api.delete(&path).await.0, 404);
    let bad = json!({"resthook": "a", "target_url": "ftp://x"});
    let said = json!({"target_url": ["Enter a valid URL."]});
    assert_eq!(api.post("resthook_subscribers.json", bad).await, (400, said));
}

async fn what_nothing_can_be_in_is_empty(api: Api) {
    for path in ["classifiers.json", "optins.json", "templates.json", "resthook_events.json", "tickets.json"]
    {
        assert_eq!(api.get(path).await, json!({"next": null, "previous": null, "results": []}), "{path}");
    }
}
