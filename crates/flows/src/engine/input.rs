//! What came in, as the flow sees it: one message, a choice among what was offered, or several messages as one.

use domain::Interactive;
use smol_str::SmolStr;

use super::work::Work;
use crate::{
    events::{Event, MsgIn},
    program::Collect,
    session::{Input, InputPart, Offered},
};

impl Work<'_> {
    /// A message as `@input` sees it, with the channel's present name. What was offered before is answered by it.
    pub fn input_of(&mut self, event: &Event, msg: &MsgIn) -> Input {
        let channel = msg.channel.as_ref().and_then(|channel| self.assets.channel(channel.uuid));
        let offered = std::mem::take(&mut self.session.offered);
        Input {
            uuid: event.uuid,
            created_on: event.created_on,
            urn: msg.urn.clone(),
            channel: channel.map(|c| domain::Reference { uuid: c.uuid, name: c.name.clone() }),
            text: msg.text.clone(),
            attachments: msg.attachments.clone(),
            external_id: msg.external_id.clone(),
            payload: msg.payload.as_ref().map(|payload| payload.to_string().into()),
            choice: choice_of(msg, &offered),
            messages: Vec::new(),
        }
    }

    /// Remembers what a message offers.
    pub fn offer(&mut self, interactive: &Interactive) {
        let offered = interactive.choices().into_iter();
        self.session.offered =
            offered.map(|choice| Offered { id: choice.id.clone(), title: choice.title.clone() }).collect();
    }

    /// Takes the present message into what a wait collects. Answers whether that is all.
    pub fn collect(&mut self, collect: &Collect) -> bool {
        let Some(input) = &self.session.input else { return true };
        let closes = collect.closes(&input.text);
        if !closes {
            let part = part_of(input);
            self.session.collected.push(part);
        }
        closes || self.session.collected.len() >= collect.max_messages
    }

    /// Makes one input of what was collected. Answers whether there was anything.
    pub fn end_collecting(&mut self) -> bool {
        let parts = std::mem::take(&mut self.session.collected);
        let Some(last) = parts.last() else { return false };
        let (uuid, created_on) = (last.uuid, last.created_on);
        self.set_collected(parts, uuid, created_on);
        true
    }

    /// As [`Work::end_collecting`], after a message: a closing word alone is an answer without text.
    pub fn close_collecting(&mut self) {
        if let Some(input) = &self.session.input {
            let (uuid, created_on) = (input.uuid, input.created_on);
            let parts = std::mem::take(&mut self.session.collected);
            self.set_collected(parts, uuid, created_on);
        }
    }

    fn set_collected(&mut self, parts: Vec<InputPart>, uuid: domain::EventUuid, created_on: jiff::Timestamp) {
        let texts = parts.iter().map(|part| part.text.as_str()).filter(|text| !text.is_empty());
        let text = SmolStr::from(texts.collect::<Vec<_>>().join("\n"));
        let attachments = parts.iter().flat_map(|part| part.attachments.iter().cloned()).collect();
        let before = self.session.input.take();
        let (urn, channel) = match before {
            Some(input) => (input.urn, input.channel),
            None => self.session_address(),
        };
        self.session.input = Some(Input {
            uuid,
            created_on,
            urn,
            channel,
            text,
            attachments,
            external_id: None,
            payload: None,
            choice: SmolStr::default(),
            messages: parts,
        });
    }

    /// Where the contact wrote from last: their preferred address and its channel.
    fn session_address(&self) -> (Option<domain::Urn>, Option<domain::ChannelRef>) {
        let Some((urn, channel)) = crate::context::channel_of(self.assets, self.contact) else {
            return (self.contact.urns.first().map(|urn| urn.urn.clone()), None);
        };
        let channel = domain::Reference { uuid: channel.uuid, name: channel.name.clone() };
        (Some(urn.urn.clone()), Some(channel))
    }
}

pub(super) fn part_of(input: &Input) -> InputPart {
    InputPart {
        uuid: input.uuid,
        created_on: input.created_on,
        text: input.text.clone(),
        attachments: input.attachments.clone(),
    }
}

/// What was chosen: the identifier that the carrier gives, or the one offered under what was written, whatever its
/// case: its title, its identifier, or its place in the list.
fn choice_of(msg: &MsgIn, offered: &[Offered]) -> SmolStr {
    let given = msg.payload.as_ref().and_then(|payload| payload.get("id")?.as_str());
    if let Some(id) = given.filter(|id| !id.is_empty()) {
        return id.into();
    }
    if offered.is_empty() {
        return SmolStr::default();
    }
    let written = msg.text.trim().to_lowercase();
    let same = |text: &SmolStr| text.trim().to_lowercase() == written;
    let named = offered.iter().find(|offered| same(&offered.title) || same(&offered.id));
    let place = || offered.get(written.parse::<usize>().ok()?.checked_sub(1)?);
    named.or_else(place).map(|offered| offered.id.clone()).unwrap_or_default()
}
