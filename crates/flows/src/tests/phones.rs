//! Test of phone numbers among words.

use expressions::{Environment, phone};

use super::Match;

/// `has_phone`: the first number of the text in E.164, read in the manner of `country`, or of the environment's
/// country if it is empty.
pub(super) fn has_phone(env: &Environment, text: &str, country: &str) -> Option<Match> {
    let country = if country.is_empty() { env.default_country.as_deref() } else { Some(country) };
    phone::find(text, country).into_iter().next().map(Match::of)
}
