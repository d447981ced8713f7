//! What is too old goes into files, and nothing else does; counts stay what they were; files are emptied of who is
//! erased. On both databases.

use std::io::Read as _;
use std::path::PathBuf;

use files::Files;
use flate2::read::MultiGzDecoder;
use jiff::SignedDuration;
use md5::{Digest as _, Md5};
use operations::{
    ContactAction, Context, JobError, SendOutcome, SentRecord, act_on_contacts, archive_date,
    archive_what_is_due, begin_archiving, fire_timers, record_sent, retention, run_job_slice, save_label,
    set_retention,
};
use serde_json::Value;
use store::{ArchiveRow, JobKind, JobStatus, OutboxItem, RetentionRow, TallyKind, TallyRow};
use test_postgres::Cluster;

use crate::world::World;

const DAY: i64 = 86_400;
const AMINA: &str = "+254700000001";
const BEN: &str = "+254700000002";
const CARO: &str = "+254700000003";

struct Past {
    world: World,
    ctx: Context,
    folder: PathBuf,
}

impl Past {
    /// Conversations on two days of January, one of February, one of March; then it is the end of April 2027.
    async fn new(world: World) -> Self {
        let flow = world.add_flow(&crate::flow_files::registration(1, "Hello! What is your name?")).await;
        world.add_trigger(world.trigger("C", flow)).await;
        let folder = world.folder.path().join("archives");
        let ctx = world.ctx.with_archives(Some(Files::folder(&folder)));
        let past = Self { world, ctx, folder };
        for text in ["hi", "Amina", "27"] {
            past.talks(AMINA, text).await;
        }
        past.world.host.forward(DAY);
        past.talks(BEN, "hello there").await;
        past.world.host.forward(DAY);
        fire_timers(&past.ctx, 100).await.unwrap();
        // Their reply stays in the outbox.
        past.world.hears(CARO, "hey").await;
        past.world.host.forward(20 * DAY);
        past.talks(BEN, "hi again").await;
        past.world.host.forward(40 * DAY);
        fire_timers(&past.ctx, 100).await.unwrap();
        past.talks(AMINA, "are you there?").await;
        past.world.host.forward(40 * DAY);
        fire_timers(&past.ctx, 100).await.unwrap();
        past
    }

    async fn talks(&self, from: &str, text: &str) {
        let committed = self.world.receive(vec![self.world.says(from, text)]).await;
        self.sent(committed.outbox).await;
    }

    async fn sent(&self, items: Vec<OutboxItem>) {
        for item in items {
            let outcome = SendOutcome::Wired { external_id: Some(format!("c{}", item.id.0).into()) };
            record_sent(&self.ctx, vec![SentRecord { item, outcome }]).await.unwrap();
        }
    }

    async fn keep(&self, days: u32) {
        let row = RetentionRow {
            messages: Some(days),
            runs: Some(days),
            events: Some(days),
            ..RetentionRow::for_good(self.world.workspace.id)
        };
        set_retention(&self.ctx, row).await.unwrap();
    }

    /// Works the job off. Each slice is tried a second time, as by somebody who does not know that it was done.
    async fn archive(&self) {
        let mut job = begin_archiving(&self.ctx, self.world.workspace.id).await.unwrap();
        let mut slices = 0;
        while job.ended_on.is_none() {
            let next = run_job_slice(&self.ctx, job.clone()).await.unwrap().value;
            assert!(matches!(run_job_slice(&self.ctx, job).await, Err(JobError::Gone)));
            assert_eq!(next.error, None);
            job = next;
            slices += 1;
            assert!(slices < 200, "it does not come to an end: {}", job.place);
        }
        assert_eq!(job.status, JobStatus::Done);
        let verified = self.ctx.store.verify(None).await.unwrap();
        assert!(verified.is_right(), "{verified:#?}");
    }

    async fn archives(&self) -> Vec<ArchiveRow> {
        let all = self.ctx.store.archives(self.world.workspace.id).await.unwrap();
        all.into_iter().filter(|row| row.rollup.is_none()).collect()
    }

