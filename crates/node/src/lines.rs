//! The channels that are in use, each with its codec ready. What the registry knows is asked each time; only the
//! reading of the settings is kept, as long as the row is the same.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use channels::{CarrierType, Line};
use domain::{ChannelId, ChannelUuid, WorkspaceId};
use operations::Context;
use smol_str::SmolStr;
use store::{ChannelRow, Rate, StoreError};
use tokio::time::Instant;

use crate::limits;

/// A channel in use.
#[derive(Debug)]
pub struct Channel {
    /// Row number.
    pub id: ChannelId,
    /// Owner.
    pub workspace: WorkspaceId,
    /// Public identifier.
    pub uuid: ChannelUuid,
    /// Name.
    pub name: SmolStr,
    /// What it may send at most.
    pub rate: Option<Rate>,
    /// Its codec, or why its settings cannot be used.
    pub line: Result<Line, channels::SettingsError>,
}

/// A codec with the row it was made of.
#[derive(Clone, Debug)]
struct Opened {
    row: Arc<ChannelRow>,
    channel: Arc<Channel>,
    asked: Instant,
    /// Nothing was heard since that may have changed it.
    is_fresh: bool,
}

impl Opened {
    fn is_fresh(&self) -> bool {
        self.is_fresh && self.asked.elapsed() < limits::CHANNEL_FRESH
    }
}

/// Codecs of channels.
#[derive(Debug, Default)]
pub struct Lines {
    opened: RwLock<HashMap<ChannelId, Opened>>,
    /// All channels of a kind and when they were asked for, by the kind's slug.
    kinds: RwLock<HashMap<&'static str, (Instant, Vec<Arc<Channel>>)>>,
}

impl Lines {
    /// The channel with this public identifier, `None` if none is in use.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn find(&self, ctx: &Context, uuid: ChannelUuid) -> Result<Option<Arc<Channel>>, StoreError> {
        let found = ctx.registry.channel(ctx, uuid).await?;
        Ok(found.map(|(_, row)| self.open(row)))
    }

    /// The channel of a workspace with this row number, `None` if it is not in use. What was found is used for
    /// some seconds without asking again.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn find_by_id(
        &self,
        ctx: &Context,
        workspace: WorkspaceId,
        id: ChannelId,
    ) -> Result<Option<Arc<Channel>>, StoreError> {
        if let Some(opened) = self.known(id)
            && opened.is_fresh()
        {
            return Ok(Some(opened.channel));
        }
        let workspace = ctx.registry.workspace(ctx, workspace).await?;
        let row = workspace.and_then(|workspace| workspace.channel_by_id(id).cloned());
        Ok(row.filter(|row| row.active).map(|row| self.open(row)))
    }

    /// The channels of a kind that are in use, of all workspaces: for carriers that call one address for all their
    /// channels. What was found is used for some seconds without asking again.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn of_kind(&self, ctx: &Context, kind: CarrierType) -> Result<Vec<Arc<Channel>>, StoreError> {
        let known = self.kinds.read().unwrap_or_else(PoisonError::into_inner).get(kind.slug()).cloned();
        if let Some((asked, channels)) = &known
            && asked.elapsed() < limits::CHANNEL_FRESH
        {
            return Ok(channels.clone());
        }
        let asking = ctx.store.channels_of_type(kind.code().into());
        let rows = match known {
            None => asking.await?,
            // While the store is away, what is known goes on being used, and only now and then somebody asks.
            Some((_, channels)) => {
                self.remember_kind(kind, channels.clone());
                match tokio::time::timeout(limits::CHANNEL_ASK, asking).await {
                    Ok(Ok(rows)) => rows,
                    Ok(Err(error)) if !error.is_passing() => return Err(error),
                    Ok(Err(_)) | Err(_) => return Ok(channels),
                }
            }
        };
        let channels: Vec<Arc<Channel>> = rows.iter().map(|row| Arc::new(Channel::open(row))).collect();
        self.remember_kind(kind, channels.clone());
        Ok(channels)
    }

    fn remember_kind(&self, kind: CarrierType, channels: Vec<Arc<Channel>>) {
        let mut kinds = self.kinds.write().unwrap_or_else(PoisonError::into_inner);
        kinds.insert(kind.slug(), (Instant::now(), channels));
    }

    /// The channel with this row number if its codec is at hand.
    pub(crate) fn at_hand(&self, id: ChannelId) -> Option<Arc<Channel>> {
        self.known(id).map(|opened| opened.channel)
    }

    /// Asks again for what was found, though it is fresh: definitions changed.
    pub(crate) fn ask_again(&self) {
        self.kinds.write().unwrap_or_else(PoisonError::into_inner).clear();
        let mut opened = self.opened.write().unwrap_or_else(PoisonError::into_inner);
        opened.values_mut().for_each(|opened| opened.is_fresh = false);
    }

    fn known(&self, id: ChannelId) -> Option<Opened> {
        self.opened.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    fn open(&self, row: Arc<ChannelRow>) -> Arc<Channel> {
        if let Some(opened) = self.known(row.id)
            && Arc::ptr_eq(&opened.row, &row)
            && opened.is_fresh()
        {
            return opened.channel;
        }
        let channel = Arc::new(Channel::open(&row));
        let opened =
            Opened { row: row.clone(), channel: channel.clone(), asked: Instant::now(), is_fresh: true };
        self.opened.write().unwrap_or_else(PoisonError::into_inner).insert(row.id, opened);
        channel
    }
}

impl Channel {
    fn open(row: &ChannelRow) -> Self {
        let country = row.country.as_deref();
        let line = Line::open(row.uuid, &row.channel_type, &row.address, country, &row.schemes, &row.config);
        if let Err(error) = &line {
            tracing::warn!(channel = %row.uuid, %error, "the channel cannot be used");
        }
        Self {
            id: row.id,
            workspace: row.workspace,
            uuid: row.uuid,
            name: row.name.clone(),
            rate: row.rate,
            line,
        }
    }
}
