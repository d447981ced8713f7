//! From bytes to an [`Export`].

use domain::FieldType;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;
use smol_str::SmolStr;
use uuid::Uuid;

use super::campaign::{RawCampaign, RawGroup};
use super::error::ExportError;
use super::named::{Listed, add_expected_groups};
use super::report::{Repaired, Skipped};
use super::trigger::RawTrigger;
use super::{
    EXPORT_VERSION, Export, ExportedField, ExportedFlow, MAX_EXPORT_BYTES, MAX_FLOWS, MAX_ITEMS,
    OLDEST_VERSION,
};
use crate::definition::nullable;
use crate::legacy::{Origin, seeded};
use crate::{FlowType, migrations};

/// The members of an export, whose items are still text so that each can be found again by line.
#[derive(Deserialize)]
struct RawExport<'a> {
    #[serde(borrow)]
    version: Option<&'a RawValue>,
    site: Option<String>,
    #[serde(default, borrow)]
    flows: Option<Vec<&'a RawValue>>,
    #[serde(default, borrow)]
    campaigns: Option<Vec<&'a RawValue>>,
    #[serde(default, borrow)]
    triggers: Option<Vec<&'a RawValue>>,
    #[serde(default, borrow)]
    fields: Option<Vec<&'a RawValue>>,
    #[serde(default, borrow)]
    groups: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
struct RawField {
    key: SmolStr,
    #[serde(default, alias = "label", deserialize_with = "nullable")]
    name: SmolStr,
    #[serde(default, rename = "type", alias = "value_type", deserialize_with = "nullable")]
    field_type: SmolStr,
}

/// The text of an export, and where its lines begin.
struct Source<'a> {
    text: &'a str,
    lines: Vec<usize>,
}

impl Export {
    /// Reads an export. `uuids` gives the identifiers of what migrations of its flows add.
    pub fn read(bytes: &[u8], uuids: &mut dyn FnMut() -> Uuid) -> Result<Self, ExportError> {
        if bytes.len() > MAX_EXPORT_BYTES {
            return Err(ExportError::TooLarge { limit: MAX_EXPORT_BYTES, size: bytes.len() });
        }
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let valid = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            let (line, column) = Source::new(&valid).place(valid.len());
            ExportError::Malformed { line, column, reason: "this is not UTF-8 text".into() }
        })?;
        // Editors put a byte order mark in front, which JSON does not allow.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Source::new(text).read(uuids)
    }
}

impl<'a> Source<'a> {
    fn new(text: &'a str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self { text, lines: std::iter::once(0).chain(breaks).collect() }
    }

    fn read(&self, uuids: &mut dyn FnMut() -> Uuid) -> Result<Export, ExportError> {
        let begin = self.text.len() - self.text.trim_start().len();
        if self.text[begin..].starts_with(['[', '"']) {
            let (line, column) = self.place(begin);
            return Err(ExportError::NotAnExport { line, column, reason: "it is not a JSON object".into() });
        }
        let raw: RawExport<'_> =
            serde_json::from_str(self.text).map_err(|error| self.not_readable(&error))?;
        let version = self.version(&raw)?;
        let flows = self.list("flows", raw.flows, MAX_FLOWS)?;
        let mut export = Export {
            version: version.clone(),
            site: raw.site,
            flows: Vec::with_capacity(flows.len()),
            campaigns: Vec::new(),
            triggers: Vec::new(),
            fields: Vec::new(),
            groups: Vec::new(),
            skipped: Vec::new(),
            repaired: Vec::new(),
        };
        let site = export.site.clone();
        let mut origin = Origin { files: site.as_deref(), ..Origin::default() };
        let mut old = Vec::new();
        for (raw, definition) in self.definitions(flows, &mut origin)? {
            if is_legacy(&definition) {
                old.push(export.flows.len());
            }
            let flow = self.flow(raw, definition, &mut origin, &mut export.repaired, uuids)?;
            export.flows.push(flow);
        }
        for item in self.list("campaigns", raw.campaigns, MAX_ITEMS)? {
            export.campaigns.push(self.item::<RawCampaign>("campaign", item)?.read());
        }
        for item in self.list("triggers", raw.triggers, MAX_ITEMS)? {
            match self.item::<RawTrigger>("trigger", item)?.read() {
                Ok(trigger) => export.triggers.push(trigger),
                Err(letter) => export.skipped.push(Skipped::trigger_type(&letter)),
            }
        }
        for item in self.list("fields", raw.fields, MAX_ITEMS)? {
            export.fields.push(self.item::<RawField>("field", item)?.read());
        }
        for item in self.list("groups", raw.groups, MAX_ITEMS)? {
            export.groups.push(self.item::<RawGroup>("group", item)?.read());
        }
        if !old.is_empty() {
            let mut listed = Listed::of(&export);
            for flow in old {
                let definition = std::mem::take(&mut export.flows[flow].definition);
                listed.add_named_in(&definition, &mut export);
                export.flows[flow].definition = definition;
            }
            add_expected_groups(&origin.identities, &mut export);
        }
        Ok(export)
    }

