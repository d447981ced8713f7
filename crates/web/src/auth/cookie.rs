//! The cookie by which a browser shows that somebody is signed in.

use axum::http::{HeaderMap, HeaderValue, header};
use node::Node;
use operations::SIGN_IN_LASTS;

/// Its name.
const NAME: &str = "seedling_session";

/// What the browser shows, if it shows anything.
pub(crate) fn secret(headers: &HeaderMap) -> Option<&str> {
    value(headers, NAME)
}

/// The value of a cookie.
pub(super) fn value<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(found, _)| *found == name).map(|(_, value)| value)
}

/// The header that gives the browser what it shows from then on.
pub(super) fn given(node: &Node, headers: &HeaderMap, secret: &str) -> Option<HeaderValue> {
    set(node, headers, (NAME, secret, "/"), SIGN_IN_LASTS.as_secs())
}

/// The header that takes it away.
pub(super) fn taken(node: &Node, headers: &HeaderMap) -> Option<HeaderValue> {
    set(node, headers, (NAME, "", "/"), 0)
}

/// A header that sets a cookie of this name, value and path.
pub(super) fn set(
    node: &Node,
    headers: &HeaderMap,
    (name, value, path): (&str, &str, &str),
    seconds: i64,
) -> Option<HeaderValue> {
    let secure = if is_secure(node, headers) { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path={path}; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    HeaderValue::from_str(&text).ok()
}

/// Whether the browser speaks TLS with whom it calls: with the proxy that is said to stand before this node, unless that
/// says otherwise. The node itself serves none.
fn is_secure(node: &Node, headers: &HeaderMap) -> bool {
    node.config().trust_forwarded_for
        && headers.get("x-forwarded-proto").is_none_or(|scheme| scheme.as_bytes() == b"https")
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};

    use super::secret;

    #[test]
    fn reads_cookies_as_browsers_send_them() {
        let check = |given: &str, expected: Option<&str>| {
            let headers =
                HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_str(given).expect("a header"))]);
            assert_eq!(secret(&headers), expected, "{given}");
        };
        check("seedling_session=abc", Some("abc"));
        check("a=b; seedling_session=abc; c=d", Some("abc"));
        check("a=b;seedling_session=abc", Some("abc"));
        check("xseedling_session=abc", None);
        check("seedling_session", None);
        check("", None);
    }
}
