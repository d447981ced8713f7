//! What the engine needs from the node that runs it.

use expressions::Ambient;
use uuid::Uuid;

/// Clock, randomness and identifiers. No services: those are effects.
pub trait Host: Ambient {
    /// The next identifier that sorts by time (version 7).
    fn uuid_v7(&self) -> Uuid;

    /// The next random identifier (version 4).
    fn uuid_v4(&self) -> Uuid;

    /// Whether a text may not be sent, by the rules of the node.
    fn forbidden(&self, _text: &str) -> bool {
        false
    }

    /// Whether flows may not call a host, by the rules of the node.
    fn blocked_host(&self, _host: &str) -> bool {
        false
    }
}
