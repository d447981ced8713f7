//! `seedling export`: flows and all that they need, for RapidPro, for another Seedling, for version control.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use flows::migrations;
use operations::{ExportRequest, allow_report, export_definitions};

use crate::options::{StoreOptions, WorkspaceOption};

use super::flow::write_text;

/// Writes flows with everything they need (flows, groups, fields, campaigns, triggers) as an export.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling export --output programme.json
  seedling export Registration \"Danger signs\" --spec 13 --output for-rapidpro-9.json

Without names, everything in use is exported. Channels, labels, globals, topics, templates and schedules have no place
in exports.")]
pub struct Export {
    /// Names or identifiers of flows; none for all
    flows: Vec<String>,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
    /// Specification of the flows: 14.4.2, 13.6.1, …; 13 is what RapidPro 9 reads
    #[arg(long, value_name = "VERSION", default_value = "14.4.2")]
    spec: String,
    /// Where the export says it was made: give the address of a RapidPro that shall find its own flows again
    #[arg(long, value_name = "URL", default_value = "https://seedling.invalid")]
    site: String,
    /// Where to write; - is standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Export {
    /// Exports and reports.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let specification = migrations::target(&self.spec)?;
        let context = self.store.open().await?;
        allow_report(&context).await?;
        let workspace = self.workspace.choose(&context).await?;
        let request = ExportRequest { flows: self.flows, specification, site: self.site };
        let exported = export_definitions(&context, workspace.id, request).await?;
        let written = exported.written;
        write_text(self.output.as_ref(), &format!("{:#}\n", written.json))?;
        let counts = ["flows", "fields", "groups", "campaigns", "triggers"]
            .map(|kind| format!("{} {kind}", written.json[kind].as_array().map_or(0, Vec::len)));
        eprintln!("exported {} of {:?}", counts.join(", "), workspace.name);
        for (flow, conversion) in &written.flows {
            for warning in &conversion.warnings {
                let node = warning.node.as_ref().map_or_else(String::new, |node| format!(", node {node}"));
                eprintln!("warning: flow {flow:?}{node}: {}", warning.what);
            }
        }
        for skipped in &exported.skipped {
            eprintln!("left out: {}: {}", skipped.what, skipped.reason);
        }
        for unresolved in &written.missing {
            let dependency = &unresolved.dependency;
            let (kind, needed_by) = (dependency.kind.name(), unresolved.needed_by.join(", "));
            eprintln!("not there: {kind} {} {:?}, needed by {needed_by}", dependency.id, dependency.name);
        }
        Ok(ExitCode::SUCCESS)
    }
}
