//! Something came in from a carrier: a message, an opened conversation, an opt-out.
//!
//! The carrier is answered only after the commit, and there is one commit: the message, what the flow made of it
//! and the replies are one unit. An item that fails does not hold the others.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use channels::{Happening, InboundMessage};
use domain::{
    ChannelEventId, ChannelUuid, ContactStatus, MessageId, MessageUuid, Reference, Urn, WorkspaceId,
};
use flows::{
    Event, EventKind, Resume, Trigger, TriggerKind,
    events::{ChatStarted, MsgIn, MsgReceived},
};
use jiff::Timestamp;
use smol_str::SmolStr;
use store::{
    Change, ChannelEventRow, ChannelRow, ConsentSource, Conversation, ConversationKey, Direction, InboundKey,
    MessageStatus, NewMessage, Priority, Rank, StoreError, TallyKind, WaitKind,
};
use thiserror::Error;

use crate::{
    Committed, Context, Workspace,
    batch::{self, BatchError, StepFuture, Stepped},
    context::Left,
    keep_unhandled::keep_unhandled,
    lanes::LaneKey,
    media,
    person::Person,
    stop_contact, triggers,
    turn::{CurrentMessage, StepEnd, Turn},
};

/// Somebody waits for what comes of it.
const REPLY: Rank = Rank::of(Priority::Reply);

/// One thing that a carrier told us.
#[derive(Debug, Clone, PartialEq)]
pub struct InboundItem {
    /// The line it came on.
    pub channel: ChannelUuid,
    /// What it is.
    pub kind: InboundKind,
    /// What it was given when it arrived; without it a new identifier and the present moment.
    pub stamp: Option<Stamp>,
}

/// What an item is given when it arrives, so that the same item given again is known again, whether or not its carrier
/// has identifiers of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The identifier that it is kept under if it is a message.
    pub uuid: MessageUuid,
    /// When it arrived.
    pub arrived: Timestamp,
    /// Whether it was given before and may have been kept then: it is looked up first. A repetition changes nothing.
    pub again: bool,
}

/// What a carrier told us.
#[derive(Debug, Clone, PartialEq)]
pub enum InboundKind {
    /// A person wrote.
    Message(InboundMessage),
    /// A person opened a conversation without writing yet.
    NewConversation(Urn),
    /// A person asked the carrier to stop our messages.
    Stop(Urn),
    /// A person has other addresses now, the first in the place of this one.
    Moved(Urn, Vec<Urn>),
    /// Something else happened that may start a flow.
    Happened(Urn, Happening),
}

impl InboundKind {
    fn urn(&self) -> &Urn {
        match self {
            Self::Message(message) => &message.urn,
            Self::NewConversation(urn) | Self::Stop(urn) | Self::Moved(urn, _) | Self::Happened(urn, _) => {
                urn
            }
        }
    }
}

/// What became of an item. All of them are answers of success to the carrier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Receipt {
    /// The message is kept, and what the flow made of it.
    Accepted(MessageUuid),
    /// The carrier gave this message before, with the same id, sender and text: this is what was kept then. Nothing
    /// changed.
    Duplicate(MessageUuid),
    /// The event took effect.
    Event,
    /// Nothing was kept, for this reason.
    Ignored(&'static str),
}

/// Why an item was not taken.
#[derive(Debug, Clone, Error)]
pub enum ReceiveError {
    /// The line is not known or not in use.
    #[error("there is no such channel")]
    UnknownChannel,
    /// The contact changes faster than the item can be handled; the carrier should send it again.
    #[error("the contact is busy; send it again")]
    Busy,
    /// The store failed; the carrier should send it again.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// An item with its line.
struct Received {
    workspace: Arc<Workspace>,
    channel: Arc<ChannelRow>,
    items: Arc<[InboundItem]>,
    place: usize,
}

impl Received {
    fn kind(&self) -> &InboundKind {
        &self.items[self.place].kind
    }

    fn stamp(&self) -> Option<Stamp> {
        self.items[self.place].stamp
    }

