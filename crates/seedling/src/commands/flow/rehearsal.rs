//! One contact talking to flows in memory: what `flow run` needs of a node.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::anyhow;
use domain::{
    Channel, ChannelRole, ChannelUuid, Contact, ContactId, ContactStatus, ContactUrn, ContactUuid, EventUuid,
    Field, FieldType, FieldUuid, Group, Reference,
};
use expressions::Environment;
use expressions::environment::DateFormat;
use flows::effect::HttpAnswer;
use flows::events::{LlmTokens, MsgIn, MsgReceived};
use flows::{
    Assets, AssetsBuilder, Definition, Effect, EffectResult, Engine, Event, EventKind, Program, Resume,
    Session, Sprint, Trigger,
};
use indexmap::IndexSet;
use jiff::Timestamp;
use serde_json::Value;
use smol_str::SmolStr;
use uuid::Uuid;

use super::file::FlowFile;
use crate::here::Here;
use flows::vocabulary::library;

/// The number of the person in the terminal.
const PERSON: &str = "tel:+256799000001";
/// Why a flow gets no answer from outside here.
const NOT_CALLED: &str = "not called: a rehearsal leaves the outside alone";

/// A contact, what flows may name, and the session between two messages.
pub struct Rehearsal {
    assets: Assets,
    environment: Environment,
    contact: Contact,
    session: Option<Session>,
}

impl Rehearsal {
    /// Everything that a file holds, and one contact with a phone.
    pub fn new(file: &FlowFile) -> anyhow::Result<Self> {
        Ok(Self {
            assets: assets(file),
            environment: Environment {
                date_format: DateFormat::DayMonthYear,
                allowed_languages: languages(file),
                ..Environment::default()
            },
            contact: contact()?,
            session: None,
        })
    }

    /// Starts a flow as a person in the console would.
    pub fn start(&mut self, definition: &Definition) -> anyhow::Result<Vec<Event>> {
        let flow = Reference { uuid: definition.uuid, name: definition.name.clone() };
        let trigger = Trigger::manual(flow, Timestamp::now());
        let engine = Engine::new(&self.assets, &self.environment, &Here);
        let sprint = engine.start(&mut self.contact, trigger, None)?;
        self.finish(sprint)
    }

    /// The person writes.
    pub fn write(&mut self, text: &str) -> anyhow::Result<Vec<Event>> {
        let msg = MsgIn {
            urn: Some(PERSON.parse()?),
            text: SmolStr::new(text),
            channel: self.assets.channels().next().map(|c| Reference { uuid: c.uuid, name: c.name.clone() }),
            ..MsgIn::default()
        };
        self.resume(EventKind::MsgReceived(MsgReceived { msg, ticket_uuid: None }))
    }

    /// The wait's time is up.
    pub fn time_out(&mut self) -> anyhow::Result<Vec<Event>> {
        self.resume(EventKind::WaitTimedOut {})
    }

    /// Whether the flow waits for the person.
    pub fn waits(&self) -> bool {
        self.session.is_some()
    }

    fn resume(&mut self, kind: EventKind) -> anyhow::Result<Vec<Event>> {
        let session = self.session.take().ok_or_else(|| anyhow!("the flow does not wait"))?;
        let created_on = Timestamp::now();
        let event = Event::new(EventUuid(Uuid::now_v7()), created_on, kind);
        let engine = Engine::new(&self.assets, &self.environment, &Here);
        let sprint = engine.resume(session, &mut self.contact, Resume::from_event(event)?);
        let sprint = sprint.map_err(|error| anyhow!("{error}"))?;
        self.finish(sprint)
    }

    /// Answers what the flow asks of the outside, until it waits or ends.
    fn finish(&mut self, mut sprint: Sprint) -> anyhow::Result<Vec<Event>> {
        let mut events = Vec::new();
        while let Some(effect) = sprint.effect.take() {
            events.append(&mut sprint.events);
            eprintln!("  ({}: {NOT_CALLED})", effect.name());
            let engine = Engine::new(&self.assets, &self.environment, &Here);
            let next = engine.complete(sprint.session, &mut self.contact, answer(&effect));
            sprint = next.map_err(|error| anyhow!("{error}"))?;
        }
        events.append(&mut sprint.events);
        self.session = sprint.wait.is_some().then_some(sprint.session);
        Ok(events)
    }
}

