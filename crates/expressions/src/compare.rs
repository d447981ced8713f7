//! Equality and order of values of the same kind.

use std::cmp::Ordering;

use crate::value::{Object, Value};

/// Values that a comparison looks at. Arrays that share their items can stand for far more than fit in memory;
/// beyond this they count as different.
const MAX_COMPARED: usize = 1_000_000;

impl Value {
    /// Strict equality: same kind, same content. Datetimes by instant, functions by name, errors by message.
    pub fn equals(&self, other: &Value) -> bool {
        self.equals_within(other, &mut { MAX_COMPARED })
    }

    fn equals_within(&self, other: &Value, remaining: &mut usize) -> bool {
        if *remaining == 0 {
            return false;
        }
        *remaining -= 1;
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Text(left), Self::Text(right)) => left == right,
            (Self::Number(left), Self::Number(right)) => left == right,
            (Self::Boolean(left), Self::Boolean(right)) => left == right,
            (Self::Date(left), Self::Date(right)) => left == right,
            (Self::Time(left), Self::Time(right)) => left == right,
            (Self::DateTime(left), Self::DateTime(right)) => left.timestamp() == right.timestamp(),
            (Self::Array(left), Self::Array(right)) => {
                left.len() == right.len()
                    && left.iter().zip(right.iter()).all(|(a, b)| a.equals_within(b, remaining))
            }
            (Self::Object(left), Self::Object(right)) => objects(left, right, remaining),
            (Self::Function(left), Self::Function(right)) => left.name() == right.name(),
            (Self::Error(left), Self::Error(right)) => left == right,
            _ => false,
        }
    }

    /// The order of two values of the same kind; null comes before everything. `None` if they have no order.
    pub fn compare(&self, other: &Value) -> Option<Ordering> {
        Some(match (self, other) {
            (Self::Null, Self::Null) => Ordering::Equal,
            (Self::Null, _) => Ordering::Less,
            (_, Self::Null) => Ordering::Greater,
            (Self::Text(left), Self::Text(right)) => left.cmp(right),
            (Self::Number(left), Self::Number(right)) => left.cmp(right),
            (Self::Boolean(left), Self::Boolean(right)) => left.cmp(right),
            (Self::Date(left), Self::Date(right)) => left.cmp(right),
            (Self::Time(left), Self::Time(right)) => left.cmp(right),
            (Self::DateTime(left), Self::DateTime(right)) => left.timestamp().cmp(&right.timestamp()),
            _ => return None,
        })
    }
}

fn objects(left: &Object, right: &Object, remaining: &mut usize) -> bool {
    let defaults = match (&left.default, &right.default) {
        (None, None) => true,
        (Some(left), Some(right)) => left.equals_within(right, remaining),
        _ => false,
    };
    defaults
        && left.properties.len() == right.properties.len()
        && left.properties.iter().all(|(name, property)| {
            right.get(name).is_some_and(|other| property.value.equals_within(&other.value, remaining))
        })
}
