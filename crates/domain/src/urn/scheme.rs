//! The kinds of address: what a path of each may look like and in which one way it is written.

use std::sync::LazyLock;

use smol_str::SmolStr;

use super::{MAX_PATH, UrnError};
use crate::phone;

/// What a path must look like.
#[derive(Clone, Copy)]
enum Form {
    /// A phone number, a short code or an alphanumeric sender.
    Phone,
    /// `local@host`.
    Email,
    /// Digits only.
    Digits,
    /// Digits, or digits behind a country code and a dot, as WhatsApp gives people without a number.
    WhatsApp,
    /// `CC.` and letters or digits: WhatsApp's name for a person within a business.
    BusinessScoped,
    /// Digits, or `ref:` and what the link carried.
    Facebook,
    /// Up to 15 letters, digits and underscores.
    Handle,
    /// Up to 24 characters of Base64.
    Viber,
    /// Letters and digits, perhaps with an e-mail behind a colon.
    WebChat,
    /// `uuid/uuid`.
    UuidPair,
    /// Anything that is not blank.
    Any,
}

/// Each scheme with its form, in alphabetical order. Source: the schemes RapidPro knows, for imports.
const FORMS: &[(&str, Form)] = &[
    ("bsuid", Form::BusinessScoped),
    ("discord", Form::Digits),
    ("ext", Form::Any),
    ("facebook", Form::Facebook),
    ("fcm", Form::Any),
    ("freshchat", Form::UuidPair),
    ("instagram", Form::Digits),
    ("jiochat", Form::Any),
    ("line", Form::Any),
    ("mailto", Form::Email),
    ("rocketchat", Form::Any),
    ("slack", Form::Any),
    ("tel", Form::Phone),
    ("telegram", Form::Digits),
    ("twitter", Form::Handle),
    ("twitterid", Form::Digits),
    ("viber", Form::Viber),
    ("vk", Form::Digits),
    ("webchat", Form::WebChat),
    ("wechat", Form::Any),
    ("whatsapp", Form::WhatsApp),
];

/// The scheme that only old imports have: it is accepted, but templates do not list it.
const RETIRED: &str = "discord";

/// Names of the schemes that templates see under `@urns`, in alphabetical order.
pub static SCHEMES: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| FORMS.iter().map(|(name, _)| *name).filter(|name| *name != RETIRED).collect());

/// Whether `name` (lower case) is a scheme.
pub fn is_scheme(name: &str) -> bool {
    form(name).is_some()
}

fn form(scheme: &str) -> Option<Form> {
    FORMS.binary_search_by(|(name, _)| (*name).cmp(scheme)).ok().map(|at| FORMS[at].1)
}

/// The one way of writing `path`; unknown schemes only lose surrounding space.
pub(super) fn normalize(scheme: &str, path: &str, country: Option<&str>) -> SmolStr {
    let path = path.trim();
    match form(scheme) {
        Some(Form::Phone) => phone::normalize(path, country),
        Some(Form::Email) => path.to_lowercase().into(),
        Some(Form::Handle) => path.trim_start_matches('@').to_lowercase().into(),
        Some(Form::WhatsApp) => path.trim_start_matches('+').into(),
        Some(
            Form::Digits
            | Form::BusinessScoped
            | Form::Facebook
            | Form::Viber
            | Form::WebChat
            | Form::UuidPair
            | Form::Any,
        )
        | None => path.into(),
    }
}

/// Checks a normalised path against its scheme.
pub(super) fn validate(scheme: &str, path: &str) -> Result<(), UrnError> {
    let Some(form) = form(scheme) else { return Err(UrnError::UnknownScheme { scheme: scheme.into() }) };
    let wrong = |reason| Err(UrnError::InvalidPath { scheme: scheme.into(), path: path.into(), reason });
    if path.trim().is_empty() {
        return wrong("it is empty");
    }
    if path.len() > MAX_PATH {
        return wrong("it is longer than 255 bytes");
    }
    match shape_error(form, path) {
        Some(reason) => wrong(reason),
        None => Ok(()),
    }
}

/// What is wrong with the shape of a path, if anything.
fn shape_error(form: Form, path: &str) -> Option<&'static str> {
    let (fits, reason) = match form {
        Form::Phone => (is_phone(path), "write + and up to 15 digits, a short code or a sender name"),
        Form::Email => (is_email(path), "write it as name@host"),
        Form::Digits => (is_digits(path), "use digits only"),
        Form::WhatsApp => {
            (is_digits(path) || is_business_scoped(path), "use digits only, with the country code")
        }
        Form::BusinessScoped => (is_business_scoped(path), "write a country code, a dot and the identifier"),
        Form::Facebook => (is_digits(path) || path.len() > 4 && path.starts_with("ref:"), "use digits only"),
        Form::Handle => {
            (path.len() <= 15 && path.bytes().all(is_word), "use up to 15 letters, digits or underscores")
        }
        Form::Viber => {
            let fits = |byte: u8| is_word(byte) || matches!(byte, b'=' | b'/' | b'+');
            (path.len() <= 24 && path.bytes().all(fits), "use up to 24 characters of Base64")
        }
        Form::WebChat => (is_web_chat(path), "use 24 letters or digits, then perhaps a colon and an e-mail"),
        Form::UuidPair => (is_uuid_pair(path), "write two UUIDs with a slash between"),
        Form::Any => (true, ""),
    };
    (!fits).then_some(reason)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn is_digits(path: &str) -> bool {
    !path.is_empty() && path.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_phone(path: &str) -> bool {
    let rest = path.strip_prefix('+').unwrap_or(path);
    (1..=64).contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn is_email(path: &str) -> bool {
    let allowed = |char: char| !char.is_whitespace() && !matches!(char, '@' | ',' | ';' | '<' | '>');
    path.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && !host.is_empty() && name.chars().all(allowed) && host.chars().all(allowed)
    })
}

fn is_business_scoped(path: &str) -> bool {
    path.split_once('.').is_some_and(|(country, id)| {
        country.len() == 2
            && country.bytes().all(|byte| byte.is_ascii_uppercase())
            && !id.is_empty()
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

fn is_web_chat(path: &str) -> bool {
    let (id, email) = path.split_once(':').map_or((path, None), |(id, email)| (id, Some(email)));
    id.len() == 24 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()) && email.is_none_or(is_email)
}

fn is_uuid_pair(path: &str) -> bool {
    path.split_once('/').is_some_and(|(left, right)| {
        uuid::Uuid::try_parse(left).is_ok() && uuid::Uuid::try_parse(right).is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_are_in_order_so_that_they_can_be_searched() {
        assert!(SCHEMES.is_sorted());
        assert!(FORMS.iter().all(|(name, _)| is_scheme(name)) && !is_scheme("sms"));
    }
}
