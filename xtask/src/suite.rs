//! `cargo x test`: every test there is, each once.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::{debian, shell, sim, workspace};

/// Rounds of kill -9 in the everyday run; `cargo x drill crash --rounds 50` is the long one.
const CRASH_ROUNDS: &str = "3";

/// Seeds of the simulation in the everyday run; `cargo x sim --seeds 20000` is the long one.
const SEEDS: &str = "2000";

/// Crates first (they build the binary that the rest uses), then browser, crashes and simulation. Every part runs, also after
/// one failed, so that one run shows everything there is to mend.
pub fn run() -> Result<()> {
    let root = workspace::root();
    let mut failed = Vec::new();
    let mut part = |name: &'static str, work: &mut dyn FnMut() -> Result<()>| {
        if let Err(error) = shell::step(name, &mut *work) {
            eprintln!("── {error:#}");
            failed.push(name);
        }
    };
    part("crates", &mut || {
        debian::ensure_postgresql()?;
        debian::ensure_pgbouncer()?;
        debian::ensure("openssl", "openssl")?;
        python_client(&root)?;
        let tests = ["test", "--workspace", "--locked", "--no-fail-fast"];
        shell::run(Command::new("cargo").args(tests).current_dir(&root))
    });
    let binary = workspace::target_directory().join("debug").join("seedling");
    part("chat page in a browser", &mut || browser(&root.join("tests/browser"), &binary));
    part("crash drill", &mut || {
        shell::run(Command::new(&binary).args(["drill", "crash", "--rounds", CRASH_ROUNDS]))
    });
    part("simulation", &mut || sim::run(&["--seeds".to_owned(), SEEDS.to_owned()]));
    if !failed.is_empty() {
        bail!("tests failed in: {}", failed.join(", "));
    }
    Ok(())
}

/// The client of RapidPro's API that programs in Python use, in an environment of its own in the target folder.
fn python_client(root: &Path) -> Result<()> {
    debian::ensure("python3", "python3")?;
    let folder = workspace::target_directory().join("rapidpro-python");
    let python = folder.join("bin/python");
    let there = |python: &Path| {
        let asked = Command::new(python).args(["-c", "import temba_client"]).output();
        asked.is_ok_and(|output| output.status.success())
    };
    if there(&python) {
        return Ok(());
    }
    eprintln!("   installing the Python client of RapidPro's API");
    let venv = Command::new("python3").args(["-m", "venv"]).arg(&folder).output();
    if !venv.is_ok_and(|output| output.status.success()) {
        debian::add("python3-venv")?;
        shell::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    }
    let requirements = root.join("crates/seedling/tests/python/requirements.txt");
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"];
    shell::run(Command::new(&python).args(install).arg(requirements))
}

/// Playwright drives Debian's Chromium; the download of its own browser is switched off.
fn browser(folder: &Path, binary: &Path) -> Result<()> {
    debian::ensure("node", "nodejs")?;
    debian::ensure("npm", "npm")?;
    debian::ensure("chromium", "chromium")?;
    if !folder.join("node_modules/@playwright/test").is_dir() {
        eprintln!("   installing the Node packages of tests/browser");
        shell::run(
            Command::new("npm")
                .args(["ci", "--no-audit", "--no-fund", "--loglevel=error"])
                .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")
                .current_dir(folder),
        )?;
    }
    shell::run(
        Command::new("npx")
            .args(["--no-install", "playwright", "test"])
            .env("SEEDLING_BINARY", binary)
            .current_dir(folder),
    )
}
