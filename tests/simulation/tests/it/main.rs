//! Seeds that showed a defect once, by the name of the defect, and that a seed decides a run.

use simulation::run::{self, Outcome};
use simulation::trace::Show;

/// One node, as when these went wrong.
fn check(seed: u64) -> Outcome {
    let outcome = run::seed(seed, 1, Show::Hash);
    assert!(outcome.complaints.is_empty(), "seed {seed}: {:#?}", outcome.complaints);
    outcome
}

/// A seed, and what went wrong in it. What a seed does changes when faults are added; it stays a run like another.
const ONCE_WRONG: &[(u64, &str)] = &[
    (6, "a node that stopped span until what was under way had come back"),
    (13, "the same, with nothing else wrong"),
    (14, "what a commit claimed whose answer was lost stayed in the hand of nobody"),
    (20, "the same, with retries behind it"),
    (8, "a reply overtook one that was written by a commit whose answer was lost"),
    (36, "the same, with more than one reply behind it"),
    (12, "an effect was never called after a commit whose answer was lost"),
];

#[test]
fn what_went_wrong_once_goes_right() {
    for (seed, what) in ONCE_WRONG {
        println!("seed {seed}: {what}");
        check(*seed);
    }
}

#[test]
fn the_same_seed_goes_the_same_way() {
    for seed in 100..103 {
        let (first, second) = (check(seed), check(seed));
        assert!(first.events > 100, "{first:?}");
        assert_eq!(first.hash, second.hash, "seed {seed}");
    }
}
