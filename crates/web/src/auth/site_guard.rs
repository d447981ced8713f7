//! Whether a request comes from a page of this site. Browsers say so themselves, in `Sec-Fetch-Site` and in `Origin`, and
//! no page can make them say anything else; so a page of another site that makes a browser send its cookie along is told
//! apart without a token in every form.

use axum::http::{HeaderMap, header};
use node::Node;

/// What is thought of who says nothing: a program, or a browser that is many years old.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strictness {
    /// It is let in: there is no cookie that proves anything.
    Open,
    /// It is not: it shows a cookie, and must say where it comes from.
    Closed,
}

/// Whether a request that writes may be taken.
pub(crate) fn check(node: &Node, headers: &HeaderMap, strictness: Strictness) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let forwarded = text("x-forwarded-host").filter(|_| node.config().trust_forwarded_for);
    let host = forwarded.or_else(|| text(header::HOST.as_str()));
    is_own(text("sec-fetch-site"), text(header::ORIGIN.as_str()), host, strictness)
}

fn is_own(site: Option<&str>, origin: Option<&str>, host: Option<&str>, strictness: Strictness) -> bool {
    // "none" is what somebody types or has bookmarked.
    if let Some(site) = site {
        return matches!(site, "same-origin" | "none");
    }
    match origin {
        Some(origin) => {
            let named = origin.split_once("://").map(|(_, named)| named);
            named.is_some_and(|named| host.is_some_and(|host| host.eq_ignore_ascii_case(named)))
        }
        None => strictness == Strictness::Open,
    }
}

#[cfg(test)]
mod tests {
    use super::{Strictness::*, is_own};

    #[test]
    fn pages_of_other_sites_are_told_apart() {
        let host = Some("line.example.org");
        for (site, origin, strictness, expected) in [
            (Some("same-origin"), None, Closed, true),
            (Some("none"), None, Closed, true),
            (Some("cross-site"), None, Open, false),
            // A neighbour under the same domain is another site's page all the same.
            (Some("same-site"), Some("https://line.example.org"), Closed, false),
            (None, Some("https://line.example.org"), Closed, true),
            (None, Some("http://LINE.example.org"), Closed, true),
            (None, Some("https://line.example.org:8443"), Closed, false),
            (None, Some("https://evil.example.org"), Open, false),
            (None, Some("https://line.example.org.evil.org"), Closed, false),
            (None, Some("null"), Closed, false),
            (None, None, Closed, false),
            (None, None, Open, true),
        ] {
            assert_eq!(
                is_own(site, origin, host, strictness),
                expected,
                "{site:?} {origin:?} {strictness:?}"
            );
        }
        assert!(!is_own(None, Some("https://"), None, Closed));
    }
}
