//! `null` and empty identifiers read as "not there": exports of every age write them.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, de::Error};
use uuid::Uuid;

/// The value, or its default where JSON says `null`.
pub fn nullable<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// The identifier; `None` where JSON says `null` or the empty text.
pub fn optional_uuid<'de, D, Id>(deserializer: D) -> Result<Option<Id>, D::Error>
where
    D: Deserializer<'de>,
    Id: From<Uuid>,
{
    #[derive(Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
    match Option::<Text<'_>>::deserialize(deserializer)? {
        Some(Text(text)) if !text.is_empty() => match Uuid::try_parse(&text) {
            Ok(uuid) => Ok(Some(uuid.into())),
            Err(error) => Err(D::Error::custom(error)),
        },
        Some(_) | None => Ok(None),
    }
}
