//! One contact talking to flows in memory: what `flow run` and `flow test` need of a node.

mod outside;
mod setting;
mod stage;
mod workspace;

use std::collections::BTreeMap;

use anyhow::{anyhow, bail};
use domain::field::MAX_VALUE_CHARS;
use domain::{Contact, ContactId, ContactStatus, ContactUrn, ContactUuid, EventUuid, FieldValue, Reference};
use expressions::{Environment, Evaluation, Template, template::MAX_TEMPLATE_CHARS};
use flows::definition::FlowType;
use flows::engine::{Wait, WaitKind};
use flows::events::{CallRef, Dial, DialEnded, DialStatus, MsgIn, MsgReceived};
use flows::program::TOP_LEVELS;
use flows::session::{RunStatus, SessionStatus};
use flows::vocabulary::library;
use flows::{Assets, Definition, Engine, Event, EventKind, Host, Resume, Session, Sprint, Trigger};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use smol_str::SmolStr;

use super::file::FlowFile;
pub use outside::NOT_CALLED;
pub use setting::Setting;
use stage::Stage;

/// The number of the person, unless the setting says another address.
const PERSON: &str = "tel:+256799000001";
/// Most services that a flow may call between two answers.
const MAX_EFFECTS: usize = 200;
/// Most waits whose time is up while a stretch of time passes.
const MAX_DUE: usize = 1000;

/// A contact, what flows may name, and the session between two messages.
pub struct Rehearsal {
    assets: Assets,
    environment: Environment,
    stage: Stage,
    setting: Setting,
    contact: Contact,
    session: Option<Session>,
    resume: Option<Resume>,
    wait: Option<Wait>,
    /// The moment at which the present wait began.
    waits_since: Timestamp,
    /// Whether services that got no answer are named on the standard error.
    pub is_loud: bool,
}

impl Rehearsal {
    /// Everything that a file holds, and one contact.
    pub fn new(file: &FlowFile, setting: Setting) -> anyhow::Result<Self> {
        let stage = Stage::new(setting.moment()?, setting.random);
        let urn = ContactUrn { urn: setting.urn.as_deref().unwrap_or(PERSON).parse()?, channel: None };
        let assets = workspace::assets(file, &setting, &urn.urn.scheme);
        let allowed_languages = match setting.languages.as_slice() {
            [] => workspace::languages(file),
            given => given.to_vec(),
        };
        let environment = Environment {
            date_format: setting.dates,
            time_format: setting.times,
            timezone: setting.zone.clone(),
            default_country: setting.country.clone(),
            redaction: setting.redaction,
            allowed_languages,
            ..Environment::default()
        };
        let contact = contact(&setting, &assets, &environment, &stage, urn)?;
        Ok(Self {
            assets,
            environment,
            waits_since: stage.moment(),
            stage,
            setting,
            contact,
            session: None,
            resume: None,
            wait: None,
            is_loud: false,
        })
    }

    /// Starts a flow as a person in the console would, or with the message that the contact wrote.
    pub fn start(&mut self, definition: &Definition, message: Option<MsgIn>) -> anyhow::Result<Vec<Event>> {
        let flow = Reference { uuid: definition.uuid, name: definition.name.clone() };
        let now = self.stage.moment();
        let trigger = match message {
            Some(msg) => Trigger::msg(flow, self.event(received(self.addressed(msg))), None),
            None => Trigger::manual(flow, now),
        };
        let call = (definition.flow_type == FlowType::Voice).then(|| self.call());
        let engine = Engine::new(&self.assets, &self.environment, &self.stage);
        let sprint = engine.start(&mut self.contact, trigger, call.as_ref())?;
        self.finish(sprint)
    }

    /// The contact writes, presses keys, or leaves a recording.
    pub fn write(&mut self, msg: MsgIn) -> anyhow::Result<Vec<Event>> {
        let msg = self.addressed(self.chosen(msg));
        self.resume(received(msg))
    }

    /// The wait's time is up.
    pub fn time_out(&mut self) -> anyhow::Result<Vec<Event>> {
        let wait = self.wait.ok_or_else(not_waiting)?;
        let Some(seconds) = wait.timeout_seconds else {
            bail!("the flow does not limit the time of this wait")
        };
        self.move_to(after(self.waits_since, i64::from(seconds)));
        self.resume(EventKind::WaitTimedOut {})
    }

