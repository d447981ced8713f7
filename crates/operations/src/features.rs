//! What a workspace may use. Everything is on unless somebody turned it off; running nodes follow with the next step,
//! as with all definitions.

use domain::WorkspaceId;
use store::{Change, DefinitionChange, FeatureRow, StoreError, Unit, UnitError};
use thiserror::Error;

use crate::{Context, Workspace};

/// Something that can be turned off for a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Feature {
    /// Flows may ask language models.
    LanguageModels,
    /// Flows may call web services.
    WebServices,
    /// Broadcasts, and flows started for many, go out.
    BulkSending,
}

impl Feature {
    /// All.
    pub const ALL: [Self; 3] = [Self::LanguageModels, Self::WebServices, Self::BulkSending];

    /// Its name.
    pub fn word(self) -> &'static str {
        match self {
            Self::LanguageModels => "language_models",
            Self::WebServices => "web_services",
            Self::BulkSending => "bulk_sending",
        }
    }

    /// The feature of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|feature| feature.word() == name)
    }

    /// What happens when it is off.
    pub fn without(self) -> &'static str {
        match self {
            Self::LanguageModels => "flows that ask a language model go on at once without an answer",
            Self::WebServices => "flows that call a web service go on at once as if it were not reached",
            Self::BulkSending => "broadcasts and flows started for many wait until it is on again",
        }
    }
}

/// Why a feature was not set.
#[derive(Debug, Clone, Error)]
pub enum SetFeatureError {
    /// There is no such workspace.
    #[error("there is no such workspace; `seedling init` makes one")]
    NoWorkspace,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Workspace {
    /// Whether the workspace may use this.
    pub fn may_use(&self, feature: Feature) -> bool {
        let row = self.features().iter().find(|row| row.name == feature.word());
        row.is_none_or(|row| row.enabled)
    }
}

/// Turns a feature of a workspace on or off.
///
/// # Errors
/// [`SetFeatureError`]; nothing is changed then.
pub async fn set_feature(
    ctx: &Context,
    workspace: WorkspaceId,
    feature: Feature,
    enabled: bool,
) -> Result<(), SetFeatureError> {
    if ctx.store.definitions_version(workspace).await?.is_none() {
        return Err(SetFeatureError::NoWorkspace);
    }
    let row = FeatureRow { name: feature.word().into(), enabled, changed_on: ctx.now() };
    let change = Change::Definition(workspace, DefinitionChange::Feature(row));
    match ctx.write_one(Unit::new(vec![change])).await {
        Ok(_) => {
            // Whoever works jobs off may go on with what waited for it.
            ctx.jobs.notify_one();
            Ok(())
        }
        Err(UnitError::Store(error)) => Err(error.into()),
        Err(other) => Err(StoreError::Database(other.to_string()).into()),
    }
}
