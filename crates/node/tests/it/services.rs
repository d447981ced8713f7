//! What flows ask of others, as it leaves the node and as its answers come back.

use std::sync::Arc;
use std::time::Duration;

use node::http::{Answer, Exchange, HttpError};
use operations::{BroadcastJob, JobSpec, NewJob, NewService, Recipients, add_service, create_job};
use serde_json::{Value, json};
use store::{JobStatus, Secret, ServiceKind};
use tokio::time::sleep;
use uuid::Uuid;

use crate::world::{SLOW, World};

const MODEL: Uuid = Uuid::from_u128(0x7e00_0000_0000_4000_8000_0000_0000_0001);

fn answer(status: u16, body: &Value) -> Result<Answer, HttpError> {
    Ok(Answer { status, body: body.to_string().into_bytes(), ..Answer::default() })
}

fn header<'e>(exchange: &'e Exchange, name: &str) -> Option<&'e str> {
    exchange.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

fn body(exchange: &Exchange) -> Value {
    serde_json::from_str(exchange.body.as_deref().unwrap()).unwrap()
}

/// A node whose services answer so, by how many came before.
async fn world(
    service: impl Fn(&Exchange, usize) -> Result<Answer, HttpError> + Send + Sync + 'static,
) -> World {
    let world = World::among(7, |_| Some(200), Arc::new(service)).await;
    let ctx = world.node.context();
    for (kind, uuid, config, secret) in [
        (
            ServiceKind::Model,
            Some(MODEL),
            json!({"url": "http://models.example/v1/", "model": "small"}),
            "hush",
        ),
        (ServiceKind::Airtime, None, json!({"url": "http://airtime.example/send", "account": "7"}), "hush"),
        (ServiceKind::Email, None, json!({}), "smtp://u:hush@mail.example/?from=line%40b.org"),
    ] {
        let new = NewService {
            workspace: world.workspace.id,
            kind,
            uuid,
            name: kind.as_str().into(),
            config,
            secret: Secret::new(secret.to_owned()),
        };
        add_service(ctx, new).await.unwrap();
    }
    let say = |text: &str| json!({"type": "send_msg", "text": text});
    let llm = json!({"type": "call_llm", "llm": {"uuid": MODEL, "name": "model"}, "output_local": "topic",
        "instructions": "@(prompt(\"categorize\", array(\"Cough\", \"Fever\")))", "input": "@input.text"});
    world.on_keyword("ask", &[say("Let me think."), llm, say("It is @locals.topic.")]).await;
    let airtime = json!({"type": "transfer_airtime", "amounts": {"KES": 50}});
    world
        .on_keyword("pay", &[airtime, say("@(if(locals._new_transfer = \"\", \"Not now.\", \"Enjoy.\"))")])
        .await;
    let email = json!({"type": "send_email", "addresses": ["nurse@clinic.example"], "subject": "From @contact.urn",
        "body": "@input.text"});
    world.on_keyword("mail", &[email, say("Passed on.")]).await;
    world
}

fn texts(world: &World) -> Vec<String> {
    world.attempts().into_iter().map(|attempt| attempt.text).collect()
}

