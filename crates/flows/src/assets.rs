//! Everything a workspace's flows may name: other flows, fields, groups, channels and so on.
//!
//! Immutable and shared: a workspace builds one with [`AssetsBuilder`] and replaces it as a whole when anything
//! in it changes. Sessions pin the revision of a flow that they run, so older revisions are kept beside the
//! current one for as long as sessions use them.

use std::{collections::BTreeMap, sync::Arc};

use domain::{
    CampaignUuid, Channel, ChannelUuid, Field, FlowUuid, Group, GroupUuid, LabelUuid, Query, Reference,
    TemplateUuid, TopicUuid, UserUuid, query::Resolver,
};
use expressions::value::OrderedMap;
use expressions::{Environment, LocationTree, Object, Value};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use uuid::Uuid;

use crate::{
    context::id,
    events::{TemplateComponent, TopicRef, UserRef},
    group_index::{GroupIndex, Touched},
    program::Program,
    table::{Table, table_value},
};

/// A value that all flows of a workspace share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Global {
    /// Key, as in `@globals.key`.
    pub key: SmolStr,
    /// Name shown to people.
    pub name: SmolStr,
    /// The value.
    #[serde(default)]
    pub value: SmolStr,
}

/// A person who works in the console.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Public identifier.
    pub uuid: UserUuid,
    /// Full name.
    #[serde(default)]
    pub name: SmolStr,
    /// E-mail address.
    #[serde(default)]
    pub email: SmolStr,
}

/// Web services that hear of an event the workspace named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resthook {
    /// Its name.
    pub slug: SmolStr,
    /// Addresses to call.
    #[serde(default)]
    pub subscribers: Vec<SmolStr>,
}

/// A language model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Llm {
    /// Public identifier.
    pub uuid: Uuid,
    /// Name shown to people.
    pub name: SmolStr,
    /// What it may be used for: `editing`, `engine`.
    #[serde(default)]
    pub roles: Vec<SmolStr>,
}

/// A text that a carrier approved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Template {
    /// Public identifier.
    pub uuid: TemplateUuid,
    /// Name at the carrier.
    pub name: SmolStr,
    /// What was approved, by channel and language.
    #[serde(default)]
    pub translations: Vec<TemplateTranslation>,
}

/// A template in one language on one channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TemplateTranslation {
    /// The channel.
    pub channel: Reference<ChannelUuid>,
    /// Language and perhaps country: `eng-US`, `spa`.
    pub locale: SmolStr,
    /// The carrier's namespace.
    #[serde(default)]
    pub namespace: SmolStr,
    /// Its parts.
    #[serde(default)]
    pub components: Vec<TemplatePart>,
    /// Its variables in order.
    #[serde(default)]
    pub variables: Vec<TemplateVariableType>,
}

/// A part of a template with its text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TemplatePart {
    /// Name, type and variables.
    #[serde(flatten)]
    pub component: TemplateComponent,
    /// Text with `{{name}}` where variables go.
    #[serde(default)]
    pub content: SmolStr,
}

/// What a template's variable holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateVariableType {
    /// `text`, `image`, `video` or `document`.
    #[serde(rename = "type")]
    pub kind: SmolStr,
}

/// A flow: its current revision, and older ones that sessions still follow.
#[derive(Clone, Debug)]
struct FlowAsset {
    current: Arc<Program>,
    older: BTreeMap<u32, Arc<Program>>,
}

/// A group, and how expressions see it: made once, because flows list the groups of each contact.
#[derive(Clone, Debug)]
struct GroupAsset {
    group: Group,
    value: Value,
}

