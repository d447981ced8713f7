//! Programs are told what happens, each event at least once and those of one person in their order.
//!
//! What one is to be told is written down from the feed first ([`gather_webhook`]), with the place up to which that is done,
//! in one transaction; then it is sent by the node that has the lease for it, and what came of it is recorded
//! ([`record_round`]). So nothing that happens waits for a program, and nothing is lost with a node.

mod gather;
mod record;
mod sign;

use domain::{WebhookId, WebhookUuid, WorkspaceId};
use jiff::Timestamp;
use smol_str::SmolStr;
use store::{
    Change, FeedCursor, FeedKind, StoreError, Unit, UnitError, WebhookChange, WebhookRow, WebhookStatus,
};
use thiserror::Error;

pub use gather::{gather_webhook, id_of_event};
pub use record::{Called, DISABLED_AFTER, MAX_ATTEMPTS, record_round};
pub(crate) use sign::new_secret;
pub use sign::{SIGNATURE_HEADERS, signed_headers};

use crate::{Context, batch::MAX_TRIES};

/// The kinds of events, for whoever named another.
fn events() -> String {
    FeedKind::ALL.map(FeedKind::as_str).join(", ")
}

/// Webhooks of a workspace.
pub const MAX_WEBHOOKS: usize = 20;
/// Characters of a name.
pub const MAX_WEBHOOK_NAME: usize = 64;
/// Characters of an address.
pub const MAX_WEBHOOK_URL: usize = 2_000;

/// Why a webhook is not made or changed.
#[derive(Debug, Clone, Error)]
pub enum WebhookError {
    /// There is no such webhook.
    #[error("there is no such webhook")]
    NotFound,
    /// There are too many.
    #[error("a workspace has at most {MAX_WEBHOOKS} webhooks")]
    TooMany,
    /// The address cannot be called.
    #[error("an address begins with http:// or https:// and has at most {MAX_WEBHOOK_URL} characters")]
    Url,
    /// The name is too long.
    #[error("a name has at most {MAX_WEBHOOK_NAME} characters")]
    Name,
    /// There is no such kind of event.
    #[error("there is no event {0:?}; there are {known}", known = events())]
    Event(SmolStr),
    /// From there on nothing is kept.
    #[error("what happened then is not kept any more; the feed keeps two days")]
    TooOld,
    /// It is being changed by somebody else.
    #[error("the webhook is being changed by somebody else; try again")]
    Busy,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<UnitError> for WebhookError {
    fn from(error: UnitError) -> Self {
        match error {
            UnitError::Gone | UnitError::Conflict => Self::Busy,
            UnitError::Store(error) => error.into(),
            other => StoreError::Database(other.to_string()).into(),
        }
    }
}

/// What of a webhook is changed.
#[derive(Debug, Clone, Default)]
pub struct WebhookEdit {
    /// Its name.
    pub name: Option<SmolStr>,
    /// The address.
    pub target_url: Option<SmolStr>,
    /// Kinds of the feed that it is told; none for all.
    pub events: Option<Vec<SmolStr>>,
    /// Whether it rests. One that was disabled goes on with `false`.
    pub paused: Option<bool>,
}

/// From where a webhook is told again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplayFrom {
    /// All that was committed since then.
    Moment(Timestamp),
    /// This event, and what came after it.
    Event(FeedCursor),
}

fn checked(mut row: WebhookRow, edit: WebhookEdit) -> Result<WebhookRow, WebhookError> {
    if let Some(name) = edit.name {
        row.name = name.trim().into();
        if row.name.chars().count() > MAX_WEBHOOK_NAME {
            return Err(WebhookError::Name);
        }
    }
    if let Some(url) = edit.target_url {
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
        let is_odd = url.chars().any(|c| c.is_whitespace() || c.is_control());
        if host.is_empty() || is_odd || url.chars().count() > MAX_WEBHOOK_URL {
            return Err(WebhookError::Url);
        }
        row.target_url = url;
    }
    if let Some(mut events) = edit.events {
        events.sort();
        events.dedup();
        let unknown = |word: &&SmolStr| FeedKind::ALL.iter().all(|kind| kind.as_str() != **word);
        if let Some(word) = events.iter().find(unknown) {
            return Err(WebhookError::Event(word.clone()));
        }
        row.events = events;
    }
    match edit.paused {
        Some(true) => row.status = WebhookStatus::Paused,
        Some(false) => {
            row.status = WebhookStatus::Active;
            (row.failures, row.failing_since, row.error) = (0, None, None);
            row.rests_until = Timestamp::UNIX_EPOCH;
        }
        None => {}
    }
    Ok(row)
}

/// Makes a webhook. It is told what happens from now on.
///
/// # Errors
/// [`WebhookError`]; nothing is written then.
pub async fn add_webhook(
    ctx: &Context,
    workspace: WorkspaceId,
    edit: WebhookEdit,
) -> Result<WebhookRow, WebhookError> {
    if ctx.store.webhooks(Some(workspace)).await?.len() >= MAX_WEBHOOKS {
        return Err(WebhookError::TooMany);
    }
    let now = ctx.now();
    let row = WebhookRow {
        id: WebhookId(ctx.next_id(now)),
        workspace,
        uuid: WebhookUuid(ctx.host.uuid_v7()),
        name: SmolStr::default(),
        target_url: SmolStr::default(),
        events: Vec::new(),
        secret: new_secret(ctx),
        status: WebhookStatus::Active,
        cursor: ctx.store.feed_head().await?,
        failures: 0,
        failing_since: None,
        rests_until: Timestamp::UNIX_EPOCH,
        error: None,
        last_success: None,
        steps: 0,
        created_on: now,
        modified_on: now,
    };
    let target_url = Some(edit.target_url.unwrap_or_default());
    let row = checked(row, WebhookEdit { target_url, ..edit })?;
    write(ctx, vec![WebhookChange::New(Box::new(row.clone()))]).await?;
    Ok(row)
}

