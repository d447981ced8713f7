//! The statements that write a batch: one for each table and manner, whatever the number of units.

use std::collections::BTreeMap;

use domain::{ContactId, FieldValue, OutboxId, WorkspaceId};
use jiff::Timestamp;
use smol_str::SmolStr;

use super::{
    guards::{Known, KnownContact, TimerKey},
    outcome::Spoilt,
    session::Session,
    wire::{Bind, Table},
};
use crate::{
    Change, ContactRow, ContactUpdate, DueTimer, EarlyReport, JobRow, MAX_LEFT_OUT, MessageRef, NewContact,
    NewMessage, NewOutbox, RunRow, SessionRow, StatusChange, UrnRow,
    contact::fields_json,
    search_keys::{self, Term},
    sql::{self, Row},
    sqlite::apply_early::FURTHER,
    tally::Tallies,
};

/// Rows for each statement, in the order in which the statements run.
#[derive(Default)]
pub(super) struct Tables<'u> {
    new_contacts: Table,
    contacts: Table,
    told: Table,
    jobs: Table,
    left_out: Table,
    /// Whether keys for searches of the unit at hand are made later.
    pub(super) search_later: bool,
    left_for_later: Table,
    removed_terms: Table,
    terms: Table,
    removed_urns: Table,
    new_urns: Table,
    urns: Table,
    left_groups: Table,
    joined_groups: BTreeMap<(i64, i64), (i64, i64)>,
    messages: Table,
    labels: Table,
    ended_sessions: Table,
    sessions: BTreeMap<i64, &'u SessionRow>,
    runs: BTreeMap<i64, &'u RunRow>,
    events: Table,
    cleared_timers: Table,
    timers: BTreeMap<TimerKey, DueTimer>,
    finished: Table,
    dead: Table,
    early: BTreeMap<(i64, SmolStr), StatusChange>,
    taken_early: Table,
    cancelled: Table,
    raised: Table,
    outbox: Table,
    seen: Table,
}

impl<'u> Tables<'u> {
    pub(super) fn new_contact(&mut self, new: &NewContact) -> Result<(), Spoilt> {
        let contact = &new.contact;
        let created = contact.created_on.as_microsecond();
        self.new_contacts.push(&[
            &contact.id.0,
            &contact.workspace.0,
            &contact.uuid.0,
            &contact.version,
            &contact.name,
            &contact.language,
            &sql::status_word(contact.status),
            &contact.timezone,
            &fields_json(&contact.fields).map_err(|_| Spoilt)?,
            &contact.session.map(|id| id.0),
            &contact.flow.map(|id| id.0),
            &created,
            &created,
            &contact.last_seen_on.map(Timestamp::as_microsecond),
            &contact.groups_as_of,
        ]);
        for urn in &new.urns {
            self.new_urn(contact.workspace, contact.id, urn);
        }
        if self.search_later {
            let nothing = None::<&str>;
            self.left_for_later.push(&[&contact.id.0, &contact.workspace.0, &nothing, &nothing, &nothing]);
            return Ok(());
        }
        for term in search_keys::terms(&contact.name, contact.language.as_deref(), &contact.fields) {
            self.add_term(contact, &term);
        }
        Ok(())
    }

    fn add_term(&mut self, contact: &ContactRow, term: &Term) {
        self.terms.push(&[
            &contact.workspace.0,
            &term.property,
            &term.kind.code(),
            &term.value,
            &term.rest,
            &contact.id.0,
        ]);
    }

    /// What a contact is found by, if that changes.
    fn find_by(&mut self, contact: &ContactRow, there: &KnownContact, fields: &str) -> Result<(), Spoilt> {
        if there.name == contact.name && there.language == contact.language && there.fields == fields {
            return Ok(());
        }
        if self.search_later {
            let (id, workspace) = (&contact.id.0, &contact.workspace.0);
            self.left_for_later.push(&[id, workspace, &there.name, &there.language, &there.fields]);
            return Ok(());
        }
        let stored: BTreeMap<SmolStr, FieldValue> =
            serde_json::from_str(&there.fields).map_err(|_| Spoilt)?;
        let old = search_keys::terms(&there.name, there.language.as_deref(), &stored);
        let new = search_keys::terms(&contact.name, contact.language.as_deref(), &contact.fields);
        for term in old.difference(&new) {
            self.removed_terms.push(&[
                &contact.workspace.0,
                &term.property,
                &term.kind.code(),
                &term.value,
                &contact.id.0,
            ]);
        }
        new.difference(&old).for_each(|term| self.add_term(contact, term));
        Ok(())
    }

