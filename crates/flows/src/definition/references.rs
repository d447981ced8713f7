//! How a definition names what lives outside it.

use serde::{Deserialize, Deserializer, Serialize, de::Error};
use smol_str::SmolStr;

use super::nullable::nullable;

/// `{"uuid": …, "name": …}`; the name is empty where the definition has none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Reference<Id> {
    /// Public identifier.
    pub uuid: Id,
    /// Name when the definition was written.
    #[serde(default, deserialize_with = "nullable")]
    pub name: SmolStr,
}

impl<Id: Copy> Reference<Id> {
    /// The same reference in the form that events carry.
    pub fn to_domain(&self) -> domain::Reference<Id> {
        domain::Reference { uuid: self.uuid, name: self.name.clone() }
    }
}

/// A contact field, named by its key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FieldReference {
    /// Key, such as `due_date`.
    #[serde(default, deserialize_with = "nullable")]
    pub key: SmolStr,
    /// Name when the definition was written.
    #[serde(default, deserialize_with = "nullable")]
    pub name: SmolStr,
}

/// A group or label: a fixed one, or the one whose name a template gives at run time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum VariableReference<Id> {
    /// `{"uuid", "name"}`
    Fixed(Reference<Id>),
    /// `{"name_match": template}`
    Match(SmolStr),
}

impl<'de, Id: Deserialize<'de>> Deserialize<'de> for VariableReference<Id> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Raw<Id> {
            uuid: Option<Id>,
            name: Option<SmolStr>,
            name_match: Option<SmolStr>,
        }
        let raw = Raw::<Id>::deserialize(deserializer)?;
        match (raw.uuid, raw.name_match) {
            (Some(uuid), None) => Ok(Self::Fixed(Reference { uuid, name: raw.name.unwrap_or_default() })),
            (None, Some(template)) => Ok(Self::Match(template)),
            (Some(_), Some(_)) => {
                Err(D::Error::custom("a reference has either 'uuid' or 'name_match', not both"))
            }
            (None, None) => Err(D::Error::custom("a reference needs 'uuid' or 'name_match'")),
        }
    }
}

/// A person of the console, who may be named by a template that gives their e-mail address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
pub struct UserReference {
    /// Public identifier.
    pub uuid: Option<domain::UserUuid>,
    /// Name when the definition was written.
    #[serde(default, deserialize_with = "nullable")]
    pub name: SmolStr,
    /// Template of their e-mail address; empty if they are named by identifier.
    #[serde(default, alias = "email_match", deserialize_with = "nullable")]
    pub email: SmolStr,
}
