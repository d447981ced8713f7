//! `seedling flow convert FILE`: flows of one specification become flows of another.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use flows::migrations::{self, Conversion};
use serde_json::json;

use super::document::Document;

/// Brings the flows of a file to another specification, older or newer.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling flow convert old-export.json --output new-export.json
  seedling flow convert export.json --to 13 --output for-rapidpro-9.json

The converted file goes to --output or standard output; what changed, and what the other specification cannot say,
goes to standard error. Nothing is dropped: what cannot be said stays in the file and is listed.")]
pub struct Convert {
    /// An export or a flow definition; - reads standard input
    file: PathBuf,
    /// Specification: 14.4.2, 13.6.1, …; 13 is what RapidPro 9 reads
    #[arg(long, value_name = "VERSION", default_value = "14.4.2")]
    to: String,
    /// Where to write; - is standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Report as one JSON object for each flow
    #[arg(long)]
    json: bool,
}

impl Convert {
    /// Converts and reports.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let to = migrations::target(&self.to)?;
        let mut document = Document::read(&self.file)?;
        for (name, conversion) in document.convert(to)? {
            self.report(&name, &conversion);
        }
        document.write(self.output.as_ref())?;
        Ok(ExitCode::SUCCESS)
    }

    fn report(&self, name: &str, conversion: &Conversion) {
        let Conversion { from, to, changes, warnings } = conversion;
        if self.json {
            let (from, to) = (from.to_string(), to.to_string());
            eprintln!(
                "{}",
                json!({"flow": name, "from": from, "to": to, "changes": changes, "warnings": warnings})
            );
            return;
        }
        eprintln!("flow {name:?}: {from} to {to}, {} changes", changes.len());
        for change in changes {
            match &change.node {
                Some(node) => eprintln!("  node {node}: {}", change.what),
                None => eprintln!("  {}", change.what),
            }
        }
        for warning in warnings {
            let node = warning.node.as_ref().map_or_else(String::new, |node| format!(", node {node}"));
            eprintln!("warning: flow {name:?}{node}: {}", warning.what);
        }
    }
}