    /// What lists show of files.
    async fn listed(&self) -> Vec<String> {
        let shown = |row: &ArchiveRow| {
            let (kind, period) = (row.kind.as_str(), row.period.as_str());
            format!("{kind} {period} {} {}", archive_date(row.start_day), row.records)
        };
        let mut listed: Vec<String> = self.archives().await.iter().map(shown).collect();
        listed.sort();
        listed
    }

    /// The lines of all files of a kind, the oldest first; each file must be what its row says.
    async fn lines(&self, kind: &str) -> Vec<Value> {
        let mut rows = self.archives().await;
        rows.retain(|row| row.kind.as_str() == kind);
        rows.sort_by_key(|row| row.start_day);
        let mut found = Vec::new();
        for row in rows {
            let packed = std::fs::read(self.folder.join(&row.file)).unwrap();
            let md5: String = Md5::digest(&packed).iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!((packed.len() as i64, md5.as_str()), (row.bytes, row.md5.as_str()));
            let mut text = String::new();
            MultiGzDecoder::new(packed.as_slice()).read_to_string(&mut text).unwrap();
            let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            assert_eq!(lines.len() as i64, row.records);
            found.extend(lines);
        }
        found
    }

    async fn said(&self) -> Vec<String> {
        let lines = self.lines("message").await;
        lines.iter().map(|line| line["text"].as_str().unwrap().to_owned()).collect()
    }

    /// Files that lie in the folder, named or not.
    fn files(&self) -> usize {
        let folder = self.folder.join(self.world.workspace.uuid.to_string());
        std::fs::read_dir(folder).map(|there| there.count()).unwrap_or_default()
    }

    async fn counts(&self) -> Vec<TallyRow> {
        let kinds = vec![
            TallyKind::Message,
            TallyKind::Flow,
            TallyKind::Answer,
            TallyKind::CarrierTime,
            TallyKind::Node,
            TallyKind::NewContact,
            TallyKind::Consent,
        ];
        self.ctx.store.tallies(self.world.workspace.id, kinds, i32::MIN, i32::MAX).await.unwrap()
    }
}

async fn goes_into_files(world: World) {
    let past = Past::new(world).await;
    let counts = past.counts().await;
    past.archive().await;
    assert_eq!(
        past.listed().await,
        Vec::<String>::new(),
        "all is kept for good until somebody says otherwise"
    );
    past.keep(30).await;
    past.archive().await;
    assert_eq!(
        past.listed().await,
        [
            "message daily 2027-03-18 2",
            "message monthly 2027-01-01 9",
            "message monthly 2027-02-01 2",
            "run daily 2027-03-18 2",
            "run monthly 2027-01-01 2",
        ]
    );
    assert_eq!(past.counts().await, counts, "reports show what they showed");
    let said = past.said().await;
    assert_eq!(said[..3], ["hi", "Hello! What is your name?", "Amina"]);
    assert_eq!(past.world.transcript(AMINA).await, Vec::<String>::new());
    let left = ["out queued Hello! What is your name?"];
    assert_eq!(past.world.transcript(CARO).await, left, "what is to be sent stays");
    assert_eq!(past.files(), 5, "files of days that lie in one of a month are gone");
    past.archive().await;
    assert_eq!(past.said().await, said, "a second time there is nothing to do");
}

async fn what_comes_late_goes_behind(world: World) {
    let past = Past::new(world).await;
    past.keep(30).await;
    past.archive().await;
    let due = past.ctx.store.outbox_in_hand(past.ctx.run).await.unwrap();
    past.sent(due.items).await;
    past.archive().await;
    assert_eq!(past.said().await.len(), 13, "what was changed just now stays");
    past.world.host.forward(2 * 3_600);
    past.archive().await;
    let lines = past.lines("message").await;
    assert_eq!(lines.len(), 14);
    let late = &lines[9];
    assert_eq!(
        (late["text"].as_str(), late["status"].as_str()),
        (Some("Hello! What is your name?"), Some("wired"))
    );
    assert_eq!(late["created_on"].as_str().unwrap()[..10], *"2027-01-17");
    assert_eq!(past.world.transcript(CARO).await, Vec::<String>::new());
}

