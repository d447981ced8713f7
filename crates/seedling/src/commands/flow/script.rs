//! The written form of tests: a conversation as people would write it down, line by line.
//!
//! `docs/test-a-flow.md` describes it for those who write tests. A file holds one or more tests; what stands before
//! the first `==` is for all of them.

use anyhow::{Context, anyhow, bail};
use flows::events::DialStatus;
use jiff::SignedDuration;
use serde_json::Value;

use super::rehearsal::Setting;

/// Longest file of tests, in bytes.
pub const MAX_FILE_BYTES: u64 = 4 * 1024 * 1024;

/// One test.
pub struct Script {
    /// What it is called.
    pub name: String,
    /// The line it begins at.
    pub line: usize,
    /// The flow, if the test names one.
    pub flow: Option<String>,
    /// What is given.
    pub setting: Setting,
    /// What happens, in order, with the line of each.
    pub steps: Vec<(usize, Step)>,
}

/// One thing that happens or should.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// The person does something, or time passes.
    Act(Act),
    /// The flow says this.
    Says(Said),
    /// The flow says something that contains this.
    SaysPart(String),
    /// A template has this value.
    Value {
        /// The template.
        template: String,
        /// Its value.
        value: String,
    },
    /// The flow waits, has ended, or could not go on.
    Stands(Standing),
    /// An event of this type has happened since the last act, with these members.
    Event {
        /// The type.
        kind: String,
        /// Members that it has; others do not matter.
        members: Value,
    },
}

/// How a flow stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It waits for the person.
    Waits,
    /// It has come to its end.
    Ended,
    /// It could not go on.
    Failed,
}

/// Something that is said. Quick replies and attachments that are not written down may be any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// The text.
    pub text: String,
    /// Suggested answers.
    pub replies: Option<Vec<String>>,
    /// Attached files as `content/type:url`.
    pub attachments: Option<Vec<String>>,
}

/// What the person does, or time.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// Writes, or presses keys in a call.
    Write {
        /// The text.
        text: String,
        /// Attached files as `content/type:url`.
        attachments: Vec<String>,
    },
    /// The time of the wait is up.
    TimeOut,
    /// The conversation expires.
    Expire,
    /// So much time passes.
    Pass(SignedDuration),
    /// The dialled call ends so, after so many seconds of talking.
    Dial(DialStatus, u32),
}

impl Act {
    /// The act that a line of `flow run` or of a test stands for: a command after a slash, or else a message.
    /// Two slashes stand for one that is meant as text.
    ///
    /// # Errors
    /// If there is no such command; the text says which there are.
    pub fn read(line: &str) -> anyhow::Result<Self> {
        let Some(command) = line.strip_prefix('/') else {
            return Ok(Self::Write { text: line.to_owned(), attachments: Vec::new() });
        };
        if command.starts_with('/') {
            return Ok(Self::Write { text: command.to_owned(), attachments: Vec::new() });
        }
        let (word, rest) = command.split_once(' ').map_or((command, ""), |(word, rest)| (word, rest.trim()));
        Ok(match (word, rest) {
            ("timeout", "") => Self::TimeOut,
            ("expire", "") => Self::Expire,
            ("after", time) => Self::Pass(duration(time)?),
            ("send", file) if file.contains(':') => {
                Self::Write { text: String::new(), attachments: vec![file.to_owned()] }
            }
            ("dial", outcome) => {
                let (status, seconds) = outcome.split_once(' ').unwrap_or((outcome, "0"));
                let status = match status {
                    "answered" => DialStatus::Answered,
                    "no_answer" => DialStatus::NoAnswer,
                    "busy" => DialStatus::Busy,
                    "failed" => DialStatus::Failed,
                    other => bail!("a dialled call is answered, no_answer, busy or failed, not {other:?}"),
                };
                Self::Dial(status, seconds.parse().with_context(|| format!("{seconds:?} are no seconds"))?)
            }
            _ => bail!(
                "there is no command /{command}; there are /timeout, /expire, /after 2 days, \
                 /send image/jpeg:https://…, /dial answered 30; write // for a message that begins with /"
            ),
        })
    }

