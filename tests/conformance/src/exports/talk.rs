//! Conversations: recorded once by asking the flow what could be said, and played again on another copy of it.

use domain::{
    Contact, ContactId, ContactStatus, ContactUrn, EventUuid, FieldValue, Reference, Urn,
    field::MAX_VALUE_CHARS,
};
use expressions::{Ambient, Environment};
use flows::{
    Assets, Definition, Effect, EffectResult, Engine, Event, EventKind, Resume, Session, Sprint, Trigger,
    definition::FlowType,
    effect::HttpAnswer,
    events::{CallRef, Dial, DialEnded, FlowRef, LlmTokens, MsgIn, MsgReceived},
    session::SessionStatus,
};
use serde_json::{Value as Json, json};

use super::programme::Programme;
use super::replies::{Reply, most_replies, replies};
use crate::host::TestHost;

/// Most effects that are answered before a flow counts as not coming to a wait or end.
const MAX_EFFECTS: usize = 100;
/// Nodes that one sprint may enter on a live system.
const LIVE_STEPS_PER_SPRINT: usize = 250;
/// Conversations of each flow, beside the one that expires.
const MAX_CONVERSATIONS: usize = 4;
/// Replies in one conversation.
const MAX_REPLIES: usize = 10;
/// The reply of the last conversation in whose place it expires.
const EXPIRES_AT: usize = 1;

/// Who talks, and what was said and done.
pub struct Conversation {
    /// Whether every field of the person has a value.
    known: bool,
    replies: Vec<Reply>,
    /// What each sprint came to.
    pub sprints: Vec<Json>,
}

/// A flow and the person who is in it.
struct Talk<'a> {
    assets: &'a Assets,
    env: Environment,
    host: TestHost,
    contact: Contact,
    session: Option<Session>,
}

/// Talks to a flow in several ways, so that every outcome of a wait is reached if it can be.
pub fn record(programme: &Programme, flow: &Definition) -> Result<Vec<Conversation>, String> {
    let ways = most_replies(flow).clamp(1, MAX_CONVERSATIONS);
    (0..=ways).map(|way| record_one(programme, flow, way, way == ways)).collect()
}

fn record_one(
    programme: &Programme,
    flow: &Definition,
    way: usize,
    expires: bool,
) -> Result<Conversation, String> {
    let known = way % 2 == 1;
    let mut talk = Talk::new(programme, known);
    let mut conversation = Conversation { known, replies: Vec::new(), sprints: vec![talk.start(flow)?] };
    while let Some(node) = talk.waiting_node(programme) {
        let turn = conversation.replies.len();
        if turn == MAX_REPLIES {
            break;
        }
        let choices = replies(node);
        // At every turn another of the outcomes, so that a question that comes again gets another answer.
        let reply = match choices.get((way + turn) % choices.len().max(1)) {
            Some(_) if expires && turn == EXPIRES_AT => Reply::Expiry,
            Some(reply) => reply.clone(),
            None => break,
        };
        conversation.sprints.push(talk.answer(&reply)?);
        conversation.replies.push(reply);
    }
    Ok(conversation)
}

/// Has the same conversation with another copy of the flow; the first difference is the error.
pub fn play(programme: &Programme, flow: &Definition, recorded: &Conversation) -> Result<(), String> {
    let mut talk = Talk::new(programme, recorded.known);
    let mut sprints = vec![talk.start(flow)?];
    for reply in &recorded.replies {
        sprints.push(talk.answer(reply)?);
    }
    for (turn, (before, after)) in recorded.sprints.iter().zip(&sprints).enumerate() {
        if before != after {
            return Err(format!(
                "after {turn} replies: {}",
                crate::testdata::difference("", before, after).unwrap_or_else(|| "another order".to_owned())
            ));
        }
    }
    Ok(())
}

impl<'a> Talk<'a> {
    fn new(programme: &'a Programme, known: bool) -> Self {
        let assets = &programme.assets;
        let contact = if known { known_contact(assets) } else { contact() };
        Self { assets, env: Environment::default(), host: TestHost::still(), contact, session: None }
    }

    fn start(&mut self, flow: &Definition) -> Result<Json, String> {
        let trigger = Trigger::manual(FlowRef { uuid: flow.uuid, name: flow.name.clone() }, self.host.now());
        let call = call(flow);
        let mut contact = self.contact.clone();
        let sprint = self.engine().start(&mut contact, trigger, call.as_ref());
        self.settle(contact, sprint.map_err(|error| error.to_string())?)
    }

