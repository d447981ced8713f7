//! `/chat/<channel uuid>`: a conversation in any browser.
//!
//! The browser makes a secret token and keeps it; the visitor's address is derived from it, so that who sees the
//! address cannot speak for the visitor, and nothing has to be stored for a visitor who only looks.
//!
//! | request | what |
//! | --- | --- |
//! | `GET /chat/<uuid>` | the page |
//! | `POST …/open` | the page was opened: a conversation may begin |
//! | `POST …/messages` | the visitor writes: `{"id": …, "text": …}`; the same `id` and text again is the same message |
//! | `GET …/messages?after=<seq>` | what was said, the latest part |
//! | `GET …/events` | the same as a stream, which goes on after `Last-Event-ID` |

mod api;
mod history;
mod page;
mod stream;
mod visitor;
mod words;

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use axum::routing::{get, post};
use node::Node;
use tower_http::compression::CompressionLayer;

pub(crate) use page::fingerprint;

use self::stream::Streams;

/// What the chat's handlers share.
#[derive(Clone)]
struct Chat {
    node: Node,
    streams: Arc<Streams>,
}

impl FromRef<Chat> for Node {
    fn from_ref(chat: &Chat) -> Self {
        chat.node.clone()
    }
}

pub(crate) fn routes(node: &Node) -> Router<Node> {
    let chat = Chat { node: node.clone(), streams: Arc::new(Streams::default()) };
    let texts = Router::new()
        .route("/chat/{uuid}", get(api::page))
        .route("/chat/{uuid}/", get(api::page))
        .route("/chat/{uuid}/messages", get(api::history).post(api::write))
        .layer(CompressionLayer::new());
    Router::new()
        .merge(texts)
        .route("/chat/{uuid}/open", post(api::open))
        .route("/chat/{uuid}/events", get(api::events))
        .with_state(chat)
}
