//! What programmes are made of: fields, groups, flows, triggers, campaigns, lines.
//!
//! Reads give all of a workspace at once ([`crate::Store::definitions`]), because flows need them all; writes are
//! [`DefinitionChange`]s in a [`crate::Unit`], each an upsert by row number. Any unit that holds one raises the
//! workspace's `definitions_version`, by which running nodes notice.

use std::sync::Arc;

use domain::{
    CampaignEventId, CampaignEventUuid, CampaignId, CampaignUuid, CannedReplyId, ChannelId, ChannelUuid,
    FieldId, FieldType, FieldUuid, FlowId, FlowUuid, GlobalId, GroupId, GroupUuid, LabelId, LabelUuid,
    MessageSetId, OptinId, OptinUuid, TableId, TeamId, TemplateId, TemplateUuid, TriggerId, WorkspaceId,
};
use jiff::Timestamp;
use serde_json::Value;
use smol_str::SmolStr;

use crate::{
    CannedReplyRow, FeatureRow, MessageSetRow, ProgrammeMessageRow, ResthookRow, ServiceRow, TeamRow,
    TopicRow, UserRow, WorkspaceRow,
};

/// Versions of a lookup table that are kept, the live one included.
pub const KEPT_TABLE_VERSIONS: i64 = 10;

/// A contact field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldRow {
    /// Row number.
    pub id: FieldId,
    /// Public identifier.
    pub uuid: FieldUuid,
    /// Key, unique in the workspace.
    pub key: SmolStr,
    /// Name.
    pub name: SmolStr,
    /// What values mean.
    pub field_type: FieldType,
}

/// A contact group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRow {
    /// Row number.
    pub id: GroupId,
    /// Public identifier.
    pub uuid: GroupUuid,
    /// Name, unique in the workspace whatever its case.
    pub name: SmolStr,
    /// Contact query of a group that fills itself.
    pub query: Option<SmolStr>,
}

/// A label on messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelRow {
    /// Row number.
    pub id: LabelId,
    /// Public identifier.
    pub uuid: LabelUuid,
    /// Name, unique in the workspace whatever its case.
    pub name: SmolStr,
}

/// A value that all flows can read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GlobalRow {
    /// Row number.
    pub id: GlobalId,
    /// Key, unique in the workspace.
    pub key: SmolStr,
    /// Name.
    pub name: SmolStr,
    /// Value.
    pub value: SmolStr,
    /// When it was last set; when it was made, if that was before this was kept.
    pub modified_on: Timestamp,
}

/// A line to a carrier.
#[derive(Debug, Clone, PartialEq)]
pub struct ChannelRow {
    /// Row number.
    pub id: ChannelId,
    /// Owner.
    pub workspace: WorkspaceId,
    /// Public identifier.
    pub uuid: ChannelUuid,
    /// Type code, as in carrier addresses: `ex`, `webchat`.
    pub channel_type: SmolStr,
    /// Name.
    pub name: SmolStr,
    /// Number or handle at the carrier.
    pub address: SmolStr,
    /// URN schemes it serves.
    pub schemes: Vec<SmolStr>,
    /// `send`, `receive`, `call`, `answer`.
    pub roles: Vec<SmolStr>,
    /// ISO 3166 alpha-2.
    pub country: Option<SmolStr>,
    /// Settings and secrets.
    pub config: Value,
    /// What it may send at most.
    pub rate: Option<crate::Rate>,
    /// Whether it is in use.
    pub active: bool,
    /// When it was added.
    pub created_on: Timestamp,
}

/// A flow. Its words are in the [`RevisionRow`] of `revision`.
#[derive(Debug, Clone, PartialEq)]
pub struct FlowRow {
    /// Row number.
    pub id: FlowId,
    /// Public identifier.
    pub uuid: FlowUuid,
    /// Name.
    pub name: SmolStr,
    /// `messaging`, `messaging_background`, `voice` or `messaging_offline`.
    pub flow_type: SmolStr,
    /// How long a run waits before it expires; 0 never.
    pub expire_after_minutes: i64,
    /// Whether keywords start nothing else while a contact is in it.
    pub ignore_triggers: bool,
    /// The live revision.
    pub revision: i64,
    /// Whether it was put away.
    pub archived: bool,
    /// When it was made.
    pub created_on: Timestamp,
    /// When it last changed.
    pub modified_on: Timestamp,
}

/// The definition of a flow at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct RevisionRow {
    /// The flow.
    pub flow: FlowId,
    /// Number, rising from 1.
    pub revision: i64,
    /// JSON of the definition.
    pub definition: Arc<str>,
    /// When it was saved.
    pub created_on: Timestamp,
}

