//! The largest queries that can be asked run, and searches end where the workspace ends.

use domain::{
    ContactStatus, Query,
    query::{MAX_CONDITIONS, MAX_DEPTH},
};
use expressions::Environment;
use store::ContactSearch;

use super::{everybody, found, populate, queries::Workspace};
use crate::{
    places::{Place, on_both_databases},
    rows,
};

on_both_databases!(the_largest_queries_run, a_status_narrows_a_search);

fn search(text: &str) -> ContactSearch {
    let query = Query::parse(text, &Environment::default(), rows::at(0), Some(&Workspace::new())).unwrap();
    ContactSearch { query: Some(query), ..everybody() }
}

async fn the_largest_queries_run(place: Place) {
    let store = place.open();
    populate(&store, 7, super::Keys::AtOnce).await;
    let many = |condition: &str, joint: &str| vec![condition; MAX_CONDITIONS].join(joint);
    let mut nested = "age > 1".to_owned();
    for depth in 0..MAX_DEPTH {
        nested = format!("({nested} {} sex = f)", if depth % 2 == 0 { "OR" } else { "AND" });
    }
    let words: Vec<String> = (0..1_500).map(|at| format!("m{at}")).collect();
    let words = format!("name ~ \"{}\"", words.join(" "));
    for text in [
        many("age > 1", " OR "),
        many("age != 1", " AND "),
        many("tel ~ 070", " OR "),
        many("group = mothers", " AND "),
        nested,
        words,
    ] {
        store.count_contacts(search(&text)).await.unwrap_or_else(|error| panic!("{error}: {}", &text[..40]));
    }
}

async fn a_status_narrows_a_search(place: Place) {
    let store = place.open();
    populate(&store, 7, super::Keys::AtOnce).await;
    let mut sum = 0;
    for status in
        [ContactStatus::Active, ContactStatus::Blocked, ContactStatus::Stopped, ContactStatus::Archived]
    {
        let narrowed = ContactSearch { status: Some(status), ..search("name != mary") };
        let asked = search(&format!("name != mary AND status = {}", status.word()));
        let people = found(&store, &narrowed, 30).await;
        assert_eq!(people, found(&store, &asked, 40).await);
        sum += people.len();
    }
    assert_eq!(sum as u64, store.count_contacts(search("name != mary")).await.unwrap());
}
