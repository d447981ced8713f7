//! What a look over the whole store found.

use serde::Serialize;
use smol_str::SmolStr;

use crate::TallyKind;

/// A count that is not what the rows say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CountDifference {
    /// Row number of the workspace.
    pub workspace: i64,
    /// Local day, days since 1970-01-01; `None` for a sum over all days.
    pub day: Option<i32>,
    /// What is counted.
    pub kind: TallyKind,
    /// Row number of the line or flow; 0 if the kind has none.
    pub subject: i64,
    /// Under which name.
    pub name: SmolStr,
    /// As kept.
    pub kept: i64,
    /// As counted anew.
    pub found: i64,
}

/// A rule that rows break.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Broken {
    /// The rule.
    pub rule: String,
    /// How many rows break it.
    pub rows: i64,
    /// Some of them, by row number.
    pub examples: Vec<i64>,
}

/// What was looked at and what is wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Counts and rules that were looked at.
    pub checked: u64,
    /// Counts that are wrong.
    pub differences: Vec<CountDifference>,
    /// Rules that are broken.
    pub broken: Vec<Broken>,
}

impl Verified {
    /// Whether nothing is wrong.
    pub fn is_right(&self) -> bool {
        self.differences.is_empty() && self.broken.is_empty()
    }
}
