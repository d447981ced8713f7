//! Triggers: made, changed, put away, taken back, removed, and refused where another does the same.

use serde_json::{Value, json};

use super::{Api, on_both};

on_both!(triggers_are_made_and_put_away, what_is_wrong_with_a_trigger_is_said, they_start_flows);

async fn flow(api: &Api) -> Value {
    api.world.add_two_questions().await;
    api.list("flows.json").await.pop().unwrap()["uuid"].clone()
}

async fn triggers_are_made_and_put_away(api: Api) {
    let flow = flow(&api).await;
    let there = api.list("triggers.json").await.len();
    api.post("groups.json", json!({"name": "Mothers"})).await;
    let channel = api.list("channels.json").await[0]["uuid"].clone();
    for (body, shown) in [
        (
            json!({"type": "keyword", "keywords": ["Join", "JIUNGE", "join"], "match_type": "only", "groups": ["Mothers"]}),
            json!({"keywords": ["join", "jiunge"], "match_type": "only"}),
        ),
        (json!({"type": "keyword", "keywords": ["ለእናት"]}), json!({"match_type": "first"})),
        (json!({"type": "catch_all", "channel": channel}), json!({"keywords": [], "match_type": null})),
        (json!({"type": "missed_call", "exclude_groups": ["Mothers"]}), json!({"type": "missed_call"})),
        (json!({"type": "inbound_call"}), json!({})),
        (json!({"type": "new_conversation", "channel": channel}), json!({})),
        (json!({"type": "referral", "referrer_id": "poster7"}), json!({"referrer_id": "poster7"})),
        (json!({"type": "referral"}), json!({"referrer_id": null})),
        (json!({"type": "closed_ticket"}), json!({})),
        (json!({"type": "opt_in"}), json!({})),
        (json!({"type": "opt_out"}), json!({})),
        (
            json!({"type": "schedule", "groups": ["Mothers"], "start_on": "2031-05-31T06:30:00Z", "repeat_period": "D"}),
            json!({"type": "schedule"}),
        ),
    ] {
        let mut body = body;
        body["flow"] = flow.clone();
        let (status, made) = api.post("triggers.json", body.clone()).await;
        assert_eq!(status, 201, "{body}: {made}");
        for (member, value) in shown.as_object().unwrap() {
            assert_eq!(&made[member], value, "{made}");
        }
        let path = format!("triggers.json?id={}", made["id"]);
        assert_eq!(api.list(&path).await, std::slice::from_ref(&made));
        let act = |action: &'static str| {
            let body = json!({"triggers": [made["id"]], "action": action});
            let api = &api;
            async move { api.post("trigger_actions.json", body).await.0 }
        };
        assert_eq!(act("archive").await, 204);
        assert_eq!(api.list(&path).await[0]["archived"], json!(true), "{made}");
        assert_eq!(act("restore").await, 204);
        assert_eq!(api.list(&path).await[0]["archived"], json!(false));
    }
    assert_eq!(api.list("triggers.json").await.len(), there + 12);
    assert_eq!(api.list("triggers.json?type=referral").await.len(), 2);
    assert_eq!(api.list("triggers.json?type=schedule").await.len(), 1);
    assert!(api.list("triggers.json?archived=1").await.is_empty());
    let first = api.list("triggers.json?type=schedule").await[0]["id"].clone();
    assert_eq!(api.delete(&format!("triggers.json?id={first}")).await.0, 204);
    assert_eq!(api.delete(&format!("triggers.json?id={first}")).await.0, 404);
    let (status, said) =
        api.post("trigger_actions.json", json!({"triggers": [first], "action": "delete"})).await;
    assert_eq!((status, said), (200, json!({"failures": [first]})));
    // Changed as a whole; a change that clashes is refused.
    let referral = api.list("triggers.json?type=referral").await[0].clone();
    let path = format!("triggers.json?id={}", referral["id"]);
    let (status, said) =
        api.post(&path, json!({"type": "referral", "flow": flow, "referrer_id": "POSTER7"})).await;
    assert!(status == 400 && said.to_string().contains("Conflicts with trigger"), "{said}");
    let (status, said) =
        api.post(&path, json!({"type": "referral", "flow": flow, "referrer_id": "radio"})).await;
    assert_eq!((status, &said["referrer_id"]), (200, &json!("radio")));
}

