//! Sessions: those that ended as they are, those that wait so that they go on.

use std::collections::HashMap;
use std::path::Path;

use domain::{ContactId, FlowId, SessionId, SessionUuid};
use flows::FlowType;
use jiff::Timestamp;
use serde::Deserialize;
use store::{
    Change, ContactRow, ContactUpdate, ConversationKey, DueTimer, KeptNumbers, SessionRow, SessionStatus,
    TimerKind, Unit, WaitKind,
};
use uuid::Uuid;

use crate::{
    MigrateError,
    migration::Migration,
    results::{read_path, read_results},
    waiting::{self, OpenRun, Said, Whose},
};

/// Sessions of one page, which is one commit.
const PAGE: i64 = 500;
/// Bytes of a session's file.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

#[derive(Deserialize)]
struct Stored {
    id: i64,
    uuid: Uuid,
    status: String,
    session_type: String,
    output: Option<String>,
    output_url: Option<String>,
    created_on: Timestamp,
    ended_on: Option<Timestamp>,
    timeout_on: Option<Timestamp>,
    wait_expires_on: Option<Timestamp>,
    contact_id: i64,
}

#[derive(Deserialize)]
struct OpenRow {
    id: i64,
    uuid: Uuid,
    status: String,
    responded: bool,
    created_on: Timestamp,
    modified_on: Timestamp,
    results: Option<String>,
    path: Option<String>,
    flow_id: i64,
    session_id: i64,
}

const SESSIONS: &str = "SELECT id, uuid, status, session_type, CASE WHEN status = 'W' THEN output END AS output,
    CASE WHEN status = 'W' THEN output_url END AS output_url, created_on, ended_on, timeout_on, wait_expires_on,
    contact_id FROM flows_flowsession WHERE org_id = $1 AND id > $2 ORDER BY id LIMIT $3";
const OPEN_RUNS: &str = "SELECT r.id, r.uuid, r.status, r.responded, r.created_on, r.modified_on, r.results, r.path,
    r.flow_id, r.session_id FROM flows_flowrun r JOIN flows_flowsession s ON s.id = r.session_id
    WHERE s.org_id = $1 AND s.id >= $2 AND s.id <= $3 AND s.status = 'W' AND r.status IN ('A', 'W') ORDER BY r.id";

/// What became of one session.
struct Brought {
    row: SessionRow,
    /// The flow that its contact is in, if it waits.
    flow: Option<FlowId>,
}

