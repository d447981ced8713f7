//! What the tests need beyond cargo: taken from Debian's packages when it is missing, never silently.

use std::process::Command;

use anyhow::{Result, bail};

use crate::shell;

/// Makes sure that `program` can be run, installing Debian's `package` if it cannot.
pub fn ensure(program: &str, package: &str) -> Result<()> {
    if shell::exists(program) {
        return Ok(());
    }
    if !shell::exists("apt-get") {
        bail!("`{program}` is missing and this is not Debian: install {package} by hand, then run again");
    }
    eprintln!("   `{program}` is missing: installing Debian's package {package}");
    shell::run(apt(&["update", "-qq"]).env("DEBIAN_FRONTEND", "noninteractive"))?;
    shell::run(
        apt(&["install", "-y", "-qq", "--no-install-recommends", package])
            .env("DEBIAN_FRONTEND", "noninteractive"),
    )
}

/// apt-get, through sudo unless the caller is root already.
fn apt(arguments: &[&str]) -> Command {
    let root = shell::output(std::path::Path::new("."), "id", &["-u"]).is_ok_and(|id| id.trim() == "0");
    let mut command = Command::new(if root { "apt-get" } else { "sudo" });
    if !root {
        command.args(["--preserve-env=DEBIAN_FRONTEND", "apt-get"]);
    }
    command.args(arguments);
    command
}
