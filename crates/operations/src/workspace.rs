//! A workspace in memory: its conventions, its assets with compiled flows, and the maps between public identifiers
//! and row numbers.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use domain::{
    CampaignUuid, Channel, ChannelId, ChannelRole, ChannelUuid, Field, FlowId, FlowUuid, Group, GroupId,
    GroupUuid, LabelId, LabelUuid, Query, QueryError, Reference, TopicId, UserId,
};
use expressions::{
    Environment, LocationTree,
    environment::{Collation, DateFormat, RedactionPolicy, TimeFormat},
};
use flows::{
    Assets, AssetsBuilder, Definition, Program, assets,
    events::{TopicRef, UserRef},
};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use store::{ChannelRow, ContactSearch, Definitions, FlowRow, RevisionRow, ServiceKind, WorkspaceRow};
use uuid::Uuid;

use crate::{
    campaigns::{self, CampaignPoint},
    tables::Tables,
    window::BeforeWindowEnd,
};

/// A revision that a session follows: flow and number.
pub(crate) type PinnedRevision = (FlowId, i64);
/// Compiled revisions.
type Programs = BTreeMap<PinnedRevision, Arc<Program>>;

/// Revisions that are not the live one of their flow and are kept compiled, in each workspace. Sessions may follow
/// any number of them for as long as they last.
const MAX_OLDER_REVISIONS: usize = 256;

/// A workspace in memory, as of one `definitions_version`. Immutable: a change makes a new one.
#[derive(Debug)]
pub struct Workspace {
    /// Settings.
    pub row: WorkspaceRow,
    /// Conventions that expressions follow.
    pub env: Environment,
    /// What flows may name.
    pub assets: Assets,
    /// Everything as read, without the texts of flows.
    pub(crate) definitions: Arc<Definitions>,
    pub(crate) programs: Programs,
    flows_by_uuid: HashMap<FlowUuid, FlowRow>,
    flow_uuids: HashMap<FlowId, FlowUuid>,
    groups_by_uuid: HashMap<GroupUuid, GroupId>,
    group_uuids: HashMap<GroupId, GroupUuid>,
    channels_by_uuid: HashMap<ChannelUuid, Arc<ChannelRow>>,
    channel_uuids: HashMap<ChannelId, ChannelUuid>,
    labels_by_uuid: HashMap<LabelUuid, LabelId>,
    before_window_end: Vec<BeforeWindowEnd>,
    campaign_points: Vec<CampaignPoint>,
    pub(crate) tables: Tables,
}

impl Workspace {
    /// Makes a workspace of its definitions. Flows that were compiled before are taken over; one that cannot be
    /// read is left out and logged, so that the others keep working.
    pub(crate) fn build(mut definitions: Definitions, tables: Tables, before: Option<&Self>) -> Self {
        let mut programs = Programs::new();
        for revision in std::mem::take(&mut definitions.revisions) {
            let key = (revision.flow, revision.revision);
            let kept = before.and_then(|before| before.programs.get(&key).cloned());
            let flow = definitions.flows.iter().find(|flow| flow.id == revision.flow);
            if let Some(program) = kept.or_else(|| compile(flow?, &revision)) {
                programs.insert(key, program);
            }
        }
        Self::assemble(Arc::new(definitions), programs, tables)
    }

    /// The same workspace with older revisions that waiting sessions need now. Of those that were needed before, at
    /// most [`MAX_OLDER_REVISIONS`] are kept; what is needed again is loaded again.
    pub(crate) fn with_revisions(
        &self,
        revisions: &[RevisionRow],
        needed: &BTreeSet<PinnedRevision>,
    ) -> Self {
        let mut programs = self.programs.clone();
        let live: BTreeSet<PinnedRevision> =
            self.definitions.flows.iter().map(|flow| (flow.id, flow.revision)).collect();
        make_room(&mut programs, revisions.len(), |pin| live.contains(pin), |pin| needed.contains(pin));
        for revision in revisions {
            let flow = self.definitions.flows.iter().find(|flow| flow.id == revision.flow);
            if let Some(program) = flow.and_then(|flow| compile(flow, revision)) {
                programs.insert((revision.flow, revision.revision), program);
            }
        }
        Self::assemble(self.definitions.clone(), programs, self.tables.clone())
    }

