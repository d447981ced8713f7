//! What a node counts, in a registry of its own, so that several nodes fit in one process.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use operations::Shed;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

/// The kind of channel and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Outcome {
    /// Type code in lower case, or `webhook`.
    pub channel_type: &'static str,
    /// What came of it.
    pub outcome: &'static str,
}

/// The class of a failure.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Failure {
    /// As carriers' logs name it: `ErrConnectionFailed`, …
    pub class: &'static str,
}

/// What came of a delivery report, or of a file.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Report {
    /// What came of it.
    pub outcome: &'static str,
}

/// The limit that was reached.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Reached {
    /// Its name.
    pub limit: &'static str,
}

/// The lease that is held.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct OfLease {
    /// Its name.
    pub lease: &'static str,
}

/// Counters, gauges and histograms of a node.
#[derive(Debug)]
pub struct Metrics {
    registry: Mutex<Registry>,
    /// Items from carriers: accepted, duplicate, refused, failed.
    pub inbound: Family<Outcome, Counter>,
    /// Items that one receive operation took.
    pub batch: Histogram,
    /// Time from taking a carrier's request in hand to its commit.
    pub commit: Histogram,
    /// Attempts to send: sent, retried, dead, parked.
    pub sent: Family<Outcome, Counter>,
    /// Messages that will be tried again, by the class of failure.
    pub retried: Family<Failure, Counter>,
    /// Messages that went into the dead set, by the class of failure.
    pub dead: Family<Failure, Counter>,
    /// Messages and effects in the dead sets.
    pub dead_now: Gauge,
    /// Delivery reports by what came of them: applied, repeated, unknown, late (applied after all).
    pub reports: Family<Report, Counter>,
    /// Time a carrier took to answer.
    pub carrier: Histogram,
    /// Messages that a carrier may have had twice.
    pub repeated: Counter,
    /// Lines that paused because their carrier was away.
    pub paused: Counter,
    /// Outbox rows in hand.
    pub in_hand: Gauge,
    /// Requests under way.
    pub in_flight: Gauge,
    /// Carrier requests that wait for intake.
    pub waiting: Gauge,
    /// Timers fired.
    pub timers: Counter,
    /// Timers that failed and were put off.
    pub timers_put_off: Counter,
    /// Files that people sent, by what came of fetching them.
    pub media: Family<Report, Counter>,
    /// Contacts whose keys for searches were made later.
    pub indexed_later: Counter,
    /// Messages whose words went into the index of searches.
    pub indexed_messages: Counter,
    /// Slices of jobs done.
    pub job_slices: Counter,
    /// Jobs begun by schedules.
    pub schedules: Counter,
    /// Limits reached.
    pub limits: Family<Reached, Counter>,
    /// Chat streams open.
    pub streams: Gauge,
    /// How often a subscriber of the feed was too slow and went on from the store.
    pub feed_behind: Counter,
    /// Operations that failed for a reason of ours.
    pub errors: Counter,
    /// Items that were kept in the spool because the store was away.
    pub spooled: Counter,
    /// Items of the spool that the store has taken.
    pub replayed: Counter,
    /// Items of the spool that were refused for good.
    pub spool_refused: Counter,
    /// Items in the spool.
    pub spool_items: Gauge,
    /// Bytes in the spool.
    pub spool_bytes: Gauge,
    /// Age of the first item in the spool, seconds.
    pub spool_age: Gauge,
    /// Nodes that are alive, this one included.
    pub nodes: Gauge,
    /// Whether this node has each lease.
    pub lease_held: Family<OfLease, Gauge>,
    /// Dead nodes that this one ended.
    pub evictions: Counter,
    /// Units refused because this node was taken for dead.
    pub fenced_writes: Counter,
    /// How much is turned off under pressure.
    pub shedding_level: Gauge,
    /// 1 for each thing that is turned off.
    pub shedding_off: Family<TurnedOff, Gauge>,
    /// Jumps of the machine's clock, forwards or backwards.
    pub clock_jumps: Family<Jumped, Counter>,
}

