//! Who is at the door: the visitor's address from their token, and how often they may knock.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::time::Duration;

use axum::http::{HeaderMap, header};
use channels::webchat::VISITOR_ID_DIGITS;
use domain::ChannelUuid;
use node::limits;
use node::rates::{Caller, Rates};
use ring::digest::{SHA256, digest};
use smol_str::SmolStr;

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

/// Lets in what a visitor writes, or that they begin. Tokens cost nothing, and each new one becomes a contact: so an
/// address has a rate for visitors who were not here lately. Clients were held to their own before (`limited.rs`).
///
/// # Errors
/// How long to wait.
pub(super) fn admit(rates: &Rates, client: IpAddr, visitor: &SmolStr) -> Result<(), Duration> {
    let visitor = Caller::Visitor(visitor.clone());
    if !rates.knows(&limits::CHAT_VISITOR, &visitor) {
        rates.take(&limits::CHAT_NEWCOMER, Caller::Client(client))?;
    }
    rates.take(&limits::CHAT_VISITOR, visitor)
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};
    use domain::ChannelUuid;

    use node::limits;
    use node::rates::Rates;

    use super::{admit, identify};

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
        let (rates, school) = (Rates::default(), [10, 0, 0, 1].into());
        for number in 0..limits::CHAT_NEWCOMER.burst {
            assert_eq!(admit(&rates, school, &format!("{number}").into()), Ok(()), "{number}");
        }
        assert!(admit(&rates, school, &"one more".into()).is_err());
        assert_eq!(admit(&rates, school, &"0".into()), Ok(()), "who is here goes on");
        assert_eq!(admit(&rates, [10, 0, 0, 2].into(), &"one more".into()), Ok(()));
    }
}
