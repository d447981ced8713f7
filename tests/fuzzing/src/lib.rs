//! What must hold for any input: nothing panics, hangs or takes memory without bound, and what is written can be read.
//!
//! Each [`Target`] is a plain function over bytes, so that the same claims are tried by libFuzzer (`cargo x fuzz`), by
//! property tests, and by `cargo test`, which replays every input kept in `fuzz/`. Where bytes alone would only ever
//! test the first lines of a parser, they are read as [`Choices`] that make something valid. See docs/fuzzing.md.

pub mod choices;
pub mod conversation;
pub mod flow;
pub mod mutation;
pub mod old_flow;
mod targets;
pub mod world;

pub use choices::Choices;

/// Bytes of an input; what is longer is cut. Long inputs make a fuzzer slow, and what grows with the square of the
/// length is seen well below.
pub const MAX_INPUT_BYTES: usize = 16 * 1024;

/// One parser, and what must hold for whatever it is given.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Name, also of its folder in `fuzz/corpus`.
    pub name: &'static str,
    /// Panics if something does not hold.
    pub run: fn(&[u8]),
}

/// Every target.
pub const TARGETS: &[Target] = &[
    Target { name: "templates", run: targets::templates::run },
    Target { name: "legacy_templates", run: targets::templates::run_legacy },
    Target { name: "dates", run: targets::words::run_dates },
    Target { name: "numbers", run: targets::words::run_numbers },
    Target { name: "patterns", run: targets::words::run_patterns },
    Target { name: "addresses", run: targets::words::run_addresses },
    Target { name: "queries", run: targets::queries::run },
    Target { name: "definitions", run: targets::definitions::run },
    Target { name: "mutated_definitions", run: targets::definitions::run_mutated },
    Target { name: "migrations", run: targets::definitions::run_migrations },
    Target { name: "legacy_definitions", run: targets::definitions::run_legacy },
    Target { name: "exports", run: targets::exports::run },
    Target { name: "translations", run: targets::files::run_translations },
    Target { name: "tables", run: targets::files::run_tables },
    Target { name: "csv", run: targets::files::run_csv },
    Target { name: "cron", run: targets::clock::run_cron },
    Target { name: "spool", run: targets::spool::run },
    Target { name: "sessions", run: targets::sessions::run },
    Target { name: "conversations", run: targets::sessions::run_conversations },
    Target { name: "carriers", run: targets::carriers::run },
    Target { name: "whatsapp", run: targets::carriers::run_whatsapp },
];

/// The target of that name.
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

impl Target {
    /// Runs it on an input, cut to its limit.
    pub fn check(&self, input: &[u8]) {
        (self.run)(&input[..input.len().min(MAX_INPUT_BYTES)]);
    }
}
