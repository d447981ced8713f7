//! Runs given cases against the pure crates and prints what passes, a line per family.

fn main() {}
