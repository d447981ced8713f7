//! The web chat as a browser uses it.

use domain::MessageId;
use reqwest::{RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use crate::world::World;

const TOKEN: &str = "0123456789abcdef0123456789abcdef0123456789abcdef";

impl World {
    fn chat_url(&self, path: &str) -> String {
        format!("{}/chat/{}{path}", self.base, self.chat)
    }

    fn as_visitor(&self, request: RequestBuilder, token: &str) -> RequestBuilder {
        request.header("authorization", format!("Bearer {token}"))
    }

    async fn write(&self, token: &str, id: &str, text: &str) -> Response {
        let request = self.client.post(self.chat_url("/messages")).json(&json!({"id": id, "text": text}));
        self.as_visitor(request, token).send().await.unwrap()
    }

    async fn history(&self, token: &str, after: i64) -> Vec<Value> {
        let request = self.client.get(self.chat_url(&format!("/messages?after={after}")));
        let body: Value = self.as_visitor(request, token).send().await.unwrap().json().await.unwrap();
        body["messages"].as_array().unwrap().clone()
    }

    async fn listen(&self, token: &str, after: i64) -> Events {
        self.listen_at(&self.base, token, after).await
    }

    async fn listen_at(&self, base: &str, token: &str, after: i64) -> Events {
        let url = format!("{base}/chat/{}/events", self.chat);
        let request = self.client.get(url).header("last-event-id", after.to_string());
        let response = self.as_visitor(request, token).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Events { response, text: String::new() }
    }
}

struct Events {
    response: Response,
    text: String,
}

impl Events {
    async fn next(&mut self) -> Value {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let data = block.lines().find_map(|line| line.strip_prefix("data: ")).map(str::to_owned);
                self.text = rest.to_owned();
                match data {
                    Some(data) => return serde_json::from_str(&data).unwrap(),
                    None => continue,
                }
            }
            let chunk = self.response.chunk().await.unwrap().expect("the stream goes on");
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_small_safe_and_cached() {
    let world = World::new().await;
    let page = world.client.get(world.chat_url("")).send().await.unwrap();
    assert_eq!(page.status(), StatusCode::OK);
    let headers = page.headers().clone();
    assert!(
        headers["content-security-policy"]
            .to_str()
            .unwrap()
            .starts_with("default-src 'none'; script-src 'sha256-")
    );
    assert_eq!(headers["x-content-type-options"], "nosniff");
    assert_eq!(headers["referrer-policy"], "no-referrer");
    let html = page.text().await.unwrap();
    assert!(html.len() < 16 * 1024, "{} bytes", html.len());
    assert!(html.contains("Safe &lt;steps&gt;") && !html.contains("<steps>"));
    assert!(html.contains("lang=\"sw\""), "the channel's language");
    let tag = headers["etag"].clone();
    let again = world.client.get(world.chat_url("/")).header("if-none-match", tag).send().await.unwrap();
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    for unknown in
        [format!("/chat/{}", world.line), format!("/chat/{}", uuid::Uuid::from_u128(1)), "/chat/x".into()]
    {
        let answer = world.client.get(format!("{}{unknown}", world.base)).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_FOUND);
        assert_eq!(answer.text().await.unwrap(), "There is no chat at this address.");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_with_a_lost_connection() {
    let world = World::asking().await;
    let mut events = world.listen(TOKEN, 0).await;
    let first: Value = world.write(TOKEN, "m1", "hello").await.json().await.unwrap();
    let again: Value = world.write(TOKEN, "m1", "hello").await.json().await.unwrap();
    assert_eq!(first, again, "the same message");

    let (mine, reply) = (events.next().await, events.next().await);
    assert_eq!(
        (&mine["from"], &mine["client"], &mine["text"]),
        (&json!("in"), &json!("m1"), &json!("hello"))
    );
    assert_eq!((&reply["from"], &reply["text"]), (&json!("out"), &json!("What is your name? (hello)")));
    drop(events);

    // What is said while nobody listens comes with the next stream, and only that.
    let _ = world.write(TOKEN, "m2", "Amina").await;
    let seen = reply["seq"].as_i64().unwrap();
    let mut events = world.listen(TOKEN, seen).await;
    assert_eq!(events.next().await["client"], "m2");
    assert_eq!(events.next().await["from"], "out");

    let history = world.history(TOKEN, 0).await;
    let texts: Vec<_> = history.iter().map(|message| message["text"].as_str().unwrap()).collect();
    assert_eq!((texts.len(), texts[0], texts[2]), (4, "hello", "Amina"));
    assert_eq!(world.history(TOKEN, seen).await.len(), 2);
    assert!(world.history(&"z".repeat(48), 0).await.is_empty(), "another visitor sees nothing of it");
}

/// The keep-alive of a stream reads too, but only after twenty seconds: what is heard earlier was rung for.
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_one_node_hears_what_another_says() {
    let world = World::shared().await;
    world.add_two_questions().await;
    let (other, base) = world.beside().await;
    let mut events = world.listen_at(&base, TOKEN, 0).await;
    let begun = tokio::time::Instant::now();
    // Nobody knows yet who the visitor is.
    let _ = world.write(TOKEN, "m1", "hello").await;
    assert_eq!(events.next().await["client"], "m1");
    assert_eq!(events.next().await["text"], "What is your name? (hello)");
    let _ = world.write(TOKEN, "m2", "Amina").await;
    assert_eq!(events.next().await["client"], "m2");
    assert_eq!(events.next().await["from"], "out");
    assert!(begun.elapsed() < node::limits::CHAT_KEEP_ALIVE, "it was not rung for");
    drop(events);
    other.announce_stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn opening_the_page_may_begin_the_conversation() {
    let world = World::new().await;
    let flow = world.add_two_questions().await;
    world.add_trigger("N", flow).await;
    let mut events = world.listen(TOKEN, 0).await;
    let opened = world.as_visitor(world.client.post(world.chat_url("/open")), TOKEN).send().await.unwrap();
    assert_eq!(opened.status(), StatusCode::OK);
    assert!(events.next().await["text"].as_str().unwrap().starts_with("What is your name?"));
    let urn = world.store.messages(world.workspace.id, MessageId(0), 10).await.unwrap();
    assert_eq!(urn.len(), 1, "nothing is kept of the opening itself");
}

#[tokio::test(flavor = "multi_thread")]
async fn quick_replies_are_shown() {
    let world = World::new().await;
    let flow = world
        .add_flow(&json!({
            "uuid": "7e3f8f0a-9d3c-4f6f-8a39-6f1f2d6a0001", "name": "Ask", "spec_version": "14.4.0", "language": "eng",
            "type": "messaging", "revision": 1, "expire_after_minutes": 60, "localization": {},
            "nodes": [{"uuid": "7e3f8f0a-9d3c-4f6f-8a39-6f1f2d6a0002", "actions": [{
                "type": "send_msg", "uuid": "7e3f8f0a-9d3c-4f6f-8a39-6f1f2d6a0003", "text": "Well?",
                "attachments": ["image/png:https://media.example/a.png"], "quick_replies": ["Yes", "No"]}],
                "exits": [{"uuid": "7e3f8f0a-9d3c-4f6f-8a39-6f1f2d6a0004", "destination_uuid": null}]}],
        }))
        .await;
    world.add_trigger("C", flow).await;
    let _ = world.write(TOKEN, "m1", "hello").await;
    let history = world.history(TOKEN, 0).await;
    assert_eq!(history[1]["quick_replies"], json!(["Yes", "No"]), "{history:?}");
    assert_eq!(history[1]["attachments"], json!(["image/png:https://media.example/a.png"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_not_taken() {
    let world = World::new().await;
    let long = "x".repeat(4_001);
    let cases = [
        (TOKEN, json!({"id": "a"}), 400),
        (TOKEN, json!({"id": "", "text": "x"}), 400),
        (TOKEN, json!({"id": "../x", "text": "x"}), 400),
        (TOKEN, json!({"id": "a", "text": "  "}), 400),
        (TOKEN, json!({"id": "a", "text": long}), 413),
        (TOKEN, json!({"id": "a", "text": "y".repeat(40_000)}), 413),
        ("short", json!({"id": "a", "text": "x"}), 401),
    ];
    for (token, body, status) in cases {
        let request = world.client.post(world.chat_url("/messages")).json(&body);
        let answer = world.as_visitor(request, token).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status);
        assert!(answer.json::<Value>().await.unwrap()["error"].is_string());
    }
    let bare = world.client.get(world.chat_url("/events")).send().await.unwrap();
    assert_eq!(bare.status(), StatusCode::UNAUTHORIZED);
    assert!(world.store.messages(world.workspace.id, MessageId(0), 10).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_who_writes_too_fast_is_asked_to_wait() {
    let world = World::new().await;
    let mut last = None;
    for number in 0..=node::limits::CHAT_VISITOR.burst {
        last = Some(world.write(TOKEN, &format!("m{number}"), "x").await);
    }
    let last = last.unwrap();
    assert_eq!(last.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(last.headers()["retry-after"].to_str().unwrap().parse::<u64>().unwrap() >= 1);
    let other = world.write(&"b".repeat(48), "m1", "x").await;
    assert_eq!(other.status(), StatusCode::OK, "others are not held up");
}
