//! `@run`, `@node`, `@locals` and `@globals`.

use expressions::{Object, Value};
use smol_str::{SmolStr, format_smolstr};

use super::{Context, id, moment};
use crate::{
    events::FlowRevisionRef,
    program::NodeIx,
    session::{Run, Step},
};

/// A flow as expressions see it.
pub(super) fn flow_value(flow: &FlowRevisionRef) -> Value {
    Value::object(
        Object::new()
            .with_default(flow.name.clone())
            .with("uuid", id(flow.uuid))
            .with("name", flow.name.clone())
            .with("revision", i64::from(flow.revision)),
    )
}

impl Context<'_> {
    pub(super) fn run_value(&self) -> Value {
        let Some(run) = self.run() else { return Value::Null };
        let label = format_smolstr!("{}@{}", self.contact_label(self.contact), run.flow.name);
        let path = run.path.iter().map(|step| step_value(run, step)).collect();
        Value::object(
            Object::new()
                .with_default(label)
                .with("uuid", id(run.uuid))
                .with("contact", self.contact_value(self.contact))
                .with("flow", flow_value(&run.flow))
                .with("status", run.status.name())
                .with("locals", self.locals_value())
                .with("results", self.results_value())
                .with("path", Value::array(path))
                .with("created_on", moment(run.created_on))
                .with("exited_on", run.exited_on.map_or(Value::Null, moment)),
        )
    }

    pub(super) fn node_value(&self) -> Value {
        let Some((run, step)) = self.run().and_then(|run| Some((run, run.path.last()?))) else {
            return Value::Null;
        };
        let Some(program) = &run.program else { return Value::Null };
        let node = program.node(NodeIx(step.node));
        let categories = node.router.iter().flat_map(|router| &router.categories);
        let visits = run.path.iter().filter(|other| other.node == step.node).count();
        Value::object(
            Object::new()
                .with("uuid", id(node.uuid))
                .with(
                    "categories",
                    Value::array(categories.map(|c| Value::Text(c.name.native.clone())).collect()),
                )
                .with("visit_count", i64::try_from(visits).unwrap_or(i64::MAX)),
        )
    }

    pub(super) fn locals_value(&self) -> Value {
        let Some(run) = self.run() else { return Value::Null };
        Value::object(run.locals.iter().map(|(key, value)| (key.clone(), value.clone())).collect())
    }

    pub(super) fn local_path(&self, path: &[SmolStr]) -> Option<Value> {
        match path {
            [key] => self.run()?.locals.get(key).map(|value| Value::Text(value.clone())),
            _ => None,
        }
    }

    /// Every lookup table by name; rows are found when they are asked for.
    pub(super) fn tables_value(&self) -> Value {
        Value::object(self.assets.table_values().map(|(name, value)| (name.clone(), value.clone())).collect())
    }

    /// What a single word means: the local, the result or the field of that name, the first that there is.
    pub(super) fn named(&self, word: &SmolStr) -> Value {
        let path = std::slice::from_ref(word);
        let result = || self.run()?.results.get(word).map(|result| Value::Text(result.value.clone()));
        let found = self.local_path(path).or_else(result).or_else(|| self.field_path(path));
        found.unwrap_or_else(|| Value::error(format!("no local, result or field is named '{word}'")))
    }

    pub(super) fn globals_value(&self) -> Value {
        let mut globals: Vec<_> = self.assets.globals().collect();
        globals.sort_by(|a, b| a.name.cmp(&b.name));
        let lines: Vec<String> = globals.iter().map(|g| format!("{}: {}", g.name, g.value)).collect();
        let object: Object = globals.iter().map(|g| (g.key.clone(), g.value.clone())).collect();
        Value::object(object.with_default(lines.join("\n")))
    }
}

fn step_value(run: &Run, step: &Step) -> Value {
    let node = run.program.as_ref().map(|program| program.node(NodeIx(step.node)).uuid);
    Value::object(
        Object::new()
            .with("node_uuid", node.map_or(Value::Null, id))
            .with("arrived_on", moment(step.arrived_on)),
    )
}
