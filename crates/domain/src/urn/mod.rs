//! Addresses of contacts: `scheme:path`, such as `tel:+250788123123` or `webchat:5f3a…`.
//!
//! Two addresses are the same if scheme and path are the same ([`Urn::identity`]); the display name that
//! some carriers give is only for people. [`Urn::normalized`] is what every address passes before it is
//! stored, so that one phone number is always written in one way.

mod format;
mod scheme;

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use thiserror::Error;

pub use format::REDACTED;
pub use scheme::{SCHEMES, is_scheme};

/// Longest path that is stored, in bytes.
pub const MAX_PATH: usize = 255;

/// Why a text is not an address.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UrnError {
    /// There is no `scheme:` in front.
    #[error("an address needs a scheme, as in 'tel:+250788123123'")]
    NoScheme,
    /// The scheme is not one we know.
    #[error(
        "'{scheme}' is not a kind of address; use one of tel, whatsapp, mailto, telegram, webchat, ext …"
    )]
    UnknownScheme {
        /// What was given.
        scheme: SmolStr,
    },
    /// The path does not fit the scheme.
    #[error("'{path}' is not a valid address of scheme '{scheme}': {reason}")]
    InvalidPath {
        /// The scheme.
        scheme: SmolStr,
        /// What was given.
        path: SmolStr,
        /// What is wrong with it.
        reason: &'static str,
    },
}

/// An address, `scheme:path#display`, kept as its parts.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Urn {
    /// Lower-case scheme.
    pub scheme: SmolStr,
    /// Path within the scheme.
    pub path: SmolStr,
    /// Name shown instead of the path, if the carrier gave one.
    pub display: Option<SmolStr>,
}

/// The parts of an address as written: `scheme`, `path`, `query` and `display`.
pub(crate) struct Parts<'a> {
    pub scheme: &'a str,
    pub path: &'a str,
    pub query: Option<&'a str>,
    pub display: Option<&'a str>,
}

/// Splits `scheme:path?query#display` without judging the parts.
pub(crate) fn split(text: &str) -> Result<Parts<'_>, UrnError> {
    let (scheme, rest) = text.split_once(':').ok_or(UrnError::NoScheme)?;
    if scheme.is_empty() || rest.is_empty() {
        return Err(UrnError::NoScheme);
    }
    let (rest, display) = match rest.split_once('#') {
        Some((rest, display)) => (rest, Some(display)),
        None => (rest, None),
    };
    let (path, query) = match rest.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (rest, None),
    };
    Ok(Parts { scheme, path, query, display: display.filter(|display| !display.is_empty()) })
}

impl Urn {
    /// An address of parts that are already in order, such as those read from the store.
    pub fn new(scheme: impl Into<SmolStr>, path: impl Into<SmolStr>) -> Self {
        Self { scheme: scheme.into(), path: path.into(), display: None }
    }

    /// The same address with the name the carrier shows for it.
    pub fn with_display(mut self, display: impl Into<SmolStr>) -> Self {
        let display = display.into();
        self.display = (!display.is_empty()).then_some(display);
        self
    }

    /// What makes an address the same as another: `scheme:path` without the display name.
    pub fn identity(&self) -> SmolStr {
        smol_str::format_smolstr!("{}:{}", self.scheme, escape(&self.path))
    }

    /// Whether both name the same address, whatever is displayed.
    pub fn is_same(&self, other: &Urn) -> bool {
        self.scheme == other.scheme && self.path == other.path
    }

    /// The one way of writing this address: phone numbers in E.164 (local ones are read as numbers of
    /// `country`, an ISO 3166 alpha-2 code), e-mails and handles in lower case, no spaces around.
    pub fn normalized(&self, country: Option<&str>) -> Urn {
        Urn {
            scheme: self.scheme.trim().to_lowercase().into(),
            path: scheme::normalize(&self.scheme.to_lowercase(), &self.path, country),
            display: self.display.as_ref().map(|display| SmolStr::from(display.trim())),
        }
    }

    /// Whether the scheme is known and the path has its form.
    pub fn validate(&self) -> Result<(), UrnError> {
        scheme::validate(&self.scheme, &self.path)
    }

