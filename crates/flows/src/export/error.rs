//! Why an export is refused. It is refused whole: half a programme helps nobody.

use thiserror::Error;

/// Why an export cannot be imported.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ExportError {
    /// It is larger than we are willing to read.
    #[error(
        "the file has {size} bytes, more than the {limit} an export may have; export fewer flows at a time"
    )]
    TooLarge {
        /// The limit.
        limit: usize,
        /// What came.
        size: usize,
    },
    /// It is not JSON, or a part has the wrong shape.
    #[error("line {line}, column {column}: {reason}")]
    Malformed {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What is wrong.
        reason: String,
    },
    /// It is JSON but no export.
    #[error("line {line}, column {column}: this is not a workspace export: {reason}")]
    NotAnExport {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// How we can tell.
        reason: String,
    },
    /// It was made by a newer product.
    #[error(
        "line {line}, column {column}: this export is of version {version}, newer than {known}, the newest this release reads; update Seedling"
    )]
    TooNew {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What it says.
        version: String,
        /// The newest known.
        known: u16,
    },
    /// It is of a generation of which nothing is known.
    #[error(
        "line {line}, column {column}: this export is of version {version}, older than {oldest}, the oldest this release \
         reads; import it into a RapidPro that still reads it and export it from there"
    )]
    TooOld {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What it says.
        version: String,
        /// The oldest known.
        oldest: u16,
    },
    /// A flow breaks a rule.
    #[error("line {line}, column {column}: flow '{flow}' cannot be read: {reason}")]
    Flow {
        /// Line where the flow begins, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// Its name.
        flow: String,
        /// What is wrong.
        reason: String,
    },
    /// A list is too long.
    #[error(
        "the export has {has} {what}, more than the {limit} that one import takes; export fewer at a time"
    )]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The limit.
        limit: usize,
        /// How many there are.
        has: usize,
    },
}
