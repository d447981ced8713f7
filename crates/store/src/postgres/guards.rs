//! What units ask of rows that are there: gathered for a whole batch, read in one round trip, and locked.
//!
//! The locks are taken in one order, by table and then by row number, so that two nodes rarely wait for each other in
//! a circle; when they do, the server ends one of the transactions and it is applied again.

use std::collections::{BTreeSet, HashMap, HashSet};

use domain::{MessageUuid, WorkspaceId};
use smol_str::SmolStr;
use uuid::Uuid;

use super::{session::Session, wire::Table};
use crate::sqlite::{apply_early, apply_messages::MAX_SAME_ID};
use crate::{
    Change, Direction, EarlyReport, Fence, LeaseName, MessageRef, MessageStatus, NewMessage, NewOutbox,
    TimerKind, Unit, UrnRow,
    sql::{self, Row},
};

/// Contact, kind and scope of a timer.
pub(super) type TimerKey = (i64, &'static str, i64);

/// A message as it stands, and as it will.
#[derive(Debug, Clone)]
pub(super) struct Standing {
    pub workspace: WorkspaceId,
    pub status: MessageStatus,
    pub direction: Direction,
    pub day: i32,
    pub channel: Option<i64>,
    pub flow: Option<i64>,
    pub external_id: Option<SmolStr>,
    pub reason: Option<String>,
    pub errors: i64,
    pub modified_on: i64,
    pub created_on: i64,
    pub sent_on: Option<i64>,
    pub contact: i64,
    pub changed: bool,
}

/// A contact as it is: what guards it, and what it is found by.
#[derive(Debug)]
pub(super) struct KnownContact {
    pub workspace: i64,
    pub version: i64,
    pub name: SmolStr,
    pub language: Option<SmolStr>,
    /// JSON.
    pub fields: String,
}

/// What goes first of a contact and channel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lane {
    /// When the last of what nobody has in hand is due.
    pub due: Option<i64>,
    /// The strongest priority, with its source, of what nobody has in hand.
    pub rank: Option<(i64, i64)>,
}

/// A job as it is: what guards it, and what is counted of it.
#[derive(Debug)]
pub(super) struct KnownJob {
    pub workspace: i64,
    pub steps: i64,
    pub done: i64,
    pub left_out: i64,
    /// IANA name of the workspace's zone.
    pub zone: SmolStr,
}

/// What is there.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Runs of nodes that are alive.
    pub runs: HashSet<i64>,
    /// Who has each lease, and its count.
    pub leases: HashMap<SmolStr, (i64, i64)>,
    /// Contacts as they are.
    pub contacts: HashMap<i64, KnownContact>,
    /// Workspace of contacts who are to be told something, and whether they may be.
    pub told: HashMap<i64, (i64, bool)>,
    /// Jobs that go on.
    pub jobs: HashMap<i64, KnownJob>,
    /// Addresses that somebody has.
    pub urns: HashSet<(i64, SmolStr, SmolStr)>,
    /// New inbound messages that are known.
    pub repeated: HashSet<i64>,
    /// Outbox rows, with their workspaces.
    pub outbox: HashMap<i64, i64>,
    /// Contact and channel with rows that go first, waiting or in another run's hand.
    pub lanes: HashMap<(i64, i64), Lane>,
    /// Workspace and due time of timers.
    pub timers: HashMap<TimerKey, (i64, i64)>,
    /// Messages by number.
    pub messages: HashMap<i64, Standing>,
    /// Reports that came before the identifiers that are written now, by channel and identifier.
    pub early: HashMap<(i64, SmolStr), EarlyReport>,
    by_uuid: HashMap<Uuid, i64>,
    by_external: HashMap<(i64, i64, SmolStr), i64>,
}

impl Known {
    /// Whether what the unit says of its writer holds.
    pub(super) fn allows(&self, unit: &Unit) -> bool {
        let holds = |fence: Fence| self.leases.get(fence.lease.as_str()) == Some(&(unit.by, fence.fence));
        unit.by == 0 || (self.runs.contains(&unit.by) && unit.under.is_none_or(holds))
    }

    /// The number of the message that is meant, if it is there.
    pub(super) fn message(&self, workspace: WorkspaceId, message: &MessageRef) -> Option<i64> {
        let (id, of_channel) = match message {
            MessageRef::Id(id) => (id.0, None),
            MessageRef::Uuid(channel, MessageUuid(uuid)) => (*self.by_uuid.get(uuid)?, Some(channel.0)),
            MessageRef::External(channel, external) => {
                (*self.by_external.get(&(workspace.0, channel.0, external.clone()))?, Some(channel.0))
            }
        };
        let there = self.messages.get(&id)?;
        let fits = there.workspace == workspace
            && of_channel
                .is_none_or(|channel| there.channel == Some(channel) && there.direction == Direction::Out);
        fits.then_some(id)
    }
}

