//! Programmes over the API: sets, messages, subscriptions and what happens in lives.

use serde_json::{Value, json};

use super::{Api, on_both};

on_both!(programmes_are_steered);

const FIRST_YEAR: &str = include_str!("../../../../../testdata/programme/first_year.json");

async fn programmes_are_steered(api: Api) {
    let (ctx, workspace) = (api.world.node.context().clone(), api.world.workspace.id);
    operations::import_programme(&ctx, workspace, FIRST_YEAR).await.unwrap();
    let sets = api.list("message_sets.json").await;
    let named = |name: &str| sets.iter().find(|set| set["name"] == name).unwrap().clone();
    let (pregnancy, child) = (named("first_year.pregnancy"), named("first_year.child"));
    assert_eq!((sets.len(), &pregnancy["messages"]), (3, &json!(7)));
    assert_eq!(pregnancy["next_set"], json!({"uuid": child["uuid"], "name": "first_year.child"}));
    assert_eq!(pregnancy["anchor"], json!({"field": "due_date", "minus_weeks": 40}));
    let messages = api.list("programme_messages.json?message_set=First_Year.loss").await;
    assert_eq!(messages[0]["sequence"], 1);
    assert_eq!(messages[1]["text"]["eng"], "If you want to talk, write TALK. Somebody reads it.");

    let (_, contact) =
        api.post("contacts.json", json!({"urns": ["tel:+254722000111"], "name": "Amina"})).await;
    let today = ctx.now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let due = today.saturating_add(jiff::Span::new().days(200));
    let body = json!({"contact": contact["uuid"], "message_set": "first_year.pregnancy", "day": due});
    let (status, made) = api.post("subscriptions.json", body.clone()).await;
    assert_eq!(status, 201, "{made}");
    // 80 days after the first: what is for week 12 has its moment on Monday or Thursday of that week.
    assert_eq!((&made["status"], &made["initial_sequence_number"]), (&json!("active"), &json!(3)));
    assert_eq!(made["contact"], json!({"uuid": contact["uuid"], "name": "Amina"}));
    let theirs = api.list("subscriptions.json?contact=tel:%2B254722000111").await;
    assert_eq!(theirs, std::slice::from_ref(&made));
    for (change, member, said) in [
        (json!({}), "message_set", "they get the messages of \"first_year.pregnancy\" already"),
        (json!({"message_set": "x"}), "message_set", "Not found: x"),
        (json!({"contact": "tel:+254722000999"}), "contact", "Not found: tel:+254722000999"),
        (json!({"day": "soon"}), "day", "Not a valid day; write it as in 2027-05-20."),
        (json!({"message": 0}), "message", "0 is no place in a set."),
        (json!({"contact": null}), "contact", "This field is required."),
    ] {
        let mut body = body.clone();
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        assert_eq!(api.post("subscriptions.json", body).await, (400, json!({member: [said]})), "{change}");
    }

    let act = async |api: &Api, more: Value| {
        let mut body = json!({"contact": contact["uuid"]});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        api.post("subscription_actions.json", body).await
    };
    for (more, member, said) in [
        (json!({"action": "dance"}), "action", "\"dance\" is not a valid choice."),
        (json!({"action": "event"}), "event", "This field is required."),
        (json!({"action": "opt_out"}), "reason", "This field is required."),
        (json!({"action": "resend"}), "contact", "nothing of a programme was sent to them yet"),
    ] {
        assert_eq!(act(&api, more.clone()).await, (400, json!({member: [said]})), "{more}");
    }
    let other = api.in_another_workspace().await;
    assert_eq!(other.list("subscriptions.json").await.len() + other.list("message_sets.json").await.len(), 0);
    assert_eq!(act(&other, json!({"action": "event", "event": "birth"})).await.0, 400);

    let (status, said) = act(&api, json!({"action": "event", "event": "birth", "day": today})).await;
    assert_eq!(status, 204, "{said}");
    let rows = api.list("subscriptions.json").await;
    let shown: Vec<_> = rows.iter().map(|row| (&row["message_set"]["name"], &row["status"])).collect();
    let expected = [
        (&json!("first_year.child"), &json!("active")),
        (&json!("first_year.pregnancy"), &json!("switched")),
    ];
    assert_eq!(shown, expected);
    assert_eq!(
        api.list(&format!("subscriptions.json?uuid={}", made["uuid"].as_str().unwrap())).await,
        rows[1..]
    );
    assert_eq!(act(&api, json!({"action": "language", "language": "swa"})).await.0, 204);
    assert_eq!(api.list("subscriptions.json").await[0]["language"], "swa");
    assert_eq!(act(&api, json!({"action": "opt_out", "reason": "not_useful"})).await.0, 204);
    let last = api.list("subscriptions.json").await.remove(0);
    assert_eq!((&last["status"], &last["reason"]), (&json!("stopped"), &json!("not_useful")));
    assert_eq!((&last["next_on"], last["ended_on"].is_string()), (&json!(null), true));
}
