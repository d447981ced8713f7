//! Plays a written test against a flow and finds the first thing that is not as written.

use std::collections::VecDeque;

use flows::events::{MsgIn, MsgOut};
use flows::{Definition, Event, EventKind};
use serde_json::Value;

use super::file::FlowFile;
use super::rehearsal::Rehearsal;
use super::script::{Act, Said, Script, Standing, Step, said_lines};

/// The first thing that is not as the test says.
#[derive(Debug, PartialEq, Eq)]
pub struct Difference {
    /// The line of the test.
    pub line: usize,
    /// What the test says, as lines of a test or in words.
    pub expected: String,
    /// What was.
    pub got: String,
}

/// Plays a test; `None` if all is as it says.
///
/// # Errors
/// If the setting does not fit the flows, such as a field that is not there.
pub fn replay(
    file: &FlowFile,
    definition: &Definition,
    script: &Script,
) -> anyhow::Result<Option<Difference>> {
    let mut play = Playing {
        rehearsal: Rehearsal::new(file, script.setting.clone())?,
        unheard: VecDeque::new(),
        events: Vec::new(),
        unexpected: Vec::new(),
    };
    Ok(play.play(definition, script).err())
}

struct Playing {
    rehearsal: Rehearsal,
    /// What the flow said and the test has not come to.
    unheard: VecDeque<Said>,
    /// What has happened since the last act, as JSON.
    events: Vec<Value>,
    /// Errors that no line of the test speaks of: place in `events`, and the text.
    unexpected: Vec<(usize, String)>,
}

impl Playing {
    fn play(&mut self, definition: &Definition, script: &Script) -> Result<(), Difference> {
        let mut steps = script.steps.iter().peekable();
        let first = match steps.peek() {
            Some((_, Step::Act(Act::Write { text, attachments }))) => {
                steps.next();
                Some(message(text, attachments))
            }
            _ => None,
        };
        let started = self.rehearsal.start(definition, first);
        self.happened(script.line, "the flow to start", started)?;
        let mut last = script.line;
        for (line, step) in steps {
            self.step(*line, step)?;
            last = *line;
        }
        self.nothing_left(last + 1)
    }

    fn step(&mut self, line: usize, step: &Step) -> Result<(), Difference> {
        match step {
            Step::Act(act) => {
                self.nothing_left(line)?;
                let outcome = act_on(&mut self.rehearsal, act);
                self.happened(line, act.write().trim_end(), outcome)
            }
            Step::Says(said) => self.hears(line, &written(said), |heard| agrees(said, heard)),
            Step::SaysPart(part) => {
                self.hears(line, &format!("<~ {part}"), |heard| heard.text.contains(part.as_str()))
            }
            Step::Value { template, value } => {
                let got = self.rehearsal.look(template).unwrap_or_else(|error| error.to_string());
                let same = lines_of(&got) == lines_of(value);
                difference(same, line, || (format!("{template} = {value}"), format!("{template} = {got}")))
            }
            Step::Stands(standing) => {
                let now = standing_of(&self.rehearsal);
                difference(now == *standing, line, || (in_words(*standing).into(), in_words(now).into()))
            }
            Step::Event { kind, members } => self.has_event(line, kind, members),
        }
    }

    /// Takes what came of an act.
    fn happened(
        &mut self,
        line: usize,
        what: &str,
        outcome: anyhow::Result<Vec<Event>>,
    ) -> Result<(), Difference> {
        let events = outcome.map_err(|error| Difference {
            line,
            expected: what.to_owned(),
            got: format!("it cannot be done: {error}"),
        })?;
        self.unheard.extend(events.iter().filter_map(said));
        self.unexpected = events
            .iter()
            .enumerate()
            .filter_map(|(at, event)| Some((at, trouble(&event.kind)?.to_owned())))
            .collect();
        self.events = events.iter().filter_map(|event| serde_json::to_value(event).ok()).collect();
        Ok(())
    }

    fn hears(
        &mut self,
        line: usize,
        expected: &str,
        fits: impl FnOnce(&Said) -> bool,
    ) -> Result<(), Difference> {
        let got = match self.unheard.pop_front() {
            Some(heard) if fits(&heard) => return Ok(()),
            Some(heard) => written(&heard),
            None => match self.unexpected.first() {
                Some((_, text)) => format!("nothing more was said, but the flow reported: {text}"),
                None => format!("nothing more was said; {}", in_words(standing_of(&self.rehearsal))),
            },
        };
        Err(Difference { line, expected: expected.to_owned(), got })
    }

