//! What every operation is given.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use domain::ContactId;
use files::Files;
use flows::Host;
use jiff::Timestamp;
use store::{Acting, Actor, Fence, OutboxItem, Registered, Store, StoreError, Unit, UnitDone, UnitError};
use tokio::sync::Notify;

use crate::{Letters, OnTheWay, Registry, Ticket, Withdrawn, lanes::Lanes, once::Along, tallies::Times};

/// Clock, randomness and identifiers of the running node. They come from outside, so that a whole node runs under
/// virtual time and one seed.
pub type SharedHost = Arc<dyn Host + Send + Sync>;

/// What every operation is given. Cheap to clone.
#[derive(Clone)]
pub struct Context {
    /// Where everything is kept.
    pub store: Store,
    /// Workspaces in memory, compiled.
    pub registry: Arc<Registry>,
    /// Clock, randomness and identifiers.
    pub host: SharedHost,
    /// The run of the node in whose hand outbox rows are put as they are written. A process that has no dispatcher
    /// (a command) uses 0, and leaves what it writes to the nodes.
    pub run: i64,
    /// The run of the node that works, 0 for a command: what it writes is refused once that run was ended.
    pub by: i64,
    /// The lease under which it works: what it writes is refused once another has it.
    pub under: Option<Fence>,
    /// What was refused because the run is not alive any more.
    pub fenced: Arc<Fenced>,
    /// Rung when a job was written: whoever works jobs off need not look again and again.
    pub jobs: Arc<Notify>,
    /// Whether keys for contact searches are made later: less valuable work is turned off.
    pub search_later: Arc<AtomicBool>,
    /// Outbox rows that were taken back, for whoever has them in hand.
    pub withdrawn: Arc<Withdrawn>,
    /// What is committed, or about to be, and not with the dispatcher yet.
    pub on_the_way: Arc<OnTheWay>,
    pub(crate) along: Along,
    /// Where archives of old messages and runs lie, if there is a place.
    pub archives: Option<Files>,
    /// What letters to people who sign in need.
    pub letters: Arc<Letters>,
    /// Who acts, if somebody does: what they change leaves rows in the log. Runs and jobs act for nobody.
    pub(crate) actor: Option<Arc<Actor>>,
    pub(crate) lanes: Arc<Lanes>,
    pub(crate) times: Arc<Times>,
}

impl Context {
    /// A context for a run of a node that is registered.
    pub fn for_run(store: &Store, host: SharedHost, registered: &Registered) -> Self {
        let (run, by) = (registered.run, registered.run);
        Self { run, by, ..Self::for_command(store.for_run(registered), host) }
    }

    /// A context for a command beside the node, or without one.
    pub fn for_command(store: Store, host: SharedHost) -> Self {
        Self {
            store,
            registry: Arc::new(Registry::default()),
            host,
            run: 0,
            by: 0,
            under: None,
            fenced: Arc::default(),
            jobs: Arc::new(Notify::new()),
            search_later: Arc::default(),
            withdrawn: Arc::new(Withdrawn::default()),
            on_the_way: Arc::new(OnTheWay::default()),
            along: Along::default(),
            archives: None,
            letters: Arc::default(),
            actor: None,
            lanes: Arc::new(Lanes::default()),
            times: Arc::new(Times::default()),
        }
    }

    /// The present moment, in the microseconds that the store keeps.
    pub fn now(&self) -> Timestamp {
        let now = self.host.now();
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }

    /// The same, leaving what it writes to the outbox unclaimed.
    #[must_use]
    pub fn unclaimed(&self) -> Self {
        Self { run: 0, ..self.clone() }
    }

    /// The same with a place for archives.
    #[must_use]
    pub fn with_archives(&self, archives: Option<Files>) -> Self {
        Self { archives, ..self.clone() }
    }

    /// The same with what letters need.
    #[must_use]
    pub fn with_letters(&self, letters: Letters) -> Self {
        Self { letters: Arc::new(letters), ..self.clone() }
    }

    /// The same under a lease.
    #[must_use]
    pub fn under(&self, fence: Fence) -> Self {
        Self { under: Some(fence), ..self.clone() }
    }

    /// The same as somebody's doing. Whoever lets people, programs or commands do something gives this to operations, and
    /// nothing else: so what they change is in the log, whichever operation it is.
    #[must_use]
    pub fn acting(&self, actor: Actor) -> Self {
        Self { actor: Some(Arc::new(actor)), ..self.clone() }
    }

    /// The same as nobody's doing: what a job does after somebody began it.
    #[must_use]
    pub(crate) fn unattended(&self) -> Self {
        Self { actor: None, ..self.clone() }
    }

