//! Performs what is in the outbox, at least once and in each contact's order.
//!
//! Rows come in two ways: handed over by the operation that wrote them, right after its commit, or claimed from
//! the store (backlog, retries, rows of commands). One task keeps all state; sends, records and claims run beside
//! it and report back. A row leaves its hand only when its outcome is committed.

mod airtime;
mod arrivals;
mod breaker;
mod doubt;
mod effect;
mod hand;
mod lanes;
mod learn;
mod mail;
mod model;
mod ourselves;
mod outcome;
mod pace;
mod ready;
mod send;

use std::collections::{HashMap, HashSet, VecDeque};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use domain::{ChannelId, OutboxId, WorkspaceId};
use futures_util::FutureExt as _;
use jiff::Timestamp;
use operations::{Committed, Context, Look, Recorded, Room, SendOutcome, SentRecord, Ticket};
use store::{Claimed, OutboxItem, OutboxKind, OutboxLine, StoreError};
use tokio::sync::mpsc;
use tokio::time::Instant;

use self::arrivals::Arrivals;
pub(crate) use self::hand::{BusyLines, FullLines};
use self::lanes::{Going, LaneKey, Lanes};
pub(crate) use self::learn::Learnt;
use self::pace::Pace;
use crate::bell::Bell;
use crate::config::Config;
use crate::limits;
use crate::lines::Lines;
use crate::membership::Membership;
use crate::metrics::Metrics;
use crate::shedding::Shedding;
use crate::surroundings::Network;

/// What the tasks of the dispatcher share.
pub(crate) struct Shared {
    pub(crate) ctx: Context,
    pub(crate) config: Config,
    pub(crate) lines: Arc<Lines>,
    pub(crate) network: Network,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) shedding: Arc<Shedding>,
    pub(crate) bell: Bell,
    pub(crate) membership: Membership,
    pub(crate) learnt: Learnt,
}

/// What the dispatcher is told from outside.
enum Order {
    /// Rows that are committed and claimed for this run, and the tickets under which they are on their way.
    Take(Vec<OutboxItem>, Vec<Ticket>),
    /// There may be something to claim.
    Look,
    /// Start nothing new; end when what is under way is recorded.
    Stop,
}

/// How others reach the dispatcher.
#[derive(Clone)]
pub(crate) struct Handover {
    orders: mpsc::UnboundedSender<Order>,
    bell: Bell,
    full: FullLines,
    crowded: FullLines,
    busy: BusyLines,
}

impl Handover {
    /// Takes what an operation left for the dispatcher and gives back the operation's answer. The queue has no
    /// limit of its own: intake and clock leave what they write in the store while lines are [`Handover::full`].
    pub(crate) fn take<T>(&self, committed: Committed<T>) -> T {
        if !committed.outbox.is_empty() {
            for item in &committed.outbox {
                self.bell.ring_for(item);
            }
            self.busy.come(&committed.outbox);
            // A dispatcher that is gone has stopped; the next start finds the rows in the store.
            let _ = self.orders.send(Order::Take(committed.outbox, committed.tickets));
        }
        committed.value
    }

    /// The channels of which so much is in hand that more is to stay in the store.
    pub(crate) fn full(&self) -> HashSet<ChannelId> {
        self.full.now()
    }

    /// Whether of any channel so much is in hand that what timers say is to stay in the store.
    pub(crate) fn is_crowded(&self) -> bool {
        !self.full.now().is_empty() || !self.crowded.now().is_empty()
    }

    /// Whether of any of these lines so much is in hand that jobs shall wait.
    pub(crate) fn any_busy(&self, lines: &HashSet<OutboxLine>) -> bool {
        self.busy.any(lines)
    }

    /// Says that there may be something to claim.
    pub(crate) fn look(&self) {
        let _ = self.orders.send(Order::Look);
    }

    /// Lets the dispatcher end.
    pub(crate) fn stop(&self) {
        let _ = self.orders.send(Order::Stop);
    }
}

/// What the dispatcher's own tasks report.
enum Report {
    Sent(LaneKey, Box<OutboxItem>, send::Sent),
    Performed(LaneKey, Box<OutboxItem>),
    /// The settings of a channel are at hand, if it is in use.
    Opened(ChannelId),
    Recorded(Vec<(LaneKey, SentRecord)>, Result<Vec<Recorded>, StoreError>),
    Claimed(Result<Look, StoreError>),
    /// What is in hand by the store, and how many doubts there were when it was asked.
    Looked(u64, Result<Claimed, StoreError>),
}

