//! Conversations out of choices, and what must hold after each sprint: limits are kept, the session survives being
//! stored, and the stored one goes on as the one that was not.

use domain::Contact;
use flows::effect::{AirtimeSent, HttpAnswer};
use flows::events::{CallReceived, Dial, DialEnded, DialStatus, FlowRef, MsgIn, MsgReceived};
use flows::session::{RunStatus, SessionStatus};
use flows::{
    Assets, Definition, Effect, EffectResult, Engine, Event, EventKind, Limits, Program, Resume, Session,
    Sprint, Trigger, TriggerKind,
};
use jiff::Timestamp;
use serde_json::json;

use crate::world::{self, Ticking};
use crate::{Choices, flow};

/// Inputs of a conversation.
const MAX_INPUTS: usize = 24;
/// Flows of a conversation.
const MAX_FLOWS: usize = 3;
/// Events of a sprint: at most so many for each action and node of its steps, and for ending the runs.
const MAX_EVENTS: usize = 20_000;

const ANSWERS: [&str; 12] = [
    "yes",
    "no thanks",
    "12",
    "I have 7 beds",
    "",
    "01-02-2024 10:30",
    "0712 345 678",
    "nomsa@example.org",
    "é🛏",
    "\"quoted\" \\ and (more",
    "1e400",
    "-0.000",
];
const BODIES: [&str; 6] =
    ["", "{\"name\": \"Gugu\", \"a\": [1, {\"b\": null}]}", "12.50", "not json", "{", "[[[[[]]]]]"];

/// Plays a conversation and checks every step of it.
pub fn play(choices: &mut Choices<'_>) {
    let count = 1 + choices.below(MAX_FLOWS);
    let programs: Vec<Program> =
        (0..count).map(|number| compile(&flow::make(choices, number, count))).collect();
    let assets = world::assets_with(programs);
    let mut stage = Stage { assets: &assets, host: Ticking::default(), contact: world::contact() };
    let Some(mut session) = stage.start(choices) else { return };
    for _ in 0..MAX_INPUTS {
        if choices.is_empty() || matches!(session.status, SessionStatus::Completed | SessionStatus::Failed) {
            break;
        }
        match stage.step(choices, session) {
            Some(next) => session = next,
            None => return,
        }
    }
}

/// Goes on with a session that came from anywhere, in every way there is.
pub fn go_on_with_anything(session: &Session) {
    let assets = world::assets();
    let bytes = session.encode();
    for kind in
        [said("yes"), EventKind::WaitTimedOut {}, EventKind::WaitExpired {}, dialled(DialStatus::Busy)]
    {
        let Ok(session) = Session::decode(&bytes, assets) else { return };
        let stage = Stage { assets, host: Ticking::default(), contact: whose(&session) };
        let mut contact = stage.contact.clone();
        if let Ok(sprint) = stage.engine(&stage.host).resume(session, &mut contact, resume(kind)) {
            survives(&sprint.session, assets);
        }
    }
    let pending = session.pending.as_ref();
    if let Some(result) = pending.map(|pending| answer(&mut Choices::new(&[1, 1, 1]), &pending.effect)) {
        let Ok(session) = Session::decode(&bytes, assets) else { return };
        let stage = Stage { assets, host: Ticking::default(), contact: whose(&session) };
        let mut contact = stage.contact.clone();
        if let Ok(sprint) = stage.engine(&stage.host).complete(session, &mut contact, result) {
            survives(&sprint.session, assets);
        }
    }
}

fn whose(session: &Session) -> Contact {
    let mut contact = world::contact();
    contact.uuid = session.contact;
    contact
}

fn compile(json: &serde_json::Value) -> Program {
    let definition = Definition::read_value(json, &mut world::counting());
    let definition =
        definition.unwrap_or_else(|error| panic!("a flow that was made is valid: {error}\n{json}"));
    Program::compile(&definition, flows::vocabulary::library())
}

/// Where a conversation plays, as it is before the next step.
struct Stage<'a> {
    assets: &'a Assets,
    host: Ticking,
    contact: Contact,
}

