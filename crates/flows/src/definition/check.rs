//! The rules that hold between the parts of a definition.

use std::collections::HashSet;

use domain::{CategoryUuid, NodeUuid};
use uuid::Uuid;

use super::fields::Problems;
use super::limits::{
    MAX_ACTIONS, MAX_ARGUMENTS, MAX_CASES, MAX_CATEGORIES, MAX_EXITS, MAX_NODES, MAX_PROPERTY_NAME, MAX_TEXT,
    MAX_TRANSLATED_PROPERTIES, MAX_TRANSLATED_VALUES,
};
use super::{
    ActionKind, Definition, DefinitionError, FlowType, Localization, Node, Router, RouterType, Wait,
};
use crate::tests;

/// The single fields of a router, before it is held against its node.
pub(super) fn router_fields(router: &Router) -> Result<(), String> {
    for category in &router.categories {
        let mut problems = Problems::default();
        problems.required_uuid("uuid", category.uuid.0);
        problems.required("name", &category.name);
        problems.category_name("name", &category.name);
        problems.required_uuid("exit_uuid", category.exit_uuid.0);
        problems.finish().map_err(|reason| format!("unable to read category: {reason}"))?;
    }
    let mut problems = Problems::default();
    problems.result_name("result_name", &router.result_name);
    if router.router_type == RouterType::Switch {
        problems.required("operand", &router.operand);
        problems.max_text("operand", &router.operand, MAX_TEXT);
    }
    for (index, case) in router.cases.iter().enumerate() {
        problems.required_uuid(&format!("cases[{index}].uuid"), case.uuid.0);
        problems.required(&format!("cases[{index}].type"), &case.test);
        problems.max_items(&format!("cases[{index}].arguments"), case.arguments.len(), MAX_ARGUMENTS);
        problems.max_texts(&format!("cases[{index}].arguments"), &case.arguments, MAX_TEXT);
        problems.required_uuid(&format!("cases[{index}].category_uuid"), case.category_uuid.0);
    }
    problems.finish()
}

/// Holds a definition against the rules.
pub(super) fn check(definition: &Definition) -> Result<(), DefinitionError> {
    let nodes = &definition.nodes;
    if nodes.len() > MAX_NODES {
        return Err(DefinitionError::Flow(too_many("flow ", MAX_NODES, "nodes", nodes.len())));
    }
    let mut known = HashSet::with_capacity(nodes.len());
    for node in nodes {
        if !known.insert(node.uuid) {
            return Err(DefinitionError::Node {
                node: Some(node.uuid),
                reason: format!("node UUID {} isn't unique", node.uuid),
            });
        }
    }
    for node in nodes {
        check_node(node, definition.flow_type, &known).map_err(|reason| DefinitionError::Node {
            node: Some(node.uuid),
            reason: format!("invalid node[uuid={}]: {reason}", node.uuid),
        })?;
    }
    check_localization(&definition.localization)
        .map_err(|reason| DefinitionError::Flow(format!("invalid localization: {reason}")))
}

fn too_many(subject: &str, limit: usize, things: &str, has: usize) -> String {
    format!("{subject}can't have more than {limit} {things} (has {has})")
}

fn check_node(node: &Node, flow_type: FlowType, known: &HashSet<NodeUuid>) -> Result<(), String> {
    if node.actions.len() > MAX_ACTIONS {
        return Err(too_many("", MAX_ACTIONS, "actions", node.actions.len()));
    }
    if node.exits.len() > MAX_EXITS {
        return Err(too_many("", MAX_EXITS, "exits", node.exits.len()));
    }
    for action in &node.actions {
        let name = action.kind.name();
        if !action.kind.is_allowed_in(flow_type) {
            return Err(format!(
                "action type '{name}' is not allowed in a flow of type '{}'",
                flow_type.name()
            ));
        }
        check_action(&action.kind)
            .map_err(|reason| format!("invalid action[uuid={}, type={name}]: {reason}", action.uuid))?;
    }
    if let Some(router) = &node.router {
        check_router(router, node, flow_type).map_err(|reason| format!("invalid router: {reason}"))?;
    }
    for exit in &node.exits {
        if let Some(destination) = exit.destination_uuid.filter(|destination| !known.contains(destination)) {
            return Err(format!("destination {destination} of exit[uuid={}] isn't a known node", exit.uuid));
        }
    }
    Ok(())
}

