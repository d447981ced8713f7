//! Flows that start flows for others and say something to others: work that goes on in slices after the reply.

use domain::GroupId;
use operations::{
    BroadcastJob, JobSpec, NewJob, Recipients, StartJob, StartedBy, create_job, interrupt, run_job_slice,
    set_job_status,
};
use serde_json::{Value, json};
use store::{Change, JobRow, JobStatus, Unit};

use crate::{
    flow_files::{doing, greeting, id, lookup},
    world::{World, texts},
};

const ASKER: &str = "+254700000001";

/// Does due slices until none is due, `at_most` so many. The texts that went out.
async fn work_off(world: &World, at_most: usize) -> Vec<String> {
    let mut said = Vec::new();
    for _ in 0..at_most {
        let Some(job) = world.ctx.store.due_jobs(world.ctx.now(), 1).await.unwrap().pop() else { break };
        said.extend(texts(&run_job_slice(&world.ctx, job).await.unwrap().outbox));
    }
    said
}

async fn only_job(world: &World) -> JobRow {
    let mut jobs = world.ctx.store.jobs(world.workspace.id, 10).await.unwrap();
    assert_eq!(jobs.len(), 1);
    jobs.pop().unwrap()
}

/// People who have written once, in a group.
async fn group_of(world: &World, number: i64, people: &[String]) -> GroupId {
    let group = world.add_group(number, &format!("Group {number}")).await;
    for person in people {
        world.hears(person, "hi").await;
        let contact = world.conversation(person).await.unwrap().contact.id;
        let join = Change::JoinGroup(world.workspace.id, contact, group, world.ctx.now());
        world.ctx.store.write_one(Unit::new(vec![join])).await.unwrap();
    }
    group
}

/// Many people who have written once, in a group.
pub async fn crowd(world: &World, number: i64, people: &[String]) -> GroupId {
    let group = world.add_group(number, &format!("Group {number}")).await;
    for some in people.chunks(250) {
        world.receive(some.iter().map(|person| world.says(person, "hi")).collect()).await;
    }
    let everybody =
        world.ctx.store.contacts_after(world.workspace.id, Default::default(), 10_000).await.unwrap();
    let join = |contact| Change::JoinGroup(world.workspace.id, contact, group, world.ctx.now());
    world.ctx.store.write_one(Unit::new(everybody.into_iter().map(join).collect())).await.unwrap();
    group
}

async fn on_keyword(world: &World, word: &str, flow: &Value) {
    let flow = world.add_flow(flow).await;
    let mut trigger = world.trigger("K", flow);
    (trigger.keywords, trigger.match_type) = (vec![word.into()], Some("F".into()));
    world.add_trigger(trigger).await;
}

fn phone(number: usize) -> String {
    format!("+2547000{number:05}")
}

#[tokio::test]
async fn a_flow_is_started_for_groups_contacts_and_addresses_each_once() {
    let world = World::new().await;
    let people: Vec<String> = (10..13).map(phone).collect();
    group_of(&world, 1, &people).await;
    let named = world.conversation(&people[0]).await.unwrap().contact.uuid;
    world
        .add_flow(&greeting(
            0x30_000,
            "Visit",
            "@(default(contact.name, \"You\")): a visit, says @parent.results.who.",
        ))
        .await;
    let flow = doing(
        0x31_000,
        "Tell",
        &[
            json!({"type": "set_run_result", "name": "Who", "value": "Amina", "category": ""}),
            json!({"type": "start_session", "flow": {"uuid": id(0x30_000), "name": "Visit"},
                "groups": [{"uuid": id(0x9001), "name": "Group 1"}],
                "contacts": [{"uuid": named, "name": ""}],
                "urns": ["tel:+254711111111", format!("tel:{}", people[1])],
                "create_contact": true, "exclusions": {"in_a_flow": true}}),
            json!({"type": "send_msg", "text": "Told."}),
        ],
    );
    on_keyword(&world, "tell", &flow).await;
    assert_eq!(world.hears(ASKER, "tell").await, ["Told."], "the reply waits for nobody");
    let before = world.ctx.store.contact_count(world.workspace.id).await.unwrap();
    let world = world.restarted();
    let said = work_off(&world, 20).await;
    // Somebody new without an address is started as well; nothing can be sent to them.
    assert_eq!(said, vec!["You: a visit, says Amina."; 4]);
    for person in people.iter().map(String::as_str).chain(["+254711111111"]) {
        let transcript = world.transcript(person).await;
        assert_eq!(transcript.iter().filter(|line| line.contains("a visit")).count(), 1, "{person}");
    }
    assert_eq!(world.ctx.store.contact_count(world.workspace.id).await.unwrap(), before + 2);
    let job = only_job(&world).await;
    assert_eq!((job.status, job.done, job.left_out), (JobStatus::Done, 5, 0));
    world.assert_counts_true().await;
}

