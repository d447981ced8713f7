//! `seedling programme register`, `subscribe`, `switch`, `opt-out` and `resend`: a node that serves sends what comes of it.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use domain::Urn;
use jiff::civil::Date;
use operations::{
    ContactEdit, OptOut, OptOutKind, ProgrammeError, Registration, StartAt, SubscribeTo, Switch, Whom,
    opt_out, register, resend_last, subscribe, switch,
};
use smol_str::SmolStr;
use store::{StoreError, SubscriptionRow};

use super::Person;
use crate::patience::while_busy;

pub(super) fn is_busy(error: &ProgrammeError) -> bool {
    matches!(error, ProgrammeError::Busy | ProgrammeError::Store(StoreError::Busy))
}

pub(super) fn told(row: &SubscriptionRow) {
    let next = row.next_due.map_or_else(|| "never".to_owned(), |due| due.to_string());
    println!("{}  next: message {} at {next}", row.uuid, row.next);
}

/// To what.
#[derive(Args, Clone, Debug)]
struct To {
    /// The message set, by short name
    #[arg(long, value_name = "NAME")]
    set: SmolStr,
    /// The day that the set's rules are about, such as the day on which a child is due
    #[arg(long, value_name = "DATE", conflicts_with = "message")]
    day: Option<Date>,
    /// Begin with this message, whatever the rules say
    #[arg(long, value_name = "N")]
    message: Option<u32>,
    /// Language of the messages, an ISO 639-3 code; without it the contact's
    #[arg(long, value_name = "CODE")]
    language: Option<SmolStr>,
}

impl To {
    fn given(&self) -> SubscribeTo {
        let start = match self.message {
            Some(number) => StartAt::Message(number),
            None => StartAt::Placed { day: self.day },
        };
        SubscribeTo { language: self.language.clone(), start, ..SubscribeTo::placed(&self.set, None) }
    }
}

/// Registers somebody: contact, opt-in, subscription and welcome are there together, or none of them.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling programme register --urn tel:+254700000001 --name Amina --field clinic=Uhuru \\
    --set mothers.pregnancy --day 2027-05-20 --welcome 'Welcome, @contact.first_name!'")]
pub struct Register {
    #[command(flatten)]
    person: Person,
    #[command(flatten)]
    to: To,
    /// Name of the contact
    #[arg(long)]
    name: Option<SmolStr>,
    /// A field, as in clinic=Uhuru; may be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    field: Vec<String>,
    /// How they agreed, as a word that can be counted
    #[arg(long, value_name = "WORD", default_value = "console")]
    opt_in: SmolStr,
    /// Draw a number with a check digit for them, such as health_id; may be given several times
    #[arg(long, value_name = "KIND")]
    draw: Vec<SmolStr>,
    /// What they are told at once
    #[arg(long, value_name = "TEXT")]
    welcome: Option<SmolStr>,
}

impl Register {
    /// Does it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let (context, workspace, whom) = match &self.person.urn {
            Some(urn) => {
                let (context, workspace) = self.person.open().await?;
                (context, workspace, Whom::Urn(urn.clone()))
            }
            None => {
                let (context, workspace, contact) = self.person.find().await?;
                (context, workspace, Whom::Known(contact))
            }
        };
        let ws =
            context.registry.workspace(&context, workspace.id).await?.context("the workspace is gone")?;
        let mut fields = Vec::new();
        for given in &self.field {
            let (key, value) =
                given.split_once('=').with_context(|| format!("--field {given}: write KEY=VALUE"))?;
            if ws.assets.field(key).is_none() {
                bail!("there is no field {key:?}");
            }
            fields.push((key.into(), Some(value.into()).filter(|value: &SmolStr| !value.is_empty())));
        }
        let registration = Registration {
            edit: ContactEdit { name: self.name, fields, ..ContactEdit::default() },
            opt_in: self.opt_in,
            subscribe: vec![self.to.given()],
            draw: self.draw,
            welcome: self.welcome.map(|text| (SmolStr::default(), text)).into_iter().collect(),
            ..Registration::of(whom)
        };
        let done = while_busy(is_busy, async || register(&context, workspace.id, registration.clone()).await)
            .await?;
        let made = if done.value.made { "new" } else { "known" };
        println!("contact {} ({made})", done.value.contact);
        for (kind, number) in &done.value.numbers {
            println!("{kind} {number}");
        }
        done.value.subscriptions.iter().for_each(told);
        Ok(ExitCode::SUCCESS)
    }
}