/// What is asked.
#[derive(Default)]
struct Asked {
    runs: Table,
    leases: Table,
    contacts: Table,
    told: Table,
    jobs: Table,
    urns: Table,
    inbound: Table,
    outbox: Table,
    lanes: Table,
    timers: Table,
    messages: Table,
    message_uuids: Table,
    externals: Table,
    early: Table,
}

// These rows are held until the transaction ends, so that a run is not ended, nor a lease taken over, while it writes.
// They are locked before all others: who is refused here waits for nobody. A beat does not wait for this lock.
const RUNS: &str = "SELECT run FROM node WHERE run = ANY($1::bigint[]) ORDER BY run FOR KEY SHARE";
const LEASES: &str =
    "SELECT name, run, fence FROM lease WHERE name = ANY($1::text[]) ORDER BY name FOR SHARE";
const CONTACTS: &str = "SELECT id, workspace_id, version, name, language, fields FROM contact
     WHERE id = ANY($1::bigint[]) ORDER BY id FOR UPDATE";
const TOLD: &str = "SELECT id, workspace_id, status = 'active' FROM contact WHERE id = ANY($1::bigint[]) ORDER BY id FOR UPDATE";
const JOBS: &str = "SELECT j.id, j.workspace_id, j.steps, j.done, j.left_out, w.timezone
     FROM job AS j JOIN workspace AS w ON w.id = j.workspace_id
     WHERE j.id = ANY($1::bigint[]) AND j.ended_on IS NULL ORDER BY j.id FOR UPDATE OF j";
const URNS: &str = "SELECT u.workspace_id, u.scheme, u.path FROM {rows} AS w (workspace_id, scheme, path)
     JOIN contact_urn AS u
         ON u.workspace_id = w.workspace_id AND u.scheme = w.scheme AND u.path = w.path";
const INBOUND: &str = "SELECT w.id FROM {rows} AS w (id, channel_id, external_id, urn_id, text, most)
     WHERE EXISTS (SELECT 1 FROM (SELECT m.text FROM message AS m
             WHERE m.channel_id = w.channel_id AND m.external_id = w.external_id AND m.urn_id = w.urn_id
                 AND m.direction = 'in'
             ORDER BY +m.id DESC LIMIT w.most) AS recent
         WHERE recent.text = w.text)";
const OUTBOX: &str =
    "SELECT id, workspace_id FROM outbox WHERE id = ANY($1::bigint[]) ORDER BY id FOR UPDATE";
// Rows that another run has in hand are waited for as well: two nodes cannot keep the order of one lane. When those are
// due means nothing here: another clock may have said it.
// The plus keeps the search on the index by contact: that by line would go over the line's backlog.
const LANES: &str = "SELECT o.contact_id, o.channel_id, max(o.next_attempt) FILTER (WHERE +o.claimed_by = 0),
         min(o.priority) FILTER (WHERE +o.claimed_by = 0),
         (array_agg(o.source ORDER BY o.priority, o.id) FILTER (WHERE +o.claimed_by = 0))[1]
     FROM {rows} AS w (contact_id, channel_id, run)
     JOIN outbox AS o ON o.contact_id = w.contact_id AND o.channel_id = w.channel_id
     WHERE o.dead_reason IS NULL AND (+o.claimed_by = 0 OR (w.run <> 0 AND o.claimed_by <> w.run))
     GROUP BY o.contact_id, o.channel_id";
const EARLY: &str = "SELECT e.workspace_id, e.channel_id, e.external_id, e.status, e.reason, e.created_on
     FROM early_report AS e WHERE e.external_id IN (SELECT w.external_id FROM {rows} AS w (external_id))";
const TIMERS: &str = "SELECT t.contact_id, t.kind, t.scope, t.workspace_id, t.due
     FROM {rows} AS w (contact_id, kind, scope)
     JOIN timer AS t ON t.contact_id = w.contact_id AND t.kind = w.kind AND t.scope = w.scope
     ORDER BY t.contact_id, t.kind, t.scope FOR UPDATE OF t";
const MESSAGES: &str =
    "SELECT id, workspace_id, status, direction, day, channel_id, flow_id, external_id, reason,
         error_count, modified_on, sent_on, uuid, created_on, contact_id
     FROM message WHERE id = ANY($1::bigint[]) ORDER BY id FOR UPDATE";
const MESSAGE_UUIDS: &str =
    "SELECT id, workspace_id, status, direction, day, channel_id, flow_id, external_id,
         reason, error_count, modified_on, sent_on, uuid, created_on, contact_id
     FROM message WHERE uuid = ANY($1::uuid[]) AND direction || '' = 'out' ORDER BY id FOR UPDATE";
