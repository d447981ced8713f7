//! Numbers.

use super::Outcome;
use crate::number::Rounding;
use crate::{Builtin, Evaluation, Fault, Number, Value, operators};

pub(super) const BUILTINS: &[Builtin] = &[
    Builtin::exactly("abs", 1, abs),
    Builtin::at_least("max", 1, max),
    Builtin::at_least("mean", 1, mean),
    Builtin::at_least("min", 1, min),
    Builtin::exactly("mod", 2, mod_),
    Builtin::exactly("number", 1, number),
    Builtin::exactly("percent", 1, percent),
    Builtin::between("round", 1, 2, round),
    Builtin::between("round_down", 1, 2, round_down),
    Builtin::between("round_up", 1, 2, round_up),
    Builtin::exactly("sum", 1, sum),
];

fn abs(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    Ok(args[0].to_number()?.absolute().into())
}

fn number(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    Ok(args[0].to_number()?.into())
}

fn numbers(args: &[Value]) -> Result<Vec<Number>, Fault> {
    args.iter().map(Value::to_number).collect()
}

fn max(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    Ok(numbers(args)?.into_iter().max().into())
}

fn min(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    Ok(numbers(args)?.into_iter().min().into())
}

fn total(args: &[Value]) -> Result<Number, Fault> {
    args.iter().try_fold(Number::ZERO, |total, value| Ok(total.add(value.to_number()?)?))
}

fn sum(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    Ok(total(args[0].to_array()?)?.into())
}

fn mean(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    Ok(operators::quotient(total(args)?, Number::from(args.len()))?.into())
}

fn mod_(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    match args[0].to_number()?.remainder(args[1].to_number()?) {
        Some(rest) => Ok(rest?.into()),
        None => Err(Fault::new("division by zero")),
    }
}

fn rounded(args: &[Value], rounding: Rounding) -> Outcome {
    /// Beyond this no number has a digit, so that more places change nothing.
    const MAX_PLACES: i64 = 1000;
    let number = args[0].to_number()?;
    let places = args.get(1).map(Value::to_integer).transpose()?.unwrap_or(0);
    Ok(number.rounded(places.clamp(-MAX_PLACES, MAX_PLACES) as i32, rounding)?.into())
}

fn round(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    rounded(args, Rounding::Nearest)
}

fn round_up(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    rounded(args, Rounding::Up)
}

fn round_down(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    rounded(args, Rounding::Down)
}

/// A fraction as a whole percentage: 0.54 as `54%`.
fn percent(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    let out_of_range = || Fault::new("percentage value is out of range");
    let hundredfold = args[0].to_number()?.multiply(Number::from(100)).map_err(|_| out_of_range())?;
    let whole = hundredfold.rounded(0, Rounding::Nearest).ok().and_then(Number::to_i64);
    Ok(Value::text(format!("{}%", whole.ok_or_else(out_of_range)?)))
}
