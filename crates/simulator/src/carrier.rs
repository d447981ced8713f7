//! A carrier that exists only for us: takes messages as an HTTP aggregator or as Meta does, answers, and sends
//! delivery reports for each.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::connections::Connections;
use crate::faults::{self, Fate, Faults, Mood};
use crate::whatsapp;

/// Body of a message; longer ones are refused.
const BODY_BYTES_MAX: usize = 64 << 10;
/// Delivery reports that wait for their turn; beyond it they are dropped, as carriers drop them.
const REPORTS_WAITING_MAX: usize = 100_000;
/// Reports on their way at once.
const REPORT_CONNECTIONS: usize = 256;
/// How often a report is tried while the node is away, and how long between two tries.
const REPORT_TRIES_MAX: u32 = 200;
const REPORT_PAUSE: Duration = Duration::from_millis(100);

/// The header in which a node says that the carrier may have had this message before.
pub const POSSIBLY_REPEATED: &str = "x-possibly-repeated";

/// A message that the carrier got.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The person's address.
    pub to: String,
    /// What the person reads.
    pub text: String,
    /// The node's id of it.
    pub message: Uuid,
    /// Whether the node said that it may have sent it before.
    pub possibly_repeated: bool,
    /// When it came in.
    pub at: Instant,
}

/// The body that `Carrier::channel_config` asks for.
#[derive(Deserialize)]
struct Body {
    uuid: Uuid,
    to: String,
    text: String,
}

/// What is done with each delivery.
pub type Observer = Arc<dyn Fn(&Delivery) + Send + Sync>;

/// What is done when the node took a delivery report.
pub type ReportObserver = Arc<dyn Fn() + Send + Sync>;

/// Messages whose reports go together, with carriers that gather them.
const REPORTS_TOGETHER: usize = 20;

/// How a carrier speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// As any HTTP aggregator.
    Ex,
    /// As Meta does for WhatsApp.
    WhatsApp,
}

/// A carrier that is listening but does not know its node yet.
pub struct Carrier {
    listener: TcpListener,
    address: SocketAddr,
    dialect: Dialect,
    fate: Arc<Fate>,
}

impl Carrier {
    /// Listens; port 0 takes a free one.
    pub async fn bind(address: SocketAddr, dialect: Dialect) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address, dialect, fate: Arc::new(Fate::new(Faults::default())) })
    }

    /// The carrier with faults.
    #[must_use]
    pub fn with_faults(mut self, faults: Faults) -> Self {
        self.fate = Arc::new(Fate::new(faults));
        self
    }

    /// How it speaks.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Where the node sends to.
    pub fn send_url(&self) -> String {
        match self.dialect {
            Dialect::Ex => format!("http://{}/send", self.address),
            Dialect::WhatsApp => format!("http://{}", self.address),
        }
    }

    /// The configuration of a channel that sends to this carrier.
    pub fn channel_config(&self) -> String {
        if self.dialect == Dialect::WhatsApp {
            return whatsapp::channel_config(&self.send_url());
        }
        let body = r#"{"uuid":{{uuid}},"to":{{to}},"text":{{text}}}"#;
        serde_json::json!({
            "send_url": self.send_url(),
            "method": "POST",
            "content_type": "application/json",
            "body": body,
            "max_length": 1600,
        })
        .to_string()
    }

    /// Serves until the task is dropped. Every message gets delivery reports to `channel` at `node`, retried while
    /// the node is away.
    pub async fn serve(self, node: Connections, channel: Uuid, observer: Observer, reported: ReportObserver) {
        let (reports, queue) = mpsc::channel(REPORTS_WAITING_MAX);
        let (node, dialect, fate) = (Arc::new(node), self.dialect, self.fate);
        tokio::spawn(send_reports(queue, node, (dialect, channel), fate.clone(), reported));
        loop {
            let Ok((stream, _)) = self.listener.accept().await else { continue };
            stream.set_nodelay(true).ok();
            let (observer, reports, fate) = (observer.clone(), reports.clone(), fate.clone());
            let service = service_fn(move |request| {
                let (observer, reports, fate) = (observer.clone(), reports.clone(), fate.clone());
                async move { Ok::<_, Infallible>(meet(request, dialect, &fate, &observer, &reports).await) }
            });
            tokio::spawn(async move {
                hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await
                    .ok()
            });
        }
    }
}

