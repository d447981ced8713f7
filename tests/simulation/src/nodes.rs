//! Runs of nodes: how they start, what happens to them, how they end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::SignedDuration;
use node::{Config, Layer, Machine, Network, Node, Surroundings};
use store::StoreError;
use store::faults::{Call, Faults, Moment};
use tokio::time::sleep;

use crate::carriers;
use crate::gate::{Condition, Gate};
use crate::ledger::RunFacts;
use crate::marks::Mark;
use crate::scenario::NodeFault;
use crate::world::{Running, WINDOW, World, lock};

/// How long a planned end or stop in a call is waited for.
const PLANNED_WITHIN: Duration = Duration::from_secs(5);
/// Tries to start a node before that counts as a defect.
const STARTS_MAX: usize = 200;

/// Starts a node at its place, again until it runs.
pub async fn start(world: &Arc<World>, slot: usize) -> Option<Arc<Running>> {
    for _ in 0..STARTS_MAX {
        let gate = Arc::new(Gate::default());
        let run = begin_run(world, slot);
        let sends_as = Arc::new(AtomicU64::new(run));
        let (hooked, passing) = (world.clone(), gate.clone());
        let faults = Faults::new(move |call, moment| {
            let (world, gate) = (hooked.clone(), passing.clone());
            Box::pin(async move { passage(&world, &gate, slot, call, moment).await })
        });
        let network = Network::Script(carriers::script(world.clone(), gate.clone(), sends_as.clone()));
        let machine = Machine::Played(format!("host {slot}").into());
        let surroundings = Surroundings { host: world.hosts[slot].clone(), network, machine };
        let named =
            Layer { name: Some(format!("node-{slot}")), channel_window: Some(WINDOW), ..Layer::default() };
        let config = Config::new(named).ok()?;
        match Node::start(config, world.store.with_faults(faults), surroundings).await {
            Ok(node) => return Some(runs(world, Running { node, gate, slot, run, sends_as })),
            Err(error) => {
                world.trace.note(format_args!("node {slot} does not start: {error}"));
                world.marks.hit(Mark::StartFailed);
                gate.set(Condition::Dead);
                sleep(world.chance.nodes.millis(200, 2_000)).await;
            }
        }
    }
    world.complain(format_args!("node {slot} does not start"));
    None
}

fn begin_run(world: &World, slot: usize) -> u64 {
    let run = world.next_run();
    world.trace.note(format_args!("node {slot} begins run {run}"));
    world.ledger().runs.insert(run, RunFacts { slot, clean: false });
    run
}

fn runs(world: &World, running: Running) -> Arc<Running> {
    world.trace.note(format_args!("node {} runs", running.slot));
    let running = Arc::new(running);
    lock(&world.slots)[running.slot] = Some(running.clone());
    running
}

/// Begins another run in the place of one that the others took for dead, as `seedling serve` does.
async fn renew(world: &Arc<World>, lost: &Arc<Running>) -> Option<Arc<Running>> {
    let Running { gate, slot, sends_as, .. } = &**lost;
    let slot = *slot;
    world.trace.note(format_args!("node {slot} was taken for dead"));
    lock(&world.slots)[slot] = None;
    let run = begin_run(world, slot);
    sends_as.store(run, Ordering::Relaxed);
    for _ in 0..STARTS_MAX {
        match lost.node.restart().await {
            Ok(node) => {
                world.marks.hit(Mark::Renewed);
                let (gate, sends_as) = (gate.clone(), sends_as.clone());
                return Some(runs(world, Running { node, gate, slot, run, sends_as }));
            }
            Err(error) => {
                world.trace.note(format_args!("node {slot} does not start anew: {error}"));
                sleep(Duration::from_millis(500)).await;
            }
        }
    }
    world.complain(format_args!("node {slot} does not start anew"));
    None
}