/// What starts a flow.
#[derive(Debug, Clone, PartialEq)]
pub struct TriggerRow {
    /// Row number.
    pub id: TriggerId,
    /// One letter: K keyword, C catch-all, S schedule, V inbound call, M missed call, N new conversation,
    /// R referral, T closed ticket, I opt-in, O opt-out.
    pub trigger_type: SmolStr,
    /// The flow.
    pub flow: FlowId,
    /// Lower-case keywords (K).
    pub keywords: Vec<SmolStr>,
    /// `F` first word, `O` only word (K).
    pub match_type: Option<SmolStr>,
    /// Only contacts in one of these, if any are named.
    pub include_groups: Vec<GroupId>,
    /// Not contacts in one of these.
    pub exclude_groups: Vec<GroupId>,
    /// Only this line.
    pub channel: Option<ChannelId>,
    /// What only some types have: referrer, schedule.
    pub detail: Value,
    /// Whether it was put away.
    pub archived: bool,
    /// When it was made.
    pub created_on: Timestamp,
}

/// A table that flows look things up in. Its rows are the content of its version: [`crate::Store::table_content`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableRow {
    /// Row number.
    pub id: TableId,
    /// Name, unique in the workspace; lower case.
    pub name: SmolStr,
    /// The column that rows are found by.
    pub key_column: SmolStr,
    /// Names of the columns.
    pub columns: Vec<SmolStr>,
    /// Number of the content, rising from 1.
    pub version: i64,
    /// How many rows it has.
    pub row_count: i64,
    /// When it was made.
    pub created_on: Timestamp,
    /// When it last changed.
    pub modified_on: Timestamp,
}

/// The rows of a table in one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableContent {
    /// The table.
    pub table: TableId,
    /// Number of the content.
    pub version: i64,
    /// JSON array of arrays of texts.
    pub content: Arc<str>,
    /// How many rows there are.
    pub row_count: i64,
    /// When it was written.
    pub created_on: Timestamp,
}

/// A version of a table that is kept, without its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableVersion {
    /// Number of the content.
    pub version: i64,
    /// How many rows it has; none if it is from before that was kept.
    pub row_count: Option<i64>,
    /// When it was written.
    pub created_on: Timestamp,
}

/// A text that carriers approve.
#[derive(Debug, Clone, PartialEq)]
pub struct TemplateRow {
    /// Row number.
    pub id: TemplateId,
    /// Public identifier.
    pub uuid: TemplateUuid,
    /// Name at the carrier, unique in the workspace.
    pub name: SmolStr,
    /// JSON list: line, locale, status, namespace, parts and variables of each.
    pub translations: Value,
    /// When it was made.
    pub created_on: Timestamp,
    /// When it last changed.
    pub modified_on: Timestamp,
}

/// Something that people can agree to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptinRow {
    /// Row number.
    pub id: OptinId,
    /// Public identifier.
    pub uuid: OptinUuid,
    /// Name, unique in the workspace whatever its case.
    pub name: SmolStr,
    /// When it was made.
    pub created_on: Timestamp,
}

/// A campaign.
#[derive(Debug, Clone, PartialEq)]
pub struct CampaignRow {
    /// Row number.
    pub id: CampaignId,
    /// Public identifier.
    pub uuid: CampaignUuid,
    /// Name.
    pub name: SmolStr,
    /// Whom it is for.
    pub group: GroupId,
    /// Whether it was put away.
    pub archived: bool,
    /// When it was made.
    pub created_on: Timestamp,
}

/// A point of a campaign.
#[derive(Debug, Clone, PartialEq)]
pub struct CampaignEventRow {
    /// Row number.
    pub id: CampaignEventId,
    /// Public identifier.
    pub uuid: CampaignEventUuid,
    /// The campaign.
    pub campaign: CampaignId,
    /// Field key, `created_on` or `last_seen_on`.
    pub relative_to: SmolStr,
    /// How many units after it (negative: before).
    pub offset: i64,
    /// `M` minutes, `H` hours, `D` days, `W` weeks.
    pub unit: SmolStr,
    /// Local hour of the day, -1 for the hour that comes out.
    pub delivery_hour: i64,
    /// `I` interrupt, `S` skip, `P` passive.
    pub start_mode: SmolStr,
    /// The flow to start, unless it sends a message.
    pub flow: Option<FlowId>,
    /// JSON object of the message by language.
    pub message: Option<String>,
    /// Language of the message that it was written in.
    pub base_language: Option<SmolStr>,
    /// When it was made.
    pub created_on: Timestamp,
}

/// A zone that a workspace had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormerZone {
    /// Until when.
    pub until: Timestamp,
    /// IANA zone.
    pub timezone: SmolStr,
}

