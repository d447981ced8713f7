//! The one way in which operations step conversations: load all contacts of a batch in one read, step each in
//! memory, commit all units together, and do again from fresh rows those whose contact changed meanwhile.

use std::{
    collections::{BTreeMap, BTreeSet},
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::Arc,
};

use domain::{FlowId, SessionId, WorkspaceId};
use store::{
    Change, Conversation, ConversationKey, OutboxItem, SessionRow, StoreError, Unit, UnitError, WaitKind,
};
use thiserror::Error;

use crate::{Context, Workspace, context::Left, workspace::PinnedRevision};

/// How often a contact that keeps changing is tried before the input is given back as busy.
pub(crate) const MAX_TRIES: usize = 8;

/// What a step wants committed, and what the operation answers if it is.
pub(crate) struct Stepped<T> {
    pub unit: Option<(Unit, Vec<OutboxItem>)>,
    pub value: T,
}

impl<T> Stepped<T> {
    /// Nothing to commit.
    pub fn nothing(value: T) -> Self {
        Self { unit: None, value }
    }
}

/// Why one input of a batch was not committed.
#[derive(Debug, Clone, Error)]
pub(crate) enum BatchError {
    #[error("received before")]
    Duplicate,
    #[error("done before")]
    Gone,
    #[error("the contact is busy")]
    Busy,
    #[error("there is no such workspace")]
    NoWorkspace,
    #[error("broke off: {0}")]
    BrokeOff(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What the caller of an operation is told of one that broke off.
pub(crate) fn broke_off(said: &str) -> StoreError {
    StoreError::Database(format!("broke off: {said}"))
}

pub(crate) type StepFuture<'a, T> = Pin<Box<dyn Future<Output = Result<Stepped<T>, StoreError>> + Send + 'a>>;

/// Steps one input on its contact's conversation, `None` if the contact is not known.
pub(crate) type Step<I, T> =
    for<'a> fn(&'a Context, Arc<Workspace>, Option<Conversation>, &'a I) -> StepFuture<'a, T>;

/// Steps a batch of inputs of different contacts. Answers in the order of the inputs, and all outbox rows that the
/// dispatcher is to take.
pub(crate) async fn run<I: Sync, T: Clone + Send>(
    ctx: &Context,
    inputs: &[(ConversationKey, I)],
    step: Step<I, T>,
) -> (Vec<Result<T, BatchError>>, Left) {
    let mut answers: Vec<Option<Result<T, BatchError>>> = inputs.iter().map(|_| None).collect();
    let mut left = Left::default();
    let mut open: Vec<usize> = (0..inputs.len()).collect();
    for _ in 0..MAX_TRIES {
        if open.is_empty() {
            break;
        }
        match attempt(ctx, inputs, &open, step, &mut left).await {
            Ok(ends) => {
                let mut again = Vec::new();
                for (place, end) in open.into_iter().zip(ends) {
                    match end {
                        End::Answer(answer) => answers[place] = Some(answer),
                        End::Again => again.push(place),
                    }
                }
                open = again;
            }
            // One that cannot be read must not hold the others: each is tried by itself.
            Err(StoreError::Database(_) | StoreError::Unreadable(_) | StoreError::Corrupt(_))
                if open.len() > 1 =>
            {
                let mut again = Vec::new();
                for place in std::mem::take(&mut open) {
                    match attempt(ctx, inputs, &[place], step, &mut left).await.map(|mut ends| ends.pop()) {
                        Ok(Some(End::Answer(answer))) => answers[place] = Some(answer),
                        Ok(Some(End::Again)) => again.push(place),
                        Ok(None) => {}
                        Err(error) => answers[place] = Some(Err(error.into())),
                    }
                }
                open = again;
            }
            Err(error) => {
                for place in open.drain(..) {
                    answers[place] = Some(Err(error.clone().into()));
                }
            }
        }
    }
    let answers = answers.into_iter().map(|answer| answer.unwrap_or(Err(BatchError::Busy))).collect();
    (answers, left)
}

/// A step that may not take its batch and its worker along if it panics: that is a defect of ours, but only this
/// input shall suffer from it.
struct Contained<'a, T>(StepFuture<'a, T>);

impl<T> Future for Contained<'_, T> {
    type Output = Result<Result<Stepped<T>, StoreError>, String>;

    fn poll(mut self: Pin<&mut Self>, context: &mut std::task::Context<'_>) -> std::task::Poll<Self::Output> {
        let polled = std::panic::catch_unwind(AssertUnwindSafe(|| self.0.as_mut().poll(context)));
        match polled {
            Ok(polled) => polled.map(Ok),
            Err(panic) => std::task::Poll::Ready(Err(words_of(&*panic))),
        }
    }
}

/// What a panic said.
pub(crate) fn words_of(panic: &(dyn std::any::Any + Send)) -> String {
    let said = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    said.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}

enum End<T> {
    Answer(Result<T, BatchError>),
    Again,
}