    pub(super) fn contact(&mut self, update: &ContactUpdate, there: &KnownContact) -> Result<(), Spoilt> {
        let contact = &update.contact;
        let fields = fields_json(&contact.fields).map_err(|_| Spoilt)?;
        self.find_by(contact, there, &fields)?;
        self.contacts.push(&[
            &contact.id.0,
            &contact.workspace.0,
            &contact.version,
            &update.version,
            &contact.name,
            &contact.language,
            &sql::status_word(contact.status),
            &contact.timezone,
            &fields,
            &contact.session.map(|id| id.0),
            &contact.flow.map(|id| id.0),
            &update.modified_on.as_microsecond(),
            &contact.last_seen_on.map(Timestamp::as_microsecond),
            &contact.groups_as_of,
        ]);
        Ok(())
    }

    pub(super) fn new_urn(&mut self, workspace: WorkspaceId, contact: ContactId, urn: &UrnRow) {
        self.new_urns.push(&[
            &urn.id.0,
            &workspace.0,
            &contact.0,
            &urn.scheme,
            &urn.path,
            &search_keys::fold(&urn.path),
            &urn.display,
            &urn.priority,
            &urn.channel.map(|id| id.0),
        ]);
    }

    pub(super) fn message(&mut self, new: &NewMessage, attachments: Option<String>) {
        let created = new.created_on.as_microsecond();
        self.messages.push(&[
            &new.id.0,
            &new.workspace.0,
            &new.uuid.0,
            &new.contact.0,
            &new.urn.map(|id| id.0),
            &new.channel.map(|id| id.0),
            &new.flow.map(|id| id.0),
            &new.direction.as_str(),
            &new.status.as_str(),
            &new.text,
            &attachments,
            &new.quick_replies,
            &new.detail,
            &new.external_id,
            &new.reason,
            &new.day,
            &created,
            &created,
            &new.job.map(|id| id.0),
        ]);
    }

    /// Lets what waits of a contact and channel go with a row of more weight that comes behind it.
    pub(super) fn raise(&mut self, (contact, channel): (i64, i64), (priority, source): (i64, i64)) {
        self.raised.push(&[&contact, &channel, &priority, &source]);
    }

    pub(super) fn outbox(&mut self, new: &NewOutbox, claimed_by: i64, due: i64, rank: (i64, i64)) {
        self.outbox.push(&[
            &new.id.0,
            &new.workspace.0,
            &new.kind.as_str(),
            &new.contact.0,
            &new.channel.map_or(0, |id| id.0),
            &new.message.map_or(0, |id| id.0),
            &new.session.map_or(0, |id| id.0),
            &new.payload,
            &rank.0,
            &rank.1,
            &claimed_by,
            &due,
            &new.created_on.as_microsecond(),
        ]);
    }

    pub(super) fn finish(&mut self, workspace: WorkspaceId, id: OutboxId) {
        self.finished.push(&[&id.0, &workspace.0]);
    }

    /// Puts a row into the dead set.
    pub(super) fn kill(&mut self, id: OutboxId, status: &StatusChange) {
        let reason = status.reason.as_deref().unwrap_or("it failed");
        self.dead.push(&[&id.0, &status.workspace.0, &reason]);
    }

    /// Keeps a report on a message that is known by the carrier's identifier alone, the furthest of each.
    pub(super) fn keep_early(&mut self, change: &StatusChange) {
        let MessageRef::External(channel, external) = &change.message else { return };
        let kept = self.early.entry((channel.0, external.clone())).or_insert_with(|| change.clone());
        if kept.status.may_become(change.status) {
            *kept = change.clone();
        }
    }

