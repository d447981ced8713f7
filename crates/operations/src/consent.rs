//! What somebody agreed to, and what they took back: an entry for each time, never changed. Whether we may talk with them
//! at all is the contact's status, and follows the last entry about everything in the same transaction.

use std::sync::Arc;

use domain::{
    ChannelId, ConsentId, ConsentUuid, ContactId, ContactStatus, MessageId, SessionId, UserId, WorkspaceId,
};
use flows::{Event, EventKind, events::ConsentRecorded};
use jiff::Timestamp;
use smol_str::SmolStr;
use store::{Change, ConsentRow, ConsentSource, Conversation, ConversationKey, StoreError};
use thiserror::Error;

use crate::{
    Committed, Context, Workspace,
    batch::{self, BatchError, StepFuture, Stepped},
    edit_definitions::same_name,
    stop_contact::stop,
    turn::Turn,
};

/// Characters of a purpose.
pub const MAX_PURPOSE: usize = 64;
/// Characters of what somebody was shown.
pub const MAX_SHOWN: usize = 10_000;
/// Characters of a reason.
pub const MAX_CONSENT_REASON: usize = 640;

/// What somebody agreed to, or took back, as it is written down by hand.
#[derive(Debug, Clone)]
pub struct NewConsent {
    /// To what; empty for everything, which is whether we may talk with them at all.
    pub purpose: SmolStr,
    /// Whether they agreed; else they took it back.
    pub given: bool,
    /// By which way it came.
    pub source: ConsentSource,
    /// The line.
    pub channel: Option<ChannelId>,
    /// The message with which they did.
    pub message: Option<MessageId>,
    /// Who writes it down.
    pub user: Option<UserId>,
    /// What they were shown or told.
    pub shown: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// When they did; now without it.
    pub happened_on: Option<Timestamp>,
}

/// Why a consent was not written down.
#[derive(Debug, Clone, Error)]
pub enum ConsentError {
    /// There is no such contact.
    #[error("there is no such contact")]
    NoContact,
    /// The contact changes too fast.
    #[error("the contact is busy; try again")]
    Busy,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Writes down what somebody agreed to or took back. Who takes everything back is stopped in the same transaction: what
/// was queued does not leave. Who agrees to everything is talked with again.
///
/// # Errors
/// [`ConsentError`]; nothing is written then.
pub async fn record_consent(
    ctx: &Context,
    workspace: WorkspaceId,
    contact: ContactId,
    new: NewConsent,
) -> Result<Committed<ConsentUuid>, ConsentError> {
    let inputs = [(ConversationKey::Contact(workspace, contact), new)];
    let (mut ends, left) = batch::run(ctx, &inputs, step).await;
    match ends.pop() {
        Some(Ok(Some(uuid))) => Ok(Committed::new(uuid, left)),
        Some(Ok(None) | Err(BatchError::NoWorkspace)) => Err(ConsentError::NoContact),
        Some(Err(BatchError::Store(error))) => Err(error.into()),
        Some(Err(BatchError::BrokeOff(said))) => Err(batch::broke_off(&said).into()),
        Some(Err(BatchError::Busy | BatchError::Duplicate | BatchError::Gone)) | None => {
            Err(ConsentError::Busy)
        }
    }
}

fn step<'a>(
    ctx: &'a Context,
    ws: Arc<Workspace>,
    conversation: Option<Conversation>,
    new: &'a NewConsent,
) -> StepFuture<'a, Option<ConsentUuid>> {
    Box::pin(async move {
        let Some(conversation) = conversation else { return Ok(Stepped::nothing(None)) };
        let mut turn = Turn::of(ctx, ws, ctx.now(), conversation);
        let uuid = turn.consent(new);
        // The change of the status that follows is this consent.
        turn.consent_kept = true;
        match (new.purpose.is_empty(), new.given, turn.person.contact.status) {
            (true, false, _) => stop(&mut turn, "the contact opted out"),
            (true, true, ContactStatus::Stopped) => turn.set_status(ContactStatus::Active),
            (true, true, _) | (false, _, _) => {}
        }
        turn.drain_pending().await?;
        Ok(Stepped { unit: Some(turn.finish()), value: Some(uuid) })
    })
}

