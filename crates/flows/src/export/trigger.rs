//! What starts flows, as exports write it.

use domain::ChannelUuid;
use serde::Deserialize;
use smol_str::SmolStr;
use uuid::Uuid;

use super::ExportedGroup;
use super::campaign::RawGroup;
use crate::definition::nullable;

/// What kind of thing starts a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TriggerType {
    /// A message that begins with, or is, a word.
    Keyword,
    /// A message that nothing else takes.
    CatchAll,
    /// A call.
    InboundCall,
    /// A call that nobody took.
    MissedCall,
    /// Somebody opened a conversation.
    NewConversation,
    /// Somebody came by a link.
    Referral,
    /// A ticket was closed.
    ClosedTicket,
    /// Somebody gave consent.
    OptIn,
    /// Somebody withdrew consent.
    OptOut,
}

impl TriggerType {
    /// The type with a letter, as exports write it.
    pub fn from_letter(letter: &str) -> Option<Self> {
        Some(match letter {
            "K" => Self::Keyword,
            "C" => Self::CatchAll,
            "V" => Self::InboundCall,
            "M" => Self::MissedCall,
            "N" => Self::NewConversation,
            "R" => Self::Referral,
            "T" => Self::ClosedTicket,
            "I" => Self::OptIn,
            "O" => Self::OptOut,
            _ => return None,
        })
    }

    /// The letter, as exports and the store write it.
    pub fn letter(self) -> &'static str {
        match self {
            Self::Keyword => "K",
            Self::CatchAll => "C",
            Self::InboundCall => "V",
            Self::MissedCall => "M",
            Self::NewConversation => "N",
            Self::Referral => "R",
            Self::ClosedTicket => "T",
            Self::OptIn => "I",
            Self::OptOut => "O",
        }
    }
}

/// A trigger of an export.
#[derive(Clone, Debug, PartialEq)]
pub struct Trigger {
    /// What kind.
    pub trigger_type: TriggerType,
    /// Identifier of the flow where the export was made.
    pub flow: Option<Uuid>,
    /// Its name there.
    pub flow_name: SmolStr,
    /// Only for members of these.
    pub groups: Vec<ExportedGroup>,
    /// Not for members of these.
    pub exclude_groups: Vec<ExportedGroup>,
    /// Only on this channel.
    pub channel: Option<ChannelUuid>,
    /// Lower-case words.
    pub keywords: Vec<SmolStr>,
    /// Whether the word must be the whole message rather than its beginning.
    pub only_word: bool,
}

/// A trigger as JSON.
#[derive(Deserialize)]
pub(super) struct RawTrigger {
    #[serde(default, deserialize_with = "nullable")]
    pub trigger_type: SmolStr,
    flow: Option<RawFlowReference>,
    #[serde(default, deserialize_with = "nullable")]
    groups: Vec<RawGroup>,
    #[serde(default, deserialize_with = "nullable")]
    exclude_groups: Vec<RawGroup>,
    channel: Option<RawChannel>,
    #[serde(default, deserialize_with = "nullable")]
    keywords: Vec<SmolStr>,
    keyword: Option<SmolStr>,
    match_type: Option<SmolStr>,
}

/// A flow as triggers and campaigns name it.
#[derive(Clone, Deserialize)]
pub(super) struct RawFlowReference {
    pub uuid: Option<Uuid>,
    #[serde(default, deserialize_with = "nullable")]
    pub name: SmolStr,
}

/// A channel is named by its identifier, or by an object that holds it.
#[derive(Deserialize)]
#[serde(untagged)]
enum RawChannel {
    Uuid(ChannelUuid),
    Object { uuid: ChannelUuid },
    Other(serde::de::IgnoredAny),
}

impl RawTrigger {
    /// The trigger, or its letter if the type is not known.
    pub(super) fn read(self) -> Result<Trigger, SmolStr> {
        let Some(trigger_type) = TriggerType::from_letter(&self.trigger_type) else {
            return Err(self.trigger_type);
        };
        let words = self.keywords.into_iter().chain(self.keyword);
        let mut keywords: Vec<SmolStr> = Vec::new();
        for word in words.map(|word| SmolStr::from(word.trim().to_lowercase())) {
            if !word.is_empty() && !keywords.contains(&word) {
                keywords.push(word);
            }
        }
        let flow = self.flow.unwrap_or(RawFlowReference { uuid: None, name: SmolStr::default() });
        Ok(Trigger {
            trigger_type,
            flow: flow.uuid,
            flow_name: flow.name,
            groups: self.groups.into_iter().map(RawGroup::read).collect(),
            exclude_groups: self.exclude_groups.into_iter().map(RawGroup::read).collect(),
            channel: match self.channel {
                Some(RawChannel::Uuid(uuid) | RawChannel::Object { uuid }) => Some(uuid),
                Some(RawChannel::Other(_)) | None => None,
            },
            keywords,
            only_word: self.match_type.is_some_and(|letter| letter == "O"),
        })
    }
}
