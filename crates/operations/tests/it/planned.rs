//! How PostgreSQL finds what a conversation needs, while it knows nothing yet of how much there is.

use channels::{DeliveryStatus, InboundStatus};
use operations::{SendOutcome, SentRecord, StatusReport, record_sent, record_status};
use test_postgres::Cluster;

use crate::world::World;

/// A database that was never analysed takes every index of a workspace for as good as a key. Such a plan goes over all
/// that the workspace has, for each message, and a writer keeps it until the table is analysed.
#[tokio::test]
async fn a_message_is_found_by_its_keys_and_not_by_the_lists_of_its_workspace() {
    let world = World::on(Cluster::shared().database()).await;
    let flow = world.add_flow(&crate::flow_files::registration(1, "Hello! What is your name?")).await;
    world.add_trigger(world.trigger("C", flow)).await;
    for said in ["hi", "Amina"] {
        let outbox = world.receive(vec![world.says_as("+254700000001", said, Some(said))]).await.outbox;
        assert!(!outbox.is_empty());
        for item in outbox {
            let uuid = item.message_uuid;
            let external = format!("carrier's {said}");
            let outcome = SendOutcome::Wired { external_id: Some(external.as_str().into()) };
            record_sent(&world.ctx, vec![SentRecord { item, outcome }]).await.unwrap();
            for (message, external_id) in [(uuid, None), (None, Some(external))] {
                let status = if message.is_some() { DeliveryStatus::Delivered } else { DeliveryStatus::Read };
                let status =
                    InboundStatus { message, external_id: external_id.map(Into::into), status, reason: None };
                record_status(&world.ctx, &[StatusReport { channel: world.line.uuid, status }])
                    .await
                    .unwrap();
            }
        }
    }
    let used = world.closed().psql(
        "SELECT indexrelname FROM pg_stat_user_indexes
         WHERE idx_scan > 0 AND relname IN ('contact', 'contact_urn', 'message', 'session', 'run', 'outbox', 'timer')
         ORDER BY indexrelname",
    );
    let keys = ["_pkey", "_key", "_external", "_lane", "_waiting", "_contact"];
    let lists: Vec<_> = used.lines().filter(|index| !keys.iter().any(|key| index.contains(key))).collect();
    assert_eq!(lists, [""; 0], "of {used}");
}