impl Migration<'_> {
    /// All sessions.
    pub fn sessions(&mut self) -> Result<(), MigrateError> {
        self.area("sessions", "flows_flowsession")?;
        let (done, _) = self.brought(KeptNumbers::Sessions)?;
        let mut after = 0;
        loop {
            let page: Vec<Stored> = self.source.rows("a session", SESSIONS, &[self.org.id, after, PAGE])?;
            let (Some(first), Some(last)) = (page.first(), page.last()) else { break };
            after = last.id;
            let mut open: HashMap<i64, Vec<OpenRow>> = HashMap::new();
            if page.iter().any(|session| session.status == "W") {
                for row in
                    self.source.rows::<OpenRow>("a run", OPEN_RUNS, &[self.org.id, first.id, last.id])?
                {
                    open.entry(row.session_id).or_default().push(row);
                }
            }
            let mut brought = Vec::new();
            for session in page {
                let runs = open.remove(&session.id).unwrap_or_default();
                let is_new = self.here(session.id) > done;
                if let Some(one) = self.session(&session, runs, is_new)
                    && is_new
                {
                    brought.push(one);
                }
            }
            self.write_sessions(brought)?;
        }
        self.count_here("sessions", KeptNumbers::Sessions)
    }

    fn session(&mut self, stored: &Stored, runs: Vec<OpenRow>, is_new: bool) -> Option<Brought> {
        let Some(contact) = self.contacts.get(&stored.contact_id).copied() else {
            self.count("sessions").leave("their contact is left out");
            return None;
        };
        self.count("sessions").take(is_new);
        let status = match stored.status.as_str() {
            "C" => SessionStatus::Completed,
            "X" => SessionStatus::Expired,
            "F" => SessionStatus::Failed,
            _ => SessionStatus::Interrupted,
        };
        let mut row = SessionRow {
            id: SessionId(self.here(stored.id)),
            workspace: self.workspace,
            uuid: SessionUuid(stored.uuid),
            contact: ContactId(self.here(stored.contact_id)),
            status,
            wait_kind: None,
            wait_until: None,
            expires_on: None,
            pins: String::new(),
            state: Vec::new(),
            created_on: stored.created_on,
            ended_on: Some(stored.ended_on.unwrap_or(stored.created_on)),
        };
        let mut flow = None;
        if stored.status == "W" {
            match self.waiting(stored, contact, runs, &mut row) {
                Ok(current) => {
                    flow = Some(current);
                    self.waiting.insert(stored.id);
                    self.count("sessions").kind("waiting");
                }
                Err(reason) => {
                    row.ended_on = Some(self.now);
                    self.count("sessions").kind(format!("waited there, ended here: {reason}"));
                    self.note(format!("session {} of contact {contact} is ended: {reason}", stored.uuid));
                }
            }
        } else {
            self.count("sessions").kind(row.status.as_str());
        }
        Some(Brought { row, flow })
    }

    /// Makes of a row that of a session that waits, and answers the flow that the contact is in.
    fn waiting(
        &mut self,
        stored: &Stored,
        contact: Uuid,
        runs: Vec<OpenRow>,
        row: &mut SessionRow,
    ) -> Result<FlowId, &'static str> {
        let flow_type = match stored.session_type.as_str() {
            "V" => return Err("it is a call, which ended with the move"),
            "B" => FlowType::MessagingBackground,
            "S" | "U" => FlowType::MessagingOffline,
            _ => FlowType::Messaging,
        };
        let said = self.said(stored);
        let mut open = Vec::with_capacity(runs.len());
        for run in runs {
            let flow = self.flows.get(&run.flow_id).ok_or("one of its flows is left out")?;
            open.push(OpenRun {
                id: run.id,
                uuid: run.uuid,
                waits: run.status == "W",
                responded: run.responded,
                created_on: run.created_on,
                modified_on: run.modified_on,
                path: read_path(run.path.as_deref()),
                results: read_results(run.results.as_deref()),
                flow,
            });
        }
        let whose = Whose { uuid: stored.uuid, contact, created_on: stored.created_on, flow_type };
        let host = self.sink.host().clone();
        let (session, numbers) = waiting::session(&whose, open, said, &mut || host.uuid_v4())?;
        let pin = |(run, number): (&flows::session::Run, &i64)| {
            let flow =
                self.flows.values().find(|flow| flow.uuid == run.flow.uuid.0).map_or(0, |flow| flow.id);
            format!("{flow}:{}:{}", run.flow.revision, self.numbers.here(*number))
        };
        row.pins = session.runs.iter().zip(&numbers).map(pin).collect::<Vec<_>>().join(",");
        row.state = session.encode();
        row.status = SessionStatus::Waiting;
        row.wait_kind = Some(WaitKind::Message);
        row.wait_until = stored.timeout_on.map(|at| self.deadline(at));
        row.expires_on = stored.wait_expires_on.map(|at| self.deadline(at));
        row.ended_on = None;
        let current = session.current_flow().ok_or("none of its runs waits")?;
        let flow = self.flows.values().find(|flow| flow.uuid == current.0);
        flow.map(|flow| FlowId(flow.id)).ok_or("its flow is left out")
    }

    /// The session's JSON, if it can be had.
    fn said(&mut self, stored: &Stored) -> Option<Said> {
        let text = match (&stored.output, &stored.output_url, &self.settings.sessions) {
            (Some(output), ..) => output.clone(),
            (None, Some(url), Some(folder)) => match file_of(folder, url) {
                Some(text) => text,
                None => {
                    self.note(format!(
                        "session {}: its file is not in --sessions; its runs are enough",
                        stored.uuid
                    ));
                    return None;
                }
            },
            (None, ..) => {
                self.count("sessions").kind("without their file; their runs are enough");
                return None;
            }
        };
        serde_json::from_str(&text).ok()
    }

    /// Writes a page: sessions, their timers, and in which of them contacts are.
    fn write_sessions(&mut self, brought: Vec<Brought>) -> Result<(), MigrateError> {
        let waiting: Vec<ContactId> =
            brought.iter().filter(|one| one.flow.is_some()).map(|one| one.row.contact).collect();
        let workspace = self.workspace;
        let people = self.sink.read(async |context| {
            let keys = waiting.iter().map(|id| ConversationKey::Contact(workspace, *id)).collect();
            let loaded = context.store.load_conversations(keys).await?.conversations;
            Ok(loaded
                .into_iter()
                .flatten()
                .map(|one| (one.contact.id, one.contact))
                .collect::<HashMap<_, _>>())
        })?;
        let mut in_one = HashMap::new();
        let units = brought.into_iter().map(|one| {
            let person = one.flow.and_then(|flow| Some((people.get(&one.row.contact)?, flow)));
            self.session_unit(one.row, person, &mut in_one)
        });
        let units: Vec<Unit> = units.collect();
        self.write_all("a page of sessions", units)
    }

    fn session_unit(
        &self,
        row: SessionRow,
        person: Option<(&ContactRow, FlowId)>,
        in_one: &mut HashMap<ContactId, i64>,
    ) -> Unit {
        let mut changes = Vec::new();
        let (workspace, contact, session) = (row.workspace, row.contact, row.id);
        let timer = |kind, due| Change::SetTimer(DueTimer { workspace, contact, kind, due, session });
        changes.extend(row.wait_until.map(|due| timer(TimerKind::WaitTimeout, due)));
        changes.extend(row.expires_on.map(|due| timer(TimerKind::Expiry, due)));
        changes.push(Change::Session(Box::new(row)));
        if let Some((person, flow)) = person {
            let version = self.sink.next_id();
            let before = in_one.insert(contact, version).unwrap_or(person.version);
            let row =
                ContactRow { session: Some(session), flow: Some(flow), version: before, ..person.clone() };
            let modified_on = self.now;
            changes
                .insert(0, Change::Contact(Box::new(ContactUpdate { contact: row, version, modified_on })));
        }
        Unit::new(changes)
    }
}

/// The file of a session: its path is that of its address, behind the storage's host.
fn file_of(folder: &Path, url: &str) -> Option<String> {
    let path = url.split_once("://").map_or(url, |(_, rest)| rest).split_once('/')?.1;
    // What leads out of the folder is no file of a session.
    let inside = Path::new(path).components().all(|part| matches!(part, std::path::Component::Normal(_)));
    let file = folder.join(path);
    let is_small = std::fs::metadata(&file).is_ok_and(|about| about.len() <= FILE_BYTES_MAX);
    (inside && is_small).then(|| std::fs::read_to_string(&file).ok()).flatten()
}