    /// Forgets a report that found its message.
    pub(super) fn take_early(&mut self, report: &EarlyReport) {
        self.taken_early.push(&[&report.external_id, &report.channel.0, &report.workspace.0]);
    }

    pub(super) fn clear_timer(&mut self, workspace: WorkspaceId, key: TimerKey) {
        self.timers.remove(&key);
        self.cleared_timers.push(&[&workspace.0, &key.0, &key.1, &key.2]);
    }

    /// One of some kinds that is due earlier already is left as it is; other timers move.
    fn set_timer(&mut self, timer: &DueTimer) {
        let key = super::batch::key_of(timer);
        let stays =
            timer.kind.keeps_earlier() && self.timers.get(&key).is_some_and(|before| before.due <= timer.due);
        if !stays {
            self.timers.insert(key, timer.clone());
        }
    }

    /// A change that needs no look at what is there.
    pub(super) fn change(&mut self, change: &'u Change) {
        match change {
            Change::Job(job) => self.job(job),
            Change::LeftOut(new) => {
                for row in new.rows.iter().filter(|row| row.place < MAX_LEFT_OUT) {
                    self.left_out.push(&[
                        &new.workspace.0,
                        &new.job.0,
                        &row.place,
                        &row.contact.map_or(0, |id| id.0),
                        &row.what,
                        &row.reason,
                    ]);
                }
            }
            Change::Urn(workspace, contact, urn) => self.urns.push(&[
                &urn.id.0,
                &workspace.0,
                &contact.0,
                &urn.display,
                &urn.priority,
                &urn.channel.map(|id| id.0),
            ]),
            Change::RemoveUrn(workspace, contact, urn) => {
                self.removed_urns.push(&[&urn.0, &workspace.0, &contact.0]);
            }
            Change::JoinGroup(workspace, contact, group, at) => {
                let row = (workspace.0, at.as_microsecond());
                self.joined_groups.entry((contact.0, group.0)).or_insert(row);
            }
            Change::LeaveGroup(workspace, contact, group) => {
                self.joined_groups.remove(&(contact.0, group.0));
                self.left_groups.push(&[&workspace.0, &contact.0, &group.0]);
            }
            Change::Label(label) => {
                self.labels.push(&[&label.workspace.0, &label.message.0, &label.label.0]);
            }
            Change::Session(row) => drop(self.sessions.insert(row.id.0, row)),
            Change::EndSession(workspace, session, status, at) => {
                self.ended_sessions.push(&[&session.0, &workspace.0, &status.as_str(), &at.as_microsecond()]);
            }
            Change::Run(row) => drop(self.runs.insert(row.id.0, row)),
            Change::Event(event) => self.events.push(&[
                &event.id.0,
                &event.workspace.0,
                &event.contact.0,
                &event.session.map(|id| id.0),
                &event.kind,
                &event.body,
                &event.created_on.as_microsecond(),
            ]),
            Change::SetTimer(timer) => self.set_timer(timer),
            Change::ClearTimer(workspace, contact, kind, session) => {
                self.clear_timer(*workspace, (contact.0, kind.as_str(), kind.scope(*session)));
            }
            Change::CancelEffects(workspace, contact, session) => {
                self.cancelled.push(&[&workspace.0, &contact.0, &session.0]);
            }
            Change::Seen(workspace, contact, day) => self.seen.push(&[&workspace.0, day, &contact.0]),
            // The others are settled by `Outcome` or never get into a batch.
            _ => debug_assert!(false, "a change that no statement writes"),
        }
    }

    /// A contact is told something.
    pub(super) fn told(&mut self, workspace: WorkspaceId, contact: ContactId, version: i64) {
        self.told.push(&[&contact.0, &workspace.0, &version]);
    }

    fn job(&mut self, job: &JobRow) {
        self.jobs.push(&[
            &job.id.0,
            &job.workspace.0,
            &job.steps,
            &job.status.as_str(),
            &job.place,
            &job.total,
            &job.done,
            &job.left_out,
            &job.failures,
            &job.next_step.as_microsecond(),
            &job.error,
            &job.modified_on.as_microsecond(),
            &job.ended_on.map(Timestamp::as_microsecond),
        ]);
    }

