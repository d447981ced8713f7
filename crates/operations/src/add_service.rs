//! Services that flows ask, subscribers of events, topics of tickets: what an administrator sets up once.

use domain::{ResthookId, ServiceId, TopicId, TopicUuid, WorkspaceId};
use serde_json::Value;
use smol_str::SmolStr;
use store::{
    Change, DefinitionChange, ResthookRow, Secret, ServiceKind, ServiceRow, StoreError, TopicRow, Unit,
    UnitError,
};
use thiserror::Error;
use uuid::Uuid;

use crate::{Context, ServiceError, services};

/// Subscribers that one event may have.
const SUBSCRIBERS: usize = 10;

/// A service to be added.
#[derive(Debug, Clone)]
pub struct NewService {
    /// Owner.
    pub workspace: WorkspaceId,
    /// What it does.
    pub kind: ServiceKind,
    /// Identifier, to keep one that flows name already; a new one if there is none.
    pub uuid: Option<Uuid>,
    /// Name shown to people.
    pub name: SmolStr,
    /// Settings object.
    pub config: Value,
    /// Password or key.
    pub secret: Secret,
}

/// Why something was not added.
#[derive(Debug, Clone, Error)]
pub enum AddServiceError {
    /// The settings cannot be used.
    #[error(transparent)]
    Settings(#[from] ServiceError),
    /// There is no name.
    #[error("it needs a name")]
    Name,
    /// An address that cannot be called.
    #[error("'{0}' is not an address; subscribers begin with http:// or https://")]
    Subscriber(SmolStr),
    /// There are enough.
    #[error("an event has at most {SUBSCRIBERS} subscribers")]
    TooMany,
    /// There is no such workspace.
    #[error("there is no such workspace")]
    NoWorkspace,
    /// It is there already.
    #[error("there is one with this name or identifier already")]
    Taken,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Adds a service. Its settings are read once here, so that a wrong one is refused now and not with the first flow.
pub async fn add_service(ctx: &Context, new: NewService) -> Result<ServiceRow, AddServiceError> {
    let name = new.name.trim();
    if name.is_empty() {
        return Err(AddServiceError::Name);
    }
    services::check(new.kind, &new.config, &new.secret)?;
    known(ctx, new.workspace).await?;
    let now = ctx.now();
    let row = ServiceRow {
        id: ServiceId(ctx.next_id(now)),
        uuid: new.uuid.unwrap_or_else(|| ctx.host.uuid_v4()),
        kind: new.kind,
        name: name.into(),
        config: new.config,
        secret: new.secret,
        active: true,
        created_on: now,
    };
    write(ctx, new.workspace, DefinitionChange::Service(Box::new(row.clone()))).await?;
    Ok(row)
}

/// Adds a topic of tickets. One of this name is left as it is and answered.
pub async fn add_topic(
    ctx: &Context,
    workspace: WorkspaceId,
    uuid: Option<TopicUuid>,
    name: &str,
) -> Result<TopicRow, AddServiceError> {
    let name = name.trim();
    if name.is_empty() {
        return Err(AddServiceError::Name);
    }
    let definitions = ctx.store.definitions(workspace).await?.ok_or(AddServiceError::NoWorkspace)?;
    let same = |row: &&TopicRow| row.name.to_lowercase() == name.to_lowercase();
    if let Some(row) = definitions.topics.iter().find(same) {
        return Ok(row.clone());
    }
    let row = TopicRow {
        id: TopicId(ctx.next_id(ctx.now())),
        uuid: uuid.unwrap_or_else(|| TopicUuid(ctx.host.uuid_v4())),
        name: name.into(),
    };
    write(ctx, workspace, DefinitionChange::Topic(row.clone())).await?;
    Ok(row)
}

/// Adds an address to those that hear of an event which flows name. Nothing if it is one of them.
pub async fn add_resthook_subscriber(
    ctx: &Context,
    workspace: WorkspaceId,
    slug: &str,
    url: &str,
) -> Result<ResthookRow, AddServiceError> {
    let (slug, url) = (slug.trim().to_lowercase(), url.trim());
    if slug.is_empty() {
        return Err(AddServiceError::Name);
    }
    if !url.starts_with("http://") && !url.starts_with("https://") {
        return Err(AddServiceError::Subscriber(url.into()));
    }
    let definitions = ctx.store.definitions(workspace).await?.ok_or(AddServiceError::NoWorkspace)?;
    let mut row =
        definitions.resthooks.into_iter().find(|row| row.slug == slug).unwrap_or_else(|| ResthookRow {
            id: ResthookId(ctx.next_id(ctx.now())),
            slug: slug.into(),
            subscribers: Vec::new(),
            secret: Some(crate::webhooks::new_secret(ctx)),
        });
    if row.subscribers.iter().any(|known| known == url) {
        return Ok(row);
    }
    if row.subscribers.len() >= SUBSCRIBERS {
        return Err(AddServiceError::TooMany);
    }
    row.subscribers.push(url.into());
    write(ctx, workspace, DefinitionChange::Resthook(row.clone())).await?;
    Ok(row)
}

async fn known(ctx: &Context, workspace: WorkspaceId) -> Result<(), AddServiceError> {
    match ctx.store.definitions_version(workspace).await? {
        Some(_) => Ok(()),
        None => Err(AddServiceError::NoWorkspace),
    }
}

async fn write(
    ctx: &Context,
    workspace: WorkspaceId,
    change: DefinitionChange,
) -> Result<(), AddServiceError> {
    match ctx.write_one(Unit::new(vec![Change::Definition(workspace, change)])).await {
        Ok(_) => Ok(()),
        Err(UnitError::Taken(_)) => Err(AddServiceError::Taken),
        Err(UnitError::Store(error)) => Err(error.into()),
        Err(other) => Err(StoreError::Database(other.to_string()).into()),
    }
}
