//! People with phones: each writes one message at a time and goes on when the node has taken it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::StatusCode;
use uuid::Uuid;

use crate::carrier::{Carrier, Delivery};
use crate::connections::Connections;
use crate::launch::Arrivals;
use crate::ledger::Ledger;
use crate::whatsapp::Webhooks;

/// Every so many messages come from somebody who writes on without waiting, so that messages of one person
/// follow closely upon each other.
const HASTY_EVERY: u64 = 4;
/// How many such people there are.
const HASTY_PEOPLE: usize = 64;

/// What people write, in turn; the number is added to each.
const TEXTS: [&str; 3] = ["hello", "Amina", "27"];

/// How messages reach the node.
pub struct Line {
    /// Connections to the node.
    pub node: Arc<Connections>,
    /// The channel.
    pub channel: Uuid,
    /// Gathers messages into webhooks, on a channel of WhatsApp.
    pub webhooks: Option<Webhooks>,
    /// What happened so far.
    pub ledger: Arc<Mutex<Ledger>>,
}

/// What became of a try to hand in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// The node answered that it has it.
    Yes,
    /// The node refused it: trying again gives the same.
    Refused(StatusCode),
    /// No answer, or one that says to come again.
    Unknown,
}

impl Line {
    /// Hands in one message. The external id is the same at every try, as with a carrier that tries again.
    pub async fn hand_in(&self, person: usize, number: usize) -> Taken {
        let from = Ledger::number(person);
        let text = TEXTS[number % TEXTS.len()];
        if let Some(webhooks) = &self.webhooks {
            let id = format!("drill-{person}-{number}");
            return webhooks.hand_in(&from, &format!("{text} #{number}"), &id).await;
        }
        let body =
            format!("from=%2B{}&text={text}%20%23{number}&external_id=drill-{person}-{number}", &from[1..]);
        let path = format!("/c/ex/{}/receive", self.channel);
        match self.node.post(&path, "application/x-www-form-urlencoded", Bytes::from(body)).await {
            Ok(answer) if answer.status == StatusCode::OK => Taken::Yes,
            Ok(answer) if answer.status.is_client_error() && !comes_again(answer.status) => {
                Taken::Refused(answer.status)
            }
            Ok(_) | Err(_) => Taken::Unknown,
        }
    }

    /// Notes in the ledger that the node has a message.
    pub fn acknowledged(&self, person: usize, number: usize, now: Instant) {
        if let Ok(mut ledger) = self.ledger.lock() {
            ledger.acknowledge(person, number, now);
        }
    }
}

/// Runs the carrier and notes in the ledger what it gets.
pub async fn carry(carrier: Carrier, reports: Connections, channel: Uuid, ledger: Arc<Mutex<Ledger>>) {
    let on_report = ledger.clone();
    let deliver = move |delivery: &Delivery| {
        if let Ok(mut ledger) = ledger.lock() {
            ledger.deliver(delivery);
        }
    };
    let report = move || {
        if let Ok(mut ledger) = on_report.lock() {
            ledger.report();
        }
    };
    carrier.serve(reports, channel, Arc::new(deliver), Arc::new(report)).await;
}

/// Answers that carriers take as "later".
fn comes_again(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::REQUEST_TIMEOUT
}

/// Who writes next: mostly the one whose last message is longest ago, sometimes one of the hasty.
pub struct Turns {
    /// Instead of the others: people who come and go.
    arrivals: Option<Arrivals>,
    patient: VecDeque<usize>,
    hasty: VecDeque<usize>,
    given: u64,
    hasty_people: usize,
}

impl Turns {
    /// All of them are free to write.
    pub fn new(people: usize) -> Self {
        let hasty_people = HASTY_PEOPLE.min(people / 2);
        Self {
            arrivals: None,
            patient: (hasty_people..people).collect(),
            hasty: (0..hasty_people).collect(),
            given: 0,
            hasty_people,
        }
    }

    /// People who come one after the other, each with so many messages.
    pub fn arriving(people: usize, messages: usize) -> Self {
        Self { arrivals: Some(Arrivals::new(people, messages)), ..Self::new(0) }
    }

    /// The next person, unless everybody has a message under way.
    pub fn take(&mut self) -> Option<usize> {
        if let Some(arrivals) = &mut self.arrivals {
            return arrivals.take();
        }
        self.given += 1;
        let hasty_first = self.given.is_multiple_of(HASTY_EVERY);
        let (first, second) = if hasty_first {
            (&mut self.hasty, &mut self.patient)
        } else {
            (&mut self.patient, &mut self.hasty)
        };
        first.pop_front().or_else(|| second.pop_front())
    }

    /// This person's message is settled: they may write again.
    pub fn give_back(&mut self, person: usize) {
        if let Some(arrivals) = &mut self.arrivals {
            return arrivals.give_back(person);
        }
        if person < self.hasty_people {
            self.hasty.push_back(person);
        } else {
            self.patient.push_back(person);
        }
    }
}

/// Waits until `done` says so, or until nothing has changed for `patience`.
pub async fn settle(
    ledger: &Mutex<Ledger>,
    patience: Duration,
    done: impl Fn(&Ledger) -> bool,
    progress: impl Fn(&Ledger) -> u64,
) {
    const LOOK_EVERY: Duration = Duration::from_millis(50);
    let (mut last, mut since) = (0, Instant::now());
    loop {
        let Ok((is_done, now)) = ledger.lock().map(|ledger| (done(&ledger), progress(&ledger))) else {
            return;
        };
        if is_done {
            return;
        }
        if now != last {
            (last, since) = (now, Instant::now());
        } else if since.elapsed() > patience {
            return;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_has_two_messages_under_way() {
        let mut turns = Turns::new(4);
        let mut writing: Vec<usize> = std::iter::from_fn(|| turns.take()).collect();
        writing.sort_unstable();
        assert_eq!(writing, [0, 1, 2, 3]);
        turns.give_back(2);
        assert_eq!((turns.take(), turns.take()), (Some(2), None));
    }
}
