//! Slices of jobs: many are told something at once, whoever changes meanwhile, and the job's own row guards it.

use domain::{ContactId, ContactStatus, JobId, JobUuid, MessageId};
use store::{
    Change, ContactUpdate, Direction, JobChunk, JobFile, JobKind, JobRow, JobStatus, LeftOut, MessageStatus,
    NewLeftOut, Store, Tell, Unit, UnitError,
};
use uuid::Uuid;

use crate::{
    places::{Place, on_both_databases},
    rows::{WORKSPACE, at, contact, contact_row, outgoing, workspace},
};

on_both_databases!(
    those_who_are_active_are_told_and_others_are_kept_as_refused,
    a_slice_that_was_planned_before_another_writes_nothing,
    files_and_those_left_out_are_kept_with_their_job,
    no_workspace_hides_the_jobs_of_another
);

fn job(id: i64) -> JobRow {
    JobRow {
        id: JobId(id),
        workspace: WORKSPACE,
        uuid: JobUuid(Uuid::from_u128(0x70 << 64 | id as u128)),
        kind: JobKind::Broadcast,
        status: JobStatus::Queued,
        unique_key: None,
        scheduled_for: None,
        spec: "{}".to_owned(),
        place: "{}".to_owned(),
        steps: 0,
        total: None,
        done: 0,
        left_out: 0,
        failures: 0,
        next_step: at(id),
        error: None,
        created_on: at(0),
        modified_on: at(0),
        ended_on: None,
    }
}

fn tell(id: i64, person: i64, run: i64) -> Change {
    let [Change::Message(message), Change::Outbox(outbox)] =
        <[Change; 2]>::try_from(outgoing(id, person, run)).unwrap()
    else {
        unreachable!("a message and its outbox row")
    };
    let (message, outbox) = (*message, Some(*outbox));
    Change::Tell(Box::new(Tell { message, outbox, version: id + 1, refused: "may not".to_owned() }))
}

async fn prepared(store: &Store) {
    store.write_one(workspace()).await.unwrap();
    let mut stopped = contact_row(2);
    stopped.status = ContactStatus::Stopped;
    let stop = ContactUpdate { contact: stopped, version: 2, modified_on: at(1) };
    store
        .write_one(vec![contact(1), contact(2), contact(3), Change::NewJob(Box::new(job(50)))].into())
        .await
        .unwrap();
    store.write_one(vec![Change::Contact(Box::new(stop))].into()).await.unwrap();
}

async fn those_who_are_active_are_told_and_others_are_kept_as_refused(place: Place) {
    let store = place.open();
    prepared(&store).await;
    let row = JobRow { status: JobStatus::Running, done: 3, total: Some(4), ..job(50) };
    // The fourth is nobody.
    let mut changes: Vec<Change> =
        [(100, 1), (110, 2), (120, 3), (130, 4)].map(|(id, who)| tell(id, who, 9)).into();
    changes.push(Change::Job(Box::new(row.clone())));
    let done = store.write_one(Unit::new(changes)).await.unwrap();
    assert_eq!(done.claimed.iter().map(|id| id.0).collect::<Vec<_>>(), [100, 120]);
    let messages = store.messages(WORKSPACE, MessageId(0), 10).await.unwrap();
    let seen: Vec<_> = messages.iter().map(|m| (m.contact.0, m.status, m.reason.as_deref())).collect();
    assert_eq!(
        seen,
        [
            (1, MessageStatus::Queued, None),
            (2, MessageStatus::Failed, Some("may not")),
            (3, MessageStatus::Queued, None)
        ]
    );
    assert!(messages.iter().all(|message| message.direction == Direction::Out));
    let reached = store.reach(WORKSPACE, [1, 2, 3, 4].map(ContactId).to_vec()).await.unwrap();
    let versions: Vec<_> =
        reached.iter().map(|person| (person.contact.0, person.version, person.urns.len())).collect();
    assert_eq!(versions, [(1, 101, 1), (2, 111, 1), (3, 121, 1)]);
    // Whoever read the contact before writes nothing now.
    let old = ContactUpdate { contact: contact_row(1), version: 500, modified_on: at(9) };
    let refused = store.write_one(vec![Change::Contact(Box::new(old))].into()).await;
    assert!(matches!(refused, Err(UnitError::Conflict)));
    assert_eq!(store.reach(domain::WorkspaceId(2), vec![ContactId(1)]).await.unwrap(), []);
    let kept = store.job(WORKSPACE, JobId(50)).await.unwrap().unwrap();
    assert_eq!(kept, JobRow { steps: 1, ..row });
}