/// What the store does to a call of a node.
async fn passage(
    world: &World,
    gate: &Gate,
    slot: usize,
    call: Call,
    moment: Moment,
) -> Result<(), StoreError> {
    gate.pass().await;
    let chance = &world.chance.store;
    check_leases(world, slot, call, moment).await;
    world.trace.note(format_args!("{slot} {} {moment:?}", call.name));
    if !world.is_stormy() {
        return Ok(());
    }
    let rates = world.weather().store;
    let slow = chance.happens(rates.slow);
    if slow || chance.happens(150) {
        if slow {
            world.marks.hit(Mark::StoreSlow);
        }
        sleep(chance.millis(0, if slow { 2_000 } else { 4 })).await;
        gate.pass().await;
    }
    let is_away = world.away[slot].load(Ordering::Relaxed);
    match (moment, call.writes) {
        (Moment::Before, _) if is_away => {
            world.marks.hit(Mark::DatabaseAway);
            sleep(chance.millis(0, 1_500)).await;
            gate.pass().await;
            Err(StoreError::Away("simulated".to_owned()))
        }
        (Moment::Before, true) if chance.happens(rates.write_fails) => {
            world.marks.hit(Mark::WriteFailed);
            Err(if chance.happens(500) { StoreError::Busy } else { StoreError::Away("simulated".to_owned()) })
        }
        (Moment::After, true) if is_away || chance.happens(rates.unknown) => {
            world.marks.hit(Mark::CommitUnknown);
            world.trace.note(format_args!("{slot} {} is committed, its answer lost", call.name));
            Err(StoreError::Unknown)
        }
        (_, false) if is_away || chance.happens(rates.read_fails) => {
            world.marks.hit(Mark::ReadFailed);
            Err(StoreError::Away("simulated".to_owned()))
        }
        (Moment::Before | Moment::After, _) => Ok(()),
    }
}

/// Invariant 4: a lease is another's only when the run that had it is gone or gives it back, and each taking raises its
/// fence.
async fn check_leases(world: &World, slot: usize, call: Call, moment: Moment) {
    match (call.name, moment) {
        ("give_back_lease", Moment::Before) => {
            let running = world.running().into_iter().find(|running| running.slot == slot);
            let run = running.map(|running| running.node.membership().run_number());
            lock(&world.giving_back).extend(run);
        }
        ("take_lease", Moment::After) => {
            let (Ok(leases), Ok(nodes)) = (world.store.leases().await, world.store.nodes().await) else {
                return;
            };
            // One that nobody has says nothing: whoever takes it next is compared with who had it last.
            for lease in leases.into_iter().filter(|lease| lease.run != 0) {
                let now = (lease.run, lease.fence);
                let before = lock(&world.leases).insert(lease.name.as_str(), now);
                let Some(before) = before.filter(|before| *before != now) else { continue };
                let is_free = before.0 == lease.run
                    || lock(&world.giving_back).contains(&before.0)
                    || nodes.iter().all(|node| node.run != before.0);
                if !is_free || lease.fence <= before.1 {
                    let name = lease.name.as_str();
                    world.complain(format_args!("the lease '{name}' went from {before:?} to {now:?}"));
                }
                if before.0 != lease.run && !lock(&world.giving_back).contains(&before.0) {
                    world.marks.hit(Mark::LeaseTakenOver);
                }
            }
        }
        _ => {}
    }
}

/// How a run went on.
enum End {
    /// It is no more.
    Gone,
    /// The others took it for dead.
    Lost,
    /// It is there at the end of the faults.
    Calm,
}

/// The life of the node at a place.
pub async fn live(world: Arc<World>, slot: usize) {
    while let Some(mut running) = start(&world, slot).await {
        loop {
            let end = suffer(&world, &running).await;
            if matches!(end, End::Calm) {
                world.settled[slot].store(true, Ordering::Relaxed);
                running.node.membership().until_lost().await;
                world.settled[slot].store(false, Ordering::Relaxed);
            }
            if matches!(end, End::Gone) {
                break;
            }
            match renew(&world, &running).await {
                Some(renewed) => running = renewed,
                None => return,
            }
        }
        sleep(world.chance.nodes.millis(0, 8_000)).await;
        if !world.is_stormy() && world.others_run(slot) && world.chance.nodes.happens(500) {
            world.marks.hit(Mark::LeftDead);
            world.trace.note(format_args!("node {slot} stays away"));
            world.settled[slot].store(true, Ordering::Relaxed);
            return;
        }
    }
}

