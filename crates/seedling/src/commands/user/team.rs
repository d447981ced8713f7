//! `seedling user team EMAIL [TEAM]`: whose tickets an agent sees from now on.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use operations::{AccessError, UserEdit, change_user};
use store::StoreError;

use super::find;
use crate::options::{StoreOptions, WorkspaceOption};
use crate::patience::while_busy;

/// Puts a user into a team, or into none if no team is named.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling user team nurse@example.org Nurses --data ./seedling-data")]
pub struct SetTeam {
    /// E-mail address
    email: String,
    /// Name of the team; none without it
    team: Option<String>,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
}

impl SetTeam {
    /// Does it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let context = self.store.open().await?;
        let workspace = self.workspace.choose(&context).await?;
        let user = find(&context, &workspace, &self.email).await?;
        let teams = context.store.definitions(workspace.id).await?.map(|all| all.teams).unwrap_or_default();
        let team = match &self.team {
            None => None,
            Some(name) => {
                let wanted = name.trim().to_lowercase();
                let found = teams.iter().find(|team| team.name.to_lowercase() == wanted);
                Some(found.map(|team| team.uuid).with_context(|| {
                    format!("there is no team '{name}'; `seedling team list` shows which there are")
                })?)
            }
        };
        let edit = UserEdit { team: Some(team), ..UserEdit::default() };
        let changing = while_busy(
            |error| matches!(error, AccessError::Store(StoreError::Busy)),
            || change_user(&context, workspace.id, user, &edit),
        );
        let row = changing.await?;
        let team = self.team.map_or_else(|| "no team".to_owned(), |team| format!("team {team:?}"));
        println!("{} is in {team} of {:?} from now on", row.email, workspace.name);
        Ok(ExitCode::SUCCESS)
    }
}
