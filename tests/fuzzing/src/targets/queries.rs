//! Contact queries.

use domain::query::Searched;
use domain::{Contact, Query};
use expressions::Ambient;

use crate::Choices;
use crate::world::{Ticking, assets, contact, environment};

/// What can be read prints to what reads the same; whether somebody fits can always be said.
pub fn run(input: &[u8]) {
    let mut choices = Choices::new(input);
    let named = choices.once_in(2);
    let Ok(text) = std::str::from_utf8(choices.rest()) else { return };
    let (env, now, contact) = (environment(), Ticking::default().now(), contact());
    let resolver = named.then(|| assets() as &dyn domain::query::Resolver);
    let query = match Query::parse(text, &env, now, resolver) {
        Ok(query) => query,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            error.extra();
            return;
        }
    };
    matches(&query, &contact);
    let printed = query.to_string();
    match Query::parse(&printed, &env, now, resolver) {
        Ok(again) => {
            assert_eq!(again.to_string(), printed, "what is printed is printed the same again");
            assert_eq!(again.matches(&contact), query.matches(&contact), "and means the same: {printed}");
        }
        // Quotes and names in full make it longer than what was typed.
        Err(domain::QueryError::TooComplex) => {}
        Err(error) => panic!("{printed} was printed and cannot be read: {error}"),
    }
}

fn matches(query: &Query, contact: &Contact) {
    let flows = assets().flows().map(|flow| flow.uuid);
    let history: Vec<_> = flows.take(2).collect();
    query.matches(contact);
    query.matches(&Searched {
        contact,
        flow: history.first().copied(),
        history: &history,
        obfuscation_key: [1, 2, 3, 4],
    });
}
