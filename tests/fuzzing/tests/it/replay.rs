//! Every input kept in `fuzz/`, once more.

use std::{fs, path::PathBuf};

use fuzzing::TARGETS;

/// The inputs of a target: its corpus, and what once broke it.
fn inputs(kind: &str, target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz").join(kind).join(target);
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort_unstable();
    paths.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

fn replay(kind: &str) {
    for target in TARGETS {
        for (path, input) in inputs(kind, target.name) {
            // The name of the input is the last line before a failure.
            println!("{}", path.display());
            target.check(&input);
        }
    }
}

#[test]
fn inputs_that_once_broke_a_target_do_so_no_longer() {
    replay("regressions");
}

#[test]
fn the_corpus_breaks_nothing() {
    replay("corpus");
}

#[test]
fn every_target_has_a_corpus() {
    for target in TARGETS {
        assert!(!inputs("corpus", target.name).is_empty(), "{} has no seeds in fuzz/corpus", target.name);
    }
}
