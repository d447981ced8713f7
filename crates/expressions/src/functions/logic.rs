//! Decisions and tests of any value.

use crate::{Builtin, Evaluation, Fault, Value};

pub(super) const BUILTINS: &[Builtin] = &[
    Builtin::at_least("and", 1, and),
    Builtin::exactly("boolean", 1, boolean),
    Builtin::exactly("default", 2, default).accepting_errors(),
    Builtin::exactly("if", 3, if_).accepting_errors(),
    Builtin::exactly("is_error", 1, is_error).accepting_errors(),
    Builtin::at_least("or", 1, or),
];

fn and(_: &Evaluation<'_>, values: &[Value]) -> Result<Value, Fault> {
    Ok(values.iter().all(Value::truthy).into())
}

fn or(_: &Evaluation<'_>, values: &[Value]) -> Result<Value, Fault> {
    Ok(values.iter().any(Value::truthy).into())
}

fn boolean(_: &Evaluation<'_>, values: &[Value]) -> Result<Value, Fault> {
    Ok(values[0].truthy().into())
}

/// The first value, or the second if the first is an error or has no text.
fn default(_: &Evaluation<'_>, values: &[Value]) -> Result<Value, Fault> {
    let empty = match &values[0] {
        Value::Error(_) | Value::Null => true,
        Value::Array(_) | Value::Object(_) => values[0].to_text().is_empty(),
        other => matches!(other, Value::Text(text) if text.is_empty()),
    };
    Ok(values[usize::from(empty)].clone())
}

/// The chosen branch; that the other one is an error does not matter.
fn if_(_: &Evaluation<'_>, values: &[Value]) -> Result<Value, Fault> {
    let branch = if values[0].to_boolean()? { &values[1] } else { &values[2] };
    Ok(branch.clone())
}

fn is_error(_: &Evaluation<'_>, values: &[Value]) -> Result<Value, Fault> {
    Ok(values[0].is_error().into())
}
