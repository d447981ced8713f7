//! A launch as the WHO's was: everybody hears of the number within two days, most of them in two bursts, and the two
//! days are played in minutes.
//!
//! Of that launch it is known that 10 million people came in 48 hours; at ten messages each that is 580 messages a
//! second on average and about 2,900 at the peak, five times as many. The curve here has that peak: days and nights,
//! and two announcements a day apart after each of which the crowd comes at once and then ebbs away over hours.

use std::collections::VecDeque;
use std::f64::consts::TAU;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::carrier::{Carrier, Dialect};
use crate::connections::Connections;
use crate::latency::Quantiles;
use crate::ledger::{Counts, Ledger, PATIENCE};
use crate::load::{CONNECTIONS, Drill, LoadError, MESSAGES_MAX, REPORT_CONNECTIONS, release};
use crate::phones::{Line, Turns, carry, settle};
use crate::whatsapp::{self, Webhooks};

/// The hours of the launch.
const HOURS: f64 = 48.0;
/// Rows of the report: one for every two hours.
pub const PARTS: usize = 24;
/// How finely the curve is summed up.
const STEPS: usize = 4_800;
/// When the announcements are made, how long until everybody has heard, and how long the crowd takes to ebb away; hours.
const ANNOUNCED: [f64; 2] = [2.0, 26.0];
const HEARD_WITHIN: f64 = 0.25;
const EBBS_OVER: f64 = 3.0;
/// Days and nights against the bursts, such that the peak is five times the mean.
const EVERY_DAY: f64 = 0.45;
const BURST: f64 = 5.52;

/// How many would come in an hour if it went on like this, relative to other hours.
fn crowd(hour: f64) -> f64 {
    let daily = EVERY_DAY * (1.0 + 0.6 * (TAU * (hour - 14.0) / 24.0).cos());
    let burst = |since: f64| match since {
        since if since < 0.0 => 0.0,
        since if since < HEARD_WITHIN => BURST * since / HEARD_WITHIN,
        since => BURST * (-(since - HEARD_WITHIN) / EBBS_OVER).exp(),
    };
    daily + ANNOUNCED.iter().map(|at| burst(hour - at)).sum::<f64>()
}

/// Which share of all messages is written by when.
pub struct Curve {
    /// Shares at equal steps, from 0 to 1.
    shares: Vec<f64>,
}

impl Curve {
    /// The curve of the launch.
    pub fn launch() -> Self {
        let hour = |step: usize| HOURS * (step as f64 + 0.5) / STEPS as f64;
        let mut shares = vec![0.0];
        let mut sum = 0.0;
        for step in 0..STEPS {
            sum += crowd(hour(step));
            shares.push(sum);
        }
        shares.iter_mut().for_each(|share| *share /= sum);
        Self { shares }
    }

    /// The share of messages that is due at a moment between 0 and 1.
    fn due(&self, moment: f64) -> f64 {
        let place = moment.clamp(0.0, 1.0) * STEPS as f64;
        let below = (place as usize).min(STEPS - 1);
        let (low, high) = (self.shares[below], self.shares[below + 1]);
        low + (high - low) * (place - below as f64)
    }

    /// The moment between 0 and 1 at which a share is due.
    fn moment(&self, share: f64) -> f64 {
        let above = self.shares.partition_point(|known| *known < share).clamp(1, STEPS);
        let (low, high) = (self.shares[above - 1], self.shares[above]);
        let part = if high > low { (share - low) / (high - low) } else { 0.0 };
        (above as f64 - 1.0 + part) / STEPS as f64
    }

    /// How many times the mean the busiest step is.
    pub fn peak(&self) -> f64 {
        self.shares.windows(2).map(|pair| (pair[1] - pair[0]) * STEPS as f64).fold(0.0, f64::max)
    }
}

/// What to do to which node.
#[derive(Clone, Debug)]
pub struct LaunchPlan {
    /// People who come.
    pub people: usize,
    /// Messages that each of them writes.
    pub messages: usize,
    /// How long the two days take here.
    pub lasts: Duration,
    /// The node.
    pub node: String,
    /// The channel, which sends to the carrier of this drill.
    pub channel: uuid::Uuid,
}

/// Two hours of the launch.
#[derive(Clone, Debug, Serialize)]
pub struct Part {
    /// The hour in which it ends.
    pub hour: f64,
    /// Messages a second that people wrote, as played.
    pub rate: f64,
    /// Intended start to the reply, of the replies that came meanwhile.
    pub reply_ms: Quantiles,
}

/// What came of it.
#[derive(Clone, Debug, Serialize)]
pub struct LaunchReport {
    /// All counts.
    #[serde(flatten)]
    pub counts: Counts,
    /// Taken, but not answered.
    pub lost: u64,
    /// Messages that had to be handed in again.
    pub again: u64,
    /// Intended start to the node's answer.
    pub ack_ms: Quantiles,
    /// Intended start to the reply at the carrier.
    pub reply_ms: Quantiles,
    /// By time.
    pub parts: Vec<Part>,
}

impl LaunchReport {
    /// Whether everybody was answered, once and in order.
    pub fn is_clean(&self) -> bool {
        let faults = [self.lost, self.counts.duplicated, self.counts.misordered, self.counts.strange];
        faults.iter().all(|count| *count == 0) && self.counts.acknowledged == self.counts.sent
    }
}

