//! libFuzzer over one target, named in the environment: `cargo x fuzz NAME` builds and starts it with its limits.
//!
//! One program for all targets, because linking one for each costs minutes and nothing is gained by it.
#![no_main]

mod memory;

use std::sync::LazyLock;

use fuzzing::Target;
use libfuzzer_sys::fuzz_target;

/// Variable that names the target.
const VARIABLE: &str = "FUZZ_TARGET";

static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let name = std::env::var(VARIABLE).unwrap_or_default();
    match fuzzing::target(&name) {
        Some(target) => *target,
        None => {
            let names: Vec<&str> = fuzzing::TARGETS.iter().map(|target| target.name).collect();
            eprintln!("{VARIABLE} is '{name}'; it must be one of {}", names.join(", "));
            std::process::exit(2);
        }
    }
});

fuzz_target!(|input: &[u8]| {
    let target = *TARGET;
    memory::begin();
    target.check(input);
    memory::end();
});
