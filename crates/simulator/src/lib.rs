//! Fake carriers, phones and load, for rehearsals and for the crash drill.
//!
//! Everything here stands outside a node, as carriers and people do: it speaks HTTP to the real binary and
//! judges by what comes back. Nothing looks into the node's store, so nothing can be fooled by it.

pub mod carrier;
pub mod connections;
pub mod crash;
pub mod faults;
pub mod latency;
pub mod launch;
pub mod ledger;
pub mod load;
pub mod phones;
pub mod process;
pub mod roll;
pub mod scratch;
pub mod several;
pub mod whatsapp;
mod wire;

/// A conversation of two questions, as an export that `seedling import` reads. Each reply ends with the
/// message that it answers, so that the ledger can tell which is which.
pub const TWO_QUESTIONS: &str = include_str!("../../../testdata/drill/two_questions.json");

/// A flow behind the keyword `quiet`: it waits a minute for a word, and asks whether somebody is there.
pub const SILENCE: &str = include_str!("../../../testdata/drill/silence.json");
