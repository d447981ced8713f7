//! The desk: teams of agents, what they answer, how long it takes, and what closing a ticket starts.

use operations::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Api, on_both, tickets::open_ticket};

on_both!(
    agents_of_a_team_see_its_topics,
    people_answer_in_tickets,
    what_is_answered_often_is_kept,
    closing_a_ticket_starts_its_flow_once,
);

struct Desk<'a> {
    api: &'a Api,
    token: String,
}

impl Desk<'_> {
    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let (status, body) = self.api.call(&self.token, method, path, body).await;
        (status.as_u16(), body)
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.call(Method::POST, path, Some(body)).await
    }

    /// Identifiers of tickets.
    async fn tickets(&self, query: &str) -> Vec<String> {
        let (status, page) = self.call(Method::GET, &format!("tickets.json{query}"), None).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        let mut found: Vec<String> = page["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|ticket| ticket["uuid"].as_str().unwrap().to_owned())
            .collect();
        found.sort();
        found
    }
}

async fn desk<'a>(api: &'a Api, email: &str) -> Desk<'a> {
    Desk { api, token: api.token_of(email, Role::Agent).await }
}

fn names(tickets: &[Uuid]) -> Vec<String> {
    tickets.iter().map(Uuid::to_string).collect()
}

async fn agents_of_a_team_see_its_topics(api: Api) {
    api.world.hand_in("+254722000111", "help", "1").await;
    let [general, bills, births, mine] = [
        open_ticket(&api, 1).await,
        open_ticket(&api, 2).await,
        open_ticket(&api, 3).await,
        open_ticket(&api, 4).await,
    ];
    for (name, ticket) in [("Bills", bills), ("Births", births)] {
        assert_eq!(api.post("topics.json", json!({"name": name})).await.0, 201);
        let body = json!({"tickets": [ticket], "action": "change_topic", "topic": name});
        assert_eq!(api.post("ticket_actions.json", body).await.0, 204);
    }
    let (ann, ben) = (desk(&api, "ann@example.org").await, desk(&api, "ben@example.org").await);
    let body = json!({"tickets": [mine], "action": "assign", "assignee": "ann@example.org"});
    assert_eq!(api.post("ticket_actions.json", body).await.0, 204);
    let (status, team) = api.post("teams.json", json!({"name": "Midwives", "topics": ["births"]})).await;
    assert_eq!((status, &team["topics"][0]["name"], &team["agents"]), (201, &json!("Births"), &json!(0)));
    let (status, user) = api.post("users.json?email=ann@example.org", json!({"team": team["uuid"]})).await;
    assert_eq!((status, &user["team"]), (200, &json!({"uuid": team["uuid"], "name": "Midwives"})));
    assert_eq!(api.list("teams.json").await[0]["agents"], json!(1));

    // An agent of a team sees its topics and what is theirs; one of none sees all.
    assert_eq!(ann.tickets("").await, names(&[births, mine]));
    assert_eq!(ben.tickets("").await, names(&[general, bills, births, mine]));
    for (query, seen) in [
        ("?topic=Births", vec![births]),
        ("?topic=Bills", vec![]),
        ("?topic=General", vec![mine]),
        ("?assignee=ann@example.org", vec![mine]),
        ("?assignee=none", vec![births]),
        ("?status=closed", vec![]),
        ("?status=open", vec![births, mine]),
        ("?status=x", vec![]),
        ("?contact=tel:%2B254722000111", vec![births, mine]),
    ] {
        assert_eq!(ann.tickets(query).await, names(&seen), "{query}");
    }
    assert_eq!(ben.tickets("?topic=general").await, names(&[general, mine]));
    assert_eq!(ann.tickets(&format!("?uuid={bills}")).await, names(&[]));
    // Nor can they do anything with the others.
    for ticket in [general, bills] {
        let body = json!({"tickets": [ticket], "action": "close"});
        assert_eq!(ann.post("ticket_actions.json", body).await, (200, json!({"failures": [ticket]})));
        let (status, _) = ann.post("ticket_replies.json", json!({"ticket": ticket, "text": "Hi"})).await;
        assert_eq!(status, 404);
        for list in ["ticket_messages", "ticket_events"] {
            let (_, page) = ann.call(Method::GET, &format!("{list}.json?ticket={ticket}"), None).await;
            assert_eq!(page["results"], json!([]), "{list}");
        }
    }
    assert_eq!(ann.post("ticket_actions.json", json!({"tickets": [births], "action": "close"})).await.0, 204);
    // A team with the first topic sees those that name none.
    let path = format!("teams.json?uuid={}", team["uuid"].as_str().unwrap());
    let (status, team) = api.post(&path, json!({"topics": ["General", "Bills"]})).await;
    assert_eq!((status, &team["name"]), (200, &json!("Midwives")));
    assert_eq!(ann.tickets("").await, names(&[general, bills, mine]));
    for (body, said) in [
        (json!({"name": "midwives"}), json!({"name": ["This field must be unique."]})),
        (json!({"topics": ["General"]}), json!({"name": ["This field is required."]})),
        (json!({"name": "x", "topics": ["Cars"]}), json!({"topics": {"0": ["Not found: Cars"]}})),
    ] {
        assert_eq!(api.post("teams.json", body).await, (400, said));
    }
    let (status, said) = api.post("users.json?email=ann@example.org", json!({"team": "Cars"})).await;
    assert_eq!((status, said), (400, json!({"team": ["Not found: cars"]})));
    // Without the team they see all again.
    assert_eq!(api.delete(&path).await.0, 204);
    assert_eq!(ann.tickets("").await, names(&[general, bills, births, mine]));
    assert_eq!(api.list("users.json?email=ann@example.org").await[0]["team"], json!(null));
}

