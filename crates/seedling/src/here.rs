//! The clock and chance of this machine, for commands that have no node.

use std::sync::Arc;

use expressions::Ambient;
use flows::Host;
use jiff::Timestamp;
use operations::SharedHost;
use uuid::Uuid;

/// The clock and chance of this machine.
pub struct Here;

impl Here {
    /// In the form that operations take.
    pub fn shared() -> SharedHost {
        Arc::new(Self)
    }
}

impl Ambient for Here {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn random(&self) -> u64 {
        let (high, low) = Uuid::new_v4().as_u64_pair();
        // Version and variant bits are fixed; folding the halves leaves no fixed bit.
        high ^ low.rotate_left(31)
    }
}

impl Host for Here {
    fn uuid_v7(&self) -> Uuid {
        Uuid::now_v7()
    }

    fn uuid_v4(&self) -> Uuid {
        Uuid::new_v4()
    }
}
