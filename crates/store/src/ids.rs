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
}
