//! Services called: web services, resthooks, language models, airtime and e-mail.

use std::sync::Arc;

use domain::{Reference, Urn};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use uuid::Uuid;

/// A language model as events name it.
pub type LlmRef = Reference<Uuid>;

/// How a call to a web service went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookStatus {
    /// Answered with 2xx.
    Success,
    /// Not answered, or not in time.
    ConnectionError,
    /// Answered with something else.
    ResponseError,
    /// Answered with 410: the subscriber of a resthook is gone.
    SubscriberGone,
}

/// Bytes over the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpSizes {
    /// Of the request.
    pub request: u64,
    /// Of the response.
    pub response: u64,
}

/// An exchange with a web service, as text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HttpLog {
    /// The address called.
    pub url: SmolStr,
    /// Status code; absent if there was no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_code: Option<u16>,
    /// The request.
    pub request: String,
    /// The answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<String>,
    /// How long it took.
    pub elapsed_ms: u64,
    /// How often it was tried again.
    pub retries: u32,
    /// Bytes over the wire.
    #[serde(default)]
    pub sizes: HttpSizes,
    /// How it went.
    pub status: WebhookStatus,
    /// When it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_on: Option<Timestamp>,
}

/// A web service was called.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WebhookCalled {
    /// The exchange. Its own moment is that of the event.
    #[serde(flatten)]
    pub log: HttpLog,
    /// The resthook it was called for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resthook: Option<SmolStr>,
}

/// A resthook's subscribers are about to be called.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResthookCalled {
    /// Name of the resthook.
    pub resthook: SmolStr,
    /// What the subscribers get.
    pub payload: Arc<serde_json::Value>,
}

/// What a language model counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LlmTokens {
    /// In what was asked.
    pub input: u64,
    /// In the answer.
    pub output: u64,
}

/// A language model answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LlmCalled {
    /// The model.
    pub llm: LlmRef,
    /// What it was told to do.
    pub instructions: String,
    /// What it was given.
    pub input: String,
    /// Its answer.
    pub output: String,
    /// What it counted.
    pub tokens: LlmTokens,
    /// How long it took.
    pub elapsed_ms: u64,
}

/// Airtime was transferred.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AirtimeCreated {
    /// The provider's identifier.
    pub external_id: SmolStr,
    /// Number it came from; in JSON empty if there is none.
    #[serde(default, with = "empty_urn")]
    pub sender: Option<Urn>,
    /// Number it went to.
    pub recipient: Urn,
    /// ISO 4217 code.
    pub currency: SmolStr,
    /// Amount in that currency.
    pub amount: serde_json::Number,
    /// Exchanges with the provider.
    #[serde(default)]
    pub http_logs: Vec<HttpLog>,
}

mod empty_urn {
    //! An address that is an empty text if it is absent.
    use domain::Urn;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(urn: &Option<Urn>, serializer: S) -> Result<S::Ok, S::Error> {
        match urn {
            Some(urn) => serializer.collect_str(urn),
            None => serializer.serialize_str(""),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Urn>, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(D::Error::custom) }
    }
}

/// An e-mail was handed over for sending.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EmailSent {
    /// Recipients.
    pub to: Vec<SmolStr>,
    /// Subject.
    pub subject: SmolStr,
    /// Text.
    pub body: String,
}
