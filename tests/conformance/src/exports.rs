//! Real workspace exports: each flow is started and run to its first wait or end.

use std::path::Path;

use crate::{
    discover::{entries, stem},
    report::Report,
};

/// Runs every export of a folder, each a family `flows/FILE`.
pub fn run(dir: &Path, report: &mut Report) {
    for entry in entries(dir) {
        let name = stem(&entry);
        let family = format!("flows/{name}");
        if name != "MANIFEST"
            && entry.extension().is_some_and(|ending| ending == "json")
            && report.wants(&family)
        {
            report.case(&family, &name, || Err("cannot be run yet".to_owned()));
        }
    }
}