    fn assemble(definitions: Arc<Definitions>, programs: Programs, tables: Tables) -> Self {
        let env = environment(&definitions.workspace);
        let assets = build_assets(&definitions, &programs, &tables, &env);
        let env = Environment { locations: assets.locations().cloned(), ..env };
        let flows = &definitions.flows;
        let groups_by_uuid: HashMap<GroupUuid, GroupId> =
            definitions.groups.iter().map(|group| (group.uuid, group.id)).collect();
        let live = flows.iter().filter(|flow| !flow.archived);
        let before_window_end = live.filter_map(|flow| {
            let trigger = programs.get(&(flow.id, flow.revision))?.window_trigger.as_ref()?;
            Some(BeforeWindowEnd::new(flow.id, trigger, |uuid| groups_by_uuid.get(&uuid).copied()))
        });
        Self {
            before_window_end: before_window_end.collect(),
            campaign_points: campaigns::points(&definitions),
            tables,
            env,
            row: definitions.workspace.clone(),
            assets,
            flows_by_uuid: flows.iter().map(|flow| (flow.uuid, flow.clone())).collect(),
            flow_uuids: flows.iter().map(|flow| (flow.id, flow.uuid)).collect(),
            groups_by_uuid,
            group_uuids: definitions.groups.iter().map(|group| (group.id, group.uuid)).collect(),
            channels_by_uuid: definitions.channels.iter().map(|c| (c.uuid, Arc::new(c.clone()))).collect(),
            channel_uuids: definitions.channels.iter().map(|c| (c.id, c.uuid)).collect(),
            labels_by_uuid: definitions.labels.iter().map(|label| (label.uuid, label.id)).collect(),
            definitions,
            programs,
        }
    }

    /// Everything as it was read, without the texts of flows: what lists of fields, groups or lines show.
    pub fn definitions(&self) -> &Definitions {
        &self.definitions
    }

    /// Features that were turned on or off.
    pub(crate) fn features(&self) -> &[store::FeatureRow] {
        &self.definitions.features
    }

    /// A flow that is not archived, by its public identifier.
    pub fn flow(&self, uuid: FlowUuid) -> Option<&FlowRow> {
        self.flows_by_uuid.get(&uuid)
    }

    /// A flow by its name, whatever its case.
    pub fn flow_named(&self, name: &str) -> Option<&FlowRow> {
        let name = name.to_lowercase();
        self.definitions.flows.iter().find(|flow| !flow.archived && flow.name.to_lowercase() == name)
    }

    /// A search among the contacts for those whom a query fits; everybody without one.
    pub fn search(&self, query: Option<Query>) -> ContactSearch {
        let obfuscation_key = self.env.obfuscation_key;
        ContactSearch { workspace: self.row.id, obfuscation_key, query, status: None }
    }

    /// Reads a contact query by the names and conventions of this workspace.
    pub fn query(&self, text: &str, now: Timestamp) -> Result<Query, QueryError> {
        Query::parse(text, &self.env, now, Some(&self.assets))
    }

    /// The zone by which days are told.
    pub fn zone(&self) -> &jiff::tz::TimeZone {
        &self.env.timezone
    }

    /// The country with its places, if they were imported.
    pub fn locations(&self) -> Option<&expressions::Location> {
        self.assets.locations().map(|tree| &tree.root)
    }

    /// All flows, the oldest first.
    pub fn flows(&self) -> &[FlowRow] {
        &self.definitions.flows
    }

    pub(crate) fn flow_by_id(&self, id: FlowId) -> Option<&FlowRow> {
        self.flows_by_uuid.get(self.flow_uuids.get(&id)?)
    }

    pub(crate) fn group_uuid(&self, id: GroupId) -> Option<GroupUuid> {
        self.group_uuids.get(&id).copied()
    }

    pub(crate) fn group_id(&self, uuid: GroupUuid) -> Option<GroupId> {
        self.groups_by_uuid.get(&uuid).copied()
    }

    /// A line by its public identifier.
    pub fn channel(&self, uuid: ChannelUuid) -> Option<&Arc<ChannelRow>> {
        self.channels_by_uuid.get(&uuid)
    }

