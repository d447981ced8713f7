//! A flow is started for people: by a user, the API, a command.

use std::sync::Arc;

use domain::{ContactId, ContactStatus, FlowUuid, Reference, Urn, UserUuid, WorkspaceId};
use flows::{Trigger, TriggerKind};
use smol_str::SmolStr;
use store::{Conversation, ConversationKey, StoreError};
use thiserror::Error;

use crate::{
    Committed, Context, Workspace,
    batch::{self, BatchError, StepFuture, Stepped},
    person::Person,
    turn::{StepEnd, Turn},
};

/// Contacts that one transaction starts; longer lists are cut into slices, so that replies go in between.
const SLICE: usize = 250;

/// Whom to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StartTarget {
    /// A contact.
    Contact(ContactId),
    /// Whoever has this address; made if nobody has.
    Urn(Urn),
}

/// A flow to start.
#[derive(Debug, Clone)]
pub struct FlowStart {
    /// Owner.
    pub workspace: WorkspaceId,
    /// The flow.
    pub flow: FlowUuid,
    /// Values for `@trigger.params`.
    pub params: Option<serde_json::Value>,
    /// Who asked for it.
    pub user: Option<Reference<UserUuid>>,
    /// `ui` or `api`, if it was a person or a program.
    pub origin: Option<SmolStr>,
    /// Whether people who are in another flow are left in it.
    pub skip_in_a_flow: bool,
}

/// What became of one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Started {
    /// The flow began.
    Yes,
    /// It did not, for this reason.
    No(String),
}

/// Why one target could not be tried.
#[derive(Debug, Clone, Error)]
pub enum StartError {
    /// There is no such workspace.
    #[error("there is no such workspace")]
    NoWorkspace,
    /// The contact changes too fast.
    #[error("the contact is busy; try again")]
    Busy,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

struct Start {
    start: Arc<FlowStart>,
    batch: bool,
    urn: Option<Urn>,
}

/// Starts a flow for these people, slice by slice. Answers in the order of the targets.
pub async fn start_flow(
    ctx: &Context,
    start: FlowStart,
    targets: Vec<StartTarget>,
) -> Committed<Vec<Result<Started, StartError>>> {
    let (workspace, batch) = (start.workspace, targets.len() > 1);
    let start = Arc::new(start);
    let mut inputs = targets.into_iter().map(|target| {
        let (key, urn) = match target {
            StartTarget::Contact(id) => (ConversationKey::Contact(workspace, id), None),
            StartTarget::Urn(urn) => (ConversationKey::Urn(workspace, urn.clone()), Some(urn)),
        };
        (key, Start { start: start.clone(), batch, urn })
    });
    let mut answers = Vec::new();
    let mut outbox = Vec::new();
    loop {
        let slice: Vec<_> = inputs.by_ref().take(SLICE).collect();
        if slice.is_empty() {
            return Committed { value: answers, outbox };
        }
        let (ends, mut rows) = batch::run(ctx, &slice, step).await;
        outbox.append(&mut rows);
        answers.extend(ends.into_iter().map(|end| {
            end.map_err(|error| match error {
                BatchError::NoWorkspace => StartError::NoWorkspace,
                BatchError::Busy | BatchError::Duplicate | BatchError::Gone => StartError::Busy,
                BatchError::Store(error) => error.into(),
                BatchError::BrokeOff(said) => batch::broke_off(&said).into(),
            })
        }));
    }
}

fn step<'a>(
    ctx: &'a Context,
    ws: Arc<Workspace>,
    conversation: Option<Conversation>,
    input: &'a Start,
) -> StepFuture<'a, Started> {
    Box::pin(async move {
        let now = ctx.now();
        let no = |reason: &str| Ok(Stepped::nothing(Started::No(reason.to_owned())));
        let start = &*input.start;
        let Some(flow) =
            ws.flow(start.flow).map(|flow| Reference { uuid: flow.uuid, name: flow.name.clone() })
        else {
            return no("there is no such flow");
        };
        let mut turn = match (conversation, &input.urn) {
            (Some(conversation), _) => Turn::of(ctx, ws, now, conversation),
            (None, Some(urn)) => {
                let person = Person::unknown(ctx, &ws, urn, None, None, now);
                Turn::new(ctx, ws, now, person)
            }
            (None, None) => return no("there is no such contact"),
        };
        match turn.person.contact.status {
            ContactStatus::Active => {}
            ContactStatus::Blocked => return no("the contact is blocked"),
            ContactStatus::Stopped => return no("the contact opted out"),
            ContactStatus::Archived => return no("the contact is archived"),
        }
        if start.skip_in_a_flow && turn.live.is_some() {
            return no("the contact is in a flow");
        }
        let kind = TriggerKind::Manual { user: start.user.clone(), origin: start.origin.clone() };
        let mut trigger = Trigger::new(flow, now, kind);
        trigger.batch = input.batch;
        trigger.params = start.params.clone().map(Arc::new);
        match turn.start(trigger).await? {
            StepEnd::Taken(_) => {
                turn.drain_pending().await?;
                Ok(Stepped { unit: Some(turn.finish()), value: Started::Yes })
            }
            StepEnd::NotTaken(reason) => Ok(Stepped::nothing(Started::No(
                reason.unwrap_or_else(|| "the flow did not begin".to_owned()),
            ))),
        }
    })
}
