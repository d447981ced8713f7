//! Teams of agents: whose tickets an agent sees, and how teams are set up.

use std::collections::BTreeSet;

use domain::{TeamId, TeamUuid, TopicId, TopicUuid, WorkspaceId};
use store::{Change, DefinitionChange, SeenBy, TeamRow, TicketRow, UserRow};

use crate::{
    Context, Role, Workspace,
    edit_definitions::{SaveError, Saved, edit, proper_name, same_name},
};

/// Teams of a workspace.
pub const MAX_TEAMS: usize = 50;
/// Characters of a team's name.
pub const MAX_TEAM_NAME: usize = 64;

/// What is saved of a team. What is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct TeamEdit {
    /// Another name; a new team needs one.
    pub name: Option<String>,
    /// The topics whose tickets its agents see.
    pub topics: Option<Vec<TopicUuid>>,
}

/// Adds a team, or changes the one with this identifier.
///
/// # Errors
/// [`SaveError`]; nothing is written then.
pub async fn save_team(
    ctx: &Context,
    workspace: WorkspaceId,
    team: Option<TeamUuid>,
    to: &TeamEdit,
) -> Result<Saved<TeamRow>, SaveError> {
    let name = to.name.as_deref().map(|name| proper_name(name, MAX_TEAM_NAME)).transpose()?;
    edit(ctx, workspace, |ws| {
        let teams = &ws.definitions().teams;
        let (mut row, made) = match team {
            Some(uuid) => {
                let known = teams.iter().find(|team| team.uuid == uuid).ok_or(SaveError::NotFound)?;
                (known.clone(), false)
            }
            None if teams.len() >= MAX_TEAMS => return Err(SaveError::TooMany(MAX_TEAMS)),
            None => {
                let now = ctx.now();
                let (id, uuid) = (TeamId(ctx.next_id(now)), TeamUuid(ctx.host.uuid_v4()));
                let name = name.clone().ok_or(SaveError::Name("This field is required."))?;
                (TeamRow { id, uuid, name, topics: Vec::new(), created_on: now }, true)
            }
        };
        row.name = name.clone().unwrap_or(row.name);
        if let Some(topics) = &to.topics {
            row.topics = known_topics(ws, topics)?;
        }
        if teams.iter().any(|team| team.id != row.id && same_name(&team.name, &row.name)) {
            return Err(SaveError::Taken);
        }
        let change = Change::Definition(workspace, DefinitionChange::Team(row.clone()));
        Ok((vec![change], Saved { row, made }))
    })
    .await
}

fn known_topics(ws: &Workspace, topics: &[TopicUuid]) -> Result<Vec<TopicId>, SaveError> {
    let known = &ws.definitions().topics;
    let id = |uuid: &TopicUuid| {
        let found = known.iter().find(|topic| topic.uuid == *uuid);
        found
            .map(|topic| topic.id)
            .ok_or_else(|| SaveError::Wrong("topics", format!("Not found: {uuid}").into()))
    };
    let ids: BTreeSet<TopicId> = topics.iter().map(id).collect::<Result<_, _>>()?;
    Ok(ids.into_iter().collect())
}

/// Removes a team. Its agents are in none then, and see all tickets.
///
/// # Errors
/// [`SaveError`]; nothing is written then.
pub async fn remove_team(ctx: &Context, workspace: WorkspaceId, team: TeamUuid) -> Result<(), SaveError> {
    edit(ctx, workspace, |ws| {
        let row = ws.definitions().teams.iter().find(|row| row.uuid == team).ok_or(SaveError::NotFound)?;
        Ok((vec![Change::Definition(workspace, DefinitionChange::RemoveTeam(row.id))], ()))
    })
    .await
}

impl Workspace {
    /// Which tickets a user sees, if not all: agents of a team see those of its topics, and what they deal with.
    pub fn tickets_seen_by(&self, user: &UserRow) -> Option<SeenBy> {
        if Role::from_name(&user.role) != Some(Role::Agent) {
            return None;
        }
        let definitions = self.definitions();
        let team = user.team.and_then(|id| definitions.teams.iter().find(|team| team.id == id))?;
        let mut topics = team.topics.clone();
        // A ticket that names no topic is about the first.
        if definitions.topics.first().is_some_and(|first| topics.contains(&first.id)) {
            topics.push(TopicId(0));
        }
        Some(SeenBy { user: user.id, topics })
    }

    /// Whether a user sees a ticket.
    pub fn sees_ticket(&self, user: &UserRow, ticket: &TicketRow) -> bool {
        self.tickets_seen_by(user).is_none_or(|seen| {
            ticket.assignee == Some(seen.user) || seen.topics.contains(&ticket.topic.unwrap_or(TopicId(0)))
        })
    }
}
