//! `cargo x bench`: runs the bench targets of every crate in release mode and collects their figures.
//!
//! A bench target is a plain program that prints one JSON object a line: `{"name","value","unit"}`.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::workspace;
use crate::workspace::{items, text};

/// One measured thing.
struct Figure {
    package: String,
    line: Value,
}

/// Runs what `name` asks for: a crate, a bench target, or one figure out of all.
pub fn run(name: Option<&str>, json: bool) -> Result<()> {
    let root = workspace::root();
    let targets = targets(&workspace::metadata(&root)?);
    let named: Vec<&(String, String)> =
        targets.iter().filter(|(package, bench)| name.is_some_and(|n| n == package || n == bench)).collect();
    let by_figure = named.is_empty().then_some(name).flatten();
    let chosen = if named.is_empty() { targets.iter().collect() } else { named };
    let mut found = 0;
    for (package, bench) in chosen {
        for figure in measure(package, bench)? {
            if by_figure.is_some_and(|wanted| text(&figure.line["name"]) != wanted) {
                continue;
            }
            found += 1;
            print(&figure, json);
        }
    }
    if found == 0 {
        bail!("no figure named {}; `cargo x bench` without a name shows all", name.unwrap_or("at all"));
    }
    Ok(())
}

/// The bench targets of the workspace, as (package, bench).
fn targets(metadata: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for package in workspace::members(metadata) {
        for target in items(&package["targets"]) {
            if items(&target["kind"]).any(|kind| text(kind) == "bench") {
                found.push((text(&package["name"]).to_owned(), text(&target["name"]).to_owned()));
            }
        }
    }
    found.sort();
    found
}

fn measure(package: &str, bench: &str) -> Result<Vec<Figure>> {
    eprintln!("measuring {package} ({bench})");
    let output = Command::new("cargo")
        .args(["bench", "--quiet", "--package", package, "--bench", bench])
        .current_dir(workspace::root())
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start cargo")?;
    if !output.status.success() {
        bail!("bench {bench} of {package} failed ({})", output.status);
    }
    let printed = String::from_utf8_lossy(&output.stdout);
    let lines = printed.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    Ok(lines
        .filter(|line| line["name"].is_string() && line["value"].is_number())
        .map(|line| Figure { package: package.to_owned(), line })
        .collect())
}

fn print(figure: &Figure, json: bool) {
    if json {
        println!("{}", figure.line);
        return;
    }
    let value = figure.line["value"].as_f64().unwrap_or_default();
    let shown = if value.abs() >= 1000.0 { format!("{value:.0}") } else { format!("{value:.2}") };
    println!(
        "{:<12} {:<28} {shown:>14} {}",
        figure.package,
        text(&figure.line["name"]),
        text(&figure.line["unit"])
    );
}
