//! Whole nodes in one process under virtual time, on one store in memory, with everything going wrong that may go wrong:
//! what a seed decides happens again with the same seed. `docs/simulation.md` says what it proves and how to use it.

mod carriers;
mod chance;
mod check;
mod gate;
mod host;
mod jobs;
mod ledger;
pub mod listening;
pub mod marks;
mod nodes;
mod people;
mod programme;
pub mod run;
pub mod scenario;
pub mod trace;
mod world;