    fn lane(&self) -> LaneKey {
        LaneKey::of(self.kind().urn())
    }
}

/// Takes what carriers told us. Items of one contact take effect in the order given, and after those of earlier
/// calls; different contacts share one commit. Answers in the order of the items. After one that the store could not
/// take, later ones of the same contact are not tried: they would overtake it.
pub async fn receive(
    ctx: &Context,
    items: impl Into<Arc<[InboundItem]>>,
) -> Committed<Vec<Result<Receipt, ReceiveError>>> {
    let items: Arc<[InboundItem]> = items.into();
    let came = ctx.now();
    let held = ctx.lanes.enter(items.iter().map(|item| LaneKey::of(item.kind.urn())).collect()).await;
    let mut answers: Vec<Result<Receipt, ReceiveError>> =
        items.iter().map(|_| Err(ReceiveError::UnknownChannel)).collect();
    let mut work = Vec::with_capacity(items.len());
    for (place, item) in items.iter().enumerate() {
        match ctx.registry.channel(ctx, item.channel).await {
            Ok(Some((workspace, channel))) => {
                let key = ConversationKey::Urn(workspace.row.id, item.kind.urn().clone());
                work.push((place, (key, Received { workspace, channel, items: items.clone(), place })));
            }
            Ok(None) => {}
            Err(error) => answers[place] = Err(error.into()),
        }
    }
    if let Err(error) = pass_over_known(ctx, &mut work, &mut answers).await {
        for (place, _) in work.drain(..) {
            answers[place] = Err(error.clone().into());
        }
    }
    let looked_at = ctx.now();
    let mut left = Left::default();
    let mut stuck: HashMap<LaneKey, StoreError> = HashMap::new();
    for mut wave in waves(work) {
        if !stuck.is_empty() {
            wave.retain(|(place, (_, input))| match stuck.get(&input.lane()) {
                Some(error) => {
                    answers[*place] = Err(error.clone().into());
                    false
                }
                None => true,
            });
        }
        let (places, inputs): (Vec<usize>, Vec<_>) = wave.into_iter().unzip();
        let (ends, rows) = batch::run(ctx, &inputs, step).await;
        left.append(rows);
        for ((place, (_, input)), end) in places.into_iter().zip(&inputs).zip(ends) {
            let answer = answer(ctx, input, end).await;
            match &answer {
                Err(ReceiveError::Store(error)) => drop(stuck.insert(input.lane(), error.clone())),
                Ok(Receipt::Accepted(_)) => tally_times(ctx, input, came, looked_at),
                Ok(_) | Err(_) => {}
            }
            answers[place] = answer;
        }
    }
    drop(held);
    Committed::new(answers, left)
}

/// How long a message waited before it was looked at, and until its replies were committed.
fn tally_times(ctx: &Context, input: &Received, came: Timestamp, looked_at: Timestamp) {
    let arrived = input.stamp().map_or(came, |stamp| stamp.arrived);
    for (kind, end) in [(TallyKind::QueueTime, looked_at), (TallyKind::ReplyTime, ctx.now())] {
        ctx.times.add(&input.workspace, &input.channel, kind, arrived, end.duration_since(arrived));
    }
}

type Work = (usize, (ConversationKey, Received));

/// Answers messages that were given before and are kept, and takes them out of the work.
async fn pass_over_known(
    ctx: &Context,
    work: &mut Vec<Work>,
    answers: &mut [Result<Receipt, ReceiveError>],
) -> Result<(), StoreError> {
    let mut asked: BTreeMap<WorkspaceId, Vec<MessageUuid>> = BTreeMap::new();
    for (_, (_, input)) in work.iter() {
        if let (Some(Stamp { uuid, again: true, .. }), InboundKind::Message(_)) =
            (input.stamp(), input.kind())
        {
            asked.entry(input.workspace.row.id).or_default().push(uuid);
        }
    }
    let mut known = HashSet::new();
    for (workspace, uuids) in asked {
        known.extend(ctx.store.kept_messages(workspace, uuids).await?);
    }
    if !known.is_empty() {
        work.retain(|(place, (_, input))| match input.stamp() {
            Some(stamp) if known.contains(&stamp.uuid) => {
                answers[*place] = Ok(Receipt::Duplicate(stamp.uuid));
                false
            }
            Some(_) | None => true,
        });
    }
    Ok(())
}

/// Splits a batch so that each part holds an address at most once, in order.
fn waves(work: Vec<Work>) -> Vec<Vec<Work>> {
    let mut seen: HashMap<LaneKey, usize> = HashMap::with_capacity(work.len());
    let mut waves: Vec<Vec<Work>> = Vec::new();
    for item in work {
        let wave = seen.entry(item.1.1.lane()).or_default();
        if waves.len() <= *wave {
            waves.push(Vec::new());
        }
        waves[*wave].push(item);
        *wave += 1;
    }
    waves
}

async fn answer(
    ctx: &Context,
    input: &Received,
    end: Result<Receipt, BatchError>,
) -> Result<Receipt, ReceiveError> {
    let end = match end {
        Err(BatchError::BrokeOff(reason) | BatchError::Store(StoreError::Unreadable(reason))) => {
            last_resort(ctx, input, reason).await
        }
        end => end,
    };
    match end {
        Ok(receipt) => Ok(receipt),
        Err(BatchError::Duplicate) => {
            let InboundKind::Message(InboundMessage { external_id: Some(id), urn, text, .. }) = input.kind()
            else {
                return Err(ReceiveError::Busy);
            };
            let key = InboundKey {
                workspace: input.channel.workspace,
                channel: input.channel.id,
                external_id: id.clone(),
                sender: urn.clone(),
                text: text.into(),
            };
            let found = ctx.store.find_inbound(key).await?;
            found.map(Receipt::Duplicate).ok_or(ReceiveError::Busy)
        }
        Err(BatchError::Busy | BatchError::Gone) => Err(ReceiveError::Busy),
        Err(BatchError::NoWorkspace) => Err(ReceiveError::UnknownChannel),
        Err(BatchError::Store(error)) => Err(error.into()),
        Err(BatchError::BrokeOff(said)) => Err(batch::broke_off(&said).into()),
    }
}

/// What becomes of an item that would fail each time it is sent again. An opt-out stays an error until it can be
/// heeded; an opened conversation says nothing that could be kept.
async fn last_resort(ctx: &Context, input: &Received, reason: String) -> Result<Receipt, BatchError> {
    match input.kind() {
        InboundKind::Message(message) => {
            tracing::error!(channel = %input.channel.uuid, reason, "a message is kept without a flow");
            let (ws, channel) = (&input.workspace, &input.channel);
            keep_unhandled(ctx, ws, channel, message, input.stamp(), &reason).await.map(Receipt::Accepted)
        }
        InboundKind::NewConversation(_) | InboundKind::Happened(..) => {
            Ok(Receipt::Ignored("the contact's conversation cannot go on"))
        }
        InboundKind::Stop(_) | InboundKind::Moved(..) => Err(BatchError::BrokeOff(reason)),
    }
}

fn step<'a>(
    ctx: &'a Context,
    ws: Arc<Workspace>,
    conversation: Option<Conversation>,
    input: &'a Received,
) -> StepFuture<'a, Receipt> {
    Box::pin(async move {
        let now = ctx.now();
        let channel = &*input.channel;
        if is_past(input, conversation.as_ref()) {
            return Ok(Stepped::nothing(Receipt::Ignored("it took effect before")));
        }
        let blocked =
            conversation.as_ref().is_some_and(|known| known.contact.status == ContactStatus::Blocked);
        if blocked {
            return Ok(Stepped::nothing(Receipt::Ignored("the contact is blocked")));
        }
        let mut turn = match conversation {
            Some(conversation) => Turn::of(ctx, ws, now, conversation).ranked(REPLY),
            None => {
                let name = match input.kind() {
                    InboundKind::Message(message) => message.name.as_ref(),
                    InboundKind::NewConversation(_) => None,
                    InboundKind::Happened(_, what) if !matches!(what, Happening::OptOut(_)) => None,
                    InboundKind::Stop(_) | InboundKind::Moved(..) | InboundKind::Happened(..) => {
                        return Ok(Stepped::nothing(Receipt::Ignored("the contact is not known")));
                    }
                };
                let person = Person::unknown(ctx, &ws, input.kind().urn(), Some(channel), name, now);
                Turn::new(ctx, ws, now, person).ranked(REPLY)
            }
        };
        let stamp = input.stamp();
        turn.note_channel_event(input.kind(), channel, stamp);
        let receipt = match input.kind() {
            InboundKind::Message(message) => turn.take_message(message, channel, stamp).await?,
            InboundKind::NewConversation(urn) => turn.take_new_conversation(urn, channel, stamp).await?,
            InboundKind::Stop(_) => {
                turn.consent_by = Some(ConsentSource::Carrier);
                stop_contact::stop(&mut turn, "the contact opted out");
                turn.opted_out(channel).await?;
                Receipt::Event
            }
            InboundKind::Happened(urn, what) => turn.take_happening(urn, what, channel, stamp).await?,
            InboundKind::Moved(from, to) => turn.move_address(from, to).await?,
        };
        Ok(Stepped { unit: Some(turn.finish()), value: receipt })
    })
}

