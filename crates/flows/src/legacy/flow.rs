//! A whole flow: action sets and rule sets become nodes, in the order in which they stand on the canvas.

use std::collections::HashSet;

use serde_json::{Value, json};
use uuid::Uuid;

use super::job::{Job, Origin};
use super::shape::{Object, count, items, text, unwrap, uuid};
use super::texts::BASE;
use super::{actions, layout, rulesets};
use crate::definition::limits::MAX_NODES;
use crate::definition::{DefinitionError, FlowType};

/// The specification that old flows are brought to.
const SPEC_VERSION: &str = "13.0.0";

/// A node and how it is shown.
pub(super) struct Made {
    /// Its place down and across the canvas, which gives the order.
    pub(super) rank: (i64, i64),
    pub(super) node: Value,
    pub(super) ui: Value,
}

/// What a node may lead to.
pub(super) struct Known(HashSet<Uuid>);

impl Known {
    /// An exit; one that leads nowhere ends the flow.
    pub(super) fn exit(&self, uuid: &str, destination: Option<Uuid>) -> Value {
        match destination.filter(|destination| self.0.contains(destination)) {
            Some(destination) => json!({"uuid": uuid, "destination_uuid": destination.to_string()}),
            None => json!({"uuid": uuid}),
        }
    }
}

/// Makes a flow of specification 13.0 out of an old one, drawing identifiers for what has none from `uuids`.
///
/// # Errors
/// A node that cannot be understood is named with the reason.
pub fn migrate(
    flow: &mut Value,
    origin: &mut Origin<'_>,
    uuids: &mut dyn FnMut() -> Uuid,
) -> Result<(), DefinitionError> {
    if !flow.is_object() {
        return Err(DefinitionError::NoVersion);
    }
    unwrap(flow);
    let flow_uuid = origin.identities.learn(flow, uuids);
    let metadata = flow["metadata"].take();
    let flow_type = flow_type(flow)?;
    let language = Some(text(flow, "base_language")).filter(|code| !code.is_empty());
    let name = Some(text(&metadata, "name")).filter(|name| !name.is_empty());
    let name = name.unwrap_or_else(|| text(flow, "name"));
    let language = language.unwrap_or_else(|| BASE.to_owned());

    let mut job = Job::new(origin, language, uuids);
    let nodes = nodes(flow, &mut job)?;
    let stickies = layout::stickies(&metadata, &mut job);
    let localization = job.take_localization();
    let shown: Object = nodes.iter().map(|made| (text(&made.node, "uuid"), made.ui.clone())).collect();
    let nodes: Vec<Value> = nodes.into_iter().map(|made| made.node).collect();
    *flow = json!({
        "uuid": flow_uuid.to_string(),
        "name": name,
        "spec_version": SPEC_VERSION,
        "language": job.language,
        "type": flow_type.name(),
        "revision": count(&metadata, "revision").or_else(|| count(flow, "revision")).unwrap_or_default(),
        "expire_after_minutes": count(&metadata, "expires").unwrap_or_default(),
        "localization": localization,
        "nodes": nodes,
        "_ui": {"nodes": shown, "stickies": stickies},
    });
    Ok(())
}

/// The type that a letter stands for. Menus of phones (`U`) became messages.
fn flow_type(flow: &Value) -> Result<FlowType, DefinitionError> {
    match text(flow, "flow_type").as_str() {
        "" | "F" | "M" | "U" => Ok(FlowType::Messaging),
        "B" => Ok(FlowType::MessagingBackground),
        "S" => Ok(FlowType::MessagingOffline),
        "V" => Ok(FlowType::Voice),
        other => Err(DefinitionError::Flow(format!(
            "the legacy flow type '{other}' is not known; known are F and M (messages), V (voice), S (offline), \
             B (background) and U (menus)"
        ))),
    }
}

/// The nodes in their order: the entry, then from the top down.
fn nodes(flow: &Value, job: &mut Job<'_, '_>) -> Result<Vec<Made>, DefinitionError> {
    let (action_sets, rule_sets) = (items(flow, "action_sets"), items(flow, "rule_sets"));
    let total = action_sets.len() + rule_sets.len();
    if total > MAX_NODES {
        return Err(DefinitionError::Flow(format!(
            "flow can't have more than {MAX_NODES} nodes (has {total})"
        )));
    }
    let known = action_sets.iter().chain(rule_sets).filter_map(|set| uuid(set, "uuid")).collect();
    let known = Known(known);
    let mut made = Vec::with_capacity(total);
    for set in action_sets {
        job.place = layout::position(set);
        made.push(action_node(set, &known, job).map_err(|reason| broken("action set", set, &reason))?);
    }
    for set in rule_sets {
        job.place = layout::position(set);
        let nodes = rulesets::nodes(set, &known, job).map_err(|reason| broken("rule set", set, &reason))?;
        made.extend(nodes);
    }
    let entry = text(flow, "entry");
    made.sort_by_key(|made| (text(&made.node, "uuid") != entry, made.rank));
    Ok(made)
}

/// The error of a node, which it names.
fn broken(what: &str, set: &Value, reason: &str) -> DefinitionError {
    let name = Some(text(set, "uuid")).filter(|uuid| !uuid.is_empty()).unwrap_or_else(|| "missing".into());
    DefinitionError::Node {
        node: uuid(set, "uuid").map(Into::into),
        reason: format!("invalid legacy {what}[uuid={name}]: {reason}"),
    }
}

/// The identifier of a node, which others refer to.
pub(super) fn node_uuid(set: &Value) -> Result<String, String> {
    let uuid = uuid(set, "uuid").ok_or("field 'uuid' must be a valid UUID")?;
    Ok(uuid.to_string())
}

/// The place that decides about the order of nodes.
pub(super) fn rank(set: &Value) -> (i64, i64) {
    (layout::pixels(&set["y"]), layout::pixels(&set["x"]))
}

fn action_node(set: &Value, known: &Known, job: &mut Job<'_, '_>) -> Result<Made, String> {
    let uuid_of_node = node_uuid(set)?;
    let mut made = Vec::new();
    for (index, action) in items(set, "actions").iter().enumerate() {
        let action = actions::migrate(action, job)
            .map_err(|reason| format!("action[{index}] of type '{}': {reason}", text(action, "type")))?;
        made.extend(action);
    }
    let exit = job.uuid_of(set, "exit_uuid");
    let mut node = json!({"uuid": uuid_of_node});
    if !made.is_empty() {
        node["actions"] = made.into();
    }
    node["exits"] = json!([known.exit(&exit, uuid(set, "destination"))]);
    Ok(Made { rank: rank(set), node, ui: layout::node("execute_actions", set, None) })
}
