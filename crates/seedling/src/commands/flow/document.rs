//! A file with flows as it was written: what a command does not change stays as it is.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use flows::export::MAX_EXPORT_BYTES;
use flows::legacy::Origin;
use flows::migrations::{self, Conversion, Version};
use serde_json::Value;
use uuid::Uuid;

/// An export or a single definition.
pub struct Document {
    json: Value,
}

impl Document {
    /// Reads a file, or standard input if it is `-`.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let shown = path.display();
        let text = read_text(path)?;
        let json: Value = serde_json::from_str(text.trim_start_matches('\u{feff}'))
            .with_context(|| format!("{shown} is not JSON"))?;
        if json["flows"].is_array() || is_flow(&json) {
            Ok(Self { json })
        } else {
            bail!(
                "{shown} is neither an export (it has no `flows`) nor a flow definition (it has no `nodes`)"
            )
        }
    }

    /// The flows, to be changed.
    fn flows_mut(&mut self) -> Vec<&mut Value> {
        if self.json["flows"].is_array() {
            self.json["flows"].as_array_mut().into_iter().flatten().collect()
        } else {
            vec![&mut self.json]
        }
    }

    /// The flows of these names or identifiers, or all if there are none, brought to the current specification.
    pub fn current_flows(&mut self, wanted: &[String]) -> anyhow::Result<Vec<&mut Value>> {
        let is = |flow: &Value, name: &String| {
            name_of(flow).to_lowercase() == name.to_lowercase() || flow["uuid"].as_str() == Some(name)
        };
        let mut found = vec![false; wanted.len()];
        let mut chosen = Vec::new();
        self.convert(migrations::CURRENT)?;
        for flow in self.flows_mut() {
            let place = wanted.iter().position(|name| is(flow, name));
            if let Some(place) = place {
                found[place] = true;
            } else if !wanted.is_empty() {
                continue;
            }
            chosen.push(flow);
        }
        match wanted.iter().zip(found).find(|(_, found)| !found) {
            Some((name, _)) => bail!("the file has no flow {name:?}"),
            None => Ok(chosen),
        }
    }

    /// Brings every flow to a specification; gives their names and what was done to them.
    pub fn convert(&mut self, to: Version) -> anyhow::Result<Vec<(String, Conversion)>> {
        let site = self.json["site"].as_str().map(str::to_owned);
        let mut origin = Origin { files: site.as_deref(), ..Origin::default() };
        let mut done = Vec::new();
        // Old flows name each other by number or name, so all are known before the first is converted.
        for flow in self.flows_mut() {
            if migrations::version_in(flow).is_ok_and(|version| version.major < flows::export::EXPORT_VERSION)
            {
                origin.identities.learn(flow, &mut Uuid::new_v4);
            }
        }
        for flow in self.flows_mut() {
            let name = name_of(flow).to_owned();
            let conversion = migrations::convert_from(flow, to, &mut origin, &mut Uuid::new_v4)
                .with_context(|| format!("cannot convert flow {name:?}; nothing was written"))?;
            done.push((name, conversion));
        }
        if self.json["flows"].is_array() {
            self.json["version"] = flows::export::EXPORT_VERSION.to_string().into();
        }
        Ok(done)
    }

    /// Writes it to a file, or to standard output if there is none or it is `-`.
    pub fn write(&self, output: Option<&PathBuf>) -> anyhow::Result<()> {
        write_text(output, &format!("{:#}\n", self.json))
    }
}

/// Whether a JSON value is a flow of any generation.
fn is_flow(json: &Value) -> bool {
    json["nodes"].is_array() || json["action_sets"].is_array() || json["rule_sets"].is_array()
}

/// The name of a flow of any generation.
pub fn name_of(flow: &Value) -> &str {
    flow["name"].as_str().or_else(|| flow["metadata"]["name"].as_str()).unwrap_or("without a name")
}

/// The text of a file, or of standard input if it is `-`.
pub fn read_text(path: &Path) -> anyhow::Result<String> {
    let limit = MAX_EXPORT_BYTES as u64 + 1;
    let mut text = String::new();
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(limit).read_to_string(&mut text)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(limit).read_to_string(&mut text))
    };
    read.with_context(|| format!("cannot read {}", path.display()))?;
    if text.len() > MAX_EXPORT_BYTES {
        bail!("{} has more than {MAX_EXPORT_BYTES} bytes", path.display());
    }
    Ok(text)
}

/// Writes a text to a file, or to standard output if there is none or it is `-`.
pub fn write_text(output: Option<&PathBuf>, text: &str) -> anyhow::Result<()> {
    match output.filter(|path| path.as_path() != Path::new("-")) {
        Some(path) => std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display())),
        None => {
            let written = std::io::stdout().lock().write_all(text.as_bytes());
            written.context("cannot write to standard output")
        }
    }
}
