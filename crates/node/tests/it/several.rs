//! Several nodes on one store: who fires timers, what becomes of one that is paused, away, dead, or of another's name.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use node::http::Answer;
use node::{Config, Layer, Node, StartError, limits};
use serde_json::json;
use store::faults::{Faults, Moment};
use store::{LeaseName, StoreError};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::world::{Service, World};

/// What a node's calls on the store meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Passage {
    Open,
    /// What is read comes; what is written waits before it is done, as where a process is paused between the two.
    WritesWait,
    /// This call waits.
    Waits(&'static str),
    /// Everything waits, as where a process is paused.
    Paused,
    /// Everything fails.
    Away,
}

#[derive(Clone)]
struct Gate(watch::Sender<Passage>);

impl Gate {
    fn new() -> Self {
        Self(watch::Sender::new(Passage::Open))
    }

    fn set(&self, passage: Passage) {
        self.0.send_replace(passage);
    }

    fn faults(&self) -> Faults {
        let passage = self.0.clone();
        Faults::new(move |call, moment| {
            let mut seen = passage.subscribe();
            Box::pin(async move {
                let passes = |now: &Passage| match now {
                    Passage::Open | Passage::Away => true,
                    Passage::WritesWait => !call.writes || moment == Moment::After,
                    Passage::Waits(name) => call.name != *name,
                    Passage::Paused => false,
                };
                match seen.wait_for(passes).await.map(|now| *now) {
                    Ok(Passage::Away) => Err(StoreError::Away("out to lunch".to_owned())),
                    Ok(_) => Ok(()),
                    Err(_) => std::future::pending().await,
                }
            })
        })
    }
}

fn named(name: &str) -> Config {
    Config::new(Layer { name: Some(name.to_owned()), ..Layer::default() }).unwrap()
}

/// The first node, behind a gate, and so many more beside it.
async fn nodes(seed: u64, more: usize) -> (World, Gate, Vec<Node>) {
    let gate = Gate::new();
    let world = World::through(seed, gate.faults(), named("first")).await;
    let mut others = Vec::new();
    for number in 0..more {
        others.push(world.beside(&format!("other {number}"), None).await.unwrap());
    }
    (world, gate, others)
}

async fn holder(world: &World, lease: LeaseName) -> i64 {
    let leases = world.node.context().store.leases().await.unwrap();
    leases.iter().find(|row| row.name == lease).map_or(0, |row| row.run)
}

/// How often each person was asked whether they are there.
fn asked(world: &World) -> BTreeMap<String, usize> {
    let mut asked = BTreeMap::new();
    for attempt in world.attempts().iter().filter(|attempt| attempt.text == "Are you there?") {
        *asked.entry(attempt.to.clone()).or_default() += 1;
    }
    asked
}

#[tokio::test(start_paused = true)]
async fn one_clock_of_five_fires_each_timer_also_when_its_node_is_paused_and_wakes_up() {
    let begun = tokio::time::Instant::now();
    let (mut world, gate, others) = nodes(41, 4).await;
    let run = world.node.membership().run_number();
    for person in 0..20 {
        world.write(person, "hello").await;
    }
    assert_eq!(holder(&world, LeaseName::Clock).await, run, "the first node has the clock");
    assert_eq!(holder(&world, LeaseName::Jobs).await, run, "and the jobs, from the start");
    assert!(begun.elapsed() < Duration::from_millis(100), "{:?}", begun.elapsed());
    sleep(Duration::from_secs(58)).await;
    assert_eq!(world.node.membership().living(), 5);
    // It will find the timers due, make its units of them, and be stopped right before it hands them to the store.
    gate.set(Passage::WritesWait);
    sleep(Duration::from_secs(60)).await;
    let once: BTreeMap<String, usize> = (0..20).map(|person| (format!("+25472200{person:04}"), 1)).collect();
    assert_eq!(asked(&world), once, "another clock fired them meanwhile");
    let evictions: usize =
        others.iter().filter(|node| node.metrics_text().contains("seedling_nodes_evicted_total 1")).count();
    assert_eq!(evictions, 1, "one of the others ended it");
    gate.set(Passage::Open);
    world.node.membership().until_lost().await;
    sleep(Duration::from_secs(2)).await;
    let metrics = world.node.metrics_text();
    assert!(
        !metrics.contains("seedling_fenced_writes_total 0"),
        "what it had prepared is refused: {metrics}"
    );
    assert!(!world.node.membership().is_fresh());
    assert!(world.node.ready().await.is_err());
    world.node = world.node.restart().await.unwrap();
    let again = world.node.membership().run_number();
    assert!(again > run);
    // It takes part again, and leaves the clock to who has it.
    world.write(30, "hello").await;
    sleep(Duration::from_secs(90)).await;
    let mut expected = once;
    expected.insert("+254722000030".to_owned(), 1);
    assert_eq!(asked(&world), expected);
    let clock = holder(&world, LeaseName::Clock).await;
    assert!(clock != run && clock != again && clock != 0, "{clock}");
    assert_eq!(world.node.membership().living(), 5);
    // A clean stop leaves its leases to the others at once.
    let at = others.iter().position(|node| node.membership().run_number() == clock).unwrap();
    assert!(others[at].stop().await);
    sleep(Duration::from_secs(3)).await;
    let next = holder(&world, LeaseName::Clock).await;
    assert!(next != clock && next != 0, "{next}");
    assert_eq!(world.node.membership().living(), 4);
}

