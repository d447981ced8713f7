//! Every route, by every role, with what is one's own and with what is another workspace's. The routes are those of the
//! OpenAPI document: one that has no line in [`CALLS`] fails the test.

use std::collections::BTreeMap;

use operations::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{
    Api,
    access::{Browser, add},
    on_both,
    sheets::{hand_in, to_the_end},
    tickets::open_ticket,
};

on_both!(each_role_reaches_what_is_its_own_and_nothing_else, every_call_that_writes_is_in_the_log);

/// Method, resource, parameters and body of calls that name something; `{name}` stands for what [`things`] made. Those that
/// remove something are last.
const CALLS: &[(&str, &str, &str, &str)] = &[
    ("get", "archives", "", ""),
    ("get", "audit", "uuid={contact}", ""),
    ("get", "boundaries", "", ""),
    ("get", "broadcasts", "uuid={broadcast}", ""),
    ("get", "broadcasts", "id={broadcast_id}", ""),
    ("post", "broadcast_actions", "", r#"{"broadcasts": ["{broadcast}"], "action": "resume"}"#),
    ("post", "broadcast_previews", "", r#"{"text": "All well?", "groups": ["{group}"]}"#),
    ("get", "schedules", "uuid={schedule}", ""),
    ("post", "schedules", "uuid={schedule}", r#"{"paused": false}"#),
    (
        "post",
        "schedules",
        "",
        r#"{"name": "Weekly by {role}", "cron": "0 8 * * 1", "text": "All well?", "groups": ["{group}"]}"#,
    ),
    ("get", "campaign_events", "uuid={point}", ""),
    ("get", "campaign_events", "campaign={campaign}", ""),
    ("get", "campaigns", "uuid={campaign}", ""),
    ("get", "canned_replies", "uuid={canned}", ""),
    ("get", "channel_events", "contact={contact}", ""),
    ("get", "channels", "uuid={channel}", ""),
    ("get", "classifiers", "", ""),
    ("get", "codes", "kind=of_{field}", ""),
    ("get", "contact_queries", "query=name != \"\"", ""),
    ("get", "consents", "uuid={consent}", ""),
    ("get", "consents", "contact={contact}", ""),
    ("get", "contact_data", "uuid={contact}", ""),
    ("get", "contacts", "uuid={contact}", ""),
    ("get", "contacts", "group={group}", ""),
    ("get", "contacts", "query=tel = 254722000111", ""),
    ("get", "definitions", "flow={flow}", ""),
    ("get", "email_server", "", ""),
    ("get", "export_files", "uuid={export}", ""),
    ("get", "exports", "uuid={export}", ""),
    ("get", "fields", "key={field}", ""),
    ("get", "flow_starts", "uuid={start}", ""),
    ("get", "flow_starts", "id={start_id}", ""),
    ("get", "flows", "uuid={flow}", ""),
    ("get", "globals", "key={global}", ""),
    ("get", "groups", "uuid={group}", ""),
    ("get", "households", "uuid={household}", ""),
    ("get", "households", "contact={contact}", ""),
    ("get", "import_errors", "uuid={import}", ""),
    ("get", "imports", "uuid={import}", ""),
    ("get", "invitations", "uuid={invitation}", ""),
    ("get", "labels", "uuid={label}", ""),
    ("get", "message_sets", "uuid={set}", ""),
    ("get", "messages", "uuid={message}", ""),
    ("get", "messages", "id={message_id}", ""),
    ("get", "messages", "contact={contact}", ""),
    ("get", "messages", "contact={contact}&search=nothing", ""),
    ("get", "messages", "label={label}", ""),
    ("get", "messages", "broadcast={broadcast_id}", ""),
    ("get", "optins", "", ""),
    ("get", "programme_messages", "message_set={set}", ""),
    ("get", "registrations", "uuid={registration}", ""),
    ("get", "registrations", "contact={contact}", ""),
    ("get", "resthook_events", "", ""),
    ("get", "resthook_subscribers", "id={subscriber}", ""),
    ("get", "resthooks", "", ""),
    ("get", "retention", "", ""),
    ("get", "runs", "uuid={run}", ""),
    ("get", "runs", "id={run_id}", ""),
    ("get", "runs", "contact={contact}", ""),
    ("get", "runs", "flow={flow}", ""),
    ("get", "sessions", "uuid={session}", ""),
    ("get", "sign_in_rules", "", ""),
    ("get", "statistics", "", ""),
    ("get", "subscriptions", "uuid={subscription}", ""),
    ("get", "subscriptions", "contact={contact}", ""),
    ("get", "optins", "uuid={optin}", ""),
    ("get", "tables", "name={table}", ""),
    ("get", "table_versions", "name={table}", ""),
    ("get", "template_syncs", "", ""),
    ("get", "templates", "uuid={template}", ""),
    ("post", "template_syncs", "", r#"{"channel": "{whatsapp}"}"#),
    ("post", "optins", "uuid={optin}", r#"{"name": "Weekly news"}"#),
    ("post", "tables", "", r#"{"name": "of_{role}", "csv": "code,name\nGUL,Gulu\n"}"#),
    (
        "post",
        "templates",
        "",
        r#"{"name": "of_{role}", "translations": [{"channel": "{channel}", "locale": "eng", "body": "Hi"}]}"#,
    ),
    ("get", "teams", "uuid={team}", ""),
    ("get", "ticket_events", "ticket={ticket}", ""),
    ("get", "ticket_messages", "ticket={ticket}", ""),
    ("get", "ticket_statistics", "", ""),
    ("get", "tickets", "uuid={ticket}", ""),
    ("get", "tickets", "contact={contact}", ""),
    ("get", "topics", "", ""),
    ("get", "triggers", "id={trigger}", ""),
    ("get", "users", "uuid={user}", ""),
    ("get", "webhook_deliveries", "webhook={webhook}", ""),
    ("get", "webhooks", "uuid={webhook}", ""),
    ("get", "workspace", "", ""),
    ("post", "broadcasts", "", r#"{"text": "All well?", "contacts": ["{contact}"]}"#),
    ("post", "broadcasts", "", r#"{"text": "All well?", "groups": ["{group}"]}"#),
    ("post", "campaigns", "uuid={campaign}", r#"{"name": "Before birth", "group": "{group}"}"#),
    ("post", "campaigns", "", r#"{"name": "A new one by {role}", "group": "{group}"}"#),
    (
        "post",
        "campaign_events",
        "uuid={point}",
        r#"{"relative_to": "created_on", "offset": 2, "unit": "days", "delivery_hour": 9, "message": "Hi"}"#,
    ),
    (
        "post",
        "campaign_events",
        "",
        r#"{"campaign": "{campaign}", "relative_to": "created_on", "offset": 3, "unit": "days", "delivery_hour": 9,
            "flow": "{flow}"}"#,
    ),
    ("post", "channels", "uuid={channel}", r#"{"name": "Line of ours"}"#),
    ("post", "channels", "", r#"{"type": "WCH", "name": "Chat of {role}"}"#),
    ("post", "code_imports", "kind=clinic", ""),
    ("post", "codes", "", r#"{"kind": "clinic", "code": "of {role}"}"#),
    ("post", "contacts", "uuid={contact}", r#"{"name": "Amina"}"#),
    ("post", "contacts", "", r#"{"name": "New", "groups": ["{group}"]}"#),
    ("post", "consents", "", r#"{"contact": "{contact}", "given": true, "purpose": "research"}"#),
    ("post", "contact_merges", "", r#"{"contact": "{contact}", "merged": "{double_{role}}"}"#),
    ("post", "contact_actions", "", r#"{"contacts": ["{contact}"], "action": "block"}"#),
    ("post", "contact_actions", "", r#"{"contacts": ["{contact}"], "action": "unblock"}"#),
    ("post", "contact_actions", "", r#"{"contacts": ["{contact}"], "action": "add", "group": "{group}"}"#),
    ("post", "exports", "", r#"{"group": "{group}"}"#),
    ("post", "fields", "key={field}", r#"{"name": "Clinic of hers", "type": "text"}"#),
    ("post", "flow_starts", "", r#"{"flow": "{flow}", "contacts": ["{contact}"]}"#),
    ("post", "globals", "key={global}", r#"{"value": "Nairobi"}"#),
    ("post", "groups", "uuid={group}", r#"{"name": "Mothers of ours"}"#),
    ("post", "imports", "uuid={import}", r#"{"groups": ["{group}"]}"#),
    ("post", "groups", "", r#"{"name": "Adults by {role}", "query": "name != \"\""}"#),
    ("post", "invitations", "", r#"{"email": "new-{role}@example.org", "role": "agent"}"#),
    (
        "post",
        "households",
        "",
        r#"{"contact": "{contact}", "member": "tel:+254722000777", "role": "{role}"}"#,
    ),
    ("post", "labels", "uuid={label}", r#"{"name": "Urgent now"}"#),
    ("post", "media", "", ""),
    ("post", "messages", "", r#"{"contact": "{contact}", "text": "How are you?"}"#),
    ("post", "message_actions", "", r#"{"messages": ["{message}"], "action": "label", "label": "{label}"}"#),
    ("post", "message_actions", "", r#"{"messages": ["{message}"], "action": "archive"}"#),
    ("post", "registrations", "", r#"{"contact": "{contact}", "draw": ["health_id"]}"#),
    ("post", "resthook_subscribers", "", r#"{"resthook": "born", "target_url": "https://a.example.org/x"}"#),
    ("post", "subscriptions", "", r#"{"contact": "{contact}", "message_set": "weekly.{role}"}"#),
    (
        "post",
        "subscription_actions",
        "",
        r#"{"contact": "{contact}", "action": "language", "language": "eng"}"#,
    ),
    (
        "post",
        "ticket_actions",
        "",
        r#"{"tickets": ["{ticket}"], "action": "add_note", "note": "calls back"}"#,
    ),
    (
        "post",
        "ticket_actions",
        "",
        r#"{"tickets": ["{ticket}"], "action": "change_topic", "topic": "{topic}"}"#,
    ),
    ("post", "ticket_actions", "", r#"{"tickets": ["{ticket}"], "action": "close"}"#),
    ("post", "ticket_actions", "", r#"{"tickets": ["{ticket}"], "action": "reopen"}"#),
    ("post", "ticket_replies", "", r#"{"ticket": "{ticket}", "text": "Come at 8"}"#),
    ("post", "ticket_replies", "", r#"{"ticket": "{ticket}", "canned_reply": "{canned}"}"#),
    ("post", "canned_replies", "uuid={canned}", r#"{"name": "Hours of ours"}"#),
    ("post", "canned_replies", "", r#"{"name": "Hours by {role}", "text": "From 8 on"}"#),
    ("post", "teams", "uuid={team}", r#"{"name": "Midwives of ours", "topics": ["{topic}"]}"#),
    ("post", "teams", "", r#"{"name": "Nurses by {role}"}"#),
    ("post", "users", "uuid={other_user}", r#"{"team": "{team}"}"#),
    ("post", "triggers", "id={trigger}", r#"{"type": "keyword", "flow": "{flow}", "keywords": ["help"]}"#),
    ("post", "triggers", "", r#"{"type": "keyword", "flow": "{flow}", "keywords": ["of{role}"]}"#),
    ("post", "trigger_actions", "", r#"{"triggers": [{trigger}], "action": "restore"}"#),
    ("post", "password_resets", "", r#"{"email": "other@example.org"}"#),
    ("post", "retention", "", r#"{"audit": 400}"#),
    ("post", "sign_in_rules", "", r#"{"two_factor_roles": ["viewer"]}"#),
    ("post", "users", "uuid={other_user}", r#"{"role": "editor", "name": "Ben"}"#),
    ("post", "webhook_actions", "", r#"{"webhook": "{webhook}", "action": "retry"}"#),
    ("post", "webhooks", "uuid={webhook}", r#"{"name": "Ours", "paused": true}"#),
    ("post", "email_server", "", r#"{"address": "smtp://u:p@mail.example.org/?from={role}%40example.org"}"#),
    ("post", "workspace", "", r#"{"name": "Mothers of {role}"}"#),
    ("post", "topics", "uuid={topic}", r#"{"name": "Bills of hers"}"#),
    ("delete", "canned_replies", "uuid={canned}", ""),
    ("delete", "teams", "uuid={team}", ""),
    ("delete", "campaign_events", "uuid={point}", ""),
    ("delete", "channels", "uuid={channel}", ""),
    ("delete", "contacts", "uuid={contact}", ""),
    ("delete", "exports", "uuid={export}", ""),
    ("delete", "groups", "uuid={group}", ""),
    ("delete", "households", "contact={head}&member={in_household}", ""),
    ("delete", "imports", "uuid={import}", ""),
    ("delete", "labels", "uuid={label}", ""),
    ("delete", "resthook_subscribers", "id={subscriber}", ""),
    ("delete", "invitations", "uuid={invitation}", ""),
    ("delete", "sessions", "uuid={session}", ""),
    ("delete", "users", "uuid={other_user}", ""),
    ("delete", "schedules", "uuid={schedule}", ""),
    ("delete", "tables", "name={table}", ""),
    ("delete", "templates", "uuid={template}", ""),
    ("delete", "triggers", "id={trigger}", ""),
    ("delete", "webhooks", "uuid={webhook}", ""),
];

/// Names that another workspace may use for its own as well.
const NAMED_ALIKE: [&str; 2] = ["fields", "globals"];

/// One of each thing, by the name it has in [`CALLS`].
async fn things(api: &Api) -> BTreeMap<&'static str, String> {
    let mut things = BTreeMap::new();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    api.world.add_two_questions().await;
    api.world.hand_in("+254722000111", "hello", "1").await;
    let ticket = open_ticket(api, 91).await;
    things.insert("ticket", ticket.to_string());
    for (name, path, body) in [
        ("group", "groups.json", json!({"name": "Mothers"})),
        ("label", "labels.json", json!({"name": "Urgent"})),
        ("topic", "topics.json", json!({"name": "Bills"})),
        ("team", "teams.json", json!({"name": "Midwives", "topics": ["Bills"]})),
        ("canned", "canned_replies.json", json!({"name": "Hours", "text": "From 8 on"})),
        ("field", "fields.json", json!({"name": "Clinic", "type": "text"})),
        ("global", "globals.json", json!({"name": "City", "value": "Nairobi"})),
        ("campaign", "campaigns.json", json!({"name": "Before birth", "group": "Mothers"})),
        (
            "point",
            "campaign_events.json",
            json!({"campaign": "Before birth", "relative_to": "created_on", "offset": 1, "unit": "days",
                "delivery_hour": 9, "message": "Hello"}),
        ),
        (
            "subscriber",
            "resthook_subscribers.json",
            json!({"resthook": "born", "target_url": "https://x.example.org/"}),
        ),
        (
            "schedule",
            "schedules.json",
            json!({"name": "Daily", "cron": "0 8 * * *", "text": "Hello", "urns": ["tel:+254722000111"]}),
        ),
        (
            "webhook",
            "webhooks.json",
            json!({"target_url": "https://hooks.invalid/x", "paused": true, "events": ["ticket"]}),
        ),
        ("optin", "optins.json", json!({"name": "News"})),
        ("broadcast", "broadcasts.json", json!({"text": "Hello all", "urns": ["tel:+254722000111"]})),
    ] {
        let (status, made) = api.post(path, body).await;
        assert_eq!(status, 201, "{path}: {made}");
        let named = [&made["uuid"], &made["key"], &made["id"]].into_iter().find(|value| !value.is_null());
        things.insert(name, text(named.unwrap()));
        if name == "broadcast" {
            things.insert("broadcast_id", text(&made["id"]));
        }
    }
    for (name, id, path) in [
        ("contact", "", "contacts.json"),
        ("flow", "", "flows.json"),
        ("channel", "", "channels.json"),
        ("user", "", "users.json"),
        ("run", "run_id", "runs.json"),
        ("message", "message_id", "messages.json"),
    ] {
        let one = api.list(path).await.pop().unwrap_or_else(|| panic!("{path} is empty"));
        things.insert(name, text(&one["uuid"]));
        if !id.is_empty() {
            things.insert(id, text(&one["id"]));
        }
    }
    let user = add(&api.world, "other@example.org", Role::Agent).await;
    things.insert("other_user", user.uuid.to_string());
    let (status, made) =
        api.post("invitations.json", json!({"email": "x@example.org", "role": "agent"})).await;
    assert_eq!(status, 201, "{made}");
    things.insert("invitation", text(&made["uuid"]));
    Browser::signed_in(&api.world, "admin@example.org").await;
    things.insert("session", text(&api.list("sessions.json").await[0]["uuid"]));
    let body = json!({"name": "clinics", "csv": "code,name\nGUL,Gulu\n"});
    assert_eq!(api.post("tables.json", body).await.0, 201);
    things.insert("table", "clinics".to_owned());
    let one = json!({"channel": things["channel"], "locale": "eng", "body": "Hello {{1}}"});
    let (status, made) = api.post("templates.json", json!({"name": "hello", "translations": [one]})).await;
    assert_eq!(status, 201, "{made}");
    things.insert("template", text(&made["uuid"]));
    let config = json!({"auth_token": "t", "app_secret": "s", "verify_token": "v"});
    let body = json!({"type": "WAC", "name": "WhatsApp", "address": "1055", "config": config});
    let (status, made) = api.post("channels.json", body).await;
    assert_eq!(status, 201, "{made}");
    things.insert("whatsapp", text(&made["uuid"]));
    let body = json!({"type": "keyword", "flow": things["flow"], "keywords": ["help"]});
    let (status, made) = api.post("triggers.json", body).await;
    assert_eq!(status, 201, "{made}");
    things.insert("trigger", text(&made["id"]));
    let start = json!({"flow": things["flow"], "contacts": [things["contact"]]});
    let (status, made) = api.post("flow_starts.json", start).await;
    assert_eq!(status, 201, "{made}");
    things.insert("start", text(&made["uuid"]));
    things.insert("start_id", text(&made["id"]));
    let context = api.world.node.context();
    operations::import_programme(context, api.world.workspace.id, &weekly()).await.unwrap();
    things.insert("set", text(&api.list("message_sets.json").await[0]["uuid"]));
    let body = json!({"contact": things["contact"], "message_set": "weekly.first"});
    let (status, made) = api.post("subscriptions.json", body).await;
    assert_eq!(status, 201, "{made}");
    things.insert("subscription", text(&made["uuid"]));
    for (name, role) in [("double_administrator", "administrator"), ("double_editor", "editor")] {
        let (status, made) = api.post("contacts.json", json!({"name": role})).await;
        assert_eq!(status, 201, "{made}");
        things.insert(name, text(&made["uuid"]));
    }
    let body = json!({"contact": things["contact"], "given": true, "purpose": "reminders"});
    let (status, made) = api.post("consents.json", body).await;
    assert_eq!(status, 201, "{made}");
    things.insert("consent", text(&made["uuid"]));
    let (status, made) = api.post("registrations.json", json!({"contact": things["contact"]})).await;
    assert_eq!(status, 201, "{made}");
    things.insert("registration", text(&made["uuid"]));
    let (_, head) = api.post("contacts.json", json!({"name": "Head"})).await;
    let body = json!({"contact": head["uuid"], "member": "tel:+254722000778", "role": "father"});
    let (status, made) = api.post("households.json", body).await;
    assert_eq!(status, 201, "{made}");
    things.insert("household", text(&made["uuid"]));
    things.insert("head", text(&head["uuid"]));
    things.insert("in_household", text(&made["members"][0]["contact"]["uuid"]));
    let (status, made) = hand_in(api, &api.token, "p.csv", b"URN:tel\n+254722000112\nx").await;
    assert_eq!(status, 201, "{made}");
    things.insert("import", text(&made["uuid"]));
    let (status, made) = api.post("exports.json", json!({})).await;
    assert_eq!(status, 201, "{made}");
    to_the_end(api, &made).await;
    things.insert("export", text(&made["uuid"]));
    things
}

/// A programme with a set for each role, so that each can subscribe the same contact.
fn weekly() -> String {
    let roles = [Role::Administrator, Role::Editor, Role::Agent].map(Role::name);
    let stages = ["first"].into_iter().chain(roles).map(|name| {
        json!({"name": name, "set": format!("weekly.{name}"), "default_schedule": "0 8 1 1 *",
            "messages": [{"seq": 1, "eng": "Well done"}]})
    });
    json!({"programme": "Weekly", "languages": ["eng"], "stages": stages.collect::<Vec<_>>()}).to_string()
}

fn filled(text: &str, things: &BTreeMap<&'static str, String>, role: &str) -> String {
    things
        .iter()
        .fold(text.replace("{role}", role), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

/// What a workspace looks like to its administrator, without what goes on by itself.
async fn seen(api: &Api) -> Vec<(String, Value)> {
    let mut seen = Vec::new();
    for list in [
        "campaign_events",
        "campaigns",
        "channels",
        "fields",
        "globals",
        "groups",
        "labels",
        "message_sets",
        "optins",
        "resthook_subscribers",
        "canned_replies",
        "schedules",
        "tables",
        "templates",
        "teams",
        "topics",
        "triggers",
        "users",
    ] {
        seen.push((list.to_owned(), api.get(&format!("{list}.json")).await["results"].clone()));
    }
    for (list, members) in [
        ("contacts", ["uuid", "name", "status", "groups", "urns", "fields", "blocked"].as_slice()),
        ("tickets", &["uuid", "status", "topic", "assignee"]),
        ("consents", &["uuid", "given", "purpose"]),
        ("codes", &["kind", "code", "active"]),
        ("households", &["uuid", "contact", "members"]),
        ("registrations", &["uuid", "contact"]),
        ("messages", &["uuid", "labels", "visibility", "text"]),
        ("broadcasts", &["uuid"]),
        ("subscriptions", &["uuid", "status", "next_sequence_number", "language"]),
        ("flow_starts", &["uuid"]),
        ("imports", &["uuid", "status"]),
        ("exports", &["uuid", "status"]),
    ] {
        let rows = api.list(&format!("{list}.json")).await;
        // A flow's next question is an answer to what was begun before.
        let rows = rows.iter().filter(|row| row["direction"] != "out");
        let of = |row: &Value| members.iter().map(|member| row[*member].clone()).collect::<Value>();
        seen.push((list.to_owned(), rows.map(of).collect()));
    }
    seen
}

async fn each_role_reaches_what_is_its_own_and_nothing_else(api: Api) {
    let document = api.get("openapi.json").await;
    for (path, methods) in document["paths"].as_object().unwrap() {
        let resource = path.trim_start_matches("/api/v2/").trim_end_matches(".json");
        for (method, operation) in methods.as_object().unwrap() {
            let has_line = CALLS.iter().any(|(m, r, ..)| m == method && *r == resource);
            assert!(has_line || operation["x-roles"].is_null(), "add {method} {resource} to the matrix");
        }
    }
    let roles_of = |resource: &str, method: &str| {
        let roles = &document["paths"][format!("/api/v2/{resource}.json")][method]["x-roles"];
        roles.as_array().unwrap_or_else(|| panic!("{method} {resource} is not in the document")).clone()
    };
    let things = things(&api).await;
    let other = api.in_another_workspace().await;
    let before = seen(&api).await;
    for role in [Role::Administrator, Role::Editor, Role::Agent, Role::Viewer] {
        let token = other.token_of(&format!("other-{}@example.org", role.name()), role).await;
        for (method, resource, query, body) in CALLS {
            let allowed = roles_of(resource, method).contains(&json!(role.name()));
            let (status, said) = call(&other, &token, (method, resource, query, body), &things, role).await;
            let about =
                format!("{method} {resource} {query} {body} as a foreign {}: {status} {said}", role.name());
            if !allowed {
                assert_eq!(status, StatusCode::FORBIDDEN, "{about}");
            } else if [query, body]
                .into_iter()
                .any(|text| filled(text, &things, "") != text.replace("{role}", ""))
            {
                assert!(finds_nothing(resource, status, &said) || is_own(resource, status, &said), "{about}");
            }
        }
    }
    assert_eq!(seen(&api).await, before, "another workspace changed something");
    for role in [Role::Viewer, Role::Agent, Role::Editor, Role::Administrator] {
        let token = api.token_of(&format!("own-{}@example.org", role.name()), role).await;
        for (method, resource, query, body) in CALLS {
            let allowed = roles_of(resource, method).contains(&json!(role.name()));
            // Only the last removes what all of them name.
            let query =
                if *method == "delete" && role != Role::Administrator { "uuid=x&id=0" } else { *query };
            let (status, said) = call(&api, &token, (method, resource, query, body), &things, role).await;
            let about = format!("{method} {resource} {query} {body} as {}: {status} {said}", role.name());
            assert_eq!(status == StatusCode::FORBIDDEN, !allowed, "{about}");
            // An import that waits begins once.
            let again = *resource == "imports" && said.to_string().contains("or it has begun");
            if allowed && !takes_a_file(resource) && !again && query != "uuid=x&id=0" {
                assert!(status.is_success() || is_busy_group(resource, &said), "{about}");
            }
        }
    }
}

/// Calls of [`CALLS`] that need not change anything of what is there.
const MAY_CHANGE_NOTHING: &[(&str, &str)] = &[
    ("broadcast_actions", r#"{"broadcasts": ["{broadcast}"], "action": "resume"}"#),
    // It only looks.
    ("broadcast_previews", r#"{"text": "All well?", "groups": ["{group}"]}"#),
    ("schedules", r#"{"paused": false}"#),
    ("globals", r#"{"value": "Nairobi"}"#),
    ("triggers", r#"{"type": "keyword", "flow": "{flow}", "keywords": ["help"]}"#),
    ("trigger_actions", r#"{"triggers": [{trigger}], "action": "restore"}"#),
    // What is done by then cannot be ended.
    ("exports", ""),
    ("imports", ""),
];

/// An operation that forgets to say whose doing it is fails here, whichever endpoint calls it.
async fn every_call_that_writes_is_in_the_log(api: Api) {
    let things = things(&api).await;
    let mut silent = Vec::new();
    let last = async || api.list("audit.json").await.into_iter().next().unwrap();
    for (method, resource, query, body) in CALLS.iter().filter(|(method, ..)| *method != "get") {
        let before = last().await;
        let about = format!("{method} {resource} {query} {body}");
        let (status, said) = if takes_a_file(resource) {
            let form = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\n\
                        Content-Type: application/pdf\r\n\r\ncode\r\n--x--\r\n";
            let url = format!("{}/api/v2/{resource}.json?{query}", api.world.base);
            let request = api.world.client.post(url).header("authorization", format!("Token {}", api.token));
            let request = request.header("content-type", "multipart/form-data; boundary=x").body(form);
            let answer = request.send().await.unwrap();
            (answer.status(), Value::Null)
        } else {
            let role = Role::Administrator;
            call(&api, &api.token, (method, resource, query, body), &things, role).await
        };
        if is_busy_group(resource, &said) {
            continue;
        }
        assert!(status.is_success(), "{about}: {status} {said}");
        let after = last().await;
        if after == before {
            silent.push((*resource, *body));
            continue;
        }
        assert_eq!(after["actor"]["name"], "admin@example.org", "{about}");
        assert_eq!(after["actor"]["means"], "token", "{about}");
        assert!(after["actor"]["uuid"].is_string(), "{about}");
    }
    silent.retain(|call| !MAY_CHANGE_NOTHING.contains(call));
    assert!(silent.is_empty(), "these left no row in the log: {silent:?}");
}

async fn call(
    api: &Api,
    token: &str,
    (method, resource, query, body): (&str, &str, &str, &str),
    things: &BTreeMap<&'static str, String>,
    role: Role,
) -> (StatusCode, Value) {
    let path = format!("{resource}.json?{}", filled(query, things, role.name()));
    let body = filled(body, things, role.name());
    let body = (!body.is_empty()).then(|| serde_json::from_str(&body).unwrap());
    let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
    api.call(token, method, &path, body).await
}

/// Whether a resource is given a file, and not JSON.
fn takes_a_file(resource: &str) -> bool {
    ["code_imports", "media"].contains(&resource)
}

/// Nothing is there for this caller: not found, a reference that is none, an empty list, or nothing that it was done with.
fn finds_nothing(resource: &str, status: StatusCode, said: &Value) -> bool {
    match status {
        StatusCode::NOT_FOUND | StatusCode::BAD_REQUEST => true,
        StatusCode::OK => {
            let empty = |member: &str| said[member].as_array().is_some_and(Vec::is_empty);
            let all_failed = said["failures"].as_array().is_some_and(|failures| !failures.is_empty());
            empty("results") || all_failed || (resource == "definitions" && empty("flows"))
        }
        _ => false,
    }
}

/// A field or global of the caller's own that has the same name.
fn is_own(resource: &str, status: StatusCode, said: &Value) -> bool {
    NAMED_ALIKE.contains(&resource) && status == StatusCode::OK && said["results"].is_null()
}

/// A group that a campaign is for cannot be removed.
fn is_busy_group(resource: &str, said: &Value) -> bool {
    resource == "groups" && said.to_string().contains("campaign")
}
