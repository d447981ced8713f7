//! Addresses that a carrier tells of a person in its answers to what we send.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use domain::{Urn, WorkspaceId};
use store::OutboxItem;

use super::Shared;
use crate::limits;

/// Addresses that were told before: an answer names the same one each time. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Learnt(Arc<Mutex<HashSet<(WorkspaceId, String)>>>);

impl Learnt {
    /// Whether this is told for the first time, as far as is remembered.
    fn is_news(&self, workspace: WorkspaceId, urn: &Urn) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= limits::LEARNT_REMEMBERED {
            known.clear();
        }
        known.insert((workspace, urn.to_string()))
    }

    fn forget(&self, workspace: WorkspaceId, urn: &Urn) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&(workspace, urn.to_string()));
    }
}

/// Adds an address to the contact of a message, beside the sending. If it cannot be done, the next answer tells it again.
pub(super) fn learn(shared: &Shared, item: &OutboxItem, urn: Urn) {
    if !shared.learnt.is_news(item.workspace, &urn) {
        return;
    }
    let (ctx, learnt) = (shared.ctx.clone(), shared.learnt.clone());
    let (workspace, contact) = (item.workspace, item.contact);
    tokio::spawn(async move {
        if let Err(error) = operations::learn_address(&ctx, workspace, contact, urn.clone()).await {
            tracing::warn!(%error, "an address that a carrier told of a contact was not kept; the next answer tells it again");
            learnt.forget(workspace, &urn);
        }
    });
}
