//! The whole of it: workspaces in turn, areas in the order in which they name each other.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use domain::{FieldType, GroupUuid, WorkspaceId};
use flows::Program;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde::Deserialize;
use smol_str::SmolStr;
use store::{Change, DefinitionChange, Definitions, Unit, UnitError};
use uuid::Uuid;

use crate::{
    Area, MigrateError, Report, Sink, Source, WorkspaceReport,
    numbers::{MAX_INSTALLATIONS, Numbers},
    workspace::Org,
};

/// What is to be brought over.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Only the workspace with this number.
    pub org: Option<i64>,
    /// A folder with session files, by the paths that they have behind the address of the storage.
    pub sessions: Option<PathBuf>,
}

/// A flow that was brought.
#[derive(Debug, Clone)]
pub(crate) struct FlowHere {
    pub id: i64,
    pub uuid: Uuid,
    pub name: SmolStr,
    /// Its live revision, compiled.
    pub program: Option<Arc<Program>>,
}

/// One workspace on its way.
pub(crate) struct Migration<'m> {
    pub source: &'m Source,
    pub sink: &'m Sink,
    pub settings: &'m Settings,
    pub org: &'m Org,
    pub zone: TimeZone,
    pub numbers: Numbers,
    pub workspace: WorkspaceId,
    pub now: Timestamp,
    /// How long the source has stood still: nobody's time ran out meanwhile.
    pub stood_still: SignedDuration,
    /// What is here from an earlier run.
    pub before: Option<Definitions>,
    /// Definitions to be written, as one unit.
    pub changes: Vec<Change>,
    pub report: WorkspaceReport,
    pub channels: BTreeSet<i64>,
    /// Row numbers of lines that can be used here.
    pub lines: BTreeSet<i64>,
    /// Keys of fields by public identifier, with their types.
    pub fields: HashMap<Uuid, (SmolStr, FieldType)>,
    /// Keys of fields, those of the system too, by number.
    pub field_keys: HashMap<i64, SmolStr>,
    /// Groups by number: public identifier, name, whether a query fills it.
    pub groups: BTreeMap<i64, (GroupUuid, SmolStr, bool)>,
    pub labels: BTreeSet<i64>,
    /// Topics by number: public identifier and name.
    pub topics: BTreeMap<i64, (Uuid, SmolStr)>,
    /// Teams of agents that came, by their numbers there.
    pub teams: BTreeSet<i64>,
    /// Users by their numbers there: row number, public identifier, name.
    pub users: HashMap<i64, (i64, Uuid, SmolStr)>,
    /// Flows by their numbers there.
    pub flows: HashMap<i64, FlowHere>,
    pub contacts: HashMap<i64, Uuid>,
    pub urns: HashSet<i64>,
    /// Sessions that wait.
    pub waiting: HashSet<i64>,
}

#[derive(Deserialize)]
struct Moment {
    at: Option<Timestamp>,
}

/// The latest moment in a database: rows with the highest numbers, and waits that began.
const LATEST: &str = "SELECT greatest(
    (SELECT max(modified_on) FROM (SELECT modified_on FROM msgs_msg ORDER BY id DESC LIMIT 10000) AS a),
    (SELECT max(created_on) FROM (SELECT created_on FROM msgs_msg ORDER BY id DESC LIMIT 10000) AS b),
    (SELECT max(modified_on) FROM (SELECT modified_on FROM flows_flowrun ORDER BY id DESC LIMIT 10000) AS c),
    (SELECT max(wait_started_on) FROM flows_flowsession WHERE status = 'W')) AS at";

