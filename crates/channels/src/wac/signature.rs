//! How Meta proves that it is the sender, and how we prove that an address is ours.

use ring::hmac::{HMAC_SHA256, Key, sign, verify};

use crate::answer::Answer;
use crate::{Request, answer};

/// What stands before the digits in the header.
const PREFIX: &str = "sha256=";
/// Hexadecimal digits of a signature.
const DIGITS: usize = 64;
/// Longest text that Meta wants back.
const MAX_CHALLENGE_BYTES: usize = 1_000;

/// The value of `X-Hub-Signature-256` for a body.
pub fn signature(secret: &str, body: &[u8]) -> String {
    let tag = sign(&Key::new(HMAC_SHA256, secret.as_bytes()), body);
    let mut header = String::with_capacity(PREFIX.len() + DIGITS);
    header.push_str(PREFIX);
    for byte in tag.as_ref() {
        for nibble in [byte >> 4, byte & 15] {
            header.push(char::from(b"0123456789abcdef"[usize::from(nibble)]));
        }
    }
    header
}

/// Whether the header is that of the raw body. The comparison takes as long for any wrong one.
pub(super) fn is_valid(secret: &str, body: &[u8], header: &str) -> bool {
    let tag = header.trim().strip_prefix(PREFIX).and_then(unhex);
    tag.is_some_and(|tag| verify(&Key::new(HMAC_SHA256, secret.as_bytes()), body, &tag).is_ok())
}

fn unhex(digits: &str) -> Option<[u8; DIGITS / 2]> {
    if digits.len() != DIGITS || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; DIGITS / 2];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(at * 2..at * 2 + 2)?, 16).ok()?;
    }
    Some(bytes)
}

/// Whether two secrets are the same, without telling by the time how much of them is.
pub(super) fn are_same(known: &str, given: &str) -> bool {
    let key = Key::new(HMAC_SHA256, known.as_bytes());
    verify(&key, known.as_bytes(), sign(&Key::new(HMAC_SHA256, known.as_bytes()), given.as_bytes()).as_ref())
        .is_ok()
}

/// The answer to Meta's check of our address, `None` if the request is no such check. `knows` says whether a token
/// is that of a channel.
pub fn handshake(request: &Request<'_>, knows: impl Fn(&str) -> bool) -> Option<Answer> {
    let value = |name: &str| {
        let mut pairs = form_urlencoded::parse(request.query.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    };
    let mode = value("hub.mode")?;
    if mode != "subscribe" {
        return Some(answer::error(400, "hub.mode must be subscribe"));
    }
    if !value("hub.verify_token").is_some_and(|token| knows(&token)) {
        return Some(answer::error(403, "token does not match secret"));
    }
    let challenge = value("hub.challenge").unwrap_or_default();
    if challenge.len() > MAX_CHALLENGE_BYTES {
        return Some(answer::error(400, "hub.challenge is too long"));
    }
    Some(Answer { status: 200, content_type: "text/plain; charset=utf-8".to_owned(), body: challenge })
}

#[cfg(test)]
mod tests {
    use super::{are_same, handshake, is_valid, signature};
    use crate::Request;

    #[test]
    fn signs_as_in_rfc_4231() {
        // Test case 2 of RFC 4231.
        let body = b"what do ya want for nothing?";
        let expected = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(signature("Jefe", body), expected);
        assert!(is_valid("Jefe", body, expected) && is_valid("Jefe", body, &format!(" {expected} ")));
        let upper = format!("sha256={}", expected[7..].to_uppercase());
        assert!(is_valid("Jefe", body, &upper));
        for wrong in ["", "sha256=", &expected[7..], &expected[..70], &expected.replace('5', "6"), "sha256=é"]
        {
            assert!(!is_valid("Jefe", body, wrong), "{wrong}");
        }
        assert!(!is_valid("jefe", body, expected) && !is_valid("Jefe", b"other", expected));
    }

    #[test]
    fn answers_the_check_of_an_address() {
        let ask = |query: &str| {
            handshake(&Request { query, ..Request::default() }, |token| are_same("open sesame", token))
                .map(|answer| (answer.status, answer.body))
        };
        let full = "hub.mode=subscribe&hub.verify_token=open+sesame&hub.challenge=11%2F22";
        assert_eq!(ask(full), Some((200, "11/22".to_owned())));
        assert_eq!(ask(&full.replace("open", "shut")).map(|(status, _)| status), Some(403));
        assert_eq!(ask(&full.replace("subscribe", "stop")).map(|(status, _)| status), Some(400));
        assert_eq!(ask("hub.mode=subscribe").map(|(status, _)| status), Some(403));
        assert_eq!(ask("a=b"), None);
    }
}
