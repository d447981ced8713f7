//! `seedling flow language FILE --to spa`: another language becomes the one that flows are written in.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use flows::translation::change_language;

use super::document::{Document, name_of};

/// Makes another language the one that flows are written in; the language before becomes a translation.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling flow language export.json --to swa --output in-kiswahili.json
  seedling flow language export.json --to swa --flow Registration

Flows are brought to the current specification first. What is not translated stays in the words it has. The names of
categories change with the language, so look at expressions that compare them.")]
pub struct Language {
    /// An export or a flow definition; - reads standard input
    file: PathBuf,
    /// ISO 639-3 code of the language, such as swa
    #[arg(long, value_name = "CODE")]
    to: String,
    /// Only the flow of this name or identifier; may be given several times
    #[arg(long = "flow", value_name = "NAME")]
    flows: Vec<String>,
    /// Where to write; - is standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Language {
    /// Changes the flows and reports.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let mut document = Document::read(&self.file)?;
        for flow in document.current_flows(&self.flows)? {
            let name = name_of(flow).to_owned();
            let change = change_language(flow, &self.to).with_context(|| {
                format!("cannot change the language of flow {name:?}; nothing was written")
            })?;
            eprintln!(
                "flow {name:?}: {} texts in {}, {} not translated",
                change.translated, self.to, change.untranslated
            );
            if change.added > 0 {
                eprintln!(
                    "  {} texts that only {} had are shown in all languages now",
                    change.added, self.to
                );
            }
            if change.dropped > 0 {
                eprintln!("  {} translations belonged to nothing in the flow and are gone", change.dropped);
            }
        }
        document.write(self.output.as_ref())?;
        Ok(ExitCode::SUCCESS)
    }
}
