//! What there was and what became of it, area by area.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

/// What a migration did, or would do.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Whether nothing was written.
    pub rehearsal: bool,
    /// The latest moment that the source knows of: when it was stopped.
    pub stopped_on: Timestamp,
    /// Workspaces.
    pub workspaces: Vec<WorkspaceReport>,
}

/// What became of one workspace.
#[derive(Debug, Default, Serialize)]
pub struct WorkspaceReport {
    /// Its number there.
    pub org: i64,
    /// Its public identifier, which it keeps.
    pub uuid: Uuid,
    /// Its name.
    pub name: String,
    /// Areas by name.
    pub areas: BTreeMap<&'static str, Area>,
    /// What somebody should know or do.
    pub notes: Vec<String>,
    /// Archives, which stay where they are.
    pub archives: Vec<ListedArchive>,
}

/// Rows of one kind.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub struct Area {
    /// Rows in the source.
    pub there: u64,
    /// Rows that were brought by this run.
    pub brought: u64,
    /// Rows that an earlier run had brought.
    pub before: u64,
    /// Rows that are here now, counted in the store; `None` for a rehearsal and for what is not counted by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub here: Option<u64>,
    /// Rows that were left out, by reason.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub left_out: BTreeMap<String, u64>,
    /// Rows that were brought by this run or before, by what they are.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub kinds: BTreeMap<String, u64>,
}

/// A file of old messages or runs.
#[derive(Debug, Clone, Serialize, serde::Deserialize)]
pub struct ListedArchive {
    /// `message` or `run`.
    pub archive_type: String,
    /// `D` a day, `M` a month.
    pub period: String,
    /// Its first day.
    pub start_date: String,
    /// Rows in it.
    pub record_count: u64,
    /// Bytes.
    pub size: u64,
    /// MD5 of the file, in hex.
    pub hash: String,
    /// Where it lies.
    pub url: String,
    /// Whether a file of the month holds the same.
    pub rolled_up: bool,
    /// Whether its rows are in the database too, and were brought from there.
    pub needs_deletion: bool,
}

impl Area {
    /// An area with so many rows.
    pub(crate) fn of(there: u64) -> Self {
        Self { there, ..Self::default() }
    }

    /// A row is here, from now on or from before.
    pub(crate) fn take(&mut self, is_new: bool) {
        if is_new {
            self.brought += 1;
        } else {
            self.before += 1;
        }
    }

    /// What a row is that is here.
    pub(crate) fn kind(&mut self, kind: impl Into<String>) {
        *self.kinds.entry(kind.into()).or_default() += 1;
    }

    /// A row is left out.
    pub(crate) fn leave(&mut self, reason: impl Into<String>) {
        self.leave_many(reason, 1);
    }

    /// Rows are left out.
    pub(crate) fn leave_many(&mut self, reason: impl Into<String>, rows: u64) {
        if rows > 0 {
            *self.left_out.entry(reason.into()).or_default() += rows;
        }
    }

    /// Whether nothing is unaccounted for.
    pub fn agrees(&self) -> bool {
        let left: u64 = self.left_out.values().sum();
        self.there == self.brought + self.before + left
            && self.here.is_none_or(|here| here == self.brought + self.before)
    }
}

impl Report {
    /// Whether every row of every area is accounted for.
    pub fn agrees(&self) -> bool {
        self.workspaces.iter().all(|workspace| workspace.areas.values().all(Area::agrees))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.rehearsal { "would come" } else { "brought" };
        for workspace in &self.workspaces {
            writeln!(f, "{} ({})", workspace.name, workspace.uuid)?;
            writeln!(f, "  {:<22} {:>9} {:>10} {:>8} {:>9}", "", "there", word, "before", "left out")?;
            for (name, area) in &workspace.areas {
                let left: u64 = area.left_out.values().sum();
                let sign = if area.agrees() { "" } else { "   DIFFERS" };
                writeln!(
                    f,
                    "  {name:<22} {:>9} {:>10} {:>8} {left:>9}{sign}",
                    area.there, area.brought, area.before
                )?;
                for (reason, rows) in &area.left_out {
                    writeln!(f, "      {rows} left out: {reason}")?;
                }
            }
            for note in &workspace.notes {
                writeln!(f, "  note: {note}")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
