//! Where the repository lies and what cargo knows of it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::shell;

/// The repository's root: the folder above this crate.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().map_or_else(|| here.to_path_buf(), Path::to_path_buf)
}

/// Where cargo puts what it builds.
pub fn target_directory() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// `cargo metadata` for this host's platform: packages, dependencies and the resolved graph.
///
/// Other platforms are left out: their packages are not downloaded here, so nothing could be said of them.
pub fn metadata(root: &Path) -> Result<Value> {
    let version = shell::output(root, "rustc", &["-vV"])?;
    let host = version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .context("rustc -vV names no host; is the Rust toolchain whole?")?
        .to_owned();
    let text =
        shell::output(root, "cargo", &["metadata", "--format-version", "1", "--filter-platform", &host])?;
    serde_json::from_str(&text).context("cargo metadata did not print JSON")
}

/// The packages of this repository, without what they depend on.
pub fn members(metadata: &Value) -> Vec<&Value> {
    let ids: Vec<&str> = strings(&metadata["workspace_members"]).collect();
    items(&metadata["packages"]).filter(|package| ids.contains(&text(&package["id"]))).collect()
}

/// The items of a JSON list; none if it is no list.
pub fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The texts of a JSON list.
pub fn strings(value: &Value) -> impl Iterator<Item = &str> {
    items(value).filter_map(Value::as_str)
}

/// A JSON text, empty if it is none.
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
