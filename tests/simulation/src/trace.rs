//! What happened, in order: a hash of it always, its lines if somebody wants to read them.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

/// The trace of one run.
#[derive(Debug)]
pub struct Trace {
    start: Instant,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    hash: u64,
    events: u64,
    print: bool,
    text: String,
}

impl Trace {
    /// An empty trace that begins now. `print` shows each line as it comes.
    pub fn new(print: bool) -> Self {
        let state = State { hash: 0xcbf2_9ce4_8422_2325, events: 0, print, text: String::new() };
        Self { start: Instant::now(), state: Mutex::new(state) }
    }

    /// One event.
    pub fn note(&self, event: fmt::Arguments<'_>) {
        use fmt::Write as _;
        let at = self.start.elapsed().as_micros();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = std::mem::take(&mut state.text);
        text.clear();
        // Writing into a string does not fail.
        let _ = write!(text, "{:>5}.{:06} {event}", at / 1_000_000, at % 1_000_000);
        state.hash = text
            .bytes()
            .fold(state.hash, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        state.events += 1;
        if state.print {
            println!("{text}");
        }
        state.text = text;
    }

    /// A number that two runs share only if they went the same way.
    pub fn hash(&self) -> u64 {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).hash
    }

    /// How many events there were.
    pub fn events(&self) -> u64 {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).events
    }
}
