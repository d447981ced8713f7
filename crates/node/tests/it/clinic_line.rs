//! A nurse registers a mother by the flow of `testdata/programme`: codes, identity and registration are Seedling's own answers.

use std::time::Duration;

use domain::identifier::is_damm;
use store::{RegistrationsOf, Walk};
use tokio::time::sleep;

use crate::world::World;

const FLOW: &str = include_str!("../../../../testdata/programme/clinic_registration.json");
const FIRST_YEAR: &str = include_str!("../../../../testdata/programme/first_year.json");
const CLINICS: &str = include_str!("../../../../testdata/programme/clinics.csv");

/// What the nurse hears after each thing that she writes.
async fn hears(world: &World, text: &str) -> Vec<String> {
    let before = world.attempts().len();
    world.write(1, text).await;
    sleep(Duration::from_secs(20)).await;
    world
        .attempts_from(before)
        .into_iter()
        .map(|attempt| format!("{} {}", attempt.to, attempt.text))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_nurse_registers_a_mother_by_her_clinics_line() {
    let world = World::new(7, |_| Some(200)).await;
    let (ctx, workspace) = (world.node.context(), world.workspace.id);
    operations::import_export(ctx, workspace, FLOW.as_bytes().to_vec()).await.unwrap();
    operations::import_programme(ctx, workspace, FIRST_YEAR).await.unwrap();
    operations::import_codes(ctx, workspace, "clinic", CLINICS, false).await.unwrap();
    // Also where flows may call nobody else.
    operations::set_feature(ctx, workspace, operations::Feature::WebServices, false).await.unwrap();
    let nurse = "+254722000001";
    for (written, heard) in [
        ("clinic", "For which number"),
        ("0722000099", "What is the code of your clinic?"),
        ("345678", "This clinic code is no longer in use: 345678."),
        ("123456", "Does she agree"),
        ("1", "How does she want them?"),
        ("1", "When is the baby due?"),
        ("20-09-2027", "Which identification"),
        ("1", "What is her ID number?"),
        ("8001015009086", "its check digit is wrong"),
        ("8001015009087", "In which language?"),
        ("1", "Her data are kept"),
    ] {
        let said = hears(&world, written).await;
        assert!(said[0].starts_with(nurse) && said[0].contains(heard), "{written}: {said:?}");
    }
    // Two people: who hears first is not promised.
    let mut said = hears(&world, "yes").await;
    said.sort_by_key(|said| said.starts_with(nurse));
    assert_eq!(said.len(), 2, "{said:?}");
    let number: String = said[0].chars().filter(char::is_ascii_digit).skip(12).collect();
    assert!(is_damm(&number), "{said:?}");
    assert_eq!(said[0], format!("+254722000099 Welcome to Safe Steps! Your number is {number}."));
    let thanks = format!("Thank you, she is registered at Uhuru Clinic. Her number is {number}.");
    assert_eq!(said[1], format!("{nurse} {thanks}"));
    assert!(world.asked().is_empty(), "nothing goes over the network");
    let walk = Walk { from: None, up: true, limit: 10 };
    let kept = world.store.list_registrations(workspace, RegistrationsOf::Everybody, walk).await.unwrap();
    assert_eq!((kept.len(), kept[0].source.as_str()), (1, "clinic_ussd"));
    let theirs = world.store.contact_subscriptions(workspace, kept[0].contact).await.unwrap();
    assert!(theirs.len() == 1 && theirs[0].anchor.is_some());
    // Once more: she is there already.
    hears(&world, "clinic").await;
    hears(&world, "0722000099").await;
    assert_eq!(hears(&world, "123456").await, [format!("{nurse} She gets the messages already.")]);
}
