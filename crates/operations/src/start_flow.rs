//! A flow is started for people: by a user, the API, a command.

use std::sync::Arc;

use domain::{ContactId, ContactStatus, FlowUuid, Reference, Urn, UserUuid, WorkspaceId};
use flows::{Trigger, TriggerKind, events::SessionHistory};
use smol_str::SmolStr;
use store::{Conversation, ConversationKey, StoreError};
use thiserror::Error;

use crate::{
    Committed, Context, Workspace,
    batch::{self, BatchError, StepFuture, Stepped},
    context::Left,
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
    let mut left = Left::default();
    loop {
        let slice: Vec<_> = inputs.by_ref().take(SLICE).collect();
        if slice.is_empty() {
            return Committed::new(answers, left);
        }
        let (ends, rows) = batch::run(ctx, &slice, step).await;
        left.append(rows);
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
        let start = &*input.start;
        let turn = match (conversation, &input.urn) {
            (Some(conversation), _) => Turn::of(ctx, ws, now, conversation),
            (None, Some(urn)) => {
                let person = Person::unknown(ctx, &ws, urn, None, None, now);
                Turn::new(ctx, ws, now, person)
            }
            (None, None) => return Ok(left_out("there is no such contact")),
        };
        let beginning = Beginning {
            flow: start.flow,
            kind: TriggerKind::Manual { user: start.user.clone(), origin: start.origin.clone() },
            params: start.params.clone().map(Arc::new),
            history: None,
            batch: input.batch,
            skip_in_a_flow: start.skip_in_a_flow,
        };
        begin(turn, beginning).await
    })
}

/// How a flow begins for one person.
pub(crate) struct Beginning {
    pub flow: FlowUuid,
    pub kind: TriggerKind,
    pub params: Option<Arc<serde_json::Value>>,
    pub history: Option<SessionHistory>,
    pub batch: bool,
    pub skip_in_a_flow: bool,
}

/// Nothing is done for this one.
pub(crate) fn left_out(reason: &str) -> Stepped<Started> {
    Stepped::nothing(Started::No(reason.to_owned()))
}

/// Why nothing is sent to a contact of this status.
pub(crate) fn not_active(status: ContactStatus) -> Option<&'static str> {
    match status {
        ContactStatus::Active => None,
        ContactStatus::Blocked => Some("the contact is blocked"),
        ContactStatus::Stopped => Some("the contact opted out"),
        ContactStatus::Archived => Some("the contact is archived"),
    }
}

/// Starts a flow for the contact of a turn, unless they may not be started.
pub(crate) async fn begin(mut turn: Turn<'_>, beginning: Beginning) -> Result<Stepped<Started>, StoreError> {
    let Some(flow) = turn.ws.flow(beginning.flow) else { return Ok(left_out("there is no such flow")) };
    let flow = Reference { uuid: flow.uuid, name: flow.name.clone() };
    if let Some(reason) = not_active(turn.person.contact.status) {
        return Ok(left_out(reason));
    }
    if beginning.skip_in_a_flow && turn.live.is_some() {
        return Ok(left_out("the contact is in a flow"));
    }
    let mut trigger = Trigger::new(flow, turn.now, beginning.kind);
    trigger.batch = beginning.batch;
    trigger.params = beginning.params;
    trigger.history = beginning.history;
    match turn.start(trigger).await? {
        StepEnd::Taken(_) => {
            turn.drain_pending().await?;
            Ok(Stepped { unit: Some(turn.finish()), value: Started::Yes })
        }
        StepEnd::NotTaken(reason) => Ok(left_out(reason.as_deref().unwrap_or("the flow did not begin"))),
    }
}
