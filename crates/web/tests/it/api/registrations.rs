//! Registrations, households and codes over the API.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Api, on_both};

on_both!(somebody_is_registered_with_one_call, households_are_seen_and_changed, codes_are_kept);

const FIRST_YEAR: &str = include_str!("../../../../../testdata/programme/first_year.json");
const CLINICS: &str = include_str!("../../../../../testdata/programme/clinics.csv");

async fn programme(api: &Api) {
    let (ctx, workspace) = (api.world.node.context(), api.world.workspace.id);
    operations::import_programme(ctx, workspace, FIRST_YEAR).await.unwrap();
    for (name, kind) in [("Due date", "datetime"), ("Clinic", "text"), ("Health ID", "text")] {
        assert_eq!(api.post("fields.json", json!({"name": name, "type": kind})).await.0, 201);
    }
    let (status, said) = bring_in(api, "kind=clinic", CLINICS).await;
    assert_eq!((status, said), (201, json!({"kind": "clinic", "rows": 3, "active": 2})));
}

async fn bring_in(api: &Api, query: &str, csv: &str) -> (u16, Value) {
    let form = format!(
        "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"codes.csv\"\r\n\r\n{csv}\r\n--x--\r\n"
    );
    let url = format!("{}/api/v2/code_imports.json?{query}", api.world.base);
    let request = api.world.client.post(url).header("authorization", format!("Token {}", api.token));
    let request = request.header("content-type", "multipart/form-data; boundary=x").body(form);
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), serde_json::from_str(&answer.text().await.unwrap()).unwrap())
}

fn body(api: &Api) -> Value {
    let today = api.world.node.context().now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let due = today.saturating_add(jiff::Span::new().days(200));
    json!({
        "urn": "tel:+254722000111", "name": "Amina", "fields": {"due_date": due.to_string()},
        "codes": {"clinic": "123456"}, "draw": ["health_id"], "opt_in": "clinic_form",
        "subscriptions": [{"message_set": "first_year.pregnancy"}],
        "receivers": [{"urn": "tel:+254722000222", "name": "Juma", "role": "father",
            "subscriptions": [{"message_set": "first_year.pregnancy"}]}],
        "welcome": "Welcome @contact.first_name",
    })
}

