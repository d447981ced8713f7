//! The store goes away while people write: what is acknowledged is kept once, in order, when it is back.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use channels::{DeliveryStatus, Inbound, InboundEvent, InboundStatus};
use domain::{ContactStatus, MessageUuid, Urn};
use node::{Config, IntakeError, Layer, Taken};
use store::faults::{Faults, Moment};
use store::{
    Change, ChannelRow, ConversationKey, DefinitionChange, Direction, MessageStatus, StoreError, Unit,
};

use crate::world::World;

const HERE: u8 = 0;
/// Refuses everything.
const AWAY: u8 = 1;
/// Writes take effect, and nobody hears of it.
const LOSES_ANSWERS: u8 = 2;
/// Answers after a minute.
const SLOW: u8 = 3;

#[derive(Clone, Default)]
struct Weather(Arc<AtomicU8>);

impl Weather {
    fn set(&self, weather: u8) {
        self.0.store(weather, Ordering::Relaxed);
    }

    fn faults(&self) -> Faults {
        let weather = self.0.clone();
        Faults::new(move |call, moment| {
            let now = weather.load(Ordering::Relaxed);
            Box::pin(async move {
                match (now, moment) {
                    (AWAY, Moment::Before) => Err(StoreError::Away("out to lunch".to_owned())),
                    (LOSES_ANSWERS, Moment::After) if call.writes => Err(StoreError::Unknown),
                    (SLOW, Moment::Before) => {
                        tokio::time::sleep(Duration::from_secs(60)).await;
                        Ok(())
                    }
                    _ => Ok(()),
                }
            })
        })
    }
}

fn config(spool: &Path) -> Config {
    Config::new(Layer { spool: Some(spool.to_owned()), ..Layer::default() }).unwrap()
}

/// Writes so many messages of each of three people, in turn; answers the identifiers by text.
async fn write(world: &World, texts: &[&str]) -> BTreeMap<String, MessageUuid> {
    let mut acknowledged = BTreeMap::new();
    for text in texts {
        for person in 0..3 {
            let text = format!("{text} of {person}");
            let Taken::Message(uuid) = world.write(person, &text).await else { panic!("{text}") };
            acknowledged.insert(text, uuid);
        }
    }
    acknowledged
}

/// The messages that came in, by contact, in the order in which they are kept.
async fn kept(world: &World) -> (BTreeMap<String, MessageUuid>, Vec<Vec<String>>) {
    let (mut uuids, mut by_contact): (_, BTreeMap<_, Vec<String>>) = (BTreeMap::new(), BTreeMap::new());
    for message in world.messages().await {
        if message.direction == Direction::In {
            assert_eq!(uuids.insert(message.text.to_string(), message.uuid), None, "twice: {}", message.text);
            by_contact.entry(message.contact).or_default().push(message.text.to_string());
        }
    }
    (uuids, by_contact.into_values().collect())
}

