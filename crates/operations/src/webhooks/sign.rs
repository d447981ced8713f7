//! How a program knows that a call is ours: the scheme of Standard Webhooks, version 1.0.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use ring::hmac;
use store::Secret;

use crate::Context;

/// What stands before the base64 of a secret.
const PREFIX: &str = "whsec_";
/// Numbers of 8 bytes in a secret: 32 bytes.
const NUMBERS: usize = 4;

/// The headers that say it: the event's identifier, seconds since 1970, and the signature.
pub const SIGNATURE_HEADERS: [&str; 3] = ["webhook-id", "webhook-timestamp", "webhook-signature"];

/// A new secret.
pub(crate) fn new_secret(ctx: &Context) -> Secret {
    let bytes: Vec<u8> = (0..NUMBERS).flat_map(|_| ctx.host.random().to_be_bytes()).collect();
    Secret::new(format!("{PREFIX}{}", STANDARD.encode(bytes)))
}

/// The headers of a call: `v1,` and the base64 of the HMAC-SHA256 of `id.timestamp.body`.
pub fn signed_headers(secret: &Secret, id: &str, now: Timestamp, body: &str) -> [(String, String); 3] {
    let text = secret.reveal();
    let key = STANDARD.decode(text.strip_prefix(PREFIX).unwrap_or(text)).unwrap_or_default();
    let seconds = now.as_second().to_string();
    let signed = format!("{id}.{seconds}.{body}");
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), signed.as_bytes());
    let signature = format!("v1,{}", STANDARD.encode(tag));
    let [id_name, at_name, signature_name] = SIGNATURE_HEADERS.map(str::to_owned);
    [(id_name, id.to_owned()), (at_name, seconds), (signature_name, signature)]
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use store::Secret;

    use super::signed_headers;

    /// The example of the specification of Standard Webhooks.
    #[test]
    fn signs_as_the_specification_says() {
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned());
        let now = Timestamp::from_second(1_614_265_330).unwrap();
        let [_, (_, at), (_, signature)] =
            signed_headers(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", now, "{\"test\": 2432232314}");
        assert_eq!(at, "1614265330");
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
