//! `teams.json`: agents who deal with the tickets of some topics only.

use domain::{TeamUuid, TopicUuid};
use node::limits;
use operations::{MAX_TEAM_NAME, Role, TeamEdit, remove_team, save_team};
use serde_json::{Value, json};
use store::TeamRow;

use crate::api::call::{Asked, Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles, UUID};
use crate::api::error::ApiError;
use crate::api::given::{Given, MAX_ITEMS};
use crate::api::named;
use crate::api::page::Walk;
use crate::api::shape::{Prop, REFS, Shape, TEXTS, prop};
use crate::api::words::{moment, reference};

pub(crate) static RESOURCE: Resource = Resource {
    name: "teams",
    alias: None,
    about: "Teams of agents, the latest first. An agent of a team sees the tickets of its topics, and those with which \
            they deal; others see all.",
    limit: &limits::API,
    endpoints: &[
        Endpoint::list(Roles::ALL, "Teams", &[UUID], PROPS, |call| Box::pin(list(call))),
        Endpoint::save(
            Roles::ADMINISTRATORS,
            "Adds a team, or changes the one of the address",
            &[UUID],
            &[
                prop("name", Shape::Text, "Name: at most 64 characters; unique whatever its case"),
                prop("topics", TEXTS, "Topics by identifier or name, instead of those before"),
            ],
            PROPS,
            |call| Box::pin(save(call)),
        ),
        Endpoint::delete(
            Roles::ADMINISTRATORS,
            "Removes a team; its agents are in none then, and see all tickets",
            &[UUID],
            &["uuid"],
            |call| Box::pin(remove(call)),
        ),
    ],
};

const PROPS: &[Prop] = &[
    prop("uuid", Shape::Uuid, "Identifier"),
    prop("name", Shape::Text, "Name"),
    prop("topics", REFS, "The topics whose tickets its agents see"),
    prop("agents", Shape::Int, "How many agents are in it"),
    prop("created_on", Shape::Moment, "When it was made"),
];

async fn list(call: &Call) -> Result<Reply, ApiError> {
    let walk = Walk::of(call, false)?;
    let wanted = call.query.uuid("uuid");
    let fits = |team: &&TeamRow| match wanted {
        Asked::Nothing => true,
        Asked::This(uuid) => team.uuid.0 == uuid,
        Asked::Unreadable => false,
    };
    let teams: Vec<TeamRow> = call.definitions().teams.iter().filter(fits).cloned().collect();
    Ok(walk.among(teams, |team| (team.created_on.as_microsecond(), team.id.0), |team| shown(call, team)))
}

async fn save(call: &Call) -> Result<Reply, ApiError> {
    let team = call.wanted("uuid")?.map(TeamUuid);
    let mut given = Given::of(&call.body);
    let name = match team {
        Some(_) => given.text("name", MAX_TEAM_NAME),
        None => given.needed_text("name", MAX_TEAM_NAME),
    };
    let topics = given.list("topics", MAX_ITEMS).map(|values| {
        let mut topics: Vec<TopicUuid> = Vec::new();
        for (place, value) in values.iter().enumerate() {
            match named::topic(call, value) {
                Some(topic) => topics.push(topic.uuid),
                None => given.wrong_item(
                    "topics",
                    place,
                    format!("Not found: {}", value.as_str().unwrap_or_default()),
                ),
            }
        }
        topics
    });
    given.done()?;
    let edit = TeamEdit { name: name.map(String::from), topics };
    let saved = save_team(call.ctx(), call.workspace(), team, &edit).await?;
    Ok(Reply::saved(saved.made, shown(call, &saved.row)))
}

async fn remove(call: &Call) -> Result<Reply, ApiError> {
    let team = call.wanted("uuid")?.map(TeamUuid).ok_or_else(ApiError::not_found)?;
    remove_team(call.ctx(), call.workspace(), team).await?;
    Ok(Reply::Done)
}

fn shown(call: &Call, team: &TeamRow) -> Value {
    let definitions = call.definitions();
    let topics = definitions.topics.iter().filter(|topic| team.topics.contains(&topic.id));
    let is_in_it = |user: &&store::UserRow| {
        user.team == Some(team.id) && Role::from_name(&user.role) == Some(Role::Agent)
    };
    json!({
        "uuid": team.uuid,
        "name": team.name,
        "topics": topics.map(|topic| reference(topic.uuid, &topic.name)).collect::<Vec<_>>(),
        "agents": definitions.users.iter().filter(is_in_it).count(),
        "created_on": moment(team.created_on),
    })
}
