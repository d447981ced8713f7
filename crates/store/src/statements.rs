//! The statements whose plans are promises: a backlog of millions is not read to take the next rows of it. Tests ask
//! the databases for their plans.

use crate::{StoreUrl, postgres::claim, sqlite::apply_outbox, sqlite::read_queues};

/// The statements that look for what is due and claim it, with values in place of their parameters.
#[must_use]
pub fn of_claims(url: &StoreUrl) -> Vec<String> {
    let filled = |text: &str, values: &[i64]| {
        let places = (1..).zip(values);
        places.fold(text.to_owned(), |text, (n, value)| text.replace(&format!("${n}"), &value.to_string()))
    };
    let claim = match url {
        StoreUrl::Sqlite(_) | StoreUrl::Memory => filled(apply_outbox::CLAIM, &[7, 3, 1, 0, 9_000, 5, 50]),
        StoreUrl::Postgres(_) => filled(claim::CLAIM, &[7, 3, 1, 0, 9_000, 5, 50]),
    };
    vec![filled(read_queues::OUTBOX_DUE, &[64]), claim]
}
