//! A line's name, address, settings or rate change, or it is used no more.

use channels::SettingsError;
use domain::{ChannelUuid, WorkspaceId};
use serde_json::Value;
use smol_str::SmolStr;
use store::{Change, ChannelRow, DefinitionChange, Rate};
use thiserror::Error;

use crate::{
    Context,
    add_channel::checked,
    edit_definitions::{SaveError, edit},
};

/// Characters of a line's name.
pub const MAX_CHANNEL_NAME: usize = 64;

/// What changes of a line; what is `None` stays as it is.
#[derive(Debug, Clone, Default)]
pub struct ChannelEdit {
    /// Name.
    pub name: Option<SmolStr>,
    /// Number or handle at the carrier.
    pub address: Option<SmolStr>,
    /// Settings that take the place of those of the same name; null takes one away.
    pub config: Option<serde_json::Map<String, Value>>,
    /// What it may send at most.
    pub rate: Option<Rate>,
}

/// Why a line was not changed.
#[derive(Debug, Clone, Error)]
pub enum ChangeChannelError {
    /// The settings cannot be used.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// It was not saved.
    #[error(transparent)]
    Save(#[from] SaveError),
}

/// Changes a line that is in use. Its settings are read once here, as when it was added.
///
/// # Errors
/// [`ChangeChannelError`]; nothing is written then.
pub async fn change_channel(
    ctx: &Context,
    workspace: WorkspaceId,
    channel: ChannelUuid,
    change: ChannelEdit,
) -> Result<ChannelRow, ChangeChannelError> {
    // What is wrong with the settings is told apart from what else cannot be saved.
    let refused = std::sync::Mutex::new(None);
    let saved = edit(ctx, workspace, |ws| {
        let known = ws.channels().find(|row| row.uuid == channel).ok_or(SaveError::NotFound)?;
        let row = changed(known, &change)?;
        if let Err(error) = checked(
            row.uuid,
            &row.channel_type,
            &row.address,
            row.country.as_deref(),
            &row.schemes,
            &row.config,
        ) {
            *refused.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(error);
            return Err(SaveError::Kind("The settings cannot be used."));
        }
        let change = DefinitionChange::Channel(Box::new(row.clone()));
        Ok((vec![Change::Definition(workspace, change)], row))
    })
    .await;
    let refused = refused.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    match (saved, refused) {
        (Err(_), Some(error)) => Err(error.into()),
        (saved, _) => Ok(saved?),
    }
}

fn changed(known: &ChannelRow, change: &ChannelEdit) -> Result<ChannelRow, SaveError> {
    let mut row = known.clone();
    if let Some(name) = &change.name {
        let name = name.trim();
        if name.is_empty() || name.chars().count() > MAX_CHANNEL_NAME {
            return Err(SaveError::Name("A channel needs a name of 1 to 64 characters."));
        }
        row.name = name.into();
    }
    row.address = change.address.clone().unwrap_or(row.address);
    row.rate = change.rate.or(row.rate);
    if let Some(config) = &change.config {
        let mut all = row.config.as_object().cloned().unwrap_or_default();
        for (name, value) in config {
            match value {
                Value::Null => drop(all.remove(name)),
                value => drop(all.insert(name.clone(), value.clone())),
            }
        }
        row.config = Value::Object(all);
    }
    Ok(row)
}

/// Takes a line out of use: carriers that call it hear that it is not there, and nothing leaves through it any more. Its
/// messages stay.
///
/// # Errors
/// [`SaveError`]; nothing is written then.
pub async fn release_channel(
    ctx: &Context,
    workspace: WorkspaceId,
    channel: ChannelUuid,
) -> Result<(), SaveError> {
    edit(ctx, workspace, |ws| {
        let known = ws.channels().find(|row| row.uuid == channel).ok_or(SaveError::NotFound)?;
        let used = ws.definitions().triggers.iter().any(|trigger| trigger.channel == Some(known.id));
        if used {
            return Err(SaveError::InUse("a trigger".into()));
        }
        let row = ChannelRow { active: false, ..known.clone() };
        let change = DefinitionChange::Channel(Box::new(row));
        Ok((vec![Change::Definition(workspace, change)], ()))
    })
    .await
}
