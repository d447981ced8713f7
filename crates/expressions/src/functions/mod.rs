//! The built-in functions, a file for each family.
//!
//! A function gets as many arguments as its entry in the table of its family allows, so it may index them, and
//! none of them is an error unless the entry says so.

mod arrays;
mod dates;
mod formats;
mod logic;
mod math;
mod objects;
mod outside;
mod patterns;
mod text;
mod words;

use crate::{Builtin, Evaluation, Fault, Value};

/// What a function results in.
type Outcome = Result<Value, Fault>;

/// All functions of this crate.
pub(crate) fn all() -> impl Iterator<Item = &'static Builtin> {
    [
        arrays::BUILTINS,
        dates::BUILTINS,
        formats::BUILTINS,
        logic::BUILTINS,
        math::BUILTINS,
        objects::BUILTINS,
        outside::BUILTINS,
        patterns::BUILTINS,
        text::BUILTINS,
        words::BUILTINS,
    ]
    .into_iter()
    .flatten()
}

/// The range of positions that `start` and `end` (default: to the end) mean among `count` items. Negative
/// positions count from the end; positions beyond either end are moved there.
fn positions(args: &[Value], count: usize) -> Result<std::ops::Range<usize>, Fault> {
    let place = |position: i64| {
        let from_start = if position < 0 { position.saturating_add(count as i64) } else { position };
        from_start.clamp(0, count as i64) as usize
    };
    let start = place(args[1].to_integer()?);
    let end = match args.get(2) {
        Some(end) => place(end.to_integer()?),
        None => count,
    };
    Ok(start..end.max(start))
}

/// Refuses a text that would use up the budget before it is built.
fn check_size(evaluation: &Evaluation<'_>, bytes: usize) -> Result<(), Fault> {
    if bytes < evaluation.remaining() || evaluation.charge(bytes) {
        return Ok(());
    }
    Err(Fault::new(crate::evaluation::TOO_COMPLEX))
}
