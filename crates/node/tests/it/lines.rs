//! Lines under virtual time: what goes first, how fast, what a carrier that is away or slow costs others, and that
//! nothing leaves for who opted out.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use channels::{Inbound, InboundEvent};
use domain::Urn;
use node::{Config, Layer};
use operations::{Cleared, discard_dead, forget_dead, list_dead, retry_dead};
use store::faults::Faults;
use store::{DeadFilter, Direction, MessageStatus, Priority, Rank, Rate, StoreError};
use tokio::time::sleep;

use crate::world::{Attempt, Carried, World};

fn on<'a>(attempts: &'a [Attempt], line: &str) -> Vec<&'a Attempt> {
    attempts.iter().filter(|attempt| attempt.line == line).collect()
}

#[tokio::test(start_paused = true)]
async fn replies_go_before_a_backlog_of_reminders_on_the_same_slow_line() {
    let world = World::new(21, |_| Some(200)).await;
    world.write(1, "there").await;
    let slow = world.add_line("slow", Some(Rate::per_second(1))).await;
    world.backlog(&slow, 20_000, Rank::of(Priority::OneOff)).await;
    sleep(Duration::from_secs(60)).await;
    let mut waited = Vec::new();
    for person in 10..20 {
        let before = world.attempts().len();
        world.write_on(slow.uuid, person, "now").await;
        sleep(Duration::from_secs(3)).await;
        let attempts = world.attempts().split_off(before);
        waited.push(on(&attempts, "slow").iter().position(|attempt| attempt.text == "Hello now"));
    }
    assert!(waited.iter().all(|place| place.is_some_and(|place| place <= 1)), "{waited:?}");
    let attempts = world.attempts();
    let reminders = on(&attempts, "slow").iter().filter(|attempt| attempt.text == "Reminder").count();
    assert!((70..=80).contains(&reminders), "{reminders} of 90 places go on to the reminders");
}

#[tokio::test(start_paused = true)]
async fn jobs_share_a_line_and_are_not_starved_by_replies() {
    let world = World::new(22, |_| Some(200)).await;
    world.write(1, "there").await;
    let slow = world.add_line("slow", Some(Rate::per_second(2))).await;
    for source in [7, 8] {
        world.backlog(&slow, 2_000, Rank { priority: Priority::Bulk, source }).await;
    }
    // Twice as many replies as the line takes, for ten minutes.
    for person in 0..2_400 {
        world.write_on(slow.uuid, 1_000 + person, "me").await;
        sleep(Duration::from_millis(250)).await;
    }
    let attempts = world.attempts();
    let bulk = on(&attempts, "slow").iter().filter(|attempt| attempt.text == "Reminder").count();
    assert!((80..=140).contains(&bulk), "{bulk} of 1200: a tenth");
}

#[tokio::test(start_paused = true)]
async fn a_line_is_never_faster_than_its_rate() {
    for (seed, rate) in
        [(31, Rate::per_second(7)), (32, Rate { messages: 12, seconds: 60 }), (33, Rate::per_second(90))]
    {
        let world = World::new(seed, |_| Some(200)).await;
        world.write(1, "there").await;
        let line = world.add_line("paced", Some(rate)).await;
        let chance = || world.node.context().host.random();
        for person in 0..60 {
            // Some of several parts, with bursts and pauses.
            let words = if chance() % 5 == 0 { "word ".repeat(80) } else { "me".to_owned() };
            world.write_on(line.uuid, 100 + person, &words).await;
            if chance() % 4 == 0 {
                sleep(Duration::from_millis(chance() % 2_000)).await;
            }
        }
        sleep(Duration::from_secs(900)).await;
        let attempts = world.attempts();
        let at: Vec<f64> = on(&attempts, "paced").iter().map(|attempt| attempt.at).collect();
        assert!(at.len() > 60, "{}", at.len());
        let every = rate.seconds as f64 / rate.messages as f64;
        let closest = at.windows(2).map(|pair| pair[1] - pair[0]).fold(f64::MAX, f64::min);
        assert!(closest >= every - 1e-6, "{closest} s apart at {rate}");
        // And not needlessly slow.
        let mean = (at[at.len() - 1] - at[0]) / (at.len() - 1) as f64;
        assert!(mean < every.max(0.5) * 3.0, "{mean} s at {rate}");
    }
}

