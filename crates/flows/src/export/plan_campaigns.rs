//! Campaigns of an import.

use domain::{CampaignEventUuid, CampaignUuid};
use smol_str::{SmolStr, format_smolstr};

use super::plan::{PlannedCampaign, PlannedEvent, PlannedPoint, Planner, Write, folded};
use super::plan_flows::Names;
use super::{Campaign, CampaignEvent, CampaignPoint};

/// The units in which campaigns count.
const UNITS: [&str; 4] = ["M", "H", "D", "W"];
/// How a point deals with who is in a flow.
const START_MODES: [&str; 3] = ["I", "S", "P"];
/// Delivery hours; -1 keeps the hour that comes out.
const HOURS: std::ops::RangeInclusive<i64> = -1..=23;

impl Planner<'_> {
    pub(super) fn campaigns(&mut self) {
        let (export, existing) = (self.export, self.existing);
        let find = |campaign: &Campaign| {
            let by_uuid = existing.campaigns.iter().find(|known| Some(known.uuid) == campaign.uuid);
            by_uuid.or_else(|| {
                existing.campaigns.iter().find(|known| folded(&known.name) == folded(&campaign.name))
            })
        };
        let replaced: Vec<CampaignUuid> =
            export.campaigns.iter().filter_map(|c| find(c).map(|known| known.uuid)).collect();
        let others = existing.campaigns.iter().filter(|known| !replaced.contains(&known.uuid));
        // Points of campaigns that stay keep their identifiers.
        self.used.extend(others.clone().flat_map(|known| &known.events).map(|event| event.0));
        let mut names = Names::new(others.map(|known| known.name.as_str()));
        for campaign in &export.campaigns {
            let what = format_smolstr!("campaign '{}'", campaign.name);
            let Some(group) = self.group(&campaign.group) else {
                self.skip(what, "it has no group");
                continue;
            };
            let taken: Vec<CampaignUuid> = self.plan.campaigns.iter().map(|planned| planned.uuid).collect();
            let known = find(campaign).filter(|known| !taken.contains(&known.uuid));
            let uuid = match known {
                Some(known) => known.uuid,
                None => CampaignUuid(self.free(campaign.uuid.map(|uuid| uuid.0))),
            };
            let name = names.claim(&campaign.name);
            self.renamed("campaign", &campaign.name, &name);
            let events = campaign.events.iter().filter_map(|event| self.event(event, &what)).collect();
            let write = if known.is_some() { Write::Update } else { Write::Create };
            self.plan.campaigns.push(PlannedCampaign { write, uuid, name, group, events });
        }
    }

    fn event(&mut self, event: &CampaignEvent, campaign: &SmolStr) -> Option<PlannedEvent> {
        let valid = UNITS.contains(&event.unit.as_str())
            && START_MODES.contains(&event.start_mode.as_str())
            && HOURS.contains(&event.delivery_hour);
        if !valid {
            self.skip(format_smolstr!("a point of {campaign}"), "its unit, hour or start mode is not valid");
            return None;
        }
        let point = match &event.point {
            CampaignPoint::Message { texts, base_language } => {
                PlannedPoint::Message { texts: texts.clone(), base_language: base_language.clone() }
            }
            CampaignPoint::Flow { uuid, name } => match self.flow(*uuid, name, campaign) {
                Some(flow) => PlannedPoint::Flow(flow),
                None => {
                    self.skip(
                        format_smolstr!("a point of {campaign}"),
                        "the flow that it starts is not there",
                    );
                    return None;
                }
            },
        };
        Some(PlannedEvent {
            uuid: CampaignEventUuid(self.free(event.uuid.map(|uuid| uuid.0))),
            relative_to: event.relative_to.trim().to_lowercase().into(),
            offset: event.offset,
            unit: event.unit.clone(),
            delivery_hour: event.delivery_hour,
            start_mode: event.start_mode.clone(),
            point,
        })
    }
}
