//! Runs beginning and ending.

use std::sync::Arc;

use domain::RunUuid;
use indexmap::IndexMap;

use super::work::Work;
use crate::{
    events::{EventKind, FlowRevisionRef, RunEnded, RunStarted},
    program::Program,
    session::{Run, RunStatus, SessionStatus},
};

impl Work<'_> {
    /// Begins a run of a flow and makes it the current one.
    pub fn begin_run(&mut self, program: &Arc<Program>, terminal: bool) {
        let parent = self.run;
        let created_on = self.now();
        let uuid = RunUuid(self.host.uuid_v7());
        let flow =
            FlowRevisionRef { uuid: program.uuid, name: program.name.clone(), revision: program.revision };
        let parent_uuid = parent.and_then(|index| self.session.runs.get(index)).map(|run| run.uuid);
        self.session.runs.push(Run {
            uuid,
            flow: flow.clone(),
            program: Some(Arc::clone(program)),
            path: Vec::new(),
            locals: IndexMap::new(),
            results: IndexMap::new(),
            status: RunStatus::Active,
            had_input: false,
            parent: parent.and_then(|index| u32::try_from(index).ok()),
            webhook: None,
            created_on,
            modified_on: created_on,
            exited_on: None,
        });
        self.run = Some(self.session.runs.len() - 1);
        self.event(EventKind::RunStarted(RunStarted { flow, run_uuid: uuid, parent_uuid, terminal }));
    }

    /// Ends a run.
    pub fn end_run(&mut self, index: usize, status: RunStatus) {
        let now = self.now();
        let Some(run) = self.session.runs.get_mut(index) else { return };
        run.status = status;
        run.modified_on = now;
        run.exited_on = Some(now);
        let ended = RunEnded { run_uuid: run.uuid, flow: run.flow.clone(), status };
        self.event(EventKind::RunEnded(ended));
    }

    /// Ends every run that is still open, the oldest first.
    pub fn end_open_runs(&mut self, status: RunStatus) {
        for index in 0..self.session.runs.len() {
            if self.session.runs.get(index).is_some_and(|run| run.exited_on.is_none()) {
                self.end_run(index, status);
            }
        }
    }

    /// The run that entered the current one, if it is still open.
    pub fn open_parent(&self) -> Option<usize> {
        let parent = self.current()?.parent? as usize;
        self.session.runs.get(parent).filter(|run| run.exited_on.is_none()).map(|_| parent)
    }

    /// Ends the session.
    pub fn end_session(&mut self, failed: bool) {
        self.session.status = if failed { SessionStatus::Failed } else { SessionStatus::Completed };
    }
}
