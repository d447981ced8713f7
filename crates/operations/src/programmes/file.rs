//! A programme as a file: JSON with stages, each with its set, schedule, rules and messages.
//!
//! What it holds is written down in `docs/programmes.md`. Members that are not known here, such as notes for people, are
//! left alone; those that are known must be right.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    Cron,
    programme::{MAX_SET_MESSAGES, Placement, national},
};
use serde::Deserialize;
use serde_json::{Map, Value};
use smol_str::SmolStr;
use store::{CatchUp, ContentType};
use thiserror::Error;

use super::{Anchor, SwitchRule};
use crate::edit_definitions::key_of;

/// Characters of a set's name, and of a stage's or programme's.
const MAX_NAME: usize = 100;
/// Characters of a message.
const MAX_TEXT: usize = 4_096;
/// Weeks that a message may belong to.
const MAX_WEEK: i64 = 520;

/// Why a file is no programme. Says where.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ProgrammeFileError {
    /// It is not JSON of that form.
    #[error("the file cannot be read: {0}")]
    Json(String),
    /// Something in it is not right.
    #[error("{place}: {wrong}")]
    Wrong {
        /// Where, in words.
        place: String,
        /// What.
        wrong: String,
    },
}

/// A programme, read and checked in itself.
#[derive(Debug, Clone, PartialEq)]
pub struct ProgrammeFile {
    /// Its name.
    pub(super) name: SmolStr,
    /// Its sets.
    pub(super) sets: Vec<SetGiven>,
}

/// A message set as a file gives it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SetGiven {
    pub short_name: SmolStr,
    pub stage: SmolStr,
    pub content_type: ContentType,
    pub schedule: SmolStr,
    pub placement: Option<Placement>,
    pub anchor: Option<Anchor>,
    pub next_set: Option<SmolStr>,
    pub channel: Option<SmolStr>,
    pub base_language: SmolStr,
    pub catch_up: CatchUp,
    pub switches: BTreeMap<SmolStr, SwitchRule>,
    /// By sequence number, from 1 on.
    pub messages: Vec<MessageGiven>,
}

/// A message as a file gives it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct MessageGiven {
    pub week: Option<i32>,
    /// Text and files by language.
    pub said: BTreeMap<SmolStr, (SmolStr, Vec<SmolStr>)>,
}

#[derive(Deserialize)]
struct File {
    programme: SmolStr,
    languages: Vec<SmolStr>,
    stages: Vec<Stage>,
    #[serde(default)]
    switches: Vec<Switch>,
}

#[derive(Deserialize)]
struct Stage {
    name: SmolStr,
    set: SmolStr,
    #[serde(default)]
    anchor: Option<WrittenAnchor>,
    default_schedule: SmolStr,
    #[serde(default)]
    next_set: Option<SmolStr>,
    #[serde(default)]
    content_type: Option<SmolStr>,
    #[serde(default)]
    placement: Option<WrittenPlacement>,
    #[serde(default)]
    catch_up: Option<SmolStr>,
    #[serde(default)]
    channel: Option<SmolStr>,
    messages: Vec<Map<String, Value>>,
}

/// In words, `due date minus 40 weeks`, or as rules.
#[derive(Deserialize)]
#[serde(untagged)]
enum WrittenAnchor {
    Words(String),
    Rule(Anchor),
}

/// As rules, or those of a national programme.
#[derive(Deserialize)]
#[serde(untagged)]
enum WrittenPlacement {
    Like { like: SmolStr },
    Rule(Placement),
}

#[derive(Deserialize)]
struct Switch {
    event: SmolStr,
    /// Names of stages, with `|` between them.
    #[serde(default)]
    from: Option<String>,
    #[serde(default)]
    to: Option<SmolStr>,
    /// Says in words that the person is asked first.
    #[serde(default)]
    rule: Option<String>,
    #[serde(default)]
    asks: Option<bool>,
}

