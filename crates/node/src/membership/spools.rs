//! Whose turn it is to give the store what was kept in a spool while the store was away. Each node has a spool of its own,
//! and a carrier may hand one person's messages to any node: so what arrived first anywhere goes first, as far as the
//! nodes' clocks agree and to a slice of time ([`limits::SPOOL_SLICE`]).
//!
//! Each beat says when the oldest item in the node's spool arrived. After the store was away, a node waits until every
//! other one that lives has beaten again, because only then is known what all have. Until no other has anything, what
//! comes in goes into the spool as well.

use std::collections::BTreeMap;

use jiff::Timestamp;
use store::NodeRow;

use super::Membership;
use crate::limits;

/// What a node may give the store now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Nothing: the store is away.
    Away,
    /// Nothing: it is not known what the others have.
    Wait,
    /// What arrived before this moment.
    Before(Timestamp),
    /// Everything: no other node has anything older.
    Free,
}

/// Whether the others have been heard since the store was away.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Return {
    /// All of them were.
    #[default]
    Settled,
    /// By run: the beat that was seen first; one that is higher was made after the return.
    Waiting(BTreeMap<i64, i64>),
}

impl Return {
    /// Takes note of the others.
    fn hear<'n>(&mut self, others: impl Iterator<Item = &'n NodeRow>) {
        let Self::Waiting(first) = self else { return };
        let mut all = true;
        for node in others {
            all &= node.beat > *first.entry(node.run).or_insert(node.beat);
        }
        if all {
            *self = Self::Settled;
        }
    }
}

/// The end of the slice of time that a moment is in.
fn end_of_slice(moment: Timestamp) -> Timestamp {
    let slice = i64::try_from(limits::SPOOL_SLICE.as_micros()).unwrap_or(i64::MAX);
    let number = moment.as_microsecond().div_euclid(slice);
    Timestamp::from_microsecond((number + 1).saturating_mul(slice)).unwrap_or(Timestamp::MAX)
}

impl Membership {
    /// Takes note that the store was away: others may have kept what is older than what comes in now.
    pub(crate) fn store_was_away(&self) {
        if self.inner.identity.alone || self.living() == 1 {
            return;
        }
        *self.back() = Return::Waiting(BTreeMap::new());
        if let Some(spool) = &self.inner.spool {
            spool.hold();
        }
    }

    pub(super) fn hear(&self, nodes: &[NodeRow]) {
        self.back().hear(nodes.iter().filter(|node| node.run != self.run_number()));
    }

    /// What may be given to the store from the spool now. Says to the others what is in there.
    pub(crate) async fn turn(&self) -> Turn {
        let inner = &*self.inner;
        if inner.identity.alone || (self.living() == 1 && *self.back() == Return::Settled) {
            return Turn::Free;
        }
        let Ok(beat) = self.say().await else { return Turn::Away };
        if !beat.alive {
            return Turn::Wait;
        }
        self.hear(&beat.nodes);
        let others = beat.nodes.iter().filter(|node| node.run != self.run_number());
        let oldest = others.filter_map(|node| node.spool_from).min();
        match (&*self.back(), oldest) {
            (Return::Waiting(_), _) => Turn::Wait,
            // What came in a moment ago: under a steady load there is always something.
            (Return::Settled, Some(oldest)) if end_of_slice(oldest) > inner.ctx.now() => Turn::Free,
            (Return::Settled, Some(oldest)) => Turn::Before(end_of_slice(oldest)),
            (Return::Settled, None) => Turn::Free,
        }
    }

    fn back(&self) -> std::sync::MutexGuard<'_, Return> {
        self.inner.back.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
