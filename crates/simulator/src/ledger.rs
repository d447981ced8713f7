//! What people wrote and what they got back: the judge of every drill.
//!
//! Each message ends with `#` and its number in the person's own count. A flow that repeats the message in
//! its reply, as `TWO_QUESTIONS` does, lets every reply be matched exactly; replies without a number are
//! matched to the oldest message of that person that has none yet.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use serde::Serialize;
use uuid::Uuid;

use crate::carrier::Delivery;
use crate::latency::{Latencies, Quantiles};

/// The first number of the drill's people: an unassigned range, so that nobody is ever written to.
/// The number of the first person.
pub const FIRST_NUMBER: u64 = 256_799_000_000;

/// Counts of a drill.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Messages that people wrote.
    pub sent: u64,
    /// Those that the node took.
    pub acknowledged: u64,
    /// Those that got a reply.
    pub replied: u64,
    /// Replies with a different id to a message that had one already, and repeats that were not marked.
    pub duplicated: u64,
    /// Repeats that said so.
    pub repeated: u64,
    /// Replies that came after the reply to a later message.
    pub misordered: u64,
    /// Messages to nobody of the drill, or to a message that was never written.
    pub strange: u64,
    /// Delivery reports that the node took.
    pub reported: u64,
}

/// One message of a person.
struct Message {
    intended: Instant,
    acknowledged: bool,
    reply: Option<Uuid>,
}

/// A person and their conversation.
#[derive(Default)]
struct Person {
    messages: Vec<Message>,
    last_replied: Option<usize>,
}

/// Everything that happened.
#[derive(Default)]
pub struct Ledger {
    people: Vec<Person>,
    deliveries: HashMap<Uuid, u32>,
    counts: Counts,
    acknowledgement: Latencies,
    reply: Latencies,
}

impl Ledger {
    /// A ledger for this many people, who have not written yet.
    pub fn new(people: usize) -> Self {
        Self { people: std::iter::repeat_with(Person::default).take(people).collect(), ..Self::default() }
    }

    /// A person's address.
    pub fn number(person: usize) -> String {
        format!("+{}", FIRST_NUMBER + person as u64)
    }

    /// A person is about to write; returns the number of the message in their own count.
    pub fn write(&mut self, person: usize, intended: Instant) -> usize {
        self.counts.sent += 1;
        let messages = &mut self.people[person].messages;
        messages.push(Message { intended, acknowledged: false, reply: None });
        messages.len() - 1
    }

    /// The node took a message.
    pub fn acknowledge(&mut self, person: usize, number: usize, now: Instant) {
        let message = &mut self.people[person].messages[number];
        if !message.acknowledged {
            message.acknowledged = true;
            self.counts.acknowledged += 1;
            self.acknowledgement.record(now.saturating_duration_since(message.intended));
        }
    }

    /// The node took a delivery report.
    pub fn report(&mut self) {
        self.counts.reported += 1;
    }

    /// The carrier got a message for a person.
    pub fn deliver(&mut self, delivery: &Delivery) {
        let seen = self.deliveries.entry(delivery.message).or_default();
        *seen += 1;
        if *seen > 1 {
            if delivery.possibly_repeated {
                self.counts.repeated += 1;
            } else {
                self.counts.duplicated += 1;
            }
            return;
        }
        let Some(person) = person(&delivery.to).and_then(|index| self.people.get_mut(index)) else {
            self.counts.strange += 1;
            return;
        };
        let number =
            number(&delivery.text).or_else(|| person.messages.iter().position(|m| m.reply.is_none()));
        let Some((number, message)) = number.and_then(|n| person.messages.get_mut(n).map(|m| (n, m))) else {
            self.counts.strange += 1;
            return;
        };
        if message.reply.is_some() {
            self.counts.duplicated += 1;
            return;
        }
        message.reply = Some(delivery.message);
        self.counts.replied += 1;
        self.reply.record(delivery.at.saturating_duration_since(message.intended));
        if person.last_replied.is_some_and(|last| number < last) {
            self.counts.misordered += 1;
        }
        person.last_replied = person.last_replied.max(Some(number));
    }

