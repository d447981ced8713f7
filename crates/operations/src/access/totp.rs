//! Codes of a device that change with the time: RFC 6238 with SHA-1, six digits and thirty seconds, which all authenticator
//! apps take. Pure: the moment comes in.

use jiff::Timestamp;
use ring::hmac;

/// Seconds of a step.
const STEP: i64 = 30;
/// Steps before and after the present one whose codes are taken: clocks differ, and people type.
const WINDOW: i64 = 1;
/// Bytes of a secret, as RFC 4226 recommends.
pub(super) const SECRET_BYTES: usize = 20;
/// The letters of base32 (RFC 4648).
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The step of whose code this is, if it is one of those that are taken now and no earlier than `after`: a code counts once.
pub(super) fn step_of(secret: &str, code: &str, now: Timestamp, after: i64) -> Option<i64> {
    let key = read_base32(secret)?;
    let code = code.trim();
    let present = now.as_second() / STEP;
    let mut found = None;
    // All of them, so that the time it takes says nothing.
    for step in present - WINDOW..=present + WINDOW {
        let same = ring_equal(code_at(&key, step).as_bytes(), code.as_bytes());
        if same && step > after && found.is_none() {
            found = Some(step);
        }
    }
    found
}

/// The code of a step.
fn code_at(key: &[u8], step: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let offset = usize::from(tag[tag.len() - 1] & 0xf);
    let four = [tag[offset] & 0x7f, tag[offset + 1], tag[offset + 2], tag[offset + 3]];
    format!("{:06}", u32::from_be_bytes(four) % 1_000_000)
}

/// Whether two texts are the same, in a time that does not say where they differ.
fn ring_equal(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

/// A secret as apps read it.
pub(super) fn base32(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    let (mut bits, mut count) = (0_u32, 0);
    for byte in bytes {
        bits = bits << 8 | u32::from(*byte);
        count += 8;
        while count >= 5 {
            count -= 5;
            text.push(char::from(ALPHABET[(bits >> count & 31) as usize]));
        }
    }
    if count > 0 {
        text.push(char::from(ALPHABET[(bits << (5 - count) & 31) as usize]));
    }
    text
}

fn read_base32(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 5 / 8);
    let (mut bits, mut count) = (0_u32, 0);
    for letter in text.bytes() {
        let value = ALPHABET.iter().position(|known| *known == letter.to_ascii_uppercase())?;
        bits = bits << 5 | u32::try_from(value).ok()?;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 255) as u8);
        }
    }
    Some(bytes)
}

/// The address that an app reads from a QR code.
pub(super) fn address(issuer: &str, email: &str, secret: &str) -> String {
    let escaped = |text: &str| {
        text.bytes()
            .map(|byte| match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                    char::from(byte).to_string()
                }
                other => format!("%{other:02X}"),
            })
            .collect::<String>()
    };
    let (issuer, email) = (escaped(issuer), escaped(email));
    format!(
        "otpauth://totp/{issuer}:{email}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits=6&period={STEP}"
    )
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{address, base32, code_at, read_base32, step_of};

    #[test]
    fn codes_are_those_of_the_rfc() {
        // RFC 6238, appendix B, the last six digits.
        let key = b"12345678901234567890";
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code_at(key, seconds / 30), code, "{seconds}");
            let now = Timestamp::from_second(seconds).unwrap();
            let secret = base32(key);
            assert_eq!(step_of(&secret, code, now, 0), Some(seconds / 30));
            assert_eq!(step_of(&secret, code, now, seconds / 30), None, "once");
            let late = Timestamp::from_second(seconds + 60).unwrap();
            assert_eq!(step_of(&secret, code, late, 0), None, "too late");
        }
    }

    #[test]
    fn base32_is_that_of_the_rfc() {
        // RFC 4648, section 10, without padding.
        for (plain, written) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(base32(plain.as_bytes()), written);
            assert_eq!(read_base32(written).as_deref(), Some(plain.as_bytes()));
        }
        assert_eq!(read_base32("1"), None);
        for bad in ["", "12345", "1234567", "abcdef"] {
            assert_eq!(step_of("MZXW6YTBOI", bad, Timestamp::from_second(59).unwrap(), 0), None, "{bad}");
        }
    }

    #[test]
    fn apps_are_given_an_address() {
        let expected = "otpauth://totp/Mothers%27%20line:a%2Bb%40c.d?secret=MY&issuer=Mothers%27%20line\
                        &algorithm=SHA1&digits=6&period=30";
        assert_eq!(address("Mothers' line", "a+b@c.d", "MY"), expected);
    }
}
