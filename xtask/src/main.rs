//! The developer's commands, `cargo x …`: nothing to install but the Rust toolchain.
//!
//! Each command shells out to cargo, npm or the seedling binary and says what it runs, so that anybody can
//! repeat a step by hand. What a step needs from Debian it installs itself and says so.

mod bench;
mod check;
mod debian;
mod demo;
mod fuzz;
mod shell;
mod sim;
mod suite;
mod tidy;
mod workspace;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// What a developer does with this repository.
#[derive(Parser)]
#[command(name = "cargo x", bin_name = "cargo x", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build Seedling and run it with example data: a chat page to open and a carrier to talk to
    Demo {
        /// Further options for `seedling demo`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        options: Vec<String>,
    },
    /// Every test: crates, chat page in a browser, a short crash drill
    Test,
    /// Format, lints, documentation, crate map, sizes, dependencies, licences
    Check,
    /// Run given cases and print what passes, a line per family
    Conformance {
        /// A folder of cases, then options such as --family NAME or --verbose
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Measure the hot paths in release mode
    Bench {
        /// A crate (flows), a bench target or one figure (sprint_memory); all without it
        name: Option<String>,
        /// One JSON object per figure: name, value, unit
        #[arg(long)]
        json: bool,
    },
    /// Rehearse with the release binary: `cargo x drill load --rate 1800 --seconds 60`
    Drill {
        /// What `seedling drill` is given
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Kill the primary of a real Patroni cluster under load: `cargo x failover --rounds 5`
    Failover {
        /// `--rounds N`, `--rate R`, `--nodes N`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Whole nodes under virtual time with everything going wrong: `cargo x sim --seeds 2000`
    Sim {
        /// `--seeds N`, `--from SEED`, or `--seed SEED --trace`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Let fuzzers try to break the parsers: `cargo x fuzz templates --seconds 600`
    Fuzz(fuzz::Options),
    /// Format every Rust file
    Fmt,
    /// Only the fast part of `check`: crate map, sizes, wording, dependencies
    Tidy {
        /// The repository to look at; this one without it
        #[arg(long)]
        root: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Demo { options } => demo::run(&options),
        Command::Test => suite::run(),
        Command::Check => check::run(),
        Command::Conformance { arguments } => conformance(&arguments),
        Command::Bench { name, json } => bench::run(name.as_deref(), json),
        Command::Drill { arguments } => demo::drill(&arguments),
        Command::Failover { arguments } => demo::failover(&arguments),
        Command::Sim { arguments } => sim::run(&arguments),
        Command::Fuzz(options) => fuzz::run(&options),
        Command::Fmt => shell::cargo(&["fmt", "--all"]),
        Command::Tidy { root } => tidy::run(&root.unwrap_or_else(workspace::root)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\ncargo x: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs in the caller's folder, so that a relative path means what the caller meant.
fn conformance(arguments: &[String]) -> anyhow::Result<()> {
    let mut line = vec!["run", "--quiet", "--package", "conformance", "--"];
    line.extend(arguments.iter().map(String::as_str));
    shell::cargo(&line)
}