async fn attempt<I: Sync, T: Clone + Send>(
    ctx: &Context,
    inputs: &[(ConversationKey, I)],
    open: &[usize],
    step: Step<I, T>,
    left: &mut Left,
) -> Result<Vec<End<T>>, StoreError> {
    let mut units = Vec::new();
    let gathered = step_each(ctx, inputs, open, step, &mut units).await?;
    let rings = units.iter().any(brings_a_job);
    if let Some(first) = units.first_mut() {
        first.changes.extend(ctx.times.take());
    }
    let ticket = ctx.ticket(gathered.iter().flat_map(|(_, rows)| rows.iter().flatten()));
    let mut written = ctx.write(units).await?.into_iter();
    let mut claimed = Vec::new();
    if rings {
        ctx.jobs.notify_one();
    }
    let mut ends = Vec::with_capacity(gathered.len());
    for (value, rows) in gathered {
        let Some(rows) = rows else {
            ends.push(End::Answer(value));
            continue;
        };
        ends.push(match written.next().unwrap_or(Err(UnitError::Store(StoreError::Closed))) {
            Ok(done) => {
                ctx.withdrawn.add(&done.dropped);
                claimed.extend(rows.into_iter().filter(|row| done.claimed.contains(&row.id)));
                End::Answer(value)
            }
            Err(UnitError::Conflict) => End::Again,
            Err(error) => End::Answer(Err(refused(error))),
        });
    }
    left.add(claimed.into_iter(), ticket);
    Ok(ends)
}

fn brings_a_job(unit: &Unit) -> bool {
    unit.changes.iter().any(|change| matches!(change, Change::NewJob(_)))
}

/// Why a unit was not committed, for one that cannot be tried again.
fn refused(error: UnitError) -> BatchError {
    match error {
        UnitError::Conflict => BatchError::Busy,
        UnitError::Duplicate => BatchError::Duplicate,
        UnitError::Gone => BatchError::Gone,
        UnitError::Store(error) => error.into(),
        other @ (UnitError::Taken(_) | UnitError::TooLarge(_)) => BatchError::BrokeOff(other.to_string()),
    }
}

/// What a step answered, and its outbox rows if it has something to commit.
type Gathered<T> = Vec<(Result<T, BatchError>, Option<Vec<OutboxItem>>)>;

/// Steps inputs of different contacts and commits all that comes of it as one unit, with the changes that `last` makes
/// of the answers: all of it is there after a crash, or nothing. One that breaks off is left out and answered so.
pub(crate) async fn together<I: Sync, T: Clone + Send>(
    ctx: &Context,
    inputs: &[(ConversationKey, I)],
    step: Step<I, T>,
    last: impl Fn(&[Result<T, BatchError>]) -> Vec<Change>,
) -> Result<(Vec<Result<T, BatchError>>, Left), BatchError> {
    let all: Vec<usize> = (0..inputs.len()).collect();
    for _ in 0..MAX_TRIES {
        let mut units = Vec::new();
        let gathered = step_each(ctx, inputs, &all, step, &mut units).await?;
        let mut changes: Vec<Change> = units.into_iter().flat_map(|unit| unit.changes).collect();
        let (answers, rows): (Vec<_>, Vec<_>) = gathered.into_iter().unzip();
        changes.append(&mut last(&answers));
        let unit = Unit::new(changes);
        let rings = brings_a_job(&unit);
        let ticket = ctx.ticket(rows.iter().flatten().flatten());
        match ctx.write_one(unit).await {
            Ok(done) => {
                ctx.withdrawn.add(&done.dropped);
                if rings {
                    ctx.jobs.notify_one();
                }
                let rows = rows.into_iter().flatten().flatten();
                let mut left = Left::default();
                left.add(rows.filter(|row| done.claimed.contains(&row.id)), ticket);
                return Ok((answers, left));
            }
            Err(UnitError::Conflict) => {}
            Err(error) => return Err(refused(error)),
        }
    }
    Err(BatchError::Busy)
}

/// Commits changes as one unit, with the outbox rows that they hold. `None`: somebody changed meanwhile.
pub(crate) async fn commit(
    ctx: &Context,
    changes: Vec<Change>,
    rows: Vec<OutboxItem>,
) -> Result<Option<Left>, BatchError> {
    let unit = Unit::new(changes);
    let rings = brings_a_job(&unit);
    let ticket = ctx.ticket(rows.iter());
    match ctx.write_one(unit).await {
        Ok(done) => {
            ctx.withdrawn.add(&done.dropped);
            if rings {
                ctx.jobs.notify_one();
            }
            let mut left = Left::default();
            left.add(rows.into_iter().filter(|row| done.claimed.contains(&row.id)), ticket);
            Ok(Some(left))
        }
        Err(UnitError::Conflict) => Ok(None),
        Err(error) => Err(refused(error)),
    }
}

/// What is left where nothing was done.
pub(crate) fn nothing_left() -> Left {
    Left::default()
}

