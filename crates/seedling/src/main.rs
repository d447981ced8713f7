//! The `seedling` binary: command line, signals, wiring.

fn main() {}