    /// Writes everything in one round trip.
    pub(super) fn write(
        self,
        session: &Session,
        known: &Known,
        tallies: &mut Tallies,
    ) -> sql::Result<Result<(), Spoilt>> {
        let (joined, sessions, runs) = (self.joined(), self.sessions(), self.runs());
        let (timers, expiries, messages) = (self.timers(false), self.timers(true), changed_messages(known));
        // With how many rows each must have met; `None` if it does not matter.
        let early = self.early();
        let further = EARLY
            .replace("{new}", &FURTHER.replace("{status}", "excluded.status"))
            .replace("{old}", &FURTHER.replace("{status}", "early_report.status"));
        let steps: [(&Table, &str, Option<usize>); 31] = [
            (&self.jobs, JOBS, Some(self.jobs.rows())),
            (&self.left_out, LEFT_OUT, None),
            (&self.new_contacts, NEW_CONTACTS, None),
            (&self.contacts, CONTACTS, Some(self.contacts.rows())),
            (&self.told, TOLD, Some(self.told.rows())),
            (&self.left_for_later, LEFT_FOR_LATER, None),
            (&self.removed_terms, REMOVED_TERMS, None),
            (&self.terms, TERMS, None),
            (&self.removed_urns, REMOVED_URNS, None),
            (&self.new_urns, NEW_URNS, None),
            (&self.urns, URNS, Some(self.urns.rows())),
            (&self.left_groups, LEFT_GROUPS, None),
            (&joined, JOINED_GROUPS, None),
            (&self.messages, NEW_MESSAGES, None),
            (&messages, MESSAGES, Some(messages.rows())),
            (&self.labels, LABELS, None),
            (&self.ended_sessions, ENDED_SESSIONS, None),
            (&sessions, SESSIONS, Some(sessions.rows())),
            (&runs, RUNS, Some(runs.rows())),
            (&self.events, EVENTS, None),
            (&self.cleared_timers, CLEARED_TIMERS, None),
            (&timers, TIMERS, None),
            (&expiries, EXPIRIES, None),
            (&self.finished, FINISHED, Some(self.finished.rows())),
            (&self.dead, DEAD, Some(self.dead.rows())),
            (&early, &further, None),
            (&self.taken_early, TAKEN_EARLY, None),
            (&self.cancelled, CANCELLED, None),
            (&self.raised, RAISED, None),
            (&self.outbox, OUTBOX, None),
            (&self.seen, SEEN, None),
        ];
        let steps: Vec<_> = steps.into_iter().filter(|(table, ..)| table.rows() > 0).collect();
        if steps.is_empty() {
            return Ok(Ok(()));
        }
        let statements: Vec<(String, Vec<Bind<'_>>)> =
            steps.iter().map(|(table, text, _)| (table.unfold(text), table.binds())).collect();
        let (answers, _) = session.together(&statements, false)?;
        for (_, answer) in steps.iter().zip(&answers).filter(|((_, text, _), _)| *text == SEEN) {
            for row in &answer.rows {
                let row = Row::Postgres(row);
                tallies.active(WorkspaceId(row.get(0)?), row.get(1)?, row.get(2)?);
            }
        }
        let as_expected = steps
            .iter()
            .zip(&answers)
            .all(|((_, _, expected), answer)| expected.is_none_or(|expected| expected == answer.changed));
        Ok(if as_expected { Ok(()) } else { Err(Spoilt) })
    }

    fn joined(&self) -> Table {
        let mut table = Table::default();
        for ((contact, group), (workspace, at)) in &self.joined_groups {
            table.push(&[workspace, contact, group, at]);
        }
        table
    }

    fn sessions(&self) -> Table {
        let mut table = Table::default();
        for session in self.sessions.values() {
            table.push(&[
                &session.id.0,
                &session.workspace.0,
                &session.uuid.0,
                &session.contact.0,
                &session.status.as_str(),
                &session.wait_kind.map(|kind| kind.as_str()),
                &session.wait_until.map(Timestamp::as_microsecond),
                &session.expires_on.map(Timestamp::as_microsecond),
                &session.pins,
                &(!session.state.is_empty()).then_some(session.state.as_slice()),
                &session.created_on.as_microsecond(),
                &session.ended_on.map(Timestamp::as_microsecond),
            ]);
        }
        table
    }

    fn runs(&self) -> Table {
        let mut table = Table::default();
        for run in self.runs.values() {
            table.push(&[
                &run.id.0,
                &run.workspace.0,
                &run.uuid.0,
                &run.session.0,
                &run.contact.0,
                &run.flow.0,
                &run.status,
                &run.responded,
                &run.results,
                &run.created_on.as_microsecond(),
                &run.modified_on.as_microsecond(),
                &run.exited_on.map(Timestamp::as_microsecond),
                &run.path,
                &run.job.map(|id| id.0),
            ]);
        }
        table
    }

    fn early(&self) -> Table {
        let mut table = Table::default();
        for ((channel, external), change) in &self.early {
            table.push(&[
                &change.workspace.0,
                channel,
                external,
                &change.status.as_str(),
                &change.reason,
                &change.at.as_microsecond(),
            ]);
        }
        table
    }

    /// Timers that an earlier one keeps its place from, or the others.
    fn timers(&self, earlier: bool) -> Table {
        let mut table = Table::default();
        let fitting = self.timers.iter().filter(|(_, timer)| timer.kind.keeps_earlier() == earlier);
        for ((contact, kind, scope), timer) in fitting {
            table.push(&[
                &timer.workspace.0,
                contact,
                kind,
                scope,
                &timer.due.as_microsecond(),
                &timer.session.0,
            ]);
        }
        table
    }
}

fn changed_messages(known: &Known) -> Table {
    let mut table = Table::default();
    for (id, there) in known.messages.iter().filter(|(_, there)| there.changed) {
        table.push(&[
            id,
            &there.workspace.0,
            &there.status.as_str(),
            &there.flow,
            &there.external_id,
            &there.reason,
            &there.errors,
            &there.modified_on,
            &there.sent_on,
        ]);
    }
    table
}

const NEW_CONTACTS: &str =
    "INSERT INTO contact (id, workspace_id, uuid, version, name, language, status, timezone,
         fields, session_id, flow_id, created_on, modified_on, last_seen_on, groups_as_of)
     SELECT * FROM {rows}";
