//! What the tests need beyond cargo: taken from Debian's packages when it is missing, never silently.

use std::process::Command;

use anyhow::{Result, bail};

use crate::shell;

/// Where Debian puts PostgreSQL's programs, a folder for each version; they are not in PATH.
const POSTGRESQL: &str = "/usr/lib/postgresql";

/// Makes sure that `program` can be run, installing Debian's `package` if it cannot.
pub fn ensure(program: &str, package: &str) -> Result<()> {
    if shell::exists(program) { Ok(()) } else { install(program, package) }
}

/// Makes sure that there is a PostgreSQL server for tests to start.
pub fn ensure_postgresql() -> Result<()> {
    let mut versions = std::fs::read_dir(POSTGRESQL).into_iter().flatten().flatten();
    let installed = versions.any(|version| version.path().join("bin/initdb").is_file());
    if installed || shell::exists("initdb") { Ok(()) } else { install("initdb", "postgresql") }
}

/// Makes sure that there is a PgBouncer for tests to start. Debian puts it where only root looks.
pub fn ensure_pgbouncer() -> Result<()> {
    let installed = std::path::Path::new("/usr/sbin/pgbouncer").is_file();
    if installed { Ok(()) } else { ensure("pgbouncer", "pgbouncer") }
}

/// Installs Debian's `package`, which no program of its own tells of.
pub fn add(package: &str) -> Result<()> {
    install(package, package)
}

fn install(program: &str, package: &str) -> Result<()> {
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
