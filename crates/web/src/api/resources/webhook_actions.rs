//! `webhook_actions.json`: a webhook is told again, tries again what it refused, or gets another secret.

use domain::WebhookUuid;
use jiff::Timestamp;
use node::limits;
use operations::{ReplayFrom, find_webhook, renew_webhook_secret, replay_webhook, retry_webhook};
use store::FeedCursor;

use super::webhooks::{PROPS, refused, shown};
use crate::api::call::{Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles};
use crate::api::error::ApiError;
use crate::api::given::{Given, uuid_of};
use crate::api::shape::{Prop, Shape, prop};

pub(crate) static RESOURCE: Resource = Resource {
    name: "webhook_actions",
    alias: None,
    about: "Something that is done with a webhook.",
    limit: &limits::API,
    endpoints: &[Endpoint::save(
        Roles::ADMINISTRATORS,
        "Does it, and answers how the webhook stands then",
        &[],
        BODY,
        PROPS,
        |call| Box::pin(act(call)),
    )],
};

const ACTIONS: [&str; 3] = ["replay", "retry", "renew_secret"];

const BODY: &[Prop] = &[
    prop("webhook", Shape::Uuid, "Which"),
    prop(
        "action",
        Shape::Word(&ACTIONS),
        "`replay` what happened, `retry` what it refused too often, `renew_secret`",
    ),
    prop("since", Shape::Moment, "For `replay`: all that happened since then"),
    prop("event", Shape::Text, "For `replay`: this event (as in `webhook-id`) and what came after it"),
];

/// Characters of a moment or an event.
const MAX_TEXT: usize = 64;

async fn act(call: &Call) -> Result<Reply, ApiError> {
    let mut given = Given::of(&call.body);
    for name in ["webhook", "action"] {
        if !given.has(name) {
            given.wrong(name, "This field is required.");
        }
    }
    let uuid = given.value("webhook").and_then(uuid_of).map(WebhookUuid);
    let action = given.word("action", &ACTIONS);
    let from = if action == Some("replay") { from(&mut given) } else { None };
    let (ctx, workspace) = (call.ctx(), call.workspace());
    let uuid = match uuid {
        Some(uuid) if find_webhook(ctx, workspace, uuid).await.is_ok() => Some(uuid),
        _ if given.has("webhook") => {
            given.wrong("webhook", "Not found.");
            None
        }
        _ => None,
    };
    given.done()?;
    let uuid = uuid.ok_or_else(ApiError::not_found)?;
    let (row, with_secret) = match (action, from) {
        (Some("replay"), Some(from)) => (replay_webhook(ctx, workspace, uuid, from).await, false),
        (Some("retry"), _) => {
            retry_webhook(ctx, workspace, uuid).await.map_err(refused)?;
            (find_webhook(ctx, workspace, uuid).await, false)
        }
        _ => (renew_webhook_secret(ctx, workspace, uuid).await, true),
    };
    Ok(Reply::One(shown(call, &row.map_err(refused)?, with_secret).await?))
}

fn from(given: &mut Given<'_>) -> Option<ReplayFrom> {
    match (given.text("since", MAX_TEXT), given.text("event", MAX_TEXT)) {
        (Some(since), None) => match since.parse::<Timestamp>() {
            Ok(at) => return Some(ReplayFrom::Moment(at)),
            Err(_) => given.wrong("since", "A moment, as 2027-05-01T08:30:00Z."),
        },
        (None, Some(event)) => match event.strip_prefix("evt_").unwrap_or(&event).parse::<FeedCursor>() {
            Ok(cursor) => return Some(ReplayFrom::Event(cursor)),
            Err(_) => given.wrong("event", "An event as it was told, such as evt_815-3."),
        },
        _ => given.wrong("non_field_errors", "Give since or event."),
    }
    None
}
