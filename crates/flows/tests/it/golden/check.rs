//! Making a stored session by playing a shape, and checking one that was made before.

use flows::session::{RunStatus, SessionStatus};
use flows::{EffectResult, Event, Resume, Session, Sprint, Trigger};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use smol_str::SmolStr;

use super::stage::Stage;
use crate::engine::world::{said, told};

/// A session to store: how it comes about, and how it goes on from there.
#[derive(Debug, Deserialize)]
pub struct Shape {
    pub name: String,
    trigger: Trigger,
    /// Whether it takes place in a call.
    #[serde(default)]
    call: bool,
    /// What happens before it is stored.
    steps: Vec<Step>,
    /// What happens to it after it is read back.
    then: Vec<Step>,
}

/// What a stored session must decode to, and what comes next.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Expected {
    /// [`Session::to_json`].
    session: Json,
    /// The effect it waits for.
    pending: Json,
    /// What happens after it is read back.
    then: Vec<Told>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Told {
    step: Step,
    events: Vec<String>,
    status: SessionStatus,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Step {
    /// A message with this text comes.
    Said(String),
    /// Something else happens.
    Event(Box<Event>),
    /// The effect is answered.
    Result(Box<EffectResult>),
    /// The effect is answered, but the flow is no more.
    ResultFlowGone(Box<EffectResult>),
    /// The open runs are interrupted.
    Interrupt,
    /// The flow had another name when the run began.
    Rename(SmolStr),
}

/// Plays a shape. Returns the bytes to store and what to expect of them.
pub fn make(shape: &Shape) -> (Vec<u8>, Expected) {
    let stage = Stage::new();
    let mut contact = stage.contact.clone();
    let call = shape.call.then_some(&stage.call);
    let mut session = stage.engine().start(&mut contact, shape.trigger.clone(), call).unwrap().session;
    for step in &shape.steps {
        session = match step {
            Step::Interrupt => interrupted(session),
            Step::Rename(name) => renamed(session, name),
            step => go_on(session, step).session,
        };
    }
    let bytes = session.encode();
    let expected = tell(&bytes, &shape.then);
    (bytes, expected)
}

/// Whether a stored session is what it was.
pub fn check(name: &str, bytes: &[u8], expected: &Expected) {
    let steps: Vec<Step> = expected.then.iter().map(|told| told.step.clone()).collect();
    let found = tell(bytes, &steps);
    assert_eq!(found.session, expected.session, "{name}");
    assert_eq!(found.pending, expected.pending, "{name}");
    assert_eq!(found.then, expected.then, "{name}");
}

fn tell(bytes: &[u8], steps: &[Step]) -> Expected {
    let stage = Stage::new();
    let read = || Session::decode(bytes, &stage.assets).unwrap();
    let (stored, mut session) = (read(), read());
    let mut then = Vec::new();
    for step in steps {
        let sprint = go_on(session, step);
        then.push(Told { step: step.clone(), events: told(&sprint), status: sprint.session.status });
        session = sprint.session;
    }
    Expected { session: stored.to_json(), pending: json!(stored.pending), then }
}

/// One step, on a session that has been stored and read back.
fn go_on(session: Session, step: &Step) -> Sprint {
    let stage = if matches!(step, Step::ResultFlowGone(_)) { Stage::without_flows() } else { Stage::new() };
    let session = Session::decode(&session.encode(), &stage.assets).unwrap();
    let mut contact = stage.contact.clone();
    let engine = stage.engine();
    match step {
        Step::Said(text) => engine.resume(session, &mut contact, said(text)).unwrap(),
        Step::Event(event) => {
            let resume = Resume::from_event(event.as_ref().clone()).unwrap();
            engine.resume(session, &mut contact, resume).unwrap()
        }
        Step::Result(result) | Step::ResultFlowGone(result) => {
            engine.complete(session, &mut contact, result.as_ref().clone()).unwrap()
        }
        Step::Interrupt | Step::Rename(_) => panic!("{step:?} happens only before storing"),
    }
}

fn interrupted(mut session: Session) -> Session {
    session.status = SessionStatus::Completed;
    for run in session.runs.iter_mut().filter(|run| run.exited_on.is_none()) {
        run.status = RunStatus::Interrupted;
        run.exited_on = Some(run.modified_on);
    }
    session
}

fn renamed(mut session: Session, name: &SmolStr) -> Session {
    for run in &mut session.runs {
        run.flow.name = name.clone();
    }
    session
}
