//! What lies between a commit and the carrier: a person's messages reach it in their order, whatever is lost or late there.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use node::http::HttpError;
use serde_json::json;
use store::StoreError;
use store::faults::{Faults, Moment};
use tokio::sync::Semaphore;
use tokio::time::sleep;

use crate::world::{Carried, Service, World};

fn nobody() -> Service {
    Arc::new(|_, _| Err(HttpError::NotReached("nobody is there".to_owned())))
}

fn texts(world: &World) -> Vec<String> {
    world.attempts().into_iter().map(|attempt| attempt.text).collect()
}

const ALL_IS_WELL: usize = 0;
const NOTHING_IS_WRITTEN: usize = 1;

#[tokio::test(start_paused = true)]
async fn behind_a_message_that_was_refused_for_good_the_next_waits_until_that_is_written_down() {
    let state = Arc::new(AtomicUsize::new(ALL_IS_WELL));
    let (seen, refuses) = (state.clone(), state.clone());
    let faults = Faults::new(move |call, moment| {
        let fails = call.name == "write"
            && moment == Moment::Before
            && seen.load(Ordering::Relaxed) == NOTHING_IS_WRITTEN;
        Box::pin(async move { if fails { Err(StoreError::Away("played".to_owned())) } else { Ok(()) } })
    });
    // The first request is refused for good, and then the store is away.
    let verdict = move |_: &_| {
        let first = refuses.swap(NOTHING_IS_WRITTEN, Ordering::Relaxed) == ALL_IS_WELL;
        Some(if first { 400 } else { 200 })
    };
    let mut world = World::amid(101, verdict, nobody(), faults).await;
    let say = |text: &str| json!({"type": "send_msg", "text": text});
    world.on_keyword("both", &[say("First"), say("Second")]).await;
    world.write(1, "both").await;
    sleep(Duration::from_secs(20)).await;
    assert_eq!(texts(&world), ["First"]);
    // That it was refused dies with the node. So it is tried again, and the carrier thinks better of it.
    world.node.crash();
    state.store(NOTHING_IS_WRITTEN + 1, Ordering::Relaxed);
    world.start_again().await;
    sleep(Duration::from_secs(20)).await;
    assert_eq!(texts(&world), ["First", "First", "Second"]);
}

#[tokio::test(start_paused = true)]
async fn the_next_goes_on_when_it_is_written_down_that_one_was_refused_for_good() {
    let world = World::new(102, |attempt| Some(if attempt.text == "First" { 400 } else { 200 })).await;
    let say = |text: &str| json!({"type": "send_msg", "text": text});
    world.on_keyword("both", &[say("First"), say("Second")]).await;
    world.write(1, "both").await;
    sleep(Duration::from_secs(1)).await;
    assert_eq!(texts(&world), ["First", "Second"]);
    assert!(world.node.stop().await);
}

/// What becomes of the answers of writes: the first is late, the second is lost.
const FIRST_IS_LATE: usize = 1;
const SECOND_IS_LOST: usize = 2;

#[tokio::test(start_paused = true)]
async fn a_reply_on_its_way_goes_back_with_what_is_before_it_also_when_that_is_not_heard() {
    let state = Arc::new(AtomicUsize::new(ALL_IS_WELL));
    let late = Arc::new(Semaphore::new(0));
    let (seen, waits) = (state.clone(), late.clone());
    let faults = Faults::new(move |call, moment| {
        let now = match (call.name, moment) {
            ("write", Moment::After) => {
                let next = |now| matches!(now, FIRST_IS_LATE | SECOND_IS_LOST).then_some(now + 1);
                seen.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).unwrap_or(ALL_IS_WELL)
            }
            _ => ALL_IS_WELL,
        };
        let waits = waits.clone();
        Box::pin(async move {
            match now {
                FIRST_IS_LATE => drop(waits.acquire().await),
                SECOND_IS_LOST => return Err(StoreError::Unknown),
                _ => {}
            }
            Ok(())
        })
    });
    let tries = AtomicUsize::new(0);
    let verdict = move |_: &_| match tries.fetch_add(1, Ordering::Relaxed) {
        0 => Carried::Hangs(Duration::from_secs(2)),
        _ => Some(200).into(),
    };
    let world = World::amid(103, verdict, nobody(), faults).await;
    world.write(1, "one").await;
    sleep(Duration::from_secs(1)).await;
    assert_eq!(texts(&world), ["Hello one"], "the carrier has it and says nothing");
    state.store(FIRST_IS_LATE, Ordering::Relaxed);
    let second = async {
        world.write(1, "two").await;
    };
    let answer_comes = async {
        // Meanwhile the first has failed; that both go back is committed, and nothing is heard of it.
        sleep(Duration::from_millis(1_400)).await;
        assert_eq!(state.load(Ordering::Relaxed), SECOND_IS_LOST + 1);
        assert_eq!(texts(&world), ["Hello one"]);
        late.add_permits(1);
    };
    tokio::join!(second, answer_comes);
    sleep(Duration::from_secs(120)).await;
    assert_eq!(texts(&world), ["Hello one", "Hello one", "Thank you"]);
    assert!(world.attempts()[1].repeated);
    assert!(world.node.stop().await);
}
