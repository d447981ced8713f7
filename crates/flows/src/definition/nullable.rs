//! `null` read as "not there": exports of every age write both.

use serde::{Deserialize, Deserializer};

/// The value, or its default where JSON says `null`.
pub fn nullable<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}