    /// The counts so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Messages that were taken and never answered.
    pub fn lost(&self) -> u64 {
        let messages = self.people.iter().flat_map(|person| &person.messages);
        messages.filter(|message| message.acknowledged && message.reply.is_none()).count() as u64
    }

    /// A few of the lost ones, as address and number, for looking them up in the node's log.
    pub fn lost_examples(&self, most: usize) -> Vec<String> {
        let people = self.people.iter().enumerate();
        let lost = people.flat_map(|(index, person)| {
            let messages = person.messages.iter().enumerate();
            let lost = messages.filter(|(_, message)| message.acknowledged && message.reply.is_none());
            lost.map(move |(number, _)| format!("{} #{number}", Self::number(index)))
        });
        lost.take(most).collect()
    }

    /// From the intended start of a message to the node's answer.
    pub fn acknowledgement(&self) -> Quantiles {
        self.acknowledgement.quantiles()
    }

    /// From the intended start of a message to its reply at the carrier.
    pub fn reply(&self) -> Quantiles {
        self.reply.quantiles()
    }

    /// How many replies were measured.
    pub fn replies(&self) -> usize {
        self.reply.len()
    }

    /// [`Ledger::reply`] of all but the first `from` replies.
    pub fn reply_since(&self, from: usize) -> Quantiles {
        self.reply.quantiles_since(from)
    }

    /// Whether everything that was taken has been answered.
    pub fn is_settled(&self) -> bool {
        self.counts.replied >= self.counts.acknowledged && self.counts.acknowledged == self.counts.sent
    }
}

/// The person behind an address.
fn person(address: &str) -> Option<usize> {
    let digits = address.rsplit(':').next()?.trim_start_matches('+');
    let number: u64 = digits.parse().ok()?;
    usize::try_from(number.checked_sub(FIRST_NUMBER)?).ok()
}

/// The number after the last `#`.
fn number(text: &str) -> Option<usize> {
    let (_, after) = text.rsplit_once('#')?;
    let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
    after[..end].parse().ok()
}

/// How long a drill waits without any progress before it calls the rest lost.
pub const PATIENCE: Duration = Duration::from_secs(20);

#[cfg(test)]
mod tests {
    use super::*;

    /// Person 0 writes three messages; the carrier gets these (id, text, marked).
    fn check(deliveries: &[(u128, &str, bool)], expected: Counts, lost: u64) {
        let mut ledger = Ledger::new(1);
        let now = Instant::now();
        for _ in 0..3 {
            let number = ledger.write(0, now);
            ledger.acknowledge(0, number, now);
        }
        for (id, text, possibly_repeated) in deliveries {
            ledger.deliver(&Delivery {
                to: Ledger::number(0),
                text: (*text).to_owned(),
                message: Uuid::from_u128(*id),
                possibly_repeated: *possibly_repeated,
                at: now,
            });
        }
        let expected = Counts { sent: 3, acknowledged: 3, ..expected };
        assert_eq!((ledger.counts(), ledger.lost()), (expected, lost), "{deliveries:?}");
    }

    #[test]
    fn verdicts() {
        let none = Counts::default();
        check(
            &[(1, "a #0", false), (2, "b #1", false), (3, "c #2", false)],
            Counts { replied: 3, ..none },
            0,
        );
        check(&[(1, "a #0", false), (3, "c #2", false)], Counts { replied: 2, ..none }, 1);
        check(&[(2, "b #1", false), (1, "a #0", false)], Counts { replied: 2, misordered: 1, ..none }, 1);
        check(&[(1, "a #0", false), (1, "a #0", true)], Counts { replied: 1, repeated: 1, ..none }, 2);
        check(&[(1, "a #0", false), (1, "a #0", false)], Counts { replied: 1, duplicated: 1, ..none }, 2);
        check(&[(1, "a #0", false), (9, "a #0", true)], Counts { replied: 1, duplicated: 1, ..none }, 2);
        check(&[(1, "Thanks", false), (2, "Bye", false)], Counts { replied: 2, ..none }, 1);
        check(&[(1, "a #7", false)], Counts { strange: 1, ..none }, 3);
    }
}
