//! Files that people sent: fetched from their carrier, kept once, and what becomes of them when that does not work. And
//! what else a carrier tells of people: new numbers, names within our business.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use channels::{Inbound, InboundEvent, InboundMessage};
use domain::Urn;
use node::http::{Answer, Callee, Exchange, HttpError};
use node::{Config, Layer};
use operations::{SheddingMode, set_shedding};
use serde_json::json;
use store::{ChannelRow, ConversationKey};
use tokio::time::sleep;

use crate::world::{Attempt, Carried, World};

/// What Meta answers, by the path asked for: each answer once, the last one for ever.
type Script = Arc<Mutex<BTreeMap<&'static str, Vec<(u16, Vec<u8>)>>>>;

struct Meta {
    world: World,
    line: ChannelRow,
    script: Script,
    _folder: tempfile::TempDir,
}

fn found(path: &str, sha256: &str) -> Vec<u8> {
    json!({"url": format!("http://meta.example{path}"), "mime_type": "image/jpeg", "sha256": sha256, "file_size": 4,
        "id": "77", "messaging_product": "whatsapp"})
    .to_string()
    .into_bytes()
}

impl Meta {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let layer = Layer { media: Some(folder.path().join("media")), ..Layer::default() };
        let script = Script::default();
        let plays = script.clone();
        let service = move |exchange: &Exchange, _: usize| -> Result<Answer, HttpError> {
            assert_eq!(exchange.callee, Callee::Service);
            let token = ("Authorization".to_owned(), "Bearer T".to_owned());
            assert!(exchange.headers.contains(&token) && exchange.method == "GET");
            let path =
                exchange.url.strip_prefix("http://meta.example").expect("nobody else is asked").to_owned();
            let mut script = plays.lock().unwrap();
            let answers = script.get_mut(path.as_str()).unwrap_or_else(|| panic!("nobody knows {path}"));
            let (status, body) = if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() };
            let too_large = body.len() > exchange.answer_bytes;
            Ok(Answer { status, body, too_large, ..Answer::default() })
        };
        let world = World::configured(95, Config::new(layer).unwrap(), Arc::new(service)).await;
        let config = json!({"auth_token": "T", "app_secret": "S", "verify_token": "V",
            "base_url": "http://meta.example"});
        let line = world.add_line_of("WAC", "line", None, config).await;
        Self { world, line, script, _folder: folder }
    }

    fn answers(&self, path: &'static str, answers: &[(u16, &[u8])]) {
        let answers = answers.iter().map(|(status, body)| (*status, body.to_vec())).collect();
        self.script.lock().unwrap().insert(path, answers);
    }

    /// Somebody sends a file.
    async fn sends(&self, id: &str) {
        let message = InboundMessage {
            urn: Urn::new("whatsapp", "254722000111"),
            other_urns: Vec::new(),
            text: format!("see {id}"),
            attachments: vec!["geo:1,2".to_owned(), format!("image/jpeg:http://meta.example/v25.0/{id}")],
            sent_on: None,
            external_id: None,
            name: None,
            payload: None,
        };
        self.world.hand_in_on(self.line.uuid, Inbound::Message(message)).await.unwrap();
    }

    /// Where the file of a message is now.
    async fn file(&self, id: &str) -> String {
        let messages = self.world.messages().await;
        let message = messages.iter().find(|message| message.text == format!("see {id}")).unwrap();
        assert_eq!(message.attachments[0], "geo:1,2");
        message.attachments[1].to_string()
    }

    async fn kept(&self, id: &str) -> Option<Vec<u8>> {
        let uuid = self.file(id).await.strip_prefix("image/jpeg:/media/")?.parse().unwrap();
        let (row, bytes) = self.world.node.media(uuid).await.unwrap().unwrap();
        assert_eq!((row.bytes, row.mime.as_str()), (Some(bytes.len() as i64), "image/jpeg"));
        Some(bytes)
    }

    fn asked(&self) -> usize {
        self.world.asked().len()
    }
}