/// Everything a workspace's flows may name. See the [module](self).
#[derive(Clone, Debug, Default)]
pub struct Assets {
    flows: OrderedMap<FlowUuid, FlowAsset>,
    fields: OrderedMap<SmolStr, Field>,
    groups: OrderedMap<GroupUuid, GroupAsset>,
    channels: OrderedMap<ChannelUuid, Channel>,
    labels: OrderedMap<LabelUuid, Reference<LabelUuid>>,
    globals: OrderedMap<SmolStr, Global>,
    tables: OrderedMap<SmolStr, (Arc<Table>, Value)>,
    topics: OrderedMap<TopicUuid, TopicRef>,
    users: OrderedMap<UserUuid, User>,
    templates: OrderedMap<TemplateUuid, Template>,
    resthooks: OrderedMap<SmolStr, Resthook>,
    llms: OrderedMap<Uuid, Llm>,
    campaigns: OrderedMap<CampaignUuid, Reference<CampaignUuid>>,
    locations: Option<Arc<LocationTree>>,
    /// The place of each group that is defined by a query, with it.
    queries: Vec<(usize, Option<Query>)>,
    index: GroupIndex,
}

/// Builds [`Assets`]. The order in which things are added is the order in which flows see them.
#[derive(Debug, Default)]
pub struct AssetsBuilder {
    assets: Assets,
    conventions: Option<(Environment, Timestamp)>,
}

impl AssetsBuilder {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the current revision of a flow.
    #[must_use]
    pub fn flow(mut self, program: Arc<Program>) -> Self {
        let older = self.assets.flows.swap_remove(&program.uuid).map(|flow| flow.older).unwrap_or_default();
        self.assets.flows.insert(program.uuid, FlowAsset { current: program, older });
        self
    }

    /// Adds an older revision of a flow that sessions still follow. Add the current one first.
    #[must_use]
    pub fn older_revision(mut self, program: Arc<Program>) -> Self {
        if let Some(flow) = self.assets.flows.get_mut(&program.uuid) {
            flow.older.insert(program.revision, program);
        }
        self
    }

    /// Adds a contact field.
    #[must_use]
    pub fn field(mut self, field: Field) -> Self {
        self.assets.fields.insert(field.key.clone(), field);
        self
    }

    /// Adds a group.
    #[must_use]
    pub fn group(mut self, group: Group) -> Self {
        let value = Object::new().with("uuid", id(group.uuid)).with("name", group.name.clone());
        self.assets.groups.insert(group.uuid, GroupAsset { group, value: Value::object(value) });
        self
    }

    /// Adds a channel. Earlier ones are preferred.
    #[must_use]
    pub fn channel(mut self, channel: Channel) -> Self {
        self.assets.channels.insert(channel.uuid, channel);
        self
    }

    /// Adds a label.
    #[must_use]
    pub fn label(mut self, label: Reference<LabelUuid>) -> Self {
        self.assets.labels.insert(label.uuid, label);
        self
    }

    /// Adds a value that all flows share.
    #[must_use]
    pub fn global(mut self, global: Global) -> Self {
        self.assets.globals.insert(global.key.clone(), global);
        self
    }

    /// Adds a lookup table.
    #[must_use]
    pub fn table(mut self, table: Arc<Table>) -> Self {
        let value = table_value(&table);
        self.assets.tables.insert(table.name.clone(), (table, value));
        self
    }

    /// Adds a topic of tickets. The first is the one used where a flow names none.
    #[must_use]
    pub fn topic(mut self, topic: TopicRef) -> Self {
        self.assets.topics.insert(topic.uuid, topic);
        self
    }

    /// Adds a person who works in the console.
    #[must_use]
    pub fn user(mut self, user: User) -> Self {
        self.assets.users.insert(user.uuid, user);
        self
    }

    /// Adds a template.
    #[must_use]
    pub fn template(mut self, template: Template) -> Self {
        self.assets.templates.insert(template.uuid, template);
        self
    }

    /// Adds a resthook.
    #[must_use]
    pub fn resthook(mut self, resthook: Resthook) -> Self {
        self.assets.resthooks.insert(resthook.slug.clone(), resthook);
        self
    }

    /// Adds a language model.
    #[must_use]
    pub fn llm(mut self, llm: Llm) -> Self {
        self.assets.llms.insert(llm.uuid, llm);
        self
    }

