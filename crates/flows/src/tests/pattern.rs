//! Test of regular expressions.

use expressions::{Fault, Object, Value, pattern};
use regex::Regex;
use smol_str::format_smolstr;

use super::Match;

/// `has_pattern`: the pattern matches somewhere. Its groups are the extra, under their numbers.
#[derive(Clone, Debug)]
pub(super) struct PatternTest {
    pattern: Regex,
}

impl PatternTest {
    pub(super) fn new(argument: &Value) -> Result<Self, Fault> {
        let pattern =
            pattern::compile(&argument.to_text()).map_err(|invalid| Fault::new(invalid.to_string()))?;
        Ok(Self { pattern })
    }

    pub(super) fn run(&self, text: &str) -> Option<Match> {
        let found = self.pattern.captures(text)?;
        let groups: Object = found
            .iter()
            .enumerate()
            .map(|(number, group)| (format_smolstr!("{number}"), group.map_or("", |group| group.as_str())))
            .collect();
        Some(Match { value: found[0].into(), extra: Some(Value::object(groups)) })
    }
}
