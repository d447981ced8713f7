//! The grammar of expressions: source text to trees and back.
//!
//! Precedence, high to low: minus sign, `^`, `* /`, `+ -`, `< <= > >=`, `= !=`, `&`; all operators associate to
//! the left. Only names and parentheses can be looked into or called.

pub(crate) mod lexer;
mod parser;
mod printer;
mod tree;

pub use parser::{MAX_DEPTH, SyntaxError, parse};
pub use tree::{Operator, Shape, Tree};