/// The dispatcher's state, owned by its task.
struct Dispatcher {
    shared: Arc<Shared>,
    handover: Handover,
    lanes: Lanes,
    /// Rows given back while they were still on their way here: dropped when they arrive.
    stale: HashSet<OutboxId>,
    stale_order: VecDeque<OutboxId>,
    known: doubt::Known,
    /// Parts that the carrier has, of messages in hand of which it has some.
    progress: HashMap<OutboxId, u32>,
    unrecorded: Vec<(LaneKey, SentRecord)>,
    /// Recording and claiming take turns: an outcome that gives rows back while a claim is under way could
    /// cross with rows of that claim, and a later message would overtake an earlier one.
    recording: bool,
    /// Before that only many, or such as others wait for, are recorded.
    record_at: Instant,
    claiming: bool,
    /// What came and is not in the lanes yet. What is handed over while a claim is under way joins them with the claim's
    /// rows, all by their numbers: a claim may bring an earlier message of the same person.
    arrivals: Arrivals,
    claim_at: Instant,
    house_at: Instant,
    /// Channels whose settings are being read.
    opening: HashSet<ChannelId>,
    /// Of what more is due, for which there was no room.
    held_back: Vec<Room>,
    stopping: bool,
    reports: mpsc::UnboundedSender<Report>,
}

/// Starts the dispatcher's task. It ends after [`Handover::stop`].
pub(crate) fn start(shared: Arc<Shared>) -> (Handover, tokio::task::JoinHandle<()>) {
    let (orders, inbox) = mpsc::unbounded_channel();
    let lanes = Lanes::new(Instant::now());
    let handover = Handover {
        orders,
        bell: shared.bell.clone(),
        full: lanes.hands().full().clone(),
        crowded: lanes.hands().crowded().clone(),
        busy: lanes.hands().busy().clone(),
    };
    let (reports, reported) = mpsc::unbounded_channel();
    let dispatcher = Dispatcher {
        shared,
        handover: handover.clone(),
        lanes,
        stale: HashSet::new(),
        stale_order: VecDeque::new(),
        known: doubt::Known::default(),
        progress: HashMap::new(),
        unrecorded: Vec::new(),
        recording: false,
        record_at: Instant::now(),
        claiming: false,
        arrivals: Arrivals::default(),
        claim_at: Instant::now(),
        house_at: Instant::now() + limits::HOUSEKEEPING_EVERY,
        opening: HashSet::new(),
        held_back: Vec::new(),
        stopping: false,
        reports,
    };
    (handover, tokio::spawn(dispatcher.run(inbox, reported)))
}

impl Dispatcher {
    async fn run(
        mut self,
        mut inbox: mpsc::UnboundedReceiver<Order>,
        mut reported: mpsc::UnboundedReceiver<Report>,
    ) {
        let way = self.shared.ctx.on_the_way.clone();
        loop {
            self.let_arrive();
            self.send_what_may_go();
            if self.stopping {
                self.give_back();
            }
            self.claim_if_due();
            self.record_what_waits();
            self.keep_house();
            self.count();
            if self.may_end() {
                // What was handed over last must not be left in the hand of nobody.
                let Ok(order) = inbox.try_recv() else { return };
                self.obey(order);
                continue;
            }
            let wake = self.wake_at();
            tokio::select! {
                biased;
                Some(report) = reported.recv() => self.hear(report, &mut inbox),
                Some(order) = inbox.recv() => self.obey(order),
                () = way.closed(), if !self.arrivals.is_empty() => {}
                () = tokio::time::sleep_until(wake) => {}
            }
            // All that waits at once, from both, so that neither starves the other.
            while let Ok(report) = reported.try_recv() {
                self.hear(report, &mut inbox);
            }
            while let Ok(order) = inbox.try_recv() {
                self.obey(order);
            }
        }
    }

    fn may_end(&self) -> bool {
        let busy = self.lanes.in_flight() > 0 || self.recording || self.claiming;
        self.stopping && !busy && self.arrivals.is_empty() && self.unrecorded.is_empty()
    }

