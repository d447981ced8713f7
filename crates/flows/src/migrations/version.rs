//! Version numbers of the flow specification.

use std::fmt;

/// A version such as `14.4.2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// Changes with each new generation.
    pub major: u16,
    /// Changes when readers must change.
    pub minor: u16,
    /// Changes otherwise.
    pub patch: u16,
}

impl Version {
    /// A version from its parts.
    pub const fn new(major: u16, minor: u16, patch: u16) -> Self {
        Self { major, minor, patch }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl std::str::FromStr for Version {
    type Err = ();

    /// Reads one to three numbers; what is left out is 0.
    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = [0u16; 3];
        for (place, part) in text.split('.').enumerate() {
            *parts.get_mut(place).ok_or(())? = part.parse().map_err(|_| ())?;
        }
        Ok(Self::new(parts[0], parts[1], parts[2]))
    }
}
