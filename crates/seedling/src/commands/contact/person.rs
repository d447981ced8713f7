//! `seedling contact data|merge|forget|consent`: what is done with one person.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use domain::{ContactUuid, Urn};
use operations::{
    ContactAction, Context, NewConsent, PersonData, act_on_contacts, merge_contacts, record_consent,
};
use store::{ConsentSource, ConsentsOf, ContactNamed, NamedContact, Walk, WorkspaceRow};

use crate::options::{StoreOptions, WorkspaceOption};

/// Consents that are listed.
const LISTED: usize = 1_000;

/// The contact that a text names: an identifier, or an address as in tel:+254700000001.
fn named(row: &WorkspaceRow, text: &str) -> anyhow::Result<ContactNamed> {
    if let Ok(uuid) = text.parse::<ContactUuid>() {
        return Ok(ContactNamed::Uuid(uuid));
    }
    let urn = Urn::parse(text, row.country.as_deref());
    Ok(ContactNamed::Urn(urn.with_context(|| format!("{text:?} is neither an identifier nor an address"))?))
}

async fn find(context: &Context, row: &WorkspaceRow, text: &str) -> anyhow::Result<NamedContact> {
    let found = context.store.named_contacts(row.id, vec![named(row, text)?]).await?.pop().flatten();
    found.with_context(|| format!("there is no contact {text}"))
}

/// Writes everything that is held about one person as JSON.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling contact data tel:+254700000001 --output amina.json")]
pub struct Data {
    /// Who: identifier or address
    contact: String,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
    /// Where to write; - is standard output
    #[arg(long, value_name = "FILE", default_value = "-")]
    output: PathBuf,
}

impl Data {
    /// Writes it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let context = self.store.open().await?;
        let row = self.workspace.choose(&context).await?;
        let data = PersonData::of(&context, row.id, named(&row, &self.contact)?).await?;
        let mut data = data.with_context(|| format!("there is no contact {}", self.contact))?;
        let mut out: Box<dyn std::io::Write> = match self.output.to_str() {
            Some("-") => Box::new(std::io::stdout()),
            _ => Box::new(
                std::fs::File::create(&self.output)
                    .with_context(|| format!("cannot write {}", self.output.display()))?,
            ),
        };
        while let Some(piece) = data.next(&context).await? {
            out.write_all(piece.as_bytes())?;
        }
        out.flush()?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Merges a contact into another one, as one transaction. Who stays has the history, addresses, groups, notes, tickets and
/// programmes of both, and is found under both identifiers.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling contact merge tel:+254700000002 --into tel:+254700000001")]
pub struct Merge {
    /// Who goes over: identifier or address
    contact: String,
    /// Who stays: identifier or address
    #[arg(long)]
    into: String,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
}

impl Merge {
    /// Merges them.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let context = self.store.open().await?;
        let row = self.workspace.choose(&context).await?;
        let (stays, goes) =
            (find(&context, &row, &self.into).await?, find(&context, &row, &self.contact).await?);
        let merged = merge_contacts(&context, row.id, stays.id, goes.id, None).await?;
        println!("{}", merged.value);
        Ok(ExitCode::SUCCESS)
    }
}

/// Erases everything that is known of one person. What is counted stays counted.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling contact forget tel:+254700000001 --yes")]
pub struct Forget {
    /// Who: identifier or address
    contact: String,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
    /// Really: it cannot be taken back
    #[arg(long)]
    yes: bool,
}

impl Forget {
    /// Erases them.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        if !self.yes {
            bail!("nothing is erased without --yes; it cannot be taken back");
        }
        let context = self.store.open().await?;
        let row = self.workspace.choose(&context).await?;
        let contact = find(&context, &row, &self.contact).await?;
        act_on_contacts(&context, row.id, &[contact.id], ContactAction::Erase).await?;
        println!("{}", contact.uuid);
        Ok(ExitCode::SUCCESS)
    }
}

/// Lists what one person agreed to and took back, or adds an entry. Who takes everything back is stopped.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling contact consent tel:+254700000001
  seedling contact consent tel:+254700000001 --give --text 'Shall we write to you?' --reason 'clinic form'
  seedling contact consent tel:+254700000001 --withdraw --purpose research")]
pub struct Consent {
    /// Who: identifier or address
    contact: String,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
    /// They agreed
    #[arg(long, conflicts_with = "withdraw")]
    give: bool,
    /// They took it back
    #[arg(long)]
    withdraw: bool,
    /// To what; everything without it
    #[arg(long, default_value = "")]
    purpose: String,
    /// What they were shown or told
    #[arg(long)]
    text: Option<String>,
    /// Why
    #[arg(long)]
    reason: Option<String>,
}

impl Consent {
    /// Lists them or adds one.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let context = self.store.open().await?;
        let row = self.workspace.choose(&context).await?;
        let contact = find(&context, &row, &self.contact).await?;
        if !self.give && !self.withdraw {
            let walk = Walk { from: None, up: true, limit: LISTED };
            let listed = context.store.list_consents(row.id, ConsentsOf::Contact(contact.id), walk).await?;
            for one in &listed {
                let (row, given) = (&one.consent, if one.consent.given { "given" } else { "withdrawn" });
                let purpose = if row.purpose.is_empty() { "everything" } else { row.purpose.as_str() };
                println!("{}  {given}  {purpose}  {}", row.happened_on, row.source.as_str());
            }
            return Ok(ExitCode::SUCCESS);
        }
        let new = NewConsent {
            purpose: self.purpose.trim().into(),
            given: self.give,
            source: ConsentSource::User,
            channel: None,
            message: None,
            user: None,
            shown: self.text,
            reason: self.reason,
            happened_on: None,
        };
        println!("{}", record_consent(&context, row.id, contact.id, new).await?.value);
        Ok(ExitCode::SUCCESS)
    }
}
