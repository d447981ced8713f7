//! What is turned off under pressure or for a workspace, what that does to conversations, and clocks that jump.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use expressions::Ambient;
use flows::Host;
use jiff::{SignedDuration, Timestamp};
use node::http::{Answer, Exchange, HttpError};
use node::{Ambience, Config, Layer, Taken};
use operations::{
    BroadcastJob, ExportContactsJob, Feature, JobSpec, NewJob, NewService, Recipients, SharedHost,
    SheddingMode, add_service, create_job, set_feature, set_shedding,
};
use serde_json::{Value, json};
use store::{Direction, JobStatus, Secret, ServiceKind};
use tokio::time::sleep;
use uuid::Uuid;

use crate::world::World;

const MODEL: Uuid = Uuid::from_u128(0x7e00_0000_0000_4000_8000_0000_0000_0001);

/// Longer than it takes a node to hear what people say about shedding.
const HEARD: Duration = Duration::from_secs(5);

fn answers(exchange: &Exchange, _: usize) -> Result<Answer, HttpError> {
    let body = if exchange.url.contains("models") {
        json!({"choices": [{"message": {"content": "Cough"}}]})
    } else {
        json!({"ok": true})
    };
    Ok(Answer { status: 200, body: body.to_string().into_bytes(), ..Answer::default() })
}

/// A node whose flows ask a model behind `ask`, and a web service behind `call`.
async fn world() -> World {
    let world = World::among(7, |_| Some(200), Arc::new(answers)).await;
    let new = NewService {
        workspace: world.workspace.id,
        kind: ServiceKind::Model,
        uuid: Some(MODEL),
        name: "model".into(),
        config: json!({"url": "http://models.example/v1/", "model": "small"}),
        secret: Secret::new("hush".to_owned()),
    };
    add_service(world.node.context(), new).await.unwrap();
    let say = |text: &str| json!({"type": "send_msg", "text": text});
    let llm = json!({"type": "call_llm", "llm": {"uuid": MODEL, "name": "model"}, "output_local": "topic",
        "instructions": "Name it", "input": "@input.text"});
    world.on_keyword("ask", &[llm, say("It is @locals.topic.")]).await;
    let call = json!({"type": "call_webhook", "method": "GET", "url": "http://web.example/"});
    world.on_keyword("call", &[call, say("Status @webhook.status.")]).await;
    world
}

/// What is said to somebody who writes this, and how often others were asked for it.
async fn hears(world: &World, person: u32, text: &str) -> (Vec<String>, usize) {
    let (said, asked) = (world.attempts().len(), world.asked().len());
    world.write(person, text).await;
    sleep(HEARD).await;
    let said = world.attempts().split_off(said).into_iter().map(|attempt| attempt.text).collect();
    (said, world.asked().len() - asked)
}

async fn broadcast(world: &World, people: &[u32]) {
    let urns = people.iter().map(|person| format!("tel:+25472200{person:04}").parse().unwrap()).collect();
    let message: Value = json!({"translations": {"eng": {"text": "News"}}, "base_language": "eng"});
    let spec = JobSpec::Broadcast(BroadcastJob {
        broadcast: serde_json::from_value(message).unwrap(),
        recipients: Recipients { urns, ..Recipients::default() },
        ..BroadcastJob::default()
    });
    let new = NewJob { workspace: world.workspace.id, spec, unique_key: None };
    create_job(world.node.context(), new).await.unwrap();
    sleep(HEARD).await;
}

fn news(world: &World) -> usize {
    world.attempts().iter().filter(|attempt| attempt.text == "News").count()
}

