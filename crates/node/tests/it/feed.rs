//! The feed inside nodes: what one commits another hears, in order, also when it is slow or comes late.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use node::{Ambience, Config, Feed, Heard, Layer, Subscription, limits};
use store::{Change, FeedCursor, FeedItem, FeedKind, Unit};
use tokio::time::timeout;

use crate::bounds::Jumpy;
use crate::world::World;

/// Everything that comes within a while.
async fn all(news: &mut Subscription) -> (Vec<FeedItem>, usize) {
    let (mut items, mut behind) = (Vec::new(), 0);
    while let Ok(heard) = timeout(Duration::from_secs(3), news.next()).await {
        match heard.unwrap() {
            Heard::Items(more) => items.extend(more),
            Heard::FellBehind => behind += 1,
            Heard::Lost(at) => panic!("lost up to {at}"),
        }
    }
    (items, behind)
}

fn count(items: &[FeedItem], kind: FeedKind) -> usize {
    items.iter().filter(|item| item.kinds.contains(kind)).count()
}

#[tokio::test(start_paused = true)]
async fn another_node_hears_what_one_commits_in_order_and_from_any_place() {
    let world = World::new(61, |_: &_| Some(200)).await;
    world.on_keyword("hi", &[serde_json::json!({"type": "send_msg", "text": "hello"})]).await;
    let other = world.beside("other", None).await.unwrap();
    let head = other.feed().head().await.unwrap();
    let mut news = other.feed().subscribe(Some(world.workspace.id), head);
    for person in 0..5 {
        world.write(person, "hi").await;
    }
    let (items, _) = all(&mut news).await;
    assert!(items.is_sorted_by(|one, next| one.cursor < next.cursor));
    let counts = [FeedKind::NewContact, FeedKind::MessageIn, FeedKind::MessageOut, FeedKind::Status];
    assert_eq!(counts.map(|kind| count(&items, kind)), [5, 5, 5, 5]);
    // From each place the rest, on the other node.
    for (place, item) in items.iter().enumerate() {
        let mut rest = world.node.feed().subscribe(Some(world.workspace.id), item.cursor);
        assert_eq!(all(&mut rest).await.0, items[place + 1..]);
    }
    let mut others = other.feed().subscribe(Some(domain::WorkspaceId(77)), FeedCursor::START);
    assert!(all(&mut others).await.0.is_empty(), "of another workspace");
    assert!(other.stop().await);
}

#[tokio::test(start_paused = true)]
async fn who_is_slow_is_told_and_misses_nothing() {
    let world = World::new(62, |_: &_| Some(200)).await;
    let feed: &Feed = world.node.feed();
    let head = feed.head().await.unwrap();
    let (mut slow, mut quick) = (feed.subscribe(None, head), feed.subscribe(None, head));
    // Both stand at the head.
    assert!(all(&mut slow).await.0.is_empty() && all(&mut quick).await.0.is_empty());
    let heard = tokio::spawn(async move { all(&mut quick).await });
    for person in 0..u32::try_from(limits::FEED_KEPT).unwrap() * 2 {
        world.write(person, "hello").await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (expected, _) = heard.await.unwrap();
    assert_eq!(count(&expected, FeedKind::MessageIn), limits::FEED_KEPT * 2);
    let (items, behind) = all(&mut slow).await;
    assert_eq!((items, behind), (expected, 1));
    assert_eq!(world.node.metrics().feed_behind.get(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_old_is_removed_and_who_comes_later_is_told() {
    let ahead = Arc::new(AtomicI64::new(0));
    let steady = Ambience::simulated("2027-03-01T06:00:00Z".parse().unwrap(), 63);
    let host = Arc::new(Jumpy { steady, ahead: ahead.clone() });
    let world = World::by_clock(host, Config::new(Layer::default()).unwrap()).await;
    world.write(1, "hello").await;
    let mut early = world.node.feed().subscribe(None, FeedCursor::START);
    assert!(!all(&mut early).await.0.is_empty());
    ahead.store(limits::FEED_KEPT_FOR.as_secs(), Ordering::Relaxed);
    world.write(2, "hello").await;
    tokio::time::sleep(limits::FEED_PRUNE_EVERY * 2).await;
    let (items, _) = all(&mut early).await;
    assert_eq!(count(&items, FeedKind::MessageIn), 1, "who has read everything goes on");
    let mut late = world.node.feed().subscribe(None, FeedCursor::START);
    let Heard::Lost(at) = late.next().await.unwrap() else { panic!("what was first is still there") };
    assert_eq!(late.cursor(), at);
    world.write(3, "hello").await;
    assert_eq!(count(&all(&mut late).await.0, FeedKind::MessageIn), 1);
    let start = world.store.feed_start().await.unwrap();
    let mut rest = world.node.feed().subscribe(None, start);
    assert_eq!(count(&all(&mut rest).await.0, FeedKind::MessageIn), 2);
    let unit = Unit::new(vec![Change::PruneFeed(jiff::Timestamp::MAX)]);
    world.store.write_one(unit).await.unwrap();
    assert!(matches!(world.node.feed().subscribe(None, start).next().await.unwrap(), Heard::Lost(_)));
}