#[tokio::test]
async fn a_job_goes_on_where_a_crash_left_it() {
    let world = World::new().await;
    let people: Vec<String> = (0..1_100).map(phone).collect();
    crowd(&world, 1, &people).await;
    let broadcast =
        json!({"translations": {"eng": {"text": "The clinic opens at eight."}}, "base_language": "eng"});
    let recipients = Recipients { groups: vec![id(0x9001).into()], ..Recipients::default() };
    let spec = JobSpec::Broadcast(BroadcastJob {
        broadcast: serde_json::from_value(broadcast).unwrap(),
        recipients,
        ..BroadcastJob::default()
    });
    let new = NewJob { workspace: world.workspace.id, spec, unique_key: Some("opening".into()) };
    let job = create_job(&world.ctx, new.clone()).await.unwrap();
    create_job(&world.ctx, new).await.unwrap();
    let first = run_job_slice(&world.ctx, only_job(&world).await).await.unwrap();
    assert_eq!((first.outbox.len(), first.value.done, first.value.total), (500, 500, Some(1_100)));
    let stale = run_job_slice(&world.ctx, job).await;
    assert!(stale.is_err(), "a slice that was done is not done again");
    let world = world.restarted();
    assert_eq!(work_off(&world, 1).await.len(), 500);
    let id = only_job(&world).await.id;
    set_job_status(&world.ctx, world.workspace.id, id, JobStatus::Paused).await.unwrap();
    assert!(work_off(&world, 9).await.is_empty(), "a paused job rests");
    set_job_status(&world.ctx, world.workspace.id, id, JobStatus::Running).await.unwrap();
    assert_eq!(work_off(&world, 9).await.len(), 100);
    for person in &people {
        assert_eq!(
            world.transcript(person).await,
            ["in handled hi", "out queued The clinic opens at eight."],
            "{person}"
        );
    }
    assert_eq!(only_job(&world).await.status, JobStatus::Done);
    let paused = set_job_status(&world.ctx, world.workspace.id, id, JobStatus::Running).await;
    assert!(paused.is_err(), "what is done does not go on");
    // Who stops a broadcast that was written stops what has not left.
    set_job_status(&world.ctx, world.workspace.id, id, JobStatus::Cancelled).await.unwrap();
    assert_eq!(
        world.transcript(&people[0]).await,
        ["in handled hi", "out failed The clinic opens at eight."]
    );
    world.assert_counts_true().await;
}

#[tokio::test]
async fn a_broadcast_speaks_the_language_of_each() {
    let world = World::new().await;
    let people: Vec<String> = (10..13).map(phone).collect();
    group_of(&world, 1, &people).await;
    for (person, language) in people.iter().zip(["swa", "fra"]) {
        let contact = world.conversation(person).await.unwrap().contact.id;
        world.damage(&format!("UPDATE contact SET language = '{language}' WHERE id = {}", contact.0));
    }
    let mut flow = doing(
        0x31_000,
        "Tell",
        &[json!({"type": "send_broadcast", "text": "Hello from @contact.urn", "quick_replies": ["Yes"],
            "attachments": ["image/png:https://example.org/map.png"],
            "contact_query": format!("tel = \"{}\" OR tel = \"{}\" OR tel = \"{}\"", people[0], people[1], people[2])})],
    );
    let action = flow["nodes"][0]["actions"][0]["uuid"].as_str().unwrap().to_owned();
    flow["localization"] = json!({"swa": {action: {"text": ["Jambo"], "quick_replies": ["Ndiyo"]}}});
    on_keyword(&world, "tell", &flow).await;
    world.hears(ASKER, "tell").await;
    let job = world.ctx.store.due_jobs(world.ctx.now(), 1).await.unwrap().pop().unwrap();
    let outbox = run_job_slice(&world.ctx, job).await.unwrap().outbox;
    let english = format!("Hello from tel:{ASKER}");
    assert_eq!(texts(&outbox), ["Jambo", &english, &english]);
    assert!(outbox[0].quick_replies.as_deref().unwrap().contains("Ndiyo"));
    assert!(outbox.iter().all(|item| item.attachments == ["image/png:https://example.org/map.png"]));
    assert_eq!(only_job(&world).await.status, JobStatus::Done);
}