/// Something that can be turned off under pressure.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct TurnedOff {
    /// Its name.
    pub what: &'static str,
}

/// A jump of the clock.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Jumped {
    /// `forwards` or `backwards`.
    pub direction: &'static str,
}

impl Default for Metrics {
    // tidy: table
    fn default() -> Self {
        let mut registry = Registry::with_prefix("seedling");
        let times = || Histogram::new(exponential_buckets(0.001, 2.0, 15));
        let mut metrics = Self {
            inbound: Family::default(),
            batch: Histogram::new(exponential_buckets(1.0, 2.0, 11)),
            commit: times(),
            sent: Family::default(),
            retried: Family::default(),
            dead: Family::default(),
            dead_now: Gauge::default(),
            reports: Family::default(),
            carrier: times(),
            repeated: Counter::default(),
            paused: Counter::default(),
            in_hand: Gauge::default(),
            in_flight: Gauge::default(),
            waiting: Gauge::default(),
            timers: Counter::default(),
            timers_put_off: Counter::default(),
            media: Family::default(),
            indexed_later: Counter::default(),
            indexed_messages: Counter::default(),
            job_slices: Counter::default(),
            schedules: Counter::default(),
            limits: Family::default(),
            streams: Gauge::default(),
            feed_behind: Counter::default(),
            errors: Counter::default(),
            spooled: Counter::default(),
            replayed: Counter::default(),
            spool_refused: Counter::default(),
            spool_items: Gauge::default(),
            spool_bytes: Gauge::default(),
            spool_age: Gauge::default(),
            nodes: Gauge::default(),
            lease_held: Family::default(),
            evictions: Counter::default(),
            fenced_writes: Counter::default(),
            shedding_level: Gauge::default(),
            shedding_off: Family::default(),
            clock_jumps: Family::default(),
            registry: Mutex::new(Registry::default()),
        };
        let r = &mut registry;
        r.register("inbound", "Items from carriers by what came of them", metrics.inbound.clone());
        r.register("intake_batch", "Items taken by one receive operation", metrics.batch.clone());
        r.register_with_unit("intake_commit", "Time to the commit", Unit::Seconds, metrics.commit.clone());
        metrics.register_sending(r);
        r.register_with_unit("carrier_answer", "Time to an answer", Unit::Seconds, metrics.carrier.clone());
        r.register("lines_paused", "Pauses of lines whose carrier is away", metrics.paused.clone());
        r.register("outbox_in_hand", "Outbox rows in hand", metrics.in_hand.clone());
        r.register("sends_in_flight", "Requests to carriers under way", metrics.in_flight.clone());
        r.register("intake_waiting", "Carrier requests waiting for intake", metrics.waiting.clone());
        metrics.register_work(r);
        r.register("chat_streams", "Chat streams open", metrics.streams.clone());
        r.register("feed_behind", "Subscribers of the feed that were too slow", metrics.feed_behind.clone());
        r.register("operation_errors", "Operations that failed through our fault", metrics.errors.clone());
        r.register("nodes", "Nodes that are alive, as this one sees it", metrics.nodes.clone());
        r.register("lease_held", "Whether this node has the lease", metrics.lease_held.clone());
        r.register("nodes_evicted", "Dead nodes that this one ended", metrics.evictions.clone());
        r.register(
            "fenced_writes",
            "Writes refused after this node was ended",
            metrics.fenced_writes.clone(),
        );
        metrics.register_spool(&mut registry);
        metrics.register_bounds(&mut registry);
        metrics.registry = Mutex::new(registry);
        metrics
    }
}

impl Metrics {
    /// Shows the level of shedding, with one series for each thing that it turns off.
    pub fn show_shedding(&self, level: u8) {
        self.shedding_level.set(i64::from(level));
        for what in Shed::ALL {
            let off = self.shedding_off.get_or_create(&TurnedOff { what: what.word() });
            off.set(i64::from(what.level() <= level));
        }
    }

