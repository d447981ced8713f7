//! Broadcasts that are said to each in their own words, begin with a few, rest, go on and end.

use std::collections::BTreeSet;

use operations::{
    BroadcastJob, Exclude, JobSpec, NewJob, Recipients, SoftStart, create_job, held_since_soft_start,
    release_broadcast, run_job_slice, set_job_status,
};
use serde_json::json;
use store::{JobRow, JobStatus, MessageStatus};
use test_postgres::Cluster;

use crate::{
    flow_files::id,
    jobs::crowd,
    world::{World, texts},
};

/// Runs functions that take a [`World`] as tests on both databases.
macro_rules! on_both {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {$(
            #[tokio::test]
            async fn $test() { super::$test(crate::world::World::new().await).await; }
        )+}
        mod postgres {$(
            #[tokio::test]
            async fn $test() {
                let database = super::Cluster::shared().database();
                super::$test(crate::world::World::on(database).await).await;
            }
        )+}
    };
}

on_both!(
    each_reads_their_own_words,
    who_is_left_out_is_told_nothing,
    a_few_are_told_first_and_the_others_when_somebody_says_so,
    the_others_follow_at_a_set_time,
    of_few_people_one_is_told_first,
    what_was_written_rests_with_a_pause_and_goes_on_once,
    what_was_written_is_taken_back_with_the_end,
);

fn phone(number: usize) -> String {
    format!("+2547000{number:05}")
}

fn to_group() -> Recipients {
    Recipients { groups: vec![id(0x9001).into()], ..Recipients::default() }
}

async fn begin(world: &World, text: &str, to: Recipients, soft_start: Option<SoftStart>) -> JobRow {
    let said = json!({"translations": {"eng": {"text": text}}, "base_language": "eng"});
    let broadcast = serde_json::from_value(said).unwrap();
    let spec = JobSpec::Broadcast(BroadcastJob { broadcast, recipients: to, evaluate: true, soft_start });
    create_job(&world.ctx, NewJob { workspace: world.workspace.id, spec, unique_key: None }).await.unwrap()
}

async fn job(world: &World, job: &JobRow) -> JobRow {
    world.ctx.store.job(world.workspace.id, job.id).await.unwrap().unwrap()
}

/// Does due slices until none is due. The numbers of who was written to.
async fn work_off(world: &World) -> Vec<String> {
    let mut told = Vec::new();
    while let Some(job) = world.ctx.store.due_jobs(world.ctx.now(), 1).await.unwrap().pop() {
        let done = run_job_slice(&world.ctx, job).await.unwrap();
        told.extend(done.outbox.iter().map(|item| item.urn.clone().unwrap().1.to_string()));
    }
    told
}

async fn each_reads_their_own_words(world: World) {
    crowd(&world, 1, &[phone(1)]).await;
    let text = "Dear @(if(contact.name = \"\", \"friend\", contact.name)), @urns.tel: 1+1 is @(1 + 1).";
    let job = begin(&world, text, to_group(), None).await;
    let done = run_job_slice(&world.ctx, job).await.unwrap();
    assert_eq!(texts(&done.outbox), ["Dear friend, tel:+254700000001: 1+1 is 2."]);
    // Somebody who is not known before is written to by the same words.
    let to = Recipients { urns: vec!["tel:+254722000999".parse().unwrap()], ..Recipients::default() };
    let job = begin(&world, "Hello @urns.tel", to, None).await;
    let done = run_job_slice(&world.ctx, job).await.unwrap();
    assert_eq!(texts(&done.outbox), ["Hello tel:+254722000999"]);
    world.assert_counts_true().await;
}

