//! `seedling programme household`, `join` and `leave`: who gets messages about somebody.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use domain::{ContactId, ContactUuid, Urn, WorkspaceId};
use jiff::civil::Date;
use operations::{
    ContactEdit, Context, Receiver, StartAt, SubscribeTo, Whom, join_household, leave_household,
};
use serde_json::json;
use smol_str::SmolStr;
use store::{ContactNamed, HouseholdsOf, SubscriptionStatus, Walk};

use super::{Person, people::is_busy};
use crate::patience::while_busy;

/// Shows the households of somebody: their own, and those that they belong to.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling programme household --urn tel:+254700000001")]
pub struct Household {
    #[command(flatten)]
    person: Person,
    /// One JSON object for each household
    #[arg(long)]
    json: bool,
}

/// Adds somebody to the household of a contact: they get messages about that contact.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling programme join --urn tel:+254700000001 --member tel:+254700000002 --role father \\
    --set mothers.household --day 2027-05-20")]
pub struct Join {
    #[command(flatten)]
    person: Person,
    /// Who is added, by address or uuid; an address that nobody has adds somebody new
    #[arg(long, value_name = "URN|UUID")]
    member: String,
    /// What they are to the contact, such as father
    #[arg(long, value_name = "WORD", default_value = "")]
    role: SmolStr,
    /// Name of the member
    #[arg(long)]
    name: Option<SmolStr>,
    /// A message set that they get about the contact, by short name; may be given several times
    #[arg(long, value_name = "NAME")]
    set: Vec<SmolStr>,
    /// The day that the sets' rules are about; without it the contact's own
    #[arg(long, value_name = "DATE")]
    day: Option<Date>,
    /// Language of the messages, an ISO 639-3 code; without it the member's
    #[arg(long, value_name = "CODE")]
    language: Option<SmolStr>,
}

/// Takes somebody out of the household of a contact: what they get about that contact ends.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling programme leave --urn tel:+254700000001 --member tel:+254700000002")]
pub struct Leave {
    #[command(flatten)]
    person: Person,
    /// Who leaves, by address or uuid
    #[arg(long, value_name = "URN|UUID")]
    member: String,
}

/// Who is meant; an address that nobody has is somebody new.
async fn member(
    context: &Context,
    workspace: WorkspaceId,
    text: &str,
) -> anyhow::Result<Result<ContactId, Urn>> {
    let named = match (text.parse::<ContactUuid>(), text.parse::<Urn>()) {
        (Ok(uuid), _) => ContactNamed::Uuid(uuid),
        (Err(_), Ok(urn)) => ContactNamed::Urn(urn),
        (Err(_), Err(error)) => bail!("--member {text}: {error}"),
    };
    let found = context.store.named_contacts(workspace, vec![named.clone()]).await?.pop().flatten();
    match (found, named) {
        (Some(contact), _) => Ok(Ok(contact.id)),
        (None, ContactNamed::Urn(urn)) => Ok(Err(urn)),
        (None, ContactNamed::Uuid(_) | ContactNamed::Id(_)) => bail!("there is no such contact: {text}"),
    }
}

impl Household {
    /// Shows it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let (context, workspace, contact) = self.person.find().await?;
        let definitions = context.store.definitions(workspace.id).await?.context("the workspace is gone")?;
        let walk = Walk { from: None, up: true, limit: 100 };
        let found = context.store.list_households(workspace.id, HouseholdsOf::Contact(contact), walk).await?;
        for one in found {
            if !self.json {
                println!("household of {} {}", one.about.1, one.about.2);
            }
            let mut members = Vec::new();
            for member in &one.members {
                let gets = context.store.contact_subscriptions(workspace.id, member.contact.0).await?;
                let gets = gets
                    .iter()
                    .filter(|row| row.about == one.about.0 && row.status == SubscriptionStatus::Active);
                let sets: Vec<&str> = gets
                    .filter_map(|row| definitions.message_sets.iter().find(|set| set.id == row.set))
                    .map(|set| set.short_name.as_str())
                    .collect();
                if self.json {
                    members.push(
                        json!({"contact": member.contact.1, "role": member.role, "message_sets": sets}),
                    );
                } else {
                    let role = if member.role.is_empty() { "member" } else { member.role.as_str() };
                    println!("  {role}  {} {}  {}", member.contact.1, member.contact.2, sets.join(", "));
                }
            }
            if self.json {
                println!("{}", json!({"uuid": one.uuid, "contact": one.about.1, "members": members}));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Join {
    /// Does it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let (context, workspace, contact) = self.person.find().await?;
        let whom = match member(&context, workspace.id, &self.member).await? {
            Ok(known) => Whom::Known(known),
            Err(urn) => Whom::Urn(urn),
        };
        let start = StartAt::Placed { day: self.day };
        let to = |set: &SmolStr| SubscribeTo {
            language: self.language.clone(),
            start: start.clone(),
            ..SubscribeTo::placed(set, None)
        };
        let receiver = Receiver {
            whom,
            edit: ContactEdit { name: self.name.clone(), ..ContactEdit::default() },
            role: self.role.clone(),
            subscribe: self.set.iter().map(to).collect(),
        };
        let joining = while_busy(is_busy, async || {
            join_household(&context, workspace.id, contact, receiver.clone()).await
        });
        let done = joining.await?;
        let made = if done.value.made { "new" } else { "known" };
        println!("contact {} ({made})", done.value.contact.1);
        done.value.subscriptions.iter().for_each(super::people::told);
        Ok(ExitCode::SUCCESS)
    }
}

impl Leave {
    /// Does it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let (context, workspace, contact) = self.person.find().await?;
        let Ok(leaving) = member(&context, workspace.id, &self.member).await? else {
            bail!("nobody has the address {}", self.member);
        };
        let done =
            while_busy(is_busy, async || leave_household(&context, workspace.id, contact, leaving).await)
                .await?;
        println!("{} subscriptions ended", done.value);
        Ok(ExitCode::SUCCESS)
    }
}