#[tokio::test(start_paused = true)]
async fn neither_a_dead_nor_a_hanging_carrier_delays_another() {
    let carrier = |attempt: &Attempt| match attempt.line.as_str() {
        "dead" => Carried::NotReached,
        "hanging" => Carried::Hangs(Duration::from_secs(60)),
        _ => Some(200).into(),
    };
    let world = World::new(41, carrier).await;
    world.write(1, "there").await;
    let mut lines = Vec::new();
    for name in ["dead", "hanging", "healthy"] {
        let line = world.add_line(name, None).await;
        world.backlog(&line, 7_000, Rank::of(Priority::Reply)).await;
        lines.push(line);
    }
    sleep(Duration::from_secs(30)).await;
    for person in 50..150 {
        for line in &lines {
            world.write_on(line.uuid, person, "hi").await;
        }
        sleep(Duration::from_millis(100)).await;
    }
    sleep(Duration::from_secs(60)).await;
    let attempts = world.attempts();
    let healthy = on(&attempts, "healthy");
    assert_eq!(healthy.iter().filter(|attempt| attempt.text == "Reminder").count(), 7_000);
    let replies: Vec<f64> =
        healthy.iter().filter(|attempt| attempt.text == "Hello hi").map(|attempt| attempt.at).collect();
    assert_eq!(replies.len(), 100);
    let longest = replies.windows(2).map(|pair| pair[1] - pair[0]).fold(0.0, f64::max);
    assert!(longest < 1.0, "{longest} s without a reply");
    let dead = on(&attempts, "dead").len();
    assert!(dead < 200, "{dead} attempts at a carrier that is away");
}