#[tokio::test(start_paused = true)]
async fn who_cannot_say_that_it_lives_sends_nothing_and_others_take_what_it_has_in_hand() {
    let gate = Gate::new();
    let world = World::through(42, gate.faults(), named("first")).await;
    world.write(1, "hello").await;
    sleep(Duration::from_secs(1)).await;
    // All of them in its hand, one of them a second.
    world.backlog_on_a_slow_line(100).await;
    sleep(Duration::from_secs(5)).await;
    let other = world.beside("other", None).await.unwrap();
    let reminders = || {
        let attempts = world.attempts();
        attempts.into_iter().filter(|attempt| attempt.text == "Reminder").collect::<Vec<_>>()
    };
    assert!(reminders().len() >= 4, "{:?}", reminders());
    gate.set(Passage::Paused);
    sleep(limits::NODE_TTL / 2 + Duration::from_secs(1)).await;
    let held = reminders().len();
    sleep(Duration::from_secs(3)).await;
    assert_eq!(reminders().len(), held, "its beats are too old, and nobody has ended it yet");
    sleep(Duration::from_secs(150)).await;
    let mut by_key: BTreeMap<String, Vec<bool>> = BTreeMap::new();
    for attempt in reminders() {
        by_key.entry(attempt.key).or_default().push(attempt.repeated);
    }
    assert_eq!(by_key.len(), 100, "the other sends them all");
    for (key, marks) in &by_key {
        assert!(marks[1..].iter().all(|repeated| *repeated), "{key}: {marks:?}");
    }
    gate.set(Passage::Open);
    world.node.membership().until_lost().await;
    assert!(other.stop().await);
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_the_database_ends_nobody() {
    let gates: Vec<Gate> = (0..5).map(|_| Gate::new()).collect();
    let world = World::through(43, gates[0].faults(), named("first")).await;
    let mut others = Vec::new();
    for (number, gate) in gates.iter().enumerate().skip(1) {
        others.push(world.beside(&format!("other {number}"), Some(gate.faults())).await.unwrap());
    }
    let runs = async || -> Vec<i64> {
        let nodes = world.store.nodes().await.unwrap();
        nodes.iter().map(|node| node.run).collect()
    };
    let before = runs().await;
    assert_eq!(before.len(), 5);
    for passage in [Passage::Away, Passage::Paused] {
        // They notice one after the other, and it lasts much longer than a node may be silent.
        for gate in &gates {
            gate.set(passage);
            sleep(Duration::from_millis(700)).await;
        }
        sleep(Duration::from_secs(120)).await;
        assert!(!world.node.membership().is_fresh());
        for gate in &gates {
            gate.set(Passage::Open);
            sleep(Duration::from_millis(1_300)).await;
        }
        sleep(Duration::from_secs(60)).await;
        assert_eq!(runs().await, before, "{passage:?}");
        assert!(world.node.membership().is_fresh(), "{passage:?}");
        assert_eq!(world.node.membership().living(), 5);
    }
    for node in others {
        assert!(node.stop().await);
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_nodes_of_one_name_the_second_waits_for_the_first_to_prove_dead() {
    let (world, _, _) = nodes(44, 0).await;
    sleep(Duration::from_secs(5)).await;
    let refused = world.beside("first", None).await.err();
    let Some(StartError::NameTaken(other)) = &refused else { panic!("{refused:?}") };
    assert_eq!(other.run, world.node.membership().run_number());
    let message = refused.unwrap().to_string();
    for part in ["'first'", "on virtual", "127.0.0.1:7333", "since 2027-03-01T06:00:0", "--name"] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert!(!world.node.membership().is_lost(), "it is not touched");
    world.node.crash();
    let run = world.node.membership().run_number();
    let second = world.beside("first", None).await.unwrap();
    assert!(second.membership().run_number() > run, "it had waited until the first was silent for its time");
    // One that stops is waited for.
    let (stopped, third) = tokio::join!(second.stop(), world.beside("first", None));
    assert!(stopped);
    assert!(third.unwrap().stop().await);
}

#[tokio::test(start_paused = true)]
async fn a_web_service_is_not_called_by_a_node_that_was_taken_for_dead_while_it_was_about_to() {
    let gate = Gate::new();
    let service: Service = Arc::new(|_, _| Ok(Answer { status: 200, ..Answer::default() }));
    let world = World::amid(45, |_| Some(200), service, gate.faults()).await;
    let call = json!({"type": "call_webhook", "method": "GET", "url": "http://web.example/"});
    world.on_keyword("call", &[call, json!({"type": "send_msg", "text": "Called"})]).await;
    world.write(1, "hello").await;
    let other = world.beside("other", None).await.unwrap();
    sleep(Duration::from_secs(5)).await;
    // The last thing that is read before the call: whether the workspace may make it.
    gate.set(Passage::Waits("definitions_version"));
    world.write(1, "call").await;
    sleep(Duration::from_millis(100)).await;
    gate.set(Passage::Paused);
    sleep(Duration::from_secs(60)).await;
    let repeated = || -> Vec<bool> {
        let said = |(name, _): &(String, String)| name == "X-Possibly-Repeated";
        world.asked().iter().map(|asked| asked.headers.iter().any(said)).collect()
    };
    assert_eq!(repeated(), [true], "the other makes it, and says that it may be a second one");
    gate.set(Passage::Open);
    world.node.membership().until_lost().await;
    sleep(Duration::from_secs(60)).await;
    assert_eq!(repeated(), [true], "it was already made");
    assert_eq!(world.tried_to_say("Called"), 1);
    assert!(other.stop().await);
}
