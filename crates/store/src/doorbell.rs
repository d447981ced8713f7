//! Doorbells: who writes something that others work on rings, so that nobody has to look again and again.
//!
//! A ring says only that there may be something of a kind; what it is stands in the tables. It may ring for nothing, and
//! on the way to another process it may be lost, so whoever listens looks from time to time all the same. The store
//! rings by itself for whatever it has committed. On PostgreSQL the rings go to the other processes too
//! (`postgres::telegraph`), gathered so that a burst of commits is one ring. One kind of ring says what it is: outbox rows
//! that an opt-out took back, as whoever has them in hand must know before they leave.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::OutboxId;
use jiff::Timestamp;
use tokio::sync::Notify;

use crate::{Change, Unit, UnitDone, UnitError};

/// What there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// Outbox rows that are in nobody's hand.
    Outbox,
    /// Timers that are due before the clock will look.
    Timers,
    /// Jobs that are new or may go on.
    Jobs,
    /// Definitions, channels among them.
    Definitions,
    /// Rows of the feed: any change at all.
    Feed,
    /// Outbox rows that were taken back: [`Listener::withdrawn`] says which.
    Withdrawn,
}

/// Rows taken back that are remembered for listeners who have not asked yet, and that one process has still to tell
/// others. Who misses some finds them gone when it looks into the store before it sends.
const WITHDRAWN_MAX: usize = 20_000;

impl Topic {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Outbox, Self::Timers, Self::Jobs, Self::Definitions, Self::Feed, Self::Withdrawn];

    fn letter(self) -> char {
        match self {
            Self::Outbox => 'o',
            Self::Timers => 't',
            Self::Jobs => 'j',
            Self::Definitions => 'd',
            Self::Feed => 'f',
            Self::Withdrawn => 'w',
        }
    }
}

/// A set of topics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Topics(u8);

impl Topics {
    /// None of them.
    pub const NONE: Self = Self(0);

    /// All of them.
    pub fn all() -> Self {
        Topic::ALL.into_iter().collect()
    }

    /// Adds one.
    pub fn insert(&mut self, topic: Topic) {
        self.0 |= 1 << topic as u8;
    }

    /// Adds those of another set.
    pub(crate) fn extend(&mut self, others: Self) {
        self.0 |= others.0;
    }

    /// Whether it is among them.
    pub fn contains(self, topic: Topic) -> bool {
        self.0 & (1 << topic as u8) != 0
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// A letter for each, as processes tell each other.
    pub(crate) fn letters(self) -> String {
        Topic::ALL.into_iter().filter(|topic| self.contains(*topic)).map(Topic::letter).collect()
    }

    /// Reads letters; those of a newer version are left out.
    pub(crate) fn read(letters: &str) -> Self {
        Topic::ALL.into_iter().filter(|topic| letters.contains(topic.letter())).collect()
    }

    /// What these units will bring, as far as that can be told before they are written: outbox rows that their
    /// writers leave to others, jobs, definitions, and timers that are due before `looked_at`.
    pub(crate) fn of(units: &[Unit], looked_at: i64) -> Self {
        let mut topics = Self::NONE;
        for change in units.iter().flat_map(|unit| &unit.changes) {
            match change {
                Change::Outbox(new) if new.claim_for == 0 => topics.insert(Topic::Outbox),
                Change::Tell(told) if told.outbox.as_ref().is_some_and(|new| new.claim_for == 0) => {
                    topics.insert(Topic::Outbox);
                }
                Change::SetTimer(timer) if timer.due.as_microsecond() < looked_at => {
                    topics.insert(Topic::Timers);
                }
                Change::SetReminder(reminder) if reminder.due.as_microsecond() < looked_at => {
                    topics.insert(Topic::Timers);
                }
                // Given back: by a node that stops, or until its next attempt.
                Change::RetryOutbox(_) => topics.insert(Topic::Outbox),
                Change::Job(job) if job.ended_on.is_none() => topics.insert(Topic::Jobs),
                Change::NewJob(_) => topics.insert(Topic::Jobs),
                Change::Definition(..) => topics.insert(Topic::Definitions),
                _ => {}
            }
            topics.insert(Topic::Feed);
        }
        topics
    }

    /// How many outbox rows these units want to have in hand at once.
    pub(crate) fn wanted(units: &[Unit]) -> usize {
        let changes = units.iter().flat_map(|unit| &unit.changes);
        let wants = |change: &&Change| match change {
            Change::Outbox(new) => new.claim_for != 0,
            Change::Tell(told) => told.outbox.as_ref().is_some_and(|new| new.claim_for != 0),
            _ => false,
        };
        changes.filter(wants).count()
    }
}

/// How many outbox rows the writers of these units got in hand.
pub(crate) fn got(done: &[Result<UnitDone, UnitError>]) -> usize {
    done.iter().flatten().map(|done| done.claimed.len()).sum()
}

impl FromIterator<Topic> for Topics {
    fn from_iter<I: IntoIterator<Item = Topic>>(topics: I) -> Self {
        let mut set = Self::NONE;
        topics.into_iter().for_each(|topic| set.insert(topic));
        set
    }
}

/// The outbox rows that these units took back from whoever has them.
pub(crate) fn withdrawn(done: &[Result<UnitDone, UnitError>]) -> Vec<OutboxId> {
    done.iter().flatten().flat_map(|done| &done.dropped).copied().collect()
}

/// Rings and listens. Cheap to clone; one for each store.
#[derive(Debug, Clone)]
pub struct Doorbell {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    rings: [Ring; Topic::ALL.len()],
    withdrawn: Mutex<WithdrawnRows>,
    /// Rung here, and not told to other processes yet.
    untold: AtomicU8,
    /// Wakes whoever tells them.
    tell: Notify,
    /// When the clock will look at the timers at the latest, microseconds; timers that are due later need no ring.
    looked_at: AtomicI64,
}

/// One topic: how often it rang, and who waits for the next time. They are woken in the order in which they began to
/// wait, as simulations need.
#[derive(Debug, Default)]
struct Ring {
    count: AtomicU64,
    waiting: Notify,
}

#[derive(Debug, Default)]
struct WithdrawnRows {
    /// The latest, and how many there were before them.
    rows: VecDeque<OutboxId>,
    before: u64,
    untold: VecDeque<OutboxId>,
}

impl WithdrawnRows {
    fn add(&mut self, ids: &[OutboxId]) {
        self.rows.extend(ids);
        let over = self.rows.len().saturating_sub(WITHDRAWN_MAX);
        self.rows.drain(..over);
        self.before += over as u64;
    }

