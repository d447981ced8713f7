//! A new line to a carrier.

use channels::{CarrierType, Line, SettingsError};
use domain::{ChannelId, ChannelUuid, WorkspaceId};
use serde_json::Value;
use smol_str::SmolStr;
use store::{Change, ChannelRow, DefinitionChange, Rate, RateError, StoreError, Unit, UnitError};
use thiserror::Error;

use crate::Context;

/// What a line begins with.
#[derive(Debug, Clone)]
pub struct NewChannel {
    /// Owner.
    pub workspace: WorkspaceId,
    /// Public identifier, to keep one that a carrier already calls; a new one if there is none.
    pub uuid: Option<ChannelUuid>,
    /// Type code, whatever its case: `EX`, `WAC`, `WCH`.
    pub channel_type: SmolStr,
    /// Name.
    pub name: SmolStr,
    /// Number or handle at the carrier; empty if it has none.
    pub address: SmolStr,
    /// URN schemes; empty for the carrier's usual one.
    pub schemes: Vec<SmolStr>,
    /// ISO 3166 alpha-2; the workspace's own if there is none.
    pub country: Option<SmolStr>,
    /// Settings object, or null.
    pub config: Value,
    /// What it may send at most; the carrier's usual limit if there is none.
    pub rate: Option<Rate>,
}

/// Why a line was not added.
#[derive(Debug, Clone, Error)]
pub enum AddChannelError {
    /// The settings cannot be used.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// There is no name.
    #[error("a channel needs a name")]
    Name,
    /// The rate is not one.
    #[error(transparent)]
    Rate(#[from] RateError),
    /// There is no such workspace.
    #[error("there is no such workspace")]
    NoWorkspace,
    /// The identifier is in use.
    #[error("there is a channel with this identifier already")]
    Taken,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Adds a line. Its settings are read once here, so that a wrong one is refused now and not with the first message.
pub async fn add_channel(ctx: &Context, new: NewChannel) -> Result<ChannelRow, AddChannelError> {
    if new.name.trim().is_empty() {
        return Err(AddChannelError::Name);
    }
    if new.rate.is_some_and(|rate| !rate.is_valid()) {
        return Err(RateError.into());
    }
    let workspace = ctx.registry.workspace(ctx, new.workspace).await?.ok_or(AddChannelError::NoWorkspace)?;
    let uuid = new.uuid.unwrap_or_else(|| ChannelUuid(ctx.host.uuid_v4()));
    let country = new.country.or_else(|| workspace.row.country.clone());
    let line = checked(uuid, &new.channel_type, &new.address, country.as_deref(), &new.schemes, &new.config)?;
    let kind: CarrierType = line.kind();
    let now = ctx.now();
    let schemes = if new.schemes.is_empty() { vec![line.scheme.clone()] } else { new.schemes };
    let row = ChannelRow {
        id: ChannelId(ctx.next_id(now)),
        workspace: new.workspace,
        uuid,
        channel_type: kind.code().into(),
        name: new.name.trim().into(),
        address: new.address,
        schemes,
        roles: vec!["send".into(), "receive".into()],
        country,
        config: new.config,
        rate: new.rate.or(kind.default_rate().map(Rate::per_second)),
        active: true,
        created_on: now,
    };
    let change = Change::Definition(row.workspace, DefinitionChange::Channel(Box::new(row.clone())));
    match ctx.write_one(Unit::new(vec![change])).await {
        Ok(_) => {
            ctx.registry.forget_unknown(uuid);
            Ok(row)
        }
        Err(UnitError::Taken(_)) => Err(AddChannelError::Taken),
        Err(UnitError::Store(error)) => Err(error.into()),
        Err(other) => Err(StoreError::Database(other.to_string()).into()),
    }
}

/// The line as it would be, if its settings can be used.
pub(crate) fn checked(
    uuid: ChannelUuid,
    channel_type: &str,
    address: &str,
    country: Option<&str>,
    schemes: &[SmolStr],
    config: &Value,
) -> Result<Line, SettingsError> {
    let line = Line::open(uuid, channel_type, address, country, schemes, config)?;
    line.knows_settings(config)?;
    line.is_complete()?;
    Ok(line)
}
