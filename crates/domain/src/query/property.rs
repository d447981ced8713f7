//! What conditions can be about: attributes of contacts, kinds of address, fields.

use smol_str::SmolStr;

use super::errors::QueryError;
use crate::{Field, FieldType, FlowUuid, GroupUuid, Reference, urn};

/// A property that every contact has, whatever fields a workspace defines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Attribute {
    /// When they were first known.
    CreatedOn,
    /// The flow they are in.
    Flow,
    /// Groups they belong to.
    Group,
    /// Flows they have been in.
    History,
    /// Row number.
    Id,
    /// Language code.
    Language,
    /// When they last wrote.
    LastSeenOn,
    /// Name.
    Name,
    /// Public reference of anonymous workspaces.
    Ref,
    /// Whether we may talk with them.
    Status,
    /// Number of open tickets.
    Tickets,
    /// Any address.
    Urn,
    /// Public identifier.
    Uuid,
}

/// Every attribute by its key, in alphabetical order.
const ATTRIBUTES: &[(&str, Attribute)] = &[
    ("created_on", Attribute::CreatedOn),
    ("flow", Attribute::Flow),
    ("group", Attribute::Group),
    ("history", Attribute::History),
    ("id", Attribute::Id),
    ("language", Attribute::Language),
    ("last_seen_on", Attribute::LastSeenOn),
    ("name", Attribute::Name),
    ("ref", Attribute::Ref),
    ("status", Attribute::Status),
    ("tickets", Attribute::Tickets),
    ("urn", Attribute::Urn),
    ("uuid", Attribute::Uuid),
];

/// What values of a property are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text, a place, a code.
    Text,
    /// A decimal.
    Number,
    /// A moment.
    Moment,
    /// Not known, because the query is read without the workspace's fields.
    Unknown,
}

impl Attribute {
    fn parse(key: &str) -> Option<Self> {
        ATTRIBUTES.binary_search_by(|(name, _)| (*name).cmp(key)).ok().map(|at| ATTRIBUTES[at].1)
    }

    /// As written in queries.
    pub fn key(self) -> &'static str {
        ATTRIBUTES.iter().find(|(_, attribute)| *attribute == self).map_or("", |(key, _)| key)
    }

    fn kind(self) -> Kind {
        match self {
            Self::CreatedOn | Self::LastSeenOn => Kind::Moment,
            Self::Tickets => Kind::Number,
            Self::Flow
            | Self::Group
            | Self::History
            | Self::Id
            | Self::Language
            | Self::Name
            | Self::Ref
            | Self::Status
            | Self::Urn
            | Self::Uuid => Kind::Text,
        }
    }

    /// Whether a contact can be without it.
    fn can_be_unset(self) -> bool {
        match self {
            Self::CreatedOn | Self::Id | Self::Ref | Self::Status | Self::Tickets | Self::Uuid => false,
            Self::Flow
            | Self::Group
            | Self::History
            | Self::Language
            | Self::LastSeenOn
            | Self::Name
            | Self::Urn => true,
        }
    }

    /// Whether a group may be defined by it. Groups cannot depend on other groups or on what changes
    /// without a change of the contact.
    pub fn allowed_in_groups(self) -> bool {
        match self {
            Self::Flow | Self::Group | Self::History | Self::Id | Self::Ref | Self::Status => false,
            Self::CreatedOn
            | Self::Language
            | Self::LastSeenOn
            | Self::Name
            | Self::Tickets
            | Self::Urn
            | Self::Uuid => true,
        }
    }
}

/// A field as a query names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryField {
    /// Key.
    pub key: SmolStr,
    /// Name; empty if the query is read without the workspace's fields.
    pub name: SmolStr,
    /// What its values mean; `None` if that is not known.
    pub field_type: Option<FieldType>,
}

/// What a condition is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Property {
    /// A property of every contact.
    Attribute(Attribute),
    /// Addresses of one kind.
    Scheme(SmolStr),
    /// A field of the workspace.
    Field(QueryField),
}

/// How a query finds what it names in a workspace. Implemented by whatever holds the workspace's assets.
pub trait Resolver {
    /// The field of that key.
    fn field(&self, key: &str) -> Option<&Field>;
    /// The group of that name, whatever its case.
    fn group(&self, name: &str) -> Option<Reference<GroupUuid>>;
    /// The flow of that name, whatever its case.
    fn flow(&self, name: &str) -> Option<Reference<FlowUuid>>;
}

impl Property {
    /// Finds what a name means: an attribute, else a scheme, else a field.
    pub(super) fn resolve(name: &str, resolver: Option<&dyn Resolver>) -> Result<Self, QueryError> {
        let name = name.to_ascii_lowercase();
        let unknown = |key: &str| QueryError::UnknownProperty { property: key.into() };
        match name.split_once('.') {
            Some(("fields", key)) => field(key, resolver).ok_or_else(|| unknown(key)),
            Some(("urns", key)) if urn::is_scheme(key) => Ok(Self::Scheme(key.into())),
            Some(("urns", key)) => Err(unknown(key)),
            Some((kind, _)) => Err(QueryError::UnknownPropertyType { kind: kind.into() }),
            None => {
                if let Some(attribute) = Attribute::parse(&name) {
                    return Ok(Self::Attribute(attribute));
                }
                if urn::is_scheme(&name) {
                    return Ok(Self::Scheme(name.into()));
                }
                field(&name, resolver).ok_or_else(|| unknown(&name))
            }
        }
    }

    /// Key without what stands before the dot.
    pub fn key(&self) -> &str {
        match self {
            Self::Attribute(attribute) => attribute.key(),
            Self::Scheme(scheme) => scheme,
            Self::Field(field) => &field.key,
        }
    }

    /// What stands before the dot in canonical queries.
    pub(super) fn prefix(&self) -> &'static str {
        match self {
            Self::Attribute(_) => "",
            Self::Scheme(_) => "urns.",
            Self::Field(_) => "fields.",
        }
    }

    /// What its values are.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Attribute(attribute) => attribute.kind(),
            Self::Scheme(_) => Kind::Text,
            Self::Field(field) => match field.field_type {
                Some(FieldType::Number) => Kind::Number,
                Some(FieldType::Datetime) => Kind::Moment,
                Some(FieldType::Text | FieldType::State | FieldType::District | FieldType::Ward) => {
                    Kind::Text
                }
                None => Kind::Unknown,
            },
        }
    }

    /// Whether it is about addresses.
    pub fn is_address(&self) -> bool {
        matches!(self, Self::Scheme(_) | Self::Attribute(Attribute::Urn))
    }

    /// Whether a contact can be without it.
    pub(super) fn can_be_unset(&self) -> bool {
        match self {
            Self::Attribute(attribute) => attribute.can_be_unset(),
            Self::Scheme(_) | Self::Field(_) => true,
        }
    }
}

fn field(key: &str, resolver: Option<&dyn Resolver>) -> Option<Property> {
    let field = match resolver {
        Some(resolver) => {
            let field = resolver.field(key)?;
            QueryField {
                key: field.key.clone(),
                name: field.name.clone(),
                field_type: Some(field.field_type),
            }
        }
        None => QueryField { key: key.into(), name: SmolStr::default(), field_type: None },
    };
    Some(Property::Field(field))
}
