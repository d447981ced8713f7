//! Building the binary and running it, with example data or against fake carriers.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::{debian, shell, workspace};

/// `cargo x demo`: the development build, because it is ready in half the time of a release build and a
/// handful of people on a chat page never notice the difference.
pub fn run(options: &[String]) -> Result<()> {
    let binary = build(&[])?;
    shell::run(Command::new(binary).arg("demo").args(options))
}

/// `cargo x drill …`: the release build, because its figures are what people compare.
pub fn drill(arguments: &[String]) -> Result<()> {
    let binary = build(&["--release"])?;
    shell::run(Command::new(binary).arg("drill").args(arguments))
}

/// `cargo x failover …`: a real Patroni cluster whose primary is killed under load.
pub fn failover(arguments: &[String]) -> Result<()> {
    debian::ensure_postgresql()?;
    debian::ensure("etcd", "etcd-server")?;
    debian::ensure("patroni", "patroni")?;
    let binary = build(&["--release"])?;
    shell::run(
        Command::new("cargo")
            .args(["build", "--quiet", "--release", "--package", "failover"])
            .current_dir(workspace::root()),
    )?;
    let drill = workspace::target_directory().join("release").join("failover");
    shell::run(Command::new(drill).arg("--binary").arg(binary).args(arguments))
}

/// Builds the binary and returns where it lies.
pub fn build(options: &[&str]) -> Result<PathBuf> {
    eprintln!("building seedling (the first time takes a few minutes)");
    shell::run(
        Command::new("cargo")
            .args(["build", "--quiet", "--package", "seedling"])
            .args(options)
            .current_dir(workspace::root()),
    )?;
    let profile = if options.contains(&"--release") { "release" } else { "debug" };
    Ok(workspace::target_directory().join(profile).join("seedling"))
}