async fn the_erased_leave_files(world: World) {
    let past = Past::new(world).await;
    past.keep(30).await;
    past.archive().await;
    let (before, runs) = (past.lines("message").await, past.lines("run").await);
    let named =
        |lines: &[Value], word: &str| lines.iter().filter(|line| line.to_string().contains(word)).count();
    assert!(named(&before, AMINA) > 0 && named(&before, "Amina") > 0 && named(&runs, "Amina") > 0);
    let contact = past.world.conversation(AMINA).await.unwrap().contact;
    let others = |lines: &[Value]| -> Vec<Value> {
        let theirs = |line: &&Value| line["contact"]["uuid"].as_str() != Some(&contact.uuid.to_string());
        lines.iter().filter(theirs).cloned().collect()
    };
    act_on_contacts(&past.ctx, past.world.workspace.id, &[contact.id], ContactAction::Erase).await.unwrap();
    past.world.host.forward(3_600);
    // The next look begins it, though nothing else is to be done today.
    archive_what_is_due(&past.ctx).await.unwrap();
    assert!(matches!(begin_archiving(&past.ctx, past.world.workspace.id).await, Err(JobError::Twice)));
    let jobs = past
        .ctx
        .store
        .list_jobs(
            past.world.workspace.id,
            JobKind::Archive,
            (i64::MIN, i64::MAX),
            store::Walk { from: None, up: false, limit: 1 },
        )
        .await
        .unwrap();
    operations::work_off(&past.ctx, past.world.workspace.id, jobs[0].id, |_| {}).await.unwrap();
    let (after, runs_after) = (past.lines("message").await, past.lines("run").await);
    for word in [AMINA, "Amina", "are you there", "27\""] {
        assert_eq!((named(&after, word), named(&runs_after, word)), (0, 0), "{word}");
    }
    assert_eq!((after.len(), runs_after.len()), (before.len(), runs.len()), "what was counted is there");
    assert_eq!(
        (others(&after), others(&runs_after)),
        (others(&before), others(&runs)),
        "others lose nothing"
    );
    let asked = past.ctx.store.archive_erasures(past.world.workspace.id).await.unwrap();
    assert!(asked.is_empty(), "{asked:?}");
    assert_eq!(past.files(), past.archives().await.len(), "the files that named them are gone");
    let verified = past.ctx.store.verify(None).await.unwrap();
    assert!(verified.is_right(), "{verified:#?}");
}

