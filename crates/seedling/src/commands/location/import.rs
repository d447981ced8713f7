//! `seedling location import FILE`: the places of a country.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use operations::{ImportLocationsError, MAX_LOCATIONS_BYTES, import_locations};
use store::StoreError;

use crate::options::{StoreOptions, WorkspaceOption};
use crate::patience::while_busy;

/// Takes the country, states, districts and wards of a file, with their other names, instead of those before.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling location import places.csv --data ./seedling-data
  seedling location import places.geojson --json
  xzcat places.csv.xz | seedling location import -

A CSV begins with the line country,state,district,ward,aliases (as many levels as there are) and names one place in
each line; aliases stand between semicolons. docs/locations.md has more.")]
pub struct Import {
    /// CSV or GeoJSON, or - for standard input
    file: PathBuf,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
    /// Print how many places there are now as one JSON object
    #[arg(long)]
    json: bool,
}

/// The bytes of the file, or of standard input if it is `-`; one more than may be at most, so that too many are noticed.
fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let limit = MAX_LOCATIONS_BYTES as u64 + 1;
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        std::io::stdin().lock().take(limit).read_to_end(&mut bytes)?;
    } else {
        std::fs::File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

impl Import {
    /// Takes them and says how many they are.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let name = self.file.display();
        let bytes = read(&self.file).with_context(|| format!("cannot read {name}"))?;
        let context = self.store.open().await?;
        let workspace = self.workspace.choose(&context).await?;
        let importing = while_busy(
            |error| matches!(error, ImportLocationsError::Store(StoreError::Busy)),
            || import_locations(&context, workspace.id, &bytes),
        );
        let report = importing.await.with_context(|| format!("cannot take {name}; nothing was changed"))?;
        if self.json {
            println!("{}", serde_json::to_string(&report)?);
        } else {
            let operations::LocationsReport { states, districts, wards, aliases } = report;
            println!(
                "{:?} now knows {states} states, {districts} districts, {wards} wards and {aliases} other names",
                workspace.name
            );
        }
        Ok(ExitCode::SUCCESS)
    }
}
