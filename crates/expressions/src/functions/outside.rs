//! What comes from outside: chance and prompts.

use super::Outcome;
use crate::number::Rounding;
use crate::{Builtin, Evaluation, Fault, Number, Value};

/// Bits of a random number's fraction: those of a double.
const FRACTION_BITS: u32 = 53;

pub(super) const BUILTINS: &[Builtin] = &[
    Builtin::between("prompt", 1, 11, prompt).accepting_errors(),
    Builtin::exactly("rand", 0, rand),
    Builtin::exactly("rand_between", 2, rand_between),
];

/// A random number from 0 to below 1, with the digits that a double shows.
fn random(evaluation: &Evaluation<'_>) -> Number {
    let bits = evaluation.ambient.random() & ((1 << FRACTION_BITS) - 1);
    Number::from_f64(bits as f64 / (1u64 << FRACTION_BITS) as f64)
}

fn rand(evaluation: &Evaluation<'_>, _: &[Value]) -> Outcome {
    Ok(random(evaluation).into())
}

/// A random whole number from the first to the second number, both included.
fn rand_between(evaluation: &Evaluation<'_>, args: &[Value]) -> Outcome {
    let (min, max) = (args[0].to_number()?, args[1].to_number()?);
    let span = max.subtract(min)?.add(Number::ONE)?;
    // Fifteen decimals are more than any span a flow uses needs, and keep the product in range.
    let share = random(evaluation).rounded(15, Rounding::Truncate)?.multiply(span)?;
    Ok(share.add(min)?.rounded(0, Rounding::Down)?.into())
}

/// The named prompt filled in with the argument. That there is no such prompt is said first.
fn prompt(evaluation: &Evaluation<'_>, args: &[Value]) -> Outcome {
    if let Value::Error(message) = &args[0] {
        return Err(Fault(message.clone()));
    }
    let name = args[0].to_text();
    let argument = args.get(1).map(Value::to_text).unwrap_or_default();
    let Some(text) = evaluation.ambient.prompt(&name, &argument) else {
        return Err(Fault::new(format!("unknown LLM prompt {name}")));
    };
    match args.iter().find(|argument| argument.is_error()) {
        Some(Value::Error(message)) => Err(Fault(message.clone())),
        _ => Ok(text.into()),
    }
}