/// Reads a programme's file.
///
/// # Errors
/// [`ProgrammeFileError`] for the first thing that is wrong.
pub fn read_programme(text: &str) -> Result<ProgrammeFile, ProgrammeFileError> {
    let file: File =
        serde_json::from_str(text).map_err(|error| ProgrammeFileError::Json(error.to_string()))?;
    let name = named(&file.programme, "the programme")?;
    let Some(base) = file.languages.first() else {
        return Err(wrong("languages", "name at least one"));
    };
    if let Some(code) = file.languages.iter().find(|code| code.len() != 3) {
        return Err(wrong("languages", format!("{code:?} is no ISO 639-3 code, such as eng")));
    }
    let mut sets = Vec::new();
    let mut seen = BTreeSet::new();
    for stage in &file.stages {
        let set = stage.read(&file, base)?;
        if !seen.insert(set.short_name.to_lowercase()) {
            return Err(wrong(&format!("stage {}", stage.name), "another stage has this set"));
        }
        sets.push(set);
    }
    for switch in &file.switches {
        apply(switch, &file.stages, &mut sets)?;
    }
    Ok(ProgrammeFile { name, sets })
}

fn wrong(place: &str, wrong: impl Into<String>) -> ProgrammeFileError {
    ProgrammeFileError::Wrong { place: place.to_owned(), wrong: wrong.into() }
}

fn named(name: &str, place: &str) -> Result<SmolStr, ProgrammeFileError> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > MAX_NAME || name.contains('\0') {
        return Err(wrong(place, format!("a name has 1 to {MAX_NAME} characters")));
    }
    Ok(name.into())
}

impl Stage {
    fn read(&self, file: &File, base: &SmolStr) -> Result<SetGiven, ProgrammeFileError> {
        let place = format!("stage {}", self.name);
        let short_name = named(&self.set, &place)?;
        self.default_schedule
            .parse::<Cron>()
            .map_err(|error| wrong(&place, format!("default_schedule: {error}")))?;
        let word = |given: &Option<SmolStr>, default: &str| given.clone().unwrap_or_else(|| default.into());
        let content_type = ContentType::parse(&word(&self.content_type, "text"))
            .ok_or_else(|| wrong(&place, "content_type is text or audio"))?;
        let catch_up = CatchUp::parse(&word(&self.catch_up, "once"))
            .ok_or_else(|| wrong(&place, "catch_up is skip, once or each"))?;
        let placement = match &self.placement {
            None => None,
            Some(WrittenPlacement::Rule(rule)) => Some(rule.clone()),
            Some(WrittenPlacement::Like { like }) => {
                let known = national::placement(like, &self.set).ok_or_else(|| {
                    wrong(&place, format!("no formula is known for a set of this name in {like:?}"))
                })?;
                Some(known.clone())
            }
        };
        let anchor = match &self.anchor {
            None => None,
            Some(WrittenAnchor::Rule(anchor)) => Some(anchor.clone()),
            Some(WrittenAnchor::Words(words)) => Some(anchor_of(words, &place)?),
        };
        Ok(SetGiven {
            short_name,
            stage: named(&self.name, &place)?,
            content_type,
            schedule: self.default_schedule.clone(),
            placement,
            anchor,
            next_set: self.next_set.clone(),
            channel: self.channel.clone(),
            base_language: base.clone(),
            catch_up,
            switches: BTreeMap::new(),
            messages: self.messages(file, &place)?,
        })
    }

