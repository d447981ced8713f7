//! Arrays.

use super::{Outcome, check_size, positions};
use crate::evaluation::MAX_ARRAY_ITEMS;
use crate::{Builtin, Evaluation, Fault, Number, Value};

pub(super) const BUILTINS: &[Builtin] = &[
    Builtin::at_least("array", 0, array),
    Builtin::exactly("concat", 2, concat),
    Builtin::exactly("contains", 2, contains),
    Builtin::exactly("count", 1, count).accepting_errors(),
    Builtin::exactly("filter", 2, filter).accepting_errors(),
    Builtin::at_least("foreach", 2, foreach).accepting_errors(),
    Builtin::exactly("join", 2, join),
    Builtin::exactly("reverse", 1, reverse),
    Builtin::between("slice", 2, 3, slice),
    Builtin::exactly("sort", 1, sort),
    Builtin::exactly("unique", 1, unique),
];

/// Refuses arrays that are too long.
pub(super) fn check_items(count: usize) -> Result<(), Fault> {
    if count <= MAX_ARRAY_ITEMS {
        return Ok(());
    }
    Err(Fault::new(format!("cannot build an array with more than {MAX_ARRAY_ITEMS} items")))
}

fn array(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    check_items(args.len())?;
    Ok(Value::array(args.to_vec()))
}

fn concat(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    let (first, second) = (args[0].to_array()?, args[1].to_array()?);
    check_items(first.len() + second.len())?;
    Ok(Value::array([first, second].concat()))
}

fn contains(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    Ok(args[0].to_array()?.iter().any(|item| item.equals(&args[1])).into())
}

fn count(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    let count = match &args[0] {
        Value::Null => 0,
        Value::Array(items) => items.len(),
        Value::Object(object) => object.properties.len(),
        Value::Text(_)
        | Value::Number(_)
        | Value::Boolean(_)
        | Value::Date(_)
        | Value::Time(_)
        | Value::DateTime(_)
        | Value::Function(_)
        | Value::Error(_) => return Err(Fault::new("value isn't countable")),
    };
    Ok(Number::from(count).into())
}

/// The items for which the function is true.
fn filter(evaluation: &Evaluation<'_>, args: &[Value]) -> Outcome {
    let (items, function) = (args[0].to_array()?, args[1].to_function()?);
    let mut kept = Vec::new();
    for item in items {
        if evaluation.call(function, std::slice::from_ref(item)).to_boolean()? {
            kept.push(item.clone());
        }
    }
    Ok(Value::array(kept))
}

/// What the function makes of each item; further arguments are handed to it.
fn foreach(evaluation: &Evaluation<'_>, args: &[Value]) -> Outcome {
    let (items, function) = (args[0].to_array()?, args[1].to_function()?);
    let mut results = Vec::with_capacity(items.len());
    let mut arguments = args[1..].to_vec();
    for item in items {
        arguments[0] = item.clone();
        match evaluation.call(function, &arguments) {
            Value::Error(message) => return Err(Fault(message)),
            result => results.push(result),
        }
    }
    Ok(Value::array(results))
}

fn join(evaluation: &Evaluation<'_>, args: &[Value]) -> Outcome {
    let (items, separator) = (args[0].to_array()?, args[1].to_text());
    let mut joined = String::new();
    for (index, item) in items.iter().enumerate() {
        if let Value::Error(message) = item {
            return Err(Fault(message.clone()));
        }
        if index > 0 {
            joined.push_str(&separator);
        }
        item.write_text(&mut joined);
        check_size(evaluation, joined.len())?;
    }
    Ok(joined.into())
}

fn reverse(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    Ok(Value::array(args[0].to_array()?.iter().rev().cloned().collect()))
}

fn slice(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    let items = args[0].to_array()?;
    Ok(Value::array(items[positions(args, items.len())?].to_vec()))
}

/// The items in order, if all are of one kind that has an order.
fn sort(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    let items = args[0].to_array()?;
    for item in items {
        if let Value::Error(message) = item {
            return Err(Fault(message.clone()));
        }
        if std::mem::discriminant(item) != std::mem::discriminant(&items[0]) {
            return Err(Fault::new("can't sort array of different types"));
        }
        if items.len() > 1 && item.compare(item).is_none() {
            return Err(Fault::new(format!("{} isn't a comparable type", item.describe())));
        }
    }
    let mut sorted = items.to_vec();
    sorted.sort_by(|left, right| left.compare(right).unwrap_or(std::cmp::Ordering::Equal));
    Ok(Value::array(sorted))
}

/// The items without those that came before.
fn unique(evaluation: &Evaluation<'_>, args: &[Value]) -> Outcome {
    let mut kept: Vec<Value> = Vec::new();
    for item in args[0].to_array()? {
        if !evaluation.charge(1 + kept.len() / 16) {
            return Err(Fault::new(crate::evaluation::TOO_COMPLEX));
        }
        if !kept.iter().any(|known| known.equals(item)) {
            kept.push(item.clone());
        }
    }
    Ok(Value::array(kept))
}
