//! The settings of services that flows ask, read once where they are added and again where they are used.

use serde::Deserialize;
use serde_json::Value;
use smol_str::SmolStr;
use store::{Secret, ServiceKind};
use thiserror::Error;
use uuid::Uuid;

use crate::Workspace;

/// Tokens that a model may answer with unless its settings say otherwise.
const MODEL_TOKENS: u32 = 2_048;

/// Why settings cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ServiceError {
    /// Not an object of the settings that there are.
    #[error("the settings of a service of type {kind} cannot be read: {reason}")]
    Settings {
        /// Of which type.
        kind: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// An address that cannot be called.
    #[error("'{0}' is not an address; it must begin with http:// or https://")]
    Url(String),
    /// There is no key or password where one is needed.
    #[error("{0} needs a secret; give it with --secret-file")]
    NoSecret(&'static str),
}

/// A language model behind an endpoint of the chat-completions kind.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelSettings {
    /// Address before `/chat/completions`, such as `https://api.openai.com/v1`.
    pub url: String,
    /// The model's name there.
    pub model: String,
    /// Tokens that an answer may have.
    #[serde(default = "model_tokens")]
    pub max_tokens: u32,
    /// How freely it answers; the endpoint's own default without it.
    #[serde(default)]
    pub temperature: Option<f64>,
}

fn model_tokens() -> u32 {
    MODEL_TOKENS
}

/// A provider that transfers airtime, called as docs/connect-services.md says.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AirtimeSettings {
    /// Address that transfers are posted to.
    pub url: String,
    /// Sent along as `X-Seedling-Account`, for providers that serve several.
    #[serde(default)]
    pub account: String,
}

/// The e-mail server of a workspace: its address, with user and password, is the service's secret.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmailSettings {
    /// Whether it was named over the API, by somebody who may not reach into our own networks.
    #[serde(default)]
    pub public_only: bool,
}

/// Reads settings by type, so that a wrong one is refused when it is added and not with the first flow.
pub(crate) fn check(kind: ServiceKind, config: &Value, secret: &Secret) -> Result<(), ServiceError> {
    match kind {
        ServiceKind::Model => read::<ModelSettings>(kind, config).and_then(|model| url(&model.url)),
        ServiceKind::Airtime if secret.reveal().is_empty() => {
            Err(ServiceError::NoSecret("an airtime provider"))
        }
        ServiceKind::Airtime => read::<AirtimeSettings>(kind, config).and_then(|airtime| url(&airtime.url)),
        ServiceKind::Email if secret.reveal().is_empty() => {
            Err(ServiceError::NoSecret("an e-mail server, whose address holds its password,"))
        }
        ServiceKind::Email => read::<EmailSettings>(kind, config).map(drop),
    }
}

fn read<T: for<'de> Deserialize<'de>>(kind: ServiceKind, config: &Value) -> Result<T, ServiceError> {
    T::deserialize(config)
        .map_err(|error| ServiceError::Settings { kind: kind.as_str(), reason: error.to_string() })
}

fn url(text: &str) -> Result<(), ServiceError> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    match rest {
        Some(rest) if !rest.is_empty() => Ok(()),
        Some(_) | None => Err(ServiceError::Url(text.to_owned())),
    }
}

impl Workspace {
    /// A language model by the identifier that flows name.
    pub fn model(&self, uuid: Uuid) -> Option<(ModelSettings, &Secret)> {
        let row = self
            .definitions
            .services
            .iter()
            .find(|row| row.kind == ServiceKind::Model && row.uuid == uuid)?;
        Some((read(row.kind, &row.config).ok()?, &row.secret))
    }

    /// The airtime provider: the one that was added last.
    pub fn airtime(&self) -> Option<(AirtimeSettings, &Secret)> {
        let row = self.definitions.services.iter().rev().find(|row| row.kind == ServiceKind::Airtime)?;
        Some((read(row.kind, &row.config).ok()?, &row.secret))
    }

    /// The address of the e-mail server with user and password: of the one that was added last.
    pub fn email(&self) -> Option<&Secret> {
        let row = self.definitions.services.iter().rev().find(|row| row.kind == ServiceKind::Email)?;
        Some(&row.secret)
    }

    /// Whether that server must be out in the world.
    pub fn email_is_public_only(&self) -> bool {
        let row = self.definitions.services.iter().rev().find(|row| row.kind == ServiceKind::Email);
        row.is_some_and(|row| read::<EmailSettings>(row.kind, &row.config).is_ok_and(|read| read.public_only))
    }

    /// Names of the services of a type.
    pub fn services(&self, kind: ServiceKind) -> impl Iterator<Item = (&SmolStr, Uuid)> {
        self.definitions.services.iter().filter(move |row| row.kind == kind).map(|row| (&row.name, row.uuid))
    }
}
