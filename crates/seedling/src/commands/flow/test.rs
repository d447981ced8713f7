//! `seedling flow test FILE [TEST…]`: recorded conversations as tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use serde_json::json;

use super::file::FlowFile;
use super::replay::{Difference, replay};
use super::script::{self, MAX_FILE_BYTES, Script};

/// The ending of files of tests.
const ENDING: &str = "flowtest";

/// Plays recorded conversations against flows and shows what is no longer as it was written.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling flow test export.json
  seedling flow test export.json registration.flowtest --json

Without TEST all .flowtest files beside FILE are played. Exit status 0 if every test passes. How tests are written:
docs/test-a-flow.md; `seedling flow run FILE --record TEST` writes one.")]
pub struct Test {
    /// An export or a flow definition
    file: PathBuf,
    /// Files of tests, or folders of them
    #[arg(value_name = "TEST")]
    tests: Vec<PathBuf>,
    /// The flow of tests that name none, by name or uuid
    #[arg(long, value_name = "NAME")]
    flow: Option<String>,
    /// One JSON object for each test: file, test, line, passed, difference
    #[arg(long)]
    json: bool,
}

/// What came of one test.
enum Verdict {
    Passed,
    Differs(Difference),
    /// It could not be played.
    Impossible(String),
}

impl Test {
    /// Plays the tests and prints what came of each.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let file = FlowFile::read(&self.file)?;
        let (mut passed, mut failed) = (0, 0);
        for path in self.test_files()? {
            if !self.json {
                println!("{}", path.display());
            }
            for script in read(&path)? {
                let verdict = self.play(&file, &script);
                let is_passed = matches!(verdict, Verdict::Passed);
                if is_passed {
                    passed += 1
                } else {
                    failed += 1
                }
                match self.json {
                    true => println!("{}", as_json(&path, &script, &verdict)),
                    false => print_for_people(&script, &verdict),
                }
            }
        }
        if !self.json {
            println!("{passed} passed, {failed} failed");
        }
        Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn play(&self, file: &FlowFile, script: &Script) -> Verdict {
        let chosen = file.chosen(script.flow.as_deref().or(self.flow.as_deref()));
        match chosen.and_then(|definition| replay(file, definition, script)) {
            Ok(None) => Verdict::Passed,
            Ok(Some(difference)) => Verdict::Differs(difference),
            Err(error) => Verdict::Impossible(format!("{error:#}")),
        }
    }

    /// The files that were named, or those beside the flows.
    fn test_files(&self) -> anyhow::Result<Vec<PathBuf>> {
        if self.tests.is_empty() {
            let folder =
                self.file.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
            return tests_in(folder);
        }
        let mut files = Vec::new();
        for path in &self.tests {
            if path.is_dir() { files.extend(tests_in(path)?) } else { files.push(path.clone()) }
        }
        Ok(files)
    }
}

fn tests_in(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let shown = folder.display();
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read the folder {shown}"))?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == ENDING))
        .collect();
    files.sort();
    if files.is_empty() {
        bail!(
            "there is no .{ENDING} file in {shown}; write one with seedling flow run FILE --record TEST.{ENDING}"
        );
    }
    Ok(files)
}

fn read(path: &Path) -> anyhow::Result<Vec<Script>> {
    let shown = path.display();
    let size = fs::metadata(path).with_context(|| format!("cannot read {shown}"))?.len();
    if size > MAX_FILE_BYTES {
        bail!("{shown} has {size} bytes; files of tests have at most {MAX_FILE_BYTES}");
    }
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {shown}"))?;
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    script::read(&text, &name).with_context(|| format!("{shown} cannot be understood"))
}

fn print_for_people(script: &Script, verdict: &Verdict) {
    let name = &script.name;
    let indented = |text: &str| text.lines().map(|line| format!("      {line}\n")).collect::<String>();
    match verdict {
        Verdict::Passed => println!("  ok      {name}"),
        Verdict::Impossible(reason) => println!("  FAILED  {name}\n    {reason}"),
        Verdict::Differs(Difference { line, expected, got }) => println!(
            "  FAILED  {name}\n    line {line}: expected\n{}    got\n{}",
            indented(expected),
            indented(got).trim_end()
        ),
    }
}

fn as_json(path: &Path, script: &Script, verdict: &Verdict) -> serde_json::Value {
    let difference = match verdict {
        Verdict::Passed => None,
        Verdict::Differs(Difference { line, expected, got }) => {
            Some(json!({"line": line, "expected": expected, "got": got}))
        }
        Verdict::Impossible(reason) => Some(json!({"line": script.line, "reason": reason})),
    };
    json!({
        "file": path, "test": script.name, "line": script.line,
        "passed": matches!(verdict, Verdict::Passed), "difference": difference,
    })
}
