//! `cargo x sim`: whole nodes under virtual time, many seeds, built for speed.

use std::process::Command;

use anyhow::Result;

use crate::{shell, workspace};

/// Builds the simulation and hands it these arguments.
pub fn run(arguments: &[String]) -> Result<()> {
    eprintln!("building the simulation (the first time takes a few minutes)");
    let root = workspace::root();
    shell::run(
        Command::new("cargo")
            .args(["build", "--quiet", "--release", "--locked", "--package", "simulation"])
            .current_dir(&root),
    )?;
    let binary = workspace::target_directory().join("release").join("simulation");
    shell::run(Command::new(binary).args(arguments))
}
