//! Test of e-mail addresses among words.

use std::sync::LazyLock;

use regex::Regex;

use super::Match;

/// Letters of any script count, as internationalised addresses have them; the domain needs a dot.
static ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[\p{L}\p{N}.!#$%&'*+/=?^_`{|}~-]+@[\p{L}\p{M}\p{N}-]+(?:\.[\p{L}\p{M}\p{N}-]+)+")
        .expect("the pattern is constant and tested")
});

/// `has_email`: the first address of the text.
pub(super) fn has_email(text: &str) -> Option<Match> {
    ADDRESS.find(text).map(|found| Match::of(found.as_str()))
}
