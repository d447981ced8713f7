//! What happened, in order: a hash of it always, its lines if somebody wants to read them.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

/// What becomes of the lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    /// Only their hash is kept.
    Hash,
    /// They are printed as they come.
    Print,
    /// They are kept.
    Keep,
}

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
    show: Show,
    text: String,
    lines: Vec<String>,
}

impl Trace {
    /// An empty trace that begins now.
    pub fn new(show: Show) -> Self {
        let state =
            State { hash: 0xcbf2_9ce4_8422_2325, events: 0, show, text: String::new(), lines: Vec::new() };
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
        match state.show {
            Show::Hash => {}
            Show::Print => println!("{text}"),
            Show::Keep => state.lines.push(text.clone()),
        }
        state.text = text;
    }

    /// A number that two runs share only if they went the same way.
    pub fn hash(&self) -> u64 {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).hash
    }

    /// The lines that were kept.
    pub fn lines(&self) -> Vec<String> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).lines.clone()
    }

    /// How many events there were.
    pub fn events(&self) -> u64 {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).events
    }
}
