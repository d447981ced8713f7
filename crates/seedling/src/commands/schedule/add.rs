//! `seedling schedule add NAME`: when something is said to many, or a flow starts for many.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use domain::Cron;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use operations::{Moments, NewSchedule, Workspace, add_schedule, broadcast_spec};
use store::CatchUp;

use super::{line, object};
use crate::audience::{Audience, Content};
use crate::options::{StoreOptions, WorkspaceOption};

/// Makes a schedule: again and again with --cron, or once with --at. A node that serves begins the work.
#[derive(Args)]
#[command(
    group = clap::ArgGroup::new("when").required(true).args(["cron", "at"]),
    after_help = "\
Example:
  seedling schedule add Reminder --cron '0 8 * * MON-FRI' --group Mothers --text \"Drink clean water.\"
  seedling schedule add Survey --at 2027-01-15T09:00 --query 'age > 18' --flow Survey
  seedling schedule add Nightly --cron @daily --zone UTC --group Staff --flow Report --missed each --missed-limit 3

Fields of --cron: minute hour day month weekday. When the clocks change, a time that does not exist comes at the first
moment after, and a time that exists twice comes the first time; with * as the hour every hour that passes counts.
docs/jobs.md says more."
)]
pub struct Add {
    /// Its name
    name: String,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
    /// When, again and again, as in '0 8 * * MON-FRI' or @daily
    #[arg(long, value_name = "EXPRESSION")]
    cron: Option<Cron>,
    /// When, once: 2027-01-15T09:00 in the zone, or with an offset as in 2027-01-15T06:00Z
    #[arg(long, value_name = "MOMENT")]
    at: Option<String>,
    /// Zone of the times, as in Africa/Nairobi; the workspace's without it
    #[arg(long, value_name = "ZONE")]
    zone: Option<String>,
    /// What becomes of moments at which no node was there
    #[arg(long, value_enum, default_value_t = Missed::Once)]
    missed: Missed,
    /// With --missed each, for how many of them at most, the first ones
    #[arg(long, value_name = "N", default_value_t = 10)]
    missed_limit: i64,
    #[command(flatten)]
    to: Audience,
    #[command(flatten)]
    content: Content,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

/// What becomes of missed moments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Missed {
    /// They are left out
    Skip,
    /// The work begins once for all of them
    Once,
    /// The work begins for each of them, up to --missed-limit
    Each,
}

impl Add {
    /// Makes it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let context = self.store.open().await?;
        let row = self.workspace.choose(&context).await?;
        let workspace =
            context.registry.workspace(&context, row.id).await?.context("the workspace is gone")?;
        let moments = match (&self.cron, &self.at) {
            (Some(cron), _) => Moments::Cron(cron.clone()),
            (None, Some(at)) => Moments::Once(self.moment(at, &workspace)?),
            (None, None) => bail!("say when: --cron or --at"),
        };
        let Some(said) = self.content.said(&workspace)? else { bail!("say what: --text or --flow") };
        let spec = broadcast_spec(&context, row.id, said, self.to.recipients(&workspace)?).await?;
        let new = NewSchedule {
            workspace: row.id,
            name: self.name.as_str().into(),
            moments,
            zone: self.zone.as_deref().map(Into::into),
            catch_up: match self.missed {
                Missed::Skip => CatchUp::Skip,
                Missed::Once => CatchUp::Once,
                Missed::Each => CatchUp::Each,
            },
            catch_up_limit: self.missed_limit,
            spec,
        };
        let schedule = add_schedule(&context, new).await?;
        println!("{}", if self.json { object(&schedule).to_string() } else { line(&schedule) });
        Ok(ExitCode::SUCCESS)
    }

    /// A moment with an offset, or as the clocks of the zone show it.
    fn moment(&self, text: &str, workspace: &Workspace) -> anyhow::Result<Timestamp> {
        if let Ok(moment) = text.parse::<Timestamp>() {
            return Ok(moment);
        }
        let zone = match &self.zone {
            Some(name) => TimeZone::get(name).with_context(|| format!("{name:?} is no time zone"))?,
            None => workspace.env.timezone.clone(),
        };
        let shown: DateTime = text.parse().with_context(|| {
            format!("{text:?} is no moment; write it as in 2027-01-15T09:00 or 2027-01-15T06:00Z")
        })?;
        let zoned: Zoned = shown.to_zoned(zone)?;
        Ok(zoned.timestamp())
    }
}
