//! `seedling programme register-all`: registrations from a file, each as the API takes it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use operations::{read_registration, register, shown_registration, wrong_members};
use serde_json::{Value, json};

use super::people::is_busy;
use crate::options::{StoreOptions, WorkspaceOption};
use crate::patience::while_busy;

/// Registers people from a file with a JSON object on each line, as the API's registrations take it (docs/programmes.md).
/// Each is there whole or not at all; what became of it is a line of the answer. Ends with 1 if any was refused.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling programme register-all people.jsonl > answers.jsonl

A line with a \"key\" is registered once, however often the file is brought in.")]
pub struct RegisterAll {
    /// One JSON object a line; - reads standard input
    file: PathBuf,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
}

impl RegisterAll {
    /// Does it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let shown = self.file.display();
        let lines: Box<dyn BufRead> = if self.file == Path::new("-") {
            Box::new(std::io::stdin().lock())
        } else {
            let file = std::fs::File::open(&self.file).with_context(|| format!("cannot read {shown}"))?;
            Box::new(BufReader::new(file))
        };
        let context = self.store.open().await?;
        let workspace = self.workspace.choose(&context).await?;
        let mut refused = 0;
        for (number, line) in lines.lines().enumerate() {
            let number = number + 1;
            let line = line.with_context(|| format!("cannot read line {number} of {shown}"))?;
            if line.trim().is_empty() {
                continue;
            }
            let answer = match serde_json::from_str::<Value>(&line) {
                Ok(Value::Object(mut body)) => {
                    let key = body.remove("key").and_then(|key| key.as_str().map(str::to_owned));
                    let ws = context.registry.workspace(&context, workspace.id).await?;
                    let ws = ws.context("the workspace is gone")?;
                    match read_registration(&context, &ws, &body, None).await? {
                        Ok(mut registration) => {
                            registration.key = key.map(|key| format!("file-{key}").into());
                            let done = while_busy(is_busy, async || {
                                register(&context, workspace.id, registration.clone()).await
                            });
                            match done.await {
                                Ok(done) => {
                                    let mut shown = shown_registration(&done.value.row);
                                    shown.insert("contact".to_owned(), json!(done.value.contact));
                                    Ok(shown)
                                }
                                Err(error) => Err(wrong_members(&error).map_or_else(
                                    || json!({"non_field_errors": [error.to_string()]}),
                                    Value::Object,
                                )),
                            }
                        }
                        Err(wrong) => Err(Value::Object(wrong)),
                    }
                }
                Ok(_) => Err(json!({"non_field_errors": ["Expected an object."]})),
                Err(error) => Err(json!({"non_field_errors": [error.to_string()]})),
            };
            match answer {
                Ok(done) => println!("{}", json!({"line": number, "registered": done})),
                Err(wrong) => {
                    refused += 1;
                    println!("{}", json!({"line": number, "refused": wrong}));
                }
            }
        }
        Ok(if refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