fn hash(bytes: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test(start_paused = true)]
async fn a_file_is_fetched_with_the_token_and_kept_once() {
    let meta = Meta::new().await;
    let cafe = hash(b"cafe");
    for path in ["/v25.0/77", "/v25.0/78"] {
        meta.answers(path, &[(200, &found("/file", &cafe))]);
    }
    meta.answers("/file", &[(200, b"cafe")]);
    meta.sends("77").await;
    meta.sends("78").await;
    assert!(meta.file("77").await.ends_with("/v25.0/77"), "the carrier is answered first");
    sleep(Duration::from_secs(10)).await;
    assert_eq!(
        (meta.kept("77").await.unwrap(), meta.kept("78").await.unwrap()),
        (b"cafe".to_vec(), b"cafe".to_vec())
    );
    assert_ne!(meta.file("77").await, meta.file("78").await, "each has an address of its own");
    let mut files = Vec::new();
    for folder in std::fs::read_dir(meta._folder.path().join("media")).unwrap() {
        files
            .extend(std::fs::read_dir(folder.unwrap().path()).unwrap().map(|file| file.unwrap().file_name()));
    }
    assert_eq!(files, [std::ffi::OsString::from(cafe)], "one file of what is the same, and nothing half");
    assert_eq!(meta.asked(), 4);
    sleep(Duration::from_secs(3_600)).await;
    assert_eq!(meta.asked(), 4, "once");
    let metrics = meta.world.node.metrics_text();
    assert!(metrics.contains("seedling_media_total{outcome=\"kept\"} 2"), "{metrics}");
}