    fn list<'v>(
        &self,
        what: &'static str,
        items: Option<Vec<&'v RawValue>>,
        limit: usize,
    ) -> Result<Vec<&'v RawValue>, ExportError> {
        let mut items = items.unwrap_or_default();
        // Some tools write `null` where they took something out of a list.
        items.retain(|item| item.get() != "null");
        if items.len() > limit {
            Err(ExportError::TooMany { what, limit, has: items.len() })
        } else {
            Ok(items)
        }
    }

    /// What the generation is, if it is one that we read.
    fn version(&self, raw: &RawExport<'_>) -> Result<SmolStr, ExportError> {
        let Some(given) = raw.version else {
            let reason = if raw.flows.is_some() {
                "it has no 'version'"
            } else {
                "it has neither 'version' nor 'flows'; a single flow is looked at with 'seedling flow check'"
            };
            return Err(ExportError::NotAnExport { line: 1, column: 1, reason: reason.into() });
        };
        let (line, column) = self.position(given.get());
        let version = SmolStr::from(given.get().trim_matches('"'));
        let major = version.split('.').next().and_then(|major| major.parse::<u16>().ok());
        match major {
            None | Some(0) => Err(ExportError::NotAnExport {
                line,
                column,
                reason: format!("'version' is {}, not a number such as \"13\"", given.get()),
            }),
            Some(major) if major < OLDEST_VERSION => Err(ExportError::TooOld {
                line,
                column,
                version: version.to_string(),
                oldest: OLDEST_VERSION,
            }),
            Some(major) if major > EXPORT_VERSION => {
                Err(ExportError::TooNew { line, column, version: version.to_string(), known: EXPORT_VERSION })
            }
            Some(_) => Ok(version),
        }
    }

    /// The flows as JSON. What old ones are called is learned before any of them is migrated, since they name each
    /// other by number or name.
    fn definitions<'v>(
        &self,
        flows: Vec<&'v RawValue>,
        origin: &mut Origin<'_>,
    ) -> Result<Vec<(&'v RawValue, Value)>, ExportError> {
        let mut definitions = Vec::with_capacity(flows.len());
        for raw in flows {
            let definition: Value =
                serde_json::from_str(raw.get()).map_err(|error| self.not_readable(&error))?;
            if is_legacy(&definition) {
                let seed = [
                    origin.files.unwrap_or_default(),
                    &flow_name(&definition),
                    &definition["id"].to_string(),
                ]
                .join(" ");
                origin.identities.learn(&definition, &mut seeded(&seed));
            }
            definitions.push((raw, definition));
        }
        Ok(definitions)
    }

    fn flow(
        &self,
        raw: &RawValue,
        mut definition: Value,
        origin: &mut Origin<'_>,
        repaired: &mut Vec<Repaired>,
        uuids: &mut dyn FnMut() -> Uuid,
    ) -> Result<ExportedFlow, ExportError> {
        let (line, column) = self.position(raw.get());
        let name = flow_name(&definition);
        let refuse = |reason: String| ExportError::Flow { line, column, flow: name.to_string(), reason };
        if !definition.is_object() {
            return Err(refuse("it is not a JSON object".into()));
        }
        let migrated = if is_legacy(&definition) {
            // Nearly everything in an old flow gets an identifier now: the same in every import.
            let flow = origin.identities.learn(&definition, uuids);
            let mut uuids = seeded(&flow.to_string());
            migrations::migrate_from(&mut definition, migrations::CURRENT, origin, &mut uuids)
        } else {
            migrations::migrate_from(&mut definition, migrations::CURRENT, origin, uuids)
        };
        migrated.map_err(|error| refuse(error.to_string()))?;
        let uuid = definition["uuid"].as_str().and_then(|uuid| uuid.parse().ok());
        let uuid: Uuid = uuid.ok_or_else(|| refuse("field 'uuid' must be a valid UUID".into()))?;
        let kind = definition["type"].as_str().unwrap_or("messaging");
        let flow_type =
            FlowType::from_name(kind).ok_or_else(|| refuse(format!("'{kind}' is not a valid flow type")))?;
        for node in super::remap::cut_loose_ends(&mut definition) {
            repaired.push(Repaired {
                flow: name.clone(),
                node,
                what: "an exit led to a node that is not in the flow; it ends the flow now".into(),
            });
        }
        Ok(ExportedFlow { uuid, name, flow_type, definition, line, column })
    }

    fn item<T: DeserializeOwned>(&self, what: &str, raw: &RawValue) -> Result<T, ExportError> {
        serde_json::from_str(raw.get()).map_err(|error| {
            let (line, column) = self.position(raw.get());
            let text = error.to_string();
            let reason = text.split(" at line ").next().unwrap_or(&text);
            // The names of our structures say nothing to people.
            let reason = reason.split(", expected struct ").next().unwrap_or(reason);
            ExportError::Malformed { line, column, reason: format!("a {what} cannot be read: {reason}") }
        })
    }

    /// Where a part of the text begins.
    fn position(&self, part: &str) -> (usize, usize) {
        // Parts are borrowed from the text, so their addresses tell the distance from its beginning.
        self.place((part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize))
    }

    /// Line and column of an offset, both from 1.
    fn place(&self, offset: usize) -> (usize, usize) {
        let line = self.lines.partition_point(|begin| *begin <= offset).max(1);
        let before = self.text.get(self.lines[line - 1]..offset).unwrap_or_default();
        (line, before.chars().count() + 1)
    }

    fn not_readable(&self, error: &serde_json::Error) -> ExportError {
        let (line, column) = (error.line().max(1), error.column().max(1));
        let text = error.to_string();
        let reason = text.split(" at line ").next().unwrap_or(&text).to_owned();
        match error.classify() {
            serde_json::error::Category::Data => ExportError::NotAnExport { line, column, reason },
            serde_json::error::Category::Io
            | serde_json::error::Category::Syntax
            | serde_json::error::Category::Eof => {
                ExportError::Malformed { line, column, reason: format!("this is not JSON: {reason}") }
            }
        }
    }
}

impl RawField {
    fn read(self) -> ExportedField {
        let field_type = match self.field_type.as_str() {
            "number" | "numeric" | "N" => FieldType::Number,
            "datetime" | "D" => FieldType::Datetime,
            "state" | "S" => FieldType::State,
            "district" | "I" => FieldType::District,
            "ward" | "W" => FieldType::Ward,
            _ => FieldType::Text,
        };
        let name = if self.name.is_empty() { self.key.clone() } else { self.name };
        ExportedField { key: self.key, name, field_type }
    }
}

/// Whether a flow is of action sets and rule sets.
fn is_legacy(definition: &Value) -> bool {
    migrations::version_in(definition).is_ok_and(|version| version.major < EXPORT_VERSION)
}

/// The name of a flow of any generation.
fn flow_name(definition: &Value) -> SmolStr {
    let name = definition["name"].as_str().or_else(|| definition["metadata"]["name"].as_str());
    let name = name.or_else(|| definition["definition"]["metadata"]["name"].as_str());
    name.unwrap_or("without a name").into()
}
