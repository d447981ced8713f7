//! Campaigns as exports write them.

use domain::{CampaignEventUuid, CampaignUuid, GroupUuid};
use indexmap::IndexMap;
use serde::Deserialize;
use smol_str::SmolStr;
use uuid::Uuid;

use super::ExportedGroup;
use super::trigger::RawFlowReference;
use crate::definition::nullable;

/// Points in time for the members of a group.
#[derive(Clone, Debug, PartialEq)]
pub struct Campaign {
    /// Its identifier where it was made.
    pub uuid: Option<CampaignUuid>,
    /// Its name.
    pub name: SmolStr,
    /// Whom it is for.
    pub group: ExportedGroup,
    /// Its points.
    pub events: Vec<CampaignEvent>,
}

/// A point in time relative to a date of the contact.
#[derive(Clone, Debug, PartialEq)]
pub struct CampaignEvent {
    /// Its identifier where it was made.
    pub uuid: Option<CampaignEventUuid>,
    /// How many units after the date; before it if negative.
    pub offset: i64,
    /// `M` minutes, `H` hours, `D` days, `W` weeks.
    pub unit: SmolStr,
    /// Local hour of the day; -1 for the one that comes out.
    pub delivery_hour: i64,
    /// Key of the field that holds the date, or `created_on`, `last_seen_on`.
    pub relative_to: SmolStr,
    /// Name of that field.
    pub relative_to_name: SmolStr,
    /// `I` interrupts what the contact is doing, `S` skips who is busy, `P` goes on beside it.
    pub start_mode: SmolStr,
    /// What happens then.
    pub point: CampaignPoint,
}

/// What happens at a point of a campaign.
#[derive(Clone, Debug, PartialEq)]
pub enum CampaignPoint {
    /// A flow begins.
    Flow {
        /// Its identifier where the export was made.
        uuid: Option<Uuid>,
        /// Its name there.
        name: SmolStr,
    },
    /// A message is sent.
    Message {
        /// Texts by language.
        texts: IndexMap<SmolStr, String>,
        /// The language it was written in.
        base_language: SmolStr,
    },
}

/// A group as lists and references write it.
#[derive(Deserialize)]
pub(super) struct RawGroup {
    uuid: Option<GroupUuid>,
    #[serde(default, deserialize_with = "nullable")]
    name: SmolStr,
    query: Option<SmolStr>,
}

impl RawGroup {
    pub(super) fn read(self) -> ExportedGroup {
        let query = self.query.filter(|query| !query.trim().is_empty());
        ExportedGroup { uuid: self.uuid, name: self.name.trim().into(), query }
    }
}

/// A campaign as JSON.
#[derive(Deserialize)]
pub(super) struct RawCampaign {
    uuid: Option<CampaignUuid>,
    name: SmolStr,
    group: RawGroup,
    #[serde(default, deserialize_with = "nullable")]
    events: Vec<RawEvent>,
}

#[derive(Deserialize)]
struct RawEvent {
    uuid: Option<CampaignEventUuid>,
    #[serde(default, deserialize_with = "nullable")]
    offset: i64,
    unit: SmolStr,
    #[serde(default, deserialize_with = "nullable")]
    event_type: SmolStr,
    delivery_hour: Option<i64>,
    relative_to: RawField,
    start_mode: Option<SmolStr>,
    flow: Option<RawFlowReference>,
    message: Option<RawMessage>,
    base_language: Option<SmolStr>,
}

#[derive(Deserialize)]
struct RawField {
    key: SmolStr,
    #[serde(default, alias = "name", deserialize_with = "nullable")]
    label: SmolStr,
}

/// A message is a text, a JSON object as text, or texts by language.
#[derive(Deserialize)]
#[serde(untagged)]
enum RawMessage {
    Text(String),
    Texts(IndexMap<SmolStr, String>),
}

/// ISO 639-3: the language is not determined.
const UNDETERMINED: &str = "und";

impl RawCampaign {
    pub(super) fn read(self) -> Campaign {
        Campaign {
            uuid: self.uuid,
            name: self.name,
            group: self.group.read(),
            events: self.events.into_iter().map(RawEvent::read).collect(),
        }
    }
}

impl RawEvent {
    fn read(self) -> CampaignEvent {
        let base_language = language(self.base_language.unwrap_or_default());
        let point = match (self.message, self.flow) {
            (Some(message), flow) if self.event_type == "M" || flow.is_none() => message.read(base_language),
            (_, flow) => {
                let (uuid, name) = flow.map_or((None, SmolStr::default()), |flow| (flow.uuid, flow.name));
                CampaignPoint::Flow { uuid, name }
            }
        };
        CampaignEvent {
            uuid: self.uuid,
            offset: self.offset,
            unit: self.unit,
            delivery_hour: self.delivery_hour.unwrap_or(-1),
            relative_to: self.relative_to.key,
            relative_to_name: self.relative_to.label,
            start_mode: self.start_mode.filter(|mode| !mode.is_empty()).unwrap_or_else(|| "I".into()),
            point,
        }
    }
}

impl RawMessage {
    fn read(self, base_language: SmolStr) -> CampaignPoint {
        let texts = match self {
            Self::Texts(texts) => texts,
            Self::Text(text) => match serde_json::from_str::<IndexMap<SmolStr, String>>(&text) {
                Ok(texts) => texts,
                Err(_) => IndexMap::from([(base_language.clone(), text)]),
            },
        };
        let texts = texts.into_iter().map(|(code, text)| (language(code), text)).collect();
        CampaignPoint::Message { texts, base_language }
    }
}

/// The code of a language that may be the `base` of old exports.
fn language(code: SmolStr) -> SmolStr {
    if code.is_empty() || code == "base" { UNDETERMINED.into() } else { code }
}
