//! What we tell carriers: a message, the requests it takes, and what their answers mean.

use std::collections::BTreeMap;

use domain::{Interactive, MessageUuid, Urn};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use thiserror::Error;

/// An answer offered to the person as a button.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuickReply {
    /// `text`, `location`, …
    #[serde(rename = "type", default = "text_type")]
    pub reply_type: SmolStr,
    /// What the button says and sends.
    #[serde(default)]
    pub text: SmolStr,
    /// More about it, on carriers that show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extra: Option<SmolStr>,
}

fn text_type() -> SmolStr {
    SmolStr::new_static("text")
}

impl QuickReply {
    /// A button that sends `text`.
    pub fn text(text: impl Into<SmolStr>) -> Self {
        Self { reply_type: text_type(), text: text.into(), extra: None }
    }
}

/// A message to send, as carriers' codecs need it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outgoing {
    /// Our identifier, which the carrier reports back.
    pub uuid: MessageUuid,
    /// To whom.
    pub urn: Urn,
    /// What; may be empty if there are attachments.
    #[serde(default)]
    pub text: String,
    /// `type:url` of each attached file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<String>,
    /// Answers offered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quick_replies: Vec<QuickReply>,
    /// Buttons, a list or a form, for carriers that show them; the answers offered are for those that do not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interactive: Option<Interactive>,
    /// State of the session that sent it: `waiting`, `completed`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_status: Option<SmolStr>,
    /// Language and perhaps country of the text, as in `eng-ZA`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<SmolStr>,
    /// The template to send it with, on carriers that want one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub templating: Option<Templating>,
}

/// A template that the carrier has approved, with the values of its variables.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Templating {
    /// Which.
    pub template: TemplateName,
    /// Its parts, with the places of their variables in [`Self::variables`].
    #[serde(default)]
    pub components: Vec<TemplateComponent>,
    /// The values.
    #[serde(default)]
    pub variables: Vec<TemplateVariable>,
    /// The carrier's code of its language, such as `en_US`; without it the message's locale says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<SmolStr>,
}

/// How the carrier calls a template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateName {
    /// Its name at the carrier.
    pub name: SmolStr,
}

/// A part of a template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateComponent {
    /// `header/media`, `body`, `button/url`, …
    #[serde(rename = "type")]
    pub kind: SmolStr,
    /// `header`, `body`, `button.0`, …
    #[serde(default)]
    pub name: SmolStr,
    /// Names of its variables and where their values are.
    #[serde(default)]
    pub variables: BTreeMap<SmolStr, usize>,
}

/// The value of a template's variable.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateVariable {
    /// `text`, `image`, `video` or `document`.
    #[serde(rename = "type")]
    pub kind: SmolStr,
    /// The text, or `type:url` of a file.
    #[serde(default)]
    pub value: SmolStr,
}

impl Outgoing {
    /// The text with the address of each attachment on its own line: the form for carriers without media.
    pub fn text_with_attachments(&self) -> String {
        let mut text = self.text.clone();
        for attachment in &self.attachments {
            let url = attachment_url(attachment);
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(url);
        }
        text
    }

    /// The texts of the quick replies that carriers without typed ones can show.
    pub fn quick_reply_texts(&self) -> Vec<&str> {
        let texts = self.quick_replies.iter().filter(|reply| reply.reply_type == "text");
        texts.map(|reply| reply.text.as_str()).filter(|text| !text.is_empty()).collect()
    }
}

/// The address part of `image/jpeg:https://…`.
pub(crate) fn attachment_url(attachment: &str) -> &str {
    attachment.split_once(':').map_or(attachment, |(_, url)| url)
}

/// An HTTP method a carrier can be spoken to with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Everything in the address.
    Get,
    /// The usual.
    Post,
    /// Some aggregators insist.
    Put,
}

impl Method {
    /// As written on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
        }
    }
}

