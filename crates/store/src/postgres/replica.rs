//! A second server, a standby, that reports are read from. What it cannot answer is asked of the main one.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::{PostgresUrl, Readers};
use crate::{StoreError, sqlite::Rows};

/// How long a replica that did not answer is left alone.
const REST: Duration = Duration::from_secs(30);

/// The server that reports are read from.
pub(super) struct Replica {
    readers: Readers,
    /// Until when it is left alone.
    resting: Mutex<Option<Instant>>,
}

impl Replica {
    /// Nothing is connected yet: a replica that is away must not keep anybody from starting.
    pub(super) fn new(url: PostgresUrl) -> Self {
        Self { readers: Readers::new(url, Duration::ZERO), resting: Mutex::default() }
    }

    /// Whether it is left alone just now because it did not answer.
    pub(super) fn rests(&self) -> bool {
        let resting = self.resting.lock().unwrap_or_else(PoisonError::into_inner);
        resting.is_some_and(|until| Instant::now() < until)
    }

    /// Runs a read there. `None`: it is to be asked of the main server.
    pub(super) fn read<T>(&self, read: &impl Fn(&Rows<'_>) -> Result<T, StoreError>) -> Option<T> {
        if self.rests() {
            return None;
        }
        let out = self.readers.read(read);
        let mut resting = self.resting.lock().unwrap_or_else(PoisonError::into_inner);
        match out {
            Ok(out) => {
                if resting.take().is_some() {
                    tracing::info!(server = %self.readers.url, "the database of reports answers again");
                }
                Some(out)
            }
            Err(error) => {
                tracing::warn!(
                    server = %self.readers.url, %error,
                    "the database of reports does not answer; the main one is asked for {} seconds", REST.as_secs()
                );
                *resting = Some(Instant::now() + REST);
                None
            }
        }
    }
}
