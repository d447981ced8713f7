//! Row numbers, made by the application so that no insert has to ask the database for one.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;

/// Microseconds of 2025-01-01T00:00:00Z: ids count from here.
const EPOCH_MICROS: i64 = 1_735_689_600_000_000;
const SLOT_BITS: u32 = 3;

/// Makes row numbers: microseconds since 2025 and the slot of the process.
///
/// They rise with time, so new rows go to the end of their tables; they fit 53 bits until 2060, so they survive
/// JSON readers that keep numbers as floats; and processes of different slots never make the same one.
#[derive(Debug)]
pub struct IdSource {
    last: AtomicI64,
    slot: i64,
}

impl IdSource {
    /// How many processes can make ids at the same time without meeting.
    pub const SLOTS: u8 = 1 << SLOT_BITS;

    /// The slot of the node, of which there is one to a database.
    pub const NODE_SLOT: u8 = 0;

    /// The slot of a command, from its process number: never the node's. Two commands may meet in one; they would
    /// make the same number only within the same microsecond.
    pub fn command_slot(process: u32) -> u8 {
        // At most 7, whatever the number.
        1 + (process % u32::from(Self::SLOTS - 1)) as u8
    }

    /// A source that continues after `highest`, the highest id in the database (0 if there is none).
    pub fn new(slot: u8, highest: i64) -> Self {
        Self { last: AtomicI64::new(highest >> SLOT_BITS), slot: i64::from(slot % Self::SLOTS) }
    }

    /// The next id. Runs ahead of `now` if more are asked for than there are microseconds, and never goes back
    /// when the clock does.
    pub fn next(&self, now: Timestamp) -> i64 {
        let at = now.as_microsecond() - EPOCH_MICROS;
        let previous = self
            .last
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(at.max(last + 1)))
            .unwrap_or_default();
        (at.max(previous + 1) << SLOT_BITS) | self.slot
    }

    /// Makes all further ids higher than `id`, which another process made: what follows from what was read is then
    /// higher than it, whatever the clocks of the two say.
    pub fn observe(&self, id: i64) {
        self.last.fetch_max(id >> SLOT_BITS, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use jiff::Timestamp;

    use super::IdSource;

    #[test]
    fn what_was_read_is_lower_than_what_is_made_then() {
        let ahead = Timestamp::from_second(1_800_003_600).expect("a moment");
        let behind = Timestamp::from_second(1_800_000_000).expect("a moment");
        let (fast, slow) = (IdSource::new(3, 0), IdSource::new(0, 0));
        let read = fast.next(ahead);
        slow.observe(read);
        let made = slow.next(behind);
        assert!(made > read);
        fast.observe(made);
        assert!(fast.next(behind) > made);
        slow.observe(0);
        assert!(slow.next(behind) > made, "it never goes back");
    }

    #[test]
    fn a_command_never_makes_a_number_of_the_node() {
        let now = Timestamp::from_second(1_800_000_000).expect("a moment");
        let numbers = |slot| {
            let ids = IdSource::new(slot, 0);
            (0..100).map(|_| ids.next(now)).collect::<BTreeSet<i64>>()
        };
        let node = numbers(IdSource::NODE_SLOT);
        assert_eq!(node.len(), 100);
        let slots: BTreeSet<u8> = (0..100).chain([u32::MAX]).map(IdSource::command_slot).collect();
        assert_eq!(slots, (1..IdSource::SLOTS).collect());
        for slot in slots {
            assert!(numbers(slot).is_disjoint(&node), "slot {slot}");
        }
    }
}
