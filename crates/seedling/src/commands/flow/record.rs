//! Writes a conversation down as a test while it goes on.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use flows::Event;
use serde_json::json;

use super::rehearsal::{Rehearsal, Setting};
use super::replay::{said, standing_of, trouble, written};
use super::script::{Act, Standing, escape};

/// A test that is being written.
pub struct Record {
    path: PathBuf,
    text: String,
}

impl Record {
    /// A test of a flow that begins with a setting at a moment.
    ///
    /// # Errors
    /// If there is a file of that name already.
    pub fn new(path: &Path, flow: &str, setting: &Setting, rehearsal: &Rehearsal) -> anyhow::Result<Self> {
        let shown = path.display();
        if path.exists() {
            anyhow::bail!("{shown} is there already; record under another name");
        }
        let mut text = format!("== {flow}\nflow: {flow}\n");
        if !setting.lines.iter().any(|(key, _)| key == "now") {
            text.push_str(&format!("now: {}\n", rehearsal.moment()));
        }
        for (key, value) in &setting.lines {
            text.push_str(&format!("{key}: {value}\n"));
        }
        text.push('\n');
        Ok(Self { path: path.to_owned(), text })
    }

    /// What somebody did.
    pub fn act(&mut self, act: &Act) {
        self.text.push('\n');
        self.text.push_str(&act.write());
    }

    /// What came of it.
    pub fn events(&mut self, events: &[Event]) {
        for event in events {
            if let Some(said) = said(event) {
                self.text.push_str(&written(&said));
                self.text.push('\n');
            }
            if let Some(text) = trouble(&event.kind) {
                self.text.push_str(&format!("+ {} {}\n", event.kind.name(), json!({"text": text})));
            }
        }
    }

    /// Writes the file, with the results and how the flow stands.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn finish(mut self, rehearsal: &Rehearsal) -> anyhow::Result<()> {
        self.text.push('\n');
        for (key, value) in rehearsal.results() {
            self.text.push_str(format!("? @results.{key} = {}", escape(&value)).trim_end());
            self.text.push('\n');
        }
        self.text.push_str(match standing_of(rehearsal) {
            Standing::Waits => "? waits\n",
            Standing::Ended => "? ended\n",
            Standing::Failed => "? failed\n",
        });
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&self.path)
            .with_context(|| format!("cannot write {}", self.path.display()))?;
        file.write_all(self.text.as_bytes())?;
        Ok(())
    }
}
