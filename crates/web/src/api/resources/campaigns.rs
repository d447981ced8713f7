//! `campaigns.json`: groups whose members are told things at points in time.

use domain::CampaignUuid;
use node::limits;
use operations::{MAX_CAMPAIGN_NAME, save_campaign};
use serde_json::{Value, json};
use store::CampaignRow;

use crate::api::call::{Asked, Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles, UUID};
use crate::api::error::ApiError;
use crate::api::given::Given;
use crate::api::named;
use crate::api::page::Walk;
use crate::api::shape::{Prop, REF, Shape, prop};
use crate::api::words::{moment, reference};

pub(crate) static RESOURCE: Resource = Resource {
    name: "campaigns",
    alias: None,
    about: "Campaigns that are not archived, the latest first.",
    limit: &limits::API,
    endpoints: &[
        Endpoint::list(Roles::READERS, "Campaigns", &[UUID], PROPS, |call| Box::pin(list(call))),
        Endpoint::save(
            Roles::EDITORS,
            "Adds a campaign, or changes the one of the address",
            &[UUID],
            &[
                prop("name", Shape::Text, "Name: at most 64 characters; unique whatever its case"),
                prop("group", Shape::Text, "Whom it is for, by identifier or name of the group"),
            ],
            PROPS,
            |call| Box::pin(save(call)),
        ),
    ],
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

async fn save(call: &Call) -> Result<Reply, ApiError> {
    let campaign = call.wanted("uuid")?.map(CampaignUuid);
    let mut given = Given::of(&call.body);
    let name = given.needed_text("name", MAX_CAMPAIGN_NAME);
    let group = given.value("group").map(|value| (value, named::group(call, value)));
    match group {
        None => given.wrong("group", "This field is required."),
        Some((value, None)) => {
            given.wrong("group", format!("Not found: {}", value.as_str().unwrap_or_default()));
        }
        Some((_, Some(_))) => {}
    }
    given.done()?;
    let group = group.and_then(|(_, group)| group).ok_or_else(ApiError::not_found)?.uuid;
    let name = name.unwrap_or_default();
    let saved = save_campaign(call.ctx(), call.workspace(), campaign, &name, group).await?;
    Ok(Reply::saved(saved.made, shown(call, &saved.row)))
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