    /// Reads, normalises and checks an address that came from outside.
    pub fn parse(text: &str, country: Option<&str>) -> Result<Urn, UrnError> {
        let urn = text.parse::<Urn>()?.normalized(country);
        urn.validate()?;
        Ok(urn)
    }
}

/// Writes the characters that separate the parts of an address as `%23`, `%25` and `%3F`.
fn escape(path: &str) -> Cow<'_, str> {
    if !path.contains(['#', '%', '?']) {
        return Cow::Borrowed(path);
    }
    Cow::Owned(path.replace('%', "%25").replace('#', "%23").replace('?', "%3F"))
}

/// Reads what [`escape`] wrote.
fn unescape(path: &str) -> Cow<'_, str> {
    if !path.contains('%') {
        return Cow::Borrowed(path);
    }
    Cow::Owned(path.replace("%23", "#").replace("%3F", "?").replace("%3f", "?").replace("%25", "%"))
}

impl fmt::Display for Urn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.scheme, escape(&self.path))?;
        match &self.display {
            Some(display) => write!(f, "#{display}"),
            None => Ok(()),
        }
    }
}

impl std::str::FromStr for Urn {
    type Err = UrnError;

    fn from_str(text: &str) -> Result<Self, UrnError> {
        let parts = split(text)?;
        if parts.path.is_empty() {
            let (scheme, path) = (parts.scheme.into(), text.into());
            return Err(UrnError::InvalidPath { scheme, path, reason: "nothing follows the scheme" });
        }
        Ok(Self {
            scheme: parts.scheme.to_lowercase().into(),
            path: unescape(parts.path).into(),
            display: parts.display.map(SmolStr::from),
        })
    }
}

impl Serialize for Urn {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Urn {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = SmolStr::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_path_is_no_address() {
        for text in ["tel", "tel:", ":1", "tel:?id=1", "tel:#ann", "tel:?#"] {
            assert!(text.parse::<Urn>().is_err(), "{text}");
        }
    }

    #[test]
    fn reads_and_writes_parts() {
        let urn: Urn = "telegram:12345?id=3#zodwa".parse().unwrap();
        assert_eq!(
            (urn.scheme.as_str(), urn.path.as_str(), urn.display.as_deref()),
            ("telegram", "12345", Some("zodwa"))
        );
        assert_eq!(urn.to_string(), "telegram:12345#zodwa");
        assert_eq!(urn.identity(), "telegram:12345");
        assert!(urn.is_same(&Urn::new("telegram", "12345")));
        assert_eq!("EXT:a%23b".parse::<Urn>().unwrap(), Urn::new("ext", "a#b"));
        assert_eq!(Urn::new("ext", "a#b").to_string(), "ext:a%23b");
        for bad in ["", "tel", ":12", "tel:"] {
            assert_eq!(bad.parse::<Urn>(), Err(UrnError::NoScheme), "{bad}");
        }
    }

    #[test]
    fn normalises_by_scheme() {
        for (given, country, expected) in [
            ("tel:082 123 4567", Some("ZA"), "tel:+27821234567"),
            ("TEL:+27 (82) 123-4567", None, "tel:+27821234567"),
            ("tel:27821234567", Some("RW"), "tel:+27821234567"),
            ("tel:30123", Some("ZA"), "tel:30123"),
            ("tel:MomConnect", None, "tel:momconnect"),
            ("mailto: Zodwa@Example.ORG ", None, "mailto:zodwa@example.org"),
            ("twitter:@Zodwa", None, "twitter:zodwa"),
            ("whatsapp:+27821234567", None, "whatsapp:27821234567"),
        ] {
            assert_eq!(Urn::parse(given, country).unwrap().to_string(), expected, "{given}");
        }
    }

    #[test]
    fn refuses_what_does_not_fit() {
        for bad in
            ["tel:👍", "mailto:nobody", "telegram:bob", "xyz:12345", "facebook:me", "twitter:a b", "ext: "]
        {
            assert!(Urn::parse(bad, None).is_err(), "{bad}");
        }
    }
}
