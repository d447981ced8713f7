//! Addresses of contacts: `scheme:path`, such as `tel:+250788123123` or `webchat:5f3a…`.

use std::fmt;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use thiserror::Error;

/// Why a text is not an address.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UrnError {
    /// There is no `scheme:` in front.
    #[error("an address needs a scheme, as in 'tel:+250788123123'")]
    NoScheme,
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

/// An address, `scheme:path?query#display`, kept as its parts.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Urn {
    /// Lower-case scheme.
    pub scheme: SmolStr,
    /// Path within the scheme.
    pub path: SmolStr,
    /// Name shown instead of the path, if the carrier gave one.
    pub display: Option<SmolStr>,
}

impl fmt::Display for Urn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.scheme, self.path)?;
        match &self.display {
            Some(display) => write!(f, "#{display}"),
            None => Ok(()),
        }
    }
}

impl std::str::FromStr for Urn {
    type Err = UrnError;

    fn from_str(text: &str) -> Result<Self, UrnError> {
        let (scheme, rest) = text.split_once(':').ok_or(UrnError::NoScheme)?;
        let (rest, display) = match rest.split_once('#') {
            Some((rest, display)) => (rest, Some(SmolStr::from(display))),
            None => (rest, None),
        };
        let path = rest.split_once('?').map_or(rest, |(path, _)| path);
        Ok(Self { scheme: scheme.to_lowercase().into(), path: path.into(), display })
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
