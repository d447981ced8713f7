//! The house rules as a test: what STYLE.md asks for and a machine can see.
//!
//! Each rule looks at the files that git knows (or would know) and returns its complaints, one line each
//! with the place and what to do.

mod crate_map;
mod dependencies;
mod licences;
mod machine;
mod names;
mod purity;
mod sizes;
mod source;
mod wording;

use std::path::Path;

use anyhow::{Result, bail};

use crate::workspace;
use source::Source;

/// Runs every rule and prints what it found.
pub fn run(root: &Path) -> Result<()> {
    let sources = source::all(root)?;
    let metadata = workspace::metadata(root)?;
    let rust: Vec<&Source> = sources.iter().filter(|source| source.is_rust()).collect();
    let mut complaints = Vec::new();
    complaints.extend(crate_map::complaints(&metadata));
    complaints.extend(purity::complaints(&metadata, &rust));
    complaints.extend(sizes::complaints(&sources));
    complaints.extend(names::complaints(&rust));
    complaints.extend(wording::complaints(&rust));
    complaints.extend(dependencies::complaints(&metadata, &sources));
    complaints.extend(licences::complaints(&metadata));
    complaints.extend(machine::complaints(&sources));
    for advice in sizes::advice(&sources) {
        eprintln!("   {advice}");
    }
    if complaints.is_empty() {
        return Ok(());
    }
    for complaint in &complaints {
        eprintln!("   {complaint}");
    }
    bail!("{} to mend", complaints.len());
}