async fn somebody_is_registered_with_one_call(api: Api) {
    programme(&api).await;
    let (status, made) = api.post("registrations.json", body(&api)).await;
    assert_eq!(status, 201, "{made}");
    assert_eq!((&made["contact"]["name"], &made["new"]), (&json!("Amina"), &json!(true)));
    assert_eq!(made["codes"]["clinic"]["place"], "Nairobi");
    let number = made["numbers"]["health_id"].as_str().unwrap();
    let contact = &api.list("contacts.json?urn=tel:%2B254722000111").await[0];
    assert_eq!(
        (&contact["fields"]["health_id"], &contact["fields"]["clinic"]),
        (&json!(number), &json!("123456"))
    );
    assert_eq!(api.list("registrations.json").await, std::slice::from_ref(&made));
    assert_eq!(api.list("registrations.json?contact=tel:%2B254722000222").await.len(), 0);
    let uuid = made["uuid"].as_str().unwrap();
    assert_eq!(api.list(&format!("registrations.json?uuid={uuid}")).await.len(), 1);
    assert_eq!(api.in_another_workspace().await.list("registrations.json").await.len(), 0);
    let said: Vec<_> = api.each("messages.json?folder=sent", "text").await;
    let said = if said.is_empty() { api.each("messages.json?folder=outbox", "text").await } else { said };
    assert_eq!(said, ["Welcome Amina"]);
    // What is wrong is said member by member, and nothing is left behind.
    let mut wrong = body(&api);
    wrong["urn"] = json!("tel:+254722000333");
    wrong["codes"]["clinic"] = json!("1");
    wrong["receivers"][0]["subscriptions"][0]["message_set"] = json!("x");
    let (status, said) = api.post("registrations.json", wrong).await;
    assert_eq!(status, 400);
    assert_eq!(said["codes"], json!({"clinic": ["Not a known clinic code: 1."]}));
    assert!(said["receivers"]["0"]["subscriptions"]["0"]["message_set"][0].is_string(), "{said}");
    assert!(api.list("contacts.json?urn=tel:%2B254722000333").await.is_empty());
    // The same call twice under a key is done once.
    let mut again = body(&api);
    again["urn"] = json!("tel:+254722000444");
    again["receivers"] = json!([]);
    let url = format!("{}/api/v2/registrations.json", api.world.base);
    let send = async || {
        let request = api.world.client.post(&url).header("authorization", format!("Token {}", api.token));
        let answer = request.header("idempotency-key", "r1").json(&again).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let (first, second) = (send().await, send().await);
    assert_eq!((first.0, &first), (201, &second));
    assert_eq!(api.list("registrations.json").await.len(), 2);
}

async fn households_are_seen_and_changed(api: Api) {
    programme(&api).await;
    let (_, made) = api.post("registrations.json", body(&api)).await;
    let mother = made["contact"]["uuid"].clone();
    let found = api.list(&format!("households.json?contact={}", mother.as_str().unwrap())).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["contact"], made["contact"]);
    let names = |household: &Value| -> Vec<(Value, Value, usize)> {
        let members = household["members"].as_array().unwrap().iter();
        let gets = |one: &Value| one["subscriptions"].as_array().unwrap().len();
        members.map(|one| (one["contact"]["name"].clone(), one["role"].clone(), gets(one))).collect()
    };
    assert_eq!(names(&found[0]), [(json!("Juma"), json!("father"), 1)]);
    assert_eq!(found[0]["subscriptions"][0]["message_set"]["name"], "first_year.pregnancy");
    assert_eq!(api.list("households.json?contact=tel:%2B254722000222").await, found);
    let add = json!({"contact": mother, "member": "tel:+254722000555", "name": "Bibi", "role": "grandmother",
        "message_sets": ["first_year.pregnancy"]});
    let (status, after) = api.post("households.json", add.clone()).await;
    assert_eq!(status, 200, "{after}");
    assert_eq!(names(&after)[1], (json!("Bibi"), json!("grandmother"), 1));
    for (change, member) in [
        (json!({"contact": "tel:+254722000999"}), "contact"),
        (json!({"member": null}), "member"),
        (json!({"member": "x"}), "member"),
        (json!({"member": mother}), "member"),
        (json!({"message_sets": ["x"]}), "message_sets"),
        (json!({"day": "soon"}), "day"),
        (json!({"language": "xx"}), "language"),
    ] {
        let mut wrong = add.clone();
        wrong.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let (status, said) = api.post("households.json", wrong).await;
        assert!(status == 400 && said[member].is_array() | said[member].is_object(), "{change}: {said}");
    }
    // A birth is everybody's.
    let today = api.world.node.context().now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let birth = json!({"contact": mother, "action": "event", "event": "birth", "day": today});
    assert_eq!(api.post("subscription_actions.json", birth).await.0, 204);
    let after = &api.list("households.json").await[0];
    for member in after["members"].as_array().unwrap() {
        assert_eq!(member["subscriptions"][0]["message_set"]["name"], "first_year.child", "{member}");
    }
    let path = format!("households.json?contact={}&member=tel:%2B254722000555", mother.as_str().unwrap());
    assert_eq!(api.delete(&path).await.0, 204);
    assert_eq!(api.delete(&path).await.0, 404);
    assert_eq!(api.delete("households.json?contact=tel:%2B254722000111").await.0, 400);
    assert_eq!(names(&api.list("households.json").await[0]).len(), 1);
    let left = api.list("subscriptions.json?contact=tel:%2B254722000555").await;
    assert_eq!((&left[0]["status"], &left[0]["reason"]), (&json!("stopped"), &json!("left_household")));
    assert_eq!(api.in_another_workspace().await.delete(&path).await.0, 404);
}

async fn codes_are_kept(api: Api) {
    programme(&api).await;
    let (status, made) =
        api.post("codes.json", json!({"kind": "Personnel", "code": "N-17", "name": "Nurse Auma"})).await;
    assert_eq!((status, &made["kind"], &made["active"]), (201, &json!("personnel"), &json!(true)), "{made}");
    let (status, made) =
        api.post("codes.json", json!({"kind": "personnel", "code": "n17", "active": false})).await;
    assert_eq!(
        (status, &made["name"], &made["active"]),
        (200, &json!("Nurse Auma"), &json!(false)),
        "{made}"
    );
    assert_eq!(api.each("codes.json?kind=clinic", "code").await, ["345678", "234567", "123456"]);
    assert_eq!(api.each("codes.json?kind=personnel&code=N%2017", "code").await, ["N-17"]);
    assert_eq!(api.call(&api.token, Method::GET, "codes.json?code=1", None).await.0, 400);
    for (body, member) in [
        (json!({"code": "1"}), "kind"),
        (json!({"kind": "a b", "code": "1"}), "kind"),
        (json!({"kind": "clinic", "code": " "}), "code"),
        (json!({"kind": "clinic", "code": "1", "name": "x".repeat(201)}), "name"),
        (json!({"kind": "clinic", "code": "1", "active": "perhaps"}), "active"),
    ] {
        let (status, said) = api.post("codes.json", body.clone()).await;
        assert!(status == 400 && said[member].is_array(), "{body}: {said}");
    }
    let (status, said) = bring_in(&api, "kind=clinic&replace=1", "code,active\n123456,maybe\n").await;
    assert_eq!((status, said), (400, json!({"file": ["row 2: active is yes or no, not \"maybe\""]})));
    assert_eq!(bring_in(&api, "", "code\n1\n").await.0, 400);
    let (_, said) = bring_in(&api, "kind=clinic&replace=1", "code\n123456\n").await;
    assert_eq!(said["active"], 1);
    assert_eq!(api.in_another_workspace().await.list("codes.json").await.len(), 0);
}
