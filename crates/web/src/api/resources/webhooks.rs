//! `webhooks.json`: programs that are told what happens.

use domain::WebhookUuid;
use node::{http::may_be_called, limits};
use operations::{
    MAX_WEBHOOK_NAME, MAX_WEBHOOK_URL, WebhookEdit, WebhookError, add_webhook, change_webhook, find_webhook,
    remove_webhook,
};
use serde_json::{Value, json};
use smol_str::SmolStr;
use store::{FeedKind, WebhookRow};

use crate::api::call::{Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles, UUID};
use crate::api::error::ApiError;
use crate::api::given::Given;
use crate::api::page::Walk;
use crate::api::shape::{Prop, Shape, TEXTS, prop};
use crate::api::words::{moment, moment_or_null};

pub(crate) static RESOURCE: Resource = Resource {
    name: "webhooks",
    alias: None,
    about: "Programs that are told what happens.",
    limit: &limits::API,
    endpoints: &[
        Endpoint::list(Roles::EDITORS, "Webhooks", &[UUID], PROPS, |call| Box::pin(list(call))),
        Endpoint::save(
            Roles::ADMINISTRATORS,
            "Makes a webhook, whose secret is shown this once, or changes the one of the address",
            &[UUID],
            BODY,
            PROPS,
            |call| Box::pin(save(call)),
        ),
        Endpoint::delete(
            Roles::ADMINISTRATORS,
            "Removes a webhook with all that it was to be told",
            &[UUID],
            &["uuid"],
            |call| Box::pin(remove(call)),
        ),
    ],
};

const BODY: &[Prop] = &[
    prop("target_url", Shape::Text, "The address that is called: http or https, and not a private one"),
    prop("name", Shape::Text, "Name, at most 64 characters"),
    prop("events", TEXTS, "Kinds of events that it is told; none for all"),
    prop("paused", Shape::Bool, "Whether it rests; one that was disabled goes on with false"),
];

pub(crate) const STATUS: Shape = Shape::Word(&["active", "paused", "disabled"]);

pub(crate) const PROPS: &[Prop] = &[
    prop("uuid", Shape::Uuid, "Identifier"),
    prop("name", Shape::Text, "Name"),
    prop("target_url", Shape::Text, "The address that is called"),
    prop("events", TEXTS, "Kinds of events that it is told; none for all"),
    prop("secret", Shape::Text, "With what calls are signed; shown when it is made or renewed, then null")
        .or_null(),
    prop("status", STATUS, "`disabled`: it took nothing for 24 hours, or answered 410"),
    prop("error", Shape::Text, "What went wrong last").or_null(),
    prop("failing_since", Shape::Moment, "Since when it takes nothing").or_null(),
    prop("last_success", Shape::Moment, "When it took something last").or_null(),
    prop("waiting", Shape::Int, "Events that it is still to be told, as far as they are written down"),
    prop("dead", Shape::Int, "Events that it refused too often"),
    prop("last_event", Shape::Text, "The event up to which it is written down what it is told"),
    prop("created_on", Shape::Moment, "When it was made"),
    prop("modified_on", Shape::Moment, "When it last changed"),
];

async fn list(call: &Call) -> Result<Reply, ApiError> {
    let wanted = call.wanted("uuid").unwrap_or(Some(uuid::Uuid::nil()));
    let mut rows = call.ctx().store.webhooks(Some(call.workspace())).await?;
    rows.retain(|row| wanted.is_none_or(|uuid| row.uuid.0 == uuid));
    let walk = Walk::of(call, false)?;
    let mut page = Vec::new();
    for row in walk.chosen(rows, |row| (0, row.id.0)) {
        page.push(((0, row.id.0), shown(call, &row, false).await?));
    }
    Ok(walk.page(page))
}

async fn save(call: &Call) -> Result<Reply, ApiError> {
    let uuid = call.wanted("uuid")?.map(WebhookUuid);
    let mut given = Given::of(&call.body);
    let target_url = match uuid {
        None => given.needed_text("target_url", MAX_WEBHOOK_URL),
        Some(_) => given.text("target_url", MAX_WEBHOOK_URL),
    };
    if let Some(url) = &target_url
        && let Err(error) = may_be_called(url, call.node.config().allow_private_webhooks)
    {
        given.wrong("target_url", error.to_string());
    }
    let name = given.any_text("name", MAX_WEBHOOK_NAME);
    let events = events(&mut given);
    let paused = given.flag("paused");
    given.done()?;
    let edit = WebhookEdit { name, target_url, events, paused };
    let (ctx, workspace) = (call.ctx(), call.workspace());
    match uuid {
        None => {
            let row = add_webhook(ctx, workspace, edit).await.map_err(refused)?;
            Ok(Reply::Made(shown(call, &row, true).await?))
        }
        Some(uuid) => {
            let row = change_webhook(ctx, workspace, uuid, edit).await.map_err(refused)?;
            Ok(Reply::One(shown(call, &row, false).await?))
        }
    }
}

fn events(given: &mut Given<'_>) -> Option<Vec<SmolStr>> {
    let mut found = Vec::new();
    for (place, value) in given.list("events", FeedKind::ALL.len())?.iter().enumerate() {
        match value.as_str().filter(|word| FeedKind::ALL.iter().any(|kind| kind.as_str() == *word)) {
            Some(word) => found.push(SmolStr::from(word)),
            None => {
                let words: Vec<&str> = FeedKind::ALL.iter().map(|kind| kind.as_str()).collect();
                given.wrong_item("events", place, format!("No such event; there is {}.", words.join(", ")));
            }
        }
    }
    Some(found)
}

async fn remove(call: &Call) -> Result<Reply, ApiError> {
    let uuid = call.wanted("uuid")?.ok_or_else(ApiError::not_found)?;
    find_webhook(call.ctx(), call.workspace(), WebhookUuid(uuid)).await.map_err(refused)?;
    remove_webhook(call.ctx(), call.workspace(), WebhookUuid(uuid)).await.map_err(refused)?;
    Ok(Reply::Done)
}

pub(crate) fn refused(error: WebhookError) -> ApiError {
    let said = error.to_string();
    match error {
        WebhookError::NotFound => ApiError::not_found(),
        WebhookError::TooMany => ApiError::full(),
        WebhookError::Url => ApiError::field("target_url", said),
        WebhookError::Name => ApiError::field("name", said),
        WebhookError::Event(_) => ApiError::field("events", said),
        WebhookError::TooOld => ApiError::whole(said),
        WebhookError::Busy => ApiError::Busy,
        WebhookError::Store(error) => error.into(),
    }
}

pub(crate) async fn shown(call: &Call, row: &WebhookRow, with_secret: bool) -> Result<Value, ApiError> {
    let (waiting, dead) = call.ctx().store.delivery_counts(row.id).await?;
    Ok(json!({
        "uuid": row.uuid,
        "name": row.name,
        "target_url": row.target_url,
        "events": row.events,
        "secret": with_secret.then(|| row.secret.reveal()),
        "status": row.status.as_str(),
        "error": row.error,
        "failing_since": moment_or_null(row.failing_since),
        "last_success": moment_or_null(row.last_success),
        "waiting": waiting,
        "dead": dead,
        "last_event": operations::id_of_event(row.cursor),
        "created_on": moment(row.created_on),
        "modified_on": moment(row.modified_on),
    }))
}
