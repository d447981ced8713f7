//! Who asks too often hears so, with a moment to come again, and others do not notice.

use reqwest::{Response, StatusCode};

use crate::world::World;

/// Asks until it is too much, at most so often.
async fn until_refused(world: &World, path: &str, at_most: usize) -> Option<(usize, Response)> {
    for count in 0..at_most {
        let answer = world.client.get(format!("{}{path}", world.base)).send().await.unwrap();
        if answer.status() == StatusCode::TOO_MANY_REQUESTS {
            return Some((count, answer));
        }
    }
    None
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_address_has_a_limit_of_its_own() {
    let world = World::new().await;
    let nowhere = "/c/ex/00000000-0000-4000-8000-000000000000/receive";
    let stray = node::limits::STRAY_CLIENT.burst as usize;
    let (count, answer) = until_refused(&world, nowhere, 2 * stray).await.expect("strays have a limit");
    assert!(count >= stray, "{count}");
    let wait: u64 = answer.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!(wait >= 1);
    let (count, _) = until_refused(&world, "/no/such/page", 10).await.expect("it is the same limit");
    assert!(count < 10);
    let page = node::limits::PAGE_CLIENT.burst as usize;
    let (count, answer) = until_refused(&world, "/metrics", 4 * page).await.expect("metrics have a limit");
    assert!(count >= page, "{count}");
    let body: serde_json::Value = answer.json().await.unwrap();
    assert!(body["error"].as_str().unwrap().contains("too many"), "{body}");
    assert!(until_refused(&world, "/health/live", 10).await.is_some(), "pages share one");
    // Carriers of channels that are there, and the chat, go on.
    let taken = world.hand_in("+254722000001", "hello", "x1").await;
    assert_eq!(taken.status(), StatusCode::OK);
    let page = world.client.get(format!("{}/chat/{}", world.base, world.chat)).send().await.unwrap();
    assert_eq!(page.status(), StatusCode::OK);
    let metrics = world.node.metrics_text();
    assert!(metrics.contains("limit=\"stray_client_rate\""), "{metrics}");
}
