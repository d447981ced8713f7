//! How many messages a second go through a two-question flow, everything but carriers and HTTP included: load,
//! engine, one commit, replies handed over, "sent" recorded. On a store where every contact has a conversation.
//!
//! `cargo run --release -p operations --example receive_rate [contacts] [batch] [batches at once] [messages] [file to keep, or postgres://…]`

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use channels::InboundMessage;
use domain::{FlowId, TriggerId, WorkspaceId};
use expressions::Ambient;
use flows::Host;
use jiff::Timestamp;
use operations::{
    Context, InboundItem, InboundKind, NewChannel, NewWorkspace, SendOutcome, SentRecord, receive,
    record_sent,
};
use serde_json::Value;
use store::{
    Change, DefinitionChange, FlowRow, NewNode, Registration, RevisionRow, Store, StoreOptions, StoreUrl,
    TriggerRow, Unit,
};
use uuid::Uuid;

const EXPORT: &str = include_str!("../../../testdata/drill/two_questions.json");

static REPLIES: AtomicU64 = AtomicU64::new(0);

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

fn argument(place: usize, otherwise: usize) -> usize {
    std::env::args().nth(place).and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

#[tokio::main(worker_threads = 2)]
async fn main() {
    let (contacts, batch, at_once) = (argument(1, 100_000), argument(2, 200), argument(3, 4));
    let messages = argument(4, 100_000);
    let folder = tempfile::tempdir().expect("a scratch folder");
    let file = folder.path().join("rate.db");
    let url =
        std::env::args().nth(5).map_or(Ok(StoreUrl::Sqlite(file)), |place| place.parse()).expect("a place");
    let store = Store::open(&url, StoreOptions::default()).expect("a scratch store");
    let host = Arc::new(Machine(AtomicU64::new(7)));
    let node = NewNode {
        name: "rate".into(),
        version: "1.0".into(),
        address: "nowhere".into(),
        host: "here".into(),
        process: "".into(),
        ttl: jiff::SignedDuration::from_secs(10),
        alone: true,
    };
    let Ok(Registration::Done(registered)) = store.register(node, Timestamp::now()).await else {
        panic!("the scratch store takes a node");
    };
    let ctx = Context::for_run(&store, host.clone(), &registered);
    let line = prepare(&ctx).await;

    let item = |contact: usize, text: &str| InboundItem {
        channel: line,
        kind: InboundKind::Message(InboundMessage {
            urn: format!("tel:+2547{contact:08}").parse().expect("an address"),
            other_urns: Vec::new(),
            text: text.to_owned(),
            attachments: Vec::new(),
            sent_on: None,
            external_id: Some(format!("{:016x}", host.random()).into()),
            name: None,
            payload: None,
        }),
        stamp: None,
    };
    let everyone: Vec<_> = (0..contacts).map(|contact| item(contact, "hello 1")).collect();
    let took = run(&ctx, everyone, batch, at_once).await;
    report("first message of a new contact", contacts, took);
    for round in 1..=2 {
        let random = (0..messages).map(|_| item((host.random() % contacts as u64) as usize, "answer 42"));
        let took = run(&ctx, random.collect(), batch, at_once).await;
        report(&format!("steady state, round {round}"), messages, took);
    }
}

fn report(what: &str, items: usize, took: Duration) {
    println!("{what}: {:.0} items/s ({items} in {took:.2?})", items as f64 / took.as_secs_f64());
}

/// Processor time used so far in microseconds: of the whole process and of the writer. It says more than the clock
/// on a machine that does other work too. Zero where there is no /proc.
fn processor_time() -> (f64, f64) {
    let ticks = |stat: String| -> f64 {
        let after_name = stat.rsplit(')').next().unwrap_or_default().to_owned();
        let fields: Vec<f64> = after_name.split_whitespace().skip(11).take(2).flat_map(str::parse).collect();
        fields.iter().sum::<f64>() * 10_000.0
    };
    let all = std::fs::read_to_string("/proc/self/stat").map(ticks).unwrap_or_default();
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let stats = threads.flat_map(|thread| std::fs::read_to_string(thread.path().join("stat")));
    let writer = stats.filter(|stat| stat.contains("(store-writer)")).map(ticks).sum();
    (all, writer)
}

async fn run(ctx: &Context, mut items: Vec<InboundItem>, batch: usize, at_once: usize) -> Duration {
    let started = Instant::now();
    let (count, before) = (items.len() as f64, processor_time());
    let mut running = tokio::task::JoinSet::new();
    while !items.is_empty() {
        let part = items.split_off(items.len().saturating_sub(batch));
        if running.len() >= at_once {
            running.join_next().await.transpose().expect("no panic");
        }
        let ctx = ctx.clone();
        running.spawn(async move {
            let committed = receive(&ctx, part).await;
            assert!(committed.value.iter().all(Result::is_ok), "{:?}", committed.value);
            REPLIES.fetch_add(committed.outbox.len() as u64, Ordering::Relaxed);
            let outcome = || SendOutcome::Wired { external_id: None };
            let records = committed.outbox.into_iter().map(|item| SentRecord { item, outcome: outcome() });
            record_sent(&ctx, records.collect()).await.expect("recorded");
        });
    }
    while running.join_next().await.transpose().expect("no panic").is_some() {}
    let after = processor_time();
    let (all, writer) = ((after.0 - before.0) / count, (after.1 - before.1) / count);
    let counts = ctx.store.outbox_depth().await.expect("counts");
    println!("  replies so far: {}; in the outbox now: {counts:?}", REPLIES.load(Ordering::Relaxed));
    println!("  processor time: {all:.0} µs an item, of which the writer {writer:.0} µs");
    started.elapsed()
}

async fn prepare(ctx: &Context) -> domain::ChannelUuid {
    let workspace = operations::create_workspace(
        ctx,
        NewWorkspace {
            name: "Rate".into(),
            timezone: "UTC".into(),
            country: None,
            languages: vec!["eng".into()],
            date_format: "YYYY-MM-DD".into(),
        },
    )
    .await
    .expect("a workspace");
    let line = operations::add_channel(
        ctx,
        NewChannel {
            workspace: workspace.id,
            uuid: None,
            channel_type: "EX".into(),
            name: "Line".into(),
            address: "2020".into(),
            schemes: vec!["tel".into()],
            country: None,
            config: serde_json::json!({"send_url": "http://127.0.0.1:1/"}),
            rate: None,
        },
    )
    .await
    .expect("a line");
    add_flow(ctx, workspace.id).await;
    line.uuid
}

async fn add_flow(ctx: &Context, workspace: WorkspaceId) {
    let export: Value = serde_json::from_str(EXPORT).expect("an export");
    let definition = &export["flows"][0];
    let now = ctx.now();
    let flow = FlowRow {
        id: FlowId(ctx.store.ids().next(now)),
        uuid: definition["uuid"].as_str().expect("a uuid").parse().expect("a uuid"),
        name: "Two questions".into(),
        flow_type: "messaging".into(),
        expire_after_minutes: 60,
        ignore_triggers: false,
        revision: 1,
        archived: false,
        created_on: now,
        modified_on: now,
    };
    let revision = RevisionRow {
        flow: flow.id,
        revision: 1,
        definition: definition.to_string().into(),
        created_on: now,
    };
    let trigger = TriggerRow {
        id: TriggerId(ctx.store.ids().next(now)),
        trigger_type: "C".into(),
        flow: flow.id,
        keywords: Vec::new(),
        match_type: None,
        include_groups: Vec::new(),
        exclude_groups: Vec::new(),
        channel: None,
        detail: Value::Null,
        archived: false,
        created_on: now,
    };
    let changes = [
        DefinitionChange::Flow(flow),
        DefinitionChange::Revision(revision),
        DefinitionChange::Trigger(trigger),
    ];
    let changes = changes.map(|change| Change::Definition(workspace, change)).to_vec();
    ctx.store.write_one(Unit::new(changes)).await.expect("a flow");
}
