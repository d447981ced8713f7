//! All that a run consists of: the store that nodes share, the weather, what the world outside knows.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::{ChannelUuid, Urn};
use expressions::Ambient as _;
use jiff::SignedDuration;
use operations::{Context, NewChannel, NewWorkspace};
use serde_json::json;
use store::{ChannelRow, Store, StoreOptions, StoreUrl, WorkspaceRow};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::chance::Chance;
use crate::gate::Gate;
use crate::host::SkewedHost;
use crate::ledger::{Ledger, Place};
use crate::marks::{Mark, Marks};
use crate::programme;
use crate::scenario::{CarrierRates, Scenario, StoreRates};
use crate::trace::{Show, Trace};

/// Requests that a node may have under way on a line.
pub const WINDOW: usize = 3;
/// Messages a second on the second line.
pub const SLOW_RATE: i64 = 4;
/// The slot of row numbers of what is written from outside of the nodes.
const SETUP_SLOT: u8 = 31;
/// Complaints that are kept.
const COMPLAINTS_MAX: usize = 20;

/// A run of a node.
pub struct Running {
    /// The node.
    pub node: node::Node,
    /// Its gate.
    pub gate: Arc<Gate>,
    /// Its place among the nodes.
    pub slot: usize,
    /// Its number.
    pub run: u64,
    /// The number of the run that sends through this gate now.
    pub sends_as: Arc<AtomicU64>,
}

/// The weather now.
#[derive(Clone, Debug, Default)]
pub struct Weather {
    /// At the store.
    pub store: StoreRates,
    /// At the carrier of each line, and at the service.
    pub carriers: [CarrierRates; 3],
}

/// Streams of chance, one for each part.
#[derive(Debug)]
pub struct Chances {
    /// What happens to nodes.
    pub nodes: Chance,
    /// What happens at the store.
    pub store: Chance,
    /// What carriers do.
    pub carriers: Chance,
    /// What people do.
    pub people: Chance,
}

/// A run.
pub struct World {
    /// What decides it.
    pub seed: u64,
    /// The plan.
    pub scenario: Scenario,
    /// Chance.
    pub chance: Chances,
    /// What happened.
    pub trace: Trace,
    /// What was met.
    pub marks: Marks,
    /// The store as nobody else sees it: without faults.
    pub store: Store,
    /// The workspace.
    pub workspace: WorkspaceRow,
    /// Its lines.
    pub lines: Vec<ChannelRow>,
    /// The weather now.
    pub weather: Mutex<Weather>,
    /// For which nodes the database is away.
    pub away: Vec<AtomicBool>,
    /// The clocks of the nodes.
    pub hosts: Vec<Arc<SkewedHost>>,
    /// Who runs.
    pub slots: Mutex<Vec<Option<Arc<Running>>>>,
    /// What is known outside.
    pub ledger: Mutex<Ledger>,
    /// Whether faults go on.
    pub stormy: AtomicBool,
    /// Rung when they end.
    pub calm: Notify,
    /// Which nodes have found their rest after the faults: they run, or they stay away.
    pub settled: Vec<AtomicBool>,
    /// Tasks of the world outside that have not come to their end.
    pub outstanding: AtomicUsize,
    /// What nodes have under way: the run, where, to whom.
    pub under_way: Mutex<Vec<(u64, Place, String)>>,
    /// Who has which lease: the run and the fence.
    pub leases: Mutex<BTreeMap<&'static str, (i64, i64)>>,
    /// Runs that have begun to give theirs back.
    pub giving_back: Mutex<BTreeSet<i64>>,
    start: Instant,
    sequence: AtomicU64,
    runs: AtomicU64,
    complaints: Mutex<Vec<String>>,
}