    fn messages(&self, file: &File, place: &str) -> Result<Vec<MessageGiven>, ProgrammeFileError> {
        let mut by_sequence = BTreeMap::new();
        for given in &self.messages {
            let sequence = given.get("seq").and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
            let sequence = sequence.filter(|n| (1..=MAX_SET_MESSAGES).contains(n)).ok_or_else(|| {
                wrong(place, format!("each message has a seq, a number from 1 to {MAX_SET_MESSAGES}"))
            })?;
            let place = format!("{place}, message {sequence}");
            if by_sequence.insert(sequence, message(given, &file.languages, &place)?).is_some() {
                return Err(wrong(&place, "there are two with this number"));
            }
        }
        let missing = (1..).zip(by_sequence.keys()).find(|(expected, there)| expected != *there);
        if let Some((expected, _)) = missing {
            return Err(wrong(place, format!("message {expected} is missing")));
        }
        let messages: Vec<MessageGiven> = by_sequence.into_values().collect();
        let weeks: Vec<i32> = messages.iter().filter_map(|message| message.week).collect();
        if !weeks.is_empty() && weeks.len() < messages.len() {
            return Err(wrong(place, "either all messages have a week or none"));
        }
        if !weeks.is_sorted() {
            return Err(wrong(place, "the weeks of messages do not go back"));
        }
        Ok(messages)
    }
}

fn message(
    given: &Map<String, Value>,
    languages: &[SmolStr],
    place: &str,
) -> Result<MessageGiven, ProgrammeFileError> {
    let week = match given.get("week") {
        None | Some(Value::Null) => None,
        Some(week) => {
            let week = week.as_i64().filter(|week| week.abs() <= MAX_WEEK);
            let week = week.and_then(|week| i32::try_from(week).ok());
            Some(week.ok_or_else(|| wrong(place, format!("a week is a number up to {MAX_WEEK}")))?)
        }
    };
    let files = given.get("media").cloned().unwrap_or_default();
    let mut said = BTreeMap::new();
    for code in languages {
        let text = match given.get(code.as_str()) {
            None | Some(Value::Null) => "",
            Some(Value::String(text)) => text.trim(),
            Some(_) => return Err(wrong(place, format!("{code} is a text"))),
        };
        let own = if files.is_object() { &files[code.as_str()] } else { &files };
        let own = match own {
            Value::Null => Vec::new(),
            own => Vec::<SmolStr>::deserialize(own)
                .map_err(|_| wrong(place, "media is a list such as [\"audio/mp3:https://…\"]"))?,
        };
        if text.chars().count() > MAX_TEXT {
            return Err(wrong(place, format!("a text has at most {MAX_TEXT} characters")));
        }
        if !text.is_empty() || !own.is_empty() {
            said.insert(code.clone(), (template_of(text), own));
        }
    }
    if said.is_empty() {
        return Err(wrong(place, "nothing is said in any of the languages"));
    }
    Ok(MessageGiven { week, said })
}

/// Names in braces as expressions: `{first_name}` is the contact's, any other a field.
pub(super) fn template_of(text: &str) -> SmolStr {
    let mut template = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        template.push_str(before);
        let name = after.split_once('}').filter(|(name, _)| {
            name.starts_with(|c: char| c.is_ascii_lowercase())
                && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        });
        match name {
            Some((name @ ("first_name" | "name"), behind)) => {
                template.push_str(&format!("@(contact.{name})"));
                rest = behind;
            }
            Some((name, behind)) => {
                template.push_str(&format!("@(fields.{name})"));
                rest = behind;
            }
            None => {
                template.push('{');
                rest = after;
            }
        }
    }
    template.push_str(rest);
    template.into()
}

/// `due date minus 40 weeks`: a field, and weeks before it. `day of report` and `day of start` are no field.
fn anchor_of(words: &str, place: &str) -> Result<Anchor, ProgrammeFileError> {
    let words = words.trim();
    if ["day of report", "day of start"].contains(&words) {
        return Ok(Anchor::default());
    }
    let (field, weeks) = match words.split_once(" minus ") {
        None => (words, 0),
        Some((field, weeks)) => {
            let weeks = weeks.trim().strip_suffix("weeks").and_then(|weeks| weeks.trim().parse().ok());
            let weeks = weeks.filter(|weeks| (0..=100).contains(weeks));
            (field, weeks.ok_or_else(|| wrong(place, "anchor: write it as in `due date minus 40 weeks`"))?)
        }
    };
    let field = key_of(field).ok_or_else(|| wrong(place, "anchor: name a field that holds a date"))?;
    Ok(Anchor { field: Some(field), minus_weeks: weeks })
}

