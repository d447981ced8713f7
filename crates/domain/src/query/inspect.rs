//! What a query depends on: for checking groups, for re-evaluating only what a change touches, for authors.

use std::collections::BTreeSet;

use serde::{Serialize, Serializer, ser::SerializeMap};
use smol_str::SmolStr;

use super::{
    ast::{Node, Operand},
    property::{Attribute, Property},
};
use crate::{GroupUuid, Reference};

/// A field by key, with its name if the query was read with the workspace's fields.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct FieldReference {
    /// Key.
    pub key: SmolStr,
    /// Name, or empty.
    pub name: SmolStr,
}

/// A group as a query names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupDependency {
    /// A group of the workspace.
    Known(Reference<GroupUuid>),
    /// The group that will have that name.
    Named(SmolStr),
}

impl Serialize for GroupDependency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Known(reference) => reference.serialize(serializer),
            Self::Named(name) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("name_match", name)?;
                map.end()
            }
        }
    }
}

/// Everything that a query names. Lists are in alphabetical order, groups in the order of the query.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Inspection {
    /// Keys of attributes.
    pub attributes: BTreeSet<&'static str>,
    /// Schemes of addresses.
    pub schemes: BTreeSet<SmolStr>,
    /// Fields.
    pub fields: BTreeSet<FieldReference>,
    /// Groups.
    pub groups: Vec<GroupDependency>,
    /// Whether a group may be defined by this query.
    pub allow_as_group: bool,
}

impl Node {
    /// What this part depends on.
    pub fn inspect(&self) -> Inspection {
        let mut inspection = Inspection { allow_as_group: true, ..Inspection::default() };
        self.collect(&mut inspection);
        inspection
    }

    fn collect(&self, found: &mut Inspection) {
        let condition = match self {
            Node::Condition(condition) => condition,
            Node::All(parts) | Node::Any(parts) => return parts.iter().for_each(|part| part.collect(found)),
        };
        match &condition.property {
            Property::Attribute(attribute) => {
                found.attributes.insert(attribute.key());
                found.allow_as_group &= attribute.allowed_in_groups();
                let group = match &condition.operand {
                    Operand::Group(group) => Some(GroupDependency::Known(group.clone())),
                    Operand::Text(_) if *attribute == Attribute::Group => {
                        Some(GroupDependency::Named(condition.value.clone()))
                    }
                    _ => None,
                };
                if let Some(group) = group
                    && !found.groups.contains(&group)
                {
                    found.groups.push(group);
                }
            }
            Property::Scheme(scheme) => {
                found.schemes.insert(scheme.clone());
            }
            Property::Field(field) => {
                found.fields.insert(FieldReference { key: field.key.clone(), name: field.name.clone() });
            }
        }
    }
}