    fn end(&self) -> u64 {
        self.before + self.rows.len() as u64
    }
}

impl Default for Doorbell {
    fn default() -> Self {
        let inner = Inner {
            rings: Topic::ALL.map(|_| Ring::default()),
            withdrawn: Mutex::default(),
            untold: AtomicU8::new(0),
            tell: Notify::new(),
            // Who has no clock does not know when another's will look.
            looked_at: AtomicI64::new(i64::MAX),
        };
        Self { inner: Arc::new(inner) }
    }
}

impl Doorbell {
    /// Rings here and, where there are others, there.
    pub fn ring(&self, topics: Topics) {
        if topics.is_empty() {
            return;
        }
        self.ring_here(topics);
        self.inner.untold.fetch_or(topics.0, Ordering::Relaxed);
        self.inner.tell.notify_one();
    }

    /// Says here and to others that outbox rows were taken back.
    pub(crate) fn withdraw(&self, ids: &[OutboxId]) {
        if ids.is_empty() {
            return;
        }
        {
            let mut withdrawn = self.withdrawn();
            let room = WITHDRAWN_MAX.saturating_sub(withdrawn.untold.len());
            withdrawn.untold.extend(ids.iter().take(room));
        }
        self.withdraw_here(ids);
        self.inner.untold.fetch_or(1 << Topic::Withdrawn as u8, Ordering::Relaxed);
        self.inner.tell.notify_one();
    }

    /// Rings for those who listen in this process.
    pub(crate) fn ring_here(&self, topics: Topics) {
        for topic in Topic::ALL {
            if topics.contains(topic) {
                let ring = &self.inner.rings[topic as usize];
                ring.count.fetch_add(1, Ordering::Release);
                ring.waiting.notify_waiters();
            }
        }
    }

    /// Says to those who listen in this process that outbox rows were taken back.
    pub(crate) fn withdraw_here(&self, ids: &[OutboxId]) {
        self.withdrawn().add(ids);
        self.ring_here([Topic::Withdrawn].into_iter().collect());
    }

    fn withdrawn(&self) -> MutexGuard<'_, WithdrawnRows> {
        self.inner.withdrawn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Listens to a topic from now on.
    pub fn listen(&self, topic: Topic) -> Listener {
        let withdrawn = self.withdrawn().end();
        let heard = self.inner.rings[topic as usize].count.load(Ordering::Acquire);
        Listener { bell: self.clone(), topic, heard, withdrawn }
    }

    /// Says that the timers are looked at no later than at `by`: those that are due later need not ring.
    pub fn timers_looked_at(&self, by: Timestamp) {
        self.inner.looked_at.store(by.as_microsecond(), Ordering::Relaxed);
    }

    pub(crate) fn looked_at(&self) -> i64 {
        self.inner.looked_at.load(Ordering::Relaxed)
    }

    /// Waits until there is something to tell other processes.
    pub(crate) async fn something_to_tell(&self) {
        self.inner.tell.notified().await;
    }

