//! The `seedling` binary: command line, signals, wiring.
//!
//! Each command is one file in `commands`; it reads its options, calls the crates below and prints. Errors are
//! shown once, here, with their whole chain: what was tried, what is wrong, what to do.

mod commands;
mod here;
mod options;
mod serve;

use std::process::ExitCode;

use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Guided conversations with many people, on one binary and one store.
#[derive(Parser)]
#[command(name = "seedling", version, arg_required_else_help = true, after_help = commands::EXAMPLE)]
struct Arguments {
    #[command(subcommand)]
    command: commands::Command,
}

fn main() -> ExitCode {
    match Arguments::parse().command.run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("seedling: {error:#}");
            ExitCode::FAILURE
        }
    }
}
