//! What an operation counts beyond the rows it writes: people, runs, nodes, answers, effects, and how long things took.
//!
//! Counts are part of the unit that does what they count, so they are kept or lost with it. Only how long a commit took
//! is known after it; such spans wait in memory ([`Times`]) for the next unit, and a crash loses those of a moment.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use domain::{SessionId, WorkspaceId};
use flows::session::{Run, RunResult};
use jiff::{SignedDuration, Timestamp};
use smol_str::SmolStr;
use store::{Change, ChannelRow, SessionRow, SessionStatus, Tally, TallyKind, TallyName, TimeBucket};

use crate::{Workspace, person::Person, turn::Turn};

/// A category and the moment it was saved, of a result that has one.
type Answer<'r> = (&'r str, Timestamp);

/// The answers of a run as they were before a sprint.
#[derive(Default)]
pub(crate) struct AnswersBefore(Vec<(SmolStr, SmolStr, Timestamp)>);

impl AnswersBefore {
    pub fn of(run: &Run) -> Self {
        let answered = run.results.iter().filter(|(_, result)| !result.category.is_empty());
        Self(answered.map(|(key, r)| (key.clone(), r.category.clone(), r.created_on)).collect())
    }

    fn get(&self, key: &str) -> Option<Answer<'_>> {
        self.0.iter().find(|(known, ..)| known == key).map(|(_, category, at)| (category.as_str(), *at))
    }
}

impl Turn<'_> {
    pub(crate) fn tally(&mut self, at: Timestamp, kind: TallyKind, subject: i64, name: TallyName, by: i64) {
        let tally = Tally { workspace: self.ws.row.id, day: self.ws.day(at), kind, subject, name };
        self.tallies.push((tally, by));
    }

    /// A run that a sprint went through: its beginning and end, the nodes entered and the answers given.
    pub(crate) fn tally_run(&mut self, run: &Run, before: Option<(usize, &AnswersBefore)>) {
        let flow = self.ws.flow(run.flow.uuid).map_or(0, |flow| flow.id.0);
        let (entered, answers) = before.map_or((0, None), |(entered, answers)| (entered, Some(answers)));
        if before.is_none() {
            self.tally(run.created_on, TallyKind::Flow, flow, TallyName::Word("started"), 1);
        }
        if let Some(at) = run.exited_on {
            self.tally(at, TallyKind::Flow, flow, TallyName::Word(run.status.name()), 1);
        }
        if let Some(program) = &run.program {
            for step in run.path.iter().skip(entered) {
                if let Some(node) = program.nodes.get(step.node as usize) {
                    self.tally(step.arrived_on, TallyKind::Node, flow, TallyName::Node(node.uuid), 1);
                }
            }
        }
        for (key, result) in &run.results {
            self.tally_answer(flow, key, answers.and_then(|answers| answers.get(key)), result);
        }
    }

    /// An answer counts once, under the category that it has in the end.
    fn tally_answer(&mut self, flow: i64, key: &str, before: Option<Answer<'_>>, result: &RunResult) {
        let now = (!result.category.is_empty()).then_some((result.category.as_str(), result.created_on));
        if before == now {
            return;
        }
        for (answer, by) in [(before, -1), (now, 1)] {
            if let Some((category, at)) = answer {
                self.tally(at, TallyKind::Answer, flow, TallyName::answer(key, category), by);
            }
        }
    }

    /// The open runs of a session that ends from outside.
    pub(crate) fn tally_ended(&mut self, row: &SessionRow, status: SessionStatus) {
        let (now, word) = (self.now, TallyName::Word(status.as_str()));
        for pin in row.pins.split(',').filter(|pin| !pin.is_empty()) {
            let flow = pin.split(':').next().and_then(|flow| flow.parse::<i64>().ok()).unwrap_or_default();
            self.tally(now, TallyKind::Flow, flow, word.clone(), 1);
        }
    }

    /// An entry of the history, if such are counted.
    pub(crate) fn tally_event(&mut self, kind: &str, body: &str, at: Timestamp, session: Option<SessionId>) {
        if let Some((kind, name)) = store::event_tally(kind, body, session.is_some()) {
            self.tally(at, kind, 0, name, 1);
        }
    }

    /// The person was there.
    pub(crate) fn tally_seen(&mut self, at: Timestamp) {
        let day = self.ws.day(at);
        if self.person.contact.last_seen_on.is_none_or(|at| self.ws.day(at) != day) {
            self.changes.push(Change::Seen(self.ws.row.id, self.person.row.id, day));
        }
    }
}

/// What of a person is counted: that they are new, and how many there are by status and language.
pub(crate) fn of_person(person: &Person, ws: &Workspace, now: Timestamp) -> Vec<(Tally, i64)> {
    let mut tallies = Vec::new();
    let mut tally = |at, kind, name, by| {
        tallies.push((Tally { workspace: ws.row.id, day: ws.day(at), kind, subject: 0, name }, by));
    };
    let (before, after) = (&person.row, &person.contact);
    let status = |status| TallyName::Word(store::contact_status_word(status));
    let language = |language: &Option<SmolStr>| TallyName::text(language.as_deref().unwrap_or_default());
    let is_new = person.is_new();
    if is_new {
        tally(before.created_on, TallyKind::NewContact, TallyName::Word(""), 1);
    }
    if is_new || before.status != after.status {
        tally(now, TallyKind::ContactStatus, status(after.status), 1);
    }
    if is_new || before.language != after.language {
        tally(now, TallyKind::ContactLanguage, language(&after.language), 1);
    }
    if !is_new && before.status != after.status {
        tally(now, TallyKind::ContactStatus, status(before.status), -1);
    }
    if !is_new && before.language != after.language {
        tally(now, TallyKind::ContactLanguage, language(&before.language), -1);
    }
    tallies
}

/// Spans that are known only after the commit they end with, until the next unit takes them along.
#[derive(Debug, Default)]
pub(crate) struct Times(Mutex<BTreeMap<Tally, i64>>);

impl Times {
    /// A span on a line. There are few buckets, so what waits here stays small.
    pub fn add(
        &self,
        ws: &Workspace,
        line: &ChannelRow,
        kind: TallyKind,
        at: Timestamp,
        took: SignedDuration,
    ) {
        let micros = i64::try_from(took.as_micros()).unwrap_or(i64::MAX);
        let name = TallyName::Time(TimeBucket::of(micros));
        let workspace: WorkspaceId = ws.row.id;
        let tally = Tally { workspace, day: ws.day(at), kind, subject: line.id.0, name };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(tally).or_default() += 1;
    }

    /// All that waits, as a change of the next unit.
    pub fn take(&self) -> Option<Change> {
        let waiting = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        (!waiting.is_empty()).then(|| Change::Tallies(waiting.into_iter().collect()))
    }
}
