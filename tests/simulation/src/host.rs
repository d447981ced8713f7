//! A node's own clock, which may be wrong and may jump, and its chance.

use std::sync::atomic::{AtomicI64, Ordering};

use expressions::Ambient;
use flows::Host;
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;
use uuid::Uuid;

use crate::chance::Chance;

/// The moment at which every run begins.
const START_MICROS: i64 = 1_803_880_800_000_000;

/// Clock and chance of one node.
#[derive(Debug)]
pub struct SkewedHost {
    from: Instant,
    offset_micros: AtomicI64,
    chance: Chance,
}

impl SkewedHost {
    /// A clock that is right, with the chance of this name.
    pub fn new(seed: u64, name: &str) -> Self {
        Self { from: Instant::now(), offset_micros: AtomicI64::new(0), chance: Chance::new(seed, name) }
    }

    /// Sets how far the clock is from the right time.
    pub fn set_offset(&self, offset: SignedDuration) {
        let micros = i64::try_from(offset.as_micros()).unwrap_or_default();
        self.offset_micros.store(micros, Ordering::Relaxed);
    }
}

impl Ambient for SkewedHost {
    fn now(&self) -> Timestamp {
        let passed = i64::try_from(self.from.elapsed().as_micros()).unwrap_or(i64::MAX / 2);
        let micros = START_MICROS + passed + self.offset_micros.load(Ordering::Relaxed);
        Timestamp::from_microsecond(micros).unwrap_or(Timestamp::MAX)
    }

    fn random(&self) -> u64 {
        self.chance.next()
    }
}

impl Host for SkewedHost {
    fn uuid_v7(&self) -> Uuid {
        let millis = u64::try_from(self.now().as_millisecond()).unwrap_or_default();
        let random = [self.random().to_be_bytes(), self.random().to_be_bytes()].concat();
        let mut bytes = [0; 10];
        bytes.copy_from_slice(&random[..10]);
        uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
    }

    fn uuid_v4(&self) -> Uuid {
        let bits = (u128::from(self.random()) << 64) | u128::from(self.random());
        uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid()
    }
}
