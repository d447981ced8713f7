//! Tests of results and of errors.

use expressions::Value;
use smol_str::SmolStr;

use super::{Match, Verdict};

/// `has_error`: the operand is an error. The match is its message.
pub(super) fn has_error(operand: &Value) -> Option<Match> {
    match operand {
        Value::Error(message) => Some(Match::of(message.as_ref())),
        _ => None,
    }
}

/// `has_category`, which old flows use: the category of a result is one of these.
pub(super) fn has_category(result: &Value, names: &[SmolStr]) -> Verdict {
    let category = result.to_object()?.get("category").map(|property| property.value.to_text());
    Ok(category.filter(|category| names.contains(category)).map(Match::of))
}
