//! A country's places, from a file into a workspace, so that flows know them and fields of places can be filled.

mod csv;
mod geojson;
mod read;

use domain::WorkspaceId;
use store::{Change, DefinitionChange, StoreError, Unit, UnitError};
use thiserror::Error;

pub use read::{MAX_BYTES as MAX_LOCATIONS_BYTES, ReadLocationsError, read_locations};

use crate::Context;

/// How many places of each level a workspace has now: country, states, districts, wards.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct LocationsReport {
    /// States.
    pub states: usize,
    /// Districts.
    pub districts: usize,
    /// Wards.
    pub wards: usize,
    /// Other names of places of any level.
    pub aliases: usize,
}

/// Why the places were not taken over.
#[derive(Debug, Clone, Error)]
pub enum ImportLocationsError {
    /// The file cannot be understood.
    #[error(transparent)]
    Read(#[from] ReadLocationsError),
    /// There is no such workspace.
    #[error("there is no such workspace; `seedling init` makes one")]
    NoWorkspace,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Replaces the places of a workspace by those of a file. What people's fields hold stays as it is.
///
/// # Errors
/// [`ImportLocationsError`]; nothing is changed then.
pub async fn import_locations(
    ctx: &Context,
    workspace: WorkspaceId,
    bytes: &[u8],
) -> Result<LocationsReport, ImportLocationsError> {
    let root = read_locations(bytes)?;
    let json = serde_json::to_string(&root).map_err(|error| StoreError::Database(error.to_string()))?;
    let change = DefinitionChange::Locations(json.into());
    let unit = Unit::new(vec![Change::Definition(workspace, change)]);
    if ctx.store.definitions_version(workspace).await?.is_none() {
        return Err(ImportLocationsError::NoWorkspace);
    }
    match ctx.write_one(unit).await {
        Ok(_) => Ok(read::report(&root)),
        Err(UnitError::Store(error)) => Err(error.into()),
        Err(other) => Err(StoreError::Database(other.to_string()).into()),
    }
}
