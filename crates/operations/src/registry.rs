//! Workspaces in memory. A batch asks for the version it read from the database, so a change by any process takes
//! effect with the next message.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, PoisonError, RwLock},
};

use domain::{ChannelUuid, WorkspaceId};
use jiff::{SignedDuration, Timestamp};
use store::{ChannelRow, StoreError};

use crate::{Context, Workspace, inspected::Inspected, tables::load_tables, workspace::PinnedRevision};

/// How long a line that was not found is taken not to be there: another process may add it at any time.
const UNKNOWN_FOR: SignedDuration = SignedDuration::from_secs(2);
/// Lines that were not found and are remembered; the memory begins anew beyond.
const MAX_UNKNOWN: usize = 1_024;

/// Workspaces in memory.
#[derive(Debug, Default)]
pub struct Registry {
    workspaces: RwLock<HashMap<WorkspaceId, Arc<Workspace>>>,
    channels: RwLock<HashMap<ChannelUuid, WorkspaceId>>,
    /// Lines that carriers called and that are not there, with the moment of the question: carriers go on calling
    /// lines that were removed, and each call would be a read.
    unknown: RwLock<HashMap<ChannelUuid, Timestamp>>,
    /// What revisions of flows keep and need, of those that somebody asked for.
    pub(crate) inspected: Inspected,
}

impl Registry {
    /// A workspace as it is now in the database.
    pub async fn workspace(
        &self,
        ctx: &Context,
        id: WorkspaceId,
    ) -> Result<Option<Arc<Workspace>>, StoreError> {
        match ctx.store.definitions_version(id).await? {
            Some(version) => self.at_version(ctx, id, version).await,
            None => Ok(None),
        }
    }

    /// A workspace in the version that was just read, or a later one.
    pub(crate) async fn at_version(
        &self,
        ctx: &Context,
        id: WorkspaceId,
        version: i64,
    ) -> Result<Option<Arc<Workspace>>, StoreError> {
        let cached = self.cached(id);
        if let Some(workspace) = &cached
            && workspace.row.definitions_version >= version
        {
            return Ok(cached);
        }
        let Some(definitions) = ctx.store.definitions(id).await? else { return Ok(None) };
        let tables = load_tables(ctx, &definitions, cached.as_deref()).await?;
        let workspace = Arc::new(Workspace::build(definitions, tables, cached.as_deref()));
        self.keep(workspace.clone());
        Ok(Some(workspace))
    }

    /// The workspace with the revisions that waiting sessions pin. One that is not in the store is left out: its
    /// sessions go on in the live revision, or fail where that has not their node.
    pub(crate) async fn with_revisions(
        &self,
        ctx: &Context,
        workspace: Arc<Workspace>,
        needed: &BTreeSet<PinnedRevision>,
    ) -> Result<Arc<Workspace>, StoreError> {
        let mut revisions = Vec::new();
        for (flow, revision) in needed {
            if !workspace.has_revision(*flow, *revision) {
                revisions.extend(ctx.store.revision(workspace.row.id, *flow, *revision).await?);
            }
        }
        if revisions.is_empty() {
            return Ok(workspace);
        }
        let workspace = Arc::new(workspace.with_revisions(&revisions, needed));
        self.keep(workspace.clone());
        Ok(workspace)
    }

    /// The line with this public identifier and its workspace, if it is in use.
    pub async fn channel(
        &self,
        ctx: &Context,
        uuid: ChannelUuid,
    ) -> Result<Option<(Arc<Workspace>, Arc<ChannelRow>)>, StoreError> {
        let known = self.channels.read().unwrap_or_else(PoisonError::into_inner).get(&uuid).copied();
        let workspace = match known.and_then(|id| self.cached(id)) {
            Some(workspace) => Some(workspace),
            None if self.is_unknown(uuid, ctx.now()) => None,
            None => match ctx.store.channel(uuid).await? {
                Some(channel) => self.workspace(ctx, channel.workspace).await?,
                None => {
                    self.remember_unknown(uuid, ctx.now());
                    None
                }
            },
        };
        Ok(workspace.and_then(|workspace| {
            let channel = workspace.channel(uuid).filter(|channel| channel.active)?.clone();
            Some((workspace, channel))
        }))
    }

    /// Whether a line with this public identifier is in memory: its workspace was asked for before.
    pub fn knows_channel(&self, uuid: ChannelUuid) -> bool {
        self.channels.read().unwrap_or_else(PoisonError::into_inner).contains_key(&uuid)
    }

    /// Asks again for lines that were not found: definitions changed.
    pub fn ask_again(&self) {
        self.unknown.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn is_unknown(&self, uuid: ChannelUuid, now: Timestamp) -> bool {
        let asked = self.unknown.read().unwrap_or_else(PoisonError::into_inner).get(&uuid).copied();
        asked.is_some_and(|asked| now.duration_since(asked).abs() < UNKNOWN_FOR)
    }

    fn remember_unknown(&self, uuid: ChannelUuid, now: Timestamp) {
        let mut unknown = self.unknown.write().unwrap_or_else(PoisonError::into_inner);
        if unknown.len() >= MAX_UNKNOWN {
            unknown.clear();
        }
        unknown.insert(uuid, now);
    }

    /// A line was added: who asked for it before must not hear any longer that it is not there.
    pub(crate) fn forget_unknown(&self, uuid: ChannelUuid) {
        self.unknown.write().unwrap_or_else(PoisonError::into_inner).remove(&uuid);
    }

    fn cached(&self, id: WorkspaceId) -> Option<Arc<Workspace>> {
        self.workspaces.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    fn keep(&self, workspace: Arc<Workspace>) {
        let id = workspace.row.id;
        let mut channels = self.channels.write().unwrap_or_else(PoisonError::into_inner);
        channels.retain(|_, owner| *owner != id);
        channels.extend(workspace.channels().map(|channel| (channel.uuid, id)));
        drop(channels);
        let mut workspaces = self.workspaces.write().unwrap_or_else(PoisonError::into_inner);
        let newer = |old: &Arc<Workspace>| old.row.definitions_version > workspace.row.definitions_version;
        if !workspaces.get(&id).is_some_and(newer) {
            workspaces.insert(id, workspace);
        }
    }
}