    /// Who acts, if somebody does.
    pub fn actor(&self) -> Option<&Actor> {
        self.actor.as_deref()
    }

    /// Commits units as this run. Every operation writes through here, so that none can forget to say who it is.
    pub(crate) async fn write(
        &self,
        mut units: Vec<Unit>,
    ) -> Result<Vec<Result<UnitDone, UnitError>>, StoreError> {
        let search_later = self.search_later.load(Ordering::Relaxed);
        for unit in &mut units {
            (unit.by, unit.under, unit.search_later) = (self.by, self.under, search_later);
        }
        if let Some(actor) = self.actor.as_deref() {
            let on = self.now();
            for unit in &mut units {
                let (actor, id) = (actor.clone(), self.next_id(on));
                unit.acting = Some(Arc::new(Acting { actor, id, on }));
            }
        }
        let along = self.along.waiting().zip(units.first_mut());
        let brings = along.map(|(change, first)| first.changes.push(change)).is_some();
        let answers = self.store.write(units).await?;
        if brings && answers.first().is_some_and(Result::is_ok) {
            self.along.done();
        }
        let is_fenced = |answer: &&Result<UnitDone, UnitError>| {
            matches!(answer, Err(UnitError::Store(StoreError::Fenced)))
        };
        let fenced = answers.iter().filter(is_fenced).count();
        if fenced > 0 {
            self.fenced.count(fenced);
        }
        Ok(answers)
    }

    /// Commits one unit as this run.
    pub(crate) async fn write_one(&self, unit: Unit) -> Result<UnitDone, UnitError> {
        self.write(vec![unit]).await?.pop().unwrap_or(Err(UnitError::Store(StoreError::Closed)))
    }

    /// The run for which new outbox rows are claimed: none while it is not known what this run has in hand.
    pub(crate) fn run_that_claims(&self) -> i64 {
        if self.store.in_doubt() { 0 } else { self.run }
    }

    /// A ticket for rows that are about to be committed, if they may be left to this process's dispatcher.
    pub(crate) fn ticket<'r>(&self, rows: impl Iterator<Item = &'r OutboxItem>) -> Option<Ticket> {
        let contacts: Vec<ContactId> = rows.map(|item| item.contact).collect();
        (self.run != 0 && !contacts.is_empty()).then(|| self.on_the_way.open(contacts))
    }

    /// A new row number.
    pub(crate) fn next_id(&self, now: Timestamp) -> i64 {
        self.store.ids().next(now)
    }
}

/// What was refused because the run is not alive any more: the first sign that others took the node for dead.
#[derive(Debug, Default)]
pub struct Fenced {
    units: AtomicU64,
    bell: Notify,
}

impl Fenced {
    fn count(&self, units: usize) {
        self.units.fetch_add(units as u64, Ordering::Relaxed);
        self.bell.notify_one();
    }

    /// How many units were refused since this was last asked.
    pub fn take(&self) -> u64 {
        self.units.swap(0, Ordering::Relaxed)
    }

    /// Waits until something is refused.
    pub async fn rung(&self) {
        self.bell.notified().await;
    }
}

/// What an operation did, and what it leaves for the dispatcher.
#[derive(Debug)]
pub struct Committed<T> {
    /// The operation's answer.
    pub value: T,
    /// Outbox rows that are committed and already claimed for this run: the dispatcher must take each of them, in
    /// this order within a contact and channel. Rows that had to queue behind earlier ones are not here; they come
    /// with [`crate::claim_outbox`].
    pub outbox: Vec<OutboxItem>,
    /// The tickets under which they are on their way, in their order: kept until the dispatcher has them.
    pub tickets: Vec<Ticket>,
}

impl<T> Committed<T> {
    /// An answer, and what was left on the way to it.
    pub(crate) fn new(value: T, left: Left) -> Self {
        Self { value, outbox: left.outbox, tickets: left.tickets }
    }
}

/// What commits leave for the dispatcher.
#[derive(Debug, Default)]
pub(crate) struct Left {
    pub outbox: Vec<OutboxItem>,
    tickets: Vec<Ticket>,
}

impl Left {
    /// Rows that are committed and claimed, with the ticket that was opened for them.
    pub fn add(&mut self, rows: impl Iterator<Item = OutboxItem>, ticket: Option<Ticket>) {
        let before = self.outbox.len();
        self.outbox.extend(rows);
        let rows = self.outbox.len() - before;
        if rows > 0 {
            self.tickets.extend(ticket.map(|ticket| ticket.bringing(rows)));
        }
    }

    /// What later commits left.
    pub fn append(&mut self, mut later: Self) {
        self.outbox.append(&mut later.outbox);
        self.tickets.append(&mut later.tickets);
    }
}
