//! Calls, conversations opened and campaign points: what starts flows besides messages.

use std::collections::BTreeMap;

use domain::{CallUuid, CampaignUuid, ChannelRef, Reference, Urn};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use uuid::Uuid;

/// A phone call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallRef {
    /// Public identifier.
    pub uuid: CallUuid,
    /// The line it is on.
    pub channel: ChannelRef,
    /// The contact's number.
    pub urn: Urn,
}

/// A call began, from either side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallReceived {
    /// The call.
    pub call: CallRef,
}

/// Something that happened on a channel and says no more than that.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChannelEvent {
    /// The channel.
    pub channel: ChannelRef,
}

/// A conversation was opened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChatStarted {
    /// The channel.
    pub channel: ChannelRef,
    /// What the link that opened it carried, such as `referrer_id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub params: Option<BTreeMap<SmolStr, SmolStr>>,
}

/// A point of a campaign was reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CampaignFired {
    /// The campaign.
    pub campaign: Reference<CampaignUuid>,
    /// The point of it.
    pub point_uuid: Uuid,
}
