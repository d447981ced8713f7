//! Outgoing HTTP: one pool of connections for carriers, one for webhooks behind a guard against private
//! addresses. Answers are read up to a limit and never in logs.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use thiserror::Error;

use crate::limits;

/// Who is called: decides which addresses are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callee {
    /// A carrier at the address that an administrator configured; it may be in our own network.
    Carrier,
    /// A service at the address that an administrator configured; it may be in our own network.
    Service,
    /// A carrier that somebody named over the API, who may not reach into our own networks.
    PublicCarrier,
    /// A web service that a flow names.
    Webhook,
}

/// One request.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Who is called.
    pub callee: Callee,
    /// Upper-case method.
    pub method: String,
    /// Absolute address.
    pub url: String,
    /// Headers; a later one of the same name replaces an earlier one.
    pub headers: Vec<(String, String)>,
    /// The body, if any.
    pub body: Option<String>,
    /// How long all of it may take.
    pub timeout: Duration,
    /// Bytes of the answer's body to read.
    pub answer_bytes: usize,
}

/// One answer.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Headers in order.
    pub headers: Vec<(String, String)>,
    /// The body up to the limit.
    pub body: Vec<u8>,
    /// Whether there was more.
    pub too_large: bool,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HttpError {
    /// The request cannot be made at all.
    #[error("the request cannot be made: {0}")]
    Invalid(String),
    /// The address is not one that may be called.
    #[error("calls to private addresses are not allowed")]
    Forbidden,
    /// The other side was not reached: it has not seen the request.
    #[error("no connection: {0}")]
    NotReached(String),
    /// The answer did not come or broke off: the other side may have acted.
    #[error("no answer: {0}")]
    NoAnswer(String),
}

impl HttpError {
    /// Whether the other side may have acted on the request.
    pub fn may_have_acted(&self) -> bool {
        match self {
            Self::NoAnswer(_) => true,
            Self::Invalid(_) | Self::Forbidden | Self::NotReached(_) => false,
        }
    }
}

/// The clients behind [`crate::Network::Http`]. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Requests {
    carriers: reqwest::Client,
    public_carriers: reqwest::Client,
    webhooks: reqwest::Client,
    allow_private: bool,
}

impl Requests {
    /// Clients with their pools. `allow_private` lets webhooks call private addresses.
    ///
    /// # Errors
    /// When the system's TLS roots cannot be used.
    pub fn new(allow_private: bool) -> Result<Self, HttpError> {
        // A second install is refused, and harmless: the first one stands.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let base = || {
            reqwest::Client::builder()
                .user_agent(concat!("Seedling/", env!("CARGO_PKG_VERSION")))
                .pool_max_idle_per_host(limits::IDLE_CONNECTIONS)
                .connect_timeout(Duration::from_secs(10))
                .tcp_nodelay(true)
        };
        let build = |builder: reqwest::ClientBuilder| {
            builder.build().map_err(|error| HttpError::Invalid(explain(&error)))
        };
        let guarded = |client: reqwest::ClientBuilder| match allow_private {
            true => client,
            // A proxy of the environment would resolve names itself, behind the guard's back.
            false => client.dns_resolver(Arc::new(PublicOnly)).no_proxy(),
        };
        let carriers = || base().redirect(reqwest::redirect::Policy::none());
        Ok(Self {
            carriers: build(carriers())?,
            public_carriers: build(guarded(carriers()))?,
            webhooks: build(guarded(base().redirect(redirects(allow_private))))?,
            allow_private,
        })
    }

    /// Makes one exchange.
    ///
    /// # Errors
    /// When there is no answer, or the call is not allowed.
    pub async fn exchange(&self, exchange: Exchange) -> Result<Answer, HttpError> {
        let invalid = |what: &str| HttpError::Invalid(what.to_owned());
        let url = reqwest::Url::parse(&exchange.url).map_err(|_| invalid("the address is not a URL"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(invalid("the address must begin with http:// or https://"));
        }
        let client = match exchange.callee {
            Callee::Carrier | Callee::Service => &self.carriers,
            Callee::PublicCarrier => &self.public_carriers,
            Callee::Webhook => &self.webhooks,
        };
        let guarded = matches!(exchange.callee, Callee::PublicCarrier | Callee::Webhook);
        if guarded && !self.allow_private && is_private_host(&url) {
            return Err(HttpError::Forbidden);
        }
        let method = reqwest::Method::from_bytes(exchange.method.as_bytes())
            .map_err(|_| invalid("the method is not one of HTTP's"))?;
        let mut headers = reqwest::header::HeaderMap::with_capacity(exchange.headers.len());
        for (name, value) in &exchange.headers {
            let name = reqwest::header::HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| HttpError::Invalid(format!("'{name}' cannot be a header")))?;
            let value = reqwest::header::HeaderValue::from_str(value)
                .map_err(|_| HttpError::Invalid(format!("the value of header {name} cannot be sent")))?;
            headers.insert(name, value);
        }
        let mut request = client.request(method, url).headers(headers).timeout(exchange.timeout);
        if let Some(body) = exchange.body {
            request = request.body(body);
        }
        let response = request.send().await.map_err(|error| classify(&error))?;
        read(response, exchange.answer_bytes).await
    }

    /// Asks a store of files at the address that an administrator configured.
    ///
    /// # Errors
    /// When there is no answer.
    pub(crate) async fn file_exchange(&self, request: files::Request) -> Result<files::Answer, HttpError> {
        let method = reqwest::Method::from_bytes(request.method.as_bytes())
            .map_err(|_| HttpError::Invalid("the method is not one of HTTP's".to_owned()))?;
        let mut asking = self.carriers.request(method, request.url).timeout(request.timeout);
        for (name, value) in request.headers {
            asking = asking.header(name, value);
        }
        // Also of an empty body the length is said: some stores refuse a PUT or POST without it.
        let length = request.body.len();
        asking = asking.header(reqwest::header::CONTENT_LENGTH, length).body(request.body);
        let response = asking.send().await.map_err(|error| classify(&error))?;
        let answer = read(response, request.answer_bytes).await?;
        Ok(files::Answer { status: answer.status, headers: answer.headers, body: answer.body })
    }
}

