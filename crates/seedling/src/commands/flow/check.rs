//! `seedling flow check FILE`: what is wrong with flows, before people meet it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use expressions::Template;
use expressions::inspect::mistakes;
use flows::inspect::IssueKind;
use flows::program::{TOP_LEVELS, result_key};
use flows::{Definition, Dependency, DependencyKind};
use serde::Serialize;
use serde_json::Value;

use super::file::FlowFile;
use flows::vocabulary::library;

/// Reads and compiles every flow of a file and lists what is wrong, with the node and the reason.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling flow check export.json
  seedling export --data ./seedling-data | seedling flow check -
  seedling flow check export.json --json | jq 'select(.severity == \"error\")'

Exit status 0 if there is no error; warnings do not count.")]
pub struct Check {
    /// An export or a flow definition, or - for standard input
    file: PathBuf,
    /// One JSON object for each issue: flow, node, severity, reason
    #[arg(long)]
    json: bool,
}

/// How much an issue matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum Severity {
    /// The flow cannot run, or not as written.
    Error,
    /// It can, but somebody should look.
    Warning,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Issue {
    flow: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<String>,
    severity: Severity,
    reason: String,
}

impl Check {
    /// Prints the issues.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let file = FlowFile::read(&self.file)?;
        let issues = issues(&file);
        for issue in &issues {
            if self.json {
                println!("{}", serde_json::to_string(issue)?);
            } else {
                let node = issue.node.as_deref().map_or_else(String::new, |node| format!(", node {node}"));
                let severity = match issue.severity {
                    Severity::Error => "error",
                    Severity::Warning => "warning",
                };
                println!("{severity}: flow {:?}{node}: {}", issue.flow, issue.reason);
            }
        }
        let errors = issues.iter().filter(|issue| issue.severity == Severity::Error).count();
        if !self.json {
            println!("{} flows, {errors} errors, {} warnings", file.flows.len(), issues.len() - errors);
        }
        Ok(if errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// Everything that is wrong with the flows of a file, in their order.
fn issues(file: &FlowFile) -> Vec<Issue> {
    let known = Known::of(file);
    let mut issues = Vec::new();
    for entry in &file.flows {
        match &entry.definition {
            Ok(definition) => {
                let mut found = BTreeSet::new();
                Inspection { definition, known: &known, found: &mut found }.run();
                issues.extend(found);
            }
            Err(error) => issues.push(Issue {
                flow: entry.name.clone(),
                node: error.node().map(|node| node.to_string()),
                severity: Severity::Error,
                reason: error.to_string(),
            }),
        }
    }
    issues
}

/// What the flows of a file may name; empty for a single definition, whose workspace we do not see.
struct Known {
    is_export: bool,
    flows: BTreeSet<String>,
    fields: BTreeSet<String>,
    groups: BTreeSet<String>,
}

impl Known {
    /// Whether a dependency is there. What exports do not carry is taken to be in the workspace.
    fn has(&self, dependency: &Dependency) -> bool {
        let set = match dependency.kind {
            DependencyKind::Flow => &self.flows,
            DependencyKind::Field => &self.fields,
            DependencyKind::Group => &self.groups,
            DependencyKind::Channel
            | DependencyKind::Contact
            | DependencyKind::Global
            | DependencyKind::Label
            | DependencyKind::Llm
            | DependencyKind::Template
            | DependencyKind::Topic
            | DependencyKind::User => return true,
        };
        !self.is_export || set.contains(dependency.id.as_str())
    }

    fn of(file: &FlowFile) -> Self {
        let texts = |values: &[Value], key: &str| {
            values.iter().filter_map(|value| value[key].as_str()).map(str::to_owned).collect()
        };
        Self {
            is_export: file.is_export,
            flows: file.definitions().map(|definition| definition.uuid.to_string()).collect(),
            fields: texts(&file.fields, "key"),
            groups: texts(&file.groups, "uuid"),
        }
    }
}

/// Going through one flow.
struct Inspection<'a> {
    definition: &'a Definition,
    known: &'a Known,
    found: &'a mut BTreeSet<Issue>,
}

impl Inspection<'_> {
    fn run(&mut self) {
        let Ok(json) = serde_json::from_str::<Value>(self.definition.json()) else { return };
        let nodes = json["nodes"].as_array().map(Vec::as_slice).unwrap_or_default();
        let results = result_keys(nodes);
        let mut owners = BTreeMap::new();
        for node in nodes {
            let uuid = node["uuid"].as_str().unwrap_or_default();
            let parts = node["actions"].as_array().into_iter().flatten();
            let router = &node["router"];
            let cases = router["cases"].as_array().into_iter().flatten();
            for action in parts {
                own(&mut owners, uuid, action);
                self.texts(uuid, action, &results);
            }
            self.template(uuid, router["operand"].as_str().unwrap_or_default(), &results);
            for case in cases {
                own(&mut owners, uuid, case);
                self.texts(uuid, &case["arguments"], &results);
            }
        }
        for language in json["localization"].as_object().into_iter().flat_map(|languages| languages.values())
        {
            for (item, properties) in language.as_object().into_iter().flatten() {
                if let Some(node) = owners.get(item.as_str()) {
                    self.texts(node, properties, &results);
                }
            }
        }
        self.unreachable(nodes);
        self.inspection();
        for problem in self.definition.extension_problems() {
            self.add(&problem.node.to_string(), Severity::Error, problem.reason);
        }
    }

    fn add(&mut self, node: &str, severity: Severity, reason: String) {
        let flow = self.definition.name.to_string();
        self.found.insert(Issue { flow, node: Some(node.to_owned()), severity, reason });
    }