/// Whether a conversation that was opened is given again after it, or what came later, took effect: the contact was
/// seen then.
fn is_past(input: &Received, conversation: Option<&Conversation>) -> bool {
    let (
        InboundKind::NewConversation(_) | InboundKind::Happened(..),
        Some(Stamp { arrived, again: true, .. }),
    ) = (input.kind(), input.stamp())
    else {
        return false;
    };
    conversation.and_then(|known| known.contact.last_seen_on).is_some_and(|seen| seen >= arrived)
}

/// A message in hand: new, or one that waited for its turn.
struct Incoming<'m> {
    id: MessageId,
    uuid: MessageUuid,
    urn: Option<Urn>,
    channel: Option<&'m ChannelRow>,
    text: SmolStr,
    attachments: Vec<SmolStr>,
    external_id: Option<SmolStr>,
    payload: Option<serde_json::Value>,
    created_on: Timestamp,
}

/// What is kept beside a message in hand: what its carrier gave besides the text.
fn inbound_detail(payload: Option<&serde_json::Value>) -> Option<String> {
    payload.map(|payload| serde_json::json!({ "payload": payload }).to_string())
}

/// The payload that [`inbound_detail`] kept.
fn payload_of(detail: Option<&str>) -> Option<serde_json::Value> {
    let mut detail: serde_json::Value = serde_json::from_str(detail?).ok()?;
    detail.get_mut("payload").map(serde_json::Value::take)
}