async fn read(mut response: reqwest::Response, limit: usize) -> Result<Answer, HttpError> {
    let headers = response.headers().iter();
    let headers = headers.map(|(k, v)| (k.to_string(), String::from_utf8_lossy(v.as_bytes()).into_owned()));
    let mut answer =
        Answer { status: response.status().as_u16(), headers: headers.collect(), ..Answer::default() };
    while let Some(chunk) = response.chunk().await.map_err(|error| HttpError::NoAnswer(explain(&error)))? {
        let room = limit - answer.body.len();
        answer.body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if chunk.len() > room {
            answer.too_large = true;
            break;
        }
    }
    Ok(answer)
}

fn classify(error: &reqwest::Error) -> HttpError {
    let mut source: Option<&dyn std::error::Error> = Some(error);
    while let Some(inner) = source {
        if inner.is::<PrivateAddress>() {
            return HttpError::Forbidden;
        }
        source = inner.source();
    }
    if error.is_connect() {
        HttpError::NotReached(explain(error))
    } else if error.is_builder() {
        HttpError::Invalid(explain(error))
    } else {
        HttpError::NoAnswer(explain(error))
    }
}

/// The innermost cause without the address, which may hold secrets.
fn explain(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "it took too long".to_owned();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    if std::ptr::addr_eq(cause, std::ptr::from_ref(error)) {
        "the exchange failed".to_owned()
    } else {
        cause.to_string()
    }
}

fn redirects(allow_private: bool) -> reqwest::redirect::Policy {
    reqwest::redirect::Policy::custom(move |attempt| {
        if attempt.previous().len() > limits::WEBHOOK_REDIRECTS {
            return attempt.error("too many redirects");
        }
        if !allow_private && is_private_host(attempt.url()) {
            return attempt.error(PrivateAddress);
        }
        attempt.follow()
    })
}

/// Whether an address is one that may be called, as far as it can be told without resolving its name.
///
/// # Errors
/// Says what is wrong with it.
pub fn may_be_called(url: &str, allow_private: bool) -> Result<(), HttpError> {
    let invalid = |what: &str| HttpError::Invalid(what.to_owned());
    let url = reqwest::Url::parse(url).map_err(|_| invalid("the address is not a URL"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(invalid("the address must begin with http:// or https://"));
    }
    if !allow_private && (is_private_host(&url) || url.host_str() == Some("localhost")) {
        return Err(HttpError::Forbidden);
    }
    Ok(())
}

/// Whether the host is written as a private address; names are checked when they are resolved.
fn is_private_host(url: &reqwest::Url) -> bool {
    let Some(host) = url.host_str() else { return true };
    let literal = host.trim_start_matches('[').trim_end_matches(']');
    literal.parse::<IpAddr>().is_ok_and(is_private)
}

/// Addresses that are not out in the world: our machine, our networks, cloud metadata, reserved ranges
/// (IANA special-purpose registries).
pub(crate) fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_broadcast()
                || v4.is_documentation()
                || v4.is_multicast()
                || a == 0
                || a >= 240
                || (a == 100 && (64..128).contains(&b))
                || (a == 192 && b == 0 && c == 0)
                || (a == 198 && (18..20).contains(&b))
        }
        IpAddr::V6(v6) => {
            let segments = v6.segments();
            let embedded = v6.to_ipv4_mapped().or_else(|| match segments {
                [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
                    let [a, b] = high.to_be_bytes();
                    let [c, d] = low.to_be_bytes();
                    Some([a, b, c, d].into())
                }
                _ => None,
            });
            v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_multicast()
                || (segments[0] & 0xfe00) == 0xfc00
                || (segments[0] & 0xffc0) == 0xfe80
                || (segments[0] & 0xffc0) == 0xfec0
                || (segments[0] == 0x64 && segments[1] == 0xff9b && segments[2] == 1)
                || (segments[0] == 0x2001 && segments[1] == 0xdb8)
                || embedded.is_some_and(|v4| is_private(IpAddr::V4(v4)))
        }
    }
}

#[derive(Debug, Error)]
#[error("calls to private addresses are not allowed")]
struct PrivateAddress;

/// Resolves names to public addresses only, at the moment of connecting: a check before that could be undone by
/// a name that changes in between.
#[derive(Debug)]
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|address| !is_private(address.ip())).collect();
            if public.is_empty() {
                return Err(Box::from(PrivateAddress));
            }
            let addresses: Addrs = Box::new(public.into_iter());
            Ok(addresses)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::is_private;

    #[test]
    fn knows_private_addresses() {
        let private = [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "192.0.0.8",
            "198.18.0.1",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:a00:1::",
            "64:ff9b:1::808:808",
            "64:ff9b:1:ffff::1",
            "fec0::1",
            "feff::1",
            "ff02::1",
        ];
        for address in private {
            assert!(is_private(address.parse().expect(address)), "{address} is private");
        }
        for address in
            ["8.8.8.8", "196.25.1.1", "100.128.0.1", "2a00:1450::1", "64:ff9b::808:808", "64:ff9c:1::1"]
        {
            assert!(!is_private(address.parse().expect(address)), "{address} is public");
        }
    }
}
