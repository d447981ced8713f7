//! `seedling media …`: files that people sent.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, Subcommand};
use node::{Config, Layer, MoveMedia, Surroundings, media_place_named, move_media};

use crate::options::StoreOptions;

/// Files that people sent.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling media move --from ./seedling-data/media --to s3 --config /etc/seedling.toml

docs/media.md says more.")]
pub struct Media {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Move all files from a folder to the bucket, or back
    Move(Move),
}

/// Moves files from one place to another: each is copied, read back, and compared by its digest. May run beside nodes and be
/// run again: what is there is known. Ends with 1 if a file is missing or damaged.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling media move --from ./seedling-data/media --to s3 --config /etc/seedling.toml
  seedling media move --from ./seedling-data/media --to s3 --config /etc/seedling.toml --remove --trust-sizes")]
struct Move {
    #[command(flatten)]
    store: StoreOptions,
    /// Where files lie: a folder, or s3
    #[arg(long, value_name = "DIR|s3")]
    from: PathBuf,
    /// Where they shall lie: a folder, or s3
    #[arg(long, value_name = "DIR|s3")]
    to: PathBuf,
    /// Remove files where they lay, once they are there
    #[arg(long)]
    remove: bool,
    /// Take files that are there already with the right size as right, without reading them
    #[arg(long)]
    trust_sizes: bool,
    /// Settings in TOML, as the node has them
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Media {
    /// Does it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self.action {
            Action::Move(moving) => moving.run().await,
        }
    }
}

impl Move {
    async fn run(self) -> anyhow::Result<ExitCode> {
        if self.from == self.to {
            bail!("--from and --to name the same place");
        }
        let flags = Layer { data: Some(self.store.data.clone()), ..Layer::default() };
        let config = Config::load(flags, self.config.as_deref())?;
        let surroundings = Surroundings::system(false)?;
        let wanted = MoveMedia {
            from: media_place_named(&self.from, &config, &surroundings)?,
            to: media_place_named(&self.to, &config, &surroundings)?,
            removes: self.remove,
            trusts_sizes: self.trust_sizes,
        };
        let context = self.store.open().await?;
        let done = move_media(&context.store, &wanted, |done| {
            eprintln!("{} files: {} copied, {} there", done.files, done.copied, done.there);
        });
        let done = done.await?;
        println!(
            "{} files: {} copied ({} bytes), {} were there, {} removed where they lay",
            done.files, done.copied, done.bytes, done.there, done.removed
        );
        for (what, names) in [("missing", &done.missing), ("damaged", &done.damaged)] {
            for name in names {
                println!("{what}: {name}");
            }
        }
        let is_whole = done.missing.is_empty() && done.damaged.is_empty();
        Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