    /// What was rung here since the last call, and some of the rows that were taken back. If there are more, whoever
    /// tells them is woken again.
    pub(crate) fn take_untold(&self, rows_max: usize) -> (Topics, Vec<OutboxId>) {
        let topics = Topics(self.inner.untold.swap(0, Ordering::Relaxed));
        if !topics.contains(Topic::Withdrawn) {
            return (topics, Vec::new());
        }
        let mut withdrawn = self.withdrawn();
        let some = withdrawn.untold.len().min(rows_max);
        let rows = withdrawn.untold.drain(..some).collect();
        if !withdrawn.untold.is_empty() {
            self.inner.untold.fetch_or(1 << Topic::Withdrawn as u8, Ordering::Relaxed);
            self.inner.tell.notify_one();
        }
        (topics, rows)
    }
}

/// Hears one topic.
#[derive(Debug)]
pub struct Listener {
    bell: Doorbell,
    topic: Topic,
    /// How often it had rung when it was last heard.
    heard: u64,
    /// How many rows had been taken back when they were last asked for.
    withdrawn: u64,
}

impl Listener {
    /// Waits for a ring since the last call. Several are one. Given up in the middle it loses none.
    pub async fn rung(&mut self) {
        let ring = &self.bell.inner.rings[self.topic as usize];
        loop {
            let next = ring.waiting.notified();
            let count = ring.count.load(Ordering::Acquire);
            if count != self.heard {
                self.heard = count;
                return;
            }
            next.await;
        }
    }

    /// The outbox rows that were taken back since the last call, as far as they are remembered.
    pub fn withdrawn(&mut self) -> Vec<OutboxId> {
        let withdrawn = self.bell.withdrawn();
        let from = usize::try_from(self.withdrawn.saturating_sub(withdrawn.before)).unwrap_or(usize::MAX);
        let rows = withdrawn.rows.iter().skip(from).copied().collect();
        self.withdrawn = withdrawn.end();
        rows
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::OutboxId;

    use super::{Doorbell, Listener, Topic, Topics, WITHDRAWN_MAX};

    #[test]
    fn topics_are_told_by_letters() {
        let some: Topics = [Topic::Feed, Topic::Outbox].into_iter().collect();
        assert_eq!(some.letters(), "of");
        assert_eq!(Topics::read("of"), some);
        assert_eq!(Topics::read("xfyo"), some, "a newer version may know more");
        assert_eq!(Topics::read(&Topics::all().letters()), Topics::all());
        assert!(Topics::read("").is_empty());
    }

    async fn rings(listener: &mut Listener) -> bool {
        tokio::time::timeout(Duration::ZERO, listener.rung()).await.is_ok()
    }

    #[tokio::test]
    async fn several_rings_are_one_and_none_is_lost() {
        let bell = Doorbell::default();
        let (mut jobs, mut feed) = (bell.listen(Topic::Jobs), bell.listen(Topic::Feed));
        bell.ring([Topic::Jobs].into_iter().collect());
        bell.ring([Topic::Jobs].into_iter().collect());
        jobs.rung().await;
        assert!(!rings(&mut jobs).await);
        assert!(!rings(&mut feed).await);
        bell.something_to_tell().await;
        assert_eq!(bell.take_untold(9).0.letters(), "j");
        bell.ring_here(Topics::all());
        feed.rung().await;
        assert!(bell.take_untold(9).0.is_empty(), "what others rang is not told back");
        let waits = tokio::spawn(async move { jobs.rung().await });
        waits.await.expect("it was rung while nobody waited");
    }

    #[tokio::test]
    async fn what_was_taken_back_is_told_to_each_who_listens_and_onward_in_parts() {
        let bell = Doorbell::default();
        let (mut one, mut two) = (bell.listen(Topic::Withdrawn), bell.listen(Topic::Withdrawn));
        let ids: Vec<OutboxId> = (1..=5).map(OutboxId).collect();
        bell.withdraw(&ids[..3]);
        one.rung().await;
        assert_eq!(one.withdrawn(), ids[..3]);
        bell.withdraw(&ids[3..]);
        one.rung().await;
        assert_eq!(one.withdrawn(), ids[3..]);
        two.rung().await;
        assert_eq!(two.withdrawn(), ids);
        bell.something_to_tell().await;
        assert_eq!(bell.take_untold(4).1, ids[..4]);
        bell.something_to_tell().await;
        let (topics, rows) = bell.take_untold(4);
        assert_eq!((topics.letters(), rows), ("w".to_owned(), ids[4..].to_vec()));
        assert!(bell.take_untold(4).0.is_empty());
        bell.withdraw_here(&ids);
        assert!(bell.take_untold(4).0.is_empty());
        let many: Vec<OutboxId> = (0..=WITHDRAWN_MAX as i64).map(OutboxId).collect();
        bell.withdraw_here(&many);
        assert_eq!(one.withdrawn(), many[1..], "the latest");
    }
}
