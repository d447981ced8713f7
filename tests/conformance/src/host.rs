//! The host that scenarios are written for: a clock that goes on at each read and two random streams.

use std::cell::RefCell;

use expressions::Ambient;
use flows::Host;
use jiff::Timestamp;
use uuid::Uuid;

use crate::determinism::{Pcg, SEED, START, TestAmbient};

/// What a text contains that may not be sent.
const FORBIDDEN: &str = "FORBIDDEN";

/// Clock, randomness and identifiers of one scenario.
pub struct TestHost {
    ambient: TestAmbient,
    uuids: RefCell<Pcg>,
}

impl TestHost {
    /// The clock and seeds of sessions.
    pub fn new() -> Self {
        Self { ambient: TestAmbient::ticking(), uuids: RefCell::new(Pcg::new(SEED)) }
    }

    /// The seeds of sessions and a clock that stands still, so that it does not matter how often it is read.
    pub fn still() -> Self {
        let start = START.parse().expect("a constant in RFC 3339");
        Self { ambient: TestAmbient::fixed(start), uuids: RefCell::new(Pcg::new(SEED)) }
    }

    /// The next 64 bits of the stream that identifiers are not drawn from.
    pub fn random_bits(&self) -> u64 {
        self.ambient.random()
    }
}

impl Ambient for TestHost {
    fn now(&self) -> Timestamp {
        self.ambient.now()
    }

    fn random(&self) -> u64 {
        self.ambient.random()
    }

    fn prompt(&self, name: &str, argument: &str) -> Option<String> {
        (name == "categorize").then(|| {
            format!(
                "Categorize the following text into one of the following categories and only return that category \
                 or <CANT> if you can't: {argument}"
            )
        })
    }
}

impl Host for TestHost {
    fn uuid_v4(&self) -> Uuid {
        self.uuids.borrow_mut().uuid_v4()
    }

    /// Drawn like version 4, then one read of the clock: milliseconds, and a part of what is below them.
    fn uuid_v7(&self) -> Uuid {
        let mut bytes = self.uuid_v4().into_bytes();
        let nanoseconds = self.now().as_nanosecond();
        let milliseconds = u64::try_from(nanoseconds / 1_000_000).unwrap_or_default();
        let below = u16::try_from((nanoseconds % 1_000_000) >> 8).unwrap_or_default();
        bytes[..6].copy_from_slice(&milliseconds.to_be_bytes()[2..]);
        let [high, low] = below.to_be_bytes();
        bytes[6] = 0x70 | (high & 0x0f);
        bytes[7] = low;
        Uuid::from_bytes(bytes)
    }

    fn forbidden(&self, text: &str) -> bool {
        text.contains(FORBIDDEN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_sort_by_time() {
        let host = TestHost::new();
        let (first, second) = (host.uuid_v7(), host.uuid_v7());
        assert_eq!(first.get_version_num(), 7);
        assert!(
            first.to_string().starts_with("01969b47-0583-") && first.to_string().contains("-76f8-"),
            "{first}"
        );
        assert!(first < second);
    }
}
