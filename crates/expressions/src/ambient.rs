//! What an evaluation needs from outside: the moment and chance.

use jiff::Timestamp;

/// Clock, randomness and named prompts, given by the caller so that the same inputs always give the same
/// output. Implementations use interior mutability where a read changes their state.
pub trait Ambient {
    /// The present moment. Each call is one read of the clock.
    fn now(&self) -> Timestamp;
    /// The next 64 random bits.
    fn random(&self) -> u64;
    /// The text of the named prompt template with its argument filled in, for `prompt(name, argument)`.
    fn prompt(&self, _name: &str, _argument: &str) -> Option<String> {
        None
    }
}