impl Stage<'_> {
    fn engine<'e>(&'e self, host: &'e Ticking) -> Engine<'e> {
        Engine::new(self.assets, env(), host)
    }

    fn start(&mut self, choices: &mut Choices<'_>) -> Option<Session> {
        let trigger = trigger(choices);
        let call = world::call();
        let in_call = self.assets.flow(trigger.flow.uuid)?.flow_type == flows::FlowType::Voice;
        let mut contact = self.contact.clone();
        let sprint = self.engine(&self.host).start(&mut contact, trigger, in_call.then_some(&call));
        let sprint = sprint.expect("the flow is there");
        check(&sprint, self.assets);
        self.contact = contact;
        Some(sprint.session)
    }

    /// One input, given to the session as it is and as it is read back: both must do the same.
    fn step(&mut self, choices: &mut Choices<'_>, session: Session) -> Option<Session> {
        let stored = Session::decode(&session.encode(), self.assets).expect("what is written can be read");
        let (host, mut contact, mut other) = (self.host.clone(), self.contact.clone(), self.contact.clone());
        let (live, read) = match &session.pending {
            Some(pending) => {
                let result = answer(choices, &pending.effect);
                let live = self.engine(&self.host).complete(session, &mut contact, result.clone());
                (live, self.engine(&host).complete(stored, &mut other, result))
            }
            None => {
                let resume = input(choices);
                let live = self.engine(&self.host).resume(session, &mut contact, resume.clone());
                (live, self.engine(&host).resume(stored, &mut other, resume))
            }
        };
        let sprint = match (live, read) {
            (Ok(live), Ok(read)) => {
                assert_eq!(
                    json!(live.events),
                    json!(read.events),
                    "a stored session goes on as one that was not"
                );
                assert_eq!(live.session.encode(), read.session.encode());
                assert_eq!(contact, other);
                live
            }
            (Err(live), Err(read)) => {
                assert_eq!(live.reason, read.reason);
                return Some(*live.session);
            }
            (live, read) => panic!("one goes on and one does not: {:?} {:?}", live.err(), read.err()),
        };
        check(&sprint, self.assets);
        self.contact = contact;
        Some(sprint.session)
    }
}

fn env() -> &'static expressions::Environment {
    static ENV: std::sync::LazyLock<expressions::Environment> = std::sync::LazyLock::new(world::environment);
    &ENV
}

/// What holds after every sprint.
fn check(sprint: &Sprint, assets: &Assets) {
    let (session, limits) = (&sprint.session, Limits::default());
    assert!(sprint.events.len() <= MAX_EVENTS, "{} events", sprint.events.len());
    // The step that would be too many is on its way when the sprint is ended.
    assert!(sprint.segments.len() <= limits.steps_per_sprint + 1);
    assert!(session.runs.len() <= limits.runs_per_session);
    assert_eq!(session.pending.is_some(), sprint.effect.is_some());
    for run in &session.runs {
        for result in run.results.values() {
            assert!(result.value.chars().count() <= limits.result_chars);
        }
        for local in run.locals.values() {
            assert!(local.chars().count() <= limits.template_chars);
        }
    }
    let waiting = session.runs.iter().filter(|run| run.status == RunStatus::Waiting).count();
    match session.status {
        SessionStatus::Waiting => assert_eq!((waiting, sprint.wait.is_some()), (1, true)),
        SessionStatus::Active => assert_eq!((waiting, session.pending.is_some()), (0, true)),
        SessionStatus::Completed | SessionStatus::Failed => {
            assert!(
                session.runs.iter().all(|run| run.exited_on.is_some()),
                "an ended session has no open run"
            );
        }
    }
    survives(session, assets);
}

/// A session is the same after it was stored.
fn survives(session: &Session, assets: &Assets) {
    let bytes = session.encode();
    let pinned =
        |run: &flows::session::Run| run.program.as_ref().is_none_or(|p| p.revision == run.flow.revision);
    if !session.runs.iter().all(pinned) {
        // Where the revision is lost only the current node means the same in the one at hand: earlier steps go.
        let once = Session::decode(&bytes, assets).expect("what is written can be read").encode();
        let twice = Session::decode(&once, assets).expect("what is written can be read").encode();
        assert_eq!(once, twice, "and is written the same again");
        return;
    }
    let read = Session::decode(&bytes, assets).expect("what is written can be read");
    assert_eq!(read.encode(), bytes, "what is written is written the same again");
    assert_eq!(read.to_json(), session.to_json(), "a session is the same after it was stored");
    assert_eq!(read.pending, session.pending);
}

fn event(kind: EventKind) -> Event {
    Event::new(Default::default(), Timestamp::UNIX_EPOCH, kind)
}

fn resume(kind: EventKind) -> Resume {
    Resume::from_event(event(kind)).expect("one of the four kinds")
}

