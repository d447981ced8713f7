//! The clock and the random numbers that cases are written for.
//!
//! The generator is PCG-DXSM with 128 bits of state, as documented with the cases; the clock either stands
//! still or goes on by one second at each read.

use std::cell::{Cell, RefCell};

use expressions::Ambient;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

const MULTIPLIER: u128 = (2_549_297_995_355_413_924 << 64) | 4_865_540_595_714_422_341;
const INCREMENT: u128 = (6_364_136_223_846_793_005 << 64) | 1_442_695_040_888_963_407;
const CHEAP_MULTIPLIER: u64 = 0xda94_2042_e4dd_58b5;

/// The seed where a case does not give one.
pub const SEED: u64 = 123_456;

/// When the clock of a session starts.
pub const START: &str = "2025-05-04T12:30:45.123456789Z";

/// A PCG-DXSM stream.
#[derive(Clone, Debug)]
pub struct Pcg {
    state: u128,
}

impl Pcg {
    /// A stream whose two halves of state are the same seed.
    pub fn new(seed: u64) -> Self {
        Self { state: (u128::from(seed) << 64) | u128::from(seed) }
    }

    /// The next 64 bits.
    pub fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_mul(MULTIPLIER).wrapping_add(INCREMENT);
        let (mut high, low) = ((self.state >> 64) as u64, self.state as u64);
        high ^= high >> 32;
        high = high.wrapping_mul(CHEAP_MULTIPLIER);
        high ^= high >> 48;
        high.wrapping_mul(low | 1)
    }

    /// A version 4 UUID of the next two numbers, each with its lowest byte first.
    pub fn uuid_v4(&mut self) -> Uuid {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.next().to_le_bytes());
        bytes[8..].copy_from_slice(&self.next().to_le_bytes());
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }
}

/// Clock and randomness of one case.
pub struct TestAmbient {
    now: Cell<Timestamp>,
    step: SignedDuration,
    random: RefCell<Pcg>,
}

impl TestAmbient {
    /// A clock that stands still.
    pub fn fixed(now: Timestamp) -> Self {
        Self { now: Cell::new(now), step: SignedDuration::ZERO, random: RefCell::new(Pcg::new(SEED)) }
    }

    /// A clock that starts where sessions start and goes on by one second at each read.
    pub fn ticking() -> Self {
        let start = START.parse().expect("a constant in RFC 3339");
        Self {
            now: Cell::new(start),
            step: SignedDuration::from_secs(1),
            random: RefCell::new(Pcg::new(SEED)),
        }
    }

    /// The same as it is after so many random numbers were drawn.
    pub fn after_draws(self, draws: usize) -> Self {
        for _ in 0..draws {
            self.random();
        }
        self
    }

    /// The same with another seed.
    pub fn seeded(mut self, seed: u64) -> Self {
        self.random = RefCell::new(Pcg::new(seed));
        self
    }
}

impl Ambient for TestAmbient {
    fn now(&self) -> Timestamp {
        let now = self.now.get();
        self.now.set(now.checked_add(self.step).unwrap_or(now));
        now
    }

    fn random(&self) -> u64 {
        self.random.borrow_mut().next()
    }

    fn prompt(&self, name: &str, argument: &str) -> Option<String> {
        (name == "categorize")
            .then(|| format!("Categorize the following text into one of the following: {argument}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_gives_the_published_numbers() {
        let mut pcg = Pcg::new(SEED);
        for expected in [15_778_585_185_425_235_995, 12_912_128_690_201_906_770, 4_770_724_151_891_368_877] {
            assert_eq!(pcg.next(), expected);
        }
    }
}
