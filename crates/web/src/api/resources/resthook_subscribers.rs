//! `resthook_subscribers.json`: addresses that are called when a flow names an event.

use node::limits;
use operations::{Subscriber, remove_subscriber, save_subscriber, subscribers};
use serde_json::{Value, json};
use store::Secret;

use crate::api::call::{Asked, Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles, param};
use crate::api::error::ApiError;
use crate::api::given::Given;
use crate::api::page::Walk;
use crate::api::shape::{Prop, Shape, prop};
use crate::api::words::{made_on, moment};

/// Characters of the name of an event.
const MAX_SLUG: usize = 50;
/// Characters of an address.
const MAX_URL: usize = 255;

pub(crate) static RESOURCE: Resource = Resource {
    name: "resthook_subscribers",
    alias: None,
    about: "Addresses that are called when a flow names an event.",
    limit: &limits::API,
    endpoints: &[
        Endpoint::list(
            Roles::READERS,
            "Subscribers",
            &[
                param("id", Shape::Int, "Only the one with this number"),
                param("resthook", Shape::Text, "Only those of this event"),
            ],
            PROPS,
            |call| Box::pin(list(call)),
        ),
        Endpoint::save(
            Roles::EDITORS,
            "Subscribes an address to an event",
            &[],
            &[prop("resthook", Shape::Text, "Name of the event"), prop("target_url", Shape::Text, "Address")],
            PROPS,
            |call| Box::pin(save(call)),
        ),
        Endpoint::delete(
            Roles::EDITORS,
            "Unsubscribes an address",
            &[param("id", Shape::Int, "Its number")],
            &["id"],
            |call| Box::pin(remove(call)),
        ),
    ],
};

const PROPS: &[Prop] = &[
    prop("id", Shape::Int, "Number"),
    prop("resthook", Shape::Text, "Name of the event"),
    prop("target_url", Shape::Text, "Address"),
    prop("created_on", Shape::Moment, "When the event was made"),
    prop(
        "secret",
        Shape::Text,
        "With what calls of the event are signed; shown when it is subscribed to, then null",
    )
    .or_null(),
];

async fn list(call: &Call) -> Result<Reply, ApiError> {
    let (id, slug) = (call.query.int("id"), call.query.text("resthook"));
    let fits = |one: &Subscriber| {
        let this = match id {
            Asked::Nothing => true,
            Asked::This(id) => one.id == id,
            Asked::Unreadable => false,
        };
        this && slug.is_none_or(|slug| one.slug == slug)
    };
    let found: Vec<Subscriber> =
        subscribers(&call.definitions().resthooks).into_iter().filter(fits).collect();
    Ok(Walk::of(call, false)?.among(found, |one| (one.resthook.0, one.id), |one| shown(one, None)))
}

async fn save(call: &Call) -> Result<Reply, ApiError> {
    let mut given = Given::of(&call.body);
    let slug = given.needed_text("resthook", MAX_SLUG).unwrap_or_default();
    let url = given.needed_text("target_url", MAX_URL).unwrap_or_default();
    if !url.is_empty() && !url.starts_with("http://") && !url.starts_with("https://") {
        given.wrong("target_url", "Enter a valid URL.");
    }
    given.done()?;
    let saved = save_subscriber(call.ctx(), call.workspace(), &slug, &url).await?;
    let (subscriber, secret) = &saved.row;
    Ok(Reply::Made(shown(subscriber, Some(secret))))
}

async fn remove(call: &Call) -> Result<Reply, ApiError> {
    let Asked::This(id) = call.query.int("id") else { return Err(ApiError::not_found()) };
    remove_subscriber(call.ctx(), call.workspace(), id).await?;
    Ok(Reply::Done)
}

fn shown(one: &Subscriber, secret: Option<&Secret>) -> Value {
    json!({
        "id": one.id,
        "resthook": one.slug,
        "target_url": one.target_url,
        "created_on": moment(made_on(one.resthook.0)),
        "secret": secret.map(Secret::reveal),
    })
}
