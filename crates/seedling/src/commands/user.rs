//! `seedling user …`: people who work in the console.

mod add;
mod invite;
mod list;
mod remove;
mod reset_password;
mod role;
mod team;
mod two_factor;

use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand, ValueEnum};
use domain::UserUuid;
use operations::{Context, Role};
use store::WorkspaceRow;

/// People who work in the console.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling user add nurse@example.org --data ./seedling-data --role agent --password-file -")]
pub struct User {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Add somebody
    Add(add::Add),
    /// Show who works in a workspace
    List(list::List),
    /// Give somebody another role
    Role(role::SetRole),
    /// Put an agent into a team
    Team(team::SetTeam),
    /// End that somebody works in a workspace
    Remove(remove::Remove),
    /// Make what somebody needs to join a workspace
    Invite(invite::Invite),
    /// Say who needs a second factor, or forget somebody's
    TwoFactor(two_factor::TwoFactor),
    /// Make a link with which somebody chooses a new password
    ResetPassword(reset_password::ResetPassword),
}

impl User {
    /// Does it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self.action {
            Action::Add(add) => add.run().await,
            Action::List(list) => list.run().await,
            Action::Role(role) => role.run().await,
            Action::Team(team) => team.run().await,
            Action::Remove(remove) => remove.run().await,
            Action::Invite(invite) => invite.run().await,
            Action::TwoFactor(two_factor) => two_factor.run().await,
            Action::ResetPassword(reset) => reset.run().await,
        }
    }
}

/// What a user may do, as written on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RoleName {
    /// Everything
    Administrator,
    /// Flows, contacts and messages
    Editor,
    /// Tickets
    Agent,
    /// Looking
    Viewer,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Administrator => Self::Administrator,
            RoleName::Editor => Self::Editor,
            RoleName::Agent => Self::Agent,
            RoleName::Viewer => Self::Viewer,
        }
    }
}

impl RoleName {
    /// The role that a word names.
    fn read(word: &str) -> anyhow::Result<Role> {
        Role::from_name(word)
            .with_context(|| format!("'{word}' is not a role; they are administrator, editor, agent, viewer"))
    }
}

/// The user with this e-mail address.
async fn find(context: &Context, workspace: &WorkspaceRow, email: &str) -> anyhow::Result<UserUuid> {
    let users = context.store.definitions(workspace.id).await?.map(|all| all.users).unwrap_or_default();
    let wanted = email.trim().to_lowercase();
    let found = users.iter().find(|user| user.email == wanted && Role::from_name(&user.role).is_some());
    found.map(|user| user.uuid).with_context(|| {
        format!(
            "nobody in {:?} has the e-mail address '{email}'; `seedling user list` shows who does",
            workspace.name
        )
    })
}
