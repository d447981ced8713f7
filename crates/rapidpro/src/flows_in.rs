//! Flows with their revisions. The source keeps the identifiers, the name and the times of a flow beside its definition,
//! and what stands there holds.

use std::sync::Arc;

use domain::{FlowId, FlowUuid};
use flows::{Definition, FlowType, Program, legacy::Origin, migrations};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use smol_str::SmolStr;
use store::{DefinitionChange, FlowRow, RevisionRow};
use uuid::Uuid;

use crate::{
    MigrateError,
    migration::{FlowHere, Migration},
};

#[derive(Deserialize)]
struct Flow {
    id: i64,
    uuid: Uuid,
    name: SmolStr,
    flow_type: String,
    is_system: bool,
    is_archived: bool,
    is_active: bool,
    ignore_triggers: bool,
    expires_after_minutes: i64,
    base_language: SmolStr,
    created_on: Timestamp,
    saved_on: Timestamp,
}

#[derive(Deserialize)]
struct Revision {
    revision: i64,
    definition: String,
    created_on: Timestamp,
}

const FLOWS: &str = "SELECT id, uuid, name, flow_type, is_system, is_archived, is_active, ignore_triggers,
    expires_after_minutes, base_language, created_on, saved_on FROM flows_flow WHERE org_id = $1 ORDER BY id";
const REVISIONS: &str = "SELECT revision, definition, created_on FROM flows_flowrevision
    WHERE flow_id = $1 ORDER BY revision";

fn flow_type(letter: &str) -> FlowType {
    match letter {
        "B" => FlowType::MessagingBackground,
        "V" => FlowType::Voice,
        "S" | "U" => FlowType::MessagingOffline,
        _ => FlowType::Messaging,
    }
}

impl Flow {
    /// What stands beside the definition, put into it.
    fn settle(&self, definition: &mut Value, revision: i64) {
        let Some(members) = definition.as_object_mut() else { return };
        members.insert("uuid".into(), json!(self.uuid));
        members.insert("name".into(), json!(self.name));
        members.insert("revision".into(), json!(revision));
        members.insert("expire_after_minutes".into(), json!(self.expires_after_minutes));
        members.insert("type".into(), json!(flow_type(&self.flow_type).name()));
    }

    /// A flow of action sets and rule sets says who it is in its metadata.
    fn settle_old(&self, definition: &mut Value) {
        let Some(members) = definition.as_object_mut() else { return };
        let metadata = members.entry("metadata").or_insert_with(|| json!({}));
        if let Some(metadata) = metadata.as_object_mut() {
            metadata.insert("uuid".into(), json!(self.uuid));
            metadata.insert("name".into(), json!(self.name));
            metadata.insert("expires".into(), json!(self.expires_after_minutes));
        }
    }

    /// The definition in our specification.
    fn read(&self, text: &str, revision: i64, draw: &mut dyn FnMut() -> Uuid) -> Result<Definition, String> {
        let mut definition: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let version = migrations::version_in(&definition).map_err(|error| error.to_string())?;
        if version.major < 13 {
            self.settle_old(&mut definition);
            let old = Definition::read_from(&definition, &mut Origin::default(), draw);
            let old = old.map_err(|error| error.to_string())?;
            definition = serde_json::from_str(old.json()).map_err(|error| error.to_string())?;
        }
        self.settle(&mut definition, revision);
        Definition::read_value(&definition, draw).map_err(|error| error.to_string())
    }

    /// A flow that was never given any words.
    fn empty(&self, draw: &mut dyn FnMut() -> Uuid) -> Result<Definition, String> {
        let definition = json!({"spec_version": "13.2.0", "language": self.base_language, "nodes": []});
        self.read(&definition.to_string(), 1, draw)
    }
}

impl Migration<'_> {
    /// All flows that people made. Those of the system say the messages of campaigns, which are brought as such.
    pub fn flows(&mut self) -> Result<(), MigrateError> {
        let rows: Vec<Flow> = self.source.rows("a flow", FLOWS, &[self.org.id])?;
        self.count("flows").there = rows.len() as u64;
        for row in rows {
            if !row.is_active {
                self.count("flows").leave("deleted there");
            } else if row.is_system {
                self.count("flows").leave("says one message of a campaign, which says it itself here");
            } else {
                self.flow(&row)?;
            }
        }
        Ok(())
    }

    fn flow(&mut self, flow: &Flow) -> Result<(), MigrateError> {
        let host = self.sink.host().clone();
        let mut draw = || host.uuid_v4();
        let revisions: Vec<Revision> = self.source.rows("a revision", REVISIONS, &[flow.id])?;
        self.count("flow revisions").there += revisions.len() as u64;
        let mut read = Vec::with_capacity(revisions.len());
        for row in &revisions {
            match flow.read(&row.definition, row.revision, &mut draw) {
                Ok(definition) => read.push((row.revision, row.created_on, definition)),
                Err(reason) => {
                    self.note(format!(
                        "revision {} of flow {:?} cannot be read: {reason}",
                        row.revision, flow.name
                    ));
                    self.count("flow revisions").leave("it cannot be read; see the notes");
                }
            }
        }
        if revisions.is_empty() {
            match flow.empty(&mut draw) {
                Ok(definition) => read.push((1, flow.created_on, definition)),
                Err(reason) => self.note(format!("flow {:?} has no definition: {reason}", flow.name)),
            }
        }
        let Some((revision, _, live)) = read.last() else {
            self.count("flows").leave("none of its revisions can be read");
            return Ok(());
        };
        let mut program = Program::compile(live, flows::vocabulary::library());
        (program.uuid, program.name) = (FlowUuid(flow.uuid), flow.name.clone());
        program.revision = u32::try_from(*revision).unwrap_or_default();
        let id = FlowId(self.here(flow.id));
        let here =
            FlowHere { id: id.0, uuid: flow.uuid, name: flow.name.clone(), program: Some(Arc::new(program)) };
        self.flows.insert(flow.id, here);
        let is_new = !self.before.as_ref().is_some_and(|before| before.flows.iter().any(|row| row.id == id));
        let kind = if flow.is_archived { "archived" } else { flow_type(&flow.flow_type).name() };
        self.count("flows").kind(kind);
        self.count("flows").take(is_new);
        for _ in 0..read.len().min(revisions.len()) {
            self.count("flow revisions").take(is_new);
        }
        if is_new {
            self.define_flow(flow, id, read);
        }
        Ok(())
    }

    fn define_flow(&mut self, flow: &Flow, id: FlowId, read: Vec<(i64, Timestamp, Definition)>) {
        self.define(DefinitionChange::Flow(FlowRow {
            id,
            uuid: FlowUuid(flow.uuid),
            name: flow.name.clone(),
            flow_type: flow_type(&flow.flow_type).name().into(),
            expire_after_minutes: flow.expires_after_minutes,
            ignore_triggers: flow.ignore_triggers,
            revision: read.last().map_or(1, |(revision, ..)| *revision),
            archived: flow.is_archived,
            created_on: flow.created_on,
            modified_on: flow.saved_on,
        }));
        for (revision, created_on, definition) in read {
            let definition = definition.json().clone();
            self.define(DefinitionChange::Revision(RevisionRow {
                flow: id,
                revision,
                definition,
                created_on,
            }));
        }
    }
}
