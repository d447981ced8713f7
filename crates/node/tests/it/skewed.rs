//! Two nodes of which one has a clock that is five minutes behind: people whose messages go now to one, now to the other,
//! are answered in order, and what is kept of them stands in that order.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use node::{Ambience, Config, Layer};
use store::Direction;
use tokio::time::sleep;

use crate::bounds::Jumpy;
use crate::world::World;

const PEOPLE: u32 = 4;
const ROUNDS: u32 = 10;

#[tokio::test(start_paused = true)]
async fn answers_leave_in_order_from_two_nodes_whose_clocks_differ() {
    let steady = Ambience::simulated("2027-03-01T06:00:00Z".parse().unwrap(), 71);
    let world = World::by_clock(steady.clone(), Config::new(Layer::default()).unwrap()).await;
    let slow_clock = Arc::new(Jumpy { steady, ahead: Arc::new(AtomicI64::new(-300)) });
    let behind = world.beside_by_clock("behind", None, slow_clock).await.unwrap();
    for round in 0..ROUNDS {
        for person in 0..PEOPLE {
            let node = if (round + person).is_multiple_of(2) { &world.node } else { &behind };
            world.write_at(node, person, &format!("m{round}")).await;
        }
        if round.is_multiple_of(3) {
            sleep(Duration::from_millis(40)).await;
        }
    }
    sleep(Duration::from_secs(60)).await;

    let kept = world.messages().await;
    assert!(kept.is_sorted_by_key(|message| message.id));
    let clocks = kept.windows(2).filter(|pair| pair[1].created_on < pair[0].created_on).count();
    assert!(clocks >= 10, "by the clocks they are in another order");
    for person in 0..PEOPLE {
        let to = format!("+25472200{person:04}");
        let attempts: Vec<_> = world.attempts().into_iter().filter(|attempt| attempt.to == to).collect();
        let contact =
            kept.iter().find(|message| message.uuid.to_string() == attempts[0].key).unwrap().contact;
        let theirs: Vec<_> = kept.iter().filter(|message| message.contact == contact).collect();
        let expected = (0..ROUNDS).flat_map(|round| {
            let answer =
                if round.is_multiple_of(2) { format!("Hello m{round}") } else { "Thank you".to_owned() };
            [format!("m{round}"), answer]
        });
        let texts: Vec<String> = theirs.iter().map(|message| message.text.to_string()).collect();
        assert_eq!(texts, expected.collect::<Vec<_>>(), "row numbers rise with what happened");
        let answers = theirs.iter().filter(|message| message.direction == Direction::Out);
        let answers: Vec<String> = answers.map(|message| message.uuid.to_string()).collect();
        let left: Vec<String> = attempts.into_iter().map(|attempt| attempt.key).collect();
        assert_eq!(left, answers, "each once and in order");
    }
    assert!(behind.stop().await);
}
