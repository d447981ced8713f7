//! `cargo x check`: everything that can be said of the code without running it.

use std::process::Command;

use anyhow::{Result, bail};

use crate::{shell, tidy, workspace};

/// Runs every part, also after one failed, so that one run shows everything there is to mend.
pub fn run() -> Result<()> {
    let root = workspace::root();
    let cargo = |arguments: &[&str]| {
        let mut command = Command::new("cargo");
        command.args(arguments).current_dir(&root);
        command
    };
    let mut failed = Vec::new();
    let mut part = |name: &'static str, work: &mut dyn FnMut() -> Result<()>| {
        if let Err(error) = shell::step(name, &mut *work) {
            eprintln!("── {error:#}");
            failed.push(name);
        }
    };
    part("format", &mut || shell::run(&mut cargo(&["fmt", "--all", "--check"])));
    part("tidy", &mut || tidy::run(&root));
    part("lints", &mut || {
        shell::run(&mut cargo(&[
            "clippy",
            "--quiet",
            "--workspace",
            "--all-targets",
            "--locked",
            "--",
            "-D",
            "warnings",
        ]))
    });
    part("documentation", &mut || {
        shell::run(
            cargo(&["doc", "--quiet", "--workspace", "--no-deps", "--locked"])
                .env("RUSTDOCFLAGS", "-D warnings"),
        )
    });
    if !failed.is_empty() {
        bail!("check failed in: {}", failed.join(", "));
    }
    Ok(())
}
