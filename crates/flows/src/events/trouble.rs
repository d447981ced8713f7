//! What went wrong, for the people who write flows.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// The kinds of problem that machines may want to tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ErrorCode {
    /// The action is accepted but does nothing any more.
    #[serde(rename = "action:unsupported")]
    ActionUnsupported,
    /// Something the flow names no longer exists.
    #[serde(rename = "dependency:missing")]
    DependencyMissing,
    /// An expression could not be evaluated.
    #[serde(rename = "expression")]
    Expression,
    /// An expression takes too much work.
    #[serde(rename = "expression:too_complex")]
    ExpressionTooComplex,
    /// There is no group of that name.
    #[serde(rename = "group:missing")]
    GroupMissing,
    /// There is no label of that name.
    #[serde(rename = "label:missing")]
    LabelMissing,
    /// There is no such zone.
    #[serde(rename = "timezone:invalid")]
    TimezoneInvalid,
    /// The address may not be called.
    #[serde(rename = "url:blocked")]
    UrlBlocked,
    /// Not an address of a web service.
    #[serde(rename = "url:invalid")]
    UrlInvalid,
    /// Not an address of a contact.
    #[serde(rename = "urn:invalid")]
    UrnInvalid,
    /// The address belongs to another contact.
    #[serde(rename = "urn:taken")]
    UrnTaken,
    /// There is no such user.
    #[serde(rename = "user:missing")]
    UserMissing,
    /// The request is too large.
    #[serde(rename = "webhook:request_size")]
    WebhookRequestSize,
    /// A warning: the answer is too large and was dropped.
    #[serde(rename = "webhook:response_size")]
    WebhookResponseSize,
    /// A warning: the expression uses a name that will go away.
    #[serde(rename = "context:deprecated")]
    ContextDeprecated,
}

/// An error or a warning. The flow goes on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    /// What is wrong.
    pub text: String,
    /// Its kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<ErrorCode>,
    /// The things it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extra: Option<Box<IndexMap<SmolStr, String>>>,
}

/// The session cannot go on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// Why.
    pub text: String,
}