    fn has_event(&mut self, line: usize, kind: &str, members: &Value) -> Result<(), Difference> {
        let fits = |event: &Value| event["type"] == kind && holds(event, members);
        if let Some(at) = self.events.iter().position(fits) {
            self.unexpected.retain(|(place, _)| *place != at);
            return Ok(());
        }
        let same: Vec<String> =
            self.events.iter().filter(|event| event["type"] == kind).map(Value::to_string).collect();
        let kinds: Vec<&str> = self.events.iter().filter_map(|event| event["type"].as_str()).collect();
        let got = if same.is_empty() { format!("only {}", kinds.join(", ")) } else { same.join("\n") };
        let members = if members.is_null() { String::new() } else { format!(" {members}") };
        Err(Difference { line, expected: format!("+ {kind}{members}"), got })
    }

    /// Before somebody acts and at the end, all that was said must have been written down.
    fn nothing_left(&self, line: usize) -> Result<(), Difference> {
        let (expected, got) = match (self.unheard.front(), self.unexpected.first()) {
            (Some(heard), _) => ("nothing more to be said here", written(heard)),
            (None, Some((_, text))) => ("no error", format!("the flow reported: {text}")),
            (None, None) => return Ok(()),
        };
        Err(Difference { line, expected: expected.to_owned(), got })
    }
}

fn difference(same: bool, line: usize, what: impl FnOnce() -> (String, String)) -> Result<(), Difference> {
    if same {
        return Ok(());
    }
    let (expected, got) = what();
    Err(Difference { line, expected, got })
}

/// Does what the person or time does.
pub fn act_on(rehearsal: &mut Rehearsal, act: &Act) -> anyhow::Result<Vec<Event>> {
    match act {
        Act::Write { text, attachments } => rehearsal.write(message(text, attachments)),
        Act::TimeOut => rehearsal.time_out(),
        Act::Expire => rehearsal.expire(),
        Act::Pass(time) => rehearsal.pass(*time),
        Act::Dial(status, seconds) => rehearsal.dial(*status, *seconds),
    }
}

fn message(text: &str, attachments: &[String]) -> MsgIn {
    MsgIn { text: text.into(), attachments: attachments.iter().map(Into::into).collect(), ..MsgIn::default() }
}

/// What the contact sees or hears of an event.
pub fn said(event: &Event) -> Option<Said> {
    let of = |msg: &MsgOut| Said {
        text: msg.text.to_string(),
        replies: Some(msg.quick_replies.iter().map(|reply| reply.text.to_string()).collect()),
        attachments: Some(msg.attachments.iter().map(ToString::to_string).collect()),
    };
    match &event.kind {
        EventKind::MsgCreated(created) => Some(of(&created.msg)),
        EventKind::IvrCreated(created) => Some(of(&created.msg)),
        _ => None,
    }
}

/// The text of an error or failure.
pub fn trouble(kind: &EventKind) -> Option<&str> {
    match kind {
        EventKind::Error(problem) => Some(&problem.text),
        EventKind::Failure(failure) => Some(&failure.text),
        _ => None,
    }
}

/// Something said, in lines of a test.
pub fn written(said: &Said) -> String {
    let lines = said_lines('<', &said.text, said.replies.as_deref(), said.attachments.as_deref());
    lines.trim_end().to_owned()
}

/// How the flow stands.
pub fn standing_of(rehearsal: &Rehearsal) -> Standing {
    match (rehearsal.has_failed(), rehearsal.wait()) {
        (true, _) => Standing::Failed,
        (false, Some(_)) => Standing::Waits,
        (false, None) => Standing::Ended,
    }
}

fn in_words(standing: Standing) -> &'static str {
    match standing {
        Standing::Waits => "the flow waits",
        Standing::Ended => "the flow has ended",
        Standing::Failed => "the flow could not go on",
    }
}

fn agrees(expected: &Said, heard: &Said) -> bool {
    let same = |expected: &Option<Vec<String>>, heard: &Option<Vec<String>>| {
        expected.as_ref().is_none_or(|expected| {
            let heard = heard.iter().flatten();
            expected.iter().map(|text| text.trim()).eq(heard.map(|text| text.trim()))
        })
    };
    lines_of(&expected.text) == lines_of(&heard.text)
        && same(&expected.replies, &heard.replies)
        && same(&expected.attachments, &heard.attachments)
}

/// Spaces at the ends of lines are not seen, and editors take them away.
fn lines_of(text: &str) -> Vec<&str> {
    text.trim_end().split('\n').map(str::trim_end).collect()
}

/// Whether a value has all that another has.
fn holds(value: &Value, part: &Value) -> bool {
    match (value, part) {
        (_, Value::Null) => true,
        (Value::Object(members), Value::Object(wanted)) => {
            wanted.iter().all(|(name, wanted)| members.get(name).is_some_and(|member| holds(member, wanted)))
        }
        (Value::Array(items), Value::Array(wanted)) => {
            items.len() == wanted.len() && items.iter().zip(wanted).all(|(item, wanted)| holds(item, wanted))
        }
        _ => value == part,
    }
}
