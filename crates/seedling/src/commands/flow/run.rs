//! `seedling flow run FILE`: talk to a flow in the terminal.

use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{anyhow, bail};
use clap::Args;
use flows::{Definition, Event, EventKind};

use super::file::FlowFile;
use super::rehearsal::Rehearsal;

/// Typed instead of an answer: the wait's time is up.
const TIME_OUT: &str = "/timeout";

/// Starts a flow for a contact who exists only here, and takes what is typed as answers. Nothing leaves the
/// terminal: web services, e-mail and airtime are answered as if nobody were there.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling flow run export.json --flow Registration
  printf 'English\\nGrace\\n' | seedling flow run export.json --flow Registration --json

Type /timeout to let the time of a wait run out.")]
pub struct Run {
    /// An export or a flow definition
    file: PathBuf,
    /// The flow to start, by name or uuid; needed if the file holds several
    #[arg(long, value_name = "NAME")]
    flow: Option<String>,
    /// Print each event as a line of JSON instead of the conversation
    #[arg(long)]
    json: bool,
}

impl Run {
    /// Talks until the flow ends or the input does.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let file = FlowFile::read(&self.file)?;
        let definition = self.chosen(&file)?;
        let mut rehearsal = Rehearsal::new(&file)?;
        let mut is_well = self.show(&rehearsal.start(definition)?)?;
        let prompt = std::io::stdin().is_terminal() && !self.json;
        let mut lines = std::io::stdin().lock().lines();
        while rehearsal.waits() {
            if prompt {
                print!("> ");
                std::io::stdout().flush()?;
            }
            let Some(line) = lines.next() else {
                if !self.json {
                    println!("(the input ended; the flow still waits)");
                }
                break;
            };
            let line = line?;
            let events = if line == TIME_OUT { rehearsal.time_out()? } else { rehearsal.write(&line)? };
            is_well &= self.show(&events)?;
        }
        if !rehearsal.waits() && !self.json {
            println!("(the flow has ended)");
        }
        Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// The flow that was asked for.
    fn chosen<'a>(&self, file: &'a FlowFile) -> anyhow::Result<&'a Definition> {
        let name = match (&self.flow, file.flows.as_slice()) {
            (Some(name), _) => name,
            (None, [only]) => &only.name,
            (None, []) => bail!("the file holds no flow"),
            (None, _) => bail!("the file holds several flows; choose one with --flow: {}", names(file)),
        };
        let entry = file.flows.iter().find(|entry| {
            let uuid = entry.definition.as_ref().map(|definition| definition.uuid.to_string());
            entry.name.eq_ignore_ascii_case(name) || uuid.is_ok_and(|uuid| uuid == *name)
        });
        let entry =
            entry.ok_or_else(|| anyhow!("there is no flow {name:?}; the file holds {}", names(file)))?;
        entry.definition.as_ref().map_err(|error| anyhow!("the flow {:?} cannot run: {error}", entry.name))
    }

    /// Prints what happened; answers whether the flow could do all that it should.
    fn show(&self, events: &[Event]) -> anyhow::Result<bool> {
        let mut is_well = true;
        for event in events {
            is_well &= !matches!(event.kind, EventKind::Failure(_));
            if self.json {
                println!("{}", serde_json::to_string(event)?);
            } else {
                print_for_people(&event.kind);
            }
        }
        Ok(is_well)
    }
}

/// The conversation, and what the author of the flow should know. Other events have their place in `--json`.
fn print_for_people(kind: &EventKind) {
    match kind {
        EventKind::MsgCreated(created) => {
            println!("{}", created.msg.text);
            created.msg.attachments.iter().for_each(|attachment| println!("  [{attachment}]"));
            let replies: Vec<&str> =
                created.msg.quick_replies.iter().map(|reply| reply.text.as_str()).collect();
            if !replies.is_empty() {
                println!("  ( {} )", replies.join(" | "));
            }
        }
        EventKind::IvrCreated(created) => println!("(says) {}", created.msg.text),
        EventKind::Error(problem) => println!("  (error: {})", problem.text),
        EventKind::Failure(failure) => println!("  (the flow failed: {})", failure.text),
        other => tracing::trace!(event = other.name(), "not part of the conversation"),
    }
}

fn names(file: &FlowFile) -> String {
    let names: Vec<String> = file.flows.iter().map(|entry| format!("{:?}", entry.name)).collect();
    names.join(", ")
}
