//! What is given when a rehearsal begins: the person, the workspace's conventions, the moment, and what services
//! outside will answer. Each is one line `key: value`, in test files and as options of `flow run`.

use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use expressions::environment::{DateFormat, RedactionPolicy, TimeFormat};
use flows::Table;
use jiff::{Timestamp, civil, tz::TimeZone};
use smol_str::SmolStr;

use super::outside::Answers;

/// What is given when a rehearsal begins.
#[derive(Clone)]
pub struct Setting {
    /// The lines that were given, as they are written into a recorded test.
    pub lines: Vec<(String, String)>,
    /// The moment as written; the present one if it is not given.
    now: Option<String>,
    /// The workspace's zone.
    pub zone: TimeZone,
    /// Its languages; those of the flows if there are none.
    pub languages: Vec<SmolStr>,
    /// Its country.
    pub country: Option<SmolStr>,
    /// How it writes dates.
    pub dates: DateFormat,
    /// How it writes times of day.
    pub times: TimeFormat,
    /// Whether flows see addresses.
    pub redaction: RedactionPolicy,
    /// Seed of chance.
    pub random: u64,
    /// The person's name.
    pub name: SmolStr,
    /// The person's language.
    pub language: Option<SmolStr>,
    /// The person's address, as `scheme:path`.
    pub urn: Option<SmolStr>,
    /// Names of groups that the person is in.
    pub groups: Vec<SmolStr>,
    /// Key or name of a field, and its value.
    pub fields: Vec<(SmolStr, SmolStr)>,
    /// Key and value of globals.
    pub globals: Vec<(SmolStr, SmolStr)>,
    /// Lookup tables.
    pub tables: Vec<Arc<Table>>,
    /// What services answer.
    pub answers: Answers,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            lines: Vec::new(),
            now: None,
            zone: TimeZone::UTC,
            languages: Vec::new(),
            country: None,
            dates: DateFormat::DayMonthYear,
            times: TimeFormat::default(),
            redaction: RedactionPolicy::default(),
            random: 1,
            name: SmolStr::default(),
            language: None,
            urn: None,
            groups: Vec::new(),
            fields: Vec::new(),
            globals: Vec::new(),
            tables: Vec::new(),
            answers: Answers::default(),
        }
    }
}

impl Setting {
    /// Takes one setting, as in `field due_date: 2026-05-01`.
    ///
    /// # Errors
    /// If there is no such setting, or the value is none for it; the text says which there are.
    pub fn set(&mut self, key: &str, value: &str) -> anyhow::Result<()> {
        let (key, value) = (key.trim(), value.trim());
        let (word, rest) = key.split_once(' ').map_or((key, ""), |(word, rest)| (word, rest.trim()));
        let text = SmolStr::new(value);
        match (word, rest) {
            ("now", "") => self.now = Some(value.to_owned()),
            ("zone", "") => {
                self.zone = expressions::dates::zone(value)
                    .ok_or_else(|| anyhow!("{value:?} is no time zone; use one such as Africa/Kampala"))?;
            }
            ("languages", "") => {
                self.languages = value.split(',').map(|code| SmolStr::new(code.trim())).collect();
            }
            ("country", "") => self.country = Some(text),
            ("dates", "") => self.dates = word_of(value, "DD-MM-YYYY, MM-DD-YYYY or YYYY-MM-DD")?,
            ("times", "") => self.times = word_of(value, "tt:mm, tt:mm:ss, h:mm aa or h:mm:ss aa")?,
            ("addresses", "") => {
                self.redaction = match value {
                    "hidden" => RedactionPolicy::Urns,
                    "shown" => RedactionPolicy::None,
                    _ => bail!("addresses are hidden or shown, not {value:?}"),
                }
            }
            ("random", "") => self.random = value.parse().with_context(|| format!("{value:?} is no seed"))?,
            ("name", "") => self.name = text,
            ("language", "") => self.language = Some(text),
            ("urn", "") => self.urn = Some(text),
            ("group", "") => self.groups.push(text),
            ("field", field) if !field.is_empty() => self.fields.push((SmolStr::new(field), text)),
            ("global", global) if !global.is_empty() => self.globals.push((SmolStr::new(global), text)),
            ("table", table) if !table.is_empty() => self.tables.push(Arc::new(read_table(table, value)?)),
            ("web" | "model" | "airtime" | "email", _) => self.answers.add(word, rest, value)?,
            _ => bail!(
                "there is no setting {key:?}; there are now, zone, languages, country, dates, times, addresses, \
                 random, name, language, urn, group, field KEY, global KEY, table NAME, web METHOD URL, model, airtime and email"
            ),
        }
        self.lines.push((key.to_owned(), value.to_owned()));
        Ok(())
    }

    /// The moment at which it begins: as given, in the workspace's zone unless it says another.
    ///
    /// # Errors
    /// If what is given is no moment.
    pub fn moment(&self) -> anyhow::Result<Timestamp> {
        let Some(given) = &self.now else { return Ok(Timestamp::now()) };
        if let Ok(moment) = given.parse::<Timestamp>() {
            return Ok(moment);
        }
        let local: civil::DateTime =
            given.parse().map_err(|_| anyhow!("{given:?} is no moment; write one as 2026-03-05 09:00"))?;
        Ok(local.to_zoned(self.zone.clone())?.timestamp())
    }
}

/// A value that is one of a few words.
fn word_of<T: serde::de::DeserializeOwned>(value: &str, words: &str) -> anyhow::Result<T> {
    serde_json::from_value(serde_json::Value::from(value))
        .map_err(|_| anyhow!("{value:?} is none of {words}"))
}

/// A lookup table out of a file of comma-separated values, the first column its key.
fn read_table(name: &str, path: &str) -> anyhow::Result<Table> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read the table {path}"))?;
    let mut rows = flows::csv::rows(&text).with_context(|| format!("{path} is no table"))?.into_iter();
    let columns =
        rows.next().with_context(|| format!("{path} is empty; its first row must name the columns"))?;
    let key = columns.first().cloned().unwrap_or_default();
    Table::new(name, &key, &columns, rows).with_context(|| format!("{path} is no table"))
}
