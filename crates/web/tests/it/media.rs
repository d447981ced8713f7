//! Files that people sent, over HTTP from end to end: a webhook of WhatsApp, Meta's media, our own address.

use std::time::Duration;

use axum::Router;
use axum::http::HeaderMap;
use axum::routing::get;
use channels::wac;
use domain::MessageId;
use node::Layer;
use reqwest::StatusCode;
use serde_json::json;

use crate::world::World;

const SECRET: &str = "secret of the app";
const PICTURE: &[u8] = b"\xff\xd8 not quite a picture";

/// Meta's media: where it lies, and what it is. Answers its address.
async fn meta() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let has_token =
        |headers: &HeaderMap| headers.get("authorization").is_some_and(|value| value == "Bearer t");
    let file = format!("{base}/file");
    let lookup = move |headers: HeaderMap| async move {
        assert!(has_token(&headers));
        json!({"url": file, "file_size": PICTURE.len()}).to_string()
    };
    let fetch = move |headers: HeaderMap| async move {
        assert!(has_token(&headers));
        PICTURE
    };
    let routes = Router::new().route("/v25.0/77", get(lookup.clone())).route("/v25.0/78", get(lookup));
    let routes = routes.route("/file", get(fetch));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    base
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_a_webhook_is_read_at_our_own_address() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::with(Layer { media: Some(folder.path().join("media")), ..Layer::default() }).await;
    let config =
        json!({"auth_token": "t", "app_secret": SECRET, "verify_token": "word", "base_url": meta().await});
    world.add_whatsapp(config).await;
    let sent = |id: &str, kind: &str, mime: &str| {
        json!({"from": "254722000111", "id": format!("wamid.{id}"), "timestamp": "1700000000", "type": kind,
            kind: {"id": id, "mime_type": mime}})
    };
    let messages = [sent("77", "image", "image/jpeg"), sent("78", "document", "text/html")];
    let value = json!({"metadata": {"phone_number_id": "2020"}, "messages": messages});
    let change = json!({"field": "messages", "value": value});
    let body = json!({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]})
        .to_string();
    let request = world.client.post(format!("{}/c/wac/receive", world.base));
    let signed = request.header("X-Hub-Signature-256", wac::signature(SECRET, body.as_bytes()));
    assert_eq!(signed.body(body).send().await.unwrap().status(), StatusCode::OK);
    let mut addresses = Vec::new();
    while addresses.len() < 2 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let messages = world.store.messages(world.workspace.id, MessageId(0), 9).await.unwrap();
        let attached = messages.iter().flat_map(|message| &message.attachments);
        addresses = attached.filter_map(|one| Some(one.split_once(":/media/")?.1.to_owned())).collect();
    }
    let read =
        async |uuid: &str| world.client.get(format!("{}/media/{uuid}", world.base)).send().await.unwrap();
    for (uuid, shown) in addresses.iter().zip([Some("image/jpeg"), None]) {
        let answer = read(uuid).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("content-type"), shown.unwrap_or("application/octet-stream"));
        assert_eq!(header("content-disposition"), if shown.is_some() { "inline" } else { "attachment" });
        assert_eq!(header("content-security-policy"), "default-src 'none'; sandbox");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(&answer.bytes().await.unwrap()[..], PICTURE);
    }
    for nobody in ["0198d6a0-4a7b-4c3e-9f2a-6d1f00c0ffee", "..%2f..%2fetc%2fpasswd", "x"] {
        assert_eq!(read(nobody).await.status(), StatusCode::NOT_FOUND, "{nobody}");
    }
    world.node.stop().await;
}
