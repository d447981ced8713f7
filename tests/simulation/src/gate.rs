//! The gate between a run of a node and everything outside: store, carriers, those who call it. A paused node waits
//! at it, a dead one for ever; both may happen at any passage, that is before or after any call.

use std::sync::{Mutex, PoisonError};

use tokio::sync::{Notify, watch};

/// How a run of a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// It runs.
    Open,
    /// It stands still, as under SIGSTOP.
    Paused,
    /// It is no more.
    Dead,
}

/// One run's gate.
#[derive(Debug)]
pub struct Gate {
    condition: watch::Sender<Condition>,
    /// After so many passages the run takes on this condition.
    planned: Mutex<Option<(u64, Condition)>>,
    tripped: Notify,
}

impl Default for Gate {
    fn default() -> Self {
        let (condition, _) = watch::channel(Condition::Open);
        Self { condition, planned: Mutex::new(None), tripped: Notify::new() }
    }
}

impl Gate {
    /// How the run is.
    pub fn condition(&self) -> Condition {
        *self.condition.borrow()
    }

    /// Changes it. The dead stay dead.
    pub fn set(&self, condition: Condition) {
        self.condition.send_if_modified(|now| {
            let changes = *now != condition && *now != Condition::Dead;
            if changes {
                *now = condition;
            }
            changes
        });
    }

    /// Changes it at the passage that comes after so many others.
    pub fn plan(&self, passages: u64, condition: Condition) {
        *self.planned.lock().unwrap_or_else(PoisonError::into_inner) = Some((passages, condition));
    }

    /// Forgets what was planned. Answers whether it had not come yet.
    pub fn forget_plan(&self) -> bool {
        self.planned.lock().unwrap_or_else(PoisonError::into_inner).take().is_some()
    }

    /// Waits until what was planned has come.
    pub async fn tripped(&self) {
        self.tripped.notified().await;
    }

    /// Goes through as soon as the run may.
    pub async fn pass(&self) {
        self.count_down();
        let mut watched = self.condition.subscribe();
        loop {
            let now = *watched.borrow_and_update();
            match now {
                Condition::Open => return,
                Condition::Dead => std::future::pending::<()>().await,
                // The sender lives as long as this gate.
                Condition::Paused => drop(watched.changed().await),
            }
        }
    }

    /// Waits until the run is dead.
    pub async fn dead(&self) {
        let mut watched = self.condition.subscribe();
        let _ = watched.wait_for(|now| *now == Condition::Dead).await;
    }

    fn count_down(&self) {
        let mut planned = self.planned.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *planned {
            Some((0, condition)) => {
                let condition = *condition;
                *planned = None;
                drop(planned);
                self.set(condition);
                self.tripped.notify_one();
            }
            Some((left, _)) => *left -= 1,
            None => {}
        }
    }
}