/// The outside is silent; an address is always free, because there is nobody else.
fn answer(effect: &Effect) -> EffectResult {
    match effect {
        Effect::Webhook { .. } => EffectResult::Webhook { answer: HttpAnswer::default() },
        Effect::Resthook { requests, .. } => {
            EffectResult::Resthook { answers: requests.iter().map(|_| HttpAnswer::default()).collect() }
        }
        Effect::Llm { .. } => EffectResult::Llm {
            output: Err(NOT_CALLED.to_owned()),
            tokens: LlmTokens::default(),
            elapsed_ms: 0,
        },
        Effect::Airtime { .. } => {
            EffectResult::Airtime { transfer: Err(NOT_CALLED.to_owned()), http_logs: Vec::new() }
        }
        Effect::Email { .. } => EffectResult::Email { error: Some(NOT_CALLED.to_owned()) },
        Effect::ClaimUrn { .. } => EffectResult::UrnClaimed { free: true },
    }
}

/// Every language of the file, those that flows are written in first.
fn languages(file: &FlowFile) -> Vec<SmolStr> {
    let written = file.definitions().map(|definition| &definition.language);
    let translated = file.definitions().flat_map(|definition| definition.localization.0.keys());
    let all: IndexSet<SmolStr> = written.chain(translated).cloned().collect();
    all.into_iter().collect()
}

/// Flows, fields and groups of the file, and a channel for phones. A single definition brings no fields and
/// groups: those that it names are made up, so that it can run.
fn assets(file: &FlowFile) -> Assets {
    let mut builder = AssetsBuilder::new().channel(Channel {
        uuid: ChannelUuid(Uuid::new_v4()),
        name: "Terminal".into(),
        address: "".into(),
        schemes: vec!["tel".into()],
        roles: vec![ChannelRole::Send, ChannelRole::Receive],
        features: Vec::new(),
        country: None,
        match_prefixes: Vec::new(),
        allow_international: true,
    });
    for definition in file.definitions() {
        builder = builder.flow(Arc::new(Program::compile(definition, library())));
    }
    let (mut fields, mut groups) = (BTreeMap::new(), BTreeMap::new());
    for definition in file.definitions().filter(|_| !file.is_export) {
        if let Ok(json) = serde_json::from_str(definition.json()) {
            gather(&json, &mut fields, &mut groups);
        }
    }
    fields.extend(file.fields.iter().filter_map(field).map(|field| (field.key.clone(), field)));
    groups.extend(file.groups.iter().filter_map(group).map(|group| (group.uuid, group)));
    builder = fields.into_values().fold(builder, AssetsBuilder::field);
    groups.into_values().fold(builder, AssetsBuilder::group).build()
}

/// Fields and groups that a definition names.
fn gather(
    value: &Value,
    fields: &mut BTreeMap<SmolStr, Field>,
    groups: &mut BTreeMap<domain::GroupUuid, Group>,
) {
    match value {
        Value::Object(members) => {
            fields.extend(members.get("field").and_then(field).map(|field| (field.key.clone(), field)));
            for named in members.get("groups").and_then(Value::as_array).into_iter().flatten() {
                groups.extend(group(named).map(|group| (group.uuid, group)));
            }
            members.values().for_each(|member| gather(member, fields, groups));
        }
        Value::Array(items) => items.iter().for_each(|item| gather(item, fields, groups)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn field(json: &Value) -> Option<Field> {
    let key = SmolStr::new(json["key"].as_str()?);
    let name = SmolStr::new(json["name"].as_str().unwrap_or(&key));
    let field_type: FieldType = serde_json::from_value(json["type"].clone()).unwrap_or_default();
    Some(Field { uuid: FieldUuid(Uuid::new_v4()), key, name, field_type })
}

fn group(json: &Value) -> Option<Group> {
    let uuid = json["uuid"].as_str()?.parse().ok()?;
    let query = json["query"].as_str().map(SmolStr::new);
    Some(Group { uuid, name: json["name"].as_str().unwrap_or_default().into(), query })
}

fn contact() -> anyhow::Result<Contact> {
    let urn = ContactUrn { urn: PERSON.parse()?, channel: None };
    Ok(Contact {
        uuid: ContactUuid(Uuid::new_v4()),
        id: ContactId(1),
        name: SmolStr::default(),
        language: None,
        status: ContactStatus::Active,
        timezone: None,
        created_on: Timestamp::now(),
        last_seen_on: None,
        urns: vec![urn],
        groups: Vec::new(),
        fields: BTreeMap::new(),
        tickets: Vec::new(),
    })
}
