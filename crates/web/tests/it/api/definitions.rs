//! Lists of what programmes are made of.

use domain::{FieldId, FieldType, FieldUuid, GroupId, GroupUuid, LabelId, LabelUuid};
use serde_json::json;
use store::{Change, DefinitionChange, FieldRow, GroupRow, LabelRow, Unit};
use uuid::Uuid;

use super::{Api, on_both};

on_both!(
    the_workspace,
    a_flow_says_what_it_keeps,
    lists_of_definitions,
    pages_of_a_long_list,
    fields_are_added_and_changed,
    groups_labels_topics_and_globals_are_saved,
    what_is_needed_stays,
    campaigns_and_their_points_are_saved,
);

/// Adds a group that fills itself; answers its identifier.
pub async fn query_group(api: &Api, name: &str, query: &str) -> serde_json::Value {
    let uuid = Uuid::from_u128(77);
    let row =
        GroupRow { id: GroupId(77), uuid: GroupUuid(uuid), name: name.into(), query: Some(query.into()) };
    let change = Change::Definition(api.world.workspace.id, DefinitionChange::Group(row));
    api.world.store.write_one(Unit::new(vec![change])).await.unwrap();
    json!(uuid)
}

async fn the_workspace(api: Api) {
    let expected = json!({
        "uuid": api.world.workspace.uuid,
        "name": "Mothers' line",
        "country": "KE",
        "languages": ["eng"],
        "primary_language": "eng",
        "timezone": "Africa/Nairobi",
        "date_style": "day_first", "time_style": "tt:mm", "input_collation": "default",
        "credits": {"used": -1, "remaining": -1},
        "anon": false,
    });
    assert_eq!(api.get("workspace.json").await, expected);
    assert_eq!(api.get("org.json").await, expected);
}

async fn a_flow_says_what_it_keeps(api: Api) {
    api.world.add_two_questions().await;
    let flows = api.list("flows.json").await;
    assert_eq!(flows.len(), 1);
    let flow = &flows[0];
    assert_eq!(
        (&flow["type"], &flow["archived"], &flow["expires"]),
        (&json!("message"), &json!(false), &json!(60))
    );
    assert_eq!(flow["labels"], json!([]));
    assert_eq!(flow["runs"]["waiting"], 0);
    assert!(!flow["results"].as_array().unwrap().is_empty());
    api.world.hand_in("+254722000111", "hello", "1").await;
    assert_eq!(api.list("flows.json").await[0]["runs"]["waiting"], 1);
    let uuid = flow["uuid"].as_str().unwrap();
    for (query, count) in [
        (format!("uuid={uuid}"), 1),
        ("uuid=0198d6a0-4a7b-4c3e-9f2a-6d1f00c0ffee".to_owned(), 0),
        ("uuid=x".to_owned(), 0),
        ("type=voice".to_owned(), 0),
        ("type=message".to_owned(), 1),
        ("archived=1".to_owned(), 0),
        ("archived=0".to_owned(), 1),
        ("after=2020-01-01".to_owned(), 1),
        ("before=2020-01-01T00:00:00Z".to_owned(), 0),
        ("after=some+day".to_owned(), 0),
    ] {
        assert_eq!(api.list(&format!("flows.json?{query}")).await.len(), count, "{query}");
    }
}