impl World {
    /// An empty programme on an empty store.
    ///
    /// # Panics
    /// When the store does not take it: there are no faults yet.
    pub async fn new(seed: u64, nodes: u64, show: Show) -> Arc<Self> {
        let scenario = Scenario::new(seed, nodes);
        let trace = Trace::new(show);
        let options = StoreOptions { writer_cache_kib: 2_048, ..StoreOptions::default() };
        // The slot of a command comes from the process's number, which no seed decides.
        let store = Store::open(&StoreUrl::Memory, options).expect("memory").with_id_slot(SETUP_SLOT);
        let right = Arc::new(SkewedHost::new(seed, "setup"));
        let setup = Context::for_command(store.clone(), right.clone());
        let new = NewWorkspace {
            name: "Simulated".into(),
            timezone: "Africa/Nairobi".into(),
            country: Some("KE".into()),
            languages: vec!["eng".into()],
            date_format: "DD-MM-YYYY".into(),
        };
        let workspace = operations::create_workspace(&setup, new).await.expect("no faults yet");
        let mut lines = Vec::new();
        for (name, rate) in [("one", None), ("two", Some(SLOW_RATE))] {
            lines.push(line(&setup, &workspace, name, rate).await);
        }
        programme::write(&store, workspace.id, right.now()).await;
        let hosts: Vec<_> = (0..scenario.nodes)
            .map(|slot| Arc::new(SkewedHost::new(seed, &format!("node {slot}"))))
            .collect();
        Arc::new(Self {
            seed,
            chance: Chances {
                nodes: Chance::new(seed, "nodes"),
                store: Chance::new(seed, "store"),
                carriers: Chance::new(seed, "carriers"),
                people: Chance::new(seed, "people"),
            },
            trace,
            marks: Marks::default(),
            store,
            workspace,
            lines,
            weather: Mutex::default(),
            away: hosts.iter().map(|_| AtomicBool::new(false)).collect(),
            settled: hosts.iter().map(|_| AtomicBool::new(false)).collect(),
            slots: Mutex::new(hosts.iter().map(|_| None).collect()),
            hosts,
            ledger: Mutex::default(),
            stormy: AtomicBool::new(true),
            calm: Notify::new(),
            outstanding: AtomicUsize::new(0),
            under_way: Mutex::default(),
            leases: Mutex::default(),
            giving_back: Mutex::default(),
            start: Instant::now(),
            sequence: AtomicU64::new(1),
            runs: AtomicU64::new(1),
            complaints: Mutex::default(),
            scenario,
        })
    }

    /// Virtual time since the start.
    pub fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// The place of what happens now in the order of all that happens.
    pub fn next_sequence(&self) -> u64 {
        self.sequence.fetch_add(1, Ordering::Relaxed)
    }

    /// The number of a new run of a node.
    pub fn next_run(&self) -> u64 {
        self.runs.fetch_add(1, Ordering::Relaxed)
    }

    /// Whether faults go on.
    pub fn is_stormy(&self) -> bool {
        self.stormy.load(Ordering::Relaxed)
    }

    /// What is known outside.
    pub fn ledger(&self) -> MutexGuard<'_, Ledger> {
        lock(&self.ledger)
    }

    /// The weather now.
    pub fn weather(&self) -> Weather {
        lock(&self.weather).clone()
    }

    /// Something that must never happen has happened.
    pub fn complain(&self, complaint: fmt::Arguments<'_>) {
        self.trace.note(format_args!("COMPLAINT: {complaint}"));
        let mut complaints = lock(&self.complaints);
        if complaints.len() < COMPLAINTS_MAX {
            complaints.push(complaint.to_string());
        }
    }

    /// What must never happen and did.
    pub fn complaints(&self) -> Vec<String> {
        lock(&self.complaints).clone()
    }

    /// The address of a person.
    pub fn urn(&self, person: usize) -> Urn {
        Urn::new("tel", format!("+2547220000{person:02}"))
    }

    /// The line of a person.
    pub fn line_of(&self, person: usize) -> ChannelUuid {
        self.lines[person % self.lines.len()].uuid
    }

    /// A task of the world outside, which counts until it has come to its end.
    pub fn task(self: &Arc<Self>, work: impl Future<Output = ()> + Send + 'static) {
        self.outstanding.fetch_add(1, Ordering::Relaxed);
        let world = self.clone();
        tokio::spawn(async move {
            work.await;
            world.outstanding.fetch_sub(1, Ordering::Relaxed);
        });
    }

    /// Sets each clock wrong by as much as the plan allows.
    pub fn skew_clocks(&self) {
        for host in &self.hosts {
            let most = self.scenario.skew_seconds.unsigned_abs();
            let by = i64::try_from(self.chance.nodes.below(2 * most + 1)).unwrap_or_default();
            let by = by - self.scenario.skew_seconds;
            if by != 0 {
                self.marks.hit(Mark::ClockSkewed);
            }
            host.set_offset(SignedDuration::from_secs(by));
        }
    }
}

/// A lock that a panic elsewhere does not spoil.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn line(ctx: &Context, workspace: &WorkspaceRow, name: &str, rate: Option<i64>) -> ChannelRow {
    let url = format!("http://{name}.example/send");
    let body = "{\"to\":{{to}},\"text\":{{text}}}";
    let new = NewChannel {
        workspace: workspace.id,
        uuid: None,
        channel_type: "EX".into(),
        name: name.into(),
        address: "2020".into(),
        schemes: Vec::new(),
        country: None,
        config: json!({"send_url": url, "content_type": "json", "body": body}),
        rate: rate.map(store::Rate::per_second),
    };
    operations::add_channel(ctx, new).await.expect("no faults yet")
}
