//! Decisions and tests of any value.

use crate::{Builtin, Evaluation, Value};

pub(super) const BUILTINS: &[Builtin] = &[
    Builtin::at_least("and", 1, and),
    Builtin::exactly("boolean", 1, boolean),
    Builtin::exactly("default", 2, default).accepting_errors(),
    Builtin::exactly("if", 3, if_).accepting_errors(),
    Builtin::exactly("is_error", 1, is_error).accepting_errors(),
    Builtin::at_least("or", 1, or),
];

fn and(_: &Evaluation<'_>, values: &[Value]) -> Value {
    Value::Boolean(values.iter().all(Value::truthy))
}

fn or(_: &Evaluation<'_>, values: &[Value]) -> Value {
    Value::Boolean(values.iter().any(Value::truthy))
}

fn boolean(_: &Evaluation<'_>, values: &[Value]) -> Value {
    Value::Boolean(values[0].truthy())
}

/// The first value, or the second if the first is an error or has no text.
fn default(_: &Evaluation<'_>, values: &[Value]) -> Value {
    let empty = match &values[0] {
        Value::Error(_) | Value::Null => true,
        Value::Array(_) | Value::Object(_) => values[0].to_text().is_empty(),
        other => matches!(other, Value::Text(text) if text.is_empty()),
    };
    values[usize::from(empty)].clone()
}

/// The chosen branch; that the other one is an error does not matter.
fn if_(_: &Evaluation<'_>, values: &[Value]) -> Value {
    match &values[0] {
        error @ Value::Error(_) => error.clone(),
        test if test.truthy() => values[1].clone(),
        _ => values[2].clone(),
    }
}

fn is_error(_: &Evaluation<'_>, values: &[Value]) -> Value {
    Value::Boolean(values[0].is_error())
}