/// Plays the launch. `told` hears of each part as it ends.
pub async fn run(
    plan: LaunchPlan,
    carrier: Carrier,
    told: impl Fn(&Part),
) -> Result<LaunchReport, LoadError> {
    let planned = (plan.people * plan.messages) as u64;
    if !(1..=MESSAGES_MAX).contains(&planned) {
        return Err(LoadError::Size);
    }
    let ledger = Arc::new(Mutex::new(Ledger::new(plan.people)));
    let node = Arc::new(Connections::new(&plan.node, CONNECTIONS)?);
    let reports = Connections::new(&plan.node, REPORT_CONNECTIONS)?;
    let webhooks = match carrier.dialect() {
        Dialect::Ex => None,
        Dialect::WhatsApp if whatsapp::is_verified(&node, plan.channel).await => {
            Some(Webhooks::start(node.clone(), plan.channel))
        }
        Dialect::WhatsApp => return Err(LoadError::Unverified),
    };
    let line = Line { node, channel: plan.channel, webhooks, ledger: ledger.clone() };
    let carrier = tokio::spawn(carry(carrier, reports, plan.channel, ledger.clone()));
    let drill = Arc::new(Drill::of(line, Turns::arriving(plan.people, plan.messages)));

    let (curve, start, lasts) = (Arc::new(Curve::launch()), Instant::now(), plan.lasts);
    let playing = {
        let (drill, curve) = (drill.clone(), curve.clone());
        tokio::spawn(async move {
            let total = planned as f64;
            let due =
                |elapsed: Duration| (curve.due(elapsed.as_secs_f64() / lasts.as_secs_f64()) * total) as u64;
            let intended = |number: u64| start + lasts.mul_f64(curve.moment(number as f64 / total));
            release(&drill, planned, due, intended).await;
        })
    };
    let mut parts = watch(&ledger, start, lasts, &told).await;
    playing.await.ok();
    settle(&ledger, PATIENCE, Ledger::is_settled, |ledger| {
        let counts = ledger.counts();
        counts.acknowledged + counts.replied
    })
    .await;
    carrier.abort();
    parts.truncate(PARTS);
    let ledger = ledger.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    Ok(LaunchReport {
        counts: ledger.counts(),
        lost: ledger.lost(),
        again: drill.again.load(std::sync::atomic::Ordering::Relaxed),
        ack_ms: ledger.acknowledgement(),
        reply_ms: ledger.reply(),
        parts,
    })
}

/// Looks at the ledger at the end of each part.
async fn watch(ledger: &Mutex<Ledger>, start: Instant, lasts: Duration, told: &impl Fn(&Part)) -> Vec<Part> {
    let mut parts = Vec::with_capacity(PARTS);
    let (mut sent, mut replies) = (0, 0);
    for number in 1..=PARTS {
        let end = start + lasts.mul_f64(number as f64 / PARTS as f64);
        tokio::time::sleep_until(end.into()).await;
        let Ok(ledger) = ledger.lock() else { break };
        let counts = ledger.counts();
        let part = Part {
            hour: HOURS * number as f64 / PARTS as f64,
            rate: (counts.sent - sent) as f64 / (lasts.as_secs_f64() / PARTS as f64),
            reply_ms: ledger.reply_since(replies),
        };
        (sent, replies) = (counts.sent, ledger.replies());
        drop(ledger);
        told(&part);
        parts.push(part);
    }
    parts
}

/// People who come one after the other, write their messages with a pause to think, and leave.
pub(crate) struct Arrivals {
    /// Who comes next, and how many will.
    next: usize,
    people: usize,
    messages: usize,
    /// Who may write again, and from when on.
    thinking: VecDeque<(Instant, usize)>,
    /// How many messages each has written.
    written: Vec<u8>,
    taken: u64,
}

impl Arrivals {
    /// How long somebody reads a reply before they answer, with the two days played in minutes.
    const THINKS: Duration = Duration::from_millis(500);

    /// Nobody is there yet.
    pub(crate) fn new(people: usize, messages: usize) -> Self {
        let messages = messages.clamp(1, usize::from(u8::MAX));
        Self { next: 0, people, messages, thinking: VecDeque::new(), written: vec![0; people], taken: 0 }
    }

    /// Who writes next: mostly somebody who has thought enough, and as often as it takes somebody new.
    pub(crate) fn take(&mut self) -> Option<usize> {
        self.taken += 1;
        let newcomer = self.taken.is_multiple_of(self.messages as u64) && self.next < self.people;
        let ready = !newcomer && self.thinking.front().is_some_and(|(from, _)| *from <= Instant::now());
        let person = if ready {
            self.thinking.pop_front()?.1
        } else if self.next < self.people {
            self.next += 1;
            self.next - 1
        } else {
            self.thinking.pop_front()?.1
        };
        self.written[person] += 1;
        Some(person)
    }

    /// Somebody's message is settled.
    pub(crate) fn give_back(&mut self, person: usize) {
        if usize::from(self.written[person]) < self.messages {
            self.thinking.push_back((Instant::now() + Self::THINKS, person));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_holds_everybody_and_peaks_at_five_times_the_mean() {
        let curve = Curve::launch();
        assert_eq!((curve.due(0.0), curve.due(1.0)), (0.0, 1.0));
        assert!((4.5..5.5).contains(&curve.peak()), "{}", curve.peak());
        for share in [0.0, 0.001, 0.25, 0.5, 0.999, 1.0] {
            assert!((curve.due(curve.moment(share)) - share).abs() < 1e-6, "{share}");
        }
    }

    #[test]
    fn everybody_comes_and_writes_all_they_have_to_say() {
        let mut arrivals = Arrivals::new(5, 3);
        let mut written = [0; 5];
        for _ in 0..15 {
            let person = arrivals.take().expect("somebody has more to say");
            written[person] += 1;
            arrivals.give_back(person);
        }
        assert_eq!((written, arrivals.take()), ([3; 5], None));
    }
}