impl Turn<'_> {
    /// Keeps further addresses of the person that the carrier tells, after those they have. One that somebody else has
    /// stays with them.
    pub(crate) async fn learn_addresses(&mut self, urns: &[Urn]) -> Result<(), StoreError> {
        for urn in urns {
            let known = self.person.contact.urns.iter().any(|known| known.urn.is_same(urn));
            if known || self.ctx.store.address_owner(self.ws.row.id, urn.clone()).await?.is_some() {
                continue;
            }
            self.person.contact.urns.push(domain::ContactUrn { urn: urn.clone(), channel: None });
            self.person.doubt_groups();
        }
        Ok(())
    }

    async fn take_message(
        &mut self,
        message: &InboundMessage,
        channel: &ChannelRow,
        stamp: Option<Stamp>,
    ) -> Result<Receipt, StoreError> {
        let arrived = stamp.map_or(self.now, |stamp| stamp.arrived);
        self.seen(&message.urn, channel, arrived);
        self.learn_addresses(&message.other_urns).await?;
        let incoming = Incoming {
            id: MessageId(self.ctx.next_id(self.now)),
            uuid: stamp.map_or_else(|| MessageUuid(self.ctx.host.uuid_v7()), |stamp| stamp.uuid),
            urn: Some(message.urn.clone()),
            channel: Some(channel),
            text: SmolStr::new(&message.text),
            attachments: message.attachments.iter().map(SmolStr::new).collect(),
            external_id: message.external_id.clone(),
            payload: message.payload.clone(),
            created_on: arrived,
        };
        self.drain_pending().await?;
        let (status, flow, reason) = if self.parks() {
            (MessageStatus::Pending, None, None)
        } else {
            match self.converse(&incoming).await? {
                StepEnd::Taken(flow) => (MessageStatus::Handled, flow, None),
                StepEnd::NotTaken(reason) => (MessageStatus::Handled, None, reason),
            }
        };
        let urn = self.person.urn_row(&message.urn).map(|row| row.id);
        let mut files = media::files_of(self.ctx, channel, (incoming.id, &incoming.attachments), arrived);
        self.first.push(Change::Message(Box::new(NewMessage {
            id: incoming.id,
            uuid: incoming.uuid,
            workspace: self.ws.row.id,
            contact: self.person.row.id,
            urn,
            channel: Some(channel.id),
            flow,
            direction: Direction::In,
            status,
            text: incoming.text,
            attachments: incoming.attachments,
            quick_replies: None,
            detail: inbound_detail(incoming.payload.as_ref()),
            job: None,
            external_id: incoming.external_id,
            reason,
            day: self.ws.day(arrived),
            created_on: arrived,
        })));
        self.first.append(&mut files);
        self.plan_window_end(arrived);
        Ok(Receipt::Accepted(incoming.uuid))
    }

    /// Handles messages that waited for an effect to come back, in order, until the next effect. Those of a person
    /// who opted out meanwhile go nowhere.
    pub(crate) async fn drain_pending(&mut self) -> Result<(), StoreError> {
        while !self.waits_for_effect() {
            let Some(pending) = self.pending.pop_front() else { break };
            if self.person.contact.status == ContactStatus::Stopped {
                let reason = Some("the contact opted out".to_owned());
                self.changes.push(Change::Handled(self.ws.row.id, pending.id, None, reason, self.now));
                continue;
            }
            let urn = pending.urn.and_then(|id| self.person.urn_by_id(id)).map(|row| Urn {
                scheme: row.scheme.clone(),
                path: row.path.clone(),
                display: row.display.clone(),
            });
            let ws = self.ws.clone();
            let incoming = Incoming {
                id: pending.id,
                uuid: pending.uuid,
                urn,
                channel: pending.channel.and_then(|id| ws.channel_by_id(id)).map(|channel| &**channel),
                text: pending.text,
                attachments: pending.attachments,
                external_id: pending.external_id,
                payload: payload_of(pending.detail.as_deref()),
                created_on: pending.created_on,
            };
            let (flow, reason) = match self.converse(&incoming).await? {
                StepEnd::Taken(flow) => (flow, None),
                StepEnd::NotTaken(reason) => (None, reason),
            };
            self.changes.push(Change::Handled(self.ws.row.id, pending.id, flow, reason, self.now));
        }
        Ok(())
    }

    /// Gives a message to whoever it is for: a keyword's flow, the session that waits, the catch-all, the inbox.
    async fn converse(&mut self, incoming: &Incoming<'_>) -> Result<StepEnd, StoreError> {
        self.message = Some(CurrentMessage { id: incoming.id, event: Self::event_of(incoming.uuid) });
        let Some(channel) = incoming.channel else { return Ok(StepEnd::NotTaken(None)) };
        let ws = self.ws.clone();
        let groups = self.person.groups().to_vec();
        let event = received_event(incoming);
        if !self.ignores_keywords()
            && let Some(matched) = triggers::keyword(&ws, &incoming.text, &groups, channel.id)
            && let Some(flow) = flow_reference(&ws, matched.trigger.flow)
        {
            return self.start(Trigger::msg(flow, event, matched.keyword)).await;
        }
        let waits = self.live.as_ref().is_some_and(|live| live.row.wait_kind == Some(WaitKind::Message));
        if waits {
            return match Resume::from_event(event) {
                Ok(resume) => self.resume(resume).await,
                Err(error) => Ok(StepEnd::NotTaken(Some(error.to_string()))),
            };
        }
        if self.live.is_none()
            && let Some(referrer) = referrer_of(incoming.payload.as_ref())
            && let Some(matched) = triggers::referral(&ws, referrer, &groups, channel.id)
            && let Some(flow) = flow_reference(&ws, matched.trigger.flow)
        {
            return self.start(Trigger::msg(flow, event, None)).await;
        }
        if self.live.is_none()
            && let Some(matched) = triggers::plain(&ws, "C", &groups, channel.id)
            && let Some(flow) = flow_reference(&ws, matched.trigger.flow)
        {
            return self.start(Trigger::msg(flow, event, None)).await;
        }
        Ok(StepEnd::NotTaken(None))
    }

    /// Whether the flow the contact is in keeps keywords from starting others.
    fn ignores_keywords(&self) -> bool {
        let flow = self.live.as_ref().and_then(|live| live.session.current_flow());
        flow.and_then(|uuid| self.ws.flow(uuid)).is_some_and(|flow| flow.ignore_triggers)
    }

    /// Keeps what happened on a line beside messages, whatever comes of it.
    fn note_channel_event(&mut self, what: &InboundKind, channel: &ChannelRow, stamp: Option<Stamp>) {
        let Some((kind, extra)) = channel_event(what) else { return };
        let row = ChannelEventRow {
            id: ChannelEventId(self.ctx.next_id(self.now)),
            workspace: self.ws.row.id,
            kind: kind.into(),
            contact: self.person.contact.id,
            channel: channel.id,
            extra: extra.map(|extra| extra.to_string()),
            occurred_on: stamp.map_or(self.now, |stamp| stamp.arrived),
            created_on: self.now,
        };
        self.changes.push(Change::ChannelEvent(Box::new(row)));
    }

    pub(crate) async fn take_new_conversation(
        &mut self,
        urn: &Urn,
        channel: &ChannelRow,
        stamp: Option<Stamp>,
    ) -> Result<Receipt, StoreError> {
        let is_new = self.person.is_new();
        self.seen(urn, channel, stamp.map_or(self.now, |stamp| stamp.arrived));
        self.drain_pending().await?;
        if self.live.is_some() || self.parks() {
            return Ok(Receipt::Ignored("a conversation is going on"));
        }
        let ws = self.ws.clone();
        let groups = self.person.groups().to_vec();
        let Some(matched) = triggers::plain(&ws, "N", &groups, channel.id) else {
            return Ok(if is_new { Receipt::Event } else { Receipt::Ignored("nothing is set for it") });
        };
        let Some(flow) = flow_reference(&ws, matched.trigger.flow) else { return Ok(Receipt::Event) };
        let uuid = domain::EventUuid(self.ctx.host.uuid_v7());
        let kind = EventKind::ChatStarted(ChatStarted {
            channel: Reference { uuid: channel.uuid, name: channel.name.clone() },
            params: None,
        });
        let event = Event::new(uuid, self.now, kind);
        let trigger = Trigger::new(flow, self.now, TriggerKind::Chat { event: Box::new(event) });
        if let StepEnd::NotTaken(Some(reason)) = self.start(trigger).await? {
            tracing::warn!(reason, "a new conversation started no flow");
        }
        Ok(Receipt::Event)
    }
}