/// The people of a workspace with what they are in the middle of, and the workspace as they need it; `None` without it.
pub(crate) async fn load(
    ctx: &Context,
    workspace: WorkspaceId,
    keys: Vec<ConversationKey>,
) -> Result<Option<(Arc<Workspace>, Vec<Option<Conversation>>)>, StoreError> {
    let loaded = ctx.store.load_conversations(keys).await?;
    let mut workspaces = workspaces(ctx, &loaded.definitions_versions, &loaded.conversations).await?;
    Ok(workspaces.remove(&workspace).map(|ws| (ws, loaded.conversations)))
}

/// Steps the open inputs in memory; what is to be committed goes to `units` in their order.
async fn step_each<I: Sync, T: Clone + Send>(
    ctx: &Context,
    inputs: &[(ConversationKey, I)],
    open: &[usize],
    step: Step<I, T>,
    units: &mut Vec<Unit>,
) -> Result<Gathered<T>, StoreError> {
    let keys = open.iter().map(|place| inputs[*place].0.clone()).collect();
    let loaded = ctx.store.load_conversations(keys).await?;
    let workspaces = workspaces(ctx, &loaded.definitions_versions, &loaded.conversations).await?;
    let mut gathered: Gathered<T> = Vec::with_capacity(open.len());
    for (place, conversation) in open.iter().zip(loaded.conversations) {
        let (key, input) = &inputs[*place];
        let (ConversationKey::Urn(id, _) | ConversationKey::Contact(id, _)) = key;
        let Some(workspace) = workspaces.get(id) else {
            gathered.push((Err(BatchError::NoWorkspace), None));
            continue;
        };
        let stepped = match Contained(step(ctx, workspace.clone(), conversation, input)).await {
            Ok(stepped) => stepped?,
            Err(said) => {
                tracing::error!(said, "an operation broke off");
                gathered.push((Err(BatchError::BrokeOff(said)), None));
                continue;
            }
        };
        let rows = stepped.unit.map(|(unit, rows)| {
            units.push(unit);
            rows
        });
        gathered.push((Ok(stepped.value), rows));
    }
    Ok(gathered)
}

/// The workspaces of a batch in the versions just read, with every revision that its sessions pin.
async fn workspaces(
    ctx: &Context,
    versions: &BTreeMap<WorkspaceId, i64>,
    conversations: &[Option<Conversation>],
) -> Result<BTreeMap<WorkspaceId, Arc<Workspace>>, StoreError> {
    let mut workspaces = BTreeMap::new();
    for (id, version) in versions {
        if let Some(workspace) = ctx.registry.at_version(ctx, *id, *version).await? {
            workspaces.insert(*id, workspace);
        }
    }
    let mut needed: BTreeMap<WorkspaceId, BTreeSet<PinnedRevision>> = BTreeMap::new();
    for session in conversations.iter().flatten().filter_map(|conversation| conversation.session.as_ref()) {
        needed.entry(session.workspace).or_default().extend(pins(&session.pins));
    }
    for (id, pins) in needed {
        if let Some(workspace) = workspaces.get(&id).cloned() {
            workspaces.insert(id, with_pins(ctx, workspace, &pins).await?);
        }
    }
    Ok(workspaces)
}

/// A session that waits for an effect in the background of a contact, and the workspace with what it pins. `None` if
/// it is the one in front, or does not wait any more.
pub(crate) async fn in_background(
    ctx: &Context,
    ws: Arc<Workspace>,
    conversation: &Conversation,
    session: Option<SessionId>,
) -> Result<(Arc<Workspace>, Option<SessionRow>), StoreError> {
    let Some(session) = session.filter(|id| conversation.contact.session != Some(*id)) else {
        return Ok((ws, None));
    };
    let row = ctx.store.session(ws.row.id, session).await?.filter(|row| {
        row.contact == conversation.contact.id
            && row.ended_on.is_none()
            && row.wait_kind == Some(WaitKind::Effect)
    });
    let Some(row) = row else { return Ok((ws, None)) };
    let front = conversation.session.as_ref().map_or("", |session| &*session.pins);
    let needed: BTreeSet<PinnedRevision> = pins(&row.pins).chain(pins(front)).collect();
    Ok((with_pins(ctx, ws, &needed).await?, Some(row)))
}

/// The workspace with these revisions compiled, the same if it has them.
async fn with_pins(
    ctx: &Context,
    workspace: Arc<Workspace>,
    needed: &BTreeSet<PinnedRevision>,
) -> Result<Arc<Workspace>, StoreError> {
    if needed.iter().all(|(flow, revision)| workspace.has_revision(*flow, *revision)) {
        return Ok(workspace);
    }
    ctx.registry.with_revisions(ctx, workspace, needed).await
}

fn pins(text: &str) -> impl Iterator<Item = PinnedRevision> {
    text.split(',').filter_map(|pin| {
        let mut parts = pin.split(':');
        Some((FlowId(parts.next()?.parse().ok()?), parts.next()?.parse().ok()?))
    })
}