    /// Gives back what has not begun when the node stops: the next run takes it as new, without a mark.
    fn give_back(&mut self) {
        let until = self.shared.ctx.now();
        for (key, item) in self.lanes.drain_all() {
            self.unrecorded.push((key, SentRecord { item, outcome: SendOutcome::Parked { until } }));
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Take(items, tickets) => {
                let refused = self.arrivals.given(items, tickets);
                self.not_taken(&refused);
            }
            Order::Look => self.claim_at = Instant::now(),
            Order::Stop => self.stopping = true,
        }
    }

    /// What arrived joins the lanes, unless a claim is under way or it must first be looked what else is in hand.
    fn let_arrive(&mut self) {
        let in_doubt = self.shared.ctx.store.in_doubt() && !self.stopping;
        if self.arrivals.is_empty() || self.claiming || in_doubt {
            return;
        }
        let arrivals::Ready { mut given, found } =
            self.arrivals.ready(&self.shared.ctx.on_the_way, self.stopping);
        let lines = BusyLines::on_the_way(&given);
        given.retain(|item| !self.stale.remove(&item.id));
        if !found.is_empty() {
            given.extend(found);
            given.sort_by_key(|item| item.id);
        }
        given.into_iter().for_each(|item| self.add(item));
        self.lanes.hands().busy().arrived(&lines);
    }

    fn hear(&mut self, report: Report, inbox: &mut mpsc::UnboundedReceiver<Order>) {
        match report {
            Report::Sent(key, item, sent) => self.settle(key, *item, sent),
            Report::Performed(key, item) => {
                self.known.remove(item.id);
                self.lanes.finished(&key, &item);
            }
            Report::Opened(channel) => {
                self.opening.remove(&channel);
                self.lanes.set_pace(&LaneKey::Channel(channel), self.pace_of(channel));
            }
            Report::Recorded(records, answers) => self.recorded(records, answers),
            Report::Claimed(answer) => {
                // What was handed over before the claim must be here before its answer is read.
                while let Ok(order) = inbox.try_recv() {
                    self.obey(order);
                }
                self.claimed(answer);
            }
            Report::Looked(doubts, found) => {
                // Likewise.
                while let Ok(order) = inbox.try_recv() {
                    self.obey(order);
                }
                self.looked(doubts, found);
            }
        }
    }

    fn pace_of(&self, channel: ChannelId) -> Pace {
        let channel = self.shared.lines.at_hand(channel);
        let window = channel.as_ref().and_then(|channel| channel.line.as_ref().ok()?.window());
        let rate = channel.and_then(|channel| channel.rate);
        Pace::of(window.unwrap_or(self.shared.config.channel_window), rate, self.shared.membership.living())
    }

    fn add(&mut self, item: OutboxItem) {
        self.known.add(item.id);
        let (workspace, channel) = (item.workspace, item.channel);
        let key = match (item.kind, channel) {
            (OutboxKind::Message, Some(channel)) => LaneKey::Channel(channel),
            _ => LaneKey::Host(effect::read(&item).map(|effect| effect::host(&effect)).unwrap_or_default()),
        };
        let is_new = self.lanes.add(&key, item);
        match (is_new, &key) {
            (true, LaneKey::Channel(channel)) => self.open(workspace, *channel),
            (true, LaneKey::Host(_)) => {
                self.lanes.set_pace(&key, Pace::of(limits::WEBHOOK_WINDOW, None, 1));
            }
            (false, _) => {}
        }
        // A line that is away must not fill the hand that others need as well.
        if self.lanes.ready(&key) > limits::WAIT_FOR_CARRIER {
            self.park_if_away(&key, Instant::now());
        }
    }

    /// Reads the settings of a channel, without which its pace is not known.
    fn open(&mut self, workspace: WorkspaceId, channel: ChannelId) {
        if self.shared.lines.at_hand(channel).is_some() {
            return self.lanes.set_pace(&LaneKey::Channel(channel), self.pace_of(channel));
        }
        if !self.opening.insert(channel) {
            return;
        }
        let (shared, reports) = (self.shared.clone(), self.reports.clone());
        tokio::spawn(async move {
            // A channel that is no longer in use gets the usual pace: its messages fail, and say why.
            while let Err(error) = shared.lines.find_by_id(&shared.ctx, workspace, channel).await {
                shared.metrics.errors.inc();
                tracing::error!(%error, "a channel's settings could not be read; trying again");
                tokio::time::sleep(outcome::STORE_PAUSE).await;
            }
            let _ = reports.send(Report::Opened(channel));
        });
    }

