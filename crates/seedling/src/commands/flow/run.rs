//! `seedling flow run FILE`: talk to a flow in the terminal.

use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::anyhow;
use clap::Args;
use domain::{Choice, Interactive, InteractiveKind};
use flows::engine::WaitKind;
use flows::events::{Hint, MsgIn};
use flows::{Event, EventKind};

use super::file::FlowFile;
use super::record::Record;
use super::rehearsal::{Rehearsal, Setting};
use super::replay::{act_on, said};
use super::script::{Act, said_lines};

/// Starts a flow for a contact who exists only here, and takes what is typed as answers. Nothing leaves the
/// terminal: web services, e-mail and airtime are answered as if nobody were there, unless --set says what they
/// answer. The clock stands still and goes on with /timeout, /expire and /after.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling flow run export.json --flow Registration --language swa --field 'due_date=2026-05-01'
  seedling flow run export.json --flow Registration --record registration.flowtest
  printf 'English\\nGrace\\n' | seedling flow run export.json --flow Registration --json

A number chooses from buttons and lists. Typed instead of an answer:
  /timeout                       the time of the wait is up
  /expire                        the conversation expires
  /after 2 days                  time passes, and with it what is due
  /send image/jpeg:https://…     the contact sends a file; in a call, a recording
  /dial answered 30              the dialled call ends: answered, no_answer, busy or failed
  //text                         a message that begins with a slash")]
pub struct Run {
    /// An export or a flow definition
    file: PathBuf,
    /// The flow to start, by name or uuid; needed if the file holds several
    #[arg(long, value_name = "NAME")]
    flow: Option<String>,
    /// Start with this message of the contact, as a keyword would
    #[arg(long, value_name = "TEXT")]
    message: Option<String>,
    /// The contact's name
    #[arg(long)]
    name: Option<String>,
    /// The contact's language, as three letters
    #[arg(long, value_name = "CODE")]
    language: Option<String>,
    /// The contact's address, such as tel:+256799000001
    #[arg(long)]
    urn: Option<String>,
    /// A value of the contact; can be repeated
    #[arg(long = "field", value_name = "KEY=VALUE")]
    fields: Vec<String>,
    /// A group that the contact is in; can be repeated
    #[arg(long = "group", value_name = "NAME")]
    groups: Vec<String>,
    /// A lookup table of comma-separated values, named as its file; can be repeated
    #[arg(long = "table", value_name = "FILE")]
    tables: Vec<PathBuf>,
    /// The moment at which it begins, such as '2026-03-05 09:00'
    #[arg(long, value_name = "MOMENT")]
    now: Option<String>,
    /// Any other line of a test's setting, such as 'zone: Africa/Kampala' or the answer of a web service; can be repeated
    #[arg(long = "set", value_name = "KEY: VALUE")]
    settings: Vec<String>,
    /// Write the conversation down as a test
    #[arg(long, value_name = "TEST")]
    record: Option<PathBuf>,
    /// Print each event as a line of JSON instead of the conversation
    #[arg(long)]
    json: bool,
}

impl Run {
    /// Talks until the flow ends or the input does.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let file = FlowFile::read(&self.file)?;
        let definition = file.chosen(self.flow.as_deref())?;
        let setting = self.setting()?;
        let mut rehearsal = Rehearsal::new(&file, setting.clone())?;
        rehearsal.is_loud = true;
        let record = self.record.as_deref();
        let mut record =
            record.map(|path| Record::new(path, &definition.name, &setting, &rehearsal)).transpose()?;
        let message = self.message.as_ref().map(|text| MsgIn { text: text.into(), ..MsgIn::default() });
        if let (Some(record), Some(text)) = (&mut record, &self.message) {
            record.act(&Act::Write { text: text.clone(), attachments: Vec::new() });
        }
        let events = rehearsal.start(definition, message)?;
        let mut is_well = self.show(&events, &mut record)?;
        is_well &= self.talk(&mut rehearsal, &mut record)?;
        if rehearsal.wait().is_none() && !self.json {
            println!("(the flow has ended)");
        }
        if let Some(record) = record {
            record.finish(&rehearsal)?;
        }
        Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// Takes what is typed until the flow waits no more; answers whether all went well.
    fn talk(&self, rehearsal: &mut Rehearsal, record: &mut Option<Record>) -> anyhow::Result<bool> {
        let is_terminal = std::io::stdin().is_terminal();
        let mut is_well = true;
        let mut lines = std::io::stdin().lock().lines();
        while let Some(wait) = rehearsal.wait() {
            if is_terminal && !self.json {
                print!("{} ", if wait == WaitKind::Dial { "/dial?" } else { ">" });
                std::io::stdout().flush()?;
            }
            let Some(line) = lines.next() else {
                if !self.json {
                    println!("(the input ended; the flow still waits)");
                }
                break;
            };
            let line = line?;
            let done = Act::read(&line).and_then(|act| Ok((act_on(rehearsal, &act)?, act)));
            match done {
                Ok((events, act)) => {
                    if let Some(record) = record {
                        record.act(&act);
                    }
                    is_well &= self.show(&events, record)?;
                }
                // Whoever types can type again; whoever pipes wants to know.
                Err(error) if is_terminal => eprintln!("  ({error})"),
                Err(error) => return Err(error),
            }
        }
        Ok(is_well)
    }

