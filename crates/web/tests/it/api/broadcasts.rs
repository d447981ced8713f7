//! Broadcasts: what one would come to, who is meant, and how it is steered.

use serde_json::{Value, json};

use super::{Api, on_both};

on_both!(
    a_preview_says_how_many_people_and_what_it_costs,
    a_broadcast_is_for_whoever_is_meant,
    a_broadcast_is_paused_resumed_and_stopped,
    what_is_wrong_is_said,
    schedules_are_made_shown_and_removed,
);

async fn people(api: &Api) {
    let (status, made) = api.post("groups.json", json!({"name": "Mothers"})).await;
    assert_eq!(status, 201, "{made}");
    for (name, number, language) in [("Amina", 1, "eng"), ("Zodwa", 2, "swa"), ("", 3, "eng")] {
        let body = json!({"name": name, "urns": [format!("tel:+25472200000{number}")], "groups": ["Mothers"],
            "language": language});
        let (status, made) = api.post("contacts.json", body).await;
        assert_eq!(status, 201, "{made}");
    }
}

async fn a_preview_says_how_many_people_and_what_it_costs(api: Api) {
    people(&api).await;
    let line = api
        .world
        .add_line(json!({"send_url": "http://127.0.0.1:9/", "cost_per_part": 80, "cost_currency": "KES"}))
        .await;
    let before = api.list("messages.json").await.len();
    let preview = |body: Value| {
        let api = &api;
        async move {
            let (status, found) = api.post("broadcast_previews.json", body).await;
            assert_eq!(status, 200, "{found}");
            found
        }
    };
    let found =
        preview(json!({"text": "Hello @contact.name", "groups": ["Mothers"], "urns": ["tel:+254722000009"]}))
            .await;
    assert_eq!((&found["people"], &found["reached"]), (&json!(4), &json!(4)), "{found}");
    assert_eq!((&found["parts"], &found["estimated"]), (&json!(4), &json!(false)));
    let of_line = |found: &Value| {
        let channels = found["channels"].as_array().unwrap().clone();
        channels.into_iter().find(|one| one["channel"]["uuid"] == json!(line.to_string()))
    };
    // Whichever line a number goes over: what has a price is added up.
    let parts = of_line(&found).map_or(0, |line| line["parts"].as_i64().unwrap());
    let costs = if parts == 0 { json!([]) } else { json!([{"amount": parts * 80, "currency": "KES"}]) };
    assert_eq!(found["costs"], costs, "{found}");
    // 161 characters are two short messages; 71 of another alphabet too.
    for (text, parts) in [("a".repeat(161), 6), ("ሰ".repeat(71), 6), ("ሰ".repeat(70), 3)] {
        let found = preview(json!({"text": text, "groups": ["Mothers"]})).await;
        assert_eq!(found["parts"], json!(parts), "{found}");
    }
    let out = json!({"query": "language = swa"});
    let found = preview(json!({"text": "Hi", "query": "tel ~ 254722", "exclude": out})).await;
    assert_eq!((&found["people"], &found["reached"]), (&json!(3), &json!(2)), "{found}");
    assert_eq!(found["left_out"], json!({"the contact fits the query of those who are left out": 1}));
    assert_eq!(api.list("messages.json").await.len(), before, "nothing is queued");
    assert!(api.list("broadcasts.json").await.is_empty());
}