/// Everything a workspace's flows run on, as of one version.
#[derive(Debug, Clone)]
pub struct Definitions {
    /// The workspace; `definitions_version` says which version this is.
    pub workspace: WorkspaceRow,
    /// Fields by key.
    pub fields: Vec<FieldRow>,
    /// Groups by name.
    pub groups: Vec<GroupRow>,
    /// Labels by name.
    pub labels: Vec<LabelRow>,
    /// Globals by key.
    pub globals: Vec<GlobalRow>,
    /// Lines, the oldest first.
    pub channels: Vec<ChannelRow>,
    /// Flows, archived ones too, the oldest first.
    pub flows: Vec<FlowRow>,
    /// The live revision of each flow.
    pub revisions: Vec<RevisionRow>,
    /// Triggers that are not archived, the oldest first.
    pub triggers: Vec<TriggerRow>,
    /// Campaigns, the oldest first.
    pub campaigns: Vec<CampaignRow>,
    /// Points of campaigns, by campaign.
    pub campaign_events: Vec<CampaignEventRow>,
    /// Users.
    pub users: Vec<UserRow>,
    /// Services that may be asked, the oldest first.
    pub services: Vec<ServiceRow>,
    /// Subscribers of events, by name of the event.
    pub resthooks: Vec<ResthookRow>,
    /// Topics of tickets, the oldest first.
    pub topics: Vec<TopicRow>,
    /// Zones that the workspace had before, the latest first.
    pub former_zones: Vec<FormerZone>,
    /// Teams of agents by name.
    pub teams: Vec<TeamRow>,
    /// What agents answer often, by name.
    pub canned_replies: Vec<CannedReplyRow>,
    /// The country with its places as JSON, if they were imported.
    pub locations: Option<Arc<str>>,
    /// Lookup tables by name, without their rows.
    pub tables: Vec<TableRow>,
    /// Message sets by name, without their messages.
    pub message_sets: Vec<MessageSetRow>,
    /// Templates by name.
    pub templates: Vec<TemplateRow>,
    /// What people can agree to, the oldest first.
    pub optins: Vec<OptinRow>,
    /// Features that were turned on or off, by name.
    pub features: Vec<FeatureRow>,
}

/// A change of definitions. Each writes the row as given, new or not, by its row number.
#[derive(Debug, Clone)]
pub enum DefinitionChange {
    /// Writes nothing, but makes the unit a [`crate::UnitError::Conflict`] unless the definitions are of this
    /// version: for changes that were planned on what was read.
    Expect(i64),
    /// A new workspace. Its name need not be unique.
    NewWorkspace(Box<WorkspaceRow>),
    /// New settings of a workspace.
    Workspace(Box<WorkspaceRow>),
    /// A zone that the workspace had until now.
    FormerZone(FormerZone),
    /// A user. [`crate::UnitError::Taken`] if the e-mail is in use.
    User(Box<UserRow>),
    /// A line.
    Channel(Box<ChannelRow>),
    /// A field. Taken if the key is in use.
    Field(FieldRow),
    /// A group. Taken if the name is in use.
    Group(GroupRow),
    /// Removes a point of a campaign.
    RemoveCampaignEvent(CampaignEventId),
    /// A template. Taken if the name is in use.
    Template(TemplateRow),
    /// Removes a template.
    RemoveTemplate(TemplateId),
    /// Something that people can agree to. Taken if the name is in use.
    Optin(OptinRow),
    /// Removes a lookup table in all its versions.
    RemoveTable(TableId),
    /// Removes a trigger.
    RemoveTrigger(TriggerId),
    /// Removes a group and everybody's membership.
    RemoveGroup(GroupId),
    /// Removes a label, also from messages.
    RemoveLabel(LabelId),
    /// A label. Taken if the name is in use.
    Label(LabelRow),
    /// A global. Taken if the key is in use.
    Global(GlobalRow),
    /// The country with its places as JSON, instead of those before.
    Locations(Arc<str>),
    /// A flow.
    Flow(FlowRow),
    /// A new revision of a flow. Written revisions do not change.
    Revision(RevisionRow),
    /// A trigger.
    Trigger(TriggerRow),
    /// A lookup table. Taken if the name is in use.
    Table(TableRow),
    /// The rows of a table in a new version; of the older ones the latest [`KEPT_TABLE_VERSIONS`] stay.
    TableContent(TableContent),
    /// A campaign.
    Campaign(CampaignRow),
    /// A point of a campaign.
    CampaignEvent(CampaignEventRow),
    /// A feature is turned on or off.
    Feature(FeatureRow),
    /// A service.
    Service(Box<ServiceRow>),
    /// Subscribers of an event. Taken if there are some already under another row number.
    Resthook(ResthookRow),
    /// A topic. Taken if the name is in use.
    Topic(TopicRow),
    /// A team. Taken if the name is in use.
    Team(TeamRow),
    /// Removes a team; its members are in none then.
    RemoveTeam(TeamId),
    /// A canned reply. Taken if the name is in use.
    CannedReply(CannedReplyRow),
    /// Removes a canned reply.
    RemoveCannedReply(CannedReplyId),
    /// A message set. Taken if the name is in use.
    MessageSet(Box<MessageSetRow>),
    /// A message of a set in one language.
    ProgrammeMessage(ProgrammeMessageRow),
    /// Removes all messages of a set, before new ones are written.
    ClearProgrammeMessages(MessageSetId),
    /// Removes all points of a campaign, before new ones are written.
    ClearCampaignEvents(CampaignId),
}