async fn a_slice_that_was_planned_before_another_writes_nothing(place: Place) {
    let store = place.open();
    prepared(&store).await;
    let slice =
        |id: i64| Unit::new(vec![tell(id, 1, 9), Change::Job(Box::new(JobRow { done: 1, ..job(50) }))]);
    let answers = store.write(vec![slice(100), slice(200)]).await.unwrap();
    assert!(answers[0].is_ok());
    assert!(matches!(answers[1], Err(UnitError::Gone)), "{answers:?}");
    assert!(matches!(store.write_one(slice(300)).await, Err(UnitError::Gone)));
    assert_eq!(store.messages(WORKSPACE, MessageId(0), 10).await.unwrap().len(), 1);
    let ended = JobRow { steps: 1, status: JobStatus::Cancelled, ended_on: Some(at(5)), ..job(50) };
    store.write_one(vec![Change::Job(Box::new(ended.clone()))].into()).await.unwrap();
    let after = Change::Job(Box::new(JobRow { steps: 2, ..ended }));
    assert!(matches!(store.write_one(vec![after].into()).await, Err(UnitError::Gone)), "it has ended");
    assert!(store.due_jobs_of_each(at(1_000), 5).await.unwrap().is_empty());
}

async fn files_and_those_left_out_are_kept_with_their_job(place: Place) {
    let store = place.open();
    prepared(&store).await;
    let left_out = |place: i64, who: Option<i64>, what: &str, reason: &str| LeftOut {
        place,
        contact: who.map(ContactId),
        contact_uuid: None,
        what: what.into(),
        reason: reason.to_owned(),
    };
    let rows = vec![
        left_out(0, Some(1), "", "busy"),
        left_out(1, None, "line 7", "odd"),
        left_out(store::MAX_LEFT_OUT, None, "line 9", "too many"),
    ];
    let chunk = |place: i64, body: &[u8]| {
        let (workspace, job, body) = (WORKSPACE, JobId(50), body.to_vec());
        Change::JobChunk(Box::new(JobChunk { workspace, job, file: JobFile::Made, place, body }))
    };
    let new = NewLeftOut { workspace: WORKSPACE, job: JobId(50), rows };
    let row = JobRow { status: JobStatus::Done, left_out: 3, ended_on: Some(at(9)), ..job(50) };
    let changes =
        vec![Change::LeftOut(Box::new(new)), chunk(0, b"one"), chunk(0, b"two"), Change::Job(Box::new(row))];
    store.write_one(changes.into()).await.unwrap();
    let kept = store.job_left_out(WORKSPACE, JobId(50), 0, 10).await.unwrap();
    assert_eq!(kept.len(), 2);
    assert_eq!((kept[0].contact_uuid, kept[1].what.as_str()), (Some(contact_row(1).uuid), "line 7"));
    let reasons = store.job_left_out_reasons(WORKSPACE, JobId(50)).await.unwrap();
    assert_eq!(reasons, [("busy".to_owned(), 1), ("odd".to_owned(), 1)]);
    let other = domain::WorkspaceId(2);
    assert!(store.job_left_out(other, JobId(50), 0, 10).await.unwrap().is_empty());
    let read = |workspace, place| store.job_chunk(workspace, JobId(50), JobFile::Made, place);
    assert_eq!(read(WORKSPACE, 0).await.unwrap().as_deref(), Some(&b"two"[..]));
    assert_eq!(read(WORKSPACE, 1).await.unwrap(), None);
    assert_eq!(read(other, 0).await.unwrap(), None);
    assert!(store.jobs_with_old_files(at(9), 10).await.unwrap().is_empty());
    assert_eq!(store.jobs_with_old_files(at(10), 10).await.unwrap(), [(WORKSPACE, JobId(50))]);
    store.write_one(vec![Change::ForgetJobFiles(WORKSPACE, JobId(50))].into()).await.unwrap();
    assert_eq!(read(WORKSPACE, 0).await.unwrap(), None);
}

async fn no_workspace_hides_the_jobs_of_another(place: Place) {
    let store = place.open();
    store.write_one(workspace()).await.unwrap();
    let other = domain::WorkspaceId(2);
    let mut jobs: Vec<Change> = (1..=30).map(|id| Change::NewJob(Box::new(job(id)))).collect();
    jobs.push(Change::NewJob(Box::new(JobRow { workspace: other, ..job(40) })));
    let paused = JobRow { workspace: domain::WorkspaceId(3), status: JobStatus::Paused, ..job(41) };
    jobs.push(Change::NewJob(Box::new(paused)));
    jobs.push(Change::NewJob(Box::new(JobRow { workspace: domain::WorkspaceId(4), ..job(90) })));
    store.write_one(Unit::new(jobs)).await.unwrap();
    store.write_one(vec![Change::JobWeight(WORKSPACE, 3)].into()).await.unwrap();
    let due = store.due_jobs_of_each(at(50), 3).await.unwrap();
    let seen: Vec<_> = due
        .iter()
        .map(|due| (due.workspace.0, due.weight, due.jobs.iter().map(|job| job.id.0).collect::<Vec<_>>()))
        .collect();
    assert_eq!(seen, [(1, 3, vec![1, 2, 3]), (2, 1, vec![40])]);
    let refused = store.write_one(vec![Change::JobWeight(domain::WorkspaceId(9), 2)].into()).await;
    assert!(matches!(refused, Err(UnitError::Gone)));
}
