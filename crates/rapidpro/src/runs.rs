//! Runs with their answers. Counted as if they had been here: beginnings, ends, nodes, answers.

use domain::{ContactId, FlowId, NodeUuid, RunId, RunUuid, SessionId};
use jiff::Timestamp;
use serde::Deserialize;
use store::{Change, KeptNumbers, RunRow, Tally, TallyKind, TallyName, Unit};
use uuid::Uuid;

use crate::{
    MigrateError,
    migration::Migration,
    results::{Passed, StoredResult, path_json, read_path, read_results},
};

/// Runs of one page, which is one commit.
const PAGE: i64 = 1_000;

#[derive(Deserialize)]
struct Stored {
    id: i64,
    uuid: Uuid,
    status: String,
    created_on: Timestamp,
    modified_on: Timestamp,
    exited_on: Option<Timestamp>,
    responded: bool,
    results: Option<String>,
    path: Option<String>,
    contact_id: i64,
    flow_id: i64,
    session_id: Option<i64>,
}

const RUNS: &str =
    "SELECT id, uuid, status, created_on, modified_on, exited_on, responded, results, path, contact_id,
    flow_id, session_id FROM flows_flowrun WHERE org_id = $1 AND id > $2 ORDER BY id LIMIT $3";

impl Migration<'_> {
    /// All runs.
    pub fn runs(&mut self) -> Result<(), MigrateError> {
        self.area("runs", "flows_flowrun")?;
        let (done, _) = self.brought(KeptNumbers::Runs)?;
        let mut after = 0;
        loop {
            let page: Vec<Stored> = self.source.rows("a run", RUNS, &[self.org.id, after, PAGE])?;
            let Some(last) = page.last() else { break };
            after = last.id;
            let (mut changes, mut tallies) = (Vec::new(), Vec::new());
            for run in page {
                let is_new = self.here(run.id) > done;
                let results = read_results(run.results.as_deref());
                let path = read_path(run.path.as_deref());
                if let Some(row) = self.run_row(&run, is_new, &path)
                    && is_new
                {
                    self.tally_run(&row, results.iter(), &path, &mut tallies);
                    let results = serde_json::to_string(&results).unwrap_or_else(|_| "{}".to_owned());
                    changes.push(Change::Run(Box::new(RunRow { results, ..row })));
                }
            }
            if !changes.is_empty() {
                changes.push(Change::Tallies(tallies));
                self.write_all("a page of runs", vec![Unit::new(changes)])?;
            }
        }
        self.count_here("runs", KeptNumbers::Runs)
    }

    fn run_row(&mut self, run: &Stored, is_new: bool, path: &[Passed]) -> Option<RunRow> {
        if !self.contacts.contains_key(&run.contact_id) {
            self.count("runs").leave("their contact is left out");
            return None;
        }
        let Some(flow) = self.flows.get(&run.flow_id).map(|flow| FlowId(flow.id)) else {
            self.count("runs").leave("their flow is left out");
            return None;
        };
        let goes_on = run.session_id.is_some_and(|session| self.waiting.contains(&session));
        let (status, exited_on) = match run.status.as_str() {
            "A" if goes_on => ("active", None),
            "W" if goes_on => ("waiting", None),
            "C" => ("completed", run.exited_on),
            "X" => ("expired", run.exited_on),
            "F" => ("failed", run.exited_on),
            _ => ("interrupted", run.exited_on.or(Some(self.now))),
        };
        let is_open = matches!(status, "active" | "waiting");
        let area = self.count("runs");
        area.take(is_new);
        area.kind(status);
        Some(RunRow {
            id: RunId(self.here(run.id)),
            workspace: self.workspace,
            uuid: RunUuid(run.uuid),
            session: SessionId(run.session_id.map_or(0, |id| self.here(id))),
            contact: ContactId(self.here(run.contact_id)),
            flow,
            status: status.into(),
            responded: run.responded,
            results: String::new(),
            created_on: run.created_on,
            modified_on: run.modified_on,
            exited_on: if is_open { None } else { exited_on.or(Some(run.modified_on)) },
            path: (!is_open).then(|| path_json(path)),
            job: None,
        })
    }

    fn tally_run<'r>(
        &self,
        row: &RunRow,
        results: impl Iterator<Item = (&'r smol_str::SmolStr, &'r StoredResult)>,
        path: &[Passed],
        tallies: &mut Vec<(Tally, i64)>,
    ) {
        let mut tally = |at, kind, name| {
            let day = self.day(at);
            tallies.push((Tally { workspace: self.workspace, day, kind, subject: row.flow.0, name }, 1));
        };
        tally(row.created_on, TallyKind::Flow, TallyName::Word("started"));
        if let Some(at) = row.exited_on {
            tally(at, TallyKind::Flow, TallyName::text(&row.status));
        }
        for step in path {
            let node: NodeUuid = step.node_uuid;
            tally(step.arrived_on, TallyKind::Node, TallyName::Node(node));
        }
        for (key, result) in results.filter(|(_, result)| !result.category().is_empty()) {
            tally(result.created_on, TallyKind::Answer, TallyName::answer(key, result.category()));
        }
    }
}
