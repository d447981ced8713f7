//! `seedling programme …`: messages in stages, and who gets them.

mod bring;
mod household;
mod list;
mod people;
mod register_all;

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use domain::{ContactId, ContactUuid, Urn};
use operations::Context;
use store::WorkspaceRow;

use crate::options::{StoreOptions, WorkspaceOption};

/// Messages in stages that people get one by one, by their week.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling programme import mothers.json
  seedling programme register --urn tel:+254700000001 --name Amina --set mothers.pregnancy --day 2027-05-20
  seedling programme switch birth --urn tel:+254700000001 --day 2027-05-17
  seedling programme plan --to 2027-06-01T00:00Z

docs/programmes.md says more.")]
pub struct Programme {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Bring in a programme (JSON) or messages of its sets (CSV), whole or not at all
    Import(bring::Import),
    /// The message sets with their rules
    List(list::List),
    /// What would be sent to whom, without sending it
    Plan(list::Plan),
    /// What somebody is or was subscribed to
    Show(list::Show),
    /// Register somebody: contact, opt-in, subscription and welcome at once
    Register(people::Register),
    /// Register people from a file of JSON lines
    RegisterAll(register_all::RegisterAll),
    /// Who gets messages about somebody
    Household(household::Household),
    /// Add somebody to a household
    Join(household::Join),
    /// Take somebody out of a household
    Leave(household::Leave),
    /// Subscribe somebody who is known
    Subscribe(people::Subscribe),
    /// Something changes: an event such as birth, the language, the number, the medium, the day
    Switch(people::SwitchOne),
    /// Somebody wants no more
    OptOut(people::OptOutOne),
    /// Send somebody's last message once more
    Resend(people::Resend),
}

impl Programme {
    /// Does it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self.action {
            Action::Import(import) => import.run().await,
            Action::List(list) => list.run().await,
            Action::Plan(plan) => plan.run().await,
            Action::Show(show) => show.run().await,
            Action::Register(register) => register.run().await,
            Action::RegisterAll(all) => all.run().await,
            Action::Household(household) => household.run().await,
            Action::Join(join) => join.run().await,
            Action::Leave(leave) => leave.run().await,
            Action::Subscribe(subscribe) => subscribe.run().await,
            Action::Switch(switch) => switch.run().await,
            Action::OptOut(opt_out) => opt_out.run().await,
            Action::Resend(resend) => resend.run().await,
        }
    }
}

/// Whom a command is about.
#[derive(Args, Clone, Debug)]
struct Person {
    /// The contact, by uuid
    #[arg(long, value_name = "UUID", required_unless_present = "urn")]
    contact: Option<ContactUuid>,
    /// The contact, by address, as in tel:+254700000001
    #[arg(long, value_name = "URN", conflicts_with = "contact")]
    urn: Option<Urn>,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
}

impl Person {
    async fn open(&self) -> anyhow::Result<(Context, WorkspaceRow)> {
        let context = self.store.open().await?;
        let workspace = self.workspace.choose(&context).await?;
        Ok((context, workspace))
    }

    async fn find(&self) -> anyhow::Result<(Context, WorkspaceRow, ContactId)> {
        let (context, workspace) = self.open().await?;
        let found = match (&self.contact, &self.urn) {
            (Some(uuid), _) => context.store.contact_ids(workspace.id, vec![*uuid]).await?.pop(),
            (None, Some(urn)) => {
                let owner = context.store.address_owner(workspace.id, urn.clone()).await?;
                owner.map(|(contact, _)| contact)
            }
            (None, None) => bail!("say who: --contact or --urn"),
        };
        let found = found.context("there is no such contact in this workspace")?;
        Ok((context, workspace, found))
    }
}