    fn send_what_may_go(&mut self) {
        while !self.stopping && self.shared.membership.is_fresh() {
            let Some(going) = self.lanes.next(Instant::now()) else { break };
            let Going { key, item, pacer, pace } = going;
            let (shared, reports) = (self.shared.clone(), self.reports.clone());
            let since = self.known.since(item.id).unwrap_or_else(Instant::now);
            if item.kind == OutboxKind::Message {
                let first = self.progress.get(&item.id).copied().unwrap_or_default();
                tokio::spawn(async move {
                    let sending =
                        AssertUnwindSafe(send::send(&shared, (&item, since), first, (&pacer, &pace)))
                            .catch_unwind();
                    let sent = sending.await.unwrap_or_else(|_| send::Sent::broke_off());
                    let _ = reports.send(Report::Sent(key, Box::new(item), sent));
                });
            } else {
                let handover = self.handover.clone();
                tokio::spawn(async move {
                    let work = outcome::perform_effect(&shared, &handover, (&item, since));
                    if AssertUnwindSafe(work).catch_unwind().await.is_err() {
                        tracing::error!(outbox = %item.id, "an effect broke off; its flow goes on at the deadline");
                    }
                    let _ = reports.send(Report::Performed(key, Box::new(item)));
                });
            }
        }
    }

    /// Whether what became of messages is recorded before [`Dispatcher::record_at`].
    fn records_cannot_wait(&self) -> bool {
        self.stopping
            || self.unrecorded.len() >= limits::RECORD_WORTH
            || self.unrecorded.iter().any(|(_, record)| outcome::keeps_contact(&record.outcome))
    }

    fn may_record(&self) -> bool {
        !(self.recording || self.claiming || self.arrivals.has_found() || self.unrecorded.is_empty())
    }

    fn record_what_waits(&mut self) {
        if !self.may_record() {
            return;
        }
        let now = Instant::now();
        if now < self.record_at && !self.records_cannot_wait() {
            return;
        }
        self.record_at = now + limits::RECORD_EVERY;
        let count = self.unrecorded.len().min(limits::RECORD_BATCH);
        let records: Vec<(LaneKey, SentRecord)> = self.unrecorded.drain(..count).collect();
        self.recording = true;
        let (shared, reports) = (self.shared.clone(), self.reports.clone());
        tokio::spawn(async move {
            let batch = records.iter().map(|(_, record)| record.clone()).collect();
            let answers = operations::record_sent(&shared.ctx, batch).await;
            let again = answers.as_ref().map_or(true, |answers| answers.contains(&Recorded::NotYet));
            if again {
                shared.metrics.errors.inc();
                tokio::time::sleep(outcome::STORE_PAUSE).await;
            }
            let _ = reports.send(Report::Recorded(records, answers));
        });
    }

    fn recorded(&mut self, records: Vec<(LaneKey, SentRecord)>, answers: Result<Vec<Recorded>, StoreError>) {
        self.recording = false;
        let answers = match answers {
            Ok(answers) => answers,
            Err(error) => {
                tracing::error!(%error, "carriers' answers could not be recorded; trying again");
                records.iter().for_each(|(key, record)| self.doubt_what_is_behind(key, record));
                self.unrecorded.splice(0..0, records);
                return;
            }
        };
        for ((key, record), answer) in records.into_iter().zip(answers) {
            if answer == Recorded::NotYet {
                self.doubt_what_is_behind(&key, &record);
                self.unrecorded.push((key, record));
                continue;
            }
            let item = record.item;
            self.known.remove(item.id);
            match answer {
                Recorded::Done | Recorded::AlreadyDone | Recorded::SetAside | Recorded::NotYet => {
                    if outcome::keeps_contact(&record.outcome) {
                        let _ = self.lanes.released(&key, &item, &[item.id]);
                    }
                }
                Recorded::Released(ids) => {
                    let due = match &record.outcome {
                        SendOutcome::Errored { retry_at, .. } => Some(*retry_at),
                        SendOutcome::Parked { until } => Some(*until),
                        SendOutcome::Wired { .. } | SendOutcome::Sent { .. } | SendOutcome::Failed { .. } => {
                            None
                        }
                    };
                    if let Some(due) = due {
                        self.claim_by(due);
                    }
                    // What is known of them stands in the store, and comes back with the claim.
                    for id in &ids {
                        self.progress.remove(id);
                        self.known.remove(*id);
                    }
                    let on_the_way = self.lanes.released(&key, &item, &ids);
                    for id in on_the_way.into_iter().filter(|id| *id != item.id) {
                        self.remember_stale(id);
                    }
                }
            }
        }
    }