#[tokio::test(start_paused = true)]
async fn people_turn_off_language_understanding_and_then_bulk_sending_but_never_replies() {
    let world = world().await;
    let ctx = world.node.context();
    assert_eq!(hears(&world, 1, "ask").await, (vec!["It is Cough.".to_owned()], 1));
    set_shedding(ctx, SheddingMode::Level(3)).await.unwrap();
    sleep(HEARD).await;
    assert_eq!(world.node.readiness().await.shedding, (3, true));
    let (said, asked) = hears(&world, 2, "ask").await;
    assert_eq!((said.len(), asked), (1, 0), "the flow goes on at once, and nobody is asked: {said:?}");
    assert_ne!(said[0], "It is Cough.");
    broadcast(&world, &[3, 4]).await;
    assert_eq!(news(&world), 2, "bulk goes out at level 3");
    set_shedding(ctx, SheddingMode::Level(5)).await.unwrap();
    sleep(HEARD).await;
    broadcast(&world, &[3, 4]).await;
    assert_eq!(news(&world), 2, "bulk waits at level 5");
    broadcast(&world, &[5]).await;
    assert_eq!(news(&world), 3, "what goes to one person does not");
    assert_eq!(hears(&world, 6, "call").await.0, ["Status 200."], "replies go on");
    let metrics = world.node.metrics_text();
    for line in ["seedling_shedding_level 5", "seedling_shedding_off{what=\"bulk_sending\"} 1"] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
    set_shedding(ctx, SheddingMode::Auto).await.unwrap();
    sleep(HEARD).await;
    assert_eq!(world.node.readiness().await.shedding, (0, false));
    assert_eq!(news(&world), 5, "what waited goes out");
    assert!(
        world.store.jobs(world.workspace.id, 9).await.unwrap().iter().all(|j| j.status == JobStatus::Done)
    );
}

/// How many people a query finds.
async fn found(world: &World, query: &str) -> u64 {
    let ctx = world.node.context();
    let ws = ctx.registry.workspace(ctx, world.workspace.id).await.unwrap().unwrap();
    let query = ws.query(query, ctx.now()).unwrap();
    world.store.count_contacts(ws.search(Some(query))).await.unwrap()
}

async fn job(world: &World, spec: JobSpec) {
    create_job(world.node.context(), NewJob { workspace: world.workspace.id, spec, unique_key: None })
        .await
        .unwrap();
    sleep(HEARD).await;
}