async fn until_empty(world: &World) {
    while world.node.readiness().await.spool.unwrap().items > 0 {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_acknowledged_while_the_store_is_away_is_kept_once_and_in_order() {
    for weather_then in [AWAY, LOSES_ANSWERS, SLOW] {
        let folder = tempfile::tempdir().unwrap();
        let weather = Weather::default();
        let world = World::through(1, weather.faults(), config(folder.path())).await;
        let mut all = write(&world, &["one"]).await;
        weather.set(weather_then);
        all.extend(write(&world, &["two", "three"]).await);
        let readiness = world.node.readiness().await;
        assert_eq!(readiness.refuses, None, "{weather_then}: it takes requests: {readiness:?}");
        assert_eq!(readiness.word(), "spooling", "{weather_then}");
        let metrics = world.node.metrics_text();
        assert!(!metrics.contains("seedling_spool_items 0"), "{weather_then}: {metrics}");
        tokio::time::sleep(Duration::from_secs(100)).await;
        all.extend(write(&world, &["four"]).await);
        weather.set(HERE);
        all.extend(write(&world, &["five"]).await);
        until_empty(&world).await;
        all.extend(write(&world, &["six"]).await);
        let (uuids, by_contact) = kept(&world).await;
        assert_eq!(uuids, all, "{weather_then}");
        for (person, texts) in by_contact.iter().enumerate() {
            let expected = ["one", "two", "three", "four", "five", "six"];
            assert_eq!(*texts, expected.map(|text| format!("{text} of {person}")), "{weather_then}");
        }
        assert_eq!(world.node.readiness().await.word(), "ready");
        tokio::time::sleep(Duration::from_secs(5)).await;
        let attempts = world.attempts();
        // Waits that timed out meanwhile ask again; that is no answer.
        let is_answer = |text: &str| text != "Are you there?";
        let answers = attempts.iter().filter(|attempt| !attempt.repeated && is_answer(&attempt.text));
        let answered = answers.count();
        // A real writer finds rows again that a commit of which nothing is known put into a hand.
        if weather_then != LOSES_ANSWERS {
            assert_eq!(answered, 18, "{weather_then}: each message is answered once: {attempts:?}");
        }
        assert!(world.node.stop().await);
    }
}

#[tokio::test(start_paused = true)]
async fn the_next_start_takes_what_the_last_one_left_before_anything_new() {
    let folder = tempfile::tempdir().unwrap();
    let weather = Weather::default();
    let mut world = World::through(2, weather.faults(), config(folder.path())).await;
    let mut all = write(&world, &["one"]).await;
    weather.set(AWAY);
    all.extend(write(&world, &["two"]).await);
    world.node.crash();
    weather.set(HERE);
    world.start_again().await;
    all.extend(write(&world, &["three"]).await);
    until_empty(&world).await;
    let (uuids, by_contact) = kept(&world).await;
    assert_eq!(uuids, all);
    assert_eq!(by_contact[0], ["one of 0", "two of 0", "three of 0"]);
}

/// People's messages go to two nodes in turn, the store is away for both, and comes back for one after the other.
#[tokio::test(start_paused = true)]
async fn what_two_nodes_kept_is_given_in_the_order_in_which_it_arrived() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let weathers = [Weather::default(), Weather::default()];
    let world = World::through(9, weathers[0].faults(), config(folders[0].path())).await;
    let layer = Layer {
        name: Some("other".to_owned()),
        spool: Some(folders[1].path().to_owned()),
        ..Layer::default()
    };
    let faults = Some(weathers[1].faults());
    let other = world.beside_as(Config::new(layer).unwrap(), faults, world.host.clone()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let mut expected: Vec<Vec<String>> = vec![Vec::new(); 3];
    let mut write = async |from: usize, to: usize| {
        for number in from..to {
            for (person, theirs) in expected.iter_mut().enumerate() {
                let text = format!("{number} of {person}");
                let node = if (number + person) % 2 == 0 { &world.node } else { &other };
                let taken = world.write_at(node, u32::try_from(person).unwrap(), &text).await;
                assert!(matches!(taken, Taken::Message(_)), "{taken:?}");
                theirs.push(text);
            }
            tokio::time::sleep(Duration::from_millis(600)).await;
        }
    };
    write(0, 4).await;
    for weather in &weathers {
        weather.set(AWAY);
    }
    write(4, 30).await;
    weathers[1].set(HERE);
    write(30, 34).await;
    weathers[0].set(HERE);
    write(34, 60).await;
    let spooled = async || {
        let mut items = 0;
        for node in [&world.node, &other] {
            items += node.readiness().await.spool.unwrap().items;
        }
        items
    };
    while spooled().await > 0 {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    write(60, 64).await;
    assert_eq!(spooled().await, 0, "the spools are left when both are empty");
    let (_, by_contact) = kept(&world).await;
    assert_eq!(by_contact, expected);
    assert!(other.stop().await);
}

fn urn() -> Urn {
    Urn::new("tel", "+254722000000")
}

#[tokio::test(start_paused = true)]
async fn reports_and_opt_outs_wait_in_the_spool_too_and_take_effect_once() {
    let folder = tempfile::tempdir().unwrap();
    let weather = Weather::default();
    let world = World::through(3, weather.faults(), config(folder.path())).await;
    write(&world, &["hi"]).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let messages = world.messages().await;
    let contact = messages[0].contact;
    let reply = messages.iter().find(|m| m.contact == contact && m.direction == Direction::Out).unwrap();
    for weather_then in [AWAY, LOSES_ANSWERS] {
        weather.set(weather_then);
        let status = if weather_then == AWAY { DeliveryStatus::Delivered } else { DeliveryStatus::Read };
        let report = InboundStatus { message: Some(reply.uuid), external_id: None, status, reason: None };
        assert_eq!(world.hand_in(Inbound::Status(report)).await.unwrap(), [Taken::Noted]);
        let stop = Inbound::Event(InboundEvent::StopContact { urn: urn() });
        assert_eq!(world.hand_in(stop).await.unwrap(), [Taken::Noted]);
        weather.set(HERE);
        until_empty(&world).await;
    }
    let now = world.messages().await.into_iter().find(|message| message.uuid == reply.uuid).unwrap();
    assert_eq!(now.status, MessageStatus::Read);
    let key = ConversationKey::Contact(world.workspace.id, contact);
    let loaded = world.store.load_conversations(vec![key]).await.unwrap().conversations;
    assert_eq!(loaded[0].as_ref().unwrap().contact.status, ContactStatus::Stopped);
    let (counts, recount) =
        (world.store.daily_counts(world.workspace.id), world.store.recount(world.workspace.id));
    assert_eq!(counts.await.unwrap(), recount.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_conversation_that_was_opened_is_not_opened_twice_when_its_commit_was_not_heard_of() {
    let folder = tempfile::tempdir().unwrap();
    let weather = Weather::default();
    let world = World::through(4, weather.faults(), config(folder.path())).await;
    world.on_new_conversation("Karibu").await;
    write(&world, &["hi"]).await;
    weather.set(LOSES_ANSWERS);
    let opened = Inbound::Event(InboundEvent::NewConversation { urn: Urn::new("tel", "+254722009999") });
    assert_eq!(world.hand_in(opened).await.unwrap(), [Taken::Noted]);
    weather.set(HERE);
    until_empty(&world).await;
    let greetings = world.messages().await.into_iter().filter(|message| message.text == "Karibu").count();
    assert_eq!(greetings, 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_for_good_is_kept_with_the_reason_and_holds_up_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let weather = Weather::default();
    let world = World::through(5, weather.faults(), config(folder.path())).await;
    write(&world, &["one"]).await;
    weather.set(AWAY);
    let acknowledged = write(&world, &["two"]).await;
    // Somebody takes the line out of use meanwhile.
    let row: ChannelRow = world.store.channel(world.line).await.unwrap().unwrap();
    let change = DefinitionChange::Channel(Box::new(ChannelRow { active: false, ..row }));
    let unit = Unit::new(vec![Change::Definition(world.workspace.id, change)]);
    world.store.write_one(unit).await.unwrap();
    weather.set(HERE);
    // Whoever asks for the workspace next sees it as it is now.
    let context = world.node.context();
    context.registry.workspace(context, world.workspace.id).await.unwrap();
    until_empty(&world).await;
    let refused = std::fs::read_to_string(folder.path().join("refused.jsonl")).unwrap();
    assert_eq!(refused.lines().count(), 3);
    for (text, uuid) in acknowledged {
        assert!(refused.contains(&text) && refused.contains(&uuid.to_string()), "{text}");
    }
    assert!(refused.contains("there is no such channel"));
    assert!(world.node.metrics_text().contains("seedling_spool_refused_total 3"));
}

#[tokio::test(start_paused = true)]
async fn without_a_spool_carriers_are_told_to_come_again() {
    let weather = Weather::default();
    let world = World::through(6, weather.faults(), Config::new(Layer::default()).unwrap()).await;
    write(&world, &["one"]).await;
    weather.set(AWAY);
    let stop = Inbound::Event(InboundEvent::StopContact { urn: urn() });
    assert!(matches!(world.hand_in(stop).await, Err(IntakeError::Failed)));
    let readiness = world.node.readiness().await;
    assert!(readiness.refuses.unwrap().contains("out to lunch"));
}
