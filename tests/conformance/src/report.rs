//! Counts what passed and failed per family and prints it.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    process::ExitCode,
};

/// How many differences of a family are shown with `--verbose`.
const MAX_DIFFERENCES: usize = 12;

/// Longest difference that is shown, in characters.
const MAX_DIFFERENCE_CHARS: usize = 600;

/// What a case came to: nothing, or what is different.
pub type Outcome = Result<(), String>;

/// Which families to run.
pub struct Filter(Option<String>);

impl Filter {
    /// All families, or only those called `name` or below it.
    pub fn new(name: Option<String>) -> Self {
        Self(name)
    }

    /// Whether a family is wanted.
    pub fn wants(&self, family: &str) -> bool {
        self.0.as_deref().is_none_or(|name| {
            let name = name.trim_end_matches('/');
            family == name || family.strip_prefix(name).is_some_and(|rest| rest.starts_with('/'))
        })
    }
}

#[derive(Default)]
struct Family {
    passed: usize,
    failed: usize,
    differences: Vec<String>,
}

/// The counts of every family that was run.
pub struct Report {
    filter: Filter,
    verbose: bool,
    families: BTreeMap<String, Family>,
}

impl Report {
    /// An empty report.
    pub fn new(filter: Filter, verbose: bool) -> Self {
        Self { filter, verbose, families: BTreeMap::new() }
    }

    /// Whether a family is wanted; ask before reading its cases.
    pub fn wants(&self, family: &str) -> bool {
        self.filter.wants(family)
    }

    /// Runs one case and counts it. A panic is a failed case.
    pub fn case(&mut self, family: &str, id: &str, run: impl FnOnce() -> Outcome) {
        let outcome = catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
            let text = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or("without a message");
            Err(format!("panicked: {text}"))
        });
        let counts = self.families.entry(family.to_owned()).or_default();
        match outcome {
            Ok(()) => counts.passed += 1,
            Err(difference) => {
                counts.failed += 1;
                if counts.differences.len() < MAX_DIFFERENCES {
                    let short: String = difference.chars().take(MAX_DIFFERENCE_CHARS).collect();
                    counts.differences.push(format!("{id}: {short}"));
                }
            }
        }
    }

    /// Prints every family and the total; success only if nothing failed.
    pub fn finish(self) -> ExitCode {
        let (mut passed, mut failed) = (0, 0);
        for (name, family) in &self.families {
            println!("{name}: {} passed, {} failed", family.passed, family.failed);
            if self.verbose {
                for difference in &family.differences {
                    println!("  {difference}");
                }
            }
            passed += family.passed;
            failed += family.failed;
        }
        println!("total: {passed} passed, {failed} failed");
        if failed == 0 && passed > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