#[tokio::test]
async fn who_opted_out_or_is_in_a_flow_is_left_out() {
    let world = World::with_registration().await;
    let people: Vec<String> = (10..13).map(phone).collect();
    group_of(&world, 1, &people).await;
    let contact = world.conversation(&people[1]).await.unwrap().contact.id;
    operations::stop_contact(&world.ctx, world.workspace.id, contact, "the contact opted out").await.unwrap();
    let contact = world.conversation(&people[2]).await.unwrap().contact.id;
    assert!(interrupt(&world.ctx, world.workspace.id, contact).await.unwrap().value);
    assert!(!interrupt(&world.ctx, world.workspace.id, contact).await.unwrap().value);
    world.add_flow(&greeting(0x30_000, "Visit", "A visit.")).await;
    let spec = JobSpec::StartFlow(StartJob {
        not_again: false,
        flow: id(0x30_000).into(),
        recipients: Recipients { groups: vec![id(0x9001).into()], ..Recipients::default() },
        skip_in_a_flow: true,
        params: None,
        started_by: StartedBy::Person { user: None, origin: Some("api".into()) },
    });
    create_job(&world.ctx, NewJob { workspace: world.workspace.id, spec, unique_key: None }).await.unwrap();
    assert_eq!(work_off(&world, 9).await, ["A visit."]);
    let job = only_job(&world).await;
    assert_eq!((job.done, job.left_out, job.total), (1, 2, Some(3)));
    let left_out = world.ctx.store.job_left_out(world.workspace.id, job.id, 0, 10).await.unwrap();
    let reasons: Vec<(i64, &str)> = left_out.iter().map(|row| (row.place, row.reason.as_str())).collect();
    assert_eq!(reasons, [(0, "the contact is in a flow"), (1, "the contact opted out")]);
    assert!(left_out.iter().all(|row| row.contact_uuid.is_some()));
    let counted = world.ctx.store.job_left_out_reasons(world.workspace.id, job.id).await.unwrap();
    assert_eq!(counted.len(), 2);
}

#[tokio::test]
async fn a_contact_who_cannot_be_read_holds_up_nobody_else() {
    let world = World::new().await;
    let people: Vec<String> = (10..16).map(phone).collect();
    group_of(&world, 1, &people).await;
    let contact = world.conversation(&people[2]).await.unwrap().contact.id;
    world.damage(&format!("UPDATE contact SET status = 'broken' WHERE id = {}", contact.0));
    let broadcast = json!({"translations": {"eng": {"text": "Hello"}}, "base_language": "eng"});
    let spec = JobSpec::Broadcast(BroadcastJob {
        broadcast: serde_json::from_value(broadcast).unwrap(),
        recipients: Recipients { groups: vec![id(0x9001).into()], ..Recipients::default() },
        ..BroadcastJob::default()
    });
    create_job(&world.ctx, NewJob { workspace: world.workspace.id, spec, unique_key: None }).await.unwrap();
    let mut said = 0;
    for _ in 0..60 {
        said += work_off(&world, 99).await.len();
        world.host.forward(301);
    }
    let job = only_job(&world).await;
    assert_eq!((said, job.status, job.done, job.left_out), (5, JobStatus::Done, 5, 1));
    assert!(job.error.is_some());
}

#[tokio::test]
async fn a_query_that_cannot_be_read_ends_the_job_with_the_reason() {
    let world = World::new().await;
    let broadcast = json!({"translations": {"eng": {"text": "Hello"}}, "base_language": "eng"});
    let spec = JobSpec::Broadcast(BroadcastJob {
        broadcast: serde_json::from_value(broadcast).unwrap(),
        recipients: Recipients { query: "beans > 3".into(), ..Recipients::default() },
        ..BroadcastJob::default()
    });
    create_job(&world.ctx, NewJob { workspace: world.workspace.id, spec, unique_key: None }).await.unwrap();
    assert!(work_off(&world, 9).await.is_empty());
    let job = only_job(&world).await;
    assert_eq!(job.status, JobStatus::Failed);
    assert!(job.error.unwrap().contains("beans"));
}

