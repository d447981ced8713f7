//! A row in the log of who changed what about something that no row of another table says.

use store::{AuditNote, Change, StoreError, Unit, UnitError};

use crate::Context;

/// Leaves the row, as the doing of whoever acts; nothing if nobody does.
///
/// # Errors
/// If the store fails.
pub async fn note(ctx: &Context, note: AuditNote) -> Result<(), StoreError> {
    match ctx.write_one(Unit::new(vec![Change::Note(Box::new(note))])).await {
        Ok(_) => Ok(()),
        Err(UnitError::Store(error)) => Err(error),
        Err(other) => Err(StoreError::Database(other.to_string())),
    }
}
