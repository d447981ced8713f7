//! `conformance DIR [--family NAME] [--verbose]`: runs given cases against the pure crates.
//!
//! Prints `NAME: N passed, N failed` per family and a total; exits with 0 only if nothing failed. A case
//! that cannot be run counts as failed, never as skipped, so that the figures are honest.

use std::{path::PathBuf, process::ExitCode};

use conformance::{
    discover,
    report::{Filter, Report},
};

const USAGE: &str = "usage: conformance DIR [--family NAME] [--verbose]

  DIR            a folder of cases: the whole set, one of its folders, or one file of cases
  --family NAME  run only families of that name or below it, e.g. gen_functions or flows/generated
  --verbose      show the first differences of each family";

/// What the command line asked for.
struct Arguments {
    dir: PathBuf,
    family: Option<String>,
    verbose: bool,
}

fn arguments() -> Result<Arguments, String> {
    let (mut dir, mut family, mut verbose) = (None, None, false);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--family" => family = Some(words.next().ok_or("--family needs a name")?),
            "--verbose" => verbose = true,
            "--help" | "-h" => return Err(String::new()),
            other if other.starts_with("--") => return Err(format!("unknown option {other}")),
            other if dir.is_none() => dir = Some(PathBuf::from(other)),
            other => return Err(format!("unexpected argument {other}")),
        }
    }
    let dir = dir.ok_or("which folder of cases?")?;
    if !dir.exists() {
        return Err(format!("{} does not exist", dir.display()));
    }
    Ok(Arguments { dir, family, verbose })
}

fn main() -> ExitCode {
    let arguments = match arguments() {
        Ok(arguments) => arguments,
        Err(message) => {
            eprintln!("{message}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    // A panic is a failed case and is reported with it; the default hook would print it a second time.
    std::panic::set_hook(Box::new(|_| {}));
    let mut report = Report::new(Filter::new(arguments.family), arguments.verbose);
    for suite in discover::suites(&arguments.dir) {
        suite.run(&mut report);
    }
    report.finish()
}