const CONTACTS: &str = "UPDATE contact AS c SET version = w.becomes, name = w.name, language = w.language,
         status = w.status, timezone = w.timezone, fields = w.fields, session_id = w.session_id,
         flow_id = w.flow_id, modified_on = w.modified_on, last_seen_on = w.last_seen_on,
         groups_as_of = w.groups_as_of
     FROM {rows} AS w (id, workspace_id, version, becomes, name, language, status, timezone, fields, session_id,
         flow_id, modified_on, last_seen_on, groups_as_of)
     WHERE c.id = w.id AND +c.workspace_id = w.workspace_id AND c.version = w.version";
const TOLD: &str = "UPDATE contact AS c SET version = greatest(c.version + 1, w.version)
     FROM {rows} AS w (id, workspace_id, version) WHERE c.id = w.id AND +c.workspace_id = w.workspace_id";
const JOBS: &str = "UPDATE job AS j SET status = w.status, place = w.place, steps = j.steps + 1, total = w.total,
         done = w.done, left_out = w.left_out, failures = w.failures, next_step = w.next_step, error = w.error,
         modified_on = w.modified_on, ended_on = w.ended_on
     FROM {rows} AS w (id, workspace_id, steps, status, place, total, done, left_out, failures, next_step, error,
         modified_on, ended_on)
     WHERE j.id = w.id AND +j.workspace_id = w.workspace_id AND j.steps = w.steps AND j.ended_on IS NULL";
const LEFT_OUT: &str = "INSERT INTO job_left_out (workspace_id, job_id, place, contact_id, what, reason)
     SELECT * FROM {rows} ON CONFLICT (job_id, place) DO NOTHING";
