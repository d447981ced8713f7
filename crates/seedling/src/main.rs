//! The `seedling` binary: command line, signals, wiring.
//!
//! Each command is one file in `commands`; it reads its options, calls the crates below and prints. Errors are
//! shown once, here, with their whole chain: what was tried, what is wrong, what to do.

mod audience;
mod commands;
mod here;
mod listener;
mod made_file;
mod options;
mod patience;
mod progress;
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

/// The status of a program that wrote to somebody who had gone, as shells know it (128 + SIGPIPE).
pub const READER_GONE: i32 = 141;

fn main() -> ExitCode {
    end_quietly_without_a_reader();
    match Arguments::parse().command.run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("seedling: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// `seedling … | head` ends when `head` has seen enough. The standard library turns that into a panic; people
/// expect silence.
fn end_quietly_without_a_reader() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let message = panic.payload_as_str().unwrap_or_default();
        if message.starts_with("failed printing to stdout") && message.contains("Broken pipe") {
            std::process::exit(READER_GONE);
        }
        usual(panic);
    }));
}
