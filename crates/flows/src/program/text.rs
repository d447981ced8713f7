//! Texts of a program: compiled templates, and their translations.

use std::sync::Arc;

use expressions::{Library, Template};
use smallvec::SmallVec;
use smol_str::SmolStr;

/// The names that templates of flows know without parentheses.
pub const TOP_LEVELS: [&str; 17] = [
    "contact",
    "fields",
    "urns",
    "locals",
    "results",
    "input",
    "run",
    "child",
    "parent",
    "ticket",
    "webhook",
    "node",
    "globals",
    "trigger",
    "resume",
    "legacy_extra",
    "tables",
];

/// A text that the author wrote, compiled once for all its evaluations.
#[derive(Clone, Debug)]
pub enum Text {
    /// Always the same.
    Constant(SmolStr),
    /// With expressions in it.
    Template(Arc<Template>),
}

impl Text {
    /// Compiles a template. Without an `@` there is nothing to compile.
    pub(crate) fn compile(source: &SmolStr, library: &Library) -> Self {
        if !source.contains('@') {
            return Self::Constant(source.clone());
        }
        let template = Template::compile(source, &TOP_LEVELS, library);
        match template.constant() {
            Some(text) => Self::Constant(text.into()),
            None => Self::Template(Arc::new(template)),
        }
    }

    /// Whether nothing is there, not even an expression.
    pub fn is_empty(&self) -> bool {
        self.constant().is_some_and(|text| text.is_empty())
    }

    /// The text itself, if it is the same at every evaluation.
    pub fn constant(&self) -> Option<&SmolStr> {
        match self {
            Self::Constant(text) => Some(text),
            Self::Template(_) => None,
        }
    }
}

/// The place of a language in [`Program::languages`](super::Program::languages).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LanguageIx(pub u16);

/// The languages to try for one contact, the preferred one first. Past the last comes the language that the
/// flow is written in.
pub type LanguageOrder = SmallVec<[LanguageIx; 2]>;

/// Something written in the flow's own language, with its translations.
#[derive(Clone, Debug)]
pub struct Localized<T> {
    /// As the author wrote it.
    pub native: T,
    /// In other languages, in the order of their index.
    pub translations: Vec<(LanguageIx, T)>,
}

impl<T> Localized<T> {
    /// The same with something made of each.
    pub(super) fn map<U>(self, make: impl Fn(T) -> U) -> Localized<U> {
        let translations = self.translations.into_iter().map(|(language, text)| (language, make(text)));
        Localized { native: make(self.native), translations: translations.collect() }
    }

    /// The first translation that exists in an order of languages, and its language; `None` is the flow's own.
    pub fn pick(&self, order: &[LanguageIx]) -> (&T, Option<LanguageIx>) {
        if !self.translations.is_empty() {
            for language in order {
                if let Some((_, text)) = self.translations.iter().find(|(index, _)| index == language) {
                    return (text, Some(*language));
                }
            }
        }
        (&self.native, None)
    }

    /// Like [`Localized::pick`], for callers to whom the language does not matter.
    pub fn get(&self, order: &[LanguageIx]) -> &T {
        self.pick(order).0
    }
}
