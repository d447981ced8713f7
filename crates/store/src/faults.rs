//! A place where a simulation stands between a node and its store: calls may be held up, refused before anything is
//! done, or done and their answer lost. A store without it (every store in use) pays one comparison for each call.

use std::pin::Pin;
use std::sync::Arc;

use crate::StoreError;

/// One call on the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// The name of the function.
    pub name: &'static str,
    /// Whether it changes something.
    pub writes: bool,
}

/// When the hook is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Nothing of the call is done yet; an error means that nothing will be.
    Before,
    /// It is done, and committed if it writes; an error keeps that from the caller.
    After,
}

/// How the hook answers: it may take its time, for ever if the node that calls is dead.
pub type Passage = Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send>>;

/// The hook.
#[derive(Clone)]
pub struct Faults(Arc<dyn Fn(Call, Moment) -> Passage + Send + Sync>);

impl Faults {
    /// A hook that asks this function before and after each call.
    pub fn new(ask: impl Fn(Call, Moment) -> Passage + Send + Sync + 'static) -> Self {
        Self(Arc::new(ask))
    }

    /// Does a call between its two moments.
    pub(crate) async fn around<T>(
        &self,
        call: Call,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        (self.0)(call, Moment::Before).await?;
        let done = work.await?;
        (self.0)(call, Moment::After).await?;
        Ok(done)
    }
}
