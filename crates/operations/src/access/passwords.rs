//! Passwords: hashed with Argon2id. Those that came from Django are checked as they are, and hashed anew when their user
//! proves to know them ([`crate::sign_in`]).

use std::num::NonZeroU32;

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::pbkdf2;

/// What stands in the place of a hash where no password fits.
pub(crate) const NO_PASSWORD: &str = "!";
/// How Django names its hashes.
const DJANGO: &str = "pbkdf2_sha256$";
/// Rounds that are done for a stored hash at most: ten times what Django does today.
const MAX_ROUNDS: u32 = 10_000_000;

/// The hash of a password, in PHC form.
pub(crate) fn hash(password: &str, salt: [u64; 2]) -> Result<String, String> {
    let salt: Vec<u8> = salt.iter().flat_map(|half| half.to_le_bytes()).collect();
    let hash = Argon2::default().hash_password_with_salt(password.as_bytes(), &salt);
    hash.map(|hash| hash.to_string()).map_err(|error| error.to_string())
}

/// Whether a password is the one that the stored hash was made of: one of ours, or
/// `pbkdf2_sha256$ROUNDS$SALT$KEY` as Django keeps it. What is neither fits no password.
pub fn check_password(password: &str, stored: &str) -> bool {
    match stored.strip_prefix(DJANGO) {
        Some(parts) => fits_django(password, parts).unwrap_or(false),
        None => PasswordHash::new(stored)
            .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok()),
    }
}

/// Whether a stored hash should be made anew when the password is known.
pub(crate) fn is_foreign(stored: &str) -> bool {
    stored.starts_with(DJANGO)
}

fn fits_django(password: &str, parts: &str) -> Option<bool> {
    let mut parts = parts.split('$');
    let (rounds, salt, key) = (parts.next()?, parts.next()?, parts.next()?);
    let rounds: NonZeroU32 = rounds.parse().ok()?;
    let key = STANDARD.decode(key).ok()?;
    if rounds.get() > MAX_ROUNDS || parts.next().is_some() {
        return None;
    }
    let checked =
        pbkdf2::verify(pbkdf2::PBKDF2_HMAC_SHA256, rounds, salt.as_bytes(), password.as_bytes(), &key);
    Some(checked.is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_of_django_are_checked() {
        // PBKDF2-HMAC-SHA-256 of "password" and "salt" with 4096 rounds and 32 bytes, as published with RFC 7914's
        // companions.
        let stored = "pbkdf2_sha256$4096$salt$xeR41ZKIyEGqUw22hFxMjZYok6ABzk4RpJY4c6qYE0o=";
        for (password, stored, expected) in [
            ("password", stored, true),
            ("Password", stored, false),
            ("", stored, false),
            ("password", "pbkdf2_sha256$4096$salt$", false),
            ("password", "pbkdf2_sha256$0$salt$xeR4", false),
            ("password", "pbkdf2_sha256$99999999$salt$xeR4", false),
            ("password", "pbkdf2_sha256$4096$salt", false),
            ("!", "!", false),
            ("", "", false),
        ] {
            assert_eq!(check_password(password, stored), expected, "{password:?} {stored}");
        }
        assert!(is_foreign(stored) && !is_foreign("$argon2id$v=19$"));
    }

    #[test]
    fn our_own_are_checked() {
        let stored = hash("correct horse", [1, 2]).expect("it is hashed");
        assert!(check_password("correct horse", &stored) && !check_password("wrong horse", &stored));
    }
}