/// Kinds of the events in the history of a person, with the status of runs that ended.
async fn history(world: &World, person: &str) -> Vec<String> {
    let contact = world.conversation(person).await.unwrap().contact.id;
    let events = world.ctx.store.contact_events(world.workspace.id, contact, 100).await.unwrap();
    let shown = |(kind, body): (smol_str::SmolStr, String)| {
        let body: Value = serde_json::from_str(&body).unwrap();
        body["status"].as_str().map_or(kind.to_string(), |status| format!("{kind} {status}"))
    };
    events.into_iter().map(shown).collect()
}

#[tokio::test]
async fn a_conversation_that_is_left_for_another_flow_says_so() {
    let world = World::with_registration().await;
    on_keyword(&world, "clinic", &lookup(0x20_000)).await;
    on_keyword(&world, "visit", &greeting(0x30_000, "Visit", "A visit.")).await;
    world.hears(ASKER, "hello").await;
    let effect = world.receive(vec![world.says(ASKER, "clinic")]).await.outbox.pop().unwrap();
    assert_eq!(history(&world, ASKER).await, ["run_started", "run_ended interrupted", "run_started"]);
    assert!(world.hears(ASKER, "visit").await.is_empty(), "it waits its turn behind the effect");
    let contact = world.conversation(ASKER).await.unwrap().contact.id;
    let ended = interrupt(&world.ctx, world.workspace.id, contact).await.unwrap();
    assert_eq!(texts(&ended.outbox), ["A visit."]);
    let late = operations::fail_effect(&world.ctx, effect, "refused").await.unwrap();
    assert_eq!(late.value, operations::EffectDone::NotWanted);
    assert_eq!(
        history(&world, ASKER).await[3..],
        ["run_ended interrupted", "run_started", "run_ended completed"]
    );
    let runs = world.ctx.store.contact_runs(world.workspace.id, contact).await.unwrap();
    let statuses: Vec<&str> = runs.iter().map(|run| run.status.as_str()).collect();
    assert_eq!(statuses, ["interrupted", "interrupted", "completed"]);
    assert_eq!(world.ctx.store.next_timer_due().await.unwrap(), None);
    world.assert_counts_true().await;
}

#[tokio::test]
async fn who_has_two_addresses_is_told_once_however_far_apart_they_are_named() {
    let world = World::new().await;
    let two = phone(0);
    world.hears(&two, "hi").await;
    let contact = world.conversation(&two).await.unwrap().contact.id;
    let second = store::UrnRow {
        id: domain::UrnId(world.ctx.store.ids().next(world.ctx.now())),
        scheme: "tel".into(),
        path: phone(999).into(),
        display: None,
        priority: 900,
        channel: None,
    };
    let urn = Change::NewUrn(store::NewUrn { workspace: world.workspace.id, contact, urn: second });
    world.ctx.store.write_one(Unit::new(vec![urn])).await.unwrap();
    let named = (0..150).map(phone).chain([phone(999)]);
    let urns = named.map(|number| format!("tel:{number}").parse().unwrap()).collect();
    let broadcast =
        json!({"translations": {"eng": {"text": "The clinic opens at eight."}}, "base_language": "eng"});
    let spec = JobSpec::Broadcast(BroadcastJob {
        broadcast: serde_json::from_value(broadcast).unwrap(),
        recipients: Recipients { urns, ..Recipients::default() },
        ..BroadcastJob::default()
    });
    let new = NewJob { workspace: world.workspace.id, spec, unique_key: None };
    create_job(&world.ctx, new).await.unwrap();
    assert_eq!(work_off(&world, 9).await.len(), 150);
    let told = world.transcript(&two).await;
    assert_eq!(told.iter().filter(|line| line.contains("opens")).count(), 1, "{told:?}");
    let job = only_job(&world).await;
    assert_eq!((job.status, job.done, job.left_out), (JobStatus::Done, 150, 0));
}
