//! The language in which people and groups are described: `age > 18 AND (group = "Mothers" OR tel ~ 082)`.
//!
//! A query is read once ([`Query::parse`]) and evaluated many times ([`Query::matches`]): everything that
//! depends on the workspace (fields, groups, date order, time zone) is settled when it is read.

mod ast;
mod compile;
mod errors;
mod evaluate;
mod inspect;
mod lexer;
mod parser;
mod print;
mod property;
mod simplify;

use std::fmt;

use expressions::Environment;
use jiff::Timestamp;

pub use ast::{Comparator, Condition, Day, Node, Operand};
pub use errors::QueryError;
pub use evaluate::{Datum, Queryable, Searched, name_words};
pub use inspect::{FieldReference, GroupDependency, Inspection};
pub use property::{Attribute, Kind, Property, QueryField, Resolver};

use compile::Compiler;

/// Longest query, in characters.
pub const MAX_CHARS: usize = 10_000;
/// Most conditions in a query.
pub const MAX_CONDITIONS: usize = 250;
/// Deepest nesting of parentheses.
pub const MAX_DEPTH: usize = 100;
/// Shortest word that names are searched for, in characters.
pub const MIN_NAME_TOKEN: usize = 2;
/// How many characters of a word are compared when names are searched.
pub const MAX_NAME_PREFIX: usize = 8;
/// Shortest part of an address that can be searched for, in characters.
pub const MIN_URN_PART: usize = 3;

/// A query that was read and checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    root: Node,
    inspection: Inspection,
}

impl Query {
    /// Reads a query with the conventions of `env`. `now` decides the century of two-digit years. With a
    /// `resolver` all names must exist in the workspace; without one any field, group or flow is accepted.
    pub fn parse(
        text: &str,
        env: &Environment,
        now: Timestamp,
        resolver: Option<&dyn Resolver>,
    ) -> Result<Self, QueryError> {
        let text = text.trim();
        if text.chars().count() > MAX_CHARS {
            return Err(QueryError::TooComplex);
        }
        let compiler = Compiler { env, now, resolver };
        let root = match compiler.whole(text)? {
            Some(condition) => Node::Condition(Box::new(condition)),
            None => parser::parse(text, &compiler)?.simplified(),
        };
        let inspection = root.inspect();
        Ok(Self { root, inspection })
    }

    /// Whether the subject fits. A [`Contact`](crate::Contact) is seen as groups may see it; use [`Searched`] to
    /// find people.
    pub fn matches(&self, subject: &dyn Queryable) -> bool {
        self.root.matches(subject)
    }

    /// The tree of conditions.
    pub fn root(&self) -> &Node {
        &self.root
    }

    /// What the query depends on.
    pub fn inspection(&self) -> &Inspection {
        &self.inspection
    }

    /// Whether a change of the field of that key can change the answer.
    pub fn depends_on_field(&self, key: &str) -> bool {
        self.inspection.fields.iter().any(|field| field.key == key)
    }

    /// Whether a change of that attribute can change the answer.
    pub fn depends_on_attribute(&self, attribute: Attribute) -> bool {
        self.inspection.attributes.contains(attribute.key())
    }

    /// Whether a change of the contact's addresses can change the answer.
    pub fn depends_on_addresses(&self) -> bool {
        !self.inspection.schemes.is_empty() || self.depends_on_attribute(Attribute::Urn)
    }
}

/// The canonical text.
impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root.fmt(f)
    }
}

#[cfg(test)]
mod tests;
