//! What happens on a line besides messages and starts flows: calls, referrals, opt-ins and opt-outs.

use channels::Happening;
use domain::{CallUuid, EventUuid, Reference, Urn};
use flows::{
    Event, EventKind, FlowType, Trigger, TriggerKind,
    events::{CallReceived, CallRef, ChannelEvent, ChatStarted},
    trigger::ChannelTriggerEvent,
};
use smol_str::SmolStr;
use store::{ChannelRow, StoreError};

use crate::{
    Receipt,
    receive::{Stamp, flow_reference},
    triggers::{self, Matched},
    turn::{StepEnd, Turn},
};

/// The parameter under which flows find what somebody came by.
const REFERRER: &str = "referrer_id";

impl Turn<'_> {
    /// Keeps what happened and starts the flow that is set for it; that takes the place of one that waits.
    pub(crate) async fn take_happening(
        &mut self,
        urn: &Urn,
        what: &Happening,
        channel: &ChannelRow,
        stamp: Option<Stamp>,
    ) -> Result<Receipt, StoreError> {
        // Who opts out has not said anything that would make them wanted again.
        if !matches!(what, Happening::OptOut(_)) {
            self.seen(urn, channel, stamp.map_or(self.now, |stamp| stamp.arrived));
        }
        self.drain_pending().await?;
        match what {
            Happening::OptIn(to) => self.consent_by_carrier(to, true, channel.id),
            Happening::OptOut(to) => self.consent_by_carrier(to, false, channel.id),
            Happening::MissedCall | Happening::IncomingCall | Happening::Referral(_) => {}
        }
        let event = self.event_of_happening(urn, what, channel);
        if let (Some(event), Happening::MissedCall | Happening::IncomingCall) = (&event, what) {
            self.record(event, None);
        }
        let ws = self.ws.clone();
        let groups = self.person.groups().to_vec();
        let matched = match what {
            Happening::MissedCall => triggers::plain(&ws, "M", &groups, channel.id),
            Happening::IncomingCall => triggers::plain(&ws, "V", &groups, channel.id),
            Happening::Referral(referrer) => match triggers::referral(&ws, referrer, &groups, channel.id) {
                Some(matched) => Some(matched),
                // Whoever comes by a link opens a conversation.
                None => return self.take_new_conversation(urn, channel, stamp).await,
            },
            Happening::OptIn(_) => triggers::plain(&ws, "I", &groups, channel.id),
            Happening::OptOut(_) => triggers::plain(&ws, "O", &groups, channel.id),
        };
        let Some(Matched { trigger, .. }) = matched else { return Ok(Receipt::Event) };
        let Some(flow) = flow_reference(&ws, trigger.flow) else { return Ok(Receipt::Event) };
        let speaks = ws.assets.flow(flow.uuid).is_some_and(|flow| flow.flow_type == FlowType::Voice);
        if speaks {
            return Ok(Receipt::Ignored("its flow speaks, and this line cannot"));
        }
        let kind = match (what, event) {
            (Happening::MissedCall | Happening::IncomingCall, Some(event)) => {
                TriggerKind::Call { event: Box::new(event) }
            }
            (Happening::Referral(_), Some(event)) => TriggerKind::Chat { event: Box::new(event) },
            _ => TriggerKind::Channel { event: channel_event(what, channel) },
        };
        self.start_for(Trigger::new(flow, self.now, kind), what.name()).await?;
        Ok(Receipt::Event)
    }

    /// Starts the flow that is set for people who opted out. What it says does not reach them; what it does besides is done.
    pub(crate) async fn opted_out(&mut self, channel: &ChannelRow) -> Result<(), StoreError> {
        let ws = self.ws.clone();
        let groups = self.person.groups().to_vec();
        let Some(matched) = triggers::plain(&ws, "O", &groups, channel.id) else { return Ok(()) };
        let Some(flow) = flow_reference(&ws, matched.trigger.flow) else { return Ok(()) };
        let what = Happening::OptOut(SmolStr::default());
        let kind = TriggerKind::Channel { event: channel_event(&what, channel) };
        self.start_for(Trigger::new(flow, self.now, kind), what.name()).await
    }

    async fn start_for(&mut self, trigger: Trigger, what: &str) -> Result<(), StoreError> {
        if let StepEnd::NotTaken(Some(reason)) = self.start(trigger).await? {
            tracing::warn!(reason, what, "no flow began");
        }
        Ok(())
    }

    fn event_of_happening(&self, urn: &Urn, what: &Happening, channel: &ChannelRow) -> Option<Event> {
        let channel = Reference { uuid: channel.uuid, name: channel.name.clone() };
        let kind = match what {
            Happening::MissedCall => EventKind::CallMissed(ChannelEvent { channel }),
            Happening::IncomingCall => {
                let uuid = CallUuid(self.ctx.host.uuid_v7());
                EventKind::CallReceived(CallReceived { call: CallRef { uuid, channel, urn: urn.clone() } })
            }
            Happening::Referral(referrer) => {
                let params = [(SmolStr::new_static(REFERRER), referrer.clone())].into_iter().collect();
                EventKind::ChatStarted(ChatStarted { channel, params: Some(params) })
            }
            Happening::OptIn(_) | Happening::OptOut(_) => return None,
        };
        Some(Event::new(EventUuid(self.ctx.host.uuid_v7()), self.now, kind))
    }
}

fn channel_event(what: &Happening, channel: &ChannelRow) -> ChannelTriggerEvent {
    let event_type = match what {
        Happening::OptIn(_) => "optin",
        Happening::OptOut(_) => "optout",
        Happening::MissedCall | Happening::IncomingCall | Happening::Referral(_) => what.name(),
    };
    ChannelTriggerEvent {
        event_type: SmolStr::new_static(event_type),
        channel: Reference { uuid: channel.uuid, name: channel.name.clone() },
    }
}