#[tokio::test(start_paused = true)]
async fn searches_and_reports_are_turned_off_and_made_good_for() {
    let world = world().await;
    let rename = json!({"type": "set_contact_name", "name": "Amina"});
    world.on_keyword("rename", &[rename]).await;
    let ctx = world.node.context();
    for person in 1..=3 {
        world.write(person, "ask").await;
    }
    world.write(1, "rename").await;
    sleep(HEARD).await;
    assert_eq!(found(&world, "name = Amina").await, 1);
    set_shedding(ctx, SheddingMode::Level(1)).await.unwrap();
    sleep(HEARD).await;
    world.write(2, "rename").await;
    world.write(9, "ask").await;
    sleep(HEARD).await;
    assert_eq!(found(&world, "name = Amina").await, 1, "found as they were");
    let message: Value = json!({"translations": {"eng": {"text": "News"}}, "base_language": "eng"});
    let to_amina = JobSpec::Broadcast(BroadcastJob {
        broadcast: serde_json::from_value(message).unwrap(),
        recipients: Recipients { query: "name = Amina".into(), ..Recipients::default() },
        ..BroadcastJob::default()
    });
    job(&world, to_amina).await;
    assert_eq!(news(&world), 0, "a search that does not find everybody tells nobody");
    set_shedding(ctx, SheddingMode::Level(4)).await.unwrap();
    sleep(HEARD).await;
    job(&world, JobSpec::ExportContacts(ExportContactsJob::default())).await;
    let waiting = || async {
        let jobs = world.store.jobs(world.workspace.id, 9).await.unwrap();
        jobs.iter().filter(|job| job.ended_on.is_none()).count()
    };
    assert_eq!(waiting().await, 2, "exports wait too");
    set_shedding(ctx, SheddingMode::Auto).await.unwrap();
    sleep(HEARD * 2).await;
    assert_eq!((found(&world, "name = Amina").await, news(&world), waiting().await), (2, 2, 0));
    let metrics = world.node.metrics_text();
    assert!(metrics.contains("seedling_search_indexed_later_total 2"), "{metrics}");
    assert!(world.store.search_later(1).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn features_are_turned_off_for_a_workspace_and_on_again() {
    let world = world().await;
    let (ctx, id) = (world.node.context(), world.workspace.id);
    for feature in Feature::ALL {
        set_feature(ctx, id, feature, false).await.unwrap();
    }
    let (said, asked) = hears(&world, 1, "ask").await;
    assert_eq!((said.len(), asked), (1, 0), "{said:?}");
    let (said, asked) = hears(&world, 2, "call").await;
    assert_eq!((said.len(), asked), (1, 0), "{said:?}");
    assert_ne!(said[0], "Status 200.");
    broadcast(&world, &[3, 4]).await;
    assert_eq!(news(&world), 0);
    for feature in Feature::ALL {
        set_feature(ctx, id, feature, true).await.unwrap();
    }
    sleep(HEARD).await;
    assert_eq!(news(&world), 2);
    assert_eq!(hears(&world, 1, "ask").await.0, ["It is Cough."]);
    assert_eq!(hears(&world, 2, "call").await.0, ["Status 200."]);
}

/// A host whose clock can be set.
pub struct Jumpy {
    pub steady: SharedHost,
    /// Seconds.
    pub ahead: Arc<AtomicI64>,
}

impl Ambient for Jumpy {
    fn now(&self) -> Timestamp {
        self.steady.now() + SignedDuration::from_secs(self.ahead.load(Ordering::Relaxed))
    }

    fn random(&self) -> u64 {
        self.steady.random()
    }
}

impl Host for Jumpy {
    fn uuid_v7(&self) -> Uuid {
        self.steady.uuid_v7()
    }

    fn uuid_v4(&self) -> Uuid {
        self.steady.uuid_v4()
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_jumps_keeps_order_and_fires_each_timer_once() {
    let ahead = Arc::new(AtomicI64::new(0));
    let steady = Ambience::simulated("2027-03-01T06:00:00Z".parse::<Timestamp>().unwrap(), 9);
    let host: SharedHost = Arc::new(Jumpy { steady, ahead: ahead.clone() });
    let world = World::by_clock(host, Config::new(Layer::default()).unwrap()).await;
    let mut acknowledged = Vec::new();
    for (round, seconds) in [0, -86_400, 86_400 * 30, -7_200, 0].into_iter().enumerate() {
        ahead.store(seconds, Ordering::Relaxed);
        sleep(Duration::from_secs(2)).await;
        for person in 0..3 {
            let Taken::Message(uuid) = world.write(person, &format!("{round}")).await else { panic!() };
            acknowledged.push(uuid);
        }
    }
    let kept = world.messages().await;
    let came: Vec<_> = kept.iter().filter(|m| m.direction == Direction::In).collect();
    assert_eq!(came.iter().map(|message| message.uuid).collect::<Vec<_>>(), acknowledged, "kept in order");
    for person in 0..3 {
        let theirs = came.iter().filter(|message| message.contact == came[person].contact);
        let texts: Vec<&str> = theirs.map(|message| message.text.as_str()).collect();
        assert_eq!(texts, ["0", "1", "2", "3", "4"], "ids of a person rise whatever the clock says");
    }
    let asked =
        |world: &World| world.attempts().iter().filter(|attempt| attempt.text == "Are you there?").count();
    // Each waits a minute for an answer: it fires once, and once only, when the clock is there.
    sleep(Duration::from_secs(90)).await;
    ahead.store(86_400 * 31, Ordering::Relaxed);
    sleep(Duration::from_secs(30)).await;
    let fired = asked(&world);
    sleep(Duration::from_secs(600)).await;
    assert_eq!(asked(&world), fired, "nothing fires twice");
    let metrics = world.node.metrics_text();
    assert!(metrics.contains("clock_jumps_total{direction=\"backwards\"} 2"), "{metrics}");
    assert!(metrics.contains("clock_jumps_total{direction=\"forwards\"} 3"), "{metrics}");
}