/// A request to a carrier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRequest {
    /// How.
    pub method: Method,
    /// Where, with its query.
    pub url: String,
    /// Headers in the order in which they are set; a later one of the same name replaces an earlier one.
    pub headers: Vec<(String, String)>,
    /// The body; empty with GET.
    pub body: String,
}

/// Where a carrier keeps a file that a person sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaFile {
    /// The request that fetches it.
    pub request: HttpRequest,
    /// Whether it lies at the host of the channel's settings, which may be in our own network. Else it must be out in the
    /// world.
    pub is_configured: bool,
    /// Its SHA-256 in hex, if the carrier says it.
    pub sha256: Option<String>,
    /// Its size, if the carrier says it.
    pub bytes: Option<u64>,
}

/// How a message leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// These requests, one after the other; each must be accepted before the next.
    Requests(Vec<HttpRequest>),
    /// Nothing leaves: the message is read from our own tables (web chat).
    Local,
}

/// The classes of failure, named as in RapidPro's channel logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendErrorKind {
    /// The channel's settings cannot work.
    ChannelConfig,
    /// This message cannot be sent on this channel.
    MessageInvalid,
    /// The carrier answered with an error status.
    ResponseStatus,
    /// The carrier's answer did not say what the settings ask for.
    ResponseContent,
    /// The carrier's answer cannot be read.
    ResponseUnparseable,
    /// The carrier's answer is well-formed but lacks what it must have.
    ResponseUnexpected,
    /// The carrier says why it does not send this message; it would say so again.
    FailedWithReason,
    /// The carrier says why it did not send this message; it may send it later.
    RetryableWithReason,
    /// The carrier did not answer, or its server failed: try again.
    ConnectionFailed,
    /// The carrier asks us to slow down: try again later.
    ConnectionThrottled,
    /// The carrier asks us to write less often to this one person; others are not concerned.
    PersonThrottled,
    /// The person stopped our messages at the carrier.
    ContactStopped,
}

impl SendErrorKind {
    /// The class's name, as conformance data has it.
    pub fn code(self) -> &'static str {
        match self {
            Self::ChannelConfig => "ErrChannelConfig",
            Self::MessageInvalid => "ErrMessageInvalid",
            Self::ResponseStatus => "ErrResponseStatus",
            Self::ResponseContent => "ErrResponseContent",
            Self::ResponseUnparseable => "ErrResponseUnparseable",
            Self::ResponseUnexpected => "ErrResponseUnexpected",
            Self::FailedWithReason => "ErrFailedWithReason",
            Self::RetryableWithReason => "ErrRetryableWithReason",
            Self::ConnectionFailed => "ErrConnectionFailed",
            Self::ConnectionThrottled | Self::PersonThrottled => "ErrConnectionThrottled",
            Self::ContactStopped => "ErrContactStopped",
        }
    }

    /// Whether trying again can help.
    pub fn is_retryable(self) -> bool {
        match self {
            Self::ConnectionFailed
            | Self::ConnectionThrottled
            | Self::PersonThrottled
            | Self::RetryableWithReason => true,
            Self::ChannelConfig
            | Self::MessageInvalid
            | Self::ResponseStatus
            | Self::ResponseContent
            | Self::ResponseUnparseable
            | Self::ResponseUnexpected
            | Self::FailedWithReason
            | Self::ContactStopped => false,
        }
    }

    /// Whether it speaks against the carrier as a whole rather than against one message.
    pub fn is_carriers_fault(self) -> bool {
        matches!(self, Self::ConnectionFailed | Self::ConnectionThrottled)
    }
}

/// Why a message was not sent.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{reason}")]
pub struct SendError {
    /// The class.
    pub kind: SendErrorKind,
    /// For people, without secrets.
    pub reason: String,
}

impl SendError {
    /// An error of a class with its reason.
    pub fn new(kind: SendErrorKind, reason: impl Into<String>) -> Self {
        Self { kind, reason: reason.into() }
    }
}