/// Subscribes somebody who is known. Messages go strictly after now.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling programme subscribe --urn tel:+254700000001 --set mothers.child --day 2027-05-17")]
pub struct Subscribe {
    #[command(flatten)]
    person: Person,
    #[command(flatten)]
    to: To,
}

impl Subscribe {
    /// Does it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let (context, workspace, contact) = self.person.find().await?;
        let to = self.to.given();
        let done = while_busy(is_busy, async || subscribe(&context, workspace.id, contact, to.clone()).await)
            .await?;
        told(&done.value);
        Ok(ExitCode::SUCCESS)
    }
}

/// Switches somebody, and at an event or with another day those who get messages about them.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling programme switch birth --urn tel:+254700000001 --day 2027-05-17
  seedling programme switch loss --urn tel:+254700000001 --reason stillbirth --no-support
  seedling programme switch language --urn tel:+254700000001 --to swa
  seedling programme switch address --urn tel:+254700000001 --to tel:+254711111111
  seedling programme switch medium --urn tel:+254700000001 --from mothers.text --to mothers.audio
  seedling programme switch day --urn tel:+254700000001 --from mothers.pregnancy --day 2027-06-02")]
pub struct SwitchOne {
    /// language, address, medium, day, or an event that the programme knows, such as birth
    what: String,
    #[command(flatten)]
    person: Person,
    /// The set that it is about, for medium and day
    #[arg(long, value_name = "NAME")]
    from: Option<SmolStr>,
    /// The language, address or set that it becomes
    #[arg(long, value_name = "WHAT")]
    to: Option<SmolStr>,
    /// The day from which the set counts
    #[arg(long, value_name = "DATE")]
    day: Option<Date>,
    /// Why, as a word that can be counted
    #[arg(long, value_name = "WORD")]
    reason: Option<SmolStr>,
    /// They do not want the messages of a set that asks first
    #[arg(long)]
    no_support: bool,
}

impl SwitchOne {
    fn asked(&self) -> anyhow::Result<Switch> {
        let to = || self.to.clone().context("say what it becomes: --to");
        let from = || self.from.clone().context("say which set: --from");
        Ok(match self.what.as_str() {
            "language" => Switch::Language(to()?),
            "address" => Switch::Address(to()?.parse::<Urn>()?),
            "medium" => Switch::Medium { from: from()?, to: to()? },
            "day" => Switch::Day { set: from()?, day: self.day.context("say which day: --day")? },
            event => Switch::Event {
                event: event.into(),
                day: self.day,
                reason: self.reason.clone(),
                wanted: !self.no_support,
            },
        })
    }

    /// Does it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let asked = self.asked()?;
        let (context, workspace, contact) = self.person.find().await?;
        let done = while_busy(is_busy, async || switch(&context, workspace.id, contact, asked.clone()).await)
            .await?;
        done.value.iter().for_each(told);
        Ok(ExitCode::SUCCESS)
    }
}

/// What shall become of the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Nothing is said to them any more
    Stop,
    /// As that, and what is known of them is erased
    Forget,
    /// Their programmes end without another word
    Loss,
}

/// Ends all programmes of somebody.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling programme opt-out --urn tel:+254700000001 --reason not_useful
  seedling programme opt-out --urn tel:+254700000001 --kind loss --reason miscarriage")]
pub struct OptOutOne {
    #[command(flatten)]
    person: Person,
    /// What shall become of them
    #[arg(long, value_enum, default_value_t = Kind::Stop)]
    kind: Kind,
    /// Why, as a word that can be counted
    #[arg(long, value_name = "WORD")]
    reason: SmolStr,
}

impl OptOutOne {
    /// Does it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let (context, workspace, contact) = self.person.find().await?;
        let kind = match self.kind {
            Kind::Stop => OptOutKind::Stop,
            Kind::Forget => OptOutKind::Forget,
            Kind::Loss => OptOutKind::Loss,
        };
        let out = OptOut { kind, reason: self.reason };
        while_busy(is_busy, async || opt_out(&context, workspace.id, contact, out.clone()).await).await?;
        println!("done");
        Ok(ExitCode::SUCCESS)
    }
}

/// Sends the last message of somebody's programmes once more; their position stays.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling programme resend --urn tel:+254700000001")]
pub struct Resend {
    #[command(flatten)]
    person: Person,
}

impl Resend {
    /// Does it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let (context, workspace, contact) = self.person.find().await?;
        let done = while_busy(is_busy, async || resend_last(&context, workspace.id, contact).await).await?;
        println!("message {} goes once more", done.value);
        Ok(ExitCode::SUCCESS)
    }
}
