//! One person over the API: notes, consents, all that is held about them, erased, merged.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{Api, on_both, sheets::fetch};

on_both!(
    notes_are_kept_up_to_a_few,
    consents_are_added_and_the_status_follows,
    all_that_is_held_about_somebody_is_handed_out_and_erased,
    two_who_are_one_are_merged
);

async fn contact(api: &Api, urn: &str) -> Value {
    api.list(&format!("contacts.json?urn={}", urn.replace('+', "%2B"))).await.remove(0)
}

async fn notes_are_kept_up_to_a_few(api: Api) {
    let (status, made) = api.post("contacts.json", json!({"name": "Amina", "note": "speaks Luo"})).await;
    assert_eq!(status, 201, "{made}");
    let author = json!({"email": "admin@example.org", "name": "Ada Okello"});
    assert_eq!(made["notes"][0]["text"], json!("speaks Luo"));
    assert_eq!(made["notes"][0]["created_by"], author);
    let path = format!("contacts.json?uuid={}", made["uuid"].as_str().unwrap());
    for number in 1..=6 {
        assert_eq!(api.post(&path, json!({"note": format!("note {number}")})).await.0, 200);
    }
    let notes = api.list(&path).await.remove(0)["notes"].clone();
    let texts: Vec<_> = notes.as_array().unwrap().iter().map(|note| note["text"].clone()).collect();
    assert_eq!(texts, ["note 6", "note 5", "note 4", "note 3", "note 2"]);
    for (note, said) in [
        (json!(""), "This field may not be blank."),
        (json!("x".repeat(10_001)), "Ensure this field has no more than 10000 characters."),
        (json!(["x"]), "Not a valid string."),
    ] {
        assert_eq!(api.post(&path, json!({"note": note})).await, (400, json!({"note": [said]})));
    }
}

async fn consents_are_added_and_the_status_follows(api: Api) {
    api.world.hand_in("+254722000111", "hello", "1").await;
    let urn = "tel:+254722000111";
    let message = api.list("messages.json").await.pop().unwrap()["uuid"].clone();
    let given = json!({"contact": urn, "given": true, "purpose": "research", "text": "May we ask you?",
        "message": message, "happened_on": "2026-05-01T08:30:00Z"});
    let (status, made) = api.post("consents.json", given).await;
    assert_eq!(status, 201, "{made}");
    assert_eq!((&made["purpose"], &made["source"]), (&json!("research"), &json!("user")));
    assert_eq!((&made["message"], &made["text"]), (&message, &json!("May we ask you?")));
    assert_eq!(made["happened_on"], json!("2026-05-01T08:30:00.000000Z"));
    assert_eq!(contact(&api, urn).await["status"], json!("active"));
    let (status, made) =
        api.post("consents.json", json!({"contact": urn, "given": false, "reason": "asked"})).await;
    assert_eq!((status, &made["purpose"], &made["given"]), (201, &json!(null), &json!(false)));
    assert_eq!(contact(&api, urn).await["status"], json!("stopped"));
    // They write again: that is a consent of theirs.
    api.world.hand_in("+254722000111", "hello again", "2").await;
    assert_eq!(contact(&api, urn).await["status"], json!("active"));
    let all = api.list("consents.json?contact=tel:%2B254722000111").await;
    let shown: Vec<_> = all.iter().map(|one| (one["given"].clone(), one["source"].clone())).collect();
    assert_eq!(
        shown,
        [(json!(true), json!("message")), (json!(false), json!("user")), (json!(true), json!("user"))]
    );
    let latest = api.list("messages.json").await.remove(0);
    assert!(api.each("messages.json", "uuid").await.contains(&all[0]["message"]), "{} {latest}", all[0]);
    let path = format!("consents.json?uuid={}", made["uuid"].as_str().unwrap());
    assert_eq!(api.each(&path, "uuid").await, [made["uuid"].clone()]);
    for (body, member) in [
        (json!({"given": true}), "contact"),
        (json!({"contact": urn}), "given"),
        (json!({"contact": urn, "given": "perhaps"}), "given"),
        (json!({"contact": urn, "given": true, "purpose": "x".repeat(65)}), "purpose"),
        (json!({"contact": urn, "given": true, "happened_on": "2999-01-01T00:00:00Z"}), "happened_on"),
        (json!({"contact": urn, "given": true, "happened_on": 5}), "happened_on"),
        (json!({"contact": urn, "given": true, "channel": "none"}), "channel"),
        (json!({"contact": urn, "given": true, "message": made["uuid"]}), "message"),
        (json!({"contact": "tel:+254700000009", "given": true}), "contact"),
    ] {
        let (status, said) = api.post("consents.json", body.clone()).await;
        assert!(status == 400 && said[member].is_array(), "{body}: {said}");
    }
    assert_eq!(api.delete(&path).await.0, 405, "nothing takes one away");
}

