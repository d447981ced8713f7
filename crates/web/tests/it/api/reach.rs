//! Whom a query finds, groups that fill themselves, lines, places and counts.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{Api, on_both};

on_both!(
    a_query_finds_people_page_by_page,
    groups_fill_themselves,
    lines_are_added_changed_and_taken_out_of_use,
    lines_set_here_stay_out_of_our_networks,
    places_and_counts_are_listed,
    points_say_what_becomes_of_a_conversation,
    what_happens_on_lines_is_listed,
);

async fn add_contacts(api: &Api, count: u32) {
    for number in 0..count {
        let body =
            json!({"name": format!("Amina {number:03}"), "urns": [format!("tel:+25472200{number:04}")]});
        let (status, said) = api.post("contacts.json", body).await;
        assert_eq!(status, 201, "{said}");
    }
}

async fn a_query_finds_people_page_by_page(api: Api) {
    add_contacts(&api, 253).await;
    api.post("contacts.json", json!({"name": "Zawadi"})).await;
    let query = "contacts.json?query=name%20~%20amina";
    let first = api.get(query).await;
    let names = |page: &Value| -> Vec<Value> {
        page["results"].as_array().unwrap().iter().map(|one| one["name"].clone()).collect()
    };
    let names_first = names(&first);
    assert_eq!((names_first.len(), &names_first[0]), (250, &json!("Amina 000")));
    assert_eq!(
        (first["results"][0]["urns"].clone(), &first["previous"]),
        (json!(["tel:+254722000000"]), &Value::Null)
    );
    let second = api.get(first["next"].as_str().unwrap()).await;
    assert_eq!(names(&second), [json!("Amina 250"), json!("Amina 251"), json!("Amina 252")]);
    assert_eq!(second["next"], Value::Null);
    assert_eq!(api.list("contacts.json?query=name%20~%20nobody").await, Vec::<Value>::new());
    let found = api.get("contact_queries.json?query=name~amina").await;
    let expected = json!({"query": "name ~ \"amina\"", "count": 253, "fields": [], "allow_as_group": true});
    assert_eq!(found, expected);
    let check = async |query: &str, status: u16, said: &str| {
        for resource in ["contacts", "contact_queries"] {
            let path = format!("{resource}.json?query={query}");
            let (found, body) = api.call(&api.token, reqwest::Method::GET, &path, None).await;
            assert_eq!(found.as_u16(), status, "{path}: {body}");
            assert!(body["detail"].as_str().unwrap().contains(said), "{body}");
        }
    };
    check("age%20%3D%2010", 400, "unknown_property").await;
    check("(name", 400, "syntax").await;
    check(&"x".repeat(1_001), 413, "1000 characters").await;
    let (status, _) = api.call(&api.token, reqwest::Method::GET, "contact_queries.json", None).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

async fn groups_fill_themselves(api: Api) {
    add_contacts(&api, 3).await;
    let (status, group) = api.post("groups.json", json!({"name": "Aminas", "query": "name ~ amina"})).await;
    assert_eq!((status, &group["query"]), (201, &json!("name ~ \"amina\"")), "{group}");
    let uuid = group["uuid"].as_str().unwrap();
    let path = format!("groups.json?uuid={uuid}");
    let filled = async |count: i64| loop {
        let group = api.list(&path).await.remove(0);
        if group["status"] == "ready" {
            assert_eq!(group["count"], count, "{group}");
            return;
        }
        tokio::task::yield_now().await;
    };
    filled(3).await;
    // Another name does not change who is in it; another query does.
    let (status, group) = api.post(&path, json!({"name": "Women"})).await;
    assert_eq!((status, &group["query"]), (200, &json!("name ~ \"amina\"")));
    let (status, group) = api.post(&path, json!({"query": "name = \"Amina 001\""})).await;
    assert_eq!((status, &group["name"]), (200, &json!("Women")), "{group}");
    filled(1).await;
    // Those who change follow.
    api.post("contacts.json?urn=tel:%2B254722000000", json!({"name": "Amina 001"})).await;
    filled(2).await;
    let (_, by_hand) = api.post("groups.json", json!({"name": "By hand"})).await;
    let by_hand = format!("groups.json?uuid={}", by_hand["uuid"].as_str().unwrap());
    for (path, body, said) in [
        ("groups.json", json!({"name": "A", "query": "agee = 3"}), "query"),
        ("groups.json", json!({"name": "A", "query": "group = Women"}), "query"),
        ("groups.json", json!({"name": "A", "query": ""}), "query"),
        ("groups.json", json!({"query": "name ~ amina"}), "name"),
        (by_hand.as_str(), json!({"query": "name ~ amina"}), "query"),
    ] {
        let (status, answer) = api.post(path, body.clone()).await;
        assert_eq!(status, 400, "{body}: {answer}");
        assert!(answer[said][0].is_string(), "{body}: {answer}");
    }
}

async fn lines_are_added_changed_and_taken_out_of_use(api: Api) {
    let body = json!({"type": "EX", "name": "Airlink", "address": "8080", "country": "ug", "rate": "30/min",
        "config": {"send_url": "https://gateway.example.org/send", "content_type": "json",
                   "body": "{\"to\":{{to}},\"text\":{{text}}}"}});
    let (status, line) = api.post("channels.json", body).await;
    assert_eq!(status, 201, "{line}");
    assert_eq!(
        (&line["type"], &line["country"], &line["address"]),
        (&json!("ex"), &json!("UG"), &json!("8080"))
    );
    let uuid = line["uuid"].as_str().unwrap();
    let path = format!("channels.json?uuid={uuid}");
    let (status, changed) =
        api.post(&path, json!({"name": "Airlink Uganda", "config": {"max_length": 160}})).await;
    assert_eq!((status, &changed["name"]), (200, &json!("Airlink Uganda")), "{changed}");
    let ctx = api.world.node.context();
    let row = ctx.store.channel(uuid.parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(row.config["send_url"], "https://gateway.example.org/send", "what is not given stays");
    assert_eq!((&row.config["max_length"], &row.config["public_only"]), (&json!(160), &json!(true)));
    for (path, body, member) in [
        ("channels.json", json!({"type": "EX", "config": {"send_url": "https://a.example.org/"}}), "name"),
        ("channels.json", json!({"name": "X"}), "type"),
        ("channels.json", json!({"type": "ABC", "name": "X"}), "type"),
        ("channels.json", json!({"type": "EX", "name": "X", "config": {"send_url": 7}}), "config"),
        ("channels.json", json!({"type": "EX", "name": "X", "config": []}), "config"),
        (path.as_str(), json!({"config": {"nothing": 1}}), "config"),
        (path.as_str(), json!({"config": {"public_only": false}}), "config"),
        (path.as_str(), json!({"rate": "often"}), "rate"),
        (path.as_str(), json!({"name": ""}), "name"),
    ] {
        let (status, answer) = api.post(path, body.clone()).await;
        assert_eq!(status, 400, "{body}: {answer}");
        assert!(answer[member][0].is_string(), "{body}: {answer}");
    }
    assert_eq!(api.delete(&path).await.0, 204);
    assert_eq!(api.list(&path).await, Vec::<Value>::new());
    assert_eq!(api.delete(&path).await.0, 404);
    let url = format!("{}/c/ex/{uuid}/receive?from=1&text=a", api.world.base);
    let answer = api.world.client.post(url).send().await.unwrap();
    assert!(answer.status().is_client_error(), "{}", answer.status());
}

async fn lines_set_here_stay_out_of_our_networks(api: Api) {
    let config = json!({"send_url": format!("{}/health/live", api.world.base), "method": "GET"});
    let body = json!({"type": "EX", "name": "Inside", "address": "8080", "config": config});
    let (status, line) = api.post("channels.json", body).await;
    assert_eq!(status, 201, "{line}");
    let row = api.world.node.context().store.channel(line["uuid"].as_str().unwrap().parse().unwrap());
    let row = row.await.unwrap().unwrap();
    let line = channels::Line::open(row.uuid, "EX", "8080", None, &[], &row.config).unwrap();
    assert!(line.is_public_only);
    let requests = node::http::Requests::new(false).unwrap();
    let exchange = node::http::Exchange {
        callee: node::http::Callee::PublicCarrier,
        method: "GET".to_owned(),
        url: row.config["send_url"].as_str().unwrap().to_owned(),
        headers: Vec::new(),
        body: None,
        timeout: std::time::Duration::from_secs(5),
        answer_bytes: 100,
    };
    let refused = requests.exchange(exchange.clone()).await.unwrap_err();
    assert_eq!(refused, node::http::HttpError::Forbidden);
    let as_operator = node::http::Exchange { callee: node::http::Callee::Carrier, ..exchange };
    assert_eq!(requests.exchange(as_operator).await.unwrap().status, 200);
}

async fn places_and_counts_are_listed(api: Api) {
    assert_eq!(api.list("boundaries.json").await, Vec::<Value>::new());
    let csv = b"country,state,district,ward\nKenya,Nairobi,Westlands,Kangemi\nKenya,Nairobi,Langata,\n";
    let ctx = api.world.node.context();
    operations::import_locations(ctx, api.world.workspace.id, csv).await.unwrap();
    let places = api.list("boundaries.json").await;
    let shown: Vec<_> = places.iter().map(|one| (one["osm_id"].as_str().unwrap(), &one["level"])).collect();
    let expected = [
        ("Kenya", &json!(0)),
        ("Kenya > Nairobi", &json!(1)),
        ("Kenya > Nairobi > Langata", &json!(2)),
        ("Kenya > Nairobi > Westlands", &json!(2)),
        ("Kenya > Nairobi > Westlands > Kangemi", &json!(3)),
    ];
    let mut sorted = shown.clone();
    sorted.sort_by_key(|(path, _)| *path);
    assert_eq!(sorted, expected);
    assert_eq!((shown[0].0, &places[0]["parent"]), ("Kenya", &Value::Null));
    assert_eq!(places[1]["parent"], json!({"osm_id": "Kenya", "name": "Kenya"}));

    api.world.add_two_questions().await;
    api.world.hand_in("+254722000111", "hello", "1").await;
    let message = api.list("messages.json?folder=flows").await.remove(0);
    let days = api.get("statistics.json").await["results"].clone();
    let counts = &days[0]["channels"][message["channel"]["uuid"].as_str().unwrap()];
    assert_eq!(counts["in/handled"], 1, "{days}");
    for bad in ["since=yesterday", "since=2020-01-01&until=2026-01-01", "since=2026-02-01&until=2026-01-01"] {
        let path = format!("statistics.json?{bad}");
        let (status, said) = api.call(&api.token, reqwest::Method::GET, &path, None).await;
        assert_eq!(status, 400, "{bad}: {said}");
    }
}

async fn points_say_what_becomes_of_a_conversation(api: Api) {
    api.post("groups.json", json!({"name": "Mothers"})).await;
    api.post("campaigns.json", json!({"name": "Before birth", "group": "Mothers"})).await;
    let point = json!({"campaign": "Before birth", "relative_to": "created_on", "offset": 1, "unit": "days",
        "delivery_hour": 9, "message": "Hello"});
    let (status, made) = api.post("campaign_events.json", point.clone()).await;
    assert_eq!((status, &made["start_mode"]), (201, &json!("interrupt")));
    let path = format!("campaign_events.json?uuid={}", made["uuid"].as_str().unwrap());
    let with = |mode: &str| {
        let mut point = point.clone();
        point["start_mode"] = json!(mode);
        point
    };
    assert_eq!(api.post(&path, with("skip")).await.1["start_mode"], "skip");
    assert_eq!(api.post(&path, point.clone()).await.1["start_mode"], "skip", "what is not said stays");
    let (status, said) = api.post(&path, with("often")).await;
    assert!(status == 400 && said["start_mode"][0].is_string(), "{said}");
}

async fn what_happens_on_lines_is_listed(api: Api) {
    api.world.hand_in("+254722000111", "hello", "1").await;
    api.world.hand_in("+254722000112", "hello", "2").await;
    let message = api.list("messages.json").await.remove(0);
    let line = message["channel"].clone();
    let tell = async |kind: &str| {
        let url = format!("{}/c/ex/{}/event", api.world.base, line["uuid"].as_str().unwrap());
        let asked = api.world.client.post(url).query(&[("from", "+254722000111"), ("type", kind)]);
        let answer = asked.send().await.unwrap();
        assert!(answer.status().is_success(), "{kind}: {}", answer.status());
    };
    tell("missed_call").await;
    tell("stop_contact").await;
    let events = api.list("channel_events.json").await;
    let kinds: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["stop-contact", "call-in-missed"]);
    let contact = api.list("contacts.json?urn=tel:%2B254722000111").await.remove(0);
    assert_eq!(events[0]["contact"]["uuid"], contact["uuid"]);
    assert_eq!((&events[0]["channel"], &events[0]["extra"]), (&line, &Value::Null));
    let path = format!("channel_events.json?contact={}", contact["uuid"].as_str().unwrap());
    assert_eq!(api.list(&path).await, events);
    assert_eq!(api.list("channel_events.json?contact=tel:%2B254722000112").await, Vec::<Value>::new());
    let path = format!("channel_events.json?id={}", events[1]["id"]);
    assert_eq!(api.list(&path).await, events[1..]);
    assert_eq!(api.list("channel_events.json?after=2100-01-01").await, Vec::<Value>::new());
}
