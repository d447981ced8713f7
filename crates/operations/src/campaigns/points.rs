//! The points of a workspace's campaigns, read once for each version of its definitions.

use std::collections::BTreeMap;

use domain::{
    CampaignEventId, CampaignEventUuid, CampaignUuid, Contact, FlowId, GroupId, GroupUuid, Offset,
    OffsetUnit, Reference,
};
use flows::events::{BroadcastContent, BroadcastCreated};
use jiff::{Timestamp, tz::TimeZone};
use smol_str::SmolStr;
use store::{CampaignEventRow, ContactRow, Definitions};

/// What a point counts from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Base {
    /// When the contact was made.
    CreatedOn,
    /// When they last wrote.
    LastSeenOn,
    /// A date of theirs.
    Field(SmolStr),
}

/// What becomes of a conversation that goes on when a point comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StartMode {
    /// It ends.
    Interrupt,
    /// The point is passed over.
    Skip,
    /// It goes on.
    Passive,
}

/// What happens.
#[derive(Debug, Clone)]
pub(crate) enum Does {
    Starts(FlowId),
    Says(Box<BroadcastCreated>),
}

/// A point of a campaign that is not archived.
#[derive(Debug, Clone)]
pub(crate) struct CampaignPoint {
    pub id: CampaignEventId,
    pub uuid: CampaignEventUuid,
    pub campaign: Reference<CampaignUuid>,
    pub group: GroupId,
    pub group_uuid: GroupUuid,
    pub base: Base,
    pub offset: Offset,
    pub mode: StartMode,
    pub does: Does,
}

impl CampaignPoint {
    /// When it comes for a person, whether or not that is past. `None` without the date.
    pub(crate) fn moment(&self, dates: &Dates<'_>, zone: &TimeZone) -> Option<Timestamp> {
        let base = match &self.base {
            Base::CreatedOn => Some(dates.created_on),
            Base::LastSeenOn => dates.last_seen_on,
            Base::Field(key) => dates.fields.get(key)?.datetime.as_ref().map(jiff::Zoned::timestamp),
        };
        self.offset.from(base?, zone)
    }
}

/// What points count from, of one person.
pub(crate) struct Dates<'c> {
    pub created_on: Timestamp,
    pub last_seen_on: Option<Timestamp>,
    pub timezone: Option<&'c SmolStr>,
    pub fields: &'c BTreeMap<SmolStr, domain::FieldValue>,
}

impl<'c> Dates<'c> {
    pub(crate) fn of_row(row: &'c ContactRow) -> Self {
        Self {
            created_on: row.created_on,
            last_seen_on: row.last_seen_on,
            timezone: row.timezone.as_ref(),
            fields: &row.fields,
        }
    }

    pub(crate) fn of(contact: &'c Contact) -> Self {
        Self {
            created_on: contact.created_on,
            last_seen_on: contact.last_seen_on,
            timezone: contact.timezone.as_ref(),
            fields: &contact.fields,
        }
    }

    /// The person's own zone, or that of the workspace.
    pub(crate) fn zone(&self, workspace: &TimeZone) -> TimeZone {
        self.timezone
            .filter(|own| workspace.iana_name() != Some(own.as_str()))
            .and_then(|own| TimeZone::get(own).ok())
            .unwrap_or_else(|| workspace.clone())
    }

    /// Whether a point may come at another moment than by these other dates.
    pub(crate) fn differ(&self, other: &Self, base: &Base) -> bool {
        self.timezone != other.timezone
            || match base {
                Base::CreatedOn => self.created_on != other.created_on,
                Base::LastSeenOn => self.last_seen_on != other.last_seen_on,
                Base::Field(key) => self.fields.get(key) != other.fields.get(key),
            }
    }
}

/// The points of campaigns in use. One that cannot be read is left out and logged.
pub(crate) fn points(definitions: &Definitions) -> Vec<CampaignPoint> {
    let rows = definitions.campaign_events.iter();
    rows.filter_map(|row| {
        let campaign = definitions.campaigns.iter().find(|one| one.id == row.campaign && !one.archived)?;
        let group = definitions.groups.iter().find(|group| group.id == campaign.group)?;
        let (Some(unit), Some(does)) = (OffsetUnit::of_code(&row.unit), does(row)) else {
            tracing::error!(point = %row.uuid, "a point of a campaign cannot be read and is left out");
            return None;
        };
        let hour = i8::try_from(row.delivery_hour).ok().filter(|hour| (0..24).contains(hour));
        Some(CampaignPoint {
            id: row.id,
            uuid: row.uuid,
            campaign: Reference { uuid: campaign.uuid, name: campaign.name.clone() },
            group: group.id,
            group_uuid: group.uuid,
            base: match row.relative_to.as_str() {
                "created_on" => Base::CreatedOn,
                "last_seen_on" => Base::LastSeenOn,
                _ => Base::Field(row.relative_to.clone()),
            },
            offset: Offset { count: row.offset, unit, hour },
            mode: match row.start_mode.as_str() {
                "S" => StartMode::Skip,
                "P" => StartMode::Passive,
                _ => StartMode::Interrupt,
            },
            does,
        })
    })
    .collect()
}

fn does(row: &CampaignEventRow) -> Option<Does> {
    if let Some(flow) = row.flow {
        return Some(Does::Starts(flow));
    }
    let texts: BTreeMap<SmolStr, SmolStr> = serde_json::from_str(row.message.as_deref()?).ok()?;
    let content = |text: SmolStr| BroadcastContent { text, ..BroadcastContent::default() };
    let base_language = row.base_language.clone().or_else(|| texts.keys().next().cloned())?;
    Some(Does::Says(Box::new(BroadcastCreated {
        translations: texts.into_iter().map(|(language, text)| (language, content(text))).collect(),
        base_language,
        groups: Vec::new(),
        contacts: Vec::new(),
        contact_query: SmolStr::default(),
        urns: Vec::new(),
        template: None,
        template_variables: Vec::new(),
    })))
}
