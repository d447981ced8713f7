//! Test of membership.

use expressions::{Fault, Value};

use super::{Match, Verdict};

/// `has_group`: one of the groups (objects with `uuid` and `name`) is the one with that identifier. A contact
/// stands for its groups.
pub(super) fn has_group(operand: &Value, uuid: &str) -> Verdict {
    let groups = match operand {
        Value::Object(contact) => contact.get("groups").map_or(operand, |property| &property.value),
        other => other,
    };
    for group in groups.to_array()? {
        if let Value::Error(message) = group {
            return Err(Fault(message.clone()));
        }
        let found = group.to_object()?.get("uuid").map(|property| property.value.to_text());
        if found.is_some_and(|found| found == uuid) {
            return Ok(Some(Match::of(group.clone())));
        }
    }
    Ok(None)
}
