//! What a node does as time passes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use node::limits;
use store::{Direction, MessageStatus};
use tokio::time::sleep;

use crate::world::{Attempt, World};

#[tokio::test(start_paused = true)]
async fn a_wait_times_out_at_its_minute() {
    let world = World::new(1, |_| Some(200)).await;
    world.write(1, "there").await;
    sleep(Duration::from_secs(120)).await;
    let attempts = world.attempts();
    let texts: Vec<_> = attempts.iter().map(|attempt| attempt.text.as_str()).collect();
    assert_eq!(texts, ["Hello there", "Are you there?"]);
    let waited = attempts[1].at - attempts[0].at;
    assert!((59.9..61.1).contains(&waited), "{waited} s");
}

#[tokio::test(start_paused = true)]
async fn attempts_are_further_apart_each_time_and_end_in_the_dead_set() {
    let world = World::new(2, |_| Some(500)).await;
    world.write(1, "there").await;
    sleep(Duration::from_secs(3 * 3600)).await;
    let first: Vec<Attempt> =
        world.attempts().into_iter().filter(|attempt| attempt.text == "Hello there").collect();
    assert!(first.len() >= limits::SEND_ATTEMPTS as usize, "{first:?}");
    assert!(first.iter().all(|attempt| attempt.key == first[0].key), "the same message each time");
    assert!(!first[0].repeated && first[1..].iter().all(|attempt| attempt.repeated), "{first:?}");
    let waits: Vec<f64> = first.windows(2).map(|pair| pair[1].at - pair[0].at).collect();
    assert!(waits[0] >= limits::RETRY_FIRST.as_secs_f64());
    let longest = limits::RETRY_LONGEST.as_secs_f64();
    assert!(waits.windows(2).all(|pair| pair[1] > pair[0] || pair[1] >= longest), "{waits:?}");
    let dead =
        world.messages().await.into_iter().find(|message| message.direction == Direction::Out).unwrap();
    assert_eq!(dead.status, MessageStatus::Failed);
    assert!(dead.reason.as_deref().unwrap().starts_with("given up after"), "{:?}", dead.reason);
}

#[tokio::test(start_paused = true)]
async fn a_carrier_that_is_away_is_not_hammered_and_gets_everything_later() {
    let back = Arc::new(AtomicBool::new(false));
    let open = back.clone();
    let world = World::new(3, move |_| open.load(Ordering::Relaxed).then_some(200)).await;
    for person in 0..40 {
        world.write(person, "there").await;
    }
    sleep(Duration::from_secs(30)).await;
    let while_away = world.attempts().len();
    assert!(while_away < 80, "{while_away} attempts while nobody was there");
    back.store(true, Ordering::Relaxed);
    sleep(Duration::from_secs(20 * 60)).await;
    let greeted = |person: u32| {
        let to = format!("+25472200{person:04}");
        let attempts = world.attempts().split_off(while_away);
        attempts.iter().filter(|attempt| attempt.to == to && attempt.text == "Hello there").count()
    };
    assert!((0..40).all(|person| greeted(person) >= 1), "all are greeted once the carrier is back");
    let messages = world.messages().await;
    assert!(
        messages.iter().filter(|m| m.direction == Direction::Out).all(|m| m.status == MessageStatus::Wired)
    );
}

#[tokio::test(start_paused = true)]
async fn order_holds_through_failures() {
    let world =
        World::new(4, |attempt| Some(if ((attempt.at * 7.0) as u64).is_multiple_of(3) { 503 } else { 200 }))
            .await;
    for number in 0..6 {
        for person in 0..5 {
            world.write(person, &format!("#{number}")).await;
        }
        sleep(Duration::from_millis(700)).await;
    }
    sleep(Duration::from_secs(3600)).await;
    for person in 0..5 {
        let to = format!("+25472200{person:04}");
        let mut seen: Vec<String> = Vec::new();
        for attempt in world.attempts().into_iter().filter(|attempt| attempt.to == to) {
            if seen.last() != Some(&attempt.key) {
                assert!(!seen.contains(&attempt.key), "a message came again after a later one");
                seen.push(attempt.key);
            }
        }
        let kept: Vec<_> =
            world.messages().await.into_iter().filter(|m| m.direction == Direction::Out).collect();
        let keys: Vec<String> = kept.iter().map(|message| message.uuid.to_string()).collect();
        let expected: Vec<String> = keys.into_iter().filter(|key| seen.contains(key)).collect();
        assert_eq!(seen, expected, "in the order in which they were written");
    }
}

#[tokio::test(start_paused = true)]
async fn the_next_run_goes_on_after_the_parts_that_the_carrier_has() {
    let verdict =
        |attempt: &Attempt| Some(if attempt.at < 1.0 && attempt.key.ends_with("-2") { 429 } else { 200 });
    let mut world = World::new(6, verdict).await;
    world.write(1, &"word ".repeat(40)).await;
    sleep(Duration::from_secs(2)).await;
    world.restart().await;
    sleep(Duration::from_secs(30)).await;
    let parts: Vec<bool> = world.attempts().iter().map(|attempt| attempt.key.ends_with("-2")).collect();
    assert_eq!(parts, [false, true, true], "the first part goes out once");
}

#[tokio::test(start_paused = true)]
async fn the_backlog_of_one_line_does_not_hold_up_another() {
    // More than all hands may hold, on a line that needs hours for it.
    let backlog = i64::try_from(limits::IN_HAND).unwrap() + 1_000;
    let tried = Arc::new(AtomicBool::new(false));
    let verdict = move |attempt: &Attempt| {
        let first = attempt.text == "Hello again" && !tried.swap(true, Ordering::Relaxed);
        Some(if first { 429 } else { 200 })
    };
    let world = World::new(7, verdict).await;
    world.write(1, "there").await;
    world.backlog_on_a_slow_line(backlog).await;
    sleep(Duration::from_secs(20)).await;
    world.write(2, "again").await;
    sleep(Duration::from_secs(15)).await;
    let attempts = world.attempts();
    let slow = attempts.iter().filter(|attempt| attempt.text == "Reminder").count();
    assert!((30..=35).contains(&slow), "{slow} in 35 s at one a second");
    let tries = attempts.iter().filter(|attempt| attempt.text == "Hello again").count();
    assert_eq!(tries, 2, "what is tried again comes out of the store past the backlog");
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_run() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let world = World::new(5, |attempt| Some(if attempt.at < 20.0 { 500 } else { 200 })).await;
        for person in 0..10 {
            world.write(person, "there").await;
            sleep(Duration::from_millis(300)).await;
        }
        sleep(Duration::from_secs(600)).await;
        runs.push(world.attempts());
        world.node.stop().await;
    }
    assert!(runs[0].len() > 20, "{}", runs[0].len());
    assert_eq!(runs[0], runs[1]);
}
