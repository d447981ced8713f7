//! Who is at the door: the visitor's address from their token, the client's address, and how often they may knock.

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::http::{Extensions, HeaderMap, header};
use channels::webchat::VISITOR_ID_DIGITS;
use domain::ChannelUuid;
use node::limits;
use ring::digest::{SHA256, digest};
use smol_str::SmolStr;
use tokio::time::Instant;

use crate::rates::Rates;

/// Length of tokens: the page makes 48 characters; others may be somewhat shorter or longer.
const TOKEN_CHARS: std::ops::RangeInclusive<usize> = 32..=64;

/// The visitor's identifier on a channel, from the `Authorization` header; `None` if there is no good token.
pub(super) fn identify(headers: &HeaderMap, channel: ChannelUuid) -> Option<SmolStr> {
    let token = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")?;
    let good = TOKEN_CHARS.contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_alphanumeric());
    good.then(|| visitor(token, channel))
}

fn visitor(token: &str, channel: ChannelUuid) -> SmolStr {
    let hash = digest(&SHA256, format!("webchat:{channel}:{token}").as_bytes());
    let mut id = String::with_capacity(VISITOR_ID_DIGITS);
    for byte in hash.as_ref().iter().take(VISITOR_ID_DIGITS / 2) {
        // Writing to a String cannot fail.
        let _ = write!(id, "{byte:02x}");
    }
    id.into()
}

/// The client's address. Behind a proxy it is the last one that the proxy put into `X-Forwarded-For`.
pub(super) fn client(headers: &HeaderMap, extensions: &Extensions, trust_forwarded: bool) -> IpAddr {
    let forwarded =
        headers.get_all("x-forwarded-for").iter().next_back().and_then(|value| value.to_str().ok());
    let forwarded = forwarded.and_then(|list| list.rsplit(',').next()?.trim().parse().ok());
    let peer = extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
    let address = forwarded.filter(|_| trust_forwarded).or(peer);
    address.map_or(IpAddr::from([0, 0, 0, 0]), network)
}

/// The part of an address that one client holds: of version 6 a whole /64.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => {
            let mut segments = v6.segments();
            segments[4..].fill(0);
            IpAddr::V6(segments.into())
        }
    }
}

/// Holds visitors and clients to their rates.
pub(super) struct Doorkeeper {
    visitors: Rates<SmolStr>,
    clients: Rates<IpAddr>,
    newcomers: Rates<IpAddr>,
}

impl Default for Doorkeeper {
    fn default() -> Self {
        Self {
            visitors: Rates::new(limits::CHAT_VISITOR_BURST, limits::CHAT_VISITOR_EVERY),
            clients: Rates::new(limits::CHAT_IP_BURST, limits::CHAT_IP_EVERY),
            newcomers: Rates::new(limits::CHAT_NEWCOMER_BURST, limits::CHAT_NEWCOMER_EVERY),
        }
    }
}

impl Doorkeeper {
    /// Lets a request of a client in.
    ///
    /// # Errors
    /// How long to wait.
    pub(super) fn admit(&self, client: IpAddr) -> Result<(), Duration> {
        self.clients.take(&client, Instant::now())
    }

    /// Lets in what a visitor writes, or that they begin. Tokens cost nothing, and each new one becomes a contact:
    /// so an address has a rate for visitors who were not here lately.
    ///
    /// # Errors
    /// How long to wait.
    pub(super) fn admit_visitor(&self, client: IpAddr, visitor: &SmolStr) -> Result<(), Duration> {
        let now = Instant::now();
        if !self.visitors.knows(visitor) {
            self.newcomers.take(&client, now)?;
        }
        self.visitors.take(visitor, now)
    }
}

#[cfg(test)]
mod tests {
    use axum::extract::ConnectInfo;
    use axum::http::{Extensions, HeaderMap, HeaderValue, header};
    use domain::ChannelUuid;

    use node::limits;

    use super::{Doorkeeper, client, identify};

    #[test]
    fn the_address_does_not_tell_the_token() {
        let channel = |n| ChannelUuid(uuid::Uuid::from_u128(n));
        let headers = |value: &str| {
            let value = HeaderValue::from_str(value).expect("a header");
            HeaderMap::from_iter([(header::AUTHORIZATION, value)])
        };
        let token = "a".repeat(48);
        let good = headers(&format!("Bearer {token}"));
        let id = identify(&good, channel(1)).expect("a visitor");
        assert_eq!(id.len(), 24);
        assert_eq!(identify(&good, channel(1)), Some(id.clone()));
        assert_ne!(identify(&good, channel(2)), Some(id), "another channel, another visitor");
        channels::webchat::visitor_urn(&identify(&good, channel(1)).expect("one"))
            .validate()
            .expect("an address");
        for bad in [
            "Bearer short",
            "Basic abc",
            &format!("Bearer {}", "a".repeat(65)),
            "Bearer ../../../../../../../../../../../../etc",
        ] {
            assert_eq!(identify(&headers(bad), channel(1)), None, "{bad}");
        }
    }

    #[test]
    fn an_address_brings_so_many_new_visitors_and_keeps_those_it_has() {
        let (door, school) = (Doorkeeper::default(), [10, 0, 0, 1].into());
        for number in 0..limits::CHAT_NEWCOMER_BURST {
            assert_eq!(door.admit_visitor(school, &format!("{number}").into()), Ok(()), "{number}");
        }
        assert!(door.admit_visitor(school, &"one more".into()).is_err());
        assert_eq!(door.admit_visitor(school, &"0".into()), Ok(()), "who is here goes on");
        assert_eq!(door.admit_visitor([10, 0, 0, 2].into(), &"one more".into()), Ok(()));
    }

    #[test]
    fn the_client_behind_a_proxy() {
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo("10.0.0.9:5".parse::<std::net::SocketAddr>().expect("one")));
        let header = HeaderValue::from_static("6.6.6.6, 41.1.2.3");
        let headers = HeaderMap::from_iter([(header::HeaderName::from_static("x-forwarded-for"), header)]);
        assert_eq!(client(&headers, &extensions, true).to_string(), "41.1.2.3");
        assert_eq!(client(&headers, &extensions, false).to_string(), "10.0.0.9");
    }
}
