//! The gate between a run of a node and everything outside: store, carriers, those who call it. A paused node waits
//! at it, a dead one for ever; both may happen at any passage, that is before or after any call.

use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

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

/// One run's gate. Those who wait go on in the order in which they came: channels of the runtime would draw lots.
#[derive(Debug)]
pub struct Gate {
    condition: Mutex<Condition>,
    changed: Notify,
    /// After so many passages the run takes on this condition.
    planned: Mutex<Option<(u64, Condition)>>,
    tripped: Notify,
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            condition: Mutex::new(Condition::Open),
            changed: Notify::new(),
            planned: Mutex::new(None),
            tripped: Notify::new(),
        }
    }
}

impl Gate {
    /// How the run is.
    pub fn condition(&self) -> Condition {
        *self.condition.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes it. The dead stay dead.
    pub fn set(&self, condition: Condition) {
        let mut now = self.condition.lock().unwrap_or_else(PoisonError::into_inner);
        if *now != condition && *now != Condition::Dead {
            *now = condition;
            self.changed.notify_waiters();
        }
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
        self.until(|now| now == Condition::Open).await;
    }

    /// Waits until the run is dead.
    pub async fn dead(&self) {
        self.until(|now| now == Condition::Dead).await;
    }

    async fn until(&self, fits: impl Fn(Condition) -> bool) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if fits(self.condition()) {
                return;
            }
            changed.await;
        }
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