async fn lists_of_definitions(api: Api) {
    let field = |id, key: &str, name: &str, field_type| FieldRow {
        id: FieldId(id),
        uuid: FieldUuid(Uuid::from_u128(id as u128)),
        key: key.into(),
        name: name.into(),
        field_type,
    };
    let group = |id, name: &str, query: Option<&str>| GroupRow {
        id: GroupId(id),
        uuid: GroupUuid(Uuid::from_u128(id as u128)),
        name: name.into(),
        query: query.map(Into::into),
    };
    let label = LabelRow { id: LabelId(31), uuid: LabelUuid(Uuid::from_u128(31)), name: "Important".into() };
    let changes = [
        DefinitionChange::Field(field(11, "age", "Age", FieldType::Number)),
        DefinitionChange::Field(field(12, "due", "Due date", FieldType::Datetime)),
        DefinitionChange::Group(group(21, "Mothers", None)),
        DefinitionChange::Group(group(22, "Adults", Some("age > 17"))),
        DefinitionChange::Label(label),
    ];
    let changes = changes.into_iter().map(|change| Change::Definition(api.world.workspace.id, change));
    api.world.store.write_one(Unit::new(changes.collect())).await.unwrap();
    operations::set_global(
        api.world.node.context(),
        api.world.workspace.id,
        "clinic".into(),
        "Kisenyi".into(),
    )
    .await
    .unwrap();

    assert_eq!(api.each("fields.json", "key").await, ["due", "age"]);
    let age = json!([{
        "key": "age", "name": "Age", "type": "number", "featured": false, "priority": 0,
        "usages": {"flows": 0, "groups": 1, "campaign_events": 0}, "agent_access": "edit",
        "label": "Age", "value_type": "numeric",
    }]);
    assert_eq!(json!(api.list("fields.json?key=age").await), age);

    assert_eq!(api.each("groups.json", "name").await, ["Adults", "Mothers"]);
    assert_eq!(api.each("groups.json?manual_only=1", "name").await, ["Mothers"]);
    assert_eq!(api.each("groups.json?name=mothers", "query").await, [json!(null)]);
    assert_eq!(api.list("groups.json?uuid=x").await.len(), 0);
    let adults = json!([{
        "uuid": Uuid::from_u128(22), "name": "Adults", "query": "age > 17", "status": "ready",
        "system": false, "count": 0,
    }]);
    assert_eq!(json!(api.list(&format!("groups.json?uuid={}", Uuid::from_u128(22))).await), adults);

    let labels = json!([{"uuid": Uuid::from_u128(31), "name": "Important", "count": 0}]);
    assert_eq!(json!(api.list("labels.json").await), labels);
    let globals = api.list("globals.json?key=clinic").await;
    assert_eq!((&globals[0]["name"], &globals[0]["value"]), (&json!("clinic"), &json!("Kisenyi")));
    assert_eq!(api.list("globals.json?before=2020-01-01").await.len(), 0);

    let channels = api.list("channels.json").await;
    assert_eq!(
        (channels.len(), &channels[1]["type"], &channels[1]["address"]),
        (2, &json!("ex"), &json!("2020"))
    );
    let topics = api.list("topics.json").await;
    assert_eq!((&topics[0]["name"], &topics[0]["system"]), (&json!("General"), &json!(true)));
    let users = api.list("users.json?role=administrator").await;
    assert_eq!((&users[0]["email"], &users[0]["last_name"]), (&json!("admin@example.org"), &json!("Okello")));
    assert_eq!(api.list("users.json?role=agent").await.len(), 0);
    let none = json!({"count": 0, "next": null, "previous": null, "results": []});
    assert_eq!(api.get("archives.json?type=run").await, none);
    for empty in ["campaigns.json", "campaign_events.json"] {
        assert_eq!(api.get(empty).await, json!({"next": null, "previous": null, "results": []}), "{empty}");
    }
}

