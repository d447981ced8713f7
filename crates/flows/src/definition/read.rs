//! From bytes to a [`Definition`].

use std::sync::Arc;

use domain::{FlowUuid, NodeUuid};
use serde::Deserialize;
use serde_json::value::RawValue;
use smol_str::SmolStr;
use uuid::Uuid;

use super::fields::Problems;
use super::limits::{MAX_DEFINITION_BYTES, MAX_NAME, MAX_UI_BYTES};
use super::{
    Action, Definition, DefinitionError, Exit, FlowType, Localization, Node, Router, check, extensions,
};
use crate::legacy::Origin;
use crate::migrations;

/// The current specification, as definitions write it.
const CURRENT: &str = "14.4.2";
/// The current specification in the JSON that we write.
const WRITTEN_BY_US: &str = r#""spec_version":"14.4.2""#;

/// The members of a flow of the current specification.
#[derive(Deserialize)]
struct RawFlow<'a> {
    spec_version: Option<SmolStr>,
    uuid: Option<FlowUuid>,
    name: Option<SmolStr>,
    language: Option<SmolStr>,
    #[serde(rename = "type")]
    flow_type: Option<SmolStr>,
    revision: Option<u32>,
    expire_after_minutes: Option<u32>,
    ignore_triggers: Option<bool>,
    localization: Option<Localization>,
    #[serde(borrow)]
    nodes: Option<Vec<Option<RawNode<'a>>>>,
    #[serde(rename = "_ui", borrow)]
    ui: Option<&'a RawValue>,
}

/// A node whose actions are still text.
#[derive(Default, Deserialize)]
struct RawNode<'a> {
    uuid: Option<NodeUuid>,
    #[serde(borrow)]
    actions: Option<Vec<&'a RawValue>>,
    router: Option<Router>,
    exits: Option<Vec<Option<Exit>>>,
}

impl Definition {
    /// Reads a definition of any specification, bringing it to the current one.
    ///
    /// `uuids` gives the identifiers of what migrations add; definitions that are current draw none.
    pub fn read(json: &[u8], uuids: &mut dyn FnMut() -> Uuid) -> Result<Self, DefinitionError> {
        if json.len() > MAX_DEFINITION_BYTES {
            return Err(DefinitionError::TooLarge { limit: MAX_DEFINITION_BYTES, size: json.len() });
        }
        let text = std::str::from_utf8(json).map_err(|error| not_utf8(json, error.valid_up_to()))?;
        // What we wrote ourselves is current: most definitions are read without asking for the version first.
        if text.contains(WRITTEN_BY_US)
            && let Ok(raw) = serde_json::from_str::<RawFlow<'_>>(text)
            && raw.spec_version.as_deref() == Some(CURRENT)
        {
            return Self::from_raw(raw, text);
        }
        if migrations::version_of(text)? == migrations::CURRENT {
            return Self::read_current(text);
        }
        let mut flow = serde_json::from_str(text)?;
        migrations::migrate(&mut flow, migrations::CURRENT, uuids)?;
        Self::read_current(&flow.to_string())
    }

    /// Reads a definition that somebody has parsed already. See [`Definition::read`].
    pub fn read_value(
        flow: &serde_json::Value,
        uuids: &mut dyn FnMut() -> Uuid,
    ) -> Result<Self, DefinitionError> {
        Self::read(flow.to_string().as_bytes(), uuids)
    }

    /// Reads a definition that somebody has parsed already and that may refer to others of its export by number or
    /// name, as old ones do.
    pub fn read_from(
        flow: &serde_json::Value,
        origin: &mut Origin<'_>,
        uuids: &mut dyn FnMut() -> Uuid,
    ) -> Result<Self, DefinitionError> {
        if migrations::version_in(flow)?.major >= migrations::CURRENT.major {
            return Self::read_value(flow, uuids);
        }
        let mut flow = flow.clone();
        migrations::migrate_from(&mut flow, migrations::CURRENT, origin, uuids)?;
        Self::read(flow.to_string().as_bytes(), uuids)
    }

    /// Reads a definition of the current specification.
    fn read_current(text: &str) -> Result<Self, DefinitionError> {
        let raw: RawFlow<'_> = serde_json::from_str(text).map_err(|error| locate(text, error))?;
        Self::from_raw(raw, text)
    }