/// The events of a kind in the history of the only person.
async fn events(world: &World, kind: &str) -> Vec<Value> {
    let contact = world.messages().await[0].contact;
    let events = world.store.contact_events(world.workspace.id, contact, 100).await.unwrap();
    let of_kind = events.into_iter().filter(|(found, _)| found == kind);
    of_kind.map(|(_, body)| serde_json::from_str(&body).unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_model_is_asked_in_chat_completions() {
    let world = world(|_, before| match before {
        0 => answer(503, &json!({})),
        _ => answer(
            200,
            &json!({"choices": [{"message": {"role": "assistant", "content": " Cough\n"}}],
                "usage": {"prompt_tokens": 31, "completion_tokens": 2}}),
        ),
    })
    .await;
    world.write(1, "ask I cough a lot").await;
    sleep(Duration::from_secs(30)).await;
    assert_eq!(texts(&world), ["Let me think.", "It is Cough."]);
    let asked = world.asked();
    assert_eq!(asked.len(), 2, "again when it asks to come again");
    assert_eq!(asked[1].url, "http://models.example/v1/chat/completions");
    assert_eq!(header(&asked[1], "Authorization"), Some("Bearer hush"));
    let sent = body(&asked[1]);
    assert_eq!(sent["model"], "small");
    assert!(sent["messages"][0]["content"].as_str().unwrap().contains("[Cough, Fever]"), "{sent}");
    assert_eq!(sent["messages"][1], json!({"role": "user", "content": "ask I cough a lot"}));
    let called = events(&world, "llm_called").await;
    assert_eq!(called[0]["tokens"], json!({"input": 31, "output": 2}));
    assert!(!called[0].to_string().contains("hush"));
}

#[tokio::test(start_paused = true)]
async fn a_model_that_fails_leaves_a_mark_that_flows_can_test() {
    type Answers = fn() -> Result<Answer, HttpError>;
    let cases: [(Answers, &str); 4] = [
        (|| answer(401, &json!({"error": {"message": "no such key"}})), "answered 401: no such key"),
        (|| answer(200, &json!({"choices": []})), "said nothing"),
        (|| answer(200, &json!("what?")), "cannot be read"),
        (|| Err(HttpError::NoAnswer("it took too long".to_owned())), "it took too long"),
    ];
    for (service, reason) in cases {
        let world = world(move |_, _| service()).await;
        world.write(1, "ask").await;
        sleep(Duration::from_secs(60)).await;
        assert_eq!(texts(&world), ["Let me think.", "It is <ERROR>."], "{reason}");
        let error = events(&world, "error").await[0]["text"].to_string();
        assert!(error.contains(reason), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn airtime_is_asked_for_with_a_signature_and_one_identifier() {
    let world = world(|_, before| match before {
        0 => Err(HttpError::NoAnswer("it took too long".to_owned())),
        _ => answer(201, &json!({"id": 4711, "currency": "KES", "amount": 50})),
    })
    .await;
    world.write(1, "pay").await;
    sleep(Duration::from_secs(60)).await;
    assert_eq!(texts(&world), ["Enjoy."]);
    let asked = world.asked();
    let sent = body(&asked[0]);
    assert_eq!(asked[0].body, asked[1].body);
    assert_eq!(header(&asked[1], "Idempotency-Key"), sent["id"].as_str());
    assert_eq!(header(&asked[1], "X-Seedling-Account"), Some("7"));
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, b"hush");
    let stamp = header(&asked[1], "X-Seedling-Timestamp").unwrap();
    let signed = format!("{stamp}.{}", asked[1].body.as_deref().unwrap());
    let tag: String =
        ring::hmac::sign(&key, signed.as_bytes()).as_ref().iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(header(&asked[1], "X-Seedling-Signature"), Some(format!("sha256={tag}").as_str()));
    assert_eq!((&sent["recipient"], &sent["amounts"]), (&json!("+254722000001"), &json!({"KES": 50})));
    let created = events(&world, "airtime_created").await;
    assert_eq!((&created[0]["external_id"], &created[0]["currency"]), (&json!("4711"), &json!("KES")));
    assert_eq!(created[0]["http_logs"].as_array().unwrap().len(), 2);
    assert!(!created[0].to_string().contains("hush"));
}

#[tokio::test(start_paused = true)]
async fn airtime_that_waits_is_not_sent_to_somebody_who_left_its_flow() {
    let world = world(|_, _| Err(HttpError::NoAnswer("it took too long".to_owned()))).await;
    // The provider's lane is full for some seconds.
    for person in 1..=17 {
        world.write(person, "pay").await;
    }
    sleep(Duration::from_secs(3)).await;
    let contact = world.messages().await.last().unwrap().contact;
    operations::interrupt(world.node.context(), world.workspace.id, contact).await.unwrap();
    sleep(Duration::from_secs(60)).await;
    let recipients: std::collections::BTreeSet<String> =
        world.asked().iter().map(|asked| body(asked)["recipient"].to_string()).collect();
    assert_eq!(recipients.len(), 16, "{recipients:?}");
}

#[tokio::test(start_paused = true)]
async fn airtime_is_not_sent_after_its_flow_was_told_that_it_failed() {
    let world = world(|_, _| Err(HttpError::NoAnswer("it took too long".to_owned()))).await;
    // Each group of 16 keeps the lane for six seconds, so those at the end would come after their deadline.
    for person in 1..=1_000 {
        world.write(person, "pay").await;
    }
    sleep(Duration::from_secs(700)).await;
    let asked = world.asked().len();
    assert!(asked < 1_000 * 3, "{asked}");
    let told = texts(&world).iter().filter(|text| *text == "Not now.").count();
    assert_eq!(told, 1_000, "everybody hears of it");
    let late = world
        .asked()
        .iter()
        .filter(|asked| {
            let stamp: i64 = header(asked, "X-Seedling-Timestamp").unwrap().parse().unwrap();
            stamp - first_stamp(&world) > 300
        })
        .count();
    assert_eq!(late, 0);
}

fn first_stamp(world: &World) -> i64 {
    header(&world.asked()[0], "X-Seedling-Timestamp").unwrap().parse().unwrap()
}

#[tokio::test(start_paused = true)]
async fn airtime_that_is_refused_is_said_so() {
    let world = world(|_, _| answer(422, &json!({"error": "invalid recipient number"}))).await;
    world.write(1, "pay").await;
    sleep(Duration::from_secs(60)).await;
    assert_eq!((texts(&world), world.asked().len()), (vec!["Not now.".to_owned()], 1));
    assert_eq!(events(&world, "error").await[0]["text"], "invalid recipient number");
}

#[tokio::test(start_paused = true)]
async fn an_e_mail_is_tried_again_while_its_server_is_away() {
    let world = world(|_, before| match before {
        0 | 1 => Err(HttpError::NotReached("refused".to_owned())),
        _ => answer(250, &json!({})),
    })
    .await;
    world.write(1, "mail It rains in.").await;
    sleep(Duration::from_secs(60)).await;
    assert_eq!(texts(&world), ["Passed on."]);
    let asked = world.asked();
    assert_eq!((asked.len(), header(&asked[2], "To")), (3, Some("nurse@clinic.example")));
    assert_eq!(header(&asked[0], "Idempotency-Key"), header(&asked[2], "Idempotency-Key"));
    assert_eq!(events(&world, "email_sent").await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_broadcast_reaches_everybody_beside_the_replies() {
    let world = World::new(3, |_| Some(200)).await;
    for person in 0..300 {
        world.write(person, "hi").await;
    }
    sleep(Duration::from_secs(120)).await;
    let broadcast = json!({"translations": {"eng": {"text": "It rains."}}, "base_language": "eng"});
    let spec = JobSpec::Broadcast(BroadcastJob {
        broadcast: serde_json::from_value(broadcast).unwrap(),
        recipients: Recipients { query: "tel ~ 25472".into(), ..Recipients::default() },
        ..BroadcastJob::default()
    });
    let new = NewJob { workspace: world.workspace.id, spec, unique_key: None };
    let job = create_job(world.node.context(), new).await.unwrap();
    world.write(1, "hello").await;
    sleep(Duration::from_secs(60)).await;
    let row = world.store.job(world.workspace.id, job.id).await.unwrap().unwrap();
    assert_eq!((row.status, row.done), (JobStatus::Done, 300));
    let attempts = world.attempts();
    assert_eq!(attempts.iter().filter(|attempt| attempt.text == "It rains.").count(), 300);
    assert!(attempts.iter().any(|attempt| attempt.text == "Hello hello"));
    assert!(world.node.stop().await);
}

#[tokio::test(start_paused = true)]
async fn subscribers_are_called_beside_each_other_signed_again_and_not_when_they_are_gone() {
    const URLS: [&str; 4] = [
        "https://slow.example/a",
        "https://slow.example/b",
        "https://busy.example/c",
        "https://gone.example/d",
    ];
    let world = world(|exchange, before| match exchange.url.as_str() {
        "https://gone.example/d" => answer(410, &json!({})),
        "https://busy.example/c" if before < URLS.len() => answer(503, &json!({})),
        _ => answer(200, &json!({"ok": true})),
    })
    .await;
    let (ctx, workspace) = (world.node.context(), world.workspace.id);
    let mut secret = None;
    for url in URLS {
        let saved = operations::save_subscriber(ctx, workspace, "born", url).await.unwrap();
        secret = Some(saved.row.1);
    }
    let hook = json!({"type": "call_resthook", "resthook": "born", "result_name": "Hook"});
    let say = |text: &str| json!({"type": "send_msg", "text": text});
    world.on_keyword("born", &[say("One moment."), hook, say("Told.")]).await;
    world.write(1, "born").await;
    // Before the slow ones have answered all have been called, and the one that was busy again.
    sleep(SLOW / 2).await;
    let asked = world.asked();
    let of = |url: &str| asked.iter().filter(|exchange| exchange.url == url).collect::<Vec<_>>();
    assert_eq!(URLS.map(|url| of(url).len()), [1, 1, 2, 1]);
    let again = of(URLS[2]);
    assert_eq!(header(again[0], "webhook-id"), header(again[1], "webhook-id"), "the same call");
    for exchange in &asked {
        let [id, at] = ["webhook-id", "webhook-timestamp"].map(|name| header(exchange, name).unwrap());
        let at = jiff::Timestamp::from_second(at.parse().unwrap()).unwrap();
        let body = exchange.body.as_deref().unwrap();
        let signed = operations::signed_headers(secret.as_ref().unwrap(), id, at, body);
        for (name, value) in signed {
            assert_eq!(header(exchange, &name), Some(value.as_str()), "{} {name}", exchange.url);
        }
    }
    assert_eq!(texts(&world), ["One moment."]);
    // The flow waits for the slowest, not for one after the other.
    sleep(SLOW).await;
    assert_eq!(texts(&world), ["One moment.", "Told."]);
    // Who was gone is not called the next time.
    world.write(2, "born").await;
    sleep(SLOW * 2).await;
    let later: Vec<String> = world.asked().split_off(asked.len()).into_iter().map(|one| one.url).collect();
    assert_eq!(later, URLS[..3]);
}
