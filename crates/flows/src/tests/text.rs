//! Tests of texts and their words.

use expressions::environment::Collation;
use expressions::{Environment, Value, collation, words};
use smallvec::SmallVec;
use smol_str::SmolStr;

use super::Match;

/// `has_text`: anything but white space. The match has none around it.
pub(super) fn has_text(text: &str) -> Option<Match> {
    let trimmed = text.trim();
    (!trimmed.is_empty()).then(|| Match::of(trimmed))
}

/// `has_only_text`: exactly this, case and all.
pub(super) fn has_only_text(text: SmolStr, wanted: &str) -> Option<Match> {
    (text == wanted).then(|| Match::of(text))
}

/// `has_beginning`: the text begins with this, whatever comes then. The match is what was written.
#[derive(Clone, Debug)]
pub(super) struct Beginning {
    wanted: SmolStr,
}

impl Beginning {
    pub(super) fn new(argument: &Value) -> Self {
        Self { wanted: argument.to_text().trim().into() }
    }

    pub(super) fn run(&self, env: &Environment, text: &str) -> Option<Match> {
        let text = text.trim();
        if self.wanted.is_empty() || text.is_empty() {
            return None;
        }
        let length = self.wanted.chars().count();
        let end = text.char_indices().nth(length).map_or(text.len(), |(at, _)| at);
        let beginning = &text[..end];
        let same = collation::fold(env.collation, beginning) == collation::fold(env.collation, &self.wanted);
        same.then(|| Match::of(beginning))
    }
}

/// Which words must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WordMode {
    /// Every one, in any order.
    All,
    /// At least one.
    Any,
    /// All, one right behind the other.
    Phrase,
    /// All, one right behind the other, and no others.
    OnlyPhrase,
}

/// `has_all_words`, `has_any_word`, `has_phrase`, `has_only_phrase`.
#[derive(Clone, Debug)]
pub(super) struct WordTest {
    mode: WordMode,
    wanted: SmolStr,
    /// The words folded by the default collation, which nearly all workspaces have.
    folded: Box<[SmolStr]>,
}

/// Words of a text as written, and folded; most texts have few.
type Words<'t> = SmallVec<[(&'t str, SmolStr); 8]>;

impl WordTest {
    pub(super) fn new(mode: WordMode, argument: &Value) -> Self {
        let wanted = argument.to_text();
        let folded = fold_words(Collation::Default, &wanted);
        Self { mode, wanted, folded }
    }

    pub(super) fn run(&self, env: &Environment, text: &str) -> Option<Match> {
        if env.collation == Collation::Default {
            return self.compare(env.collation, text, &self.folded);
        }
        self.compare(env.collation, text, &fold_words(env.collation, &self.wanted))
    }

    fn compare(&self, order: Collation, text: &str, wanted: &[SmolStr]) -> Option<Match> {
        let words: Words<'_> = words::tokenize(text)
            .into_iter()
            .map(|word| (word, SmolStr::new(collation::fold(order, word))))
            .collect();
        match self.mode {
            WordMode::All => {
                let all = wanted.iter().all(|wanted| words.iter().any(|(_, word)| word == wanted));
                all.then(|| joined(words.iter().filter(|(_, word)| wanted.contains(word))))
            }
            WordMode::Any => {
                let any = words.iter().any(|(_, word)| wanted.contains(word));
                any.then(|| joined(words.iter().filter(|(_, word)| wanted.contains(word))))
            }
            WordMode::Phrase if wanted.is_empty() => Some(Match::of("")),
            WordMode::Phrase => phrase(&words, wanted).map(|found| joined(found.iter())),
            WordMode::OnlyPhrase => same_words(&words, wanted).then(|| joined(words.iter())),
        }
    }
}

fn fold_words(order: Collation, text: &str) -> Box<[SmolStr]> {
    words::tokenize(text).into_iter().map(|word| SmolStr::new(collation::fold(order, word))).collect()
}

/// The words of a phrase, found without going back: a word that breaks a phrase begun is not tried as the
/// beginning of another.
fn phrase<'w, 't>(words: &'w [(&'t str, SmolStr)], wanted: &[SmolStr]) -> Option<&'w [(&'t str, SmolStr)]> {
    let mut matched = 0;
    for (index, (_, word)) in words.iter().enumerate() {
        matched = if *word == wanted[matched] { matched + 1 } else { 0 };
        if matched == wanted.len() {
            return Some(&words[index + 1 - matched..=index]);
        }
    }
    None
}

fn same_words(words: &[(&str, SmolStr)], wanted: &[SmolStr]) -> bool {
    words.len() == wanted.len() && words.iter().zip(wanted).all(|((_, word), wanted)| word == wanted)
}

fn joined<'w>(words: impl Iterator<Item = &'w (&'w str, SmolStr)>) -> Match {
    let words: SmallVec<[&str; 8]> = words.map(|(word, _)| *word).collect();
    match words.as_slice() {
        [word] => Match::of(*word),
        several => Match::of(several.join(" ")),
    }
}
