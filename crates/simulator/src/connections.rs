//! Kept-alive HTTP connections to one host or, in turn, to several, as a carrier or a balancer holds them. The load
//! generator shares the machine with the node that it measures and must cost little: a request is one write and one or
//! two reads by the task that wants the answer (`wire.rs`).

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use hyper::StatusCode;
use thiserror::Error;
use tokio::sync::Semaphore;

use crate::wire::Wire;

/// How long an answer is waited for. Carriers give up after 30 seconds or less.
const ANSWER_WAIT: Duration = Duration::from_secs(30);

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

/// One host and the connections to it that nobody uses now.
struct Host {
    authority: String,
    idle: Mutex<Vec<Wire>>,
}

/// A bounded set of connections to one host or several.
pub struct Connections {
    hosts: Vec<Host>,
    turn: AtomicUsize,
    permits: Semaphore,
    opened: AtomicUsize,
    refused: AtomicUsize,
}

impl Connections {
    /// At most `most` connections to `base`, such as `http://127.0.0.1:7333`; opened when needed.
    pub fn new(base: &str, most: usize) -> Result<Self, CallError> {
        Self::over(&[base.to_owned()], most)
    }

    /// At most `most` connections, of which each call takes one to the next of these hosts in turn.
    pub fn over(bases: &[String], most: usize) -> Result<Self, CallError> {
        let host = |base: &String| Ok(Host { authority: authority(base)?, idle: Mutex::default() });
        let hosts = bases.iter().map(host).collect::<Result<Vec<_>, CallError>>()?;
        if hosts.is_empty() {
            return Err(CallError::Address(String::new()));
        }
        Ok(Self {
            hosts,
            turn: AtomicUsize::new(0),
            permits: Semaphore::new(most),
            opened: AtomicUsize::new(0),
            refused: AtomicUsize::new(0),
        })
    }

    /// Connections that nobody accepted so far.
    pub fn refused(&self) -> usize {
        self.refused.load(Ordering::Relaxed)
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
        let host = self.next_host();
        let mut request = host.head("POST", path);
        for (name, value) in [("content-type", content_type)]
            .into_iter()
            .chain(headers.iter().map(|(name, value)| (*name, value.as_str())))
        {
            push_all(&mut request, &[name, ": ", value, "\r\n"]);
        }
        push_all(&mut request, &["content-length: ", &body.len().to_string(), "\r\n\r\n"]);
        request.extend_from_slice(&body);
        self.call(host, &request).await
    }

    /// Gets a path.
    pub async fn get(&self, path: &str) -> Result<Answer, CallError> {
        let host = self.next_host();
        let mut request = host.head("GET", path);
        request.extend_from_slice(b"\r\n");
        self.call(host, &request).await
    }

    fn next_host(&self) -> &Host {
        &self.hosts[self.turn.fetch_add(1, Ordering::Relaxed) % self.hosts.len()]
    }

    async fn call(&self, host: &Host, request: &[u8]) -> Result<Answer, CallError> {
        let _permit = self.permits.acquire().await.map_err(|error| host.broken(&error))?;
        let exchange = async {
            let mut wire = self.wire(host).await?;
            let (answer, may_go_on) = wire.exchange(request).await.map_err(|error| host.broken(&error))?;
            if may_go_on {
                host.give_back(wire);
            }
            Ok(answer)
        };
        tokio::time::timeout(ANSWER_WAIT, exchange).await.unwrap_or(Err(CallError::Silence(ANSWER_WAIT)))
    }

    /// An idle connection that still stands, or a new one.
    async fn wire(&self, host: &Host) -> Result<Wire, CallError> {
        while let Some(wire) = host.take() {
            if wire.stands() {
                return Ok(wire);
            }
        }
        let wire = Wire::connect(&host.authority).await.map_err(|error| {
            self.refused.fetch_add(1, Ordering::Relaxed);
            host.broken(&error)
        })?;
        self.opened.fetch_add(1, Ordering::Relaxed);
        Ok(wire)
    }
}

impl Host {
    /// The first lines of a request.
    fn head(&self, method: &str, path: &str) -> Vec<u8> {
        let mut head = Vec::with_capacity(512);
        push_all(&mut head, &[method, " ", path, " HTTP/1.1\r\nhost: ", &self.authority, "\r\n"]);
        head
    }

    fn take(&self) -> Option<Wire> {
        self.idle.lock().ok()?.pop()
    }

    fn give_back(&self, wire: Wire) {
        if let Ok(mut idle) = self.idle.lock() {
            idle.push(wire);
        }
    }

    fn broken(&self, error: &dyn std::fmt::Display) -> CallError {
        CallError::Connection(self.authority.clone(), error.to_string())
    }
}

fn push_all(request: &mut Vec<u8>, texts: &[&str]) {
    for text in texts {
        request.extend_from_slice(text.as_bytes());
    }
}

/// Host and port of `http://host:port`.
fn authority(base: &str) -> Result<String, CallError> {
    let address = || CallError::Address(base.to_owned());
    let rest = base.strip_prefix("http://").ok_or_else(address)?;
    let authority = rest.trim_end_matches('/');
    if authority.is_empty() || authority.contains('/') || authority.contains('@') {
        return Err(address());
    }
    Ok(if authority.contains(':') { authority.to_owned() } else { format!("{authority}:80") })
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
            assert_eq!(authority(base).ok().as_deref(), expected, "{base}");
        }
    }
}
