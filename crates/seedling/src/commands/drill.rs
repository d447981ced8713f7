//! `seedling drill …`: rehearsals against the real binary.

mod carrier;
mod crash;
mod load;

use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};

/// Rehearsals before a launch.
#[derive(Args)]
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
    /// Be an EX carrier: print what a node sends, hand in what is typed
    Carrier(carrier::Carrier),
}

impl Drill {
    /// Runs the rehearsal on one thread: it shares the machine with the node that it measures.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("cannot start the runtime")?;
        match self.kind {
            Kind::Load(load) => runtime.block_on(load.run()),
            Kind::Crash(crash) => runtime.block_on(crash.run()),
            Kind::Carrier(carrier) => runtime.block_on(carrier.run()),
        }
    }
}
