//! `seedling drill …`: rehearsals against the real binary.

mod carrier;
mod crash;
mod history;
mod launch;
mod load;
mod roll;
mod timers;

use std::process::ExitCode;

use clap::{Args, Subcommand};

/// Rehearsals before a launch.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling drill load --rate 500 --seconds 30
  seedling drill crash --rounds 20
  seedling drill history --data ./full --messages 1000000")]
pub struct Drill {
    #[command(subcommand)]
    kind: Kind,
}

#[derive(Subcommand)]
enum Kind {
    /// Play carriers and people at a fixed rate and follow every message
    Load(load::Load),
    /// Kill the node under load, again and again, and check what people got
    Crash(crash::Crash),
    /// Play a launch like the WHO's: everybody comes within two days, played in minutes
    Launch(launch::Launch),
    /// Restart nodes one after the other under load and check that nobody notices
    Roll(roll::Roll),
    /// Let very many timers be due at once while people write
    Timers(timers::Timers),
    /// Fill an empty store with conversations of the past, to hold drills on
    History(history::MakeHistory),
    /// Be an EX carrier: print what a node sends, hand in what is typed
    Carrier(carrier::Carrier),
}

impl Drill {
    /// Runs the rehearsal.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self.kind {
            Kind::Load(load) => load.run().await,
            Kind::Crash(crash) => crash.run().await,
            Kind::Launch(launch) => launch.run().await,
            Kind::Roll(roll) => roll.run().await,
            Kind::Timers(timers) => timers.run().await,
            Kind::History(history) => history.run().await,
            Kind::Carrier(carrier) => carrier.run().await,
        }
    }
}