const EXTERNALS: &str = "SELECT m.id, m.workspace_id, m.status, m.direction, m.day, m.channel_id, m.flow_id,
         m.external_id, m.reason, m.error_count, m.modified_on, m.sent_on, m.uuid, m.created_on, m.contact_id
     FROM {rows} AS w (workspace_id, channel_id, external_id)
     CROSS JOIN LATERAL (SELECT * FROM message
         WHERE channel_id = w.channel_id AND external_id = w.external_id AND +workspace_id = w.workspace_id
             AND direction = 'out'
         ORDER BY +id DESC LIMIT 1 FOR UPDATE) AS m";

/// Reads and locks what the units ask.
pub(super) fn known(session: &Session, units: &[&Unit]) -> sql::Result<Known> {
    let mut asked = Asked::default();
    asked.writers(units);
    for change in units.iter().flat_map(|unit| &unit.changes) {
        asked.by(change);
    }
    type Take = fn(&Row<'_>, &mut Known) -> sql::Result<()>;
    let questions: [(&Table, &str, Take); 14] = [
        (&asked.runs, RUNS, run),
        (&asked.leases, LEASES, lease),
        (&asked.jobs, JOBS, job),
        (&asked.contacts, CONTACTS, contact),
        (&asked.told, TOLD, told),
        (&asked.urns, URNS, urn),
        (&asked.outbox, OUTBOX, outbox),
        (&asked.timers, TIMERS, timer),
        (&asked.messages, MESSAGES, message),
        (&asked.message_uuids, MESSAGE_UUIDS, message),
        (&asked.externals, EXTERNALS, external),
        // These after the locks: what others commit while those are waited for is seen.
        (&asked.inbound, INBOUND, repeated),
        (&asked.lanes, LANES, lane),
        (&asked.early, EARLY, early),
    ];
    let questions: Vec<_> = questions.into_iter().filter(|(table, ..)| table.rows() > 0).collect();
    let mut known = Known::default();
    if questions.is_empty() {
        return Ok(known);
    }
    let statements: Vec<_> =
        questions.iter().map(|(table, text, _)| (table.unfold(text), table.binds())).collect();
    let (answers, _) = session.together(&statements, false)?;
    for ((_, _, take), answer) in questions.iter().zip(answers) {
        for row in &answer.rows {
            take(&Row::Postgres(row), &mut known)?;
        }
    }
    Ok(known)
}

impl Asked {
    /// Each run and lease once.
    fn writers(&mut self, units: &[&Unit]) {
        let runs: BTreeSet<i64> = units.iter().map(|unit| unit.by).filter(|run| *run != 0).collect();
        runs.iter().for_each(|run| self.runs.push(&[run]));
        let leases: BTreeSet<LeaseName> =
            units.iter().filter_map(|unit| unit.under).map(|fence| fence.lease).collect();
        leases.iter().for_each(|lease| self.leases.push(&[&lease.as_str()]));
    }

    fn by(&mut self, change: &Change) {
        match change {
            Change::NewContact(new) => {
                new.urns.iter().for_each(|urn| self.urn(new.contact.workspace, urn));
            }
            Change::Contact(update) => self.contacts.push(&[&update.contact.id.0]),
            Change::Tell(tell) => {
                self.told.push(&[&tell.message.contact.0]);
                tell.outbox.iter().for_each(|new| self.lane(new));
            }
            Change::Job(job) => self.jobs.push(&[&job.id.0]),
            Change::NewUrn(new) => self.urn(new.workspace, &new.urn),
            Change::Message(new) => self.inbound(new),
            Change::Handled(_, message, ..) => self.messages.push(&[&message.0]),
            Change::TakeTimer(timer) => {
                let scope = timer.kind.scope(timer.session);
                self.timers.push(&[&timer.contact.0, &timer.kind.as_str(), &scope]);
            }
            Change::FinishOutbox(_, id) => self.outbox.push(&[&id.0]),
            Change::FinishSent(id, status) | Change::FailSent(id, status) => {
                self.outbox.push(&[&id.0]);
                self.message(status.workspace, &status.message);
                if let Some(external) = &status.external_id {
                    self.early.push(&[external]);
                }
            }
            Change::Status(status) => self.message(status.workspace, &status.message),
            Change::Outbox(new) => self.lane(new),
            _ => {}
        }
    }

    fn lane(&mut self, new: &NewOutbox) {
        self.lanes.push(&[&new.contact.0, &new.channel.map_or(0, |id| id.0), &new.claim_for]);
    }

    fn urn(&mut self, workspace: WorkspaceId, urn: &UrnRow) {
        self.urns.push(&[&workspace.0, &urn.scheme, &urn.path]);
    }

    fn inbound(&mut self, new: &NewMessage) {
        if let (Direction::In, Some(channel), Some(external), Some(urn)) =
            (new.direction, new.channel, &new.external_id, new.urn)
        {
            self.inbound.push(&[&new.id.0, &channel.0, external, &urn.0, &new.text, &MAX_SAME_ID]);
        }
    }

    fn message(&mut self, workspace: WorkspaceId, message: &MessageRef) {
        match message {
            MessageRef::Id(id) => self.messages.push(&[&id.0]),
            MessageRef::Uuid(_, uuid) => self.message_uuids.push(&[&uuid.0]),
            MessageRef::External(channel, external) => {
                self.externals.push(&[&workspace.0, &channel.0, external]);
            }
        }
    }
}

fn run(row: &Row<'_>, known: &mut Known) -> sql::Result<()> {
    known.runs.insert(row.get(0)?);
    Ok(())
}

fn lease(row: &Row<'_>, known: &mut Known) -> sql::Result<()> {
    known.leases.insert(row.get(0)?, (row.get(1)?, row.get(2)?));
    Ok(())
}

fn contact(row: &Row<'_>, known: &mut Known) -> sql::Result<()> {
    let contact = KnownContact {
        workspace: row.get(1)?,
        version: row.get(2)?,
        name: row.get(3)?,
        language: row.get(4)?,
        fields: row.get(5)?,
    };
    known.contacts.insert(row.get(0)?, contact);
    Ok(())
}

fn told(row: &Row<'_>, known: &mut Known) -> sql::Result<()> {
    known.told.insert(row.get(0)?, (row.get(1)?, row.get(2)?));
    Ok(())
}

fn job(row: &Row<'_>, known: &mut Known) -> sql::Result<()> {
    let job = KnownJob {
        workspace: row.get(1)?,
        steps: row.get(2)?,
        done: row.get(3)?,
        left_out: row.get(4)?,
        zone: row.get(5)?,
    };
    known.jobs.insert(row.get(0)?, job);
    Ok(())
}

fn urn(row: &Row<'_>, known: &mut Known) -> sql::Result<()> {
    known.urns.insert((row.get(0)?, row.get(1)?, row.get(2)?));
    Ok(())
}

fn repeated(row: &Row<'_>, known: &mut Known) -> sql::Result<()> {
    known.repeated.insert(row.get(0)?);
    Ok(())
}

fn outbox(row: &Row<'_>, known: &mut Known) -> sql::Result<()> {
    known.outbox.insert(row.get(0)?, row.get(1)?);
    Ok(())
}

fn lane(row: &Row<'_>, known: &mut Known) -> sql::Result<()> {
    let rank = row.get::<Option<i64>>(3)?.zip(row.get::<Option<i64>>(4)?);
    known.lanes.insert((row.get(0)?, row.get(1)?), Lane { due: row.get(2)?, rank });
    Ok(())
}

fn early(row: &Row<'_>, known: &mut Known) -> sql::Result<()> {
    let report = apply_early::row(row)?;
    known.early.insert((report.channel.0, report.external_id.clone()), report);
    Ok(())
}

fn timer(row: &Row<'_>, known: &mut Known) -> sql::Result<()> {
    let kind = sql::word(row, 1, TimerKind::parse)?;
    known.timers.insert((row.get(0)?, kind.as_str(), row.get(2)?), (row.get(3)?, row.get(4)?));
    Ok(())
}

fn message(row: &Row<'_>, known: &mut Known) -> sql::Result<()> {
    let id = row.get(0)?;
    known.by_uuid.insert(sql::uuid(row, 12)?, id);
    known.messages.insert(
        id,
        Standing {
            workspace: WorkspaceId(row.get(1)?),
            status: sql::word(row, 2, MessageStatus::parse)?,
            direction: sql::word(row, 3, Direction::parse)?,
            day: row.get(4)?,
            channel: row.get(5)?,
            flow: row.get(6)?,
            external_id: row.get(7)?,
            reason: row.get(8)?,
            errors: row.get(9)?,
            modified_on: row.get(10)?,
            sent_on: row.get(11)?,
            created_on: row.get(13)?,
            contact: row.get(14)?,
            changed: false,
        },
    );
    Ok(())
}

fn external(row: &Row<'_>, known: &mut Known) -> sql::Result<()> {
    if let (Some(channel), Some(external)) = (row.get::<Option<i64>>(5)?, row.get::<Option<SmolStr>>(7)?) {
        known.by_external.insert((row.get(1)?, channel, external), row.get(0)?);
    }
    message(row, known)
}
