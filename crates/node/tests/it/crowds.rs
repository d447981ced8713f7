//! Very many at once under virtual time: timers of thousands that are due in the same second, broadcasts to all, and
//! what that costs somebody who writes.

use std::sync::Arc;
use std::time::Duration;

use node::{Config, Layer, limits};
use operations::{BroadcastJob, JobSpec, NewJob, Recipients, create_job};
use serde_json::{Value, json};
use store::Rate;
use store::faults::{Faults, Moment};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

use crate::world::World;

const TIMED_OUT: &str = "Are you there?";

/// Somebody new writes on a line, and how many messages left that line before the answer did.
async fn overtaken_by(world: &World, line: domain::ChannelUuid, person: u32) -> usize {
    let before = world.attempts().len();
    world.write_on(line, person, "now").await;
    let to = format!("+25472200{person:04}");
    for _ in 0..100 {
        sleep(Duration::from_millis(50)).await;
        let since = world.attempts_from(before);
        let of_line = since.iter().filter(|attempt| attempt.line == "slow");
        let place = of_line.map(|attempt| attempt.to == to).position(|is_theirs| is_theirs);
        if let Some(place) = place {
            return place;
        }
    }
    panic!("no answer within five seconds")
}

fn said(world: &World, text: &str) -> usize {
    world.tried_to_say(text)
}

fn fired(world: &World) -> u64 {
    let metrics = world.node.metrics_text();
    let line = metrics.lines().find_map(|line| line.strip_prefix("seedling_timers_fired_total "));
    line.unwrap().parse().unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_thousands_of_timers_say_goes_behind_replies() {
    let world = World::new(81, |_| Some(200)).await;
    let slow = world.add_line("slow", Some(Rate::per_second(40))).await;
    for person in 0..1_200 {
        world.write_on(slow.uuid, person, "hi").await;
    }
    sleep(Duration::from_secs(59)).await;
    assert_eq!((said(&world, "Hello hi"), said(&world, TIMED_OUT)), (1_200, 0));
    sleep(Duration::from_secs(3)).await;
    assert!(fired(&world) >= 1_200, "all of them are due within a second, and fired: {}", fired(&world));
    for person in 5_000..5_010 {
        let places = overtaken_by(&world, slow.uuid, person).await;
        // One is on its way, and a tenth of the places is for the weaker.
        assert!(places <= 2, "{places} messages went before a reply");
        sleep(Duration::from_secs(1)).await;
    }
    assert!(said(&world, TIMED_OUT) < 700, "the line was full all the time: {}", said(&world, TIMED_OUT));
    sleep(Duration::from_secs(60)).await;
    assert_eq!(said(&world, TIMED_OUT), 1_200 + 10, "and each was asked in the end, once");
}

/// A store that does one write after the other, each of which takes so long.
fn slow_writer(each: Duration) -> Faults {
    let writer = Arc::new(Mutex::new(()));
    Faults::new(move |call, moment| {
        let writer = writer.clone();
        Box::pin(async move {
            if call.writes && moment == Moment::Before {
                let _turn = writer.lock().await;
                sleep(each).await;
            }
            Ok(())
        })
    })
}

#[tokio::test(start_paused = true)]
async fn timers_that_are_due_in_great_number_leave_the_writer_to_people() {
    const WRITE: Duration = Duration::from_millis(20);
    let world = World::through(82, slow_writer(WRITE), Config::new(Layer::default()).unwrap()).await;
    let world = Arc::new(world);
    let writing: Vec<_> = (0..4_000_u32)
        .map(|person| {
            let world = world.clone();
            tokio::spawn(async move { world.write(person, "hi").await })
        })
        .collect();
    let begun = Instant::now();
    for task in writing {
        task.await.unwrap();
    }
    // Up to just before the first of them is due.
    tokio::time::sleep_until(begun + Duration::from_secs(59)).await;
    assert_eq!(fired(&world), 0);
    // People who write all the time, so that there is always somebody who waits.
    let mut tasks = Vec::new();
    for person in 0..1_000 {
        let world = world.clone();
        tasks.push(tokio::spawn(async move {
            let begun = Instant::now();
            world.write(10_000 + person, "now").await;
            begun.elapsed()
        }));
        sleep(Duration::from_millis(5)).await;
    }
    let mut longest = Duration::ZERO;
    for task in tasks {
        longest = longest.max(task.await.unwrap());
    }
    let meanwhile = fired(&world);
    assert!(longest <= WRITE * 8, "{longest:?} for a message to be taken");
    // Five seconds; a slice of many at first, then small ones with a rest after each.
    let most = limits::TIMER_BATCH + limits::BACKLOG_BATCH + 4 * 1_000 / 40 * limits::BUSY_BACKLOG_BATCH;
    assert!(meanwhile < most as u64, "{meanwhile} timers, more than half of the writer's time");
    assert!(meanwhile > 1_000, "{meanwhile} timers: they do not stand still either");
    sleep(Duration::from_secs(120)).await;
    assert_eq!(fired(&world), 5_000, "in the end all of them");
}

/// A broadcast of one text to everybody.
pub async fn broadcast_to_all(world: &World, text: &str) {
    let message: Value = json!({"translations": {"eng": {"text": text}}, "base_language": "eng"});
    let spec = JobSpec::Broadcast(BroadcastJob {
        broadcast: serde_json::from_value(message).unwrap(),
        recipients: Recipients { query: "tel ~ 254722".into(), ..Recipients::default() },
        ..BroadcastJob::default()
    });
    let new = NewJob { workspace: world.workspace.id, spec, unique_key: None };
    create_job(world.node.context(), new).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn broadcasts_to_all_share_a_line_and_let_replies_go_first() {
    let world = World::new(83, |_| Some(200)).await;
    world.on_keyword("join", &[json!({"type": "send_msg", "text": "Welcome"})]).await;
    let slow = world.add_line("slow", Some(Rate::per_second(80))).await;
    for person in 0..3_000 {
        world.write_on(slow.uuid, person, "join").await;
    }
    sleep(Duration::from_secs(60)).await;
    assert_eq!(said(&world, "Welcome"), 3_000);
    broadcast_to_all(&world, "First").await;
    sleep(Duration::from_secs(3)).await;
    broadcast_to_all(&world, "Second").await;
    for person in 5_000..5_020 {
        let places = overtaken_by(&world, slow.uuid, person).await;
        assert!(places <= 2, "{places} messages went before a reply");
        sleep(Duration::from_secs(1)).await;
    }
    // The first had some seconds ahead, and as much of the line as is in hand at a time.
    let (first, second) = (said(&world, "First"), said(&world, "Second"));
    assert!((600..3_000).contains(&first) && second > 300, "{first} and {second}");
    sleep(Duration::from_secs(20)).await;
    let later = (said(&world, "First") - first, said(&world, "Second") - second);
    assert!(later.0.abs_diff(later.1) <= 200, "in turn: {later:?}");
    sleep(Duration::from_secs(60)).await;
    for text in ["First", "Second"] {
        assert!(said(&world, text) >= 3_000, "{text}: {}", said(&world, text));
    }
}