#[tokio::test(start_paused = true)]
async fn fetching_waits_under_pressure_and_is_made_good_for() {
    let meta = Meta::new().await;
    meta.answers("/v25.0/77", &[(200, &found("/file", &hash(b"cafe")))]);
    meta.answers("/file", &[(200, b"cafe")]);
    set_shedding(meta.world.node.context(), SheddingMode::Level(2)).await.unwrap();
    sleep(Duration::from_secs(5)).await;
    meta.sends("77").await;
    sleep(Duration::from_secs(600)).await;
    assert_eq!((meta.asked(), meta.kept("77").await), (0, None));
    set_shedding(meta.world.node.context(), SheddingMode::Auto).await.unwrap();
    sleep(Duration::from_secs(10)).await;
    assert_eq!(meta.kept("77").await.unwrap(), b"cafe");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_fetched_is_tried_again_or_given_up() {
    let meta = Meta::new().await;
    let right = found("/file", &hash(b"cafe"));
    let large = json!({"url": "http://meta.example/file", "file_size": 1_u64 << 40}).to_string().into_bytes();
    let foreign = json!({"url": "https://evil.example/file"}).to_string().into_bytes();
    // Away, then the token is refused, then the file comes damaged, then it is there.
    meta.answers("/v25.0/77", &[(503, b""), (401, b""), (200, &right)]);
    meta.answers("/file", &[(200, b"tea"), (200, b"cafe")]);
    meta.answers("/v25.0/78", &[(404, b"")]);
    meta.answers("/v25.0/79", &[(200, &large)]);
    meta.answers("/v25.0/80", &[(200, &foreign)]);
    meta.answers("/v25.0/81", &[(500, b"")]);
    for id in ["77", "78", "79", "80", "81"] {
        meta.sends(id).await;
    }
    sleep(Duration::from_secs(25)).await;
    assert_eq!(meta.kept("77").await, None);
    // 30 s, 2 minutes, 8 minutes.
    sleep(Duration::from_secs(700)).await;
    assert_eq!(meta.kept("77").await.unwrap(), b"cafe");
    for id in ["78", "79", "80", "81"] {
        assert_eq!(meta.file(id).await, format!("image/jpeg:http://meta.example/v25.0/{id}"), "as it came");
    }
    let asked = |id: &str| meta.world.asked().iter().filter(|e| e.url.ends_with(id)).count();
    assert_eq!((asked("/78"), asked("/79")), (1, 1), "for good");
    assert_eq!((asked("/80"), asked("/81")), (4, 4), "further apart each time");
    let metrics = meta.world.node.metrics_text();
    assert!(metrics.contains("seedling_media_total{outcome=\"lost\"} 2"), "{metrics}");
}

#[tokio::test(start_paused = true)]
async fn who_has_a_new_number_stays_the_same_contact() {
    let meta = Meta::new().await;
    meta.answers("/v25.0/77", &[(404, b"")]);
    meta.sends("77").await;
    let whatsapp = |path: &str| Urn::new("whatsapp", path);
    let contact = |urn: Urn| {
        let key = ConversationKey::Urn(meta.world.workspace.id, urn);
        let store = meta.world.store.clone();
        async move { store.load_conversations(vec![key]).await.unwrap().conversations.remove(0) }
    };
    let before = contact(whatsapp("254722000111")).await.unwrap();
    let moved = |from: &str, to: &[&str]| {
        let to = to.iter().map(|path| whatsapp(path)).collect();
        Inbound::Event(InboundEvent::Moved { urn: whatsapp(from), to })
    };
    let line = meta.line.uuid;
    meta.world.hand_in_on(line, moved("254722000111", &["254722000222", "KE.77"])).await.unwrap();
    let after = contact(whatsapp("254722000222")).await.unwrap();
    assert_eq!(after.contact.id, before.contact.id);
    let paths: Vec<&str> = after.urns.iter().map(|urn| urn.path.as_str()).collect();
    assert_eq!(paths, ["254722000222", "KE.77"]);
    assert_eq!(after.urns[0].channel, before.urns[0].channel, "the line they are reached on");
    assert!(contact(whatsapp("254722000111")).await.is_none());
    // The same again, somebody unknown, and a number that is somebody else's.
    for (from, to) in [("254722000111", "254722000222"), ("254722000999", "254722000998")] {
        meta.world.hand_in_on(line, moved(from, &[to])).await.unwrap();
    }
    meta.sends("77").await;
    meta.world.hand_in_on(line, moved("254722000111", &["254722000222"])).await.unwrap();
    let other = contact(whatsapp("254722000111")).await.unwrap();
    assert_ne!(other.contact.id, after.contact.id, "whose the number is only a person can tell");
}

#[tokio::test(start_paused = true)]
async fn what_meta_tells_in_its_answers_is_kept_once_and_a_person_is_left_alone_for_longer_each_time() {
    let tries = Arc::new(Mutex::new(Vec::new()));
    let noted = tries.clone();
    let carrier = move |attempt: &Attempt| {
        let body = if attempt.to.ends_with('9') {
            noted.lock().unwrap().push(attempt.at);
            json!({"error": {"code": 131_056, "message": "too fast for this person"}})
        } else {
            json!({"messages": [{"id": attempt.key}], "contacts": [{"input": attempt.to, "user_id": "KE.77"}]})
        };
        let status = if body["error"].is_null() { 200 } else { 400 };
        Carried::Answer(Answer { status, body: body.to_string().into_bytes(), ..Answer::default() })
    };
    let world = World::new(96, carrier).await;
    let config = json!({"auth_token": "T", "app_secret": "S", "verify_token": "V",
        "base_url": "http://carrier.example"});
    let line = world.add_line_of("WAC", "line", None, config).await;
    let write = async |path: &str, text: &str| {
        let message = InboundMessage {
            urn: Urn::new("whatsapp", path),
            other_urns: Vec::new(),
            text: text.to_owned(),
            attachments: Vec::new(),
            sent_on: None,
            external_id: None,
            name: None,
            payload: None,
        };
        world.hand_in_on(line.uuid, Inbound::Message(message)).await.unwrap();
        sleep(Duration::from_secs(1)).await;
    };
    for text in ["hi", "there", "again"] {
        write("254722000001", text).await;
    }
    let key = ConversationKey::Urn(world.workspace.id, Urn::new("whatsapp", "KE.77"));
    let known = world.store.load_conversations(vec![key]).await.unwrap().conversations.remove(0).unwrap();
    let paths: Vec<&str> = known.urns.iter().map(|urn| urn.path.as_str()).collect();
    assert_eq!(paths, ["254722000001", "KE.77"], "behind the number that they write from");
    // Somebody else whose answer names the same: it stays whose it is.
    write("254722000002", "hi").await;
    write("254722000009", "hi").await;
    sleep(Duration::from_secs(900)).await;
    let tries = tries.lock().unwrap().clone();
    let pauses: Vec<f64> = tries.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(pauses[0] >= 6.0 && pauses[0] < 14.0, "{pauses:?}");
    assert!(pauses.windows(2).take(3).all(|pair| pair[1] > pair[0] * 1.9), "{pauses:?}");
    assert!((4..=7).contains(&tries.len()), "{tries:?}");
}