/// What happens to a run.
async fn suffer(world: &Arc<World>, running: &Arc<Running>) -> End {
    let slot = running.slot;
    loop {
        let wait = sleep(world.chance.nodes.millis(1_000, 25_000));
        tokio::select! {
            biased;
            () = world.until_calm() => return End::Calm,
            () = running.node.membership().until_lost() => return End::Lost,
            () = wait => {}
        }
        if world.scenario.node_faults.is_empty() {
            continue;
        }
        let fault = *world.chance.nodes.pick(&world.scenario.node_faults);
        world.trace.note(format_args!("node {slot}: {fault:?}"));
        match fault {
            NodeFault::Kill => {
                world.marks.hit(Mark::Killed);
                world.bury(running, false);
                return End::Gone;
            }
            NodeFault::KillInACall => {
                if in_a_call(world, running, Condition::Dead).await {
                    world.marks.hit(Mark::KilledInACall);
                    world.bury(running, false);
                    return End::Gone;
                }
            }
            NodeFault::Stop => {
                // Sometimes the database is away just then.
                let away = world.chance.nodes.happens(150);
                world.away[slot].store(away, Ordering::Relaxed);
                // One that the others took for dead leaves what it has in hand to them.
                let clean = running.node.stop().await && !running.node.membership().is_lost();
                world.away[slot].store(false, Ordering::Relaxed);
                world.trace.note(format_args!("node {slot} stopped, clean: {clean}"));
                if clean {
                    world.marks.hit(Mark::Stopped);
                }
                world.bury(running, clean);
                return End::Gone;
            }
            NodeFault::Pause => {
                running.gate.set(Condition::Paused);
                world.marks.hit(Mark::Paused);
                sleep(world.chance.nodes.millis(500, 40_000)).await;
                running.gate.set(Condition::Open);
            }
            NodeFault::PauseInACall => {
                if in_a_call(world, running, Condition::Paused).await {
                    world.marks.hit(Mark::PausedInACall);
                    sleep(world.chance.nodes.millis(500, 40_000)).await;
                    running.gate.set(Condition::Open);
                }
            }
            NodeFault::ClockJump => {
                let by = i64::try_from(world.chance.nodes.below(61)).unwrap_or_default() - 30;
                world.hosts[slot].set_offset(SignedDuration::from_secs(by));
                world.marks.hit(Mark::ClockJumped);
            }
            NodeFault::DatabaseAway => {
                world.away[slot].store(true, Ordering::Relaxed);
                sleep(world.chance.nodes.millis(500, 15_000)).await;
                world.away[slot].store(false, Ordering::Relaxed);
            }
        }
    }
}

/// Plans a condition for one of the next calls; whether it came.
async fn in_a_call(world: &World, running: &Running, condition: Condition) -> bool {
    running.gate.plan(world.chance.nodes.below(60), condition);
    let _ = tokio::time::timeout(PLANNED_WITHIN, running.gate.tripped()).await;
    !running.gate.forget_plan() && running.gate.condition() == condition
}

impl World {
    /// A run is no more.
    pub fn bury(&self, running: &Arc<Running>, clean: bool) {
        self.trace.note(format_args!("node {} ends run {}", running.slot, running.run));
        lock(&self.slots)[running.slot] = None;
        if let Some(facts) = self.ledger().runs.get_mut(&running.run) {
            facts.clean = clean;
        }
        running.gate.set(Condition::Dead);
        running.node.crash();
    }

    /// Who runs, paused ones too.
    pub fn running(&self) -> Vec<Arc<Running>> {
        lock(&self.slots).iter().flatten().cloned().collect()
    }

    fn others_run(&self, slot: usize) -> bool {
        self.running().iter().any(|other| other.slot != slot)
    }

    /// Waits until the faults end.
    pub async fn until_calm(&self) {
        let calm = self.calm.notified();
        tokio::pin!(calm);
        calm.as_mut().enable();
        if self.is_stormy() {
            calm.await;
        }
    }

    /// Ends all faults.
    pub fn calm_down(&self) {
        self.trace.note(format_args!("the faults end"));
        self.stormy.store(false, Ordering::Relaxed);
        *lock(&self.weather) = crate::world::Weather::default();
        for away in &self.away {
            away.store(false, Ordering::Relaxed);
        }
        for running in self.running() {
            running.gate.set(Condition::Open);
        }
        self.calm.notify_waiters();
    }
}
