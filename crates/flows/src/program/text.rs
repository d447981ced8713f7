//! Texts of a program: compiled templates, and their translations.

use smallvec::SmallVec;
use smol_str::SmolStr;

/// A template compiled once for all its evaluations.
#[derive(Clone, Debug)]
pub struct Text {
    source: SmolStr,
}

impl Text {
    /// Compiles a template.
    pub(super) fn compile(source: &SmolStr) -> Self {
        Self { source: source.clone() }
    }

    /// The template as the author wrote it.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether nothing is there, not even an expression.
    pub fn is_empty(&self) -> bool {
        self.source.is_empty()
    }

    /// The text itself, if it is the same at every evaluation.
    pub fn constant(&self) -> Option<&SmolStr> {
        (!self.source.contains('@')).then_some(&self.source)
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