    fn answer(&mut self, reply: &Reply) -> Result<Json, String> {
        let Some(session) = self.session.take() else { return Ok(json!("the session does not wait")) };
        let kind = match reply {
            Reply::Text(text) => {
                let urn = self.contact.urns.first().map(|urn| urn.urn.clone());
                let msg = MsgIn { urn, text: text.as_str().into(), ..MsgIn::default() };
                EventKind::MsgReceived(MsgReceived { msg, ticket_uuid: None })
            }
            Reply::Silence => EventKind::WaitTimedOut {},
            Reply::Expiry => EventKind::WaitExpired {},
            Reply::Dial(status) => {
                EventKind::DialEnded(DialEnded { dial: Dial { status: *status, duration: 5 } })
            }
        };
        // As a node does it: the session comes back from its bytes.
        let session = Session::decode(&session.encode(), self.assets)
            .map_err(|error| format!("stored session: {error}"))?;
        let event = Event::new(EventUuid(uuid::Uuid::from_u128(7)), self.host.now(), kind);
        let resume = Resume::from_event(event).map_err(|error| error.to_string())?;
        let mut contact = self.contact.clone();
        let sprint = self.engine().resume(session, &mut contact, resume);
        self.settle(contact, sprint.map_err(|error| error.to_string())?)
    }

    fn engine(&self) -> Engine<'_> {
        let mut engine = Engine::new(self.assets, &self.env, &self.host);
        engine.limits.steps_per_sprint = LIVE_STEPS_PER_SPRINT;
        engine
    }

    /// Answers effects until there is none; gives the events, and the results and states of all runs.
    fn settle(&mut self, mut contact: Contact, mut sprint: Sprint) -> Result<Json, String> {
        let mut events = std::mem::take(&mut sprint.events);
        for _ in 0..MAX_EFFECTS {
            let Some(effect) = &sprint.effect else {
                let done = outcome(&events, &sprint.session);
                self.contact = contact;
                self.session = (sprint.session.status == SessionStatus::Waiting).then_some(sprint.session);
                return Ok(done);
            };
            let result = answer(effect);
            sprint = self
                .engine()
                .complete(sprint.session, &mut contact, result)
                .map_err(|error| error.to_string())?;
            events.append(&mut sprint.events);
        }
        Err(format!("{MAX_EFFECTS} effects did not lead to a wait or end"))
    }

    /// The node at which the session waits.
    fn waiting_node<'p>(&self, programme: &'p Programme) -> Option<&'p flows::definition::Node> {
        let session = self.session.as_ref()?.to_json();
        let run = session["runs"].as_array()?.iter().rev().find(|run| run["status"] == "waiting")?;
        let node = run["path"].as_array()?.last()?["node_uuid"].as_str()?.to_owned();
        let flow = run["flow"]["uuid"].as_str()?;
        let flow = programme.flows.iter().find(|known| known.uuid.to_string() == flow)?;
        flow.nodes.iter().find(|known| known.uuid.to_string() == node)
    }
}

/// What a sprint came to, without the nodes it went through: splitting one in two is no difference.
fn outcome(events: &[Event], session: &Session) -> Json {
    let runs = session.to_json()["runs"].as_array().cloned().unwrap_or_default();
    let runs = runs.iter().map(|run| json!({"status": run["status"], "results": run["results"]}));
    json!({"events": events, "status": session.status, "runs": runs.collect::<Vec<_>>()})
}

/// What a world without network answers.
fn answer(effect: &Effect) -> EffectResult {
    match effect {
        Effect::Webhook { .. } => EffectResult::Webhook { answer: HttpAnswer::default() },
        Effect::Resthook { requests, .. } => {
            EffectResult::Resthook { answers: requests.iter().map(|_| HttpAnswer::default()).collect() }
        }
        Effect::Llm { .. } => EffectResult::Llm {
            output: Err("no model".to_owned()),
            tokens: LlmTokens::default(),
            elapsed_ms: 0,
        },
        Effect::Airtime { .. } => {
            EffectResult::Airtime { transfer: Err("no provider".to_owned()), http_logs: Vec::new() }
        }
        Effect::Email { .. } => EffectResult::Email { error: None },
        Effect::ClaimUrn { .. } => EffectResult::UrnClaimed { free: true },
    }
}

fn contact() -> Contact {
    Contact {
        uuid: Default::default(),
        id: ContactId(1),
        name: "Zodwa".into(),
        language: None,
        status: ContactStatus::Active,
        timezone: None,
        created_on: jiff::Timestamp::UNIX_EPOCH,
        last_seen_on: None,
        urns: vec![ContactUrn { urn: Urn::new("tel", "+27820000000"), channel: None }],
        groups: Vec::new(),
        fields: Default::default(),
        tickets: Vec::new(),
    }
}

/// A contact with the word that most questions of yes or no are answered with in every field.
fn known_contact(assets: &Assets) -> Contact {
    let mut contact = contact();
    for field in assets.fields() {
        let now = || jiff::Timestamp::UNIX_EPOCH;
        let value =
            FieldValue::parse("true", field.field_type, &Environment::default(), &now, None, MAX_VALUE_CHARS);
        contact.fields.extend(value.map(|value| (field.key.clone(), value)));
    }
    contact
}

/// The call that flows of type voice take place in.
fn call(flow: &Definition) -> Option<CallRef> {
    let line = || Reference { uuid: Default::default(), name: "Voice".into() };
    let urn = || Urn::new("tel", "+27820000000");
    (flow.flow_type == FlowType::Voice).then(|| CallRef {
        uuid: Default::default(),
        channel: line(),
        urn: urn(),
    })
}