#[tokio::test(start_paused = true)]
async fn a_carrier_that_says_when_to_come_again_is_left_alone_until_then() {
    // 2027-03-01T06:00:00Z is the start.
    for (status, retry_after, from) in
        [(429, "40", 40.0), (503, "Mon, 01 Mar 2027 06:01:30 GMT", 89.0), (429, "soon", 0.0)]
    {
        let first = Arc::new(AtomicBool::new(true));
        let carrier = move |_: &Attempt| {
            if first.swap(false, Ordering::Relaxed) {
                Carried::later(status, retry_after)
            } else {
                Some(200).into()
            }
        };
        let world = World::new(51, carrier).await;
        for person in 1..=5 {
            world.write(person, "there").await;
            sleep(Duration::from_millis(20)).await;
        }
        sleep(Duration::from_secs(240)).await;
        let attempts = world.attempts();
        let later: Vec<f64> =
            attempts.iter().skip(1).filter(|attempt| attempt.text == "Hello there").map(|a| a.at).collect();
        assert_eq!(later.len(), 5, "all arrive, the first after a second attempt");
        assert!(later.iter().all(|at| *at >= from), "{status} {retry_after}: {later:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_leaves_for_who_opted_out_though_it_is_in_hand() {
    let world = World::new(61, |_| Some(200)).await;
    let slow = world.add_line("slow", Some(Rate { messages: 1, seconds: 5 })).await;
    for person in 0..6 {
        world.write_on(slow.uuid, person, "hi").await;
        world.write_on(slow.uuid, person, "more").await;
    }
    sleep(Duration::from_secs(11)).await;
    let urn = Urn::new("tel", "+254722000005");
    world.hand_in_on(slow.uuid, Inbound::Event(InboundEvent::StopContact { urn })).await.unwrap();
    let before = world.attempts().len();
    assert!(world.attempts().iter().all(|attempt| attempt.to != "+254722000005"), "they waited in hand");
    sleep(Duration::from_secs(300)).await;
    let later = world.attempts().split_off(before);
    assert!(later.iter().all(|attempt| attempt.to != "+254722000005"), "{later:?}");
    assert!(later.iter().any(|attempt| attempt.to == "+254722000004"), "others get theirs");
    let failed: Vec<_> = world
        .messages()
        .await
        .into_iter()
        .filter(|message| message.status == MessageStatus::Failed)
        .collect();
    assert_eq!(failed.len(), 2);
    assert_eq!(failed[0].reason.as_deref(), Some("the contact opted out"));
}

#[tokio::test(start_paused = true)]
async fn what_is_too_old_in_the_dead_set_is_thrown_away() {
    let world = World::new(72, |_| Some(400)).await;
    for person in 1..=3 {
        world.write(person, "there").await;
    }
    sleep(Duration::from_secs(10)).await;
    let ctx = world.node.context();
    let hour = jiff::SignedDuration::from_hours(1);
    assert_eq!(forget_dead(ctx, ctx.now() - hour).await.unwrap(), 0, "none is so old");
    assert_eq!(world.store.dead_count().await.unwrap(), 3);
    assert_eq!(forget_dead(ctx, ctx.now() + hour).await.unwrap(), 3);
    assert_eq!(world.store.dead_count().await.unwrap(), 0);
    let out = world.messages().await.into_iter().filter(|message| message.direction == Direction::Out);
    assert!(out.into_iter().all(|message| message.status == MessageStatus::Failed), "as they were");
}

#[tokio::test(start_paused = true)]
async fn what_the_store_cannot_say_to_be_wanted_is_held() {
    let away = Arc::new(AtomicBool::new(true));
    let is_away = away.clone();
    let faults = Faults::new(move |call, _| {
        let fails = call.name == "outbox_item" && is_away.load(Ordering::Relaxed);
        Box::pin(async move { if fails { Err(StoreError::Away("played".to_owned())) } else { Ok(()) } })
    });
    let world = World::through(62, faults, Config::new(Layer::default()).unwrap()).await;
    let slow = world.add_line("slow", Some(Rate { messages: 1, seconds: 5 })).await;
    for person in 0..4 {
        world.write_on(slow.uuid, person, "hi").await;
    }
    sleep(Duration::from_secs(10)).await;
    let early = world.attempts().len();
    assert!(early < 2, "what is young goes at once");
    sleep(Duration::from_secs(60)).await;
    assert_eq!(world.attempts().len(), early, "the others wait, though their turn came");
    let urn = Urn::new("tel", "+254722000003");
    world.hand_in_on(slow.uuid, Inbound::Event(InboundEvent::StopContact { urn })).await.unwrap();
    away.store(false, Ordering::Relaxed);
    sleep(Duration::from_secs(60)).await;
    let mut told: Vec<_> = world.attempts().into_iter().map(|attempt| (attempt.to, attempt.text)).collect();
    told.sort();
    let all = told.len();
    told.dedup();
    assert_eq!(told.len(), all, "nothing leaves twice: {told:?}");
    let mut people: Vec<_> = told.iter().map(|(to, _)| to.as_str()).collect();
    people.dedup();
    assert_eq!(people, ["+254722000000", "+254722000001", "+254722000002"]);
}

#[tokio::test(start_paused = true)]
async fn the_dead_set_is_tried_again_at_the_end_of_the_line() {
    let bad = Arc::new(AtomicBool::new(true));
    let is_bad = bad.clone();
    let carrier = move |attempt: &Attempt| {
        Some(if attempt.to != "+254722000003" && is_bad.load(Ordering::Relaxed) { 400 } else { 200 })
    };
    let world = World::new(71, carrier).await;
    for person in 1..=3 {
        world.write(person, "there").await;
    }
    sleep(Duration::from_secs(10)).await;
    let (ctx, workspace) = (world.node.context().clone(), world.workspace.id);
    let all = DeadFilter::default;
    let dead = list_dead(&ctx, workspace, all(), domain::OutboxId(0), 10).await.unwrap();
    assert_eq!(dead.len(), 2, "refused for good, so tried once");
    assert_eq!(world.attempts().len(), 3);
    bad.store(false, Ordering::Relaxed);
    world.write(1, "again").await;
    let urn = Urn::new("tel", "+254722000002");
    world.hand_in(Inbound::Event(InboundEvent::StopContact { urn })).await.unwrap();
    let cleared = retry_dead(&ctx, workspace, all()).await.unwrap();
    assert_eq!(cleared, Cleared { done: 1, not_wanted: 0 }, "nothing of theirs is left");
    world.node.look_for_work();
    sleep(Duration::from_secs(5)).await;
    let attempts = world.attempts();
    let texts: Vec<_> = attempts[3..].iter().map(|attempt| (&*attempt.to, &*attempt.text)).collect();
    assert_eq!(texts, [("+254722000001", "Thank you"), ("+254722000001", "Hello there")]);
    assert_eq!(attempts[4].key, attempts[0].key, "under the same key");
    assert_eq!(discard_dead(&ctx, workspace, all()).await.unwrap(), Cleared::default());
    let out = world.messages().await.into_iter().filter(|message| message.direction == Direction::Out);
    let statuses: Vec<_> = out.map(|message| message.status.as_str()).collect();
    assert_eq!(statuses, ["wired", "failed", "wired", "wired"]);
}
