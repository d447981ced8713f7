//! `password_resets.json`: what a user needs who forgot their password.

use node::limits;
use operations::make_reset_link;
use serde_json::json;

use super::users::said;
use crate::api::call::{Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles};
use crate::api::error::ApiError;
use crate::api::given::Given;
use crate::api::shape::{Prop, Shape, prop};
use crate::api::words::moment;

/// Characters of an e-mail address.
const EMAIL_CHARS: usize = 254;

pub(crate) static RESOURCE: Resource = Resource {
    name: "password_resets",
    alias: None,
    about: "What a user needs who forgot their password: a link that is used once.",
    limit: &limits::API,
    endpoints: &[Endpoint::save(
        Roles::ADMINISTRATORS,
        "Makes a link for a user who works in no other workspace, in the place of an earlier one",
        &[],
        &[prop("email", Shape::Text, "The user's e-mail address")],
        PROPS,
        |call| Box::pin(save(call)),
    )],
};

const PROPS: &[Prop] = &[
    prop("email", Shape::Text, "For whom"),
    prop(
        "link",
        Shape::Text,
        "What POST /auth/reset takes, with a new password; null if it went to them by e-mail",
    )
    .or_null(),
    prop("ends_on", Shape::Moment, "When it cannot be used any more"),
];

async fn save(call: &Call) -> Result<Reply, ApiError> {
    let mut given = Given::of(&call.body);
    let email = given.needed_text("email", EMAIL_CHARS).unwrap_or_default();
    given.done()?;
    let made =
        make_reset_link(call.ctx(), call.workspace(), &email, Some(call.user.id)).await.map_err(said)?;
    let row = &made.row;
    let secret = Some(&made.secret).filter(|_| !made.is_mailed);
    Ok(Reply::Made(json!({"email": row.email, "link": secret, "ends_on": moment(row.ends_on)})))
}