const LEFT_FOR_LATER: &str = "INSERT INTO search_later (contact_id, workspace_id, name, language, fields)
     SELECT * FROM {rows} ON CONFLICT (contact_id) DO NOTHING";
const REMOVED_TERMS: &str = "DELETE FROM contact_term AS t
     USING {rows} AS w (workspace_id, property, kind, value, contact_id)
     WHERE t.workspace_id = w.workspace_id AND t.property = w.property AND t.kind = w.kind AND t.value = w.value
         AND t.contact_id = w.contact_id";
const TERMS: &str = "INSERT INTO contact_term (workspace_id, property, kind, value, rest, contact_id)
     SELECT * FROM {rows}
     ON CONFLICT (workspace_id, property, kind, value, contact_id) DO UPDATE SET rest = excluded.rest";
const REMOVED_URNS: &str = "DELETE FROM contact_urn AS u USING {rows} AS w (id, workspace_id, contact_id)
     WHERE u.id = w.id AND +u.workspace_id = w.workspace_id AND u.contact_id = w.contact_id";
const NEW_URNS: &str = "INSERT INTO contact_urn (id, workspace_id, contact_id, scheme, path, path_key,
         display, priority, channel_id)
     SELECT * FROM {rows}";
const URNS: &str = "UPDATE contact_urn AS u
     SET display = w.display, priority = w.priority, channel_id = w.channel_id
     FROM {rows} AS w (id, workspace_id, contact_id, display, priority, channel_id)
     WHERE u.id = w.id AND +u.workspace_id = w.workspace_id AND u.contact_id = w.contact_id";
const LEFT_GROUPS: &str = "DELETE FROM contact_group_member AS m
     USING {rows} AS w (workspace_id, contact_id, group_id)
     WHERE +m.workspace_id = w.workspace_id AND m.contact_id = w.contact_id AND m.group_id = w.group_id";
const JOINED_GROUPS: &str = "INSERT INTO contact_group_member (workspace_id, contact_id, group_id, joined_on)
     SELECT * FROM {rows} ON CONFLICT (contact_id, group_id) DO NOTHING";
const NEW_MESSAGES: &str =
    "INSERT INTO message (id, workspace_id, uuid, contact_id, urn_id, channel_id, flow_id,
         direction, status, text, attachments, quick_replies, detail, external_id, reason, day, created_on,
         modified_on, job_id)
     SELECT * FROM {rows}";
const MESSAGES: &str = "UPDATE message AS m SET status = w.status, flow_id = w.flow_id,
         external_id = w.external_id, reason = w.reason, error_count = w.errors, modified_on = w.modified_on,
         sent_on = w.sent_on
     FROM {rows} AS w (id, workspace_id, status, flow_id, external_id, reason, errors, modified_on, sent_on)
     WHERE m.id = w.id AND +m.workspace_id = w.workspace_id";
const LABELS: &str = "INSERT INTO message_label (workspace_id, message_id, label_id)
     SELECT * FROM {rows} ON CONFLICT (label_id, message_id) DO NOTHING";
const ENDED_SESSIONS: &str = "WITH ended AS (
         UPDATE session AS s SET status = w.status, wait_kind = NULL, wait_until = NULL, expires_on = NULL,
             pins = '', state = NULL, ended_on = w.ended_on
         FROM {rows} AS w (id, workspace_id, status, ended_on)
         WHERE s.id = w.id AND +s.workspace_id = w.workspace_id AND s.ended_on IS NULL
         RETURNING s.id, s.contact_id, w.status, w.ended_on)
     UPDATE run AS r SET status = ended.status, modified_on = ended.ended_on, exited_on = ended.ended_on
     FROM ended
     WHERE r.contact_id = ended.contact_id AND r.session_id = ended.id AND r.exited_on IS NULL";
const SESSIONS: &str =
    "INSERT INTO session (id, workspace_id, uuid, contact_id, status, wait_kind, wait_until,
         expires_on, pins, state, created_on, ended_on)
     SELECT * FROM {rows}
     ON CONFLICT (id) DO UPDATE SET status = excluded.status, wait_kind = excluded.wait_kind,
         wait_until = excluded.wait_until, expires_on = excluded.expires_on, pins = excluded.pins,
         state = excluded.state, ended_on = excluded.ended_on
     WHERE session.workspace_id = excluded.workspace_id AND session.contact_id = excluded.contact_id";