fn said(text: &str) -> EventKind {
    let msg = MsgIn { text: text.into(), urn: "tel:+27821234567".parse().ok(), ..MsgIn::default() };
    EventKind::MsgReceived(MsgReceived { msg, ticket_uuid: None })
}

fn dialled(status: DialStatus) -> EventKind {
    EventKind::DialEnded(DialEnded { dial: Dial { status, duration: 30 } })
}

fn spoken(choices: &mut Choices<'_>) -> EventKind {
    let text = if choices.once_in(3) { choices.text(80) } else { (*choices.one(&ANSWERS)).to_owned() };
    let mut kind = said(&text);
    if let EventKind::MsgReceived(received) = &mut kind
        && choices.once_in(4)
    {
        received.msg.attachments = vec![choices.text(40).into()];
        received.msg.external_id = Some("EX1".into());
        received.msg.payload = Some(Box::new(json!({"button": choices.text(20)})));
    }
    kind
}

fn input(choices: &mut Choices<'_>) -> Resume {
    let statuses = [DialStatus::Answered, DialStatus::NoAnswer, DialStatus::Busy, DialStatus::Failed];
    resume(match choices.below(8) {
        1 => EventKind::WaitTimedOut {},
        2 => EventKind::WaitExpired {},
        3 | 4 => dialled(*choices.one(&statuses)),
        _ => spoken(choices),
    })
}

fn trigger(choices: &mut Choices<'_>) -> Trigger {
    let reference = FlowRef { uuid: flow::id(0).parse().expect("an identifier"), name: "".into() };
    let at = Timestamp::UNIX_EPOCH;
    let mut trigger = match choices.below(4) {
        1 => Trigger::msg(reference, event(spoken(choices)), None),
        2 => Trigger::new(
            reference,
            at,
            TriggerKind::Call {
                event: Box::new(event(EventKind::CallReceived(CallReceived { call: world::call() }))),
            },
        ),
        3 => {
            let summary = json!({"uuid": flow::id(700), "flow": {"uuid": flow::id(1), "name": "Parent"},
                "contact": {"uuid": flow::id(701), "name": "Thabo"}, "status": "active", "results": {"r1": {"name": "r1",
                "value": choices.text(20), "category": "", "node_uuid": flow::id(702), "created_on": at}}});
            Trigger::new(reference, at, TriggerKind::FlowAction { run_summary: summary.into() })
        }
        _ => Trigger::manual(reference, at),
    };
    if choices.once_in(3) {
        trigger.params = Some(std::sync::Arc::new(json!({"a": {"b": choices.text(40)}})));
    }
    trigger
}

fn http(choices: &mut Choices<'_>) -> HttpAnswer {
    let body = if choices.once_in(3) { choices.text(200) } else { (*choices.one(&BODIES)).to_owned() };
    HttpAnswer {
        status: *choices.one(&[Some(200), Some(404), Some(410), None]),
        headers: indexmap::IndexMap::from([("X-A".into(), choices.text(20))]),
        body: body.into_bytes(),
        too_large: choices.once_in(8),
        request_trace: "GET / HTTP/1.1\r\n\r\n".into(),
        response_trace: choices.once_in(2).then(|| "HTTP/1.1 200 OK\r\n\r\n".into()),
        ..HttpAnswer::default()
    }
}

fn answer(choices: &mut Choices<'_>, effect: &Effect) -> EffectResult {
    let fails = choices.once_in(3);
    let why = || "it is closed".to_owned();
    match effect {
        Effect::Webhook { .. } => EffectResult::Webhook { answer: http(choices) },
        Effect::Resthook { requests, .. } => {
            // A careless caller may answer too few.
            let count = if fails { 0 } else { requests.len() };
            EffectResult::Resthook { answers: (0..count).map(|_| http(choices)).collect() }
        }
        Effect::Llm { .. } => {
            let output = if fails { Err(why()) } else { Ok(choices.text(100)) };
            EffectResult::Llm { output, tokens: Default::default(), elapsed_ms: 3 }
        }
        Effect::Airtime { .. } => {
            let sent = AirtimeSent { external_id: "A1".into(), currency: "KES".into(), amount: 5.into() };
            EffectResult::Airtime {
                transfer: if fails { Err(why()) } else { Ok(sent) },
                http_logs: Vec::new(),
            }
        }
        Effect::Email { .. } => EffectResult::Email { error: fails.then(why) },
        Effect::ClaimUrn { .. } => EffectResult::UrnClaimed { free: !fails },
    }
}
