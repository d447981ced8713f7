//! `cargo x test`: every test there is, each once.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::{debian, shell, workspace};

/// Rounds of kill -9 in the everyday run; `cargo x drill crash --rounds 50` is the long one.
const CRASH_ROUNDS: &str = "3";

/// Crates first (they fail fastest and build the binary that the rest uses), then browser and crashes.
pub fn run() -> Result<()> {
    let root = workspace::root();
    shell::step("crates", || {
        shell::run(Command::new("cargo").args(["test", "--workspace", "--locked"]).current_dir(&root))
    })?;
    let binary = workspace::target_directory().join("debug").join("seedling");
    if !binary.is_file() {
        crate::demo::build(&["--locked"])?;
    }
    shell::step("chat page in a browser", || browser(&root.join("tests/browser"), &binary))?;
    shell::step("crash drill", || {
        shell::run(Command::new(&binary).args(["drill", "crash", "--rounds", CRASH_ROUNDS]))
    })
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
