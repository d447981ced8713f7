//! Row numbers, made by the application so that no insert has to ask the database for one.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;

/// Microseconds of 2025-01-01T00:00:00Z: ids count from here.
const EPOCH_MICROS: i64 = 1_735_689_600_000_000;
/// Ids count in steps of four microseconds …
const STEP_BITS: u32 = 2;
/// … and each step has room for so many processes.
const SLOT_BITS: u32 = 5;

/// Makes row numbers: steps of 4 µs since 2025, and the slot of the process.
///
/// They rise with time, so new rows go to the end of their tables; they fit 53 bits until 2060, so they survive
/// JSON readers that keep numbers as floats; and processes of different slots never make the same one. No two living
/// nodes have the same slot: they take it with their registration ([`crate::Store::register`]).
#[derive(Debug)]
pub struct IdSource {
    /// The last step that was given out, or observed.
    last: AtomicI64,
    slot: i64,
}

impl IdSource {
    /// How many processes can make ids at the same time without meeting.
    pub const SLOTS: u8 = 1 << SLOT_BITS;

    /// How many of the slots, the lowest, are for nodes.
    pub const NODE_SLOTS: u8 = 24;

    /// The slot of a command, from its process number: never a node's. Two commands may meet in one; they would
    /// make the same number only within the same four microseconds.
    pub fn command_slot(process: u32) -> u8 {
        // Less than SLOTS, whatever the number.
        Self::NODE_SLOTS + (process % u32::from(Self::SLOTS - Self::NODE_SLOTS)) as u8
    }

    /// A source that continues after `highest`, the highest id in the database (0 if there is none).
    pub fn new(slot: u8, highest: i64) -> Self {
        Self { last: AtomicI64::new(highest >> SLOT_BITS), slot: i64::from(slot % Self::SLOTS) }
    }

    /// The next id. Runs ahead of `now` if more are asked for than there are steps, and never goes back when the
    /// clock does.
    pub fn next(&self, now: Timestamp) -> i64 {
        let at = (now.as_microsecond() - EPOCH_MICROS) >> STEP_BITS;
        let previous = self
            .last
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(at.max(last + 1)))
            .unwrap_or_default();
        (at.max(previous + 1) << SLOT_BITS) | self.slot
    }

    /// Takes note of an id that somebody else made: all that come from here on are higher, whatever the clocks say.
    pub fn observe(&self, id: i64) {
        self.last.fetch_max(id >> SLOT_BITS, Ordering::Relaxed);
    }

    /// The lowest id that can be made at a moment.
    pub fn first_of(at: Timestamp) -> i64 {
        ((at.as_microsecond() - EPOCH_MICROS) >> STEP_BITS) << SLOT_BITS
    }

    /// About when an id was made: exact while no more are made than there are steps.
    pub fn made_on(id: i64) -> Timestamp {
        let micros = EPOCH_MICROS.saturating_add((id >> SLOT_BITS) << STEP_BITS);
        Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// An id that none given out or observed so far exceeds.
    pub(crate) fn highest(&self) -> i64 {
        (self.last.load(Ordering::Relaxed) << SLOT_BITS) | i64::from(Self::SLOTS - 1)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use jiff::Timestamp;

    use super::IdSource;

    fn numbers(slot: u8, now: Timestamp) -> BTreeSet<i64> {
        let ids = IdSource::new(slot, 0);
        (0..100).map(|_| ids.next(now)).collect()
    }

    #[test]
    fn no_slot_makes_a_number_of_another() {
        let now = Timestamp::from_second(1_800_000_000).expect("a moment");
        let all: BTreeSet<i64> = (0..IdSource::SLOTS).flat_map(|slot| numbers(slot, now)).collect();
        assert_eq!(all.len(), 100 * usize::from(IdSource::SLOTS));
        let commands: BTreeSet<u8> = (0..100).chain([u32::MAX]).map(IdSource::command_slot).collect();
        assert_eq!(commands, (IdSource::NODE_SLOTS..IdSource::SLOTS).collect());
    }

    #[test]
    fn ids_follow_those_of_earlier_programs() {
        let now = Timestamp::from_second(1_800_000_000).expect("a moment");
        // Until schema 13: microseconds and eight slots.
        let earlier = (now.as_microsecond() - super::EPOCH_MICROS) << 3;
        let ids = IdSource::new(0, earlier | 7);
        let next = ids.next(now);
        assert!(next > earlier | 7 && next < earlier + 200, "{next} after {earlier}");
    }

    #[test]
    fn what_was_observed_is_exceeded_whatever_the_clock_says() {
        let now = Timestamp::from_second(1_800_000_000).expect("a moment");
        let (behind, ahead) = (IdSource::new(3, 0), IdSource::new(9, 0));
        let seen = ahead.next(now + jiff::SignedDuration::from_secs(60));
        behind.observe(seen);
        let next = behind.next(now);
        assert!(next > seen);
        behind.observe(1);
        assert!(behind.next(now) > next, "an old one changes nothing");
        assert!(behind.highest() > next);
    }
}