    fn from_raw(raw: RawFlow<'_>, text: &str) -> Result<Self, DefinitionError> {
        let mut problems = Problems::default();
        let uuid = raw.uuid.unwrap_or_default();
        let name = raw.name.unwrap_or_default();
        problems.required_uuid("uuid", uuid.0);
        problems.required("name", &name);
        problems.max_text("name", &name, MAX_NAME);
        if let Some(ui) = raw.ui.filter(|ui| ui.get().len() > MAX_UI_BYTES) {
            problems.add(format!(
                "field '_ui' must be less than or equal to {MAX_UI_BYTES} bytes (has {})",
                ui.get().len()
            ));
        }
        problems
            .finish()
            .map_err(|reason| DefinitionError::Flow(format!("unable to read flow header: {reason}")))?;

        let nodes = raw.nodes.unwrap_or_default();
        let nodes =
            nodes.into_iter().map(|node| read_node(node.unwrap_or_default())).collect::<Result<_, _>>()?;
        let flow_type = FlowType::from_name(&raw.flow_type.unwrap_or_default())
            .ok_or_else(|| DefinitionError::Flow("field 'type' is not a valid flow type".into()))?;
        let extensions = raw.ui.map(extensions::read).transpose()?.unwrap_or_default();
        let definition = Self {
            uuid,
            name,
            language: raw.language.filter(|code| !code.is_empty()).unwrap_or_else(|| "und".into()),
            flow_type,
            revision: raw.revision.unwrap_or_default(),
            expire_after_minutes: raw.expire_after_minutes.unwrap_or_default(),
            ignore_triggers: raw.ignore_triggers.unwrap_or_default(),
            localization: raw.localization.unwrap_or_default(),
            nodes,
            extensions,
            json: Arc::from(text),
        };
        check::check(&definition)?;
        Ok(definition)
    }
}

/// The position where bytes stop being UTF-8.
fn not_utf8(json: &[u8], offset: usize) -> DefinitionError {
    let before = &json[..offset];
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let column = offset - before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1) + 1;
    DefinitionError::Json { reason: "invalid UTF-8".into(), line, column }
}

/// Reads the parts of one node.
fn read_node(raw: RawNode<'_>) -> Result<Node, DefinitionError> {
    let refuse = |reason: String| DefinitionError::Node { node: raw.uuid, reason };
    let mut problems = Problems::default();
    problems.required_uuid("uuid", raw.uuid.unwrap_or_default().0);
    match &raw.exits {
        None => problems.add("field 'exits' is required"),
        Some(exits) if exits.is_empty() => problems.add("field 'exits' must have a minimum of 1 items"),
        Some(exits) => {
            for (index, exit) in exits.iter().enumerate() {
                match exit {
                    None => problems.add(format!("field 'exits[{index}]' is required")),
                    Some(exit) => problems.required_uuid(&format!("exits[{index}].uuid"), exit.uuid.0),
                }
            }
        }
    }
    problems.finish().map_err(|reason| refuse(format!("unable to read node: {reason}")))?;

    let texts = raw.actions.unwrap_or_default();
    let mut actions = Vec::with_capacity(texts.len());
    for (index, text) in texts.iter().enumerate() {
        let action = Action::read(text.get())
            .map_err(|reason| refuse(format!("unable to read action[{index}]: {reason}")))?;
        actions.push(action);
    }
    if let Some(router) = &raw.router {
        check::router_fields(router).map_err(|reason| refuse(format!("unable to read router: {reason}")))?;
    }
    Ok(Node {
        uuid: raw.uuid.unwrap_or_default(),
        actions,
        router: raw.router,
        exits: raw.exits.unwrap_or_default().into_iter().flatten().collect(),
    })
}

/// Finds the node that a failed parse is about, so that the message can name it.
fn locate(text: &str, error: serde_json::Error) -> DefinitionError {
    #[derive(Deserialize)]
    struct Nodes<'a> {
        #[serde(borrow)]
        nodes: Vec<&'a RawValue>,
    }
    #[derive(Deserialize)]
    struct Named {
        uuid: Option<SmolStr>,
    }
    let Ok(raw) = serde_json::from_str::<Nodes<'_>>(text) else { return error.into() };
    for (index, node) in raw.nodes.iter().enumerate() {
        let Err(reason) = serde_json::from_str::<Option<RawNode<'_>>>(node.get()) else { continue };
        let uuid = serde_json::from_str::<Named>(node.get()).ok().and_then(|named| named.uuid);
        let name = uuid.clone().unwrap_or_else(|| format!("number {}", index + 1).into());
        return DefinitionError::Node {
            node: uuid.and_then(|uuid| uuid.parse().ok()),
            reason: format!("unable to read node[uuid={name}]: {reason}"),
        };
    }
    error.into()
}

#[cfg(test)]
mod tests {
    #[test]
    fn constants_name_the_current_specification() {
        assert_eq!(super::CURRENT, crate::migrations::CURRENT.to_string());
        assert!(super::WRITTEN_BY_US.contains(super::CURRENT));
    }
}
