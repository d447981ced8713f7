//! What providers of mobile money say, read into one form: who paid how much by which receipt for what.
//!
//! Whatever source a payment is heard from (confirmation, answer to a push, poll, statement), it has one identity: the
//! provider and its receipt. `facts/payg.md` section 3.

pub mod airtel;
pub mod mpesa;
pub mod mtn;
pub mod statement;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use smol_str::SmolStr;

use crate::money::{MoneyError, read_amount};

/// Who moves the money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// Safaricom M-Pesa (Daraja).
    Mpesa,
    /// MTN Mobile Money.
    Mtn,
    /// Airtel Money.
    Airtel,
    /// Another one, by the signed webhook of ours.
    Other,
}

/// What a payment is known by, wherever it is heard of.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity {
    /// Who moved the money.
    pub provider: Provider,
    /// The provider's number for it.
    pub receipt: SmolStr,
}

/// Longest receipt, reference, name or text that is kept, in characters.
pub const TEXT_CHARS: usize = 100;

/// Money moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// Provider and receipt.
    pub identity: Identity,
    /// Minor units; not all sources say.
    pub amount_minor: Option<i64>,
    /// What the payer typed.
    pub reference: Option<String>,
    /// Our own number of the request that it answers.
    pub request: Option<SmolStr>,
    /// The payer's phone, often with stars in it: it cannot tell who they are.
    pub payer: Option<String>,
    /// The payer's name.
    pub name: Option<String>,
    /// When, by the provider.
    pub at: Option<Timestamp>,
}

/// What a provider says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// Money moved.
    Paid(Payment),
    /// A request came to nothing.
    Refused {
        /// Our own number of the request.
        request: SmolStr,
        /// The provider's code.
        code: String,
        /// The provider's words.
        reason: String,
    },
    /// It is not known yet; ask again.
    Pending {
        /// Our own number of the request.
        request: SmolStr,
    },
    /// Money went back.
    Reversed {
        /// The payment that was taken back.
        original: Identity,
        /// The receipt of the way back.
        receipt: Option<SmolStr>,
    },
    /// Nothing that concerns an account: a charge, a failed reversal.
    Nothing,
}

/// What a provider sent cannot be read. It is kept as it came, for a person to look at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoticeError {
    /// A member is missing or of the wrong kind.
    #[error("{0} is missing or is not what it should be")]
    Member(&'static str),
    /// An amount cannot be read.
    #[error("{0}")]
    Amount(#[from] MoneyError),
}

/// A text member that is not empty, cut to what is kept.
fn text(object: &Json, member: &str) -> Option<String> {
    let text = match &object[member] {
        Json::String(text) => text.trim().to_owned(),
        Json::Number(number) => number.to_string(),
        _ => return None,
    };
    Some(text.chars().take(TEXT_CHARS).collect::<String>()).filter(|text| !text.is_empty())
}

fn required(object: &Json, member: &'static str) -> Result<String, NoticeError> {
    text(object, member).ok_or(NoticeError::Member(member))
}

/// An amount that must be above zero, in whichever way it is written.
fn amount(object: &Json, member: &'static str, decimals: u32) -> Result<i64, NoticeError> {
    let written = required(object, member)?;
    Some(read_amount(&written, decimals)?).filter(|minor| *minor > 0).ok_or(NoticeError::Member(member))
}