async fn what_is_wrong_with_a_trigger_is_said(api: Api) {
    let flow = flow(&api).await;
    api.post("groups.json", json!({"name": "Mothers"})).await;
    let (status, made) = api
        .post("triggers.json", json!({"type": "keyword", "flow": flow, "keywords": ["help", "aide"]}))
        .await;
    assert_eq!(status, 201, "{made}");
    // The same word for others, or elsewhere, is another thing.
    let other = json!({"type": "keyword", "flow": flow, "keywords": ["help"], "groups": ["Mothers"]});
    assert_eq!(api.post("triggers.json", other).await.0, 201);
    let (status, said) =
        api.post("triggers.json", json!({"type": "keyword", "flow": flow, "keywords": ["AIDE"]})).await;
    let expected = format!("Conflicts with trigger {} (keyword help, aide) of flow", made["id"]);
    assert!(status == 400 && said["non_field_errors"][0].as_str().unwrap().starts_with(&expected), "{said}");
    // One that is put away stands in nobody's way, and does not come back beside another.
    api.post("trigger_actions.json", json!({"triggers": [made["id"]], "action": "archive"})).await;
    assert_eq!(
        api.post("triggers.json", json!({"type": "keyword", "flow": flow, "keywords": ["AIDE"]})).await.0,
        201
    );
    let (status, said) =
        api.post("trigger_actions.json", json!({"triggers": [made["id"]], "action": "restore"})).await;
    assert!(status == 400 && said["non_field_errors"].is_array(), "{said}");
    for (body, member) in [
        (json!({"flow": flow}), "type"),
        (json!({"type": "word", "flow": flow}), "type"),
        (json!({"type": "keyword", "keywords": ["x"]}), "flow"),
        (
            json!({"type": "keyword", "flow": "3b1b7d7e-0000-4000-8000-000000000000", "keywords": ["x"]}),
            "flow",
        ),
        (json!({"type": "keyword", "flow": flow}), "keywords"),
        (json!({"type": "keyword", "flow": flow, "keywords": []}), "keywords"),
        (json!({"type": "keyword", "flow": flow, "keywords": ["two words"]}), "keywords"),
        (json!({"type": "keyword", "flow": flow, "keywords": ["help!"]}), "keywords"),
        (json!({"type": "keyword", "flow": flow, "keywords": ["x".repeat(37)]}), "keywords"),
        (json!({"type": "keyword", "flow": flow, "keywords": "help"}), "keywords"),
        (json!({"type": "keyword", "flow": flow, "keywords": ["x"], "match_type": "last"}), "match_type"),
        (json!({"type": "keyword", "flow": flow, "keywords": ["x"], "groups": ["Nobody"]}), "groups"),
        (
            json!({"type": "keyword", "flow": flow, "keywords": ["x"], "groups": ["Mothers"],
            "exclude_groups": ["Mothers"]}),
            "exclude_groups",
        ),
        (json!({"type": "keyword", "flow": flow, "keywords": ["x"], "channel": "x"}), "channel"),
        (json!({"type": "catch_all", "flow": flow, "keywords": ["x"]}), "keywords"),
        (json!({"type": "catch_all", "flow": flow, "referrer_id": "x"}), "referrer_id"),
        (json!({"type": "schedule", "flow": flow, "groups": ["Mothers"]}), "non_field_errors"),
        (json!({"type": "schedule", "flow": flow, "cron": "0 8 * * *"}), "non_field_errors"),
    ] {
        let (status, said) = api.post("triggers.json", body.clone()).await;
        assert!(status == 400 && !said[member].is_null(), "{body}: {status} {said}");
    }
    assert_eq!(api.post("triggers.json?id=5", json!({"type": "opt_in", "flow": flow})).await.0, 404);
}

async fn they_start_flows(api: Api) {
    let flow = flow(&api).await;
    let body = json!({"type": "missed_call", "flow": flow});
    assert_eq!(api.post("triggers.json", body).await.0, 201);
    let channel = api.list("channels.json").await.pop().unwrap()["uuid"].as_str().unwrap().to_owned();
    let call = |fields: String| {
        let url = format!("{}/c/ex/{channel}/event", api.world.base);
        let request = api
            .world
            .client
            .post(url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(fields);
        async move {
            let answer = request.send().await.unwrap();
            (answer.status().as_u16(), answer.text().await.unwrap())
        }
    };
    let (status, said) = call("from=%2B254722000777&type=missed_call".to_owned()).await;
    assert_eq!(status, 200, "{said}");
    let runs = api.list("runs.json").await;
    assert_eq!((runs.len(), &runs[0]["flow"]["uuid"]), (1, &flow));
    let long = "x".repeat(256);
    for bad in [
        "type=missed_call",
        "from=%2B254722000777",
        "from=%2B254722000777&type=dance",
        &format!("from=%2B254722000777&type=referral&referrer_id={long}"),
    ] {
        assert_eq!(call(bad.to_owned()).await.0, 400, "{bad}");
    }
}
