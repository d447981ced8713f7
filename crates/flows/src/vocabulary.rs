//! The functions that expressions of flows may use.

use std::sync::LazyLock;

use expressions::Library;

use crate::tests;

/// The functions that expressions may call: those of the expression language and the router tests.
pub fn library() -> &'static Library {
    static LIBRARY: LazyLock<Library> = LazyLock::new(|| Library::standard().with(tests::BUILTINS));
    &LIBRARY
}
