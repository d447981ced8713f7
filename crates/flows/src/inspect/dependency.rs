//! Things outside a flow that it needs.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use smol_str::SmolStr;

/// What kind of thing is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DependencyKind {
    /// A channel.
    Channel,
    /// A single contact. Contacts come and go, so they never count as missing.
    Contact,
    /// A contact field.
    Field,
    /// Another flow.
    Flow,
    /// A value all flows share.
    Global,
    /// A group.
    Group,
    /// A label.
    Label,
    /// A language model.
    Llm,
    /// A carrier-approved text.
    Template,
    /// The subject of tickets.
    Topic,
    /// A person of the console.
    User,
}

impl DependencyKind {
    /// The name, as reports write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Channel => "channel",
            Self::Contact => "contact",
            Self::Field => "field",
            Self::Flow => "flow",
            Self::Global => "global",
            Self::Group => "group",
            Self::Label => "label",
            Self::Llm => "llm",
            Self::Template => "template",
            Self::Topic => "topic",
            Self::User => "user",
        }
    }

    /// Whether such things are named by a key instead of a UUID.
    pub fn has_key(self) -> bool {
        matches!(self, Self::Field | Self::Global)
    }
}

/// A thing outside a flow that it needs.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Dependency {
    /// What kind.
    pub kind: DependencyKind,
    /// Its UUID, or the key of a field or global.
    pub id: SmolStr,
    /// Its name, where the flow gives it.
    pub name: SmolStr,
}

impl Dependency {
    /// The members of the report form: `uuid` or `key`, `name`, `type`.
    pub(super) fn members<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry(if self.kind.has_key() { "key" } else { "uuid" }, &self.id)?;
        map.serialize_entry("name", &self.name)?;
        map.serialize_entry("type", self.kind.name())
    }
}

impl Serialize for Dependency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        self.members(&mut map)?;
        map.end()
    }
}
