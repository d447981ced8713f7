//! The compact binary form of a session: a version byte, then the fields in order.

use domain::{ChannelUuid, ContactUuid, EventUuid, Reference, SessionUuid};
use smol_str::SmolStr;
use thiserror::Error;

use super::{
    FlowType, Input, InputPart, Offered, Run, RunStatus, Session, SessionStatus, TriggerSlot,
    run_codec::{read_run, write_run},
    wire::{Reader, Writer},
};
use crate::{assets::Assets, definition::extensions::MAX_COLLECTED, events::CallRef};

/// Version of the binary form, its first byte. Version 2 has at the end what flows have beyond the specification.
/// Stored sessions of every version are in `tests/golden`, whose README says what a change asks for.
pub const VERSION: u8 = 2;
/// The first version that was stored. All since are read.
const FIRST_VERSION: u8 = 1;

/// Why stored bytes are not a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CodecError {
    /// The first byte names a form this program does not know.
    #[error("session form {0} is unknown; it was written by a newer program")]
    UnknownVersion(u8),
    /// The bytes are not what was written.
    #[error("stored session is damaged")]
    Damaged,
}

impl Session {
    /// The session as bytes. Path, locals and web service answer of ended runs are left out.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new(VERSION);
        out.uuid(self.uuid.0);
        out.uuid(self.contact.0);
        out.base(self.created_on);
        out.byte(flow_type_code(self.flow_type));
        out.byte(session_status_code(self.status));
        out.number(u64::from(self.sprints));
        out.raw(self.trigger.json());
        out.option(self.call.as_ref(), |out, call| {
            out.uuid(call.uuid.0);
            out.uuid(call.channel.uuid.0);
            out.text(&call.channel.name);
            out.text(&call.urn.to_string());
        });
        out.option(self.input.as_ref(), write_input);
        out.option(self.pending.as_ref(), |out, pending| {
            out.raw(&serde_json::to_vec(pending).unwrap_or_default());
        });
        out.count(self.runs.len());
        for run in &self.runs {
            write_run(&mut out, run);
        }
        write_extensions(&mut out, self);
        out.bytes
    }

    /// Reads what [`Session::encode`] wrote. Runs get their pinned revision from the assets; if that is gone
    /// they go on with the flow's current one at the same node.
    ///
    /// # Errors
    /// [`CodecError`]
    pub fn decode(bytes: &[u8], assets: &Assets) -> Result<Self, CodecError> {
        let mut from = Reader::new(bytes);
        let version = from.byte()?;
        if !(FIRST_VERSION..=VERSION).contains(&version) {
            return Err(CodecError::UnknownVersion(version));
        }
        let mut session = read_session(&mut from, assets)?;
        if version > FIRST_VERSION {
            read_extensions(&mut from, &mut session)?;
        }
        if from.is_empty() { Ok(session) } else { Err(CodecError::Damaged) }
    }
}

fn read_session(from: &mut Reader<'_>, assets: &Assets) -> Result<Session, CodecError> {
    let uuid = SessionUuid(from.uuid()?);
    let contact = ContactUuid(from.uuid()?);
    let created_on = from.base()?;
    let flow_type = flow_type_of(from.byte()?)?;
    let status = session_status_of(from.byte()?)?;
    let sprints = from.small()?;
    let trigger = TriggerSlot::from_json(from.raw()?);
    let call = from.option(|from| {
        Ok(CallRef {
            uuid: domain::CallUuid(from.uuid()?),
            channel: Reference { uuid: ChannelUuid(from.uuid()?), name: from.text()? },
            urn: from.text()?.parse().map_err(|_| CodecError::Damaged)?,
        })
    })?;
    let input = from.option(|from| read_input(from, assets))?;
    let pending = from.option(|from| serde_json::from_slice(from.raw()?).map_err(|_| CodecError::Damaged))?;
    let (count, room) = from.items()?;
    let mut runs: Vec<Run> = Vec::with_capacity(room + 1);
    for index in 0..count {
        let run = read_run(from, assets)?;
        // A run is entered by an earlier one, so that the way back up always ends.
        if run.parent.is_some_and(|parent| parent as usize >= index) {
            return Err(CodecError::Damaged);
        }
        runs.push(run);
    }
    Ok(Session {
        uuid,
        flow_type,
        created_on,
        trigger,
        contact,
        call,
        runs,
        status,
        input,
        sprints,
        pending,
        offered: Vec::new(),
        collected: Vec::new(),
    })
}

/// One byte for a session without.
fn write_extensions(out: &mut Writer, session: &Session) {
    let (choice, messages) = session.input.as_ref().map_or(("", &[][..]), |i| (&i.choice, &i.messages));
    let has_any = !session.offered.is_empty()
        || !session.collected.is_empty()
        || !choice.is_empty()
        || !messages.is_empty();
    out.option(has_any.then_some(()), |out, ()| {
        out.count(session.offered.len());
        for offered in &session.offered {
            out.text(&offered.id);
            out.text(&offered.title);
        }
        write_parts(out, &session.collected);
        out.text(choice);
        write_parts(out, messages);
    });
}

