//! Groups that are defined by queries get their members when they are made, not only as people change.

use domain::{ContactId, GroupId, GroupUuid};
use operations::{FillGroupError, Filled, fill_group};
use store::{Change, DefinitionChange, GroupRow, Unit};
use uuid::Uuid;

use crate::world::World;

const GROUP: GroupUuid = GroupUuid(Uuid::from_u128(0x4100));

async fn with_group(query: Option<&str>) -> World {
    let world = World::with_registration().await;
    for from in ["+256700000001", "+256700000002", "+256711000003"] {
        world.hears(from, "hello").await;
    }
    let (name, query) = ("Near".into(), query.map(Into::into));
    world.change(DefinitionChange::Group(GroupRow { id: GroupId(0x4100), uuid: GROUP, name, query })).await;
    world
}

async fn fill(world: &World, after: Option<ContactId>) -> Result<Filled, FillGroupError> {
    let workspace = world.ctx.registry.workspace(&world.ctx, world.workspace.id).await.unwrap().unwrap();
    fill_group(&world.ctx, &workspace, GROUP, after).await
}

async fn is_member(world: &World, from: &str) -> bool {
    world.conversation(from).await.unwrap().groups.contains(&GroupId(0x4100))
}

#[tokio::test]
async fn who_fits_joins_and_who_does_not_leaves() {
    let world = with_group(Some("tel ~ 700000")).await;
    let stranger = world.conversation("+256711000003").await.unwrap().contact.id;
    let by_hand = Change::JoinGroup(world.workspace.id, stranger, GroupId(0x4100), world.ctx.now());
    world.ctx.store.write_one(Unit::new(vec![by_hand])).await.unwrap();
    assert_eq!(fill(&world, None).await.unwrap(), Filled { joined: 2, left: 1, next: None });
    assert!(is_member(&world, "+256700000001").await && is_member(&world, "+256700000002").await);
    assert!(!is_member(&world, "+256711000003").await);
    assert_eq!(fill(&world, None).await.unwrap(), Filled::default(), "the same again changes nothing");
}

#[tokio::test]
async fn a_filling_goes_on_where_it_was() {
    let world = with_group(Some("tel ~ 700000")).await;
    let first = world.conversation("+256700000001").await.unwrap().contact.id;
    assert_eq!(fill(&world, Some(first)).await.unwrap().joined, 1);
    assert!(!is_member(&world, "+256700000001").await && is_member(&world, "+256700000002").await);
}

#[tokio::test]
async fn only_groups_with_a_readable_query_are_filled() {
    let by_hand = with_group(None).await;
    assert!(matches!(fill(&by_hand, None).await, Err(FillGroupError::NoQuery)));
    let unreadable = with_group(Some("nofield = 1")).await;
    assert!(matches!(fill(&unreadable, None).await, Err(FillGroupError::Query(_))));
}

#[tokio::test]
async fn a_conversation_looks_at_all_groups_only_when_definitions_changed() {
    let world = with_group(Some("tel ~ 700000")).await;
    let from = "+256700000001";
    let version = async || {
        let workspace = world.ctx.registry.workspace(&world.ctx, world.workspace.id).await.unwrap().unwrap();
        workspace.row.definitions_version
    };
    world.hears(from, "again").await;
    assert!(is_member(&world, from).await, "the group came after the last message: all are looked at");
    let contact = world.conversation(from).await.unwrap().contact;
    assert_eq!(contact.groups_as_of, version().await);
    let leave = Change::LeaveGroup(world.workspace.id, contact.id, GroupId(0x4100));
    world.ctx.store.write_one(Unit::new(vec![leave])).await.unwrap();
    world.hears(from, "and again").await;
    assert!(!is_member(&world, from).await, "what nothing touched is not looked at");
    let (name, query) = ("Nearer".into(), Some("tel ~ 70000000".into()));
    world.change(DefinitionChange::Group(GroupRow { id: GroupId(0x4100), uuid: GROUP, name, query })).await;
    world.hears(from, "once more").await;
    assert!(is_member(&world, from).await, "a changed definition makes all be looked at");
    assert_eq!(world.conversation(from).await.unwrap().contact.groups_as_of, version().await);
}
