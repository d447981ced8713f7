//! Small transactions that must not wait for anything else: a node that could not say in time that it is alive would
//! be taken for dead.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::{address::PostgresUrl, session::Session};
use crate::{StoreError, sql::Connection, writing::Aside};

/// How often such a transaction is tried: on a connection that was kept, and on a new one.
const TRIES: usize = 3;
/// How long to go on connecting. Whoever waits tries again anyway.
const PATIENCE: Duration = Duration::from_secs(2);
/// Connections that are kept.
const KEPT: usize = 2;

/// Connections of their own.
pub(super) struct Asides {
    url: PostgresUrl,
    idle: Mutex<Vec<Session>>,
}

impl Asides {
    pub(super) fn new(url: PostgresUrl) -> Self {
        Self { url, idle: Mutex::default() }
    }

    /// Does the work and commits it.
    pub(super) fn work(&self, work: &Aside) -> Result<(), StoreError> {
        let deadline = Instant::now() + PATIENCE;
        let mut last = StoreError::Closed;
        for _ in 0..TRIES {
            let kept = self.idle().pop().filter(|session| session.trouble().is_none());
            let session = match kept {
                Some(session) => session,
                None => Session::open_by(&self.url, deadline)?,
            };
            session.begin(&self.url.begin());
            let done = work(&Connection::Postgres(&session));
            let in_trouble = session.trouble().is_some();
            match done {
                Ok(()) if !in_trouble => match session.commit() {
                    Ok(()) => {
                        self.keep(session);
                        return Ok(());
                    }
                    Err(_) => return Err(StoreError::Unknown),
                },
                Ok(()) => last = StoreError::Away("the connection was lost".to_owned()),
                Err(error) => {
                    if session.roll_back().is_ok() {
                        session.clear_trouble();
                        self.keep(session);
                    }
                    if !in_trouble {
                        return Err(error.into());
                    }
                    last = error.into();
                }
            }
        }
        Err(last)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Session>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, session: Session) {
        let mut idle = self.idle();
        if idle.len() < KEPT {
            idle.push(session);
        }
    }
}