    /// Adds a campaign.
    #[must_use]
    pub fn campaign(mut self, campaign: Reference<CampaignUuid>) -> Self {
        self.assets.campaigns.insert(campaign.uuid, campaign);
        self
    }

    /// Sets the places of the country.
    #[must_use]
    pub fn locations(mut self, tree: Arc<LocationTree>) -> Self {
        self.assets.locations = Some(tree);
        self
    }

    /// Sets the conventions in which the queries of groups are written, and the moment that decides the century
    /// of two-digit years in them. Without this they are read in the usual ones.
    #[must_use]
    pub fn conventions(mut self, env: &Environment, now: Timestamp) -> Self {
        self.conventions = Some((env.clone(), now));
        self
    }

    /// Finishes: reads the queries of groups. A group whose query cannot be read has no members.
    #[must_use]
    pub fn build(self) -> Assets {
        let Self { mut assets, conventions } = self;
        let (env, now) = conventions.unwrap_or_default();
        let queries = assets.groups.values().enumerate().filter_map(|(place, asset)| {
            let query = Query::parse(asset.group.query.as_deref()?, &env, now, Some(&assets));
            Some((place, query.ok()))
        });
        assets.queries = queries.collect();
        assets.index = GroupIndex::new(assets.queries.iter().map(|(_, query)| query.as_ref()));
        assets
    }
}

impl Assets {
    /// The current revision of a flow.
    pub fn flow(&self, uuid: FlowUuid) -> Option<&Arc<Program>> {
        self.flows.get(&uuid).map(|flow| &flow.current)
    }

    /// One revision of a flow, if it is still kept.
    pub fn flow_revision(&self, uuid: FlowUuid, revision: u32) -> Option<&Arc<Program>> {
        let flow = self.flows.get(&uuid)?;
        if flow.current.revision == revision { Some(&flow.current) } else { flow.older.get(&revision) }
    }

    /// All flows in their current revisions.
    pub fn flows(&self) -> impl Iterator<Item = &Arc<Program>> {
        self.flows.values().map(|flow| &flow.current)
    }

    /// A field by key.
    pub fn field(&self, key: &str) -> Option<&Field> {
        self.fields.get(key)
    }

    /// All fields in order.
    pub fn fields(&self) -> impl Iterator<Item = &Field> {
        self.fields.values()
    }

    /// A group.
    pub fn group(&self, uuid: GroupUuid) -> Option<&Group> {
        self.groups.get(&uuid).map(|asset| &asset.group)
    }

    /// A group as expressions see it.
    pub(crate) fn group_value(&self, uuid: GroupUuid) -> Option<&Value> {
        self.groups.get(&uuid).map(|asset| &asset.value)
    }

    /// A group by name, whatever its case.
    pub fn group_named(&self, name: &str) -> Option<&Group> {
        let name = name.to_lowercase();
        self.groups().find(|group| group.name.to_lowercase() == name)
    }

    /// All groups in order.
    pub fn groups(&self) -> impl Iterator<Item = &Group> {
        self.groups.values().map(|asset| &asset.group)
    }

    /// The groups that are defined by a query, with it, in order; without it if it cannot be read.
    pub fn query_groups(&self) -> impl Iterator<Item = (&Group, Option<&Query>)> {
        self.queries.iter().filter_map(|(place, query)| self.query_group(*place, query.as_ref()))
    }

    /// The groups whose query may have another answer after a change, and those whose query cannot be read, which may
    /// have no members.
    pub(crate) fn groups_touched(&self, by: Touched<'_>) -> impl Iterator<Item = (&Group, Option<&Query>)> {
        let unreadable = match by {
            Touched::Anything => &[],
            Touched::Attribute(_) | Touched::Field(_) | Touched::Addresses => self.index.unreadable(),
        };
        let places = self.index.touched(by).iter().chain(unreadable);
        places.filter_map(|place| {
            let (group, query) = self.queries.get(*place)?;
            self.query_group(*group, query.as_ref())
        })
    }

