//! Contact groups: a set of people, chosen by hand or by a query.

use serde::{Deserialize, Deserializer, Serialize};
use smol_str::SmolStr;

use crate::GroupUuid;

/// A group of contacts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Public identifier.
    pub uuid: GroupUuid,
    /// Name shown to people.
    pub name: SmolStr,
    /// The contact query that decides who belongs; `None` for groups filled by hand. Exports may write such
    /// groups with an empty query.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "none_if_empty")]
    pub query: Option<SmolStr>,
}

fn none_if_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SmolStr>, D::Error> {
    Ok(Option::<SmolStr>::deserialize(deserializer)?.filter(|query| !query.trim().is_empty()))
}
