//! `topics.json`: what tickets are about.

use domain::{TopicId, TopicUuid};
use node::limits;
use operations::{MAX_TOPIC_NAME, save_topic};
use serde_json::{Value, json};
use store::TopicRow;

use crate::api::call::{Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles, UUID};
use crate::api::error::ApiError;
use crate::api::given::Given;
use crate::api::page::Walk;
use crate::api::shape::{Prop, Shape, prop};
use crate::api::words::{made_on, moment};

pub(crate) static RESOURCE: Resource = Resource {
    name: "topics",
    alias: None,
    about: "What tickets are about, the latest first.",
    limit: &limits::API,
    endpoints: &[
        Endpoint::list(Roles::ALL, "Topics", &[], PROPS, |call| Box::pin(list(call))),
        Endpoint::save(
            Roles::EDITORS,
            "Adds a topic, or gives the one of the address another name",
            &[UUID],
            &[prop("name", Shape::Text, "Name: at most 64 characters; unique whatever its case")],
            PROPS,
            |call| Box::pin(save(call)),
        ),
    ],
};

const COUNTS: Shape =
    Shape::Object(&[prop("open", Shape::Int, "Open tickets"), prop("closed", Shape::Int, "Closed tickets")]);

const PROPS: &[Prop] = &[
    prop("uuid", Shape::Uuid, "Identifier"),
    prop("name", Shape::Text, "Name"),
    prop("counts", COUNTS, "Tickets about it"),
    prop("system", Shape::Bool, "Whether it belongs to the system"),
    prop("created_on", Shape::Moment, "When it was made"),
];

type Counts = [(TopicId, bool, i64)];

async fn list(call: &Call) -> Result<Reply, ApiError> {
    let counts = call.ctx().store.topic_counts(call.workspace()).await?;
    let topics = &call.definitions().topics;
    let system = topics.first().map(|first| first.id);
    let walk = Walk::of(call, false)?;
    Ok(walk.among(topics.clone(), |topic| (topic.id.0, 0), |topic| shown(topic, system, &counts)))
}

async fn save(call: &Call) -> Result<Reply, ApiError> {
    let topic = call.wanted("uuid")?.map(TopicUuid);
    let mut given = Given::of(&call.body);
    let name = given.needed_text("name", MAX_TOPIC_NAME);
    given.done()?;
    let saved = save_topic(call.ctx(), call.workspace(), topic, &name.unwrap_or_default()).await?;
    let counts = call.ctx().store.topic_counts(call.workspace()).await?;
    Ok(Reply::saved(saved.made, shown(&saved.row, None, &counts)))
}

/// A topic as the API shows it. The first one comes with the workspace: tickets that name none are about it.
fn shown(topic: &TopicRow, system: Option<TopicId>, counts: &Counts) -> Value {
    let count = |open: bool| {
        let found = counts.iter().find(|(id, is_open, _)| *id == topic.id && *is_open == open);
        found.map_or(0, |(.., count)| *count)
    };
    json!({
        "uuid": topic.uuid,
        "name": topic.name,
        "counts": {"open": count(true), "closed": count(false)},
        "system": system == Some(topic.id),
        "created_on": moment(made_on(topic.id.0)),
    })
}
