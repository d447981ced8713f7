//! `template_syncs.json`: when the templates of lines are asked for at their carriers, and what came of it.

use domain::ChannelUuid;
use node::limits;
use operations::ask_for_templates;
use serde_json::{Value, json};
use store::TemplateSyncRow;

use crate::api::call::{Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles};
use crate::api::error::ApiError;
use crate::api::given::{Given, uuid_of};
use crate::api::page::Walk;
use crate::api::shape::{Prop, REF, Shape, prop};
use crate::api::words::{moment, moment_or_null, reference};

pub(crate) static RESOURCE: Resource = Resource {
    name: "template_syncs",
    alias: None,
    about: "When the templates of lines are asked for at their carriers, and what came of it.",
    limit: &limits::API,
    endpoints: &[
        Endpoint::list(Roles::READERS, "Lines whose carriers keep templates", &[], PROPS, |call| {
            Box::pin(list(call))
        }),
        Endpoint::save(
            Roles::EDITORS,
            "Has the templates of a line asked for at once",
            &[],
            &[prop("channel", Shape::Uuid, "The line")],
            PROPS,
            |call| Box::pin(ask(call)),
        ),
    ],
};

const PROPS: &[Prop] = &[
    prop("channel", REF, "The line"),
    prop("templates", Shape::Int, "How many there were, counting each language"),
    prop("synced_on", Shape::Moment, "When the carrier answered last").or_null(),
    prop("next_sync", Shape::Moment, "When it is asked next"),
    prop("failures", Shape::Int, "How often in a row it failed"),
    prop("error", Shape::Text, "Why it failed last; the templates are as they were").or_null(),
];

async fn list(call: &Call) -> Result<Reply, ApiError> {
    let rows = call.ctx().store.template_syncs(call.workspace()).await?;
    Ok(Walk::of(call, false)?.among(rows, |row| (0, row.channel.0), |row| shown(call, row)))
}

async fn ask(call: &Call) -> Result<Reply, ApiError> {
    let mut given = Given::of(&call.body);
    let uuid = given.value("channel").and_then(uuid_of).map(ChannelUuid);
    if uuid.is_none_or(|uuid| call.ws.channel(uuid).is_none_or(|row| !row.active)) {
        given.wrong("channel", "No such channel.");
    }
    given.done()?;
    let row = ask_for_templates(call.ctx(), call.workspace(), uuid.unwrap_or_default()).await;
    let row = row.map_err(|error| match error {
        operations::SaveError::Kind(said) => ApiError::field("channel", said),
        other => other.into(),
    })?;
    Ok(Reply::saved(false, shown(call, &row)))
}

fn shown(call: &Call, row: &TemplateSyncRow) -> Value {
    let channel = call.ws.channel_by_id(row.channel);
    json!({
        "channel": channel.map(|channel| reference(channel.uuid, &channel.name)),
        "templates": row.templates,
        "synced_on": moment_or_null(row.synced_on),
        "next_sync": moment(row.next_sync),
        "failures": row.failures,
        "error": row.error,
    })
}