async fn texts_to(api: &Api, broadcast: &Value) -> Vec<String> {
    for _ in 0..200 {
        let shown = api.list(&format!("broadcasts.json?uuid={}", broadcast["uuid"].as_str().unwrap())).await;
        if shown[0]["status"] == "completed" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let messages = api.list(&format!("messages.json?broadcast={}", broadcast["id"])).await;
    let mut texts: Vec<String> =
        messages.iter().map(|message| message["text"].as_str().unwrap().to_owned()).collect();
    texts.sort();
    texts
}

async fn a_broadcast_is_for_whoever_is_meant(api: Api) {
    people(&api).await;
    let body = json!({"text": {"eng": "Dear @(default(contact.name, \"friend\"))", "swa": "Mpendwa @contact.name"},
        "base_language": "eng", "query": "tel ~ 254722", "exclude": {"query": "name = Amina"}});
    let (status, made) = api.post("broadcasts.json", body).await;
    assert_eq!(status, 201, "{made}");
    assert_eq!((&made["query"], &made["exclude"]["query"]), (&json!("tel ~ 254722"), &json!("name = Amina")));
    let texts = texts_to(&api, &made).await;
    let languages = api.get("workspace.json").await["languages"].clone();
    let swahili = languages.as_array().unwrap().contains(&json!("swa"));
    let zodwa = if swahili { "Mpendwa Zodwa" } else { "Dear Zodwa" };
    assert!(texts.len() == 2 && texts.contains(&zodwa.to_owned()), "{texts:?}");
    assert!(texts.contains(&"Dear friend".to_owned()), "{texts:?}");
}

async fn a_broadcast_is_paused_resumed_and_stopped(api: Api) {
    people(&api).await;
    let body = json!({"text": "Hi", "groups": ["Mothers"], "soft_start": {"percent": 1}});
    let (status, made) = api.post("broadcasts.json", body).await;
    assert_eq!(status, 201, "{made}");
    let path = format!("broadcasts.json?uuid={}", made["uuid"].as_str().unwrap());
    let mut held = Value::Null;
    for _ in 0..200 {
        held = api.list(&path).await[0].clone();
        if held["soft_start"]["held"] == json!(true) && held["paused"] == json!(true) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(
        (&held["soft_start"]["held"], &held["progress"]["started"]),
        (&json!(true), &json!(1)),
        "{held}"
    );
    let act = |action: &'static str| {
        api.post("broadcast_actions.json", json!({"broadcasts": [made["uuid"]], "action": action}))
    };
    assert_eq!(act("release").await.0, 204);
    assert_eq!(texts_to(&api, &made).await.len(), 3);
    let (status, said) = act("release").await;
    assert_eq!((status, &said["failures"]), (200, &json!([made["uuid"]])), "it does not wait any more");
    assert_eq!(act("stop").await.0, 204);
    let (status, said) =
        api.post("broadcast_actions.json", json!({"broadcasts": ["x", 5], "action": "pause"})).await;
    assert_eq!((status, said), (200, json!({"failures": ["x", 5]})));
}

async fn what_is_wrong_is_said(api: Api) {
    people(&api).await;
    for (body, wrong) in [
        (json!({"text": "Hi"}), json!({"non_field_errors": ["Give urns, contacts or groups."]})),
        (json!({"text": "Hi", "groups": ["Nobody"]}), json!({"groups": {"0": ["Not found: Nobody"]}})),
        (
            json!({"text": "Hi", "groups": ["Mothers"], "exclude": {"group": "x"}}),
            json!({"exclude": {"group": ["There is no such exclusion."]}}),
        ),
        (
            json!({"text": "Hi", "groups": ["Mothers"], "exclude": {"not_seen_since_days": 0}}),
            json!({"exclude": {"not_seen_since_days": ["A whole number from 1 to 3650."]}}),
        ),
        (
            json!({"text": "Hi", "groups": ["Mothers"], "soft_start": {"percent": 51}}),
            json!({"soft_start": {"percent": ["A whole number from 1 to 50."]}}),
        ),
        (
            json!({"text": "Hi", "groups": ["Mothers"], "soft_start": "yes"}),
            json!({"soft_start": ["Give true, or an object of percent and release_on."]}),
        ),
        (
            json!({"text": "Hi", "groups": ["Mothers"], "soft_start": {"release_on": "2020-01-01T00:00:00Z"}}),
            json!({"soft_start": {"release_on": ["A moment to come, as 2027-05-01T08:30:00Z."]}}),
        ),
        (
            json!({"text": "Hi", "groups": ["Mothers"], "template": "welcome"}),
            json!({"template": ["Not found: welcome"]}),
        ),
    ] {
        for path in ["broadcasts.json", "broadcast_previews.json"] {
            let (status, said) = api.post(path, body.clone()).await;
            assert_eq!((status, &said), (400, &wrong), "{path} {body}");
        }
    }
    let (status, said) = api.post("broadcasts.json", json!({"text": "Hi", "query": "age >"})).await;
    assert!(status == 400 && said["query"].is_array(), "{said}");
    let body = json!({"text": "Hi", "urns": ["tel:+254722000001"], "soft_start": true});
    let (status, said) = api.post("broadcasts.json", body).await;
    assert!(status == 400 && said["soft_start"].is_array(), "{said}");
    let body = json!({"text": "Hi", "groups": ["Mothers"], "exclude": {"query": "history = x"}});
    assert_eq!(api.post("broadcasts.json", body).await.0, 400);
}

async fn schedules_are_made_shown_and_removed(api: Api) {
    people(&api).await;
    for (name, when, cron, period, days) in [
        ("Once", json!({"start_on": "2031-05-31T06:30:00Z"}), Value::Null, json!("O"), json!([])),
        (
            "Daily",
            json!({"start_on": "2031-05-31T06:30:00Z", "repeat_period": "D", "zone": "Africa/Nairobi"}),
            json!("30 9 * * *"),
            json!("D"),
            json!([]),
        ),
        (
            "Weekly",
            json!({"start_on": "2031-05-31T06:30:00Z", "repeat_period": "W", "repeat_days_of_week": "RU",
            "zone": "UTC"}),
            json!("30 6 * * 0,4"),
            json!("W"),
            json!(["U", "R"]),
        ),
        (
            "Monthly",
            json!({"start_on": "2031-05-31T06:30:00Z", "repeat_period": "M", "zone": "UTC"}),
            json!("30 6 31L * *"),
            json!("M"),
            json!([]),
        ),
        (
            "Cron",
            json!({"cron": "*/15 8-17 * * MON-FRI"}),
            json!("*/15 8-17 * * MON-FRI"),
            Value::Null,
            json!([]),
        ),
    ] {
        let mut body = json!({"name": name, "text": "Hello @contact.name", "groups": ["Mothers"]});
        body.as_object_mut().unwrap().extend(when.as_object().unwrap().clone());
        let (status, made) = api.post("schedules.json", body).await;
        assert_eq!(status, 201, "{made}");
        assert_eq!(
            (&made["cron"], &made["repeat_period"], &made["repeat_days_of_week"]),
            (&cron, &period, &days)
        );
        assert!(made["next_fire"].is_string(), "{made}");
        assert_eq!(made["groups"][0]["name"], json!("Mothers"));
    }
    let once = api.list("schedules.json").await.pop().unwrap();
    assert_eq!(once["next_fire"], json!("2031-05-31T06:30:00.000000Z"));
    let path = format!("schedules.json?uuid={}", once["uuid"].as_str().unwrap());
    let (status, paused) = api.post(&path, json!({"paused": true})).await;
    assert_eq!((status, &paused["paused"]), (200, &json!(true)));
    assert_eq!(api.delete(&path).await.0, 204);
    assert!(api.list(&path).await.is_empty());
    for (body, member) in [
        (json!({"name": "Daily", "cron": "0 8 * * *", "text": "Hi", "groups": ["Mothers"]}), "name"),
        (json!({"name": "A", "cron": "0 8 * *", "text": "Hi", "groups": ["Mothers"]}), "cron"),
        (json!({"name": "A", "text": "Hi", "groups": ["Mothers"]}), "non_field_errors"),
        (json!({"name": "A", "cron": "0 8 * * *", "groups": ["Mothers"]}), "non_field_errors"),
        (
            json!({"name": "A", "start_on": "2020-01-01T00:00:00Z", "text": "Hi", "groups": ["Mothers"]}),
            "start_on",
        ),
        (json!({"name": "A", "start_on": "soon", "text": "Hi", "groups": ["Mothers"]}), "start_on"),
        (
            json!({"name": "A", "cron": "0 8 * * *", "zone": "Mars/Crater", "text": "Hi", "groups": ["Mothers"]}),
            "zone",
        ),
        (
            json!({"name": "A", "start_on": "2031-05-31T06:30:00Z", "repeat_period": "W", "text": "Hi",
            "groups": ["Mothers"]}),
            "repeat_days_of_week",
        ),
        (json!({"cron": "0 8 * * *", "text": "Hi", "groups": ["Mothers"]}), "name"),
        (json!({"name": "A", "cron": "0 8 * * *", "flow": "x", "groups": ["Mothers"]}), "flow"),
        (
            json!({"name": "A", "cron": "0 8 * * *", "missed_limit": 0, "text": "Hi", "groups": ["Mothers"]}),
            "missed_limit",
        ),
    ] {
        let (status, said) = api.post("schedules.json", body.clone()).await;
        assert!(status == 400 && said[member].is_array(), "{body}: {status} {said}");
    }
}
