//! `campaigns.json`: groups whose members are told things at points in time.

use node::limits;
use serde_json::{Value, json};
use store::CampaignRow;

use crate::api::call::{Asked, Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles, UUID};
use crate::api::error::ApiError;
use crate::api::page::Walk;
use crate::api::shape::{Prop, REF, Shape, prop};
use crate::api::words::{moment, reference};

pub(crate) static RESOURCE: Resource = Resource {
    name: "campaigns",
    alias: None,
    about: "Campaigns that are not archived, the latest first.",
    limit: &limits::API,
    endpoints: &[Endpoint::list(Roles::READERS, "Campaigns", &[UUID], PROPS, |call| Box::pin(list(call)))],
};

const PROPS: &[Prop] = &[
    prop("uuid", Shape::Uuid, "Identifier"),
    prop("name", Shape::Text, "Name"),
    prop("archived", Shape::Bool, "Whether it was put away"),
    prop("group", REF, "Whom it is for"),
    prop("created_on", Shape::Moment, "When it was made"),
];

async fn list(call: &Call) -> Result<Reply, ApiError> {
    let uuid = call.query.uuid("uuid");
    let fits = |campaign: &&CampaignRow| {
        let this = match uuid {
            Asked::Nothing => true,
            Asked::This(uuid) => campaign.uuid.0 == uuid,
            Asked::Unreadable => false,
        };
        this && !campaign.archived
    };
    let campaigns: Vec<CampaignRow> = call.definitions().campaigns.iter().filter(fits).cloned().collect();
    let walk = Walk::of(call, false)?;
    let place = |campaign: &CampaignRow| (campaign.created_on.as_microsecond(), campaign.id.0);
    Ok(walk.among(campaigns, place, |campaign| shown(call, campaign)))
}

fn shown(call: &Call, campaign: &CampaignRow) -> Value {
    let group = call.definitions().groups.iter().find(|group| group.id == campaign.group);
    json!({
        "uuid": campaign.uuid,
        "name": campaign.name,
        "archived": campaign.archived,
        "group": group.map(|group| reference(group.uuid, &group.name)),
        "created_on": moment(campaign.created_on),
    })
}