const RUNS: &str =
    "INSERT INTO run (id, workspace_id, uuid, session_id, contact_id, flow_id, status, responded,
         results, created_on, modified_on, exited_on, path, job_id)
     SELECT * FROM {rows}
     ON CONFLICT (id) DO UPDATE SET status = excluded.status, responded = excluded.responded,
         results = excluded.results, modified_on = excluded.modified_on, exited_on = excluded.exited_on,
         path = excluded.path
     WHERE run.workspace_id = excluded.workspace_id";
const EVENTS: &str = "INSERT INTO event (id, workspace_id, contact_id, session_id, kind, body, created_on)
     SELECT * FROM {rows}";
const CLEARED_TIMERS: &str =
    "DELETE FROM timer AS t USING {rows} AS w (workspace_id, contact_id, kind, scope)
     WHERE +t.workspace_id = w.workspace_id AND t.contact_id = w.contact_id AND t.kind = w.kind
         AND t.scope = w.scope";
const TIMERS: &str = "INSERT INTO timer (workspace_id, contact_id, kind, scope, due, session_id)
     SELECT * FROM {rows}
     ON CONFLICT (contact_id, kind, scope) DO UPDATE SET due = excluded.due, session_id = excluded.session_id";
const EXPIRIES: &str = "INSERT INTO timer (workspace_id, contact_id, kind, scope, due, session_id)
     SELECT * FROM {rows}
     ON CONFLICT (contact_id, kind, scope) DO UPDATE SET due = excluded.due, session_id = excluded.session_id
     WHERE timer.due > excluded.due";
const FINISHED: &str = "DELETE FROM outbox AS o USING {rows} AS w (id, workspace_id)
     WHERE o.id = w.id AND +o.workspace_id = w.workspace_id";
const DEAD: &str = "UPDATE outbox AS o SET claimed_by = 0, dead_reason = w.reason
     FROM {rows} AS w (id, workspace_id, reason) WHERE o.id = w.id AND +o.workspace_id = w.workspace_id";
const EARLY: &str =
    "INSERT INTO early_report (workspace_id, channel_id, external_id, status, reason, created_on)
     SELECT * FROM {rows}
     ON CONFLICT (external_id, channel_id) DO UPDATE SET status = excluded.status, reason = excluded.reason
     WHERE {new} > {old}";
const TAKEN_EARLY: &str =
    "DELETE FROM early_report AS e USING {rows} AS w (external_id, channel_id, workspace_id)
     WHERE e.external_id = w.external_id AND e.channel_id = w.channel_id AND +e.workspace_id = w.workspace_id";
const CANCELLED: &str = "DELETE FROM outbox AS o USING {rows} AS w (workspace_id, contact_id, session_id)
     WHERE o.contact_id = w.contact_id AND o.channel_id = 0 AND o.session_id = w.session_id
         AND +o.workspace_id = w.workspace_id AND o.message_id = 0";
const OUTBOX: &str =
    "INSERT INTO outbox (id, workspace_id, kind, contact_id, channel_id, message_id, session_id,
         payload, priority, source, claimed_by, next_attempt, created_on)
     SELECT * FROM {rows}";
const SEEN: &str = "WITH new AS (
         INSERT INTO contact_day (workspace_id, day, contact_id) SELECT * FROM {rows}
         ON CONFLICT (workspace_id, day, contact_id) DO NOTHING RETURNING workspace_id, day)
     SELECT workspace_id, day, count(*) FROM new GROUP BY workspace_id, day";
// The plus keeps the search on the index by contact: that by queue would go over the line's backlog.
const RAISED: &str = "UPDATE outbox AS o SET priority = w.priority, source = w.source
     FROM {rows} AS w (contact_id, channel_id, priority, source)
     WHERE o.contact_id = w.contact_id AND o.channel_id = w.channel_id AND o.dead_reason IS NULL
         AND +o.claimed_by = 0 AND o.priority > w.priority";