    /// What is done beside messages.
    fn register_work(&self, r: &mut Registry) {
        r.register("limit_reached", "How often each limit was reached", self.limits.clone());
        r.register("timers_fired", "Timers fired", self.timers.clone());
        r.register("media", "Files of people by what came of fetching them", self.media.clone());
        r.register(
            "search_indexed_later",
            "Contacts whose keys for searches were made when search indexing was on again",
            self.indexed_later.clone(),
        );
        r.register(
            "search_indexed_messages",
            "Messages whose words went into the index of searches",
            self.indexed_messages.clone(),
        );
        r.register("timers_put_off", "Timers that failed and were put off", self.timers_put_off.clone());
        r.register("job_slices", "Slices of jobs done", self.job_slices.clone());
        r.register("scheduled_jobs", "Jobs begun by schedules", self.schedules.clone());
    }

    fn register_bounds(&self, r: &mut Registry) {
        r.register("shedding_level", "How much is turned off under pressure", self.shedding_level.clone());
        r.register("shedding_off", "1 for each thing that is turned off", self.shedding_off.clone());
        r.register("clock_jumps", "Jumps of the machine's clock", self.clock_jumps.clone());
    }

    fn register_spool(&self, r: &mut Registry) {
        r.register("spooled", "Items kept in the spool while the store was away", self.spooled.clone());
        r.register("spool_replayed", "Items of the spool that the store has taken", self.replayed.clone());
        r.register("spool_refused", "Items of the spool refused for good", self.spool_refused.clone());
        r.register("spool_items", "Items in the spool", self.spool_items.clone());
        r.register_with_unit("spool", "Size of the spool", Unit::Bytes, self.spool_bytes.clone());
        r.register_with_unit(
            "spool_oldest",
            "Age of the first item in the spool",
            Unit::Seconds,
            self.spool_age.clone(),
        );
    }

    /// What becomes of messages that leave.
    fn register_sending(&self, r: &mut Registry) {
        r.register("sent", "Attempts to send by what came of them", self.sent.clone());
        r.register("sends_retried", "Messages that are tried again, by class", self.retried.clone());
        r.register("sends_dead", "Messages put into the dead set, by class", self.dead.clone());
        r.register("dead_set", "Rows in the dead set", self.dead_now.clone());
        r.register("delivery_reports", "Delivery reports by what came of them", self.reports.clone());
        r.register("possibly_repeated", "Messages a carrier may have had twice", self.repeated.clone());
    }

    /// Counts an item from a carrier.
    pub fn count_inbound(&self, channel_type: &'static str, outcome: &'static str) {
        self.inbound.get_or_create(&Outcome { channel_type, outcome }).inc();
    }

    /// Counts an attempt to send.
    pub fn count_sent(&self, channel_type: &'static str, outcome: &'static str) {
        self.sent.get_or_create(&Outcome { channel_type, outcome }).inc();
    }

    /// Counts a message that failed.
    pub fn count_failure(&self, family: &Family<Failure, Counter>, class: &'static str) {
        family.get_or_create(&Failure { class }).inc();
    }

    /// Counts delivery reports.
    pub fn count_reports(&self, outcome: &'static str, count: u64) {
        self.reports.get_or_create(&Report { outcome }).inc_by(count);
    }

    /// Counts a file that was fetched, or not.
    pub fn count_media(&self, outcome: &'static str) {
        self.media.get_or_create(&Report { outcome }).inc();
    }

    /// Counts that a limit was reached.
    pub fn count_limit(&self, limit: &'static str) {
        self.limits.get_or_create(&Reached { limit }).inc();
    }

    /// Records a time in seconds.
    pub fn observe(histogram: &Histogram, took: Duration) {
        histogram.observe(took.as_secs_f64());
    }

    /// Everything in the text form that Prometheus reads.
    pub fn text(&self) -> String {
        let mut text = String::with_capacity(8 * 1_024);
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        // Writing to a String cannot fail.
        let _ = prometheus_client::encoding::text::encode(&mut text, &registry);
        text
    }
}
