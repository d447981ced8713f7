//! Seeds that showed a defect once, by the name of the defect, and that a seed decides a run.

use simulation::run::{self, Outcome};
use simulation::trace::Show;

fn check(seed: u64, nodes: u64) -> Outcome {
    let outcome = run::seed(seed, nodes, Show::Hash);
    assert!(outcome.complaints.is_empty(), "seed {seed}: {:#?}", outcome.complaints);
    outcome
}

/// A seed, how many nodes there were, and what went wrong in it. What a seed does changes when faults are added; it stays a run like another.
const ONCE_WRONG: &[(u64, u64, &str)] = &[
    (6, 1, "a node that stopped span until what was under way had come back"),
    (13, 1, "the same, with nothing else wrong"),
    (14, 1, "what a commit claimed whose answer was lost stayed in the hand of nobody"),
    (20, 1, "the same, with retries behind it"),
    (8, 1, "a reply overtook one that was written by a commit whose answer was lost"),
    (36, 1, "the same, with more than one reply behind it"),
    (12, 1, "an effect was never called after a commit whose answer was lost"),
    (6175, 3, "a reply went before what a claim had found, which waited for somebody else's"),
    (16829, 3, "the same, with what was found after a commit whose answer was lost"),
    (12154, 3, "behind a message that was refused for good, the next went before that was written down"),
    (6761, 3, "a node that was taken for dead called a web service once more"),
    (28091, 3, "a wait never timed out, as the clock was put back just when it was to"),
];

#[test]
fn what_went_wrong_once_goes_right() {
    for (seed, nodes, what) in ONCE_WRONG {
        println!("seed {seed}: {what}");
        check(*seed, *nodes);
    }
}

#[test]
fn the_same_seed_goes_the_same_way() {
    for seed in 100..103 {
        let (first, second) = (check(seed, 1), check(seed, 1));
        assert!(first.events > 100, "{first:?}");
        assert_eq!(first.hash, second.hash, "seed {seed}");
    }
}
