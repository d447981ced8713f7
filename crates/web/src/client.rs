//! Who calls: the client's address, as far as it tells callers apart.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::{Extensions, HeaderMap};

/// The client of a request that came through the router.
pub(crate) fn client(headers: &HeaderMap, extensions: &Extensions, trust_forwarded: bool) -> IpAddr {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
    client_of(headers, peer.unwrap_or(IpAddr::from([0, 0, 0, 0])), trust_forwarded)
}

/// The client's address. Behind a proxy it is the last one that the proxy put into `X-Forwarded-For`.
pub(crate) fn client_of(headers: &HeaderMap, peer: IpAddr, trust_forwarded: bool) -> IpAddr {
    let forwarded = || {
        let all = headers.get_all("x-forwarded-for");
        let last = all.iter().next_back().and_then(|value| value.to_str().ok())?;
        last.rsplit(',').next()?.trim().parse().ok()
    };
    let forwarded = if trust_forwarded { forwarded() } else { None };
    network(forwarded.unwrap_or(peer))
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

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use axum::extract::ConnectInfo;
    use axum::http::{Extensions, HeaderMap, HeaderValue, header};

    use super::client;

    #[test]
    fn the_client_behind_a_proxy() {
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo("10.0.0.9:5".parse::<SocketAddr>().unwrap()));
        let header = HeaderValue::from_static("6.6.6.6, 41.1.2.3");
        let headers = HeaderMap::from_iter([(header::HeaderName::from_static("x-forwarded-for"), header)]);
        assert_eq!(client(&headers, &extensions, true).to_string(), "41.1.2.3");
        assert_eq!(client(&headers, &extensions, false).to_string(), "10.0.0.9");
    }

    #[test]
    fn a_network_of_version_6_is_one_client() {
        let seen = |address: &str| {
            let mut extensions = Extensions::new();
            extensions.insert(ConnectInfo(SocketAddr::new(address.parse().unwrap(), 5)));
            client(&HeaderMap::new(), &extensions, false).to_string()
        };
        assert_eq!(seen("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(seen("::ffff:10.0.0.9"), "10.0.0.9");
    }
}
