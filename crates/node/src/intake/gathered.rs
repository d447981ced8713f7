//! What arrived and is not taken yet, and whose messages are under way.
//!
//! Batches that are under way at the same time hold no address in common: what somebody writes while their last message
//! is being taken waits for its end. So the order of each person holds whatever becomes of a batch: that it is
//! committed, or that it goes to the spool.

use std::collections::{HashSet, VecDeque};

use channels::{Inbound, InboundEvent};
use smol_str::SmolStr;

use super::Submission;
use crate::limits;

/// Scheme and path of who wrote. As with the lanes of operations the workspace is not part of it.
pub(super) type Address = (SmolStr, SmolStr);

/// In the order of their arrival.
#[derive(Default)]
pub(super) struct Gathered {
    waiting: VecDeque<Submission>,
    under_way: HashSet<Address>,
}

impl Gathered {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Submissions that wait.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn push(&mut self, submission: Submission) {
        self.waiting.push_back(submission);
    }

    /// What may be taken now: all that waits, up to the size of a batch, but of those whose last message is under way.
    pub(super) fn next_batch(&mut self) -> Option<Vec<Submission>> {
        let (mut batch, mut size) = (Vec::with_capacity(self.waiting.len()), 0);
        let (mut held, mut theirs, mut mine) = (VecDeque::new(), HashSet::new(), HashSet::new());
        while size < limits::INTAKE_BATCH
            && let Some(submission) = self.waiting.pop_front()
        {
            let addresses = || addresses_of(&submission);
            if addresses().any(|address| self.under_way.contains(&address) || theirs.contains(&address)) {
                theirs.extend(addresses());
                held.push_back(submission);
            } else {
                mine.extend(addresses());
                size += submission.items.len();
                batch.push(submission);
            }
        }
        held.append(&mut self.waiting);
        self.waiting = held;
        self.under_way.extend(mine);
        (!batch.is_empty()).then_some(batch)
    }

    /// A batch is done.
    pub(super) fn free(&mut self, addresses: &[Address]) {
        for address in addresses {
            self.under_way.remove(address);
        }
    }
}

/// Whom a submission is about: who wrote, and whose address it becomes. Reports have no order to keep.
pub(super) fn addresses_of(submission: &Submission) -> impl Iterator<Item = Address> {
    let urns = submission.items.iter().flat_map(|item| {
        let (urn, to) = match item {
            Inbound::Message(message) => (Some(&message.urn), &[][..]),
            Inbound::Event(InboundEvent::Moved { urn, to }) => (Some(urn), &to[..]),
            Inbound::Event(event) => (Some(event.urn()), &[][..]),
            Inbound::Status(_) => (None, &[][..]),
        };
        urn.into_iter().chain(to)
    });
    urns.map(|urn| (urn.scheme.clone(), urn.path.clone()))
}

#[cfg(test)]
mod tests {
    use domain::{ChannelId, ChannelUuid, Urn};
    use jiff::Timestamp;
    use tokio::{sync::oneshot, time::Instant};

    use super::*;

    fn from(paths: &[&str]) -> Submission {
        let of = |path: &&str| Inbound::Event(InboundEvent::StopContact { urn: Urn::new("tel", *path) });
        Submission {
            line: ChannelId(1),
            channel: ChannelUuid::default(),
            channel_type: "EX",
            items: paths.iter().map(of).collect(),
            since: Instant::now(),
            arrived: Timestamp::UNIX_EPOCH,
            answer: oneshot::channel().0,
        }
    }

    fn paths(batch: Option<Vec<Submission>>) -> Vec<Vec<SmolStr>> {
        let batch = batch.unwrap_or_default();
        batch.iter().map(|submission| addresses_of(submission).map(|(_, path)| path).collect()).collect()
    }

    #[test]
    fn who_has_a_message_under_way_waits_and_nobody_else_does() {
        let mut gathered = Gathered::default();
        let (a, b, c) = ("+254700000001", "+254700000002", "+254700000003");
        gathered.push(from(&[a]));
        assert_eq!(paths(gathered.next_batch()), [[a]]);
        // The second holds back b as well, since both came together.
        for submission in [from(&[b]), from(&[a, b]), from(&[b]), from(&[c]), from(&[c])] {
            gathered.push(submission);
        }
        assert_eq!(paths(gathered.next_batch()), [[b], [c], [c]]);
        assert!(gathered.next_batch().is_none());
        gathered.free(&[("tel".into(), a.into())]);
        assert!(gathered.next_batch().is_none(), "b is still under way");
        gathered.free(&[("tel".into(), b.into()), ("tel".into(), c.into())]);
        assert_eq!(paths(gathered.next_batch()), [vec![a, b], vec![b]]);
        assert!(gathered.is_empty());
    }

    #[test]
    fn a_batch_has_a_limit() {
        let mut gathered = Gathered::default();
        for _ in 0..=limits::INTAKE_BATCH {
            gathered.push(from(&["+254700000001"]));
        }
        assert_eq!(paths(gathered.next_batch()).len(), limits::INTAKE_BATCH);
        assert_eq!(gathered.len(), 1);
    }
}
