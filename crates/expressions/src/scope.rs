//! Where an expression's names get their values.

use crate::Value;

/// The names an expression can see. Flows implement it over a live session without building maps.
pub trait Scope {
    /// The value of a top-level name (lower case), such as `contact`. `None` if there is no such name.
    fn top(&self, name: &str) -> Option<Value>;

    /// Fast path: the value at a whole path of lower-case keys such as `["contact", "name"]`, if the scope
    /// can give it without building the objects on the way. `None` means "walk step by step from [`top`]".
    ///
    /// [`top`]: Scope::top
    fn path(&self, _path: &[smol_str::SmolStr]) -> Option<Value> {
        None
    }
}
