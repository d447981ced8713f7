//! `cargo x fuzz`: builds the fuzzer with stable Rust and lets it try to break the parsers. See docs/fuzzing.md.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::{shell, workspace};

/// What makes libFuzzer see which branches an input takes. cargo-fuzz does the same on nightly, where it has names.
const INSTRUMENTED: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing";
/// Longest input, in bytes: long enough for whole flows.
const INPUT_BYTES_MAX: &str = "4096";
/// Longest time that one input may take. The slowest good ones take milliseconds.
const INPUT_SECONDS_MAX: &str = "10";
/// Memory of the whole process; one input may hold far less (`fuzz/src/memory.rs`).
const MEMORY_MB_MAX: &str = "2048";

/// What to try, and how long.
#[derive(Args)]
pub struct Options {
    /// One target, such as templates or sessions; all without it
    target: Option<String>,
    /// How long to try each target
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Instead of searching: add the fewest inputs found so far that reach everything to `fuzz/corpus`
    #[arg(long)]
    keep: bool,
}

struct Places {
    corpus: PathBuf,
    regressions: PathBuf,
    dictionaries: PathBuf,
    /// Inputs found on the way; they are only worth keeping after `--keep`.
    grown: PathBuf,
}

/// Builds once, then tries each target; all are tried also after one finding.
pub fn run(options: &Options) -> Result<()> {
    let root = workspace::root();
    let folder = root.join("fuzz");
    let built = workspace::target_directory().join("fuzz");
    let places = Places {
        corpus: folder.join("corpus"),
        regressions: folder.join("regressions"),
        dictionaries: folder.join("dictionaries"),
        grown: built.join("grown"),
    };
    let targets = targets(&places.corpus, options.target.as_deref())?;
    let program = build(&folder, &built)?;
    let mut found = Vec::new();
    for target in &targets {
        if options.keep {
            keep(&program, target, &places)?;
        } else if !search(&program, target, options.seconds, &places)? {
            found.push(target.as_str());
        }
    }
    if !found.is_empty() {
        bail!(
            "something broke: {}. The inputs are in fuzz/regressions, where `cargo test -p fuzzing` tries them again",
            found.join(", ")
        );
    }
    Ok(())
}

/// Every target has a folder of seeds, which a test sees to.
fn targets(corpus: &Path, wanted: Option<&str>) -> Result<Vec<String>> {
    let entries = fs::read_dir(corpus).with_context(|| format!("cannot read {}", corpus.display()))?;
    let mut names: Vec<String> =
        entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.sort_unstable();
    match wanted {
        None => Ok(names),
        Some(wanted) if names.iter().any(|name| name == wanted) => Ok(vec![wanted.to_owned()]),
        Some(wanted) => bail!("there is no target {wanted}; there are {}", names.join(", ")),
    }
}

fn build(folder: &Path, target_directory: &Path) -> Result<PathBuf> {
    let version = shell::output(folder, "rustc", &["-vV"])?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.context("rustc -vV names no host; is the Rust toolchain whole?")?;
    eprintln!("building the fuzzer");
    shell::run(
        Command::new("cargo")
            // Named, so that the flags are not for build scripts and macros too.
            .args(["build", "--quiet", "--release", "--target", host])
            .env("RUSTFLAGS", INSTRUMENTED)
            .env("CARGO_TARGET_DIR", target_directory)
            .current_dir(folder),
    )?;
    Ok(target_directory.join(host).join("release").join("fuzz"))
}

/// Lets the fuzzer search; whether it found nothing.
fn search(program: &Path, target: &str, seconds: u32, places: &Places) -> Result<bool> {
    let (grown, regressions) = (places.grown.join(target), places.regressions.join(target));
    fs::create_dir_all(&grown)?;
    fs::create_dir_all(&regressions)?;
    let log = places.grown.join(format!("{target}.log"));
    let mut command = fuzzer(program, target);
    command
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-timeout={INPUT_SECONDS_MAX}"))
        .arg(format!("-rss_limit_mb={MEMORY_MB_MAX}"))
        .arg(format!("-artifact_prefix={}/", regressions.display()))
        .args(["-len_control=20", "-print_final_stats=1"]);
    let dictionary = places.dictionaries.join(format!("{target}.dict"));
    if dictionary.is_file() {
        command.arg(format!("-dict={}", dictionary.display()));
    }
    command.arg(&grown).arg(places.corpus.join(target)).stderr(fs::File::create(&log)?);
    let status = command.status().with_context(|| format!("cannot start {}", program.display()))?;
    let said = fs::read_to_string(&log).unwrap_or_default();
    eprintln!("{target:<22} {}", figures(&said));
    if !status.success() {
        eprintln!("{target} broke ({status}); all of it is in {}", log.display());
        let telling = |line: &&str| {
            line.contains("panicked at")
                || line.contains("Test unit written to")
                || line.contains("ERROR:")
                || line.contains("holds more than")
        };
        said.lines().filter(telling).for_each(|line| eprintln!("   {line}"));
    }
    // An empty folder would only be noise.
    let _ = fs::remove_dir(&regressions);
    Ok(status.success())
}

/// Adds to the seeds the fewest inputs that reach what they do not.
fn keep(program: &Path, target: &str, places: &Places) -> Result<()> {
    let mut command = fuzzer(program, target);
    command.arg("-set_cover_merge=1").arg(places.corpus.join(target)).arg(places.grown.join(target));
    shell::run(command.stderr(Stdio::null()))
}

fn fuzzer(program: &Path, target: &str) -> Command {
    let mut command = Command::new(program);
    command.arg(format!("-max_len={INPUT_BYTES_MAX}")).env("FUZZ_TARGET", target);
    command
}

/// How much was tried, from what libFuzzer prints at the end.
fn figures(said: &str) -> String {
    let figure = |name: &str| {
        let line = said.lines().find_map(|line| line.strip_prefix(name));
        line.map_or("?", str::trim).to_owned()
    };
    format!(
        "{} inputs, {}/s, {} MB",
        figure("stat::number_of_executed_units:"),
        figure("stat::average_exec_per_sec:"),
        figure("stat::peak_rss_mb:")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_found_in_the_log() {
        let said = "stat::number_of_executed_units: 120\nstat::average_exec_per_sec:     60\n";
        assert_eq!(figures(said), "120 inputs, 60/s, ? MB");
    }
}
