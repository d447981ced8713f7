//! Objects and JSON.

use super::Outcome;
use crate::{Builtin, Evaluation, Fault, Object, Value};

pub(super) const BUILTINS: &[Builtin] = &[
    Builtin::exactly("extract", 2, extract),
    Builtin::at_least("extract_object", 2, extract_object),
    Builtin::at_least("foreach_value", 2, foreach_value).accepting_errors(),
    Builtin::exactly("json", 1, json),
    Builtin::exactly("keys", 1, keys),
    Builtin::at_least("object", 0, object),
    Builtin::exactly("parse_json", 1, parse_json),
];

fn property(object: &Object, name: &str) -> Value {
    object.get(name).map_or(Value::Null, |property| property.value.clone())
}

fn extract(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    Ok(property(args[0].to_object()?, &args[1].to_text()))
}

fn extract_object(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    let source = args[0].to_object()?;
    let mut extracted = Object::new();
    for name in &args[1..] {
        let name = name.to_text();
        let value = property(source, &name);
        extracted.insert(name, value);
    }
    Ok(Value::object(extracted))
}

/// An object with what the function makes of each property's value.
fn foreach_value(evaluation: &Evaluation<'_>, args: &[Value]) -> Outcome {
    let (source, function) = (args[0].to_object()?, args[1].to_function()?);
    let mut results = Object::new();
    let mut arguments = args[1..].to_vec();
    for (name, value) in source.sorted() {
        arguments[0] = value.clone();
        match evaluation.call(function, &arguments) {
            Value::Error(message) => return Err(Fault(message)),
            result => results.insert(name.clone(), result),
        }
    }
    Ok(Value::object(results))
}

fn json(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    Ok(args[0].to_json().into())
}

fn keys(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    let names = args[0].to_object()?.sorted().into_iter().map(|(name, _)| Value::Text(name.clone()));
    Ok(Value::array(names.collect()))
}

/// An object of names and values in turn.
fn object(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    if !args.len().is_multiple_of(2) {
        return Err(Fault::new("requires an even number of arguments"));
    }
    Ok(Value::object(args.chunks_exact(2).map(|pair| (pair[0].to_text(), pair[1].clone())).collect()))
}

fn parse_json(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    Value::from_json(&args[0].to_text())
}
