//! Many at once.

use operations::{Receipt, fire_timers, receive};

use crate::world::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_at_the_same_time_keep_each_contacts_order_and_lose_nothing() {
    const PEOPLE: usize = 40;
    const WORDS: usize = 12;
    let world = World::with_registration().await;
    let mut tasks = Vec::new();
    for word in 0..WORDS {
        for half in 0..2 {
            let items: Vec<_> = (0..PEOPLE)
                .filter(|person| person % 2 == half)
                .map(|person| {
                    let id = format!("{person}-{word}");
                    world.says_as(&format!("+2547000003{person:02}"), &format!("word {word}"), Some(&id))
                })
                .collect();
            let ctx = world.ctx.clone();
            // Tasks are made in order and each asks for its lanes before the next is made.
            let mut task = Box::pin(async move { receive(&ctx, items).await });
            let first = std::future::poll_fn(|cx| std::task::Poll::Ready(task.as_mut().poll(cx)));
            match first.await {
                std::task::Poll::Ready(done) => tasks.push(tokio::spawn(async move { done })),
                std::task::Poll::Pending => tasks.push(tokio::spawn(task)),
            }
        }
    }
    for task in tasks {
        let committed = task.await.unwrap();
        assert!(committed.value.iter().all(|answer| matches!(answer, Ok(Receipt::Accepted(_)))));
    }
    for person in 0..PEOPLE {
        let messages = world.messages(&format!("+2547000003{person:02}")).await;
        let words: Vec<_> = messages
            .iter()
            .filter(|m| m.direction == store::Direction::In)
            .map(|m| m.text.as_str())
            .collect();
        let expected: Vec<_> = (0..WORDS).map(|word| format!("word {word}")).collect();
        assert_eq!(words, expected);
        assert!(messages.len() >= 2 * WORDS, "each word was answered");
    }
    world.assert_counts_true().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_and_a_timer_at_the_same_moment_take_effect_one_after_the_other() {
    let world = World::with_registration().await;
    for round in 0..20 {
        let from = format!("+2547000004{round:02}");
        world.hears(&from, "hi").await;
        world.hears(&from, "Amina").await;
        world.host.forward(121);
        let (heard, fired) =
            tokio::join!(receive(&world.ctx, vec![world.says(&from, "23")]), fire_timers(&world.ctx, 100));
        let mut said: Vec<_> =
            heard.outbox.iter().chain(&fired.unwrap().outbox).map(|i| i.text.clone()).collect();
        said.sort();
        let answered = vec!["Thank you, Amina, aged 23."];
        let timed_out = vec!["Hello! What is your name?", "We will ask another day."];
        assert!(said == answered || said == timed_out, "{said:?}");
    }
    world.assert_counts_true().await;
}