/// What something that came in is called in the list of what happened on lines, and what is known of it.
fn channel_event(what: &InboundKind) -> Option<(&'static str, Option<serde_json::Value>)> {
    let known = |name: &str, text: &SmolStr| (!text.is_empty()).then(|| serde_json::json!({name: text}));
    Some(match what {
        InboundKind::Message(_) | InboundKind::Moved(..) => return None,
        InboundKind::NewConversation(_) => ("new-conversation", None),
        InboundKind::Stop(_) => ("stop-contact", None),
        InboundKind::Happened(_, Happening::MissedCall) => ("call-in-missed", None),
        InboundKind::Happened(_, Happening::IncomingCall) => ("call-in", None),
        InboundKind::Happened(_, Happening::Referral(by)) => ("referral", known("referrer_id", by)),
        InboundKind::Happened(_, Happening::OptIn(to)) => ("optin", known("title", to)),
        InboundKind::Happened(_, Happening::OptOut(of)) => ("optout", known("title", of)),
    })
}

/// What somebody came by who writes from an advertisement or a link.
fn referrer_of(payload: Option<&serde_json::Value>) -> Option<&str> {
    let referral = payload?.get("referral")?;
    ["source_id", "ctwa_clid", "source_url"].iter().find_map(|name| referral.get(name)?.as_str()).or(Some(""))
}

pub(crate) fn flow_reference(ws: &Workspace, id: domain::FlowId) -> Option<flows::events::FlowRef> {
    ws.flow_by_id(id).map(|flow| Reference { uuid: flow.uuid, name: flow.name.clone() })
}

fn received_event(incoming: &Incoming<'_>) -> Event {
    let channel =
        incoming.channel.map(|channel| Reference { uuid: channel.uuid, name: channel.name.clone() });
    let msg = MsgIn {
        urn: incoming.urn.clone(),
        channel,
        text: incoming.text.clone(),
        attachments: incoming.attachments.clone(),
        external_id: incoming.external_id.clone(),
        payload: incoming.payload.clone().map(Box::new),
    };
    let kind = EventKind::MsgReceived(MsgReceived { msg, ticket_uuid: None });
    Event::new(Turn::event_of(incoming.uuid), incoming.created_on, kind)
}