fn read_extensions(from: &mut Reader<'_>, session: &mut Session) -> Result<(), CodecError> {
    if !from.flag()? {
        return Ok(());
    }
    let count = from.count()?;
    session.offered.reserve(count);
    for _ in 0..count {
        session.offered.push(Offered { id: from.text()?, title: from.text()? });
    }
    session.collected = read_parts(from)?;
    let (choice, messages) = (from.text()?, read_parts(from)?);
    if let Some(input) = &mut session.input {
        (input.choice, input.messages) = (choice, messages);
    }
    Ok(())
}

fn write_parts(out: &mut Writer, parts: &[InputPart]) {
    out.count(parts.len());
    for part in parts {
        out.uuid(part.uuid.0);
        out.moment(part.created_on);
        out.text(&part.text);
        out.count(part.attachments.len());
        for attachment in &part.attachments {
            out.text(attachment);
        }
    }
}

fn read_parts(from: &mut Reader<'_>) -> Result<Vec<InputPart>, CodecError> {
    let count = from.count()?;
    let mut parts = Vec::with_capacity(count.min(MAX_COLLECTED as usize));
    for _ in 0..count {
        let (uuid, created_on, text) = (EventUuid(from.uuid()?), from.moment()?, from.text()?);
        let attachments = from.count()?;
        let attachments = (0..attachments).map(|_| from.text()).collect::<Result<_, _>>()?;
        parts.push(InputPart { uuid, created_on, text, attachments });
    }
    Ok(parts)
}

fn write_input(out: &mut Writer, input: &Input) {
    out.uuid(input.uuid.0);
    out.moment(input.created_on);
    out.option(input.urn.as_ref(), |out, urn| out.text(&urn.to_string()));
    out.option(input.channel.as_ref(), |out, channel| out.uuid(channel.uuid.0));
    out.text(&input.text);
    out.count(input.attachments.len());
    for attachment in &input.attachments {
        out.text(attachment);
    }
    out.option(input.external_id.as_ref(), |out, id| out.text(id));
    out.option(input.payload.as_ref(), |out, payload| out.text(payload));
}

fn read_input(from: &mut Reader<'_>, assets: &Assets) -> Result<Input, CodecError> {
    let uuid = EventUuid(from.uuid()?);
    let created_on = from.moment()?;
    let urn = from.option(|from| from.text()?.parse().map_err(|_| CodecError::Damaged))?;
    let channel = from.option(|from| Ok(ChannelUuid(from.uuid()?)))?;
    let text = from.text()?;
    let (count, room) = from.items()?;
    let mut attachments = Vec::with_capacity(room);
    for _ in 0..count {
        attachments.push(from.text()?);
    }
    Ok(Input {
        uuid,
        created_on,
        urn,
        channel: channel.map(|uuid| {
            let name = assets.channel(uuid).map_or_else(SmolStr::default, |channel| channel.name.clone());
            Reference { uuid, name }
        }),
        text,
        attachments,
        external_id: from.option(Reader::text)?,
        payload: from.option(Reader::text)?,
        choice: SmolStr::default(),
        messages: Vec::new(),
    })
}

fn flow_type_code(flow_type: FlowType) -> u8 {
    match flow_type {
        FlowType::Messaging => 0,
        FlowType::MessagingBackground => 1,
        FlowType::MessagingOffline => 2,
        FlowType::Voice => 3,
    }
}

fn flow_type_of(code: u8) -> Result<FlowType, CodecError> {
    Ok(match code {
        0 => FlowType::Messaging,
        1 => FlowType::MessagingBackground,
        2 => FlowType::MessagingOffline,
        3 => FlowType::Voice,
        _ => return Err(CodecError::Damaged),
    })
}

fn session_status_code(status: SessionStatus) -> u8 {
    match status {
        SessionStatus::Active => 0,
        SessionStatus::Waiting => 1,
        SessionStatus::Completed => 2,
        SessionStatus::Failed => 3,
    }
}

fn session_status_of(code: u8) -> Result<SessionStatus, CodecError> {
    Ok(match code {
        0 => SessionStatus::Active,
        1 => SessionStatus::Waiting,
        2 => SessionStatus::Completed,
        3 => SessionStatus::Failed,
        _ => return Err(CodecError::Damaged),
    })
}

/// The byte of a run's status.
pub(super) fn run_status_code(status: RunStatus) -> u8 {
    match status {
        RunStatus::Active => 0,
        RunStatus::Waiting => 1,
        RunStatus::Completed => 2,
        RunStatus::Expired => 3,
        RunStatus::Failed => 4,
        RunStatus::Interrupted => 5,
    }
}

/// The status of a byte.
pub(super) fn run_status_of(code: u8) -> Result<RunStatus, CodecError> {
    Ok(match code {
        0 => RunStatus::Active,
        1 => RunStatus::Waiting,
        2 => RunStatus::Completed,
        3 => RunStatus::Expired,
        4 => RunStatus::Failed,
        5 => RunStatus::Interrupted,
        _ => return Err(CodecError::Damaged),
    })
}
