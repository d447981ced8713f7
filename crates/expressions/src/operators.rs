//! What the operators between values do.

use std::cmp::Ordering;

use crate::number::{Number, OutOfRange};
use crate::syntax::Operator;
use crate::{Fault, Value};

/// The value of `left operator right`. An error on either side, the left one first, is the result.
pub fn apply(operator: Operator, left: &Value, right: &Value) -> Value {
    match operator {
        Operator::Concatenate => texts(left, right, |left, right| {
            let mut text = String::with_capacity(left.len() + right.len());
            text.push_str(left);
            text.push_str(right);
            Value::from(text)
        }),
        Operator::Equal => texts(left, right, |left, right| Value::Boolean(left == right)),
        Operator::NotEqual => texts(left, right, |left, right| Value::Boolean(left != right)),
        Operator::Less => ordering(left, right, Ordering::is_lt),
        Operator::LessOrEqual => ordering(left, right, Ordering::is_le),
        Operator::Greater => ordering(left, right, Ordering::is_gt),
        Operator::GreaterOrEqual => ordering(left, right, Ordering::is_ge),
        Operator::Add => numbers(left, right, Number::add),
        Operator::Subtract => numbers(left, right, Number::subtract),
        Operator::Multiply => numbers(left, right, Number::multiply),
        Operator::Divide => match operands(left, right) {
            Ok((left, right)) => quotient(left, right).into(),
            Err(fault) => fault.into(),
        },
        Operator::Power => numbers(left, right, Number::power),
    }
}

/// `-operand`
pub fn negate(operand: &Value) -> Value {
    operand.to_number().map(Number::negate).into()
}

/// The quotient of two numbers.
pub(crate) fn quotient(left: Number, right: Number) -> Result<Number, Fault> {
    match left.divide(right) {
        Some(result) => Ok(result?),
        None => Err(Fault::new("division by zero")),
    }
}

fn operands(left: &Value, right: &Value) -> Result<(Number, Number), Fault> {
    if let Value::Error(message) = right {
        left.to_number()?;
        return Err(Fault(message.clone()));
    }
    Ok((left.to_number()?, right.to_number()?))
}

fn numbers(
    left: &Value,
    right: &Value,
    compute: impl Fn(Number, Number) -> Result<Number, OutOfRange>,
) -> Value {
    operands(left, right).and_then(|(left, right)| Ok(compute(left, right)?)).into()
}

fn ordering(left: &Value, right: &Value, test: impl Fn(Ordering) -> bool) -> Value {
    operands(left, right).map(|(left, right)| test(left.cmp(&right))).into()
}

fn texts(left: &Value, right: &Value, combine: impl Fn(&str, &str) -> Value) -> Value {
    match (left, right) {
        (Value::Error(_), _) => left.clone(),
        (_, Value::Error(_)) => right.clone(),
        _ => combine(&left.to_text(), &right.to_text()),
    }
}