    /// A line by its row number.
    pub fn channel_by_id(&self, id: ChannelId) -> Option<&Arc<ChannelRow>> {
        self.channels_by_uuid.get(self.channel_uuids.get(&id)?)
    }

    /// All lines in use, the oldest first.
    pub fn channels(&self) -> impl Iterator<Item = &ChannelRow> {
        self.definitions.channels.iter().filter(|channel| channel.active)
    }

    pub(crate) fn channel_uuid(&self, id: ChannelId) -> Option<ChannelUuid> {
        self.channel_uuids.get(&id).copied()
    }

    pub(crate) fn label_id(&self, uuid: LabelUuid) -> Option<LabelId> {
        self.labels_by_uuid.get(&uuid).copied()
    }

    /// The flows that start before a contact's 24-hour window closes.
    pub(crate) fn before_window_end(&self) -> &[BeforeWindowEnd] {
        &self.before_window_end
    }

    /// The points of campaigns that are not archived.
    pub(crate) fn campaign_points(&self) -> &[CampaignPoint] {
        &self.campaign_points
    }

    pub(crate) fn topic_id(&self, topic: &TopicRef) -> Option<TopicId> {
        self.definitions.topics.iter().find(|row| row.uuid == topic.uuid).map(|row| row.id)
    }

    pub(crate) fn user_id(&self, user: &UserRef) -> Option<UserId> {
        self.definitions.users.iter().find(|row| row.uuid == user.uuid).map(|row| row.id)
    }

    pub(crate) fn has_revision(&self, flow: FlowId, revision: i64) -> bool {
        self.programs.contains_key(&(flow, revision))
    }

    /// The local day of the workspace at a moment: days since 1970-01-01.
    pub(crate) fn day(&self, at: Timestamp) -> i32 {
        store::local_day(&self.env.timezone, at)
    }
}

/// Forgets older revisions that nobody needs now, if with those that come there would be too many.
fn make_room<T>(
    programs: &mut BTreeMap<PinnedRevision, T>,
    coming: usize,
    live: impl Fn(&PinnedRevision) -> bool,
    needed: impl Fn(&PinnedRevision) -> bool,
) {
    let older = programs.keys().filter(|pin| !live(pin)).count();
    if older + coming > MAX_OLDER_REVISIONS {
        programs.retain(|pin, _| live(pin) || needed(pin));
    }
}

fn compile(flow: &FlowRow, revision: &RevisionRow) -> Option<Arc<Program>> {
    // A stored definition has all its identifiers; a missing one is drawn from its place, the same each time.
    let mut missing = 0_u128;
    let mut uuids = || {
        missing += 1;
        Uuid::from_u128((flow.uuid.0.as_u128() << 16) ^ missing)
    };
    match Definition::read(revision.definition.as_bytes(), &mut uuids) {
        Ok(definition) => {
            let mut program = Program::compile(&definition, flows::vocabulary::library());
            program.uuid = flow.uuid;
            program.name = flow.name.clone();
            program.revision = u32::try_from(revision.revision).unwrap_or_default();
            Some(Arc::new(program))
        }
        Err(error) => {
            tracing::error!(flow = %flow.uuid, name = %flow.name, revision = revision.revision, %error,
                "a flow cannot be read and is left out");
            None
        }
    }
}