async fn pages_of_a_long_list(api: Api) {
    let label = |id: i64| {
        let name = format!("Label {id}").into();
        let row = LabelRow { id: LabelId(id), uuid: LabelUuid(Uuid::from_u128(id as u128)), name };
        Change::Definition(api.world.workspace.id, DefinitionChange::Label(row))
    };
    api.world.store.write_one(Unit::new((1..=600).map(label).collect())).await.unwrap();
    let first = api.get("labels.json?extra=a%20b").await;
    assert_eq!(first["previous"], json!(null));
    let names = |page: &serde_json::Value| -> Vec<String> {
        page["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!((names(&first).len(), names(&first)[0].as_str()), (250, "Label 600"));
    let next = first["next"].as_str().unwrap();
    assert!(
        next.starts_with(&api.world.base) && next.contains("cursor=") && next.contains("extra=a+b"),
        "{next}"
    );
    let second = api.get(next).await;
    assert_eq!((names(&second).len(), names(&second)[0].as_str()), (250, "Label 350"));
    let third = api.get(second["next"].as_str().unwrap()).await;
    assert_eq!((names(&third).len(), &third["next"]), (100, &json!(null)));
    let back = api.get(third["previous"].as_str().unwrap()).await;
    assert_eq!(back["results"], second["results"]);
    let back = api.get(back["previous"].as_str().unwrap()).await;
    assert_eq!((&back["results"], &back["previous"]), (&first["results"], &json!(null)));
}

async fn fields_are_added_and_changed(api: Api) {
    let (status, field) = api.post("fields.json", json!({"name": "Due date", "type": "datetime"})).await;
    assert_eq!((status, &field["key"], &field["type"]), (201, &json!("due_date"), &json!("datetime")));
    let (status, field) = api.post("fields.json", json!({"label": "Old", "value_type": "numeric"})).await;
    assert_eq!((status, &field["type"], &field["value_type"]), (201, &json!("number"), &json!("numeric")));
    let (status, field) = api.post("fields.json?key=old", json!({"name": "Older", "type": "text"})).await;
    assert_eq!(
        (status, &field["key"], &field["name"], &field["type"]),
        (200, &json!("old"), &json!("Older"), &json!("text"))
    );
    for (path, body, status, said) in [
        (
            "fields.json",
            json!({}),
            400,
            json!({"name": ["This field is required."], "type": ["This field is required."]}),
        ),
        (
            "fields.json",
            json!({"name": "due DATE", "type": "text"}),
            400,
            json!({"name": ["This field must be unique."]}),
        ),
        (
            "fields.json",
            json!({"name": "a_b", "type": "text"}),
            400,
            json!({"name": ["May only contain letters, digits, spaces and hyphens."]}),
        ),
        (
            "fields.json",
            json!({"name": "Name", "type": "text"}),
            400,
            json!({"name": ["Not a name that a field can have."]}),
        ),
        (
            "fields.json",
            json!({"name": "A", "type": "date"}),
            400,
            json!({"type": ["\"date\" is not a valid choice."]}),
        ),
        (
            "fields.json?key=nothing",
            json!({"name": "A", "type": "text"}),
            404,
            json!({"detail": "Not found."}),
        ),
    ] {
        assert_eq!(api.post(path, body.clone()).await, (status, said), "{path} {body}");
    }
}

async fn groups_labels_topics_and_globals_are_saved(api: Api) {
    for path in ["groups.json", "labels.json", "topics.json"] {
        let (status, made) = api.post(path, json!({"name": " Mothers "})).await;
        assert_eq!((status, &made["name"]), (201, &json!("Mothers")), "{path}");
        let uuid = made["uuid"].as_str().unwrap();
        let (status, changed) = api.post(&format!("{path}?uuid={uuid}"), json!({"name": "mothers"})).await;
        assert_eq!((status, &changed["name"], &changed["uuid"]), (200, &json!("mothers"), &made["uuid"]));
        let taken = (400, json!({"name": ["This field must be unique."]}));
        assert_eq!(api.post(path, json!({"name": "MOTHERS"})).await, taken, "{path}");
        let long = (400, json!({"name": ["Ensure this field has no more than 64 characters."]}));
        assert_eq!(api.post(path, json!({"name": "x".repeat(65)})).await, long);
        let nobody = format!("{path}?uuid=0198d6a0-4a7b-4c3e-9f2a-6d1f00c0ffee");
        assert_eq!(api.post(&nobody, json!({"name": "A"})).await, (404, json!({"detail": "Not found."})));
        if path != "topics.json" {
            assert_eq!(api.delete(&format!("{path}?uuid={uuid}")).await, (204, json!(null)));
            assert_eq!(api.delete(&format!("{path}?uuid={uuid}")).await.0, 404);
            assert_eq!(api.delete(path).await.0, 400);
        }
    }
    let first = api.list("topics.json").await.pop().unwrap();
    let uuid = first["uuid"].as_str().unwrap();
    let refused = (403, json!({"detail": "Cannot modify system object."}));
    assert_eq!(api.post(&format!("topics.json?uuid={uuid}"), json!({"name": "B"})).await, refused);
    let (status, global) = api.post("globals.json", json!({"name": "Clinic Name", "value": "Kisenyi"})).await;
    assert_eq!((status, &global["key"], &global["value"]), (201, &json!("clinic_name"), &json!("Kisenyi")));
    let (status, global) = api.post("globals.json?key=clinic_name", json!({"value": "Mulago"})).await;
    assert_eq!((status, &global["name"], &global["value"]), (200, &json!("Clinic Name"), &json!("Mulago")));
    assert_eq!(api.each("globals.json", "value").await, ["Mulago"]);
    assert_eq!(api.post("globals.json?key=x", json!({"value": "A"})).await.0, 404);
    let missing = json!({"name": ["This field is required."], "value": ["This field is required."]});
    assert_eq!(api.post("globals.json", json!({})).await, (400, missing));
}

async fn what_is_needed_stays(api: Api) {
    let (_, group) = api.post("groups.json", json!({"name": "Mothers"})).await;
    let definitions = api.world.store.definitions(api.world.workspace.id).await.unwrap().unwrap();
    let campaign = store::CampaignRow {
        id: domain::CampaignId(5),
        uuid: domain::CampaignUuid(Uuid::from_u128(5)),
        name: "Reminders".into(),
        group: definitions.groups[0].id,
        archived: false,
        created_on: api.world.node.context().now(),
    };
    let change = Change::Definition(api.world.workspace.id, DefinitionChange::Campaign(campaign));
    api.world.store.write_one(Unit::new(vec![change])).await.unwrap();
    assert_eq!(api.list("campaigns.json").await[0]["group"]["name"], "Mothers");
    let path = format!("groups.json?uuid={}", group["uuid"].as_str().unwrap());
    let (status, said) = api.delete(&path).await;
    let expected = json!({"detail": "Cannot be deleted while it is used by the campaign \"Reminders\"."});
    assert_eq!((status, said), (400, expected));
    assert_eq!(api.list("groups.json").await.len(), 1);
}

async fn campaigns_and_their_points_are_saved(api: Api) {
    api.world.add_two_questions().await;
    let flow = api.list("flows.json").await.remove(0);
    let (_, group) = api.post("groups.json", json!({"name": "Mothers"})).await;
    api.post("fields.json", json!({"name": "Due", "type": "datetime"})).await;
    api.post("fields.json", json!({"name": "Age", "type": "number"})).await;
    let (status, campaign) = api.post("campaigns.json", json!({"name": "Visits", "group": "mothers"})).await;
    let expected = json!({
        "uuid": campaign["uuid"], "name": "Visits", "archived": false,
        "group": {"uuid": group["uuid"], "name": "Mothers"}, "created_on": campaign["created_on"],
    });
    assert_eq!((status, &campaign), (201, &expected));
    let path = format!("campaigns.json?uuid={}", campaign["uuid"].as_str().unwrap());
    let (status, changed) = api.post(&path, json!({"name": "Calls", "group": group["uuid"]})).await;
    assert_eq!((status, &changed["name"]), (200, &json!("Calls")));
    let point = |more: serde_json::Value| {
        let mut body = json!({
            "campaign": campaign["uuid"], "relative_to": "due", "offset": -2, "unit": "weeks", "delivery_hour": 9,
        });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let (status, event) = api.post("campaign_events.json", point(json!({"message": "Come soon"}))).await;
    let expected = json!({
        "uuid": event["uuid"], "campaign": {"uuid": campaign["uuid"], "name": "Calls"},
        "relative_to": {"key": "due", "name": "Due", "label": "Due"}, "offset": -2, "unit": "weeks",
        "delivery_hour": 9, "start_mode": "interrupt", "flow": null, "message": {"eng": "Come soon"},
        "created_on": event["created_on"],
    });
    assert_eq!((status, &event), (201, &expected));
    let path = format!("campaign_events.json?uuid={}", event["uuid"].as_str().unwrap());
    let (status, changed) =
        api.post(&path, point(json!({"flow": flow["uuid"], "offset": 3, "unit": "days"}))).await;
    assert_eq!(status, 200, "{changed}");
    assert_eq!(
        (&changed["flow"]["uuid"], &changed["message"], &changed["offset"]),
        (&flow["uuid"], &json!(null), &json!(3))
    );
    assert_eq!(api.list("campaign_events.json?campaign=calls").await, [changed]);
    for (more, said) in [
        (json!({}), json!({"non_field_errors": ["Give a message or a flow."]})),
        (
            json!({"message": "x", "flow": flow["uuid"]}),
            json!({"non_field_errors": ["Give a message or a flow, not both."]}),
        ),
        (
            json!({"message": "x", "relative_to": "age"}),
            json!({"relative_to": ["Campaigns count from dates only."]}),
        ),
        (json!({"message": "x", "relative_to": "shoe"}), json!({"relative_to": ["Not found: shoe"]})),
        (json!({"message": "x", "unit": "years"}), json!({"unit": ["\"years\" is not a valid choice."]})),
        (
            json!({"message": "x", "delivery_hour": 24}),
            json!({"delivery_hour": ["Must be -1 or an hour from 0 to 23."]}),
        ),
        (json!({"message": "x", "offset": "soon"}), json!({"offset": ["A valid integer is required."]})),
        (json!({"message": "x", "campaign": "None"}), json!({"campaign": ["Not found: none"]})),
    ] {
        assert_eq!(api.post("campaign_events.json", point(more.clone())).await, (400, said), "{more}");
    }
    assert_eq!(api.delete(&path).await, (204, json!(null)));
    assert_eq!(api.delete(&path).await.0, 404);
    let other = api.in_another_workspace().await;
    assert_eq!(
        other
            .post(
                &format!("campaigns.json?uuid={}", campaign["uuid"].as_str().unwrap()),
                json!({"name": "X", "group": "mothers"})
            )
            .await
            .0,
        400
    );
}
