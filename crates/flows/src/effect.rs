//! What a flow asks of the outside world. An effect suspends the sprint at its action; the answer, given to
//! [`Engine::complete`](crate::engine::Engine::complete), lets it go on from exactly there.

use domain::Urn;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::events::{HttpLog, HttpSizes, LlmRef, LlmTokens};

/// A request to a web service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpRequest {
    /// Upper-case method.
    pub method: SmolStr,
    /// Absolute address.
    pub url: String,
    /// Headers in order. There is no `User-Agent` unless the flow sets one.
    pub headers: IndexMap<SmolStr, String>,
    /// Body; absent for requests without one.
    pub body: Option<String>,
}

/// What came of a request to a web service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpAnswer {
    /// Status code; `None` if no connection could be made or it broke.
    pub status: Option<u16>,
    /// Headers of the answer.
    pub headers: IndexMap<SmolStr, String>,
    /// Body, at most [`Limits::response_bytes`](crate::engine::Limits).
    pub body: Vec<u8>,
    /// Whether the body was longer than allowed and has been dropped.
    pub too_large: bool,
    /// The request as sent, for the log.
    pub request_trace: String,
    /// The answer as received without its body, for the log; `None` without an answer.
    pub response_trace: Option<String>,
    /// Bytes over the wire.
    pub sizes: HttpSizes,
    /// How long it took.
    pub elapsed_ms: u64,
    /// How often it was tried again.
    pub retries: u32,
}

/// One thing asked of the outside world.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Effect {
    /// Call a web service: [`EffectResult::Webhook`].
    Webhook {
        /// What to call.
        request: HttpRequest,
    },
    /// Call each subscriber of a resthook: [`EffectResult::Resthook`].
    Resthook {
        /// Name of the resthook.
        resthook: SmolStr,
        /// One request for each subscriber, in order.
        requests: Vec<HttpRequest>,
    },
    /// Ask a language model: [`EffectResult::Llm`].
    Llm {
        /// The model.
        llm: LlmRef,
        /// What it shall do.
        instructions: String,
        /// What with.
        input: String,
    },
    /// Transfer airtime: [`EffectResult::Airtime`].
    Airtime {
        /// Identifier of the transfer, which is also its idempotency key.
        transfer: domain::EventUuid,
        /// Number it is paid from, if the contact's channel has one.
        sender: Option<Urn>,
        /// Number it goes to.
        recipient: Urn,
        /// Amounts that may be sent, by ISO 4217 code; the provider picks the currency of the number.
        amounts: IndexMap<SmolStr, serde_json::Number>,
    },
    /// Send an e-mail: [`EffectResult::Email`].
    Email {
        /// Recipients.
        to: Vec<SmolStr>,
        /// Subject.
        subject: SmolStr,
        /// Text.
        body: String,
    },
    /// Make sure that no other contact has an address: [`EffectResult::UrnClaimed`]. The caller can answer
    /// this one itself, within the transaction.
    ClaimUrn {
        /// The address.
        urn: Urn,
    },
}

/// The answer to an [`Effect`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum EffectResult {
    /// The web service's answer.
    Webhook {
        /// The answer.
        answer: HttpAnswer,
    },
    /// The subscribers' answers in the order of the requests.
    Resthook {
        /// The answers.
        answers: Vec<HttpAnswer>,
    },
    /// The model's answer.
    Llm {
        /// The answer, or why there is none.
        output: Result<String, String>,
        /// What it counted.
        tokens: LlmTokens,
        /// How long it took.
        elapsed_ms: u64,
    },
    /// The transfer.
    Airtime {
        /// What was sent, or why nothing was.
        transfer: Result<AirtimeSent, String>,
        /// Exchanges with the provider.
        http_logs: Vec<HttpLog>,
    },
    /// The e-mail was taken over for sending, or why not.
    Email {
        /// Why not.
        error: Option<String>,
    },
    /// Whether the address is free for this contact.
    UrnClaimed {
        /// Whether it is.
        free: bool,
    },
}

/// Airtime that was sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AirtimeSent {
    /// The provider's identifier.
    pub external_id: SmolStr,
    /// ISO 4217 code.
    pub currency: SmolStr,
    /// Amount in that currency.
    pub amount: serde_json::Number,
}

impl Effect {
    /// The JSON `type`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Webhook { .. } => "webhook",
            Self::Resthook { .. } => "resthook",
            Self::Llm { .. } => "llm",
            Self::Airtime { .. } => "airtime",
            Self::Email { .. } => "email",
            Self::ClaimUrn { .. } => "claim_urn",
        }
    }
}

impl EffectResult {
    /// Whether this is the kind of answer that an effect asks for.
    pub fn answers(&self, effect: &Effect) -> bool {
        match effect {
            Effect::Webhook { .. } => matches!(self, Self::Webhook { .. }),
            Effect::Resthook { .. } => matches!(self, Self::Resthook { .. }),
            Effect::Llm { .. } => matches!(self, Self::Llm { .. }),
            Effect::Airtime { .. } => matches!(self, Self::Airtime { .. }),
            Effect::Email { .. } => matches!(self, Self::Email { .. }),
            Effect::ClaimUrn { .. } => matches!(self, Self::UrnClaimed { .. }),
        }
    }
}