fn build_assets(
    definitions: &Definitions,
    programs: &Programs,
    tables: &Tables,
    env: &Environment,
) -> Assets {
    let mut builder = AssetsBuilder::new().conventions(env, definitions.workspace.created_on);
    for flow in definitions.flows.iter().filter(|flow| !flow.archived) {
        if let Some(program) = programs.get(&(flow.id, flow.revision)) {
            builder = builder.flow(program.clone());
            let older = programs.range((flow.id, i64::MIN)..=(flow.id, i64::MAX));
            for (_, program) in older.filter(|((_, number), _)| *number != flow.revision) {
                builder = builder.older_revision(program.clone());
            }
        }
    }
    for field in &definitions.fields {
        let (uuid, key, name) = (field.uuid, field.key.clone(), field.name.clone());
        builder = builder.field(Field { uuid, key, name, field_type: field.field_type });
    }
    for group in &definitions.groups {
        builder = builder.group(Group {
            uuid: group.uuid,
            name: group.name.clone(),
            query: group.query.clone().filter(|query| !query.is_empty()),
        });
    }
    for channel in definitions.channels.iter().filter(|channel| channel.active) {
        builder = builder.channel(channel_asset(channel));
    }
    for label in &definitions.labels {
        builder = builder.label(Reference { uuid: label.uuid, name: label.name.clone() });
    }
    for global in &definitions.globals {
        let (key, name, value) = (global.key.clone(), global.name.clone(), global.value.clone());
        builder = builder.global(assets::Global { key, name, value });
    }
    for (_, table) in tables.values() {
        builder = builder.table(table.clone());
    }
    for user in &definitions.users {
        let (uuid, name, email) = (user.uuid, user.name.clone(), user.email.clone());
        builder = builder.user(assets::User { uuid, name, email });
    }
    for campaign in &definitions.campaigns {
        let uuid: CampaignUuid = campaign.uuid;
        builder = builder.campaign(Reference { uuid, name: campaign.name.clone() });
    }
    for topic in &definitions.topics {
        builder = builder.topic(Reference { uuid: topic.uuid, name: topic.name.clone() });
    }
    for model in definitions.services.iter().filter(|service| service.kind == ServiceKind::Model) {
        let roles = vec!["editing".into(), "engine".into()];
        builder = builder.llm(assets::Llm { uuid: model.uuid, name: model.name.clone(), roles });
    }
    for template in &definitions.templates {
        builder = builder.template(crate::save_template::asset(template));
    }
    for resthook in &definitions.resthooks {
        let (slug, subscribers) = (resthook.slug.clone(), resthook.subscribers.clone());
        builder = builder.resthook(assets::Resthook { slug, subscribers });
    }
    if let Some(root) = definitions.locations.as_deref().and_then(|json| serde_json::from_str(json).ok()) {
        builder = builder.locations(Arc::new(LocationTree { root }));
    }
    builder.build()
}

fn channel_asset(channel: &ChannelRow) -> Channel {
    let roles = channel.roles.iter().filter_map(|role| match role.as_str() {
        "send" => Some(ChannelRole::Send),
        "receive" => Some(ChannelRole::Receive),
        "call" => Some(ChannelRole::Call),
        "answer" => Some(ChannelRole::Answer),
        _ => None,
    });
    Channel {
        uuid: channel.uuid,
        name: channel.name.clone(),
        address: channel.address.clone(),
        schemes: channel.schemes.clone(),
        roles: roles.collect(),
        features: Vec::new(),
        country: channel.country.clone(),
        match_prefixes: Vec::new(),
        allow_international: true,
    }
}

fn environment(row: &WorkspaceRow) -> Environment {
    Environment {
        date_format: word::<DateFormat>(&row.date_format),
        time_format: word::<TimeFormat>(&row.time_format),
        timezone: store::zone_named(&row.timezone),
        allowed_languages: row.languages.clone(),
        default_country: row.country.clone(),
        collation: word::<Collation>(&row.input_collation),
        redaction: if row.anonymous { RedactionPolicy::Urns } else { RedactionPolicy::None },
        obfuscation_key: row.obfuscation_key,
        ..Environment::default()
    }
}

/// A setting in the word under which it is stored; one that no program of ours wrote falls back to the default.
fn word<T: DeserializeOwned + Default>(text: &str) -> T {
    serde_json::from_value(text.into()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_revisions_do_not_grow_without_limit() {
        let live = |pin: &PinnedRevision| pin.1 == i64::MAX;
        let mut programs: BTreeMap<PinnedRevision, ()> = [((FlowId(1), i64::MAX), ())].into();
        for number in 0..10_000 {
            make_room(&mut programs, 1, live, |pin| pin.1 == 7);
            programs.insert((FlowId(1), number), ());
            assert!(programs.len() <= MAX_OLDER_REVISIONS + 1);
        }
        assert!(programs.contains_key(&(FlowId(1), i64::MAX)), "the live one stays");
        assert!(programs.contains_key(&(FlowId(1), 7)), "and what is needed now");
    }
}
