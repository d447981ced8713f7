//! Opening: new, again, newer, wrong.

use store::{ConversationKey, Store, StoreError, StoreOptions, StoreUrl};

use crate::{
    places::{Place, on_both_databases},
    rows::{WORKSPACE, contact, workspace, workspace_row},
};

on_both_databases!(what_is_written_is_there_after_opening_again, a_database_of_a_newer_program_is_refused);

async fn what_is_written_is_there_after_opening_again(place: Place) {
    let store = place.open();
    store.write_one(workspace()).await.unwrap();
    store.write_one(vec![contact(5)].into()).await.unwrap();
    let highest = store.ids().next(jiff::Timestamp::UNIX_EPOCH);
    drop(store);
    let store = place.open();
    let workspaces = store.workspaces().await.unwrap();
    assert_eq!(workspaces, [store::WorkspaceRow { definitions_version: 1, ..workspace_row() }]);
    let key = ConversationKey::Contact(WORKSPACE, domain::ContactId(5));
    let loaded = store.load_conversations(vec![key]).await.unwrap();
    assert_eq!(loaded.definitions_versions[&WORKSPACE], 1);
    let conversation = loaded.conversations[0].clone().unwrap();
    assert_eq!(conversation.contact, crate::rows::contact_row(5));
    assert_eq!(conversation.urns, [crate::rows::urn_row(5)]);
    assert!(highest > 0, "a clock before 2025 still gives ids that rise");
}

async fn a_database_of_a_newer_program_is_refused(place: Place) {
    drop(place.open());
    place.sql("INSERT INTO schema_migration (version, name, applied_on) VALUES (999, 'later', 'now')");
    let error = Store::open(&place.url(), StoreOptions::default()).unwrap_err();
    assert!(matches!(error, StoreError::Newer { found: 999, .. }), "{error}");
    assert!(error.to_string().contains("newer program"), "{error}");
}

#[test]
fn addresses_are_read_or_refused() {
    for (text, expected) in [
        ("sqlite:/var/lib/seedling/seedling.db", Some("/var/lib/seedling/seedling.db")),
        ("sqlite:///data/a.db", Some("/data/a.db")),
        ("data/a.db", Some("data/a.db")),
        ("postgres://user:secret@host:port/db", None),
        ("postgres:///db", None),
        ("postgres://host/db?pgbouncer=perhaps", None),
        ("mysql://user:secret@host/db", None),
        ("sqlite:", None),
    ] {
        let url = text.parse::<StoreUrl>();
        match expected {
            Some(path) => assert_eq!(url.unwrap(), StoreUrl::Sqlite(path.into()), "{text}"),
            None => assert!(!url.unwrap_err().to_string().contains("secret"), "{text}"),
        }
    }
    assert_eq!("sqlite::memory:".parse::<StoreUrl>().unwrap(), StoreUrl::Memory);
}

#[test]
fn a_file_that_is_no_database_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    std::fs::write(&path, "these are only notes, but long enough to look like a header of something")
        .unwrap();
    let error = Store::open(&StoreUrl::Sqlite(path), StoreOptions::default()).unwrap_err();
    assert!(error.to_string().contains("notes.txt"), "{error}");
}

#[tokio::test]
async fn memory_works_without_threads() {
    let store = Store::open(&StoreUrl::Memory, StoreOptions::default()).unwrap();
    store.write_one(workspace()).await.unwrap();
    assert_eq!(store.workspaces().await.unwrap().len(), 1);
}