    /// The conversation expires.
    pub fn expire(&mut self) -> anyhow::Result<Vec<Event>> {
        let wait = self.wait.ok_or_else(not_waiting)?;
        self.move_to(wait.expires_on);
        self.resume(EventKind::WaitExpired {})
    }

    /// Time passes, and with it what is due on the way.
    pub fn pass(&mut self, time: SignedDuration) -> anyhow::Result<Vec<Event>> {
        let end = self.stage.moment().saturating_add(time).unwrap_or(Timestamp::MAX);
        let mut events = Vec::new();
        let mut count = 0;
        while let Some(wait) = self.wait {
            count += 1;
            if count > MAX_DUE {
                bail!("more than {MAX_DUE} waits came to their end in that time");
            }
            let times_out = wait.timeout_seconds.map(|seconds| after(self.waits_since, i64::from(seconds)));
            let due = match times_out {
                Some(moment) if moment <= end && moment <= wait.expires_on => self.time_out()?,
                Some(_) | None if wait.expires_on <= end => self.expire()?,
                Some(_) | None => break,
            };
            events.extend(due);
        }
        self.move_to(end);
        Ok(events)
    }

    /// The dialled call ends.
    pub fn dial(&mut self, status: DialStatus, duration: u32) -> anyhow::Result<Vec<Event>> {
        self.stage.pass(SignedDuration::from_secs(i64::from(duration)));
        self.resume(EventKind::DialEnded(DialEnded { dial: Dial { status, duration } }))
    }

    /// What the flow waits for, if it waits.
    pub fn wait(&self) -> Option<WaitKind> {
        self.wait.map(|wait| wait.kind)
    }

