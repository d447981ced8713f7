//! A point of a campaign comes for one person.

use domain::{ContactStatus, EventUuid, Reference};
use flows::{Engine, Event, EventKind, Trigger, TriggerKind, events::CampaignFired};
use store::{Change, DueTimer, StoreError};

use super::{
    StartMode,
    plan::timer as timer_of,
    points::{CampaignPoint, Dates, Does},
};
use crate::turn::{StepEnd, Turn};

impl Turn<'_> {
    /// The timer of a point is due; it is taken already. What is true of the person now decides.
    pub(crate) async fn campaign_comes(&mut self, timer: &DueTimer) -> Result<bool, StoreError> {
        let ws = self.ws.clone();
        let Some(point) = ws.campaign_points().iter().find(|point| point.id.0 == timer.session.0) else {
            return Ok(false);
        };
        let contact = &self.person.contact;
        if contact.status != ContactStatus::Active || !contact.groups.contains(&point.group_uuid) {
            return Ok(false);
        }
        let dates = Dates::of(contact);
        let zone = dates.zone(&ws.env.timezone);
        match point.moment(&dates, &zone) {
            Some(due) if due > self.now => {
                let again = timer_of(timer.workspace, timer.contact, point, due);
                self.changes.push(Change::SetTimer(again));
                Ok(false)
            }
            // One that was put off, or that a node was too late for.
            Some(due) if due >= timer.due || self.is_put_off(timer) => self.reach(point, timer).await,
            Some(_) | None => Ok(false),
        }
    }

    /// Whether a timer is no longer at a point's moment because it was set a little later: points come at full minutes.
    fn is_put_off(&self, timer: &DueTimer) -> bool {
        timer.due.as_microsecond() % 60_000_000 != 0
    }

    async fn reach(&mut self, point: &CampaignPoint, timer: &DueTimer) -> Result<bool, StoreError> {
        if point.mode == StartMode::Skip && self.live.is_some() {
            return Ok(false);
        }
        if self.waits_for_effect() {
            self.try_later(timer);
            return Ok(false);
        }
        let fired = CampaignFired { campaign: point.campaign.clone(), point_uuid: point.uuid.0 };
        let uuid = EventUuid(self.ctx.host.uuid_v7());
        let event = Event::new(uuid, self.now, EventKind::CampaignFired(fired));
        match &point.does {
            Does::Starts(flow) => {
                let flow = self.ws.flow_by_id(*flow).filter(|flow| !flow.archived);
                let flow = flow.map(|flow| Reference { uuid: flow.uuid, name: flow.name.clone() });
                let Some(flow) = flow else { return Ok(false) };
                self.record(&event, None);
                let trigger = Trigger::new(flow, self.now, TriggerKind::Campaign { event: Box::new(event) });
                match self.start(trigger).await? {
                    StepEnd::Taken(_) => Ok(true),
                    StepEnd::NotTaken(reason) => {
                        tracing::warn!(point = %point.uuid, reason, "no flow began at a point of a campaign");
                        Ok(false)
                    }
                }
            }
            Does::Says(message) => {
                self.record(&event, None);
                if point.mode == StartMode::Interrupt {
                    self.interrupt();
                }
                let ws = self.ws.clone();
                let engine = Engine::new(&ws.assets, &ws.env, &*self.ctx.host);
                let said = engine.campaign_message(&self.person.contact, message);
                if let EventKind::MsgCreated(created) = &said.kind {
                    self.send_alone(&said, &created.msg);
                }
                Ok(true)
            }
        }
    }
}