/// Reports may run at the same time as new ones come in, each on its own task, bounded by the connections.
async fn send_reports(
    mut queue: mpsc::Receiver<Uuid>,
    node: Arc<Connections>,
    (dialect, channel): (Dialect, Uuid),
    fate: Arc<Fate>,
    reported: ReportObserver,
) {
    let together = match dialect {
        Dialect::Ex => 1,
        Dialect::WhatsApp => REPORTS_TOGETHER,
    };
    let slots = Arc::new(tokio::sync::Semaphore::new(REPORT_CONNECTIONS));
    while let Some(message) = queue.recv().await {
        let mut messages = vec![message];
        while messages.len() < together
            && let Ok(next) = queue.try_recv()
        {
            messages.push(next);
        }
        let Ok(slot) = slots.clone().acquire_owned().await else { return };
        let (node, reported) = (node.clone(), reported.clone());
        let (times, late) = (fate.times(), fate.late());
        tokio::spawn(async move {
            tokio::time::sleep(late.unwrap_or_default()).await;
            for _ in 0..REPORT_TRIES_MAX {
                let mut is_taken = true;
                for _ in 0..times {
                    is_taken &= match dialect {
                        Dialect::Ex => report_delivered(&node, channel, message).await,
                        Dialect::WhatsApp => {
                            whatsapp::report(&node, channel, &messages, late.is_some()).await
                        }
                    };
                }
                if is_taken {
                    messages.iter().for_each(|_| reported());
                    break;
                }
                tokio::time::sleep(REPORT_PAUSE).await;
            }
            drop(slot);
        });
    }
}

async fn report_delivered(node: &Connections, channel: Uuid, message: Uuid) -> bool {
    let (path, body) = (format!("/c/ex/{channel}/delivered"), Bytes::from(format!("id={message}")));
    let answer = node.post(&path, "application/x-www-form-urlencoded", body).await;
    answer.is_ok_and(|answer| answer.status == StatusCode::OK)
}

/// Takes a request as the carrier's mood is.
async fn meet(
    request: Request<Incoming>,
    dialect: Dialect,
    fate: &Fate,
    observer: &Observer,
    reports: &mpsc::Sender<Uuid>,
) -> Response<Full<Bytes>> {
    let mood = fate.mood();
    tokio::time::sleep(fate.delay()).await;
    match mood {
        Mood::Fine => take(request, dialect, observer, reports).await,
        Mood::Hangs => {
            let taken = take(request, dialect, observer, reports).await;
            tokio::time::sleep(faults::HANGS).await;
            taken
        }
        Mood::Fails(status) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            answer(status, "out of order")
        }
        Mood::Throttles(number) => match dialect {
            Dialect::Ex => {
                let mut response = answer(StatusCode::TOO_MANY_REQUESTS, "too fast");
                let wait = faults::RETRY_AFTER.as_secs().into();
                response.headers_mut().insert(hyper::header::RETRY_AFTER, wait);
                response
            }
            Dialect::WhatsApp => {
                let (status, error) = whatsapp::throttled(number);
                answer(status, &error.to_string())
            }
        },
    }
}

async fn take(
    request: Request<Incoming>,
    dialect: Dialect,
    observer: &Observer,
    reports: &mpsc::Sender<Uuid>,
) -> Response<Full<Bytes>> {
    let possibly_repeated = is_marked(request.headers());
    let (parts, body) = request.into_parts();
    let body = match Limited::new(body, BODY_BYTES_MAX).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => return answer(StatusCode::PAYLOAD_TOO_LARGE, &error.to_string()),
    };
    if dialect == Dialect::WhatsApp {
        let (path, query) = (parts.uri.path(), parts.uri.query().unwrap_or_default());
        match whatsapp::listed(path, query, &parts.headers) {
            Some(Ok(page)) => return answer(StatusCode::OK, &page.to_string()),
            Some(Err((status, error))) => return answer(status, &error.to_string()),
            None => {}
        }
        return match whatsapp::read(parts.uri.path(), &parts.headers, &body) {
            Ok(sent) => {
                let accepted = whatsapp::accepted(&sent);
                let whatsapp::Sent { to, text, message } = sent;
                observer(&Delivery { to, text, message, possibly_repeated, at: Instant::now() });
                reports.try_send(message).ok();
                answer(StatusCode::OK, &accepted.to_string())
            }
            Err((status, error)) => answer(status, &error.to_string()),
        };
    }
    match serde_json::from_slice::<Body>(&body) {
        Ok(Body { uuid, to, text }) => {
            observer(&Delivery { to, text, message: uuid, possibly_repeated, at: Instant::now() });
            reports.try_send(uuid).ok();
            answer(StatusCode::OK, "accepted")
        }
        Err(error) => answer(StatusCode::BAD_REQUEST, &error.to_string()),
    }
}

fn is_marked(headers: &HeaderMap) -> bool {
    headers.get(POSSIBLY_REPEATED).is_some_and(|value| !value.is_empty() && value != "0" && value != "false")
}

fn answer(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text.to_owned())));
    *response.status_mut() = status;
    response
}