impl Turn<'_> {
    /// Keeps what somebody agreed to or took back.
    pub(crate) fn consent(&mut self, new: &NewConsent) -> ConsentUuid {
        let uuid = ConsentUuid(self.ctx.host.uuid_v7());
        let row = ConsentRow {
            id: ConsentId(self.ctx.next_id(self.now)),
            workspace: self.ws.row.id,
            uuid,
            contact: self.person.row.id,
            purpose: new.purpose.clone(),
            given: new.given,
            source: new.source,
            channel: new.channel,
            message: new.message,
            user: new.user,
            shown: new.shown.clone(),
            reason: new.reason.clone(),
            happened_on: new.happened_on.unwrap_or(self.now),
            created_on: self.now,
        };
        self.changes.push(Change::Consent(Box::new(row)));
        uuid
    }

    /// A status that says that somebody opted out, or may be talked with again, is a consent.
    pub(crate) fn consent_of(&mut self, event: &Event, session: Option<SessionId>) {
        let EventKind::ContactStatusChanged(changed) = &event.kind else { return };
        let given = match changed.status {
            ContactStatus::Stopped => false,
            ContactStatus::Active if self.was_stopped => true,
            ContactStatus::Active | ContactStatus::Blocked | ContactStatus::Archived => return,
        };
        self.was_stopped = !given;
        if self.consent_kept {
            return;
        }
        let user = event.user.as_ref().and_then(|user| self.ws.user_id(user));
        let source = match (self.consent_by, session) {
            (Some(source), _) => source,
            (None, Some(_)) => ConsentSource::Flow,
            (None, None) if event.user.is_some() => ConsentSource::User,
            (None, None) => ConsentSource::Carrier,
        };
        let message = self.message.as_ref().map(|message| message.id);
        self.consent(&NewConsent {
            purpose: SmolStr::default(),
            given,
            source,
            channel: None,
            message,
            user,
            shown: None,
            reason: None,
            happened_on: Some(event.created_on),
        });
    }

    /// A flow keeps that somebody agreed to something: by the message that it handles, if there is one.
    pub(crate) fn consent_in_flow(&mut self, recorded: &ConsentRecorded, at: Timestamp) {
        let shown: String = recorded.text.chars().take(MAX_SHOWN).collect();
        self.consent(&NewConsent {
            purpose: recorded.purpose.chars().take(MAX_PURPOSE).collect(),
            given: recorded.given,
            source: ConsentSource::Flow,
            channel: None,
            message: self.message.as_ref().map(|message| message.id),
            user: None,
            shown: (!shown.is_empty()).then_some(shown),
            reason: None,
            happened_on: Some(at),
        });
    }

    /// A carrier says that somebody agreed to get something, or wants it no more. If it is one of the workspace's opt-ins, by
    /// its name or identifier, its name is the purpose.
    pub(crate) fn consent_by_carrier(&mut self, to: &str, given: bool, channel: ChannelId) {
        let to = to.trim();
        if to.is_empty() {
            return;
        }
        let optins = &self.ws.definitions().optins;
        let known = optins.iter().find(|row| row.uuid.to_string() == to || same_name(&row.name, to));
        let purpose = known.map_or_else(|| to.chars().take(MAX_PURPOSE).collect(), |row| row.name.clone());
        self.consent(&NewConsent {
            purpose,
            given,
            source: ConsentSource::Carrier,
            channel: Some(channel),
            message: None,
            user: None,
            shown: None,
            reason: None,
            happened_on: None,
        });
    }

    /// Somebody comes in from elsewhere, where they had opted out.
    pub(crate) fn opted_out_elsewhere(&mut self) {
        self.was_stopped = true;
        self.consent(&NewConsent {
            purpose: SmolStr::default(),
            given: false,
            source: ConsentSource::Import,
            channel: None,
            message: None,
            user: None,
            shown: None,
            reason: None,
            happened_on: None,
        });
    }

    /// Consents of those who wrote name the message, which was not there yet when they were kept.
    pub(crate) fn name_message_of_consents(&mut self) {
        let inbound = self.first.iter().find_map(|change| match change {
            Change::Message(message) => Some((message.id, message.channel)),
            _ => None,
        });
        let Some((id, channel)) = inbound else { return };
        for change in &mut self.changes {
            if let Change::Consent(row) = change
                && row.source == ConsentSource::Message
            {
                row.message = row.message.or(Some(id));
                row.channel = row.channel.or(channel);
            }
        }
    }
}
