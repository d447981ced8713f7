//! What all nodes share beside the data is kept as it was last said.

use domain::MessageUuid;
use store::{Change, DefinitionChange, Direction, FeatureRow, MessageStatus, RateUse, SettingRow, Unit};
use uuid::Uuid;

use crate::{
    places::{Place, on_both_databases},
    rows::{WORKSPACE, at, contact, message, workspace},
};

on_both_databases!(
    settings_are_as_they_were_last_made,
    features_raise_the_version_of_definitions,
    shared_limits_are_heard_from_others_and_forgotten,
    messages_are_known_again_by_what_they_were_given
);

async fn settings_are_as_they_were_last_made(place: Place) {
    let store = place.open();
    let set = |name: &str, value: &str, seconds| {
        Change::Setting(SettingRow { name: name.into(), value: value.into(), changed_on: at(seconds) })
    };
    store.write_one(Unit::new(vec![set("b", "1", 1), set("a", "x", 2)])).await.unwrap();
    store.write_one(Unit::new(vec![set("b", "2", 3)])).await.unwrap();
    let said = |rows: Vec<SettingRow>| {
        let shown = rows.into_iter().map(|row| format!("{}={} {}", row.name, row.value, row.changed_on));
        shown.collect::<Vec<_>>()
    };
    let expected = [format!("a=x {}", at(2)), format!("b=2 {}", at(3))];
    assert_eq!(said(store.settings().await.unwrap()), expected);
    store.write_one(Unit::new(vec![Change::ClearSetting("b".into())])).await.unwrap();
    assert_eq!(said(store.settings().await.unwrap()), expected[..1]);
}

async fn features_raise_the_version_of_definitions(place: Place) {
    let store = place.open();
    store.write_one(workspace()).await.unwrap();
    let before = store.definitions_version(WORKSPACE).await.unwrap().unwrap();
    for enabled in [false, true, false] {
        let row = FeatureRow { name: "bulk_sending".into(), enabled, changed_on: at(1) };
        let change = Change::Definition(WORKSPACE, DefinitionChange::Feature(row.clone()));
        store.write_one(Unit::new(vec![change])).await.unwrap();
        let definitions = store.definitions(WORKSPACE).await.unwrap().unwrap();
        assert_eq!(definitions.features, [row]);
    }
    assert_eq!(store.definitions_version(WORKSPACE).await.unwrap(), Some(before + 3));
}

async fn shared_limits_are_heard_from_others_and_forgotten(place: Place) {
    let store = place.open();
    let row = |caller: &str, node, used, seconds| RateUse {
        caller: caller.into(),
        node,
        used,
        changed_on: at(seconds),
    };
    let rows = [row("a", 1, 5, 1), row("a", 2, 7, 2), row("b", 2, 1, 3), row("a", 2, 9, 4)];
    store.write_one(Unit::new(rows.clone().map(Change::RateUse).to_vec())).await.unwrap();
    assert_eq!(store.rate_uses(1, 9).await.unwrap(), [rows[3].clone(), rows[2].clone()]);
    assert_eq!(store.rate_uses(2, 9).await.unwrap(), [rows[0].clone()]);
    assert_eq!(store.rate_uses(3, 2).await.unwrap().len(), 2);
    store.write_one(Unit::new(vec![Change::ForgetRates(at(4))])).await.unwrap();
    assert_eq!(store.rate_uses(9, 9).await.unwrap(), [rows[3].clone()]);
}

async fn messages_are_known_again_by_what_they_were_given(place: Place) {
    let store = place.open();
    store.write_one(workspace()).await.unwrap();
    let written = message(2, 1, Direction::In, MessageStatus::Handled);
    let uuid = written.uuid;
    store.write_one(Unit::new(vec![contact(1), Change::Message(Box::new(written))])).await.unwrap();
    let asked = vec![MessageUuid(Uuid::from_u128(99)), uuid];
    assert_eq!(store.kept_messages(WORKSPACE, asked.clone()).await.unwrap(), [uuid]);
    assert!(store.kept_messages(domain::WorkspaceId(2), asked).await.unwrap().is_empty());
}
