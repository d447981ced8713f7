//! How fast a campaign is planned for everybody, and how many messages a second a broadcast queues: operations and
//! store alone, no node, no carrier.
//!
//! `cargo run --release -p operations --example broadcast_rate [people] [database URL]`, without a URL on SQLite in a
//! temporary folder.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use std::time::Instant;

use domain::{ContactId, ContactStatus, GroupId, GroupUuid, UrnId, WorkspaceId};
use expressions::Ambient;
use flows::Host;
use jiff::Timestamp;
use operations::{
    Broadcast, Context, NewChannel, NewWorkspace, Point, PointDoes, PointNamed, Recipients, Said, broadcast,
    run_job_slice, save_campaign, save_campaign_event,
};
use store::{
    Change, ContactRow, DefinitionChange, GroupRow, JobRow, NewContact, Store, StoreOptions, StoreUrl, Unit,
    UrnRow,
};
use uuid::Uuid;

/// The machine's clock and a counter instead of chance.
struct Machine(AtomicU64);

impl Ambient for Machine {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
    fn random(&self) -> u64 {
        let drawn = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        let mixed = (drawn ^ (drawn >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb)
    }
}

impl Host for Machine {
    fn uuid_v7(&self) -> Uuid {
        let mut bytes = [0; 10];
        bytes[..8].copy_from_slice(&self.random().to_le_bytes());
        let millis = u64::try_from(Timestamp::now().as_millisecond()).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
    }
    fn uuid_v4(&self) -> Uuid {
        uuid::Builder::from_random_bytes(u128::from(self.random()).to_be_bytes()).into_uuid()
    }
}

/// People who are made in one transaction.
const AT_ONCE: i64 = 5_000;

#[tokio::main(worker_threads = 2)]
async fn main() {
    let people: i64 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(100_000);
    let folder = tempfile::tempdir().expect("a scratch folder");
    let url = match std::env::args().nth(2) {
        Some(url) => url.parse().expect("an address of a database"),
        None => StoreUrl::Sqlite(folder.path().join("rate.db")),
    };
    let store = Store::open(&url, StoreOptions::default()).expect("a scratch store");
    let host =
        Arc::new(Machine(AtomicU64::new(u64::try_from(Timestamp::now().as_microsecond()).unwrap_or(7))));
    let ctx = Context::for_command(store, host);
    let (workspace, group) = prepare(&ctx).await;
    make_people(&ctx, workspace, group.id, people).await;
    plan_campaign(&ctx, workspace, group.uuid).await;
    let to = Recipients { groups: vec![group.uuid], ..Recipients::default() };
    let said = Said::Text("The clinic opens at eight tomorrow. Bring your card.".to_owned());
    let asked = Broadcast { workspace, said, to, unique_key: None };
    let job = broadcast(&ctx, asked).await.expect("a job");
    let job = work_off(&ctx, job, "messages queued").await;
    println!("{} left out, error {:?}", job.left_out, job.error);
    println!("outbox now (in hand, waiting, dead): {:?}", ctx.store.outbox_depth().await.expect("counts"));
}

/// Does a job to its end and says how fast that was.
async fn work_off(ctx: &Context, mut job: JobRow, what: &str) -> JobRow {
    let (begun, mut longest, mut slices) = (Instant::now(), std::time::Duration::ZERO, 0_u32);
    while job.ended_on.is_none() {
        let slice = Instant::now();
        job = run_job_slice(ctx, job).await.expect("a slice").value;
        longest = longest.max(slice.elapsed());
        slices += 1;
    }
    let took = begun.elapsed();
    let rate = job.done as f64 / took.as_secs_f64();
    println!("{} {what} in {took:.2?}: {rate:.0}/s; {slices} slices, the longest {longest:.1?}", job.done);
    job
}

/// A point thirty days after each person came, planned, moved by a day and planned again.
async fn plan_campaign(ctx: &Context, workspace: WorkspaceId, group: GroupUuid) {
    let campaign = save_campaign(ctx, workspace, None, "Welcome", group).await.expect("a campaign").row.uuid;
    let mut which = PointNamed::New(campaign);
    for offset in [30, 29] {
        let texts = [("eng".into(), "Are you well?".to_owned())].into();
        let does = PointDoes::Says { texts, base_language: "eng".into() };
        let (relative_to, unit) = ("created_on".into(), "D".into());
        let point = Point { relative_to, offset, unit, delivery_hour: 9, mode: None, does };
        let saved = save_campaign_event(ctx, workspace, which, &point).await.expect("a point");
        which = PointNamed::Known(saved.row.uuid);
        let jobs = ctx.store.jobs(workspace, 1).await.expect("jobs");
        work_off(ctx, jobs.into_iter().next().expect("one to plan"), "people planned").await;
    }
}

async fn prepare(ctx: &Context) -> (WorkspaceId, GroupRow) {
    let new = NewWorkspace {
        name: format!("Rate {}", ctx.host.random()).into(),
        timezone: "Africa/Nairobi".into(),
        country: Some("KE".into()),
        languages: vec!["eng".into()],
        date_format: "DD-MM-YYYY".into(),
    };
    let workspace = operations::create_workspace(ctx, new).await.expect("a workspace").id;
    let line = NewChannel {
        workspace,
        uuid: None,
        channel_type: "EX".into(),
        name: "Line".into(),
        address: "2020".into(),
        schemes: vec!["tel".into()],
        country: None,
        config: serde_json::json!({"send_url": "http://127.0.0.1:1/"}),
        rate: None,
    };
    operations::add_channel(ctx, line).await.expect("a line");
    let group = GroupRow {
        id: GroupId(ctx.store.ids().next(ctx.now())),
        uuid: ctx.host.uuid_v4().into(),
        name: "Everybody".into(),
        query: None,
    };
    let change = Change::Definition(workspace, DefinitionChange::Group(group.clone()));
    ctx.store.write_one(Unit::new(vec![change])).await.expect("a group");
    (workspace, group)
}

async fn make_people(ctx: &Context, workspace: WorkspaceId, group: GroupId, people: i64) {
    let making = Instant::now();
    for from in (0..people).step_by(usize::try_from(AT_ONCE).expect("a small number")) {
        let now = ctx.now();
        let next = || ctx.store.ids().next(now);
        let changes = (from..people.min(from + AT_ONCE)).flat_map(|number| {
            let contact = ContactRow {
                id: ContactId(next()),
                workspace,
                uuid: ctx.host.uuid_v7().into(),
                version: 1,
                name: "".into(),
                language: None,
                status: ContactStatus::Active,
                timezone: None,
                fields: std::collections::BTreeMap::new(),
                session: None,
                flow: None,
                created_on: now,
                last_seen_on: None,
                groups_as_of: 0,
            };
            let urn = UrnRow {
                id: UrnId(next()),
                scheme: "tel".into(),
                path: format!("+2547{number:08}").into(),
                display: None,
                priority: 1_000,
                channel: None,
            };
            let join = Change::JoinGroup(workspace, contact.id, group, now);
            [Change::NewContact(Box::new(NewContact { contact, urns: vec![urn] })), join]
        });
        ctx.store.write_one(Unit::new(changes.collect())).await.expect("people");
    }
    println!("{people} people made in {:.1?}", making.elapsed());
}
