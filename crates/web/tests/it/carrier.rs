//! A carrier: takes messages over HTTP, answers as it is told, and keeps what it got.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// A test that waits so long for a message has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// A request that the carrier got.
#[derive(Debug)]
pub struct Delivery {
    pub body: Value,
    pub key: String,
    pub repeated: bool,
}

impl Delivery {
    pub fn text(&self) -> &str {
        self.body["text"].as_str().unwrap()
    }
}

#[derive(Clone)]
struct Desk {
    answers: Arc<Mutex<VecDeque<Option<StatusCode>>>>,
    got: mpsc::UnboundedSender<Delivery>,
}

pub struct Carrier {
    pub url: String,
    answers: Arc<Mutex<VecDeque<Option<StatusCode>>>>,
    got: mpsc::UnboundedReceiver<Delivery>,
}

impl Carrier {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/send", listener.local_addr().unwrap());
        let (sender, got) = mpsc::unbounded_channel();
        let answers = Arc::new(Mutex::new(VecDeque::new()));
        let desk = Desk { answers: answers.clone(), got: sender };
        let router = Router::new().fallback(take).with_state(desk);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, answers, got }
    }

    /// The next answers, before it goes back to 200; `None` never answers.
    pub fn will_answer(&self, answers: impl IntoIterator<Item = Option<u16>>) {
        let statuses =
            answers.into_iter().map(|answer| answer.map(|status| StatusCode::from_u16(status).unwrap()));
        self.answers.lock().unwrap().extend(statuses);
    }

    /// The next request.
    pub async fn next(&mut self) -> Delivery {
        tokio::time::timeout(PATIENCE, self.got.recv()).await.expect("a request in time").unwrap()
    }

    /// Whether nothing more came so far.
    pub fn is_quiet(&mut self) -> bool {
        self.got.try_recv().is_err()
    }
}

async fn take(State(desk): State<Desk>, headers: HeaderMap, body: Bytes) -> (StatusCode, &'static str) {
    let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    let answer = desk.answers.lock().unwrap().pop_front().unwrap_or(Some(StatusCode::OK));
    let delivery = Delivery {
        body: serde_json::from_slice(&body).unwrap_or_default(),
        key: header("idempotency-key").unwrap_or_default(),
        repeated: header("x-possibly-repeated").is_some(),
    };
    let _ = desk.got.send(delivery);
    match answer {
        // As Meta answers; others do not look at it.
        Some(status) => (status, r#"{"messages":[{"id":"wamid.x"}]}"#),
        None => std::future::pending().await,
    }
}
