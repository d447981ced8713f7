//! `groups.json`: sets of contacts, filled by hand or by a query.

use std::collections::BTreeMap;

use domain::GroupUuid;
use node::limits;
use operations::{MAX_GROUP_NAME, MAX_QUERY, remove_group, save_group};
use serde_json::{Value, json};
use store::GroupRow;

use crate::api::call::{Asked, Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles, UUID, param};
use crate::api::error::ApiError;
use crate::api::given::Given;
use crate::api::page::Walk;
use crate::api::shape::{Prop, Shape, prop};

pub(crate) static RESOURCE: Resource = Resource {
    name: "groups",
    alias: None,
    about: "Sets of contacts, the latest first.",
    limit: &limits::API,
    endpoints: &[
        Endpoint::list(
            Roles::ALL,
            "Groups",
            &[
                UUID,
                param("name", Shape::Text, "Only the one with this name, whatever its case"),
                param("manual_only", Shape::Bool, "Only those that are filled by hand"),
            ],
            PROPS,
            |call| Box::pin(list(call)),
        )
        .with_one_of(&["uuid", "name"]),
        Endpoint::save(
            Roles::EDITORS,
            "Adds a group, or gives the one of the address another name or query",
            &[UUID],
            BODY,
            PROPS,
            |call| Box::pin(save(call)),
        ),
        Endpoint::delete(
            Roles::EDITORS,
            "Removes a group that no campaign, trigger or query needs",
            &[UUID],
            &["uuid"],
            |call| Box::pin(remove(call)),
        ),
    ],
};

const BODY: &[Prop] = &[
    prop("name", Shape::Text, "Name: at most 64 characters, none of them \" or \\; unique whatever its case"),
    prop("query", Shape::Text, "A contact query, by which it fills itself; without one it is filled by hand"),
];

const PROPS: &[Prop] = &[
    prop("uuid", Shape::Uuid, "Identifier"),
    prop("name", Shape::Text, "Name"),
    prop("query", Shape::Text, "The contact query of one that fills itself").or_null(),
    prop("status", Shape::Word(&["ready", "evaluating"]), "Whether its members are being brought up to date"),
    prop("system", Shape::Bool, "Whether it belongs to the system"),
    prop("count", Shape::Int, "Members"),
];

async fn list(call: &Call) -> Result<Reply, ApiError> {
    let uuid = call.query.uuid("uuid");
    let name = call.query.text("name").map(|name| name.trim().to_lowercase());
    let by_hand = call.query.flag("manual_only") == Some(true);
    let fits = |group: &&GroupRow| {
        let this = match uuid {
            Asked::Nothing => true,
            Asked::This(uuid) => group.uuid.0 == uuid,
            Asked::Unreadable => false,
        };
        this && name.as_ref().is_none_or(|name| group.name.trim().to_lowercase() == *name)
            && !(by_hand && group.query.is_some())
    };
    let groups: Vec<GroupRow> = call.definitions().groups.iter().filter(fits).cloned().collect();
    let walk = Walk::of(call, false)?;
    let page = walk.chosen(groups, |group| (group.id.0, 0));
    let places: Vec<_> = page.iter().map(|group| (group.id.0, 0)).collect();
    Ok(walk.page(places.into_iter().zip(shown(call, &page).await?).collect()))
}

async fn save(call: &Call) -> Result<Reply, ApiError> {
    let group = call.wanted("uuid")?.map(GroupUuid);
    let mut given = Given::of(&call.body);
    // Clients of RapidPro give a name each time; a query may be changed alone.
    let name = match group.is_some() && !given.has("name") && given.has("query") {
        true => None,
        false => given.needed_text("name", MAX_GROUP_NAME),
    };
    let query = given.text("query", MAX_QUERY);
    given.done()?;
    let saved = save_group(call.ctx(), call.workspace(), group, name.as_deref(), query.as_deref()).await?;
    let shown = shown(call, &[saved.row]).await?.pop().unwrap_or_default();
    Ok(Reply::saved(saved.made, shown))
}

async fn remove(call: &Call) -> Result<Reply, ApiError> {
    let group = call.wanted("uuid")?.map(GroupUuid).ok_or_else(ApiError::not_found)?;
    remove_group(call.ctx(), call.workspace(), group).await?;
    Ok(Reply::Done)
}

/// Groups as the API shows them.
pub(crate) async fn shown(call: &Call, groups: &[GroupRow]) -> Result<Vec<Value>, ApiError> {
    let (store, workspace) = (&call.ctx().store, call.workspace());
    let ids = groups.iter().map(|group| group.id).collect();
    let counts: BTreeMap<_, _> = store.member_counts(workspace, ids).await?.into_iter().collect();
    let filling = store.groups_being_filled(workspace).await?;
    let shown = groups.iter().map(|group| {
        let uuid = group.uuid.to_string();
        let status = if filling.iter().any(|key| *key == uuid) { "evaluating" } else { "ready" };
        json!({
            "uuid": uuid,
            "name": group.name,
            "query": group.query,
            "status": status,
            // Contacts by status are no groups here.
            "system": false,
            "count": counts.get(&group.id).copied().unwrap_or_default(),
        })
    });
    Ok(shown.collect())
}
