//! A query as a tree of conditions.

use expressions::Number;
use jiff::Timestamp;
use smol_str::SmolStr;

use super::property::Property;
use crate::{FlowUuid, GroupUuid, Reference};

/// How a property is compared with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparator {
    /// `=` or `is`
    Equal,
    /// `!=`
    NotEqual,
    /// `~` or `has`
    Contains,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Comparator {
    /// Reads a comparator, whatever its case.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text.to_ascii_lowercase().as_str() {
            "=" | "is" => Self::Equal,
            "!=" => Self::NotEqual,
            "~" | "has" => Self::Contains,
            "<" => Self::Less,
            "<=" => Self::LessOrEqual,
            ">" => Self::Greater,
            ">=" => Self::GreaterOrEqual,
            _ => return None,
        })
    }

    /// As printed in canonical queries.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Contains => "~",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }

    /// Whether it asks for an order.
    pub fn is_ordering(self) -> bool {
        match self {
            Self::Less | Self::LessOrEqual | Self::Greater | Self::GreaterOrEqual => true,
            Self::Equal | Self::NotEqual | Self::Contains => false,
        }
    }
}

/// A calendar day in the zone of the workspace, as moments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    /// First moment of the day.
    pub start: Timestamp,
    /// First moment of the next day.
    pub end: Timestamp,
}

/// A condition's value, prepared so that evaluation needs no parsing.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// `""`: asks whether the property is set.
    Nothing,
    /// Text in lower case.
    Text(SmolStr),
    /// Words in lower case, any of which a word of the name may begin with.
    Words(Vec<SmolStr>),
    /// A decimal.
    Number(Number),
    /// A day.
    Day(Day),
    /// A value for a property whose type is not known; compared as what it can be read as.
    Untyped {
        /// In lower case.
        text: SmolStr,
        /// As a decimal.
        number: Option<Number>,
        /// As a day.
        day: Option<Day>,
    },
    /// A group.
    Group(Reference<GroupUuid>),
    /// A flow.
    Flow(Reference<FlowUuid>),
}

/// `property comparator value`
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// What is compared.
    pub property: Property,
    /// How.
    pub comparator: Comparator,
    /// With what, as written.
    pub value: SmolStr,
    /// With what, prepared.
    pub operand: Operand,
}

/// A part of a query.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// A single condition.
    Condition(Box<Condition>),
    /// All parts must hold.
    All(Vec<Node>),
    /// One part must hold.
    Any(Vec<Node>),
}