    /// Whether the flow could not go on.
    pub fn has_failed(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.status == SessionStatus::Failed)
    }

    /// The clock.
    pub fn moment(&self) -> Timestamp {
        self.stage.moment()
    }

    /// Keys and values of the results so far, of the flow that was started.
    pub fn results(&self) -> Vec<(SmolStr, SmolStr)> {
        let run = self.session.as_ref().and_then(|session| session.runs.first());
        let results = run.into_iter().flat_map(|run| run.results.iter());
        results.map(|(key, result)| (key.clone(), result.value.clone())).collect()
    }

    /// A template as the flow sees it just now: as the run that waits, else as the flow that was started.
    ///
    /// # Errors
    /// What is wrong with the template.
    pub fn look(&self, template: &str) -> anyhow::Result<String> {
        let session = self.session.as_ref().ok_or_else(|| anyhow!("no flow has been started"))?;
        let run = session.runs.iter().rposition(|run| run.status == RunStatus::Waiting).unwrap_or(0);
        let engine = Engine::new(&self.assets, &self.environment, &self.stage);
        let scope = engine.scope(session, &self.contact, run, self.resume.as_ref());
        let evaluation = Evaluation::new(&self.environment, &scope, &self.stage);
        let rendered =
            Template::compile(template, &TOP_LEVELS, library()).render(&evaluation, MAX_TEMPLATE_CHARS);
        match rendered.errors.first() {
            Some(error) => Err(anyhow!("{error}")),
            None => Ok(rendered.value),
        }
    }

    fn move_to(&self, moment: Timestamp) {
        self.stage.pass(moment.duration_since(self.stage.moment()).max(SignedDuration::ZERO));
    }

    fn event(&self, kind: EventKind) -> Event {
        Event::new(EventUuid(self.stage.uuid_v7()), self.stage.moment(), kind)
    }

    /// A message as it comes in from the contact on the line.
    fn addressed(&self, msg: MsgIn) -> MsgIn {
        let line = self.assets.channels().next();
        MsgIn {
            urn: self.contact.urns.first().map(|urn| urn.urn.clone()),
            channel: line.map(|line| Reference { uuid: line.uuid, name: line.name.clone() }),
            ..msg
        }
    }

    /// A number that is typed where buttons or a list are offered chooses, as a tap on the phone would.
    fn chosen(&self, msg: MsgIn) -> MsgIn {
        let number = msg.text.trim().parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        let offered = self.session.as_ref().map(|session| &session.offered);
        let Some(choice) = number.and_then(|place| offered?.get(place)) else { return msg };
        let payload = Some(Box::new(json!({"id": choice.id, "title": choice.title})));
        MsgIn { text: choice.title.clone(), payload, ..msg }
    }

    /// The call that flows of type voice take place in.
    fn call(&self) -> CallRef {
        let MsgIn { urn, channel, .. } = self.addressed(MsgIn::default());
        CallRef {
            uuid: self.stage.uuid_v7().into(),
            channel: channel.unwrap_or_else(|| Reference { uuid: Default::default(), name: "".into() }),
            urn: urn.unwrap_or_else(|| domain::Urn::new("tel", "")),
        }
    }

    fn resume(&mut self, kind: EventKind) -> anyhow::Result<Vec<Event>> {
        let resume = Resume::from_event(self.event(kind))?;
        if self.wait.is_none() {
            return Err(not_waiting());
        }
        let session = self.session.take().ok_or_else(not_waiting)?;
        let engine = Engine::new(&self.assets, &self.environment, &self.stage);
        match engine.resume(session, &mut self.contact, resume.clone()) {
            Ok(sprint) => {
                self.resume = Some(resume);
                self.finish(sprint)
            }
            Err(refused) => {
                let reason = refused.reason;
                self.session = Some(*refused.session);
                Err(anyhow!("{reason}"))
            }
        }
    }

    /// Answers what the flow asks of the outside, until it waits or ends.
    fn finish(&mut self, mut sprint: Sprint) -> anyhow::Result<Vec<Event>> {
        let mut events = Vec::new();
        let mut effects = 0;
        while let Some(effect) = sprint.effect.take() {
            effects += 1;
            if effects > MAX_EFFECTS {
                bail!("the flow called more than {MAX_EFFECTS} services without a wait");
            }
            events.append(&mut sprint.events);
            let (answer, is_given) = self.setting.answers.answer(&effect);
            if self.is_loud && !is_given {
                eprintln!("  ({}: {NOT_CALLED})", effect.name());
            }
            let engine = Engine::new(&self.assets, &self.environment, &self.stage);
            let next = engine.complete(sprint.session, &mut self.contact, answer);
            sprint = next.map_err(|error| anyhow!("{error}"))?;
        }
        events.append(&mut sprint.events);
        self.wait = sprint.wait;
        self.waits_since = self.stage.moment();
        self.session = Some(sprint.session);
        Ok(events)
    }
}

fn not_waiting() -> anyhow::Error {
    anyhow!("the flow does not wait")
}

fn after(moment: Timestamp, seconds: i64) -> Timestamp {
    moment.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}

fn received(msg: MsgIn) -> EventKind {
    EventKind::MsgReceived(MsgReceived { msg, ticket_uuid: None })
}

/// The person of the setting.
fn contact(
    setting: &Setting,
    assets: &Assets,
    env: &Environment,
    stage: &Stage,
    urn: ContactUrn,
) -> anyhow::Result<Contact> {
    let mut fields = BTreeMap::new();
    for (key, text) in &setting.fields {
        let named = |name: &str| assets.fields().find(|field| field.name.eq_ignore_ascii_case(name));
        let field = assets.field(key).or_else(|| named(key));
        let field = field.ok_or_else(|| anyhow!("there is no field {key:?}"))?;
        let now = || stage.moment();
        let value = FieldValue::parse(text, field.field_type, env, &now, None, MAX_VALUE_CHARS);
        fields.extend(value.map(|value| (field.key.clone(), value)));
    }
    let mut groups = Vec::new();
    for name in &setting.groups {
        let group = assets.group_named(name).ok_or_else(|| anyhow!("there is no group {name:?}"))?;
        groups.push(group.uuid);
    }
    Ok(Contact {
        uuid: ContactUuid(stage.uuid_v4()),
        id: ContactId(1),
        name: setting.name.clone(),
        language: setting.language.clone(),
        status: ContactStatus::Active,
        timezone: None,
        created_on: stage.moment(),
        last_seen_on: None,
        urns: vec![urn],
        groups,
        fields,
        tickets: Vec::new(),
    })
}
