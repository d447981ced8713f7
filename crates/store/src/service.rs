//! Services that flows ask of others, and where their secrets are kept.

use domain::{ResthookId, ServiceId};
use jiff::Timestamp;
use serde_json::Value;
use smol_str::SmolStr;
use uuid::Uuid;

use crate::text_codes::text_codes;

text_codes! {
    /// What a service does.
    ServiceKind {
        /// Sends e-mail.
        Email = "email",
        /// Answers in words.
        Model = "model",
        /// Transfers airtime.
        Airtime = "airtime",
    }
}

/// What nobody may see: not in logs, not in errors, not in lists.
#[derive(Clone, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Hides a text.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text, for the one who needs it to make a call.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(secret)")
    }
}

/// A service of a workspace.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceRow {
    /// Row number.
    pub id: ServiceId,
    /// Public identifier; flows name models by it.
    pub uuid: Uuid,
    /// What it does.
    pub kind: ServiceKind,
    /// Name shown to people.
    pub name: SmolStr,
    /// Settings object.
    pub config: Value,
    /// Password or key; empty if it needs none.
    pub secret: Secret,
    /// Whether it may be asked.
    pub active: bool,
    /// When it was added.
    pub created_on: Timestamp,
}

/// Web services that hear of an event which flows name.
#[derive(Debug, Clone, PartialEq)]
pub struct ResthookRow {
    /// Row number.
    pub id: ResthookId,
    /// The name of the event.
    pub slug: SmolStr,
    /// Addresses to call.
    pub subscribers: Vec<SmolStr>,
    /// With what calls are signed; `None` for events from before they were.
    pub secret: Option<Secret>,
}
