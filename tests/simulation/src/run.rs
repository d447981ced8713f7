//! One run: the storm, the calm after it, the checks.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use expressions::Ambient as _;
use jiff::SignedDuration;
use store::TimerKind;
use tokio::time::{Instant, sleep};

use crate::check;
use crate::listening::{self, Listener};
use crate::marks::Marks;
use crate::scenario::{CarrierRates, StoreRates};
use crate::trace::Show;
use crate::world::{Weather, World, lock};
use crate::{jobs, nodes, people};

/// Within this virtual time after the faults everything is done: the longest pause of a message that failed again and
/// again, a reminder, and what comes of them.
pub const DRAIN_WITHIN: Duration = Duration::from_secs(20 * 60);

/// What a run came to.
#[derive(Debug)]
pub struct Outcome {
    /// What decided it.
    pub seed: u64,
    /// What must never happen and did.
    pub complaints: Vec<String>,
    /// What was met.
    pub marks: Marks,
    /// The hash of its trace.
    pub hash: u64,
    /// Events in its trace.
    pub events: u64,
    /// Inputs that were handed in.
    pub inputs: usize,
    /// Requests that arrived at carriers and services.
    pub arrivals: usize,
    /// The lines of its trace, if they were to be kept.
    pub lines: Vec<String>,
    /// Virtual time that it took.
    pub took: Duration,
    /// Virtual time from the end of the faults until all was done.
    pub drained: Duration,
}

/// Runs a seed with at most so many nodes, on this thread.
///
/// # Panics
/// When no runtime can be made.
pub fn seed(seed: u64, nodes: u64, show: Show) -> Outcome {
    let _ = listening::panics();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without threads");
    let (world, drained) = runtime.block_on(async {
        let world = World::new(seed, nodes, show).await;
        let listener = tracing::Dispatch::new(Listener(world.clone()));
        let guard = tracing::dispatcher::set_default(&listener);
        let drained = storm_and_calm(&world).await;
        check::all(&world).await;
        drop(guard);
        (world, drained)
    });
    let panics = listening::panics();
    if panics > 0 {
        world.complain(format_args!("{panics} panics"));
    }
    let (inputs, arrivals) = {
        let ledger = world.ledger();
        (ledger.inputs.len(), ledger.arrivals.len())
    };
    let outcome = Outcome {
        seed,
        complaints: world.complaints(),
        marks: Marks::default(),
        hash: world.trace.hash(),
        events: world.trace.events(),
        inputs,
        arrivals,
        lines: world.trace.lines(),
        took: runtime.block_on(async { world.elapsed() }),
        drained,
    };
    outcome.marks.add(&world.marks);
    // Nodes know the world and the world knows nodes.
    lock(&world.slots).clear();
    drop(runtime);
    outcome
}

/// Answers how long it took until all was done after the faults.
async fn storm_and_calm(world: &Arc<World>) -> Duration {
    world.skew_clocks();
    for slot in 0..world.scenario.nodes {
        tokio::spawn(nodes::live(world.clone(), slot));
    }
    for person in 0..world.scenario.people {
        world.task(people::write(world.clone(), person));
    }
    world.task(jobs::ask(world.clone()));
    let changing = tokio::spawn(change_weather(world.clone()));
    sleep(world.scenario.storm).await;
    changing.abort();
    world.calm_down();
    let since = Instant::now();
    while !is_done(world).await {
        if since.elapsed() > DRAIN_WITHIN {
            complain_of_what_is_left(world).await;
            break;
        }
        for running in world.running() {
            if running.node.has_lost_a_worker() {
                world.complain(format_args!("node {} lost a worker", running.slot));
            }
        }
        sleep(Duration::from_millis(500)).await;
    }
    let drained = since.elapsed();
    for running in world.running() {
        if !running.node.stop().await {
            world.complain(format_args!("node {} does not stop in calm weather", running.slot));
        }
    }
    drained
}

async fn change_weather(world: Arc<World>) {
    let chance = &world.chance.nodes;
    loop {
        let (store, carriers) = (world.scenario.store, world.scenario.carriers);
        let bad = |per_mille: u64| chance.happens(per_mille);
        let weather = Weather {
            store: if bad(600) { store } else { StoreRates::default() },
            carriers: [(); 3].map(|()| match (bad(600), bad(100)) {
                (_, true) => CarrierRates { refused: 1_000, ..carriers },
                (true, false) => carriers,
                (false, false) => CarrierRates::default(),
            }),
        };
        world.trace.note(format_args!("{weather:?}"));
        *lock(&world.weather) = weather;
        sleep(chance.millis(2_000, 15_000)).await;
    }
}

/// Whether everybody was answered and nothing waits any more.
async fn is_done(world: &World) -> bool {
    let store = &world.store;
    let settled = world.settled.iter().all(|settled| settled.load(Ordering::Relaxed));
    if !settled
        || world.outstanding.load(Ordering::Relaxed) > 0
        || !matches!(store.outbox_depth().await, Ok((0, 0, _)))
    {
        return false;
    }
    let later = world.hosts[0].now() + SignedDuration::from_hours(1);
    let soon: Vec<TimerKind> = TimerKind::ALL
        .into_iter()
        .filter(|kind| *kind != TimerKind::Expiry && *kind != TimerKind::WindowEnd)
        .collect();
    let timers = store.due_timers_of(soon, later, 1).await;
    let jobs = store.next_job_due().await;
    timers.is_ok_and(|timers| timers.is_empty()) && matches!(jobs, Ok(None))
}

async fn complain_of_what_is_left(world: &World) {
    let store = &world.store;
    let outstanding = world.outstanding.load(Ordering::Relaxed);
    let outbox = store.outbox_depth().await;
    let later = world.hosts[0].now() + SignedDuration::from_hours(1);
    let timers = store.due_timers(later, 10).await;
    let job = store.next_job_due().await;
    world.complain(format_args!(
        "not all is done {} s after the faults: {outstanding} tasks outside, outbox (in hand, waiting, dead) \
         {outbox:?}, timers {timers:?}, next job {job:?}",
        DRAIN_WITHIN.as_secs()
    ));
}
