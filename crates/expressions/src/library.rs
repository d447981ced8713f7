//! The functions expressions may call.

use crate::{Evaluation, Fault, Value};

/// The work of a function: its value, or what is wrong with its arguments.
pub type Call = fn(&Evaluation<'_>, &[Value]) -> Result<Value, Fault>;

/// A function of the library.
#[derive(Debug)]
pub struct Builtin {
    /// Lower-case name.
    pub name: &'static str,
    /// Fewest arguments.
    pub min_args: usize,
    /// Most arguments; `usize::MAX` if any number.
    pub max_args: usize,
    /// Does the work. Called with as many arguments as allowed, of which none is an error unless
    /// [`accepts_errors`](Self::accepts_errors).
    pub call: Call,
    /// Whether arguments may be errors. Otherwise the first error among the arguments is the result.
    pub accepts_errors: bool,
}

impl Builtin {
    /// A function of exactly `count` arguments.
    pub const fn exactly(name: &'static str, count: usize, call: Call) -> Self {
        Self::between(name, count, count, call)
    }

    /// A function of at least `min_args` arguments.
    pub const fn at_least(name: &'static str, min_args: usize, call: Call) -> Self {
        Self::between(name, min_args, usize::MAX, call)
    }

    /// A function of `min_args` to `max_args` arguments.
    pub const fn between(name: &'static str, min_args: usize, max_args: usize, call: Call) -> Self {
        Self { name, min_args, max_args, call, accepts_errors: false }
    }

    /// This function, given errors as arguments too.
    #[must_use]
    pub const fn accepting_errors(mut self) -> Self {
        self.accepts_errors = true;
        self
    }
}

/// A set of functions, found by name.
#[derive(Clone, Debug)]
pub struct Library {
    /// Sorted by name.
    builtins: Vec<&'static Builtin>,
}

impl Library {
    /// The functions of this crate.
    pub fn standard() -> &'static Self {
        static STANDARD: std::sync::LazyLock<Library> =
            std::sync::LazyLock::new(|| Library { builtins: Vec::new() }.with(crate::functions::all()));
        &STANDARD
    }

    /// These functions and more; of two with the same name the later one counts.
    #[must_use]
    pub fn with(&self, more: impl IntoIterator<Item = &'static Builtin>) -> Self {
        let mut builtins = self.builtins.clone();
        for builtin in more {
            match builtins.binary_search_by_key(&builtin.name, |known| known.name) {
                Ok(index) => builtins[index] = builtin,
                Err(index) => builtins.insert(index, builtin),
            }
        }
        Self { builtins }
    }

    /// The function of that lower-case name.
    pub fn get(&self, name: &str) -> Option<&'static Builtin> {
        let index = self.builtins.binary_search_by(|builtin| builtin.name.cmp(name)).ok()?;
        self.builtins.get(index).copied()
    }

    /// All functions, by name.
    pub fn iter(&self) -> impl Iterator<Item = &'static Builtin> + '_ {
        self.builtins.iter().copied()
    }
}