/// The webhook of a workspace with an identifier.
///
/// # Errors
/// [`WebhookError::NotFound`]
pub async fn find_webhook(
    ctx: &Context,
    workspace: WorkspaceId,
    uuid: WebhookUuid,
) -> Result<WebhookRow, WebhookError> {
    let all = ctx.store.webhooks(Some(workspace)).await?;
    all.into_iter().find(|row| row.uuid == uuid).ok_or(WebhookError::NotFound)
}

/// Changes a webhook.
///
/// # Errors
/// [`WebhookError`]; nothing is written then.
pub async fn change_webhook(
    ctx: &Context,
    workspace: WorkspaceId,
    uuid: WebhookUuid,
    edit: WebhookEdit,
) -> Result<WebhookRow, WebhookError> {
    alter(ctx, workspace, uuid, |row| Ok((checked(row, edit.clone())?, Vec::new()))).await
}

/// Gives a webhook another secret. From the next call on it is signed with that.
///
/// # Errors
/// [`WebhookError`]; nothing is written then.
pub async fn renew_webhook_secret(
    ctx: &Context,
    workspace: WorkspaceId,
    uuid: WebhookUuid,
) -> Result<WebhookRow, WebhookError> {
    let secret = new_secret(ctx);
    alter(ctx, workspace, uuid, |row| Ok((WebhookRow { secret: secret.clone(), ..row }, Vec::new()))).await
}

/// Tells a webhook again what happened since a moment, or from an event on.
///
/// # Errors
/// [`WebhookError::TooOld`] if that is not kept any more.
pub async fn replay_webhook(
    ctx: &Context,
    workspace: WorkspaceId,
    uuid: WebhookUuid,
    from: ReplayFrom,
) -> Result<WebhookRow, WebhookError> {
    let start = ctx.store.feed_start().await?;
    let cursor = match from {
        ReplayFrom::Moment(at) => ctx.store.feed_place_at(at).await?.max(start),
        ReplayFrom::Event(cursor) => cursor.before(),
    };
    let head = ctx.store.feed_head().await?;
    if cursor < start || cursor > head {
        return Err(WebhookError::TooOld);
    }
    alter(ctx, workspace, uuid, |row| {
        let id = row.id;
        // What it is still to be told behind that place is written down anew.
        let row = WebhookRow { cursor: cursor.min(row.cursor), ..row };
        Ok((row, vec![WebhookChange::Rewind(workspace, id, cursor)]))
    })
    .await
}

/// Tries again what a webhook refused too often.
///
/// # Errors
/// [`WebhookError::NotFound`]
pub async fn retry_webhook(
    ctx: &Context,
    workspace: WorkspaceId,
    uuid: WebhookUuid,
) -> Result<(), WebhookError> {
    let row = find_webhook(ctx, workspace, uuid).await?;
    write(ctx, vec![WebhookChange::Revive(workspace, row.id, ctx.now())]).await
}

/// Removes a webhook with all that it was to be told.
///
/// # Errors
/// [`WebhookError::NotFound`]
pub async fn remove_webhook(
    ctx: &Context,
    workspace: WorkspaceId,
    uuid: WebhookUuid,
) -> Result<(), WebhookError> {
    let row = find_webhook(ctx, workspace, uuid).await?;
    write(ctx, vec![WebhookChange::Remove(workspace, row.id)]).await
}

/// Forgets what was told before one moment, what was refused too often before another, and what flows called.
///
/// # Errors
/// When the store does not take it.
pub async fn forget_deliveries(
    ctx: &Context,
    told: Timestamp,
    refused: Timestamp,
) -> Result<(), WebhookError> {
    write(ctx, vec![WebhookChange::Forget(told, refused)]).await
}

async fn alter(
    ctx: &Context,
    workspace: WorkspaceId,
    uuid: WebhookUuid,
    change: impl Fn(WebhookRow) -> Result<(WebhookRow, Vec<WebhookChange>), WebhookError>,
) -> Result<WebhookRow, WebhookError> {
    for _ in 0..MAX_TRIES {
        let (row, mut changes) = change(find_webhook(ctx, workspace, uuid).await?)?;
        let row = WebhookRow { modified_on: ctx.now(), ..row };
        changes.push(WebhookChange::Update(Box::new(row.clone())));
        match write(ctx, changes).await {
            Ok(()) => return Ok(WebhookRow { steps: row.steps + 1, ..row }),
            // The node that tells it moved it meanwhile.
            Err(WebhookError::Busy) => {}
            Err(error) => return Err(error),
        }
    }
    Err(WebhookError::Busy)
}

async fn write(ctx: &Context, changes: Vec<WebhookChange>) -> Result<(), WebhookError> {
    ctx.write_one(Unit::new(changes.into_iter().map(Change::Webhook).collect())).await?;
    Ok(())
}