/// Writes a switch into the sets that it leads away from. One without stages, such as an opt-out, is no set's matter.
fn apply(switch: &Switch, stages: &[Stage], sets: &mut [SetGiven]) -> Result<(), ProgrammeFileError> {
    let Some(from) = &switch.from else { return Ok(()) };
    let place = format!("switch {}", switch.event);
    let stage = |name: &str| {
        let found = stages.iter().position(|stage| stage.name == name.trim());
        found.ok_or_else(|| wrong(&place, format!("there is no stage {:?}", name.trim())))
    };
    let to = switch.to.as_deref().map(stage).transpose()?.map(|at| sets[at].short_name.clone());
    let in_words = switch.rule.as_ref().is_some_and(|rule| rule.starts_with("asks"));
    let rule = SwitchRule { to, asks: switch.asks.unwrap_or(in_words) };
    for name in from.split('|') {
        sets[stage(name)?].switches.insert(switch.event.clone(), rule.clone());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_braces_are_expressions() {
        for (text, expected) in [
            ("Hello, {first_name}!", "Hello, @(contact.first_name)!"),
            ("Go to {clinic}.", "Go to @(fields.clinic)."),
            ("{ a } {B} {} {x", "{ a } {B} {} {x"),
            ("nothing", "nothing"),
        ] {
            assert_eq!(template_of(text), expected);
        }
    }

    #[test]
    fn anchors_in_words() {
        for (words, expected) in [
            ("due date minus 40 weeks", Some((Some("due_date"), 40))),
            ("date of birth", Some((Some("date_of_birth"), 0))),
            ("day of report", Some((None, 0))),
            ("due date minus forty weeks", None),
            ("40", None),
        ] {
            let anchor = anchor_of(words, "here").ok();
            let shown = anchor.as_ref().map(|anchor| (anchor.field.as_deref(), anchor.minus_weeks));
            assert_eq!(shown, expected, "{words}");
        }
    }

    #[test]
    fn what_is_no_programme_says_where() {
        let file = |stage: &str, switches: &str| {
            format!(
                r#"{{"programme": "P", "languages": ["eng"], "switches": [{switches}], "stages": [{{"name": "a", "set": "p.a", {stage}}}]}}"#
            )
        };
        let messages = r#""default_schedule": "0 8 * * 2", "messages": [{"seq": 1, "eng": "x"}]"#;
        for (text, expected) in [
            ("{".to_owned(), "cannot be read"),
            (file(messages, r#"{"event": "birth", "from": "b"}"#), "switch birth: there is no stage \"b\""),
            (
                file(r#""default_schedule": "0 8 * *", "messages": []"#, ""),
                "stage a: default_schedule: an expression",
            ),
            (
                file(r#""default_schedule": "0 8 * * 2", "messages": [{"seq": 2, "eng": "x"}]"#, ""),
                "stage a: message 1 is missing",
            ),
            (
                file(r#""default_schedule": "0 8 * * 2", "messages": [{"seq": 1, "eng": " "}]"#, ""),
                "stage a, message 1: nothing is said",
            ),
            (
                file(
                    r#""default_schedule": "0 8 * * 2", "messages": [{"seq": 1, "week": 1, "eng": "x"}, {"seq": 2, "eng": "x"}]"#,
                    "",
                ),
                "either all messages have a week or none",
            ),
            (file(&format!(r#""placement": {{"like": "nowhere"}}, {messages}"#), ""), "no formula is known"),
            (file(&format!(r#""catch_up": "later", {messages}"#), ""), "catch_up is skip, once or each"),
        ] {
            let error = read_programme(&text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
        assert!(read_programme(&file(messages, r#"{"event": "stop"}"#)).is_ok());
    }
}
