//! `@parent` and `@child`: the runs next to this one, and the run of another contact that started it.

use std::sync::Arc;

use domain::Contact;
use expressions::value::Property;
use expressions::{Object, Value};
use indexmap::IndexMap;
use smol_str::{SmolStr, format_smolstr};

use super::results::{result_at, results_object};
use super::run::flow_value;
use super::{Context, id};
use crate::{
    contact_json,
    events::FlowRevisionRef,
    session::{Run, RunResult, RunStatus},
    trigger::TriggerKind,
};

/// What is known of a related run, wherever it comes from.
struct Related<'r> {
    uuid: Value,
    contact: &'r Contact,
    flow: FlowRevisionRef,
    results: &'r IndexMap<SmolStr, RunResult>,
    status: RunStatus,
}

impl Context<'_> {
    /// The run that this one's flow entered last.
    fn child(&self) -> Option<&Run> {
        let parent = u32::try_from(self.run?).ok()?;
        self.session.runs.iter().rev().find(|run| run.parent == Some(parent))
    }

    pub(super) fn child_value(&self) -> Value {
        self.child().map_or(Value::Null, |run| self.run_related(run))
    }

    pub(super) fn child_path(&self, path: &[SmolStr]) -> Option<Value> {
        let child = self.child()?;
        match path {
            [key] if key == "status" => Some(Value::Text(SmolStr::new_static(child.status.name()))),
            [key, rest @ ..] if key == "results" && !rest.is_empty() => result_at(&child.results, rest),
            _ => None,
        }
    }

    pub(super) fn parent_value(&self) -> Value {
        let Some(run) = self.run() else { return Value::Null };
        if let Some(parent) = run.parent.and_then(|index| self.session.runs.get(index as usize)) {
            return self.run_related(parent);
        }
        let Some(trigger) = self.session.trigger.get() else { return Value::Null };
        match &trigger.kind {
            TriggerKind::FlowAction { run_summary } => self.summary_related(run_summary),
            TriggerKind::Manual { .. }
            | TriggerKind::Msg { .. }
            | TriggerKind::Call { .. }
            | TriggerKind::Campaign { .. }
            | TriggerKind::Chat { .. }
            | TriggerKind::Ticket { .. }
            | TriggerKind::Channel { .. } => Value::Null,
        }
    }

    fn run_related(&self, run: &Run) -> Value {
        self.related_value(&Related {
            uuid: id(run.uuid),
            contact: self.contact,
            flow: run.flow.clone(),
            results: &run.results,
            status: run.status,
        })
    }

    fn summary_related(&self, summary: &Arc<serde_json::Value>) -> Value {
        let Some(summary) = contact_json::read_run_summary(summary) else { return Value::Null };
        let Some(contact) = &summary.contact else { return Value::Null };
        let mut flow = summary.flow;
        if let Some(known) = self.assets.flow(flow.uuid) {
            flow.name = known.name.clone();
        }
        self.related_value(&Related {
            uuid: Value::Text(summary.uuid),
            contact,
            flow,
            results: &summary.results,
            status: summary.status,
        })
    }

    fn related_value(&self, related: &Related<'_>) -> Value {
        let label = format_smolstr!("{}@{}", self.contact_label(related.contact), related.flow.name);
        let status = Value::Text(SmolStr::new_static(related.status.name()));
        let mut run = Object::new();
        run.properties.insert(
            "status".into(),
            Property {
                value: status.clone(),
                deprecated: Some("@child.run.status is deprecated, use @child.status instead".into()),
            },
        );
        Value::object(
            Object::new()
                .with_default(label)
                .with("uuid", related.uuid.clone())
                .with("contact", self.contact_value(related.contact))
                .with("flow", flow_value(&related.flow))
                .with("fields", self.fields_value(related.contact))
                .with("urns", self.urns_value(related.contact))
                .with("results", results_object(related.results))
                .with("run", Value::object(run))
                .with("status", status),
        )
    }
}
