//! What flows of the old specification (before 13.0) wrote differently.

pub mod expressions;