    /// Every text below a value, except identifiers and kinds.
    fn texts(&mut self, node: &str, value: &Value, results: &BTreeSet<String>) {
        match value {
            Value::String(text) => self.template(node, text, results),
            Value::Array(items) => items.iter().for_each(|item| self.texts(node, item, results)),
            Value::Object(members) => {
                let templates = members.iter().filter(|(key, _)| !matches!(key.as_str(), "uuid" | "type"));
                templates.for_each(|(_, member)| self.texts(node, member, results));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn template(&mut self, node: &str, text: &str, results: &BTreeSet<String>) {
        if !text.contains('@') {
            return;
        }
        let library = library();
        for mistake in mistakes(text, &TOP_LEVELS, library) {
            self.add(node, Severity::Error, mistake.to_string());
        }
        let template = Template::compile(text, &TOP_LEVELS, library);
        for path in template.references() {
            if let [top, key, ..] = path
                && top == "results"
                && !results.contains(key.as_str())
            {
                self.add(
                    node,
                    Severity::Warning,
                    format!("reads the result {key}, which this flow never saves"),
                );
            }
        }
    }

    /// What the flow needs and the file does not hold, and what reading alone can tell.
    fn inspection(&mut self) {
        let known = self.known;
        let exists = |dependency: &Dependency| known.has(dependency);
        for issue in self.definition.inspect(Some(&exists)).issues {
            let (severity, reason) = match (issue.kind, &issue.dependency) {
                (IssueKind::InvalidRegex, _) => (Severity::Error, issue.description.clone()),
                (IssueKind::MissingDependency, Some(dependency)) => {
                    let name = if dependency.name.is_empty() { &dependency.id } else { &dependency.name };
                    let kind = dependency.kind.name();
                    (Severity::Warning, format!("needs the {kind} {name:?}, which the file does not hold"))
                }
                (IssueKind::MissingDependency | IssueKind::LegacyExtra, _) => {
                    (Severity::Warning, issue.description.clone())
                }
            };
            self.add(&issue.node_uuid.to_string(), severity, reason);
        }
    }

    /// Nodes to which no way leads from the first.
    fn unreachable(&mut self, nodes: &[Value]) {
        let exits = |node: &Value| -> Vec<String> {
            let exits = node["exits"].as_array().into_iter().flatten();
            exits.filter_map(|exit| exit["destination_uuid"].as_str()).map(str::to_owned).collect()
        };
        let ways: BTreeMap<&str, Vec<String>> =
            nodes.iter().map(|node| (node["uuid"].as_str().unwrap_or_default(), exits(node))).collect();
        let mut reached = BTreeSet::new();
        let mut open: Vec<String> =
            nodes.first().and_then(|node| node["uuid"].as_str()).map(str::to_owned).into_iter().collect();
        while let Some(uuid) = open.pop() {
            if let Some(exits) = ways.get(uuid.as_str()) {
                open.extend(exits.iter().filter(|exit| !reached.contains(*exit)).cloned());
            }
            reached.insert(uuid);
        }
        for uuid in ways.keys().filter(|uuid| !reached.contains(**uuid)) {
            self.add(uuid, Severity::Warning, "no way leads to this node".to_owned());
        }
    }
}

/// Notes the node in which an action or case stands, for its translations.
fn own<'a>(owners: &mut BTreeMap<&'a str, &'a str>, node: &'a str, item: &'a Value) {
    if let Some(uuid) = item["uuid"].as_str() {
        owners.insert(uuid, node);
    }
}

/// Keys of the results that the nodes save.
fn result_keys(nodes: &[Value]) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for node in nodes {
        let actions = node["actions"].as_array().into_iter().flatten();
        let named = actions.flat_map(|action| {
            let own = (action["type"] == "set_run_result").then_some(&action["name"]);
            own.into_iter().chain([&action["result_name"]])
        });
        for name in named.chain([&node["router"]["result_name"]]) {
            keys.extend(name.as_str().map(result_key));
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::commands::flow::file::FlowFile;

    /// The issues of an export with one flow of one node that sends `text`.
    fn check(text: &str, expected: &[&str]) {
        let flow = json!({
            "uuid": "8ff3fbb0-5a4c-4a1d-9f4a-5b8e0d0f6a01", "name": "Try", "spec_version": "14.4.2",
            "language": "eng", "type": "messaging", "revision": 1, "expire_after_minutes": 60,
            "localization": {}, "nodes": [{
                "uuid": "8ff3fbb0-5a4c-4a1d-9f4a-5b8e0d0f6a02",
                "actions": [{"uuid": "8ff3fbb0-5a4c-4a1d-9f4a-5b8e0d0f6a03", "type": "send_msg", "text": text}],
                "exits": [{"uuid": "8ff3fbb0-5a4c-4a1d-9f4a-5b8e0d0f6a04"}],
            }],
        });
        let export = json!({"version": "13", "flows": [flow], "fields": [{"key": "age"}], "groups": []});
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("export.json");
        std::fs::write(&path, export.to_string()).unwrap();
        let found = issues(&FlowFile::read(&path).unwrap());
        let found: Vec<&str> = found.iter().map(|issue| issue.reason.as_str()).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn issues_name_what_is_wrong() {
        check("Hi @contact.name, you are @fields.age", &[]);
        check("@(uper(contact.name))", &["there is no uper in @(uper(contact.name))"]);
        check("@fields.agee", &["needs the field \"agee\", which the file does not hold"]);
        check("@results.name", &["reads the result name, which this flow never saves"]);
        check("@(contact.name", &["an expression is never closed in @(contact.name"]);
    }
}
