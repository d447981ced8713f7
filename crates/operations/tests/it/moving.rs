//! A conversation goes on where it stood after its store has moved to another database.

use operations::{Context, fire_timers, receive};
use store::{Store, StoreOptions, StoreUrl, move_store};
use test_postgres::Cluster;

use crate::world::World;

fn opened(world: &World, url: StoreUrl) -> Context {
    Context::for_command(Store::open(&url, StoreOptions::default()).unwrap(), world.host.clone())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversation_goes_on_in_the_database_that_its_store_has_moved_to() {
    let world = World::with_registration().await;
    let database = Cluster::shared().database();
    let folder = tempfile::tempdir().unwrap();
    let first = StoreUrl::Sqlite(world.folder.path().join("seedling.db"));
    let middle: StoreUrl = database.url().parse().unwrap();
    let last = StoreUrl::Sqlite(folder.path().join("seedling.db"));
    assert_eq!(world.hears("+254700000001", "hi").await, ["Hello! What is your name?"]);
    world.hears("+254700000002", "hi").await;

    let moved = |from: &StoreUrl, to: &StoreUrl| {
        let (from, to) = (from.clone(), to.clone());
        tokio::task::spawn_blocking(move || move_store(&from, &to, |_| {}).unwrap())
    };
    // As a node leaves the store that stops.
    world.damage("DELETE FROM node");
    moved(&first, &middle).await.unwrap();
    let there = opened(&world, middle.clone());
    let heard = receive(&there, vec![world.says("+254700000001", "Amina")]).await;
    assert!(heard.value[0].is_ok(), "{:?}", heard.value);
    assert_eq!(there.store.outbox_depth().await.unwrap().2, 0);
    drop(there);

    moved(&middle, &last).await.unwrap();
    let back = opened(&world, last);
    let heard = receive(&back, vec![world.says("+254700000001", "27")]).await;
    assert!(heard.value[0].is_ok(), "{:?}", heard.value);
    world.host.forward(4_000);
    fire_timers(&back, 10).await.unwrap();
    let counted = async |kind| {
        let rows = back.store.tallies(world.workspace.id, vec![kind], i32::MIN, i32::MAX).await.unwrap();
        rows.iter().map(|row| format!("{} {}", row.name, row.count)).collect::<Vec<_>>()
    };
    assert_eq!(counted(store::TallyKind::Flow).await, ["completed 1", "expired 1", "started 2"]);
    assert!(back.store.verify(None).await.unwrap().is_right());
}