/// Brings workspaces over, or looks what would come. Blocks; not within a runtime. `tell` hears which workspace and
/// area are under way.
///
/// # Errors
/// [`MigrateError`]. What was brought until then stays, and the same call goes on behind it.
pub fn migrate(
    source: &Source,
    sink: &Sink,
    settings: &Settings,
    mut tell: impl FnMut(&str, &str),
) -> Result<Report, MigrateError> {
    let all = Org::all(source)?;
    let orgs: Vec<&Org> =
        all.iter().filter(|org| settings.org.is_none_or(|wanted| wanted == org.id)).collect();
    if let (true, Some(wanted)) = (orgs.is_empty(), settings.org) {
        return Err(MigrateError::NoWorkspace(wanted));
    }
    let there = sink.read(async |context| context.store.workspaces().await)?;
    let known: Vec<(i64, Uuid)> = all.iter().map(|org| (org.id, org.uuid)).collect();
    let numbers = Numbers::of(&there, &known).ok_or_else(|| MigrateError::Refused {
        what: "the workspaces",
        workspace: "this RapidPro".to_owned(),
        reason: format!("the store has {MAX_INSTALLATIONS} other installations already"),
    })?;
    let now = sink.now();
    let moments: Vec<Moment> = source.rows("a moment", LATEST, &[])?;
    let stopped_on = moments.first().and_then(|moment| moment.at).unwrap_or(now).min(now);
    let mut report = Report { rehearsal: !sink.writes(), stopped_on, workspaces: Vec::new() };
    for org in orgs {
        let workspace = WorkspaceId(numbers.here(org.id));
        let mut migration = Migration {
            source,
            sink,
            settings,
            org,
            zone: store::zone_named(&org.timezone),
            numbers,
            workspace,
            now,
            stood_still: now.duration_since(stopped_on),
            before: sink.read(async |context| context.store.definitions(workspace).await)?,
            changes: Vec::new(),
            report: WorkspaceReport {
                org: org.id,
                uuid: org.uuid,
                name: org.name.clone(),
                ..WorkspaceReport::default()
            },
            channels: BTreeSet::new(),
            lines: BTreeSet::new(),
            fields: HashMap::new(),
            field_keys: HashMap::new(),
            groups: BTreeMap::new(),
            labels: BTreeSet::new(),
            topics: BTreeMap::new(),
            teams: BTreeSet::new(),
            users: HashMap::new(),
            flows: HashMap::new(),
            contacts: HashMap::new(),
            urns: HashSet::new(),
            waiting: HashSet::new(),
        };
        migration.run(&mut |area| tell(&org.name, area))?;
        report.workspaces.push(migration.report);
    }
    Ok(report)
}

impl Migration<'_> {
    fn run(&mut self, tell: &mut dyn FnMut(&str)) -> Result<(), MigrateError> {
        tell("definitions");
        self.workspace()?;
        self.topics()?;
        self.teams()?;
        self.users()?;
        self.definitions()?;
        self.channels()?;
        self.flows()?;
        self.triggers()?;
        self.campaigns()?;
        self.write_definitions()?;
        self.schedules()?;
        tell("contacts");
        self.people()?;
        let workspace = self.workspace;
        self.sink.read(async |context| operations::plan_campaigns(context, workspace).await)?;
        tell("messages");
        self.messages()?;
        tell("sessions");
        self.sessions()?;
        tell("runs");
        self.runs()?;
        tell("tickets");
        self.tickets()?;
        tell("what is left");
        self.hand_over_pending()?;
        self.compare_groups()?;
        self.left()
    }

    /// A change of definitions, for the one unit of them.
    pub fn define(&mut self, change: DefinitionChange) {
        self.changes.push(Change::Definition(self.workspace, change));
    }

    fn write_definitions(&mut self) -> Result<(), MigrateError> {
        let changes = std::mem::take(&mut self.changes);
        if changes.is_empty() {
            return Ok(());
        }
        self.write_all("the definitions", vec![Unit::new(changes)])
    }

    /// Writes units none of which may be refused.
    pub fn write_all(&self, what: &'static str, units: Vec<Unit>) -> Result<(), MigrateError> {
        for answer in self.sink.write(units)? {
            answer.map_err(|error| self.refused(what, &error))?;
        }
        Ok(())
    }

    pub fn refused(&self, what: &'static str, error: &UnitError) -> MigrateError {
        MigrateError::Refused { what, workspace: self.org.name.clone(), reason: error.to_string() }
    }

    /// Counts an area's rows in the source, with whatever the condition says besides the workspace.
    pub fn area(&mut self, name: &'static str, table: &str) -> Result<(), MigrateError> {
        let there = self.source.count_of(table, self.org.id)?;
        self.report.areas.insert(name, Area::of(there));
        Ok(())
    }

    /// An area that [`Migration::area`] made, or an empty one.
    pub fn count(&mut self, name: &'static str) -> &mut Area {
        self.report.areas.entry(name).or_default()
    }

    pub fn here(&self, number: i64) -> i64 {
        self.numbers.here(number)
    }

    /// The day on which something counts.
    pub fn day(&self, at: Timestamp) -> i32 {
        store::local_day(&self.zone, at)
    }

    /// A moment that was set in the source, as much later as the source stood still.
    pub fn deadline(&self, at: Timestamp) -> Timestamp {
        at.checked_add(self.stood_still).unwrap_or(at)
    }

    pub fn note(&mut self, note: impl Into<String>) {
        self.report.notes.push(note.into());
    }
}
