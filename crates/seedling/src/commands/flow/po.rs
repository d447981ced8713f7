//! `seedling flow po export|import`: texts of flows go to translators and come back.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use flows::translation::{Options, Po, apply, catalogue, is_language};
use jiff::Timestamp;
use serde_json::Value;

use super::document::{Document, read_text, write_text};

/// Most texts that no flow has which are listed.
const MAX_UNUSED: usize = 20;

/// Texts of flows for translators, as PO files.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling flow po export export.json --language swa --output swa.po
  seedling flow po import export.json swa.po --output translated.json")]
pub struct PoFiles {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Write the texts of flows and their translations
    Export(Export),
    /// Take translations over into flows
    Import(Import),
}

#[derive(Args)]
#[command(after_help = "\
Example:
  seedling flow po export export.json --language swa --output swa.po
  seedling flow po export export.json --output texts.pot")]
struct Export {
    /// An export or a flow definition; - reads standard input
    file: PathBuf,
    /// ISO 639-3 code of the language to translate into; without it a template (POT) is written
    #[arg(long, value_name = "CODE")]
    language: Option<String>,
    /// Only the flow of this name or identifier; may be given several times
    #[arg(long = "flow", value_name = "NAME")]
    flows: Vec<String>,
    /// Leave out the words that people are expected to write
    #[arg(long)]
    without_arguments: bool,
    /// Moment for the header, as 2026-11-21T14:30Z; without it now
    #[arg(long, value_name = "TIME")]
    created: Option<Timestamp>,
    /// Where to write; - is standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Args)]
#[command(after_help = "\
Example:
  seedling flow po import export.json swa.po --output translated.json
  seedling import translated.json")]
struct Import {
    /// An export or a flow definition
    file: PathBuf,
    /// The translated PO file; - reads standard input
    po: PathBuf,
    /// ISO 639-3 code of the language; without it the one that the header of the PO file names
    #[arg(long, value_name = "CODE")]
    language: Option<String>,
    /// Only the flow of this name or identifier; may be given several times
    #[arg(long = "flow", value_name = "NAME")]
    flows: Vec<String>,
    /// Where to write; - is standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Report as one JSON object
    #[arg(long)]
    json: bool,
}

impl PoFiles {
    /// Does it.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self.action {
            Action::Export(export) => export.run(),
            Action::Import(import) => import.run(),
        }
    }
}

impl Export {
    fn run(self) -> anyhow::Result<ExitCode> {
        if let Some(code) = &self.language {
            check(code)?;
        }
        let mut document = Document::read(&self.file)?;
        let flows = document.current_flows(&self.flows)?;
        let flows: Vec<&Value> = flows.into_iter().map(|flow| &*flow).collect();
        let created = self.created.unwrap_or_else(Timestamp::now).strftime("%Y-%m-%d %H:%M+0000").to_string();
        let options = Options { without_arguments: self.without_arguments };
        let po = catalogue(&flows, self.language.as_deref(), &created, options);
        let translated = po.entries.iter().filter(|entry| !entry.translation.is_empty()).count();
        write_text(self.output.as_ref(), &po.write())?;
        eprintln!("{} texts of {} flows, {translated} translated", po.entries.len(), flows.len());
        Ok(ExitCode::SUCCESS)
    }
}

impl Import {
    fn run(self) -> anyhow::Result<ExitCode> {
        let shown = self.po.display();
        let po = Po::read(&read_text(&self.po)?)
            .with_context(|| format!("{shown} cannot be read; nothing was written"))?;
        let Some(language) = self.language.as_deref().or(po.language.as_deref()) else {
            bail!("{shown} does not say its language; give it with --language");
        };
        check(language)?;
        let mut document = Document::read(&self.file)?;
        let applied = apply(&mut document.current_flows(&self.flows)?, language, &po);
        document.write(self.output.as_ref())?;
        if self.json {
            eprintln!("{}", serde_json::to_string(&applied)?);
            return Ok(ExitCode::SUCCESS);
        }
        eprintln!(
            "{language}: {} texts translated ({} changed), {} missing, {} of the file not used",
            applied.translated,
            applied.changed,
            applied.missing,
            applied.unused.len()
        );
        if applied.fuzzy > 0 {
            eprintln!("{} translations are marked as fuzzy and were not taken", applied.fuzzy);
        }
        for unused in applied.unused.iter().take(MAX_UNUSED) {
            eprintln!("{shown}, line {}: no flow has the text {:?}", unused.line, unused.text);
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn check(code: &str) -> anyhow::Result<()> {
    if is_language(code) {
        Ok(())
    } else {
        bail!("{code:?} is not a language; give an ISO 639-3 code such as eng, spa, swa with --language")
    }
}
