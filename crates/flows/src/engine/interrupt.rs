//! A session that is left for another flow, or by a decision from outside.

use domain::EventUuid;

use super::Engine;
use crate::{
    events::{Event, EventKind, RunEnded},
    session::{RunStatus, Session, SessionStatus},
};

impl Engine<'_> {
    /// Ends a session from outside: every run that is open ends as interrupted, the innermost first, and what it
    /// waits for is no longer wanted. Gives the events that say so. A session has no status of its own for this, so it is
    /// completed; the store's has.
    pub fn interrupt(&self, session: &mut Session) -> Vec<Event> {
        let mut events = Vec::new();
        session.pending = None;
        session.offered.clear();
        session.collected.clear();
        session.status = SessionStatus::Completed;
        for run in session.runs.iter_mut().rev().filter(|run| run.exited_on.is_none()) {
            let now = self.host.now();
            run.status = RunStatus::Interrupted;
            run.modified_on = now;
            run.exited_on = Some(now);
            let ended =
                RunEnded { run_uuid: run.uuid, flow: run.flow.clone(), status: RunStatus::Interrupted };
            let uuid = EventUuid(self.host.uuid_v7());
            events.push(Event::new(uuid, now, EventKind::RunEnded(ended)));
        }
        events
    }
}