    fn query_group<'a>(
        &'a self,
        place: usize,
        query: Option<&'a Query>,
    ) -> Option<(&'a Group, Option<&'a Query>)> {
        self.groups.get_index(place).map(|(_, asset)| (&asset.group, query))
    }

    /// A channel.
    pub fn channel(&self, uuid: ChannelUuid) -> Option<&Channel> {
        self.channels.get(&uuid)
    }

    /// All channels in order.
    pub fn channels(&self) -> impl Iterator<Item = &Channel> {
        self.channels.values()
    }

    /// A label.
    pub fn label(&self, uuid: LabelUuid) -> Option<&Reference<LabelUuid>> {
        self.labels.get(&uuid)
    }

    /// A label by name, whatever its case.
    pub fn label_named(&self, name: &str) -> Option<&Reference<LabelUuid>> {
        let name = name.to_lowercase();
        self.labels.values().find(|label| label.name.to_lowercase() == name)
    }

    /// A shared value by key.
    pub fn global(&self, key: &str) -> Option<&Global> {
        self.globals.get(key)
    }

    /// All shared values in order.
    pub fn globals(&self) -> impl Iterator<Item = &Global> {
        self.globals.values()
    }

    /// A lookup table by name, in lower case.
    pub fn table(&self, name: &str) -> Option<&Arc<Table>> {
        self.tables.get(name).map(|(table, _)| table)
    }

    /// A lookup table as expressions see it.
    pub(crate) fn table_value(&self, name: &str) -> Option<&Value> {
        self.tables.get(name).map(|(_, value)| value)
    }

    /// All lookup tables as expressions see them, by name.
    pub(crate) fn table_values(&self) -> impl Iterator<Item = (&SmolStr, &Value)> {
        self.tables.iter().map(|(name, (_, value))| (name, value))
    }

    /// A topic.
    pub fn topic(&self, uuid: TopicUuid) -> Option<&TopicRef> {
        self.topics.get(&uuid)
    }

    /// All topics in order.
    pub fn topics(&self) -> impl Iterator<Item = &TopicRef> {
        self.topics.values()
    }

    /// A user.
    pub fn user(&self, uuid: UserUuid) -> Option<&User> {
        self.users.get(&uuid)
    }

    /// A user by e-mail address, whatever its case.
    pub fn user_with_email(&self, email: &str) -> Option<&User> {
        self.users.values().find(|user| user.email.eq_ignore_ascii_case(email))
    }

    /// All templates.
    pub fn templates(&self) -> impl Iterator<Item = &Template> {
        self.templates.values()
    }

    /// A template.
    pub fn template(&self, uuid: TemplateUuid) -> Option<&Template> {
        self.templates.get(&uuid)
    }

    /// A resthook by name.
    pub fn resthook(&self, slug: &str) -> Option<&Resthook> {
        self.resthooks.get(slug)
    }

    /// A language model.
    pub fn llm(&self, uuid: Uuid) -> Option<&Llm> {
        self.llms.get(&uuid)
    }

    /// A campaign.
    pub fn campaign(&self, uuid: CampaignUuid) -> Option<&Reference<CampaignUuid>> {
        self.campaigns.get(&uuid)
    }

    /// The places of the country.
    pub fn locations(&self) -> Option<&Arc<LocationTree>> {
        self.locations.as_ref()
    }
}

impl User {
    /// The user as events name them.
    pub fn reference(&self) -> UserRef {
        Reference { uuid: self.uuid, name: self.name.clone() }
    }
}

impl Resolver for Assets {
    fn field(&self, key: &str) -> Option<&Field> {
        self.fields.get(key)
    }

    fn group(&self, name: &str) -> Option<Reference<GroupUuid>> {
        self.group_named(name).map(|group| Reference { uuid: group.uuid, name: group.name.clone() })
    }

    fn flow(&self, name: &str) -> Option<Reference<FlowUuid>> {
        let name = name.to_lowercase();
        let flow = self.flows().find(|flow| flow.name.to_lowercase() == name)?;
        Some(Reference { uuid: flow.uuid, name: flow.name.clone() })
    }
}
