//! The built-in functions, a file for each family.

mod logic;

use crate::Builtin;

/// All functions of this crate.
pub(crate) fn all() -> impl Iterator<Item = &'static Builtin> {
    [logic::BUILTINS].into_iter().flatten()
}