async fn who_is_left_out_is_told_nothing(world: World) {
    let people: Vec<String> = (1..=4).map(phone).collect();
    crowd(&world, 1, &people).await;
    let exclude = Exclude { query: "tel = +254700000002".into(), ..Exclude::default() };
    let job_row = begin(&world, "Hi", Recipients { exclude, ..to_group() }, None).await;
    assert_eq!(work_off(&world).await.len(), 3);
    let ended = job(&world, &job_row).await;
    assert_eq!((ended.status, ended.done, ended.left_out), (JobStatus::Done, 3, 1));
    let reasons = world.ctx.store.job_left_out_reasons(world.workspace.id, ended.id).await.unwrap();
    assert_eq!(reasons, [("the contact fits the query of those who are left out".to_owned(), 1)]);
    // All of them wrote this minute; in a week they have not for six days.
    for (days, told) in [(0, 4), (7, 0)] {
        world.host.forward(days * 86_400);
        let exclude = Exclude { not_seen_since_days: Some(6), ..Exclude::default() };
        begin(&world, "Hi", Recipients { exclude, ..to_group() }, None).await;
        assert_eq!(work_off(&world).await.len(), told, "after {days} days");
    }
    let exclude = Exclude { groups: vec![id(0x9001).into()], ..Exclude::default() };
    begin(&world, "Hi", Recipients { exclude, ..to_group() }, None).await;
    assert_eq!(work_off(&world).await.len(), 0);
    world.assert_counts_true().await;
}

async fn a_few_are_told_first_and_the_others_when_somebody_says_so(world: World) {
    let people: Vec<String> = (0..600).map(phone).collect();
    crowd(&world, 1, &people).await;
    let soft = SoftStart { percent: 5, release_on: None };
    let row = begin(&world, "Hi", to_group(), Some(soft)).await;
    let first = work_off(&world).await;
    assert!((10..=60).contains(&first.len()), "5 of a hundred of 600: {}", first.len());
    let held = job(&world, &row).await;
    assert_eq!((held.status, held.done), (JobStatus::Paused, first.len() as i64));
    assert!(held_since_soft_start(&held));
    let world = world.restarted();
    assert!(work_off(&world).await.is_empty(), "it waits");
    // One more joins while it waits, who may have been drawn or not.
    crowd(&world, 2, &[phone(9_000)]).await;
    let new = world.conversation(&phone(9_000)).await.unwrap().contact.id;
    let group = world.ctx.registry.workspace(&world.ctx, world.workspace.id).await.unwrap().unwrap();
    let group = group.definitions().groups.iter().find(|group| group.name == "Group 1").unwrap().id;
    let join = store::Change::JoinGroup(world.workspace.id, new, group, world.ctx.now());
    world.ctx.store.write_one(store::Unit::new(vec![join])).await.unwrap();
    release_broadcast(&world.ctx, world.workspace.id, row.id).await.unwrap();
    let rest = work_off(&world).await;
    assert!(release_broadcast(&world.ctx, world.workspace.id, row.id).await.is_err(), "once is enough");
    let all: BTreeSet<&String> = first.iter().chain(&rest).collect();
    assert_eq!((all.len(), first.len() + rest.len()), (601, 601), "everybody once");
    assert_eq!(job(&world, &row).await.status, JobStatus::Done);
    world.assert_counts_true().await;
}

async fn the_others_follow_at_a_set_time(world: World) {
    let people: Vec<String> = (0..40).map(phone).collect();
    crowd(&world, 1, &people).await;
    let at = world.ctx.now() + jiff::SignedDuration::from_hours(1);
    let soft = SoftStart { percent: 50, release_on: Some(at) };
    let row = begin(&world, "Hi", to_group(), Some(soft)).await;
    let first = work_off(&world).await.len();
    assert!((1..40).contains(&first), "{first}");
    // A pause in between does not let them go earlier.
    set_job_status(&world.ctx, world.workspace.id, row.id, JobStatus::Paused).await.unwrap();
    set_job_status(&world.ctx, world.workspace.id, row.id, JobStatus::Running).await.unwrap();
    assert!(work_off(&world).await.is_empty());
    assert!(held_since_soft_start(&job(&world, &row).await));
    world.host.forward(3_601);
    assert_eq!(work_off(&world).await.len(), 40 - first);
    assert_eq!(job(&world, &row).await.status, JobStatus::Done);
    world.assert_counts_true().await;
}

