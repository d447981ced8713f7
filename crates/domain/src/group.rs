//! Contact groups: a set of people, chosen by hand or by a query.

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::GroupUuid;

/// A group of contacts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Public identifier.
    pub uuid: GroupUuid,
    /// Name shown to people.
    pub name: SmolStr,
    /// The contact query that decides who belongs; `None` for groups filled by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<SmolStr>,
}
