//! Which groups a change of a contact can touch: the queries of groups, found by what they ask about instead of gone
//! through one by one at each change.

use std::collections::BTreeMap;

use domain::{Query, query::Attribute};
use smol_str::SmolStr;

/// What changed of a contact.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Touched<'a> {
    /// It is not known what.
    Anything,
    /// An attribute.
    Attribute(Attribute),
    /// The field of this key.
    Field(&'a str),
    /// Their addresses.
    Addresses,
}

/// Places of queries by what they depend on, each list in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct GroupIndex {
    all: Vec<usize>,
    attributes: BTreeMap<SmolStr, Vec<usize>>,
    fields: BTreeMap<SmolStr, Vec<usize>>,
    addresses: Vec<usize>,
    /// Queries that cannot be read: their groups have no members, whatever changes.
    unreadable: Vec<usize>,
}

impl GroupIndex {
    /// The index over the queries in their order.
    pub fn new<'q>(queries: impl Iterator<Item = Option<&'q Query>>) -> Self {
        let mut index = Self::default();
        for (place, query) in queries.enumerate() {
            index.all.push(place);
            let Some(query) = query else {
                index.unreadable.push(place);
                continue;
            };
            let asked = query.inspection();
            for attribute in &asked.attributes {
                index.attributes.entry(SmolStr::new(attribute)).or_default().push(place);
            }
            for field in &asked.fields {
                index.fields.entry(field.key.clone()).or_default().push(place);
            }
            if query.depends_on_addresses() {
                index.addresses.push(place);
            }
        }
        index
    }

    /// The places of queries whose answer a change can change.
    pub fn touched(&self, by: Touched<'_>) -> &[usize] {
        let found = match by {
            Touched::Anything => Some(&self.all),
            Touched::Attribute(attribute) => self.attributes.get(attribute.key()),
            Touched::Field(key) => self.fields.get(key),
            Touched::Addresses => Some(&self.addresses),
        };
        found.map(Vec::as_slice).unwrap_or_default()
    }

    /// The places of queries that cannot be read.
    pub fn unreadable(&self) -> &[usize] {
        &self.unreadable
    }
}