async fn of_few_people_one_is_told_first(world: World) {
    crowd(&world, 1, &[phone(1), phone(2), phone(3)]).await;
    let soft = SoftStart { percent: 1, release_on: None };
    let row = begin(&world, "Hi", to_group(), Some(soft)).await;
    assert_eq!(work_off(&world).await.len(), 1);
    set_job_status(&world.ctx, world.workspace.id, row.id, JobStatus::Running).await.unwrap();
    assert_eq!(work_off(&world).await.len(), 2);
    world.assert_counts_true().await;
}

async fn what_was_written_rests_with_a_pause_and_goes_on_once(world: World) {
    let people: Vec<String> = (0..30).map(phone).collect();
    crowd(&world, 1, &people).await;
    let row = begin(&world, "Hi", to_group(), None).await;
    let done = run_job_slice(&world.ctx, row.clone()).await.unwrap();
    let in_hand = done.outbox[0].id;
    assert_eq!(done.outbox.len(), 30);
    // All is written; none has left.
    work_off(&world).await;
    assert_eq!(job(&world, &row).await.status, JobStatus::Done);
    set_job_status(&world.ctx, world.workspace.id, row.id, JobStatus::Paused).await.unwrap();
    assert!(world.ctx.withdrawn.has(in_hand), "the dispatcher is told");
    assert_eq!(world.ctx.store.outbox_depth().await.unwrap(), (0, 0, 0));
    assert_eq!(world.ctx.store.dead_count().await.unwrap(), 0);
    assert_eq!(world.messages(&phone(3)).await.last().unwrap().status, MessageStatus::Queued);
    // Who writes meanwhile does not wait behind it, and who opts out is told nothing later.
    let gone = world.conversation(&phone(7)).await.unwrap().contact.id;
    operations::stop_contact(&world.ctx, world.workspace.id, gone, "enough").await.unwrap();
    set_job_status(&world.ctx, world.workspace.id, row.id, JobStatus::Running).await.unwrap();
    let world = world.restarted();
    work_off(&world).await;
    let ended = job(&world, &row).await;
    assert_eq!((ended.status, ended.done), (JobStatus::Done, 30));
    let (hand, waiting, dead) = world.ctx.store.outbox_depth().await.unwrap();
    assert_eq!((hand + waiting, dead), (29, 0));
    assert_eq!(world.messages(&phone(7)).await.last().unwrap().status, MessageStatus::Failed);
    for person in &people {
        assert_eq!(world.messages(person).await.iter().filter(|m| m.text == "Hi").count(), 1);
    }
    world.assert_counts_true().await;
}

async fn what_was_written_is_taken_back_with_the_end(world: World) {
    let people: Vec<String> = (0..10).map(phone).collect();
    crowd(&world, 1, &people).await;
    let row = begin(&world, "Hi", to_group(), None).await;
    work_off(&world).await;
    // In the end also what rests.
    set_job_status(&world.ctx, world.workspace.id, row.id, JobStatus::Paused).await.unwrap();
    set_job_status(&world.ctx, world.workspace.id, row.id, JobStatus::Cancelled).await.unwrap();
    assert_eq!(job(&world, &row).await.status, JobStatus::Cancelled);
    let message = world.messages(&phone(1)).await.pop().unwrap();
    assert_eq!(
        (message.status, message.reason.as_deref()),
        (MessageStatus::Failed, Some("the broadcast was stopped"))
    );
    assert_eq!(world.ctx.store.outbox_depth().await.unwrap(), (0, 0, 0));
    let again = begin(&world, "Ho", to_group(), None).await;
    work_off(&world).await;
    // Of one of which all is written what has not left is taken back as well.
    set_job_status(&world.ctx, world.workspace.id, again.id, JobStatus::Cancelled).await.unwrap();
    assert_eq!(world.ctx.store.outbox_depth().await.unwrap(), (0, 0, 0));
    world.assert_counts_true().await;
}
