//! A person.

use std::{collections::BTreeMap, fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::{
    ChannelUuid, ContactId, ContactUuid, FieldValue, GroupUuid, Reference, TicketUuid, TopicUuid, Urn,
    UrnError, UserUuid, urn,
};

/// Whether we may talk with a contact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContactStatus {
    /// Messages flow both ways.
    #[default]
    Active,
    /// Their messages are ignored and nothing is sent.
    Blocked,
    /// They opted out; nothing is sent until they write again.
    Stopped,
    /// Kept for the record only.
    Archived,
}

impl ContactStatus {
    /// Reads the lower-case word for a status.
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "active" => Self::Active,
            "blocked" => Self::Blocked,
            "stopped" => Self::Stopped,
            "archived" => Self::Archived,
            _ => return None,
        })
    }

    /// The word for this status, as events and queries write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Blocked => "blocked",
            Self::Stopped => "stopped",
            Self::Archived => "archived",
        }
    }
}

/// An address of a contact, with the channel it was last reached on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactUrn {
    /// The address.
    pub urn: Urn,
    /// The channel this address prefers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelUuid>,
}

/// `scheme:path?channel=UUID#display`: how events and exports write an address and its channel.
impl fmt::Display for ContactUrn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.urn.identity())?;
        if let Some(channel) = self.channel {
            write!(f, "?channel={channel}")?;
        }
        match &self.urn.display {
            Some(display) => write!(f, "#{display}"),
            None => Ok(()),
        }
    }
}

impl FromStr for ContactUrn {
    type Err = UrnError;

    /// A channel that is not a UUID is taken as none: the address itself is still good.
    fn from_str(text: &str) -> Result<Self, UrnError> {
        let query = urn::split(text)?.query.unwrap_or_default();
        let channel = query.split('&').find_map(|pair| pair.strip_prefix("channel=")?.parse().ok());
        Ok(Self { urn: text.parse()?, channel })
    }
}

/// A ticket as flows see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketRef {
    /// Public identifier.
    pub uuid: TicketUuid,
    /// Whether it is open.
    #[serde(default)]
    pub open: bool,
    /// Its subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<Reference<TopicUuid>>,
    /// Who deals with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<Reference<UserUuid>>,
}

/// A person and all that flows know about them.
#[derive(Clone, Debug, PartialEq)]
pub struct Contact {
    /// Public identifier.
    pub uuid: ContactUuid,
    /// Row number, from which the public reference of anonymous workspaces is made.
    pub id: ContactId,
    /// Name; empty if unknown.
    pub name: SmolStr,
    /// ISO 639-3 code of the language they chose.
    pub language: Option<SmolStr>,
    /// Whether we may talk with them.
    pub status: ContactStatus,
    /// IANA name of their own zone.
    pub timezone: Option<SmolStr>,
    /// When they were first known.
    pub created_on: Timestamp,
    /// When they last wrote or called.
    pub last_seen_on: Option<Timestamp>,
    /// Addresses, the preferred one first.
    pub urns: Vec<ContactUrn>,
    /// Groups they belong to, in the order they joined.
    pub groups: Vec<GroupUuid>,
    /// Field values by field key. Only set fields are present.
    pub fields: BTreeMap<SmolStr, FieldValue>,
    /// Open tickets, the latest last.
    pub tickets: Vec<TicketRef>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_carries_its_channel() {
        let text = "telegram:123?channel=57f1078f-88aa-46f4-a59a-948a5739c03d#zodwa";
        let urn: ContactUrn = text.parse().unwrap();
        assert!(urn.channel.is_some());
        assert_eq!(urn.to_string(), text);
        assert_eq!("tel:+27821234567?id=3".parse::<ContactUrn>().unwrap().to_string(), "tel:+27821234567");
    }
}
