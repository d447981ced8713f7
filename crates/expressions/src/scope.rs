//! Where an expression's names get their values.

use smol_str::SmolStr;

use crate::Value;

/// The names an expression can see. Flows implement it over a live session without building maps.
pub trait Scope {
    /// The value of a top-level name (lower case), such as `contact`. `None` if there is no such name.
    fn top(&self, name: &str) -> Option<Value>;

    /// Fast path: the value at a whole path of lower-case keys such as `["contact", "name"]`, if the scope
    /// can give it without building the objects on the way. `None` means "walk step by step from [`top`]",
    /// which also is the answer for a property that does not exist or is deprecated.
    ///
    /// [`top`]: Scope::top
    fn path(&self, _path: &[SmolStr]) -> Option<Value> {
        None
    }

    /// The warning to give when the top-level name (lower case) is used, if it is deprecated.
    fn deprecated(&self, _name: &str) -> Option<SmolStr> {
        None
    }
}

/// An object's properties as top-level names.
impl Scope for crate::Object {
    fn top(&self, name: &str) -> Option<Value> {
        self.get(name).map(|property| property.value.clone())
    }

    fn deprecated(&self, name: &str) -> Option<SmolStr> {
        self.get(name).and_then(|property| property.deprecated.clone())
    }
}
