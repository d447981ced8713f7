//! Calls of the API that come with a key of their own: what they change is written once, however often they are made.
//!
//! The key is written in the first transaction of the call ([`Context::once`]), so that it is kept exactly if something
//! was done. The answer follows in a transaction of its own: if the node dies in between, the same call still does nothing
//! again, but is told so instead of being answered as the first was.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use store::{CallKey, Change, KeptAnswer, KeptCall, StoreError, Unit, UnitError};

use crate::Context;

/// A change that the first unit takes along which is committed.
#[derive(Clone, Default)]
pub(crate) struct Along(Option<Arc<Mutex<Option<Change>>>>);

impl Along {
    fn of(change: Change) -> Self {
        Self(Some(Arc::new(Mutex::new(Some(change)))))
    }

    /// What is to be taken along, if it was not yet.
    pub fn waiting(&self) -> Option<Change> {
        self.0.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// It is committed.
    pub fn done(&self) {
        if let Some(change) = &self.0 {
            *change.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }
}

impl Context {
    /// The same for a call with a key of its own. What is written first is refused with [`StoreError::Repeated`] if a
    /// call with this key did something before.
    #[must_use]
    pub fn once(&self, call: KeptCall) -> Self {
        Self { along: Along::of(Change::KeepCall(Box::new(call))), ..self.clone() }
    }
}

/// Keeps what a call with a key was answered. Nothing if it changed nothing.
///
/// # Errors
/// When the store does not take it; the same call then hears that it was done.
pub async fn keep_answer(ctx: &Context, key: CallKey, answer: KeptAnswer) -> Result<(), StoreError> {
    write(ctx, Change::AnswerCall(Box::new(key), answer)).await
}

/// Forgets calls from before a moment, the oldest first, some at a time.
///
/// # Errors
/// When the store does not take it.
pub async fn forget_calls(ctx: &Context, before: Timestamp) -> Result<(), StoreError> {
    match ctx.store.oldest_kept_call().await? {
        Some(oldest) if oldest < before => write(ctx, Change::ForgetCalls(before)).await,
        Some(_) | None => Ok(()),
    }
}

async fn write(ctx: &Context, change: Change) -> Result<(), StoreError> {
    match ctx.write_one(Unit::new(vec![change])).await {
        Ok(_) => Ok(()),
        Err(UnitError::Store(error)) => Err(error),
        Err(other) => Err(StoreError::Database(other.to_string())),
    }
}