#[tokio::test]
async fn what_is_too_old_goes_into_files_on_sqlite() {
    goes_into_files(World::new().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_old_goes_into_files_on_postgresql() {
    goes_into_files(World::on(Cluster::shared().database()).await).await;
}

#[tokio::test]
async fn what_comes_late_goes_behind_the_others_on_sqlite() {
    what_comes_late_goes_behind(World::new().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_late_goes_behind_the_others_on_postgresql() {
    what_comes_late_goes_behind(World::on(Cluster::shared().database()).await).await;
}

#[tokio::test]
async fn files_are_emptied_of_the_erased_on_sqlite() {
    the_erased_leave_files(World::new().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_are_emptied_of_the_erased_on_postgresql() {
    the_erased_leave_files(World::on(Cluster::shared().database()).await).await;
}

#[tokio::test]
async fn nothing_is_removed_that_does_not_come_back() {
    let past = Past::new(World::new().await).await;
    past.keep(30).await;
    let before = past.world.transcript(BEN).await;
    // Where the folder should be lies a file.
    std::fs::write(&past.folder, b"in the way").unwrap();
    let mut job = begin_archiving(&past.ctx, past.world.workspace.id).await.unwrap();
    while job.failures == 0 {
        job = run_job_slice(&past.ctx, job).await.unwrap().value;
        assert_eq!(job.ended_on, None);
    }
    assert!(job.error.is_some_and(|error| error.contains("folder")), "{:?}", job.place);
    assert_eq!(past.world.transcript(BEN).await, before);
    // Once it can be written, the job goes on where it was.
    std::fs::remove_file(&past.folder).unwrap();
    past.world.host.forward(10);
    operations::work_off(&past.ctx, past.world.workspace.id, job.id, |_| {}).await.unwrap();
    assert_eq!(past.said().await.len(), 13);
}

#[tokio::test]
async fn a_workspace_is_looked_at_once_a_day() {
    let past = Past::new(World::new().await).await;
    archive_what_is_due(&past.ctx).await.unwrap();
    assert_eq!(past.ctx.store.next_job_due().await.unwrap(), None, "it keeps all for good");
    past.keep(30).await;
    archive_what_is_due(&past.world.ctx).await.unwrap();
    assert_eq!(past.ctx.store.next_job_due().await.unwrap(), None, "there is no place for files");
    for expected in [true, false] {
        archive_what_is_due(&past.ctx).await.unwrap();
        let kept = retention(&past.ctx, past.world.workspace.id).await.unwrap();
        assert!(kept.looked_on.is_some());
        let due = past.ctx.store.due_jobs_of_each(past.ctx.now(), 10).await.unwrap();
        assert_eq!(!due.is_empty(), expected);
        for job in due.into_iter().flat_map(|due| due.jobs) {
            operations::work_off(&past.ctx, past.world.workspace.id, job.id, |_| {}).await.unwrap();
        }
    }
    let today = past.ctx.now() + SignedDuration::from_hours(24);
    past.world.host.forward(DAY);
    assert!(past.ctx.now() >= today);
    archive_what_is_due(&past.ctx).await.unwrap();
    assert!(past.ctx.store.next_job_due().await.unwrap().is_some());
}

#[tokio::test]
async fn says_how_long_rows_can_be_kept() {
    let past = Past::new(World::new().await).await;
    for (days, good) in [(0, false), (6, false), (7, true), (36_500, true), (36_501, false)] {
        let row = RetentionRow { runs: Some(days), ..RetentionRow::for_good(past.world.workspace.id) };
        assert_eq!(set_retention(&past.ctx, row).await.is_ok(), good, "{days}");
    }
}

/// The log of who changed what, and what happened on lines, go for good after so many days.
async fn logs_go_for_good(past: Past) {
    let workspace = past.world.workspace.id;
    let actor = store::Actor {
        workspace: Some(workspace),
        user: None,
        who: "ann@example.org".into(),
        means: store::ActorMeans::CommandLine,
        proof: None,
    };
    let acting = past.ctx.acting(actor);
    let label = async |name: &str| save_label(&acting, workspace, None, name).await.unwrap();
    let happens = async |number: i64| {
        let now = past.ctx.now();
        let row = store::ChannelEventRow {
            id: domain::ChannelEventId(past.ctx.store.ids().next(now)),
            workspace,
            kind: "call-in".into(),
            contact: domain::ContactId(number),
            channel: past.world.line.id,
            extra: None,
            occurred_on: now,
            created_on: now,
        };
        let unit = store::Unit::new(vec![store::Change::ChannelEvent(Box::new(row))]);
        past.ctx.store.write_one(unit).await.unwrap();
    };
    for number in 0..3 {
        label(&format!("Old {number}")).await;
        happens(number).await;
    }
    past.world.host.forward(10 * DAY);
    label("New").await;
    happens(9).await;
    let left = async || {
        let (mut left, end) = (Vec::new(), past.ctx.now() + SignedDuration::from_hours(1));
        for log in [store::KeptLog::Audit, store::KeptLog::ChannelEvents] {
            left.push(past.ctx.store.logged_before(workspace, log, end, 100).await.unwrap().len());
        }
        left
    };
    assert_eq!(left().await, [4, 4]);
    past.archive().await;
    assert_eq!(left().await, [4, 4], "for good, unless somebody says otherwise");
    let row = RetentionRow { audit: Some(8), channel_events: Some(7), ..RetentionRow::for_good(workspace) };
    set_retention(&past.ctx, row).await.unwrap();
    past.archive().await;
    assert_eq!(left().await, [1, 1]);
    assert_eq!(past.archives().await.len(), 0, "nothing else was touched");
}

#[tokio::test]
async fn logs_go_for_good_on_sqlite() {
    logs_go_for_good(Past::new(World::new().await).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logs_go_for_good_on_postgresql() {
    logs_go_for_good(Past::new(World::on(Cluster::shared().database()).await).await).await;
}
