//! What a workspace has, as far as an import must know it.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::{
    CampaignEventUuid, CampaignUuid, ChannelUuid, Field, FlowUuid, Group, GroupUuid, LabelUuid, Reference,
    TopicUuid, UserUuid,
};
use smol_str::SmolStr;
use uuid::Uuid;

use super::TriggerType;
use crate::FlowType;

/// What a workspace has before an import.
#[derive(Clone, Debug, Default)]
pub struct Existing {
    /// Contact fields.
    pub fields: Vec<Field>,
    /// Groups.
    pub groups: Vec<Group>,
    /// Flows, those put away too.
    pub flows: Vec<ExistingFlow>,
    /// Triggers in use.
    pub triggers: Vec<ExistingTrigger>,
    /// Campaigns.
    pub campaigns: Vec<ExistingCampaign>,
    /// Channels.
    pub channels: Vec<ChannelUuid>,
    /// Labels.
    pub labels: Vec<Reference<LabelUuid>>,
    /// Subjects of tickets.
    pub topics: Vec<Reference<TopicUuid>>,
    /// People of the console.
    pub users: Vec<UserUuid>,
    /// Keys of globals.
    pub globals: Vec<SmolStr>,
    /// Identifiers of the export that others have already, so that they cannot be used again.
    pub taken: BTreeSet<Uuid>,
}

/// A flow of the workspace.
#[derive(Clone, Debug)]
pub struct ExistingFlow {
    /// Public identifier.
    pub uuid: FlowUuid,
    /// Name.
    pub name: SmolStr,
    /// Where it can run.
    pub flow_type: FlowType,
    /// Whether it was put away.
    pub archived: bool,
    /// The number of its live revision.
    pub revision: u32,
    /// The definition of that revision.
    pub definition: Arc<str>,
}

/// A campaign of the workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExistingCampaign {
    /// Public identifier.
    pub uuid: CampaignUuid,
    /// Name.
    pub name: SmolStr,
    /// Its points.
    pub events: Vec<CampaignEventUuid>,
}

/// A trigger of the workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExistingTrigger {
    /// Row number, by which the plan names it.
    pub id: i64,
    /// What kind.
    pub trigger_type: TriggerType,
    /// The flow.
    pub flow: FlowUuid,
    /// Words.
    pub keywords: Vec<SmolStr>,
    /// Whether the word must be the whole message.
    pub only_word: bool,
    /// Only for members of these.
    pub groups: BTreeSet<GroupUuid>,
    /// Not for members of these.
    pub exclude_groups: BTreeSet<GroupUuid>,
    /// Only on this channel.
    pub channel: Option<ChannelUuid>,
}
