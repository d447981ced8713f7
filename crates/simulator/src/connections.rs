//! Kept-alive HTTP connections to one host, as a carrier holds them. Plain hyper: the load generator shares
//! the machine with the node that it measures and must cost little.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use thiserror::Error;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

/// How long an answer is waited for. Carriers give up after 30 seconds or less.
const ANSWER_WAIT: Duration = Duration::from_secs(30);
/// No answer of a node is longer.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// Why a call has no answer.
#[derive(Debug, Error)]
pub enum CallError {
    /// The address cannot be used.
    #[error("`{0}` is not an address of the form http://host:port")]
    Address(String),
    /// Nobody listens, or the connection broke.
    #[error("no connection to {0}: {1}")]
    Connection(String, String),
    /// The other side is silent.
    #[error("no answer within {0:?}")]
    Silence(Duration),
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its body.
    pub body: Bytes,
}

/// A bounded set of connections to one host.
pub struct Connections {
    authority: String,
    idle: Mutex<Vec<SendRequest<Full<Bytes>>>>,
    permits: Semaphore,
    opened: AtomicUsize,
}

impl Connections {
    /// At most `most` connections to `base`, such as `http://127.0.0.1:7333`; opened when needed.
    pub fn new(base: &str, most: usize) -> Result<Self, CallError> {
        let address = || CallError::Address(base.to_owned());
        let rest = base.strip_prefix("http://").ok_or_else(address)?;
        let authority = rest.trim_end_matches('/');
        if authority.is_empty() || authority.contains('/') || authority.contains('@') {
            return Err(address());
        }
        let authority =
            if authority.contains(':') { authority.to_owned() } else { format!("{authority}:80") };
        Ok(Self {
            authority,
            idle: Mutex::default(),
            permits: Semaphore::new(most),
            opened: AtomicUsize::new(0),
        })
    }

    /// Connections opened so far.
    pub fn opened(&self) -> usize {
        self.opened.load(Ordering::Relaxed)
    }

    /// Posts a body and waits for the answer.
    pub async fn post(&self, path: &str, content_type: &str, body: Bytes) -> Result<Answer, CallError> {
        self.post_with(path, content_type, &[], body).await
    }

    /// Posts a body with further headers and waits for the answer.
    pub async fn post_with(
        &self,
        path: &str,
        content_type: &str,
        headers: &[(&str, String)],
        body: Bytes,
    ) -> Result<Answer, CallError> {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(HOST, &self.authority)
            .header(CONTENT_TYPE, content_type);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let request = request.body(Full::new(body));
        self.call(request.map_err(|error| self.broken(&error))?).await
    }

    /// Gets a path.
    pub async fn get(&self, path: &str) -> Result<Answer, CallError> {
        let request =
            Request::builder().uri(path).header(HOST, &self.authority).body(Full::new(Bytes::new()));
        self.call(request.map_err(|error| self.broken(&error))?).await
    }

    async fn call(&self, request: Request<Full<Bytes>>) -> Result<Answer, CallError> {
        let _permit = self.permits.acquire().await.map_err(|error| self.broken(&error))?;
        let exchange = async {
            let mut connection = self.connection().await?;
            let answer = connection.send_request(request).await.map_err(|error| self.broken(&error))?;
            let status = answer.status();
            let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await;
            let body = body.map_err(|error| self.broken(&error))?.to_bytes();
            self.give_back(connection);
            Ok(Answer { status, body })
        };
        tokio::time::timeout(ANSWER_WAIT, exchange).await.unwrap_or(Err(CallError::Silence(ANSWER_WAIT)))
    }

    /// An idle connection that still stands, or a new one.
    async fn connection(&self) -> Result<SendRequest<Full<Bytes>>, CallError> {
        while let Some(mut connection) = self.take() {
            if !connection.is_closed() && connection.ready().await.is_ok() {
                return Ok(connection);
            }
        }
        let stream = TcpStream::connect(&self.authority).await.map_err(|error| self.broken(&error))?;
        stream.set_nodelay(true).map_err(|error| self.broken(&error))?;
        let (sender, connection) =
            handshake(TokioIo::new(stream)).await.map_err(|error| self.broken(&error))?;
        self.opened.fetch_add(1, Ordering::Relaxed);
        // Its end is seen by the next call that uses it.
        tokio::spawn(async move { connection.await.ok() });
        Ok(sender)
    }

    fn take(&self) -> Option<SendRequest<Full<Bytes>>> {
        self.idle.lock().ok()?.pop()
    }

    fn give_back(&self, connection: SendRequest<Full<Bytes>>) {
        if let Ok(mut idle) = self.idle.lock() {
            idle.push(connection);
        }
    }

    fn broken(&self, error: &dyn std::fmt::Display) -> CallError {
        CallError::Connection(self.authority.clone(), error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let cases = [
            ("http://127.0.0.1:7333", Some("127.0.0.1:7333")),
            ("http://node/", Some("node:80")),
            ("https://node", None),
            ("node:7333", None),
            ("http://", None),
            ("http://node/path", None),
        ];
        for (base, expected) in cases {
            let made = Connections::new(base, 1).ok().map(|connections| connections.authority);
            assert_eq!(made.as_deref(), expected, "{base}");
        }
    }
}
