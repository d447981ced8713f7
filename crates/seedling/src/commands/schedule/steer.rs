//! `seedling schedule pause|resume|remove NAME`.

use std::process::ExitCode;

use clap::Args;
use operations::{pause_schedule, remove_schedule};

use super::{Which, line};

/// Lets a schedule rest or go on, or removes it. Moments that come while it rests are missed: what becomes of them the
/// schedule says.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling schedule pause Reminder
  seedling schedule resume Reminder
  seedling schedule remove Reminder")]
pub struct Steer {
    #[command(flatten)]
    which: Which,
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// It rests.
    Pause,
    /// It goes on.
    Resume,
    /// It is removed.
    Remove,
}

impl Steer {
    /// Does it.
    pub async fn run(self, what: What) -> anyhow::Result<ExitCode> {
        let (context, workspace, row) = self.which.find().await?;
        match what {
            What::Pause | What::Resume => {
                let row = pause_schedule(&context, workspace.id, row.uuid, what == What::Pause).await?;
                println!("{}", line(&row));
            }
            What::Remove => {
                remove_schedule(&context, workspace.id, row.uuid).await?;
                println!("removed {:?}", row.name);
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
