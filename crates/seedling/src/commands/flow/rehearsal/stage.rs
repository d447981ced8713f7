//! A clock that stands still until it is moved, and chance that is the same each time: the same conversation then
//! always goes the same way.

use std::cell::Cell;

use expressions::Ambient;
use flows::Host;
use jiff::{SignedDuration, Timestamp};
use uuid::{Builder, Uuid};

/// Clock, chance and identifiers of one rehearsal.
pub struct Stage {
    now: Cell<Timestamp>,
    random: Cell<u64>,
}

impl Stage {
    /// A stage at that moment; the seed decides everything that is left to chance.
    pub fn new(now: Timestamp, seed: u64) -> Self {
        Self { now: Cell::new(now), random: Cell::new(seed) }
    }

    /// Lets time pass; up to the end of the calendar.
    pub fn pass(&self, time: SignedDuration) {
        self.now.set(self.now.get().saturating_add(time).unwrap_or(Timestamp::MAX));
    }

    /// The moment that the clock shows.
    pub fn moment(&self) -> Timestamp {
        self.now.get()
    }

    fn bytes(&self) -> [u8; 16] {
        let (high, low) = (self.random(), self.random());
        ((u128::from(high) << 64) | u128::from(low)).to_be_bytes()
    }
}

impl Ambient for Stage {
    fn now(&self) -> Timestamp {
        self.now.get()
    }

    /// SplitMix64 (Steele, Lea, Flood 2014): one addition and two mixing rounds for each number.
    fn random(&self) -> u64 {
        let state = self.random.get().wrapping_add(0x9E37_79B9_7F4A_7C15);
        self.random.set(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

impl Host for Stage {
    fn uuid_v7(&self) -> Uuid {
        let milliseconds = u64::try_from(self.now.get().as_millisecond()).unwrap_or_default();
        let mut tail = [0; 10];
        tail.copy_from_slice(&self.bytes()[..10]);
        Builder::from_unix_timestamp_millis(milliseconds, &tail).into_uuid()
    }

    fn uuid_v4(&self) -> Uuid {
        Builder::from_random_bytes(self.bytes()).into_uuid()
    }
}