    /// What is given, from the options.
    fn setting(&self) -> anyhow::Result<Setting> {
        let mut setting = Setting::default();
        let plain =
            [("now", &self.now), ("name", &self.name), ("language", &self.language), ("urn", &self.urn)];
        for (key, value) in plain {
            if let Some(value) = value {
                setting.set(key, value)?;
            }
        }
        for field in &self.fields {
            let (key, value) =
                field.split_once('=').ok_or_else(|| anyhow!("write --field KEY=VALUE, not {field:?}"))?;
            setting.set(&format!("field {}", key.trim()), value)?;
        }
        for group in &self.groups {
            setting.set("group", group)?;
        }
        for table in &self.tables {
            let name = table.file_stem().unwrap_or_default().to_string_lossy();
            setting.set(&format!("table {name}"), &table.to_string_lossy())?;
        }
        for line in &self.settings {
            let (key, value) =
                line.split_once(": ").ok_or_else(|| anyhow!("write --set 'KEY: VALUE', not {line:?}"))?;
            setting.set(key, value)?;
        }
        Ok(setting)
    }

    /// Prints what happened; answers whether the flow could do all that it should.
    fn show(&self, events: &[Event], record: &mut Option<Record>) -> anyhow::Result<bool> {
        if let Some(record) = record {
            record.events(events);
        }
        let mut is_well = true;
        for event in events {
            is_well &= !matches!(event.kind, EventKind::Failure(_));
            if self.json {
                println!("{}", serde_json::to_string(event)?);
            } else {
                print_for_people(event);
            }
        }
        Ok(is_well)
    }
}

/// The conversation, and what the author of the flow should know. Other events have their place in `--json`.
fn print_for_people(event: &Event) {
    if let EventKind::MsgCreated(created) = &event.kind
        && created.msg.pause_seconds > 0
    {
        println!("  ({} seconds later)", created.msg.pause_seconds);
    }
    if let Some(said) = said(event) {
        let is_call = matches!(event.kind, EventKind::IvrCreated(_));
        let (text, attachments) = (said.text, said.attachments.unwrap_or_default());
        match (is_call, text.is_empty()) {
            (true, false) => println!("(says) {text}"),
            (false, _) => println!("{text}"),
            (true, true) => {}
        }
        let what = if is_call { "(plays) " } else { "" };
        attachments.iter().for_each(|attachment| println!("  {what}[{attachment}]"));
        let mut replies = said.replies.unwrap_or_default();
        if let EventKind::MsgCreated(created) = &event.kind
            && let Some(interactive) = &created.msg.interactive
        {
            print!("{}", offered(interactive));
            replies.retain(|_| interactive.choices().is_empty());
        }
        print!(
            "{}",
            said_lines('<', "", Some(&replies), None).replacen("<\n", "", 1).replacen('(', "  (", 1)
        );
    }
    match &event.kind {
        EventKind::Error(problem) => println!("  (error: {})", problem.text),
        EventKind::Failure(failure) => println!("  (the flow failed: {})", failure.text),
        EventKind::ReminderSet(set) => {
            println!("  (reminder {:?} starts {:?} on {})", set.key, set.flow.name, set.due);
        }
        EventKind::ReminderCancelled(cancelled) if cancelled.key.is_empty() => {
            println!("  (all reminders are cancelled)");
        }
        EventKind::ReminderCancelled(cancelled) => println!("  (reminder {:?} is cancelled)", cancelled.key),
        EventKind::OutcomeRecorded(outcome) => {
            println!("  (outcome {:?}: {:?})", outcome.name, outcome.value);
        }
        EventKind::ConsentRecorded(consent) => {
            let did = if consent.given { "agrees to" } else { "takes back" };
            println!("  (the contact {did} {:?})", consent.purpose);
        }
        EventKind::MsgWait(wait) => {
            if let Some(hint) = &wait.hint {
                println!("  ({})", in_words(hint));
            }
        }
        EventKind::DialWait(wait) => {
            println!("  (calls {} and rings up to {} seconds)", wait.urn, wait.dial_limit_seconds);
        }
        other => tracing::trace!(event = other.name(), "not part of the conversation"),
    }
}

/// Buttons, a list or a form, with numbers by which one can be chosen.
fn offered(interactive: &Interactive) -> String {
    let mut lines = Vec::new();
    let mut number = 0;
    let mut choice = |choice: &Choice| {
        number += 1;
        let more =
            if choice.description.is_empty() { String::new() } else { format!(": {}", choice.description) };
        format!("  {number}. {}{more}", choice.title)
    };
    lines.extend((!interactive.header.is_empty()).then(|| format!("  {}", interactive.header)));
    match &interactive.kind {
        InteractiveKind::Buttons { buttons } => lines.extend(buttons.iter().map(choice)),
        InteractiveKind::List { button, sections } => {
            lines.push(format!("  [{button}]"));
            for section in sections {
                lines.extend((!section.title.is_empty()).then(|| format!("  {}", section.title)));
                lines.extend(section.rows.iter().map(&mut choice));
            }
        }
        InteractiveKind::Flow { cta, flow_id, .. } => lines.push(format!("  [{cta}] (form {flow_id})")),
    }
    lines.extend((!interactive.footer.is_empty()).then(|| format!("  {}", interactive.footer)));
    lines.into_iter().map(|line| line + "\n").collect()
}

/// What kind of answer is expected.
fn in_words(hint: &Hint) -> String {
    match (hint.kind.as_str(), hint.count, hint.terminated_by.as_deref()) {
        ("digits", Some(1), _) => "press a key".to_owned(),
        ("digits", Some(count), _) => format!("press {count} keys"),
        ("digits", None, Some(end)) => format!("press keys, and {end} at the end"),
        ("audio", _, _) => "speak after the tone: /send audio/wav:https://…".to_owned(),
        (kind, _, _) => format!("send {kind}: /send …"),
    }
}
