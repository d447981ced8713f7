//! What a flow keeps and needs, found once for each revision and kept in memory: lists of flows and fields show it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use flows::{Definition, inspect::Inspection};
use store::{FlowRow, StoreError};
use uuid::Uuid;

use crate::{Context, Workspace, workspace::PinnedRevision};

/// Revisions whose inspection is kept; the memory begins anew beyond.
const MAX_INSPECTED: usize = 4_096;

/// Inspections by revision. A revision that cannot be read has none.
#[derive(Debug, Default)]
pub(crate) struct Inspected(Mutex<BTreeMap<PinnedRevision, Option<Arc<Inspection>>>>);

/// What the live revision of a flow keeps and needs; `None` if it cannot be read.
///
/// # Errors
/// When the store cannot be read.
pub async fn inspected(
    ctx: &Context,
    ws: &Workspace,
    flow: &FlowRow,
) -> Result<Option<Arc<Inspection>>, StoreError> {
    let (key, known) = ((flow.id, flow.revision), &ctx.registry.inspected.0);
    if let Some(kept) = known.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
        return Ok(kept.clone());
    }
    let row = ctx.store.revision(ws.row.id, flow.id, flow.revision).await?;
    let found = row.and_then(|row| {
        // Identifiers that are missing are of no interest here.
        let read = Definition::read(row.definition.as_bytes(), &mut || Uuid::nil());
        read.ok().map(|definition| Arc::new(definition.inspect(None)))
    });
    let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
    if known.len() >= MAX_INSPECTED {
        known.clear();
    }
    known.insert(key, found.clone());
    Ok(found)
}