fn check_action(action: &ActionKind) -> Result<(), String> {
    let ActionKind::CallWebhook(webhook) = action else { return Ok(()) };
    match webhook.headers.keys().find(|name| !is_header_name(name)) {
        Some(name) => Err(format!("header '{name}' is not a valid HTTP header")),
        None => Ok(()),
    }
}

/// Whether a text is a token of HTTP (RFC 9110, section 5.6.2).
fn is_header_name(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

fn check_router(router: &Router, node: &Node, flow_type: FlowType) -> Result<(), String> {
    if router.categories.len() > MAX_CATEGORIES {
        return Err(too_many("", MAX_CATEGORIES, "categories", router.categories.len()));
    }
    if router.cases.len() > MAX_CASES {
        return Err(too_many("", MAX_CASES, "cases", router.cases.len()));
    }
    if router.categories.is_empty() {
        return Err("must have at least 1 category".into());
    }
    let is_category = |uuid: CategoryUuid| router.categories.iter().any(|category| category.uuid == uuid);
    if let Some(wait) = &router.wait {
        check_wait(wait, flow_type, &is_category)?;
    }
    for category in &router.categories {
        if !node.exits.iter().any(|exit| exit.uuid == category.exit_uuid) {
            return Err(format!("category exit {} is not a valid exit", category.exit_uuid));
        }
    }
    if let Some(default) = router.default_category_uuid.filter(|uuid| !is_category(*uuid)) {
        return Err(format!("default category {default} is not a valid category"));
    }
    for case in &router.cases {
        if !is_category(case.category_uuid) {
            return Err(format!("case category {} is not a valid category", case.category_uuid));
        }
        if tests::find(&case.test).is_none() {
            let (uuid, test) = (case.uuid, &case.test);
            return Err(format!("invalid case[uuid={uuid}]: {test} is not a registered test function"));
        }
    }
    Ok(())
}

fn check_wait(
    wait: &Wait,
    flow_type: FlowType,
    is_category: &dyn Fn(CategoryUuid) -> bool,
) -> Result<(), String> {
    let (name, allowed) = match wait {
        Wait::Msg { .. } => ("msg", flow_type != FlowType::MessagingBackground),
        Wait::Dial { .. } => ("dial", flow_type == FlowType::Voice),
    };
    if !allowed {
        return Err(format!("wait type '{name}' is not allowed in a flow of type '{}'", flow_type.name()));
    }
    match wait {
        Wait::Msg { timeout: Some(timeout), .. } if !is_category(timeout.category_uuid) => {
            Err(format!("timeout category {} is not a valid category", timeout.category_uuid))
        }
        Wait::Msg { timeout: Some(timeout), .. } if timeout.seconds == 0 => {
            Err("a timeout needs at least 1 second".into())
        }
        Wait::Dial { phone, .. } if phone.is_empty() => Err("field 'phone' is required".into()),
        Wait::Msg { .. } | Wait::Dial { .. } => Ok(()),
    }
}

fn check_localization(localization: &Localization) -> Result<(), String> {
    for (language, items) in &localization.0 {
        let refuse = |reason: String| format!("invalid translation for '{language}': {reason}");
        if !domain::language::is_code(language) {
            return Err(format!("invalid language code '{language}'"));
        }
        for (item, properties) in items {
            if Uuid::try_parse(item).is_err() {
                return Err(refuse(format!("invalid item uuid '{item}'")));
            }
            if properties.len() > MAX_TRANSLATED_PROPERTIES {
                return Err(refuse(too_many(
                    "item ",
                    MAX_TRANSLATED_PROPERTIES,
                    "properties",
                    properties.len(),
                )));
            }
            for (property, texts) in properties {
                if property.is_empty() || property.len() > MAX_PROPERTY_NAME {
                    return Err(refuse(format!("invalid property key '{property}'")));
                }
                if texts.0.len() > MAX_TRANSLATED_VALUES {
                    let has = texts.0.len();
                    return Err(refuse(too_many("property ", MAX_TRANSLATED_VALUES, "values", has)));
                }
                if texts.0.iter().any(|text| text.len() > MAX_TEXT && text.chars().count() > MAX_TEXT) {
                    return Err(refuse(format!(
                        "a text of '{property}' has more than {MAX_TEXT} characters"
                    )));
                }
            }
        }
    }
    Ok(())
}