    /// The line that stands for this act.
    pub fn write(&self) -> String {
        match self {
            Self::Write { text, attachments } => {
                said_lines('>', text, None, (!attachments.is_empty()).then_some(attachments.as_slice()))
            }
            Self::TimeOut => "/timeout\n".to_owned(),
            Self::Expire => "/expire\n".to_owned(),
            Self::Pass(time) => format!("/after {} seconds\n", time.as_secs()),
            Self::Dial(status, seconds) => {
                let status = match status {
                    DialStatus::Answered => "answered",
                    DialStatus::NoAnswer => "no_answer",
                    DialStatus::Busy => "busy",
                    DialStatus::Failed => "failed",
                };
                format!("/dial {status} {seconds}\n")
            }
        }
    }
}

/// `90 seconds`, `2 days`, `1 hour`.
fn duration(text: &str) -> anyhow::Result<SignedDuration> {
    let wrong = || anyhow!("{text:?} is no time; write one such as 30 seconds, 2 hours or 3 days");
    let (count, unit) = text.split_once(' ').ok_or_else(wrong)?;
    let count: u32 = count.parse().map_err(|_| wrong())?;
    let seconds = match unit.trim().strip_suffix('s').unwrap_or(unit.trim()) {
        "second" => 1,
        "minute" => 60,
        "hour" => 3600,
        "day" => 86_400,
        "week" => 7 * 86_400,
        _ => return Err(wrong()),
    };
    Ok(SignedDuration::from_secs(i64::from(count) * seconds))
}

/// The lines that stand for something said or written.
pub fn said_lines(
    mark: char,
    text: &str,
    replies: Option<&[String]>,
    attachments: Option<&[String]>,
) -> String {
    let mut lines = String::new();
    for (at, line) in text.split('\n').enumerate() {
        let mark = if at == 0 { mark } else { '|' };
        let line = line.trim_end();
        lines.push_str(format!("{mark} {line}").trim_end());
        lines.push('\n');
    }
    for attachment in attachments.into_iter().flatten() {
        lines.push_str(&format!("[{attachment}]\n"));
    }
    if let Some(replies) = replies.filter(|replies| !replies.is_empty()) {
        lines.push_str(&format!("( {} )\n", replies.join(" | ")));
    }
    lines
}

/// A value on one line.
pub fn escape(value: &str) -> String {
    value.replace('\\', "\\\\").replace('\n', "\\n").replace(" = ", " \\= ")
}

fn unescape(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(char) = chars.next() {
        match (char, char == '\\') {
            (_, true) => match chars.next() {
                Some('n') => out.push('\n'),
                Some(other) => out.push(other),
                None => out.push('\\'),
            },
            (char, false) => out.push(char),
        }
    }
    out
}

/// The tests of a file.
///
/// # Errors
/// The first line that cannot be understood, and why.
pub fn read(text: &str, file_name: &str) -> anyhow::Result<Vec<Script>> {
    let blank = |name: &str, line: usize, shared: Option<&Script>| Script {
        name: name.to_owned(),
        line,
        flow: shared.and_then(|shared| shared.flow.clone()),
        setting: shared.map(|shared| shared.setting.clone()).unwrap_or_default(),
        steps: Vec::new(),
    };
    let mut shared = blank(file_name, 1, None);
    let mut scripts: Vec<Script> = Vec::new();
    for (at, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let number = at + 1;
        let line = line.trim_end();
        if let Some(name) = line.strip_prefix("==") {
            let name = name.trim_matches(|char: char| char == '=' || char.is_whitespace());
            scripts.push(blank(name, number, Some(&shared)));
            continue;
        }
        let script = scripts.last_mut().unwrap_or(&mut shared);
        take(script, number, line).with_context(|| format!("line {number}: {line}"))?;
    }
    if scripts.is_empty() {
        scripts.push(shared);
    } else if let Some((number, _)) = shared.steps.first() {
        bail!("line {number}: a conversation stands before the first test; name it with a line == NAME");
    }
    Ok(scripts)
}

