//! `sign_in_rules.json`: what the workspace asks of those who sign in.

use node::limits;
use operations::{Role, require_two_factor};
use serde_json::{Value, json};

use super::users::{ROLE, ROLES, said};
use crate::api::auth::Proof;
use crate::api::call::{Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles};
use crate::api::error::ApiError;
use crate::api::given::Given;
use crate::api::shape::{Prop, Shape, prop};

pub(crate) static RESOURCE: Resource = Resource {
    name: "sign_in_rules",
    alias: None,
    about: "What the workspace asks of those who sign in.",
    limit: &limits::API,
    endpoints: &[
        Endpoint::one(Roles::ADMINISTRATORS, "The rules", PROPS, |call| Box::pin(show(call))),
        Endpoint::save(Roles::ADMINISTRATORS, "Changes the rules", &[], PROPS, PROPS, |call| {
            Box::pin(save(call))
        }),
    ],
};

const PROPS: &[Prop] =
    &[prop("two_factor_roles", Shape::List(&ROLE), "Roles that need a second factor; their tokens do not")];

async fn show(call: &Call) -> Result<Reply, ApiError> {
    let rule = call.ctx().store.sign_in_rule(call.workspace()).await?;
    Ok(Reply::One(json!({"two_factor_roles": rule.two_factor_roles})))
}

async fn save(call: &Call) -> Result<Reply, ApiError> {
    let mut given = Given::of(&call.body);
    if !given.has("two_factor_roles") {
        given.wrong("two_factor_roles", "This field is required.");
    }
    let mut roles = Vec::new();
    for (place, named) in given.list("two_factor_roles", ROLES.len()).unwrap_or_default().iter().enumerate() {
        match named.as_str().and_then(Role::from_name) {
            Some(role) if !roles.contains(&role) => roles.push(role),
            Some(_) => {}
            None => given.wrong_item("two_factor_roles", place, "Not a role."),
        }
    }
    given.done()?;
    // Who sets a rule that they do not keep themselves would be shut out.
    if roles.contains(&call.role)
        && let Proof::SignIn(uuid) = call.proof
        && !call.ctx().store.sign_in_named(uuid).await?.is_some_and(|row| row.second_factor)
    {
        return Err(ApiError::query("Prove a second factor yourself before you ask it of your role."));
    }
    require_two_factor(call.ctx(), call.workspace(), &roles).await.map_err(said)?;
    let words: Vec<Value> = roles.iter().map(|role| json!(role.name())).collect();
    Ok(Reply::One(json!({"two_factor_roles": words})))
}