async fn people_answer_in_tickets(api: Api) {
    api.world.hand_in("+254722000111", "help", "1").await;
    let ticket = open_ticket(&api, 5).await;
    let ann = desk(&api, "ann@example.org").await;
    let (status, team) = api.post("teams.json", json!({"name": "Midwives", "topics": ["General"]})).await;
    assert_eq!(status, 201, "{team}");
    assert_eq!(api.post("users.json?email=ann@example.org", json!({"team": "midwives"})).await.0, 200);
    let (status, said) = ann
        .post("ticket_replies.json", json!({"ticket": ticket, "text": "Come at 8. Ask for @contact.name"}))
        .await;
    let user = json!({"email": "ann@example.org", "name": "Ada Okello"});
    assert_eq!(
        (status, &said["text"], &said["user"]),
        (201, &json!("Come at 8. Ask for @contact.name"), &user)
    );
    assert_eq!(said["status"], "queued", "{said}");
    let first = api.list(&format!("tickets.json?uuid={ticket}")).await.remove(0);
    assert_eq!(first["replied_by"], user);
    assert!(
        first["first_reply_seconds"].as_i64().is_some_and(|seconds| (0..600).contains(&seconds)),
        "{first}"
    );
    // The second answer is counted, and the first moment stays.
    assert_eq!(api.post("ticket_replies.json", json!({"ticket": ticket, "text": "Well?"})).await.0, 201);
    let second = api.list(&format!("tickets.json?uuid={ticket}")).await.remove(0);
    assert_eq!((&second["replied_on"], &second["replied_by"]), (&first["replied_on"], &user));
    // Agents read what was said and what became of it.
    let (_, thread) = ann.call(Method::GET, &format!("ticket_messages.json?ticket={ticket}"), None).await;
    let words: Vec<&str> =
        thread["results"].as_array().unwrap().iter().map(|one| one["text"].as_str().unwrap()).collect();
    assert_eq!(words, ["Well?", "Come at 8. Ask for @contact.name", "help"]);
    assert_eq!(thread["results"][2]["user"], json!(null));
    assert_eq!(ann.call(Method::GET, "ticket_messages.json", None).await.0, 400);
    for body in [json!({"action": "add_note", "note": "calls back"}), json!({"action": "close"})] {
        let mut body = body;
        body["tickets"] = json!([ticket]);
        assert_eq!(ann.post("ticket_actions.json", body).await.0, 204);
    }
    let (_, events) = ann.call(Method::GET, &format!("ticket_events.json?ticket={ticket}"), None).await;
    let kinds: Vec<&str> =
        events["results"].as_array().unwrap().iter().map(|one| one["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["closed", "note_added"]);
    assert_eq!(events["results"][1]["note"], "calls back");
    assert_eq!(events["results"][1]["user"]["name"], "Ada Okello");
    let closed = api.list(&format!("tickets.json?uuid={ticket}")).await.remove(0);
    assert!(closed["resolution_seconds"].as_i64().is_some_and(|seconds| seconds >= 0), "{closed}");
    let (status, said) =
        ann.post("ticket_replies.json", json!({"ticket": ticket, "text": "Still there?"})).await;
    assert_eq!((status, said), (400, json!({"ticket": ["This ticket is closed; reopen it first."]})));
    let statistics = api.get("ticket_statistics.json").await;
    let day = &statistics["results"][0];
    for (member, count) in [("opened", 1), ("closed", 1), ("reopened", 0), ("replies", 2)] {
        assert_eq!(day[member], json!(count), "{member} of {day}");
    }
    assert_eq!((&day["first_reply"]["count"], &day["resolution"]["count"]), (&json!(1), &json!(1)));
    let of_ann = statistics["users"].as_array().unwrap().iter().find(|one| one["user"] == user).unwrap();
    assert_eq!((&of_ann["replies"], &of_ann["first_reply"]["count"]), (&json!(1), &json!(1)));
    assert_eq!(statistics["teams"][0]["team"]["name"], "Midwives");
    assert_eq!(statistics["teams"][0]["replies"], json!(1));
    // What is counted is what the rows say.
    let verified = api.world.store.verify(None).await.unwrap();
    assert!(verified.differences.is_empty() && verified.broken.is_empty(), "{verified:?}");
}

async fn what_is_answered_often_is_kept(api: Api) {
    api.world.hand_in("+254722000111", "help", "1").await;
    api.post("contacts.json?urn=tel:%2B254722000111", json!({"name": "Zodwa", "language": "swa"})).await;
    let ticket = open_ticket(&api, 6).await;
    let ann = desk(&api, "ann@example.org").await;
    let body = json!({"name": "Hours", "text": {"eng": "Dear @contact.name, from @(5 + 3) on.", "swa": "Saa @(1 + 1), @contact.name"}});
    let (status, made) = api.post("canned_replies.json", body).await;
    assert_eq!((status, &made["text"]["swa"]), (201, &json!("Saa @(1 + 1), @contact.name")), "{made}");
    let (status, said) =
        ann.post("ticket_replies.json", json!({"ticket": ticket, "canned_reply": "hours"})).await;
    assert_eq!(status, 201, "{said}");
    let languages = &api.get("workspace.json").await["languages"];
    let expected = match languages.as_array().unwrap().contains(&json!("swa")) {
        true => "Saa 2, Zodwa",
        false => "Dear Zodwa, from 8 on.",
    };
    assert_eq!(said["text"], expected);
    let path = format!("canned_replies.json?uuid={}", made["uuid"].as_str().unwrap());
    let (status, named) = api.post(&path, json!({"name": "Opening hours"})).await;
    assert_eq!((status, &named["text"]), (200, &made["text"]));
    for (body, said) in [
        (json!({"name": "opening HOURS", "text": "x"}), json!({"name": ["This field must be unique."]})),
        (json!({"name": "x"}), json!({"non_field_errors": ["Give a text or attachments."]})),
    ] {
        assert_eq!(api.post("canned_replies.json", body.clone()).await, (400, said), "{body}");
    }
    let (status, said) = api.post("canned_replies.json", json!({"name": "y", "text": "Hi @(1 + )"})).await;
    assert!(status == 400 && said["text"][0].as_str().unwrap().contains("syntax error"), "{said}");
    for (body, member) in [
        (json!({"ticket": ticket, "canned_reply": "nothing"}), "canned_reply"),
        (json!({"ticket": ticket, "canned_reply": "opening hours", "text": "x"}), "non_field_errors"),
        (json!({"ticket": ticket}), "text"),
        (json!({"text": "x"}), "ticket"),
    ] {
        let (status, said) = ann.post("ticket_replies.json", body).await;
        assert!(status == 400 && said[member].is_array(), "{said}");
    }
    assert_eq!(api.delete(&path).await.0, 204);
    assert_eq!(ann.post("canned_replies.json", json!({"name": "z", "text": "z"})).await.0, 403);
}

async fn closing_a_ticket_starts_its_flow_once(api: Api) {
    let flow = api.world.add_two_questions().await;
    api.world.add_trigger("T", flow).await;
    let flow = api.list("flows.json").await.pop().unwrap();
    api.world.hand_in("+254722000111", "help", "1").await;
    let runs = || async {
        api.list("runs.json").await.iter().filter(|run| run["flow"]["uuid"] == flow["uuid"]).count()
    };
    let before = runs().await;
    let ticket = open_ticket(&api, 7).await;
    let close = || api.post("ticket_actions.json", json!({"tickets": [ticket], "action": "close"}));
    // Several people close it at the same moment, and again later.
    let ends = futures_util::future::join_all((0..4).map(|_| close())).await;
    assert!(ends.iter().all(|(status, _)| *status == 204 || *status == 503), "{ends:?}");
    assert_eq!(close().await.0, 204);
    assert_eq!(runs().await, before + 1);
    let closed = api.list(&format!("tickets.json?uuid={ticket}")).await.remove(0);
    assert_eq!(closed["status"], "closed");
    let statistics = api.get("ticket_statistics.json").await;
    assert_eq!(statistics["results"][0]["closed"], json!(1));
    // Opened again and closed again, it starts again.
    let body = json!({"tickets": [ticket], "action": "reopen"});
    assert_eq!(api.post("ticket_actions.json", body).await.0, 204);
    assert_eq!(close().await.0, 204);
    assert_eq!(runs().await, before + 2);
}
