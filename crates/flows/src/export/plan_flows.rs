//! Flows of an import: which of the workspace's they are, what they are called, and whether they changed.

use std::collections::BTreeSet;

use domain::FlowUuid;
use serde_json::Value;
use smol_str::{SmolStr, format_smolstr};

use super::plan::{PlannedFlow, Planner, Write, folded};
use super::{ExistingFlow, ExportError, ExportedFlow};
use crate::definition::limits::MAX_NAME;
use crate::{Definition, FlowType};

/// Minutes that a run of a messaging flow waits if the export does not say.
const MESSAGING_EXPIRY: u32 = 3 * 24 * 60;
/// Minutes that a run of a voice flow waits if the export does not say.
const VOICE_EXPIRY: u32 = 5;

/// Names in use, whatever their case.
pub(super) struct Names(BTreeSet<String>);

impl Names {
    pub(super) fn new<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        Self(names.map(folded).collect())
    }

    /// The name, made to fit and to differ from all others, which then is in use.
    pub(super) fn claim(&mut self, wanted: &str) -> SmolStr {
        let wanted = wanted.trim();
        let mut name = SmolStr::from(fitting(wanted, MAX_NAME));
        let mut number = 2;
        while !self.0.insert(folded(&name)) {
            let suffix = format_smolstr!(" {number}");
            name = format_smolstr!("{}{suffix}", fitting(wanted, MAX_NAME - suffix.len()));
            number += 1;
        }
        name
    }
}

/// The beginning of a name, at most so many characters.
fn fitting(name: &str, limit: usize) -> &str {
    name.char_indices().nth(limit).map_or(name, |(end, _)| name[..end].trim_end())
}

impl<'a> Planner<'a> {
    pub(super) fn flows(&mut self) -> Result<(), ExportError> {
        let export = self.export;
        let matches = self.match_flows();
        let matched: BTreeSet<FlowUuid> =
            matches.iter().flatten().filter_map(|known| known.map(|known| known.uuid)).collect();
        let mut names = self.names_of_others(&matched);
        let mut targets = Vec::with_capacity(export.flows.len());
        for (flow, known) in export.flows.iter().zip(&matches) {
            let Some(known) = known else {
                self.skip(
                    format_smolstr!("flow '{}'", flow.name),
                    "the export has a flow of the same identifier before it",
                );
                continue;
            };
            let uuid = match known {
                Some(known) => known.uuid,
                None => FlowUuid(self.free(Some(flow.uuid))),
            };
            let name = names.claim(&flow.name);
            self.renamed("flow", &flow.name, &name);
            if uuid.0 != flow.uuid {
                self.renames.uuids.insert(flow.uuid.to_string(), uuid.to_string());
            }
            if name != flow.name {
                self.renames.names.insert(uuid.to_string(), name.clone());
            }
            self.flows_by_name.insert(folded(&flow.name), uuid);
            targets.push((flow, *known, uuid, name));
        }
        for known in &self.existing.flows {
            self.flows_by_name.entry(folded(&known.name)).or_insert(known.uuid);
        }
        for (flow, known, uuid, name) in targets {
            let planned = self.plan_flow(flow, known, uuid, &name)?;
            self.plan.flows.push(planned);
        }
        Ok(())
    }

    /// For each flow of the export, the one of the workspace that it is; the outer `None` marks one that comes
    /// a second time. Identifiers are looked at before names, so that a name never takes what an identifier means.
    fn match_flows(&self) -> Vec<Option<Option<&'a ExistingFlow>>> {
        let (export, existing) = (self.export, self.existing);
        let mut seen = BTreeSet::new();
        let mut matched = BTreeSet::new();
        let mut matches: Vec<Option<Option<&'a ExistingFlow>>> = Vec::with_capacity(export.flows.len());
        for flow in &export.flows {
            let known = existing.flows.iter().find(|known| known.uuid.0 == flow.uuid);
            matched.extend(known.map(|known| known.uuid));
            matches.push(seen.insert(flow.uuid).then_some(known));
        }
        for (flow, found) in export.flows.iter().zip(&mut matches) {
            if !matches!(found, Some(None)) {
                continue;
            }
            // A name that was too long was cut when it was imported before.
            let name = folded(fitting(flow.name.trim(), MAX_NAME));
            let same = |known: &&ExistingFlow| {
                known.flow_type == flow.flow_type
                    && folded(&known.name) == name
                    && !matched.contains(&known.uuid)
            };
            if let Some(known) = existing.flows.iter().find(same) {
                matched.insert(known.uuid);
                *found = Some(Some(known));
            }
        }
        matches
    }

    fn plan_flow(
        &self,
        flow: &ExportedFlow,
        known: Option<&ExistingFlow>,
        uuid: FlowUuid,
        name: &SmolStr,
    ) -> Result<PlannedFlow, ExportError> {
        let mut json = flow.definition.clone();
        self.renames.apply(&mut json);
        json["uuid"] = uuid.to_string().into();
        json["name"] = name.as_str().into();
        set_expiry(&mut json, flow.flow_type);
        let write = match known {
            None => {
                json["revision"] = 1.into();
                Write::Create
            }
            Some(known) => {
                json["revision"] = known.revision.into();
                let before: Option<Value> = serde_json::from_str(&known.definition).ok();
                let same = before.is_some_and(|before| before == json);
                if !same {
                    json["revision"] = (known.revision + 1).into();
                }
                if same { Write::Keep } else { Write::Update }
            }
        };
        // The export was migrated when it was read, so nothing here draws an identifier.
        let definition =
            Definition::read_value(&json, &mut uuid::Uuid::nil).map_err(|error| ExportError::Flow {
                line: flow.line,
                column: flow.column,
                flow: flow.name.to_string(),
                reason: error.to_string(),
            })?;
        Ok(PlannedFlow { write, definition })
    }
}

/// Gives a flow an expiry if the export has none.
fn set_expiry(json: &mut Value, flow_type: FlowType) {
    let minutes = match flow_type {
        FlowType::Messaging => MESSAGING_EXPIRY,
        FlowType::Voice => VOICE_EXPIRY,
        FlowType::MessagingBackground | FlowType::MessagingOffline => return,
    };
    let given = &json["expire_after_minutes"];
    // Some tools write whole numbers as `60.0` or `6e1`. The cast saturates.
    let given = given.as_u64().or_else(|| given.as_f64().map(|minutes| minutes as u64));
    json["expire_after_minutes"] = given.filter(|given| *given > 0).unwrap_or(minutes.into()).into();
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{FlowType, MESSAGING_EXPIRY, set_expiry};

    #[test]
    fn expiry_is_kept_in_every_form_of_a_number() {
        for (given, expected) in [
            (json!(60), json!(60)),
            (json!(60.0), json!(60)),
            (json!(0), json!(MESSAGING_EXPIRY)),
            (json!(-5.0), json!(MESSAGING_EXPIRY)),
            (json!(null), json!(MESSAGING_EXPIRY)),
        ] {
            let mut flow = json!({"expire_after_minutes": given});
            set_expiry(&mut flow, FlowType::Messaging);
            assert_eq!(flow["expire_after_minutes"], expected, "{given}");
        }
    }
}