    /// Looks into the store no later than at `due`.
    fn claim_by(&mut self, due: Timestamp) {
        let wait = due.duration_since(self.shared.ctx.now());
        let wait = Duration::try_from(wait).unwrap_or(Duration::ZERO);
        self.claim_at = self.claim_at.min(Instant::now() + wait);
    }

    fn remember_stale(&mut self, id: OutboxId) {
        if self.stale_order.len() >= limits::IN_HAND
            && let Some(oldest) = self.stale_order.pop_front()
        {
            self.stale.remove(&oldest);
        }
        if self.stale.insert(id) {
            self.stale_order.push_back(id);
        }
    }

    fn claim_if_due(&mut self) {
        let due = Instant::now() >= self.claim_at
            || self.held_back.iter().any(|(line, priority)| self.lanes.hands().room(*line, *priority) > 0);
        if self.claiming || self.recording || self.stopping {
            return;
        }
        if self.must_look() {
            return self.look_what_is_in_hand();
        }
        if !due || self.arrivals.has_found() {
            return;
        }
        self.held_back.clear();
        self.claiming = true;
        let (shared, reports, rooms) =
            (self.shared.clone(), self.reports.clone(), self.lanes.hands().rooms());
        tokio::spawn(async move {
            let look = operations::claim_outbox(&shared.ctx, limits::CLAIM_BATCH, rooms).await;
            let _ = reports.send(Report::Claimed(look));
        });
    }

    fn claimed(&mut self, answer: Result<Look, StoreError>) {
        self.claiming = false;
        match answer {
            Ok(Look { claimed: Claimed { items, parts_sent, .. }, more, held_back, next }) => {
                self.held_back = held_back;
                if !more {
                    self.claim_at = Instant::now() + limits::CLAIM_LONGEST_SLEEP;
                    next.into_iter().for_each(|due| self.claim_by(due));
                }
                self.progress.extend(parts_sent);
                items.iter().for_each(|item| self.shared.bell.ring_for(item));
                self.arrivals.found(items, self.shared.ctx.on_the_way.next());
            }
            Err(error) => {
                self.shared.metrics.errors.inc();
                self.claim_at = Instant::now() + limits::CLAIM_LONGEST_SLEEP;
                tracing::error!(%error, "the outbox could not be read; trying again");
            }
        }
    }

    /// Reports that came before their messages' identifiers, and the size of the dead set.
    fn keep_house(&mut self) {
        if self.stopping || Instant::now() < self.house_at {
            return;
        }
        self.house_at = Instant::now() + limits::HOUSEKEEPING_EVERY;
        let shared = self.shared.clone();
        tokio::spawn(async move {
            match operations::settle_early(&shared.ctx).await {
                Ok(count) => shared.metrics.count_reports("late", count as u64),
                Err(error) => tracing::warn!(%error, "reports that came early could not be looked at"),
            }
            if let Ok(dead) = shared.ctx.store.dead_count().await {
                shared.metrics.dead_now.set(i64::try_from(dead).unwrap_or(i64::MAX));
            }
        });
    }

    fn wake_at(&self) -> Instant {
        let now = Instant::now();
        if self.stopping {
            // Nothing begins any more: only reports of what is under way matter.
            return now + limits::CLAIM_LONGEST_SLEEP;
        }
        let claim = if self.claiming || self.recording || self.arrivals.has_found() {
            now + limits::CLAIM_LONGEST_SLEEP
        } else {
            self.claim_at.max(now)
        };
        let claim = if self.may_record() { claim.min(self.record_at.max(now)) } else { claim };
        if !self.shared.membership.is_fresh() {
            return now + limits::HOLD_PAUSE;
        }
        self.lanes.wake_at(now).map_or(claim, |lane| lane.min(claim))
    }

    fn count(&self) {
        self.shared.metrics.in_hand.set(i64::try_from(self.lanes.hands().in_hand()).unwrap_or(i64::MAX));
        self.shared.metrics.in_flight.set(i64::try_from(self.lanes.in_flight()).unwrap_or(i64::MAX));
    }
}
