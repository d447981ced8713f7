//! Programmes: people get the messages of a set one by one, at the moments of its schedule, and another set when the
//! first is over or something happens in their lives.
//!
//! The rules are pure ([`domain::programme`]); here they meet the store. A message whose moment has come is one unit: the
//! message with its way out, the step of the subscription, the set that follows and the next timer ([`due`]). So is
//! whatever else is done: registration with contact, opt-in, subscriptions and welcome ([`register`]), a switch
//! ([`switch`]), an opt-out ([`opt_out`]).

mod due;
mod file;
mod form;
mod household;
mod import;
mod opt_out;
mod own_services;
mod planned;
mod register;
mod resend;
mod rules;
mod subscribe;
mod switch;
mod zone;

pub use due::MISSED_AFTER;
pub use file::{ProgrammeFile, ProgrammeFileError, read_programme};
pub use form::{MAX_RECEIVERS, read_registration, shown_registration, wrong_members};
pub use household::{Joined, MAX_MEMBERS, Receiver, join_household, leave_household};
pub use import::{
    ImportProgrammeError, MAX_MESSAGE_SETS, MAX_PROGRAMME_BYTES, ProgrammeImported, import_programme,
    import_programme_messages,
};
pub use opt_out::{OptOut, OptOutKind, opt_out};
pub use own_services::{OWN_HOST, answer_flow};
pub use planned::{MAX_PLANNED, Planned, planned};
pub use register::{Registered, Registration, register};
pub use resend::resend_last;
pub use rules::{Anchor, SwitchRule};
pub use subscribe::{StartAt, SubscribeTo, subscribe};
pub use switch::{Switch, switch};
pub(crate) use zone::move_people;

use domain::{ContactId, SubscriptionId};
use smol_str::SmolStr;
use store::{Change, ProgrammeEventKind, ProgrammeEventRow, StoreError};
use thiserror::Error;

use crate::{batch::BatchError, save_contact::SaveContactError, turn::Turn};

/// Why nothing was done with somebody's programmes.
#[derive(Debug, Clone, Error)]
pub enum ProgrammeError {
    /// There is no such contact.
    #[error("there is no such contact")]
    NoContact,
    /// There is no such set.
    #[error("there is no message set {0:?}; `seedling programme list` shows all")]
    NoSet(SmolStr),
    /// A set without messages, or one that cannot be read.
    #[error("the message set {0:?} cannot be used: {1}")]
    Unusable(SmolStr, String),
    /// A day must be known.
    #[error("{set:?} begins by the week: give the day, or set the contact's field {field:?} to a date")]
    NeedsDay {
        /// The set.
        set: SmolStr,
        /// The field that may hold it.
        field: SmolStr,
    },
    /// All messages of the set are over.
    #[error("the last message of {0:?} is over for somebody of this day")]
    Over(SmolStr),
    /// They have it already.
    #[error("they get the messages of {0:?} already")]
    Already(SmolStr),
    /// A number that the set has not.
    #[error("{set:?} has {messages} messages, so there is no message {wanted}")]
    NoMessage {
        /// The set.
        set: SmolStr,
        /// How many it has.
        messages: u32,
        /// Which was asked for.
        wanted: u32,
    },
    /// Nothing that the contact gets knows such an event.
    #[error("nothing that they are subscribed to says what happens at {0:?}")]
    NothingToSwitch(SmolStr),
    /// There is nothing that could be sent again.
    #[error("nothing of a programme was sent to them yet")]
    NothingSent,
    /// Something about the person cannot be kept.
    #[error("{0}")]
    Person(SaveContactError),
    /// Nobody gets messages about themselves as one of their household.
    #[error("this is the person whom it is about, or is named twice")]
    Themselves,
    /// A household is full.
    #[error("a household has at most {MAX_MEMBERS} members beside the person whom it is about")]
    TooManyMembers,
    /// One of several things that were asked for.
    #[error("{}: {error}", place.join("."))]
    At {
        /// Which: a member and a place in it.
        place: Vec<SmolStr>,
        /// What is wrong with it.
        error: Box<ProgrammeError>,
    },
    /// The contact changes too fast.
    #[error("the contact is busy; try again")]
    Busy,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ProgrammeError {
    /// The same, of one of several things that were asked for.
    fn at(self, place: &[&str]) -> Self {
        match self {
            Self::Busy | Self::Store(_) => self,
            error => Self::At { place: place.iter().map(SmolStr::new).collect(), error: Box::new(error) },
        }
    }
}

/// What a step over one contact answers.
type Done<T> = Result<T, ProgrammeError>;

/// The answer of a batch of one.
fn only<T>(end: Option<Result<Done<T>, BatchError>>) -> Result<T, ProgrammeError> {
    match end {
        Some(Ok(done)) => done,
        Some(Err(BatchError::NoWorkspace)) => Err(ProgrammeError::NoContact),
        Some(Err(BatchError::Store(error))) => Err(error.into()),
        Some(Err(BatchError::BrokeOff(said))) => Err(crate::batch::broke_off(&said).into()),
        Some(Err(BatchError::Busy | BatchError::Duplicate | BatchError::Gone)) | None => {
            Err(ProgrammeError::Busy)
        }
    }
}

impl Turn<'_> {
    /// Writes down what was done with the contact's programmes.
    fn programme_event(
        &mut self,
        kind: ProgrammeEventKind,
        subscription: Option<SubscriptionId>,
        reason: Option<&str>,
        detail: Option<serde_json::Value>,
    ) {
        self.changes.push(Change::ProgrammeEvent(Box::new(ProgrammeEventRow {
            id: self.ctx.next_id(self.now),
            workspace: self.ws.row.id,
            contact: self.person.row.id,
            subscription,
            kind,
            reason: reason.map(SmolStr::new),
            detail: detail.map(|detail| detail.to_string()),
            created_on: self.now,
        })));
    }

    fn contact_id(&self) -> ContactId {
        self.person.row.id
    }
}
