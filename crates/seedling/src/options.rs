//! Options that several commands share, so that they are named and documented alike.

use std::path::PathBuf;

use clap::Args;

/// Where the data is.
#[derive(Args, Clone, Debug)]
pub struct StoreOptions {
    /// Folder of the data
    #[arg(long, value_name = "DIR", default_value = "./seedling-data", env = "SEEDLING_DATA")]
    pub data: PathBuf,
    /// Database; without it SQLite in the data folder
    #[arg(long, value_name = "URL", env = "SEEDLING_DATABASE")]
    pub database: Option<String>,
}