fn take(script: &mut Script, number: usize, line: &str) -> anyhow::Result<()> {
    let Some(mark) = line.chars().next() else { return Ok(()) };
    let rest = &line[mark.len_utf8()..];
    let body = rest.strip_prefix(' ').unwrap_or(rest);
    let step = match mark {
        '#' => return Ok(()),
        '|' => return more(script, |text| *text = format!("{text}\n{body}")),
        '[' => return attach(script, line),
        '(' => return suggest(script, line),
        '>' => Step::Act(Act::Write { text: body.to_owned(), attachments: Vec::new() }),
        '<' if rest.starts_with('~') => Step::SaysPart(rest[1..].trim().to_owned()),
        '<' => Step::Says(Said { text: body.to_owned(), ..Said::default() }),
        '/' => Step::Act(Act::read(line)?),
        '+' => event(body)?,
        '?' => expectation(body)?,
        _ if script.steps.is_empty() => {
            let (key, value) = line
                .split_once(": ")
                .or_else(|| line.strip_suffix(':').map(|key| (key, "")))
                .ok_or_else(|| anyhow!("a setting is written as key: value"))?;
            if key.trim() == "flow" {
                script.flow = Some(value.trim().to_owned());
                return Ok(());
            }
            return script.setting.set(key, value);
        }
        _ => bail!("a line of a conversation begins with one of > < | [ ( / + ? #"),
    };
    script.steps.push((number, step));
    Ok(())
}

fn more(script: &mut Script, change: impl FnOnce(&mut String)) -> anyhow::Result<()> {
    match script.steps.last_mut() {
        Some((_, Step::Says(said))) => change(&mut said.text),
        Some((_, Step::Act(Act::Write { text, .. }))) => change(text),
        _ => bail!("| goes on with the text of the line above, which must begin with > or <"),
    }
    Ok(())
}

fn attach(script: &mut Script, line: &str) -> anyhow::Result<()> {
    let file = line.strip_prefix('[').and_then(|line| line.strip_suffix(']'));
    let file = file.filter(|file| file.contains(':')).ok_or_else(|| {
        anyhow!(
            "an attachment is written as [content/type:url], such as [image/jpeg:https://example.org/a.jpg]"
        )
    })?;
    match script.steps.last_mut() {
        Some((_, Step::Says(said))) => said.attachments.get_or_insert_default().push(file.to_owned()),
        Some((_, Step::Act(Act::Write { attachments, .. }))) => attachments.push(file.to_owned()),
        _ => bail!("an attachment belongs to the line above, which must begin with > or <"),
    }
    Ok(())
}

fn suggest(script: &mut Script, line: &str) -> anyhow::Result<()> {
    let inner = line.strip_prefix('(').and_then(|line| line.strip_suffix(')'));
    let inner = inner.ok_or_else(|| anyhow!("quick replies are written as ( Yes | No )"))?;
    let replies = inner.split('|').map(|reply| reply.trim().to_owned()).filter(|reply| !reply.is_empty());
    match script.steps.last_mut() {
        Some((_, Step::Says(said))) => said.replies = Some(replies.collect()),
        _ => bail!("quick replies belong to the line above, which must begin with <"),
    }
    Ok(())
}

fn event(body: &str) -> anyhow::Result<Step> {
    let (kind, members) = body.split_once(' ').map_or((body, ""), |(kind, members)| (kind, members.trim()));
    let members = match members {
        "" => Value::Null,
        json => serde_json::from_str(json).context("after the type of event comes JSON, or nothing")?,
    };
    Ok(Step::Event { kind: kind.to_owned(), members })
}

fn expectation(body: &str) -> anyhow::Result<Step> {
    Ok(match body {
        "waits" => Step::Stands(Standing::Waits),
        "ended" => Step::Stands(Standing::Ended),
        "failed" => Step::Stands(Standing::Failed),
        _ => {
            // A template may hold the sign itself, so the last one that stands free counts.
            let (template, value) = body
                .rsplit_once(" = ")
                .or_else(|| body.strip_suffix(" =").map(|template| (template, "")))
                .ok_or_else(|| anyhow!("write ? waits, ? ended, ? failed, or ? @results.name = value"))?;
            Step::Value { template: template.trim().to_owned(), value: unescape(value) }
        }
    })
}
