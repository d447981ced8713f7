//! `broadcast_previews.json`: what a broadcast would come to, before anything is queued.

use node::limits;
use operations::preview_of;
use serde_json::{Value, json};

use super::broadcasts::{BODY, given_broadcast, refusal};
use crate::api::call::{Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles};
use crate::api::error::ApiError;
use crate::api::shape::{Prop, REF, Shape, prop};
use crate::api::words::reference;

pub(crate) static RESOURCE: Resource = Resource {
    name: "broadcast_previews",
    alias: None,
    about: "How many people a broadcast would reach, and what it would cost.",
    limit: &limits::API,
    endpoints: &[Endpoint::save(
        Roles::EDITORS,
        "Counts what a broadcast would come to; takes what `broadcasts` takes, and sends nothing",
        &[],
        BODY,
        PROPS,
        |call| Box::pin(preview(call)),
    )],
};

const COST: Shape = Shape::Object(&[
    prop("amount", Shape::Int, "Minor units of the currency, such as cents"),
    prop("currency", Shape::Text, "Code of the currency"),
]);

const LINE: Shape = Shape::Object(&[
    prop("channel", REF, "The line"),
    prop("people", Shape::Int, "People who are reached over it"),
    prop("parts", Shape::Int, "Parts of messages, as carriers count them"),
    prop("cost", COST, "What they cost; null if the line does not say").or_null(),
]);

const PROPS: &[Prop] = &[
    prop("people", Shape::Int, "People who are meant"),
    prop("reached", Shape::Int, "Of these, who would be sent something"),
    prop("left_out", Shape::Map(&Shape::Int), "The others, by the reason"),
    prop("parts", Shape::Int, "Parts of messages, as carriers count them"),
    prop("costs", Shape::List(&COST), "What they cost, in each currency"),
    prop("channels", Shape::List(&LINE), "By line"),
    prop("estimated", Shape::Bool, "Whether all but `people` is reckoned from 10,000 of them"),
];

async fn preview(call: &Call) -> Result<Reply, ApiError> {
    let spec = given_broadcast(call).await?;
    let found = preview_of(call.ctx(), call.workspace(), &spec).await.map_err(refusal)?;
    let cost = |(amount, currency): (i64, &str)| json!({"amount": amount, "currency": currency});
    let channels = found.lines.iter().map(|line| {
        json!({
            "channel": reference(line.channel, &line.name),
            "people": line.people,
            "parts": line.parts,
            "cost": line.cost.as_ref().map(|(amount, currency)| cost((*amount, currency))),
        })
    });
    let costs = found.costs();
    let costs = costs.iter().map(|(currency, amount)| cost((*amount, currency)));
    Ok(Reply::One(json!({
        "people": found.people,
        "reached": found.reached,
        "left_out": found.left_out,
        "parts": found.parts(),
        "costs": costs.collect::<Vec<Value>>(),
        "channels": channels.collect::<Vec<Value>>(),
        "estimated": found.estimated,
    })))
}