async fn all_that_is_held_about_somebody_is_handed_out_and_erased(api: Api) {
    api.world.add_two_questions().await;
    api.world.hand_in("+254722000111", "secret words", "1").await;
    let known = contact(&api, "tel:+254722000111").await;
    let uuid = known["uuid"].as_str().unwrap();
    api.post("fields.json", json!({"name": "Clinic", "type": "text"})).await;
    let body = json!({"name": "Secret Name", "fields": {"clinic": "Secret Clinic"}, "note": "Secret note"});
    assert_eq!(api.post(&format!("contacts.json?uuid={uuid}"), body).await.0, 200);
    let body = json!({"contact": uuid, "given": true, "purpose": "research", "text": "Secret text"});
    assert_eq!(api.post("consents.json", body).await.0, 201);
    let url = json!(format!("{}/api/v2/contact_data.json?uuid={uuid}", api.world.base));
    let (status, file) = fetch(&api, &api.token, &url).await;
    assert_eq!(status, StatusCode::OK);
    let data: Value = serde_json::from_slice(&file).unwrap();
    assert_eq!(data["contact"]["urns"], json!(["tel:+254722000111"]));
    assert_eq!(data["contact"]["fields"], json!({"clinic": "Secret Clinic"}));
    assert_eq!(data["contact_note"][0]["text"], json!("Secret note"));
    assert_eq!(data["consent"][0]["shown"], json!("Secret text"));
    assert_eq!(data["message"][0]["text"], json!("secret words"));
    for table in ["run", "event", "ticket", "subscription", "outcome", "reminder", "contact_urn"] {
        assert!(data[table].is_array(), "{table} is missing");
    }
    assert!(!data["run"].as_array().unwrap().is_empty());
    let other = api.in_another_workspace().await;
    assert_eq!(fetch(&other, &other.token, &url).await.0, 404);
    let workspace = api.world.workspace.id;
    let store = &api.world.store;
    let named = vec![store::ContactNamed::Uuid(uuid.parse().unwrap())];
    let id = store.named_contacts(workspace, named).await.unwrap().pop().flatten().unwrap().id;
    assert_eq!(api.delete(&format!("contacts.json?uuid={uuid}")).await.0, 204);
    assert_eq!(fetch(&api, &api.token, &url).await.0, 404);
    for table in store::person_tables() {
        let rows = store.person_rows(workspace, id, table.into(), 0, 500).await.unwrap();
        let left = serde_json::to_string(&rows).unwrap().to_lowercase();
        assert!(!left.contains("secret") && !left.contains("254722000111"), "{table}: {left}");
    }
}

async fn two_who_are_one_are_merged(api: Api) {
    api.post("groups.json", json!({"name": "Mothers"})).await;
    api.post("fields.json", json!({"name": "Age", "type": "number"})).await;
    api.world.hand_in("+254722000111", "one", "1").await;
    api.world.hand_in("+254722000222", "two", "2").await;
    let (stays, goes) = (contact(&api, "tel:+254722000111").await, contact(&api, "tel:+254722000222").await);
    let body =
        json!({"name": "Amina", "fields": {"age": "31"}, "groups": ["Mothers"], "note": "of the other"});
    let path = format!("contacts.json?uuid={}", goes["uuid"].as_str().unwrap());
    assert_eq!(api.post(&path, body).await.0, 200);
    let body = json!({"contact": stays["uuid"], "merged": goes["uuid"]});
    let (status, merged) = api.post("contact_merges.json", body.clone()).await;
    let expected = json!({"contact": {"uuid": stays["uuid"], "name": "Amina"}, "merged": goes["uuid"]});
    assert_eq!((status, merged), (201, expected));
    let one = contact(&api, "tel:+254722000222").await;
    assert_eq!(
        (&one["uuid"], &one["name"], &one["fields"]),
        (&stays["uuid"], &json!("Amina"), &json!({"age": "31"}))
    );
    assert_eq!(one["urns"], json!(["tel:+254722000111", "tel:+254722000222"]));
    assert_eq!(
        (&one["groups"][0]["name"], &one["notes"][0]["text"]),
        (&json!("Mothers"), &json!("of the other"))
    );
    assert_eq!(
        api.list(&path).await[0]["uuid"],
        stays["uuid"],
        "who is asked for by the old identifier is the survivor"
    );
    assert_eq!(api.list("contacts.json").await.len(), 1);
    assert_eq!(api.each("contacts.json?deleted=1", "uuid").await, [goes["uuid"].clone()]);
    let said = api.list(&format!("messages.json?contact={}", stays["uuid"].as_str().unwrap())).await;
    assert_eq!(said.len(), 2, "{said:?}");
    // A message from the address of the one who went reaches the survivor.
    api.world.hand_in("+254722000222", "three", "3").await;
    assert_eq!(api.list("contacts.json").await.len(), 1);
    assert_eq!(api.list(&format!("messages.json?contact={}", goes["uuid"].as_str().unwrap())).await.len(), 3);
    assert_eq!(api.post("contact_merges.json", body).await.0, 400, "they are one already");
    let other = api.in_another_workspace().await;
    let foreign =
        other.post("contact_merges.json", json!({"contact": stays["uuid"], "merged": stays["uuid"]})).await;
    assert_eq!(foreign.0, 400);
    for (body, member) in [
        (json!({"contact": stays["uuid"]}), "merged"),
        (json!({"contact": stays["uuid"], "merged": stays["uuid"]}), "merged"),
        (json!({"contact": "x", "merged": stays["uuid"]}), "contact"),
    ] {
        let (status, said) = api.post("contact_merges.json", body.clone()).await;
        assert!(status == 400 && said[member].is_array(), "{body}: {said}");
    }
}
