//! Regular expressions.

use std::cell::RefCell;
use std::rc::Rc;

use regex::Regex;

use super::Outcome;
use crate::{Builtin, Evaluation, Fault, Value, pattern};

/// Compiled patterns that each thread keeps, because the pattern of a call is known only when it is made.
const KEPT: usize = 64;

pub(super) const BUILTINS: &[Builtin] = &[Builtin::between("regex_match", 2, 3, regex_match)];

/// The group (default: 0, all of it) of the first match. No match is an error, as is a group that is not there.
fn regex_match(_: &Evaluation<'_>, args: &[Value]) -> Outcome {
    let (text, source) = (args[0].to_text(), args[1].to_text());
    let group = args.get(2).map(Value::to_integer).transpose()?.unwrap_or(0);
    let regex = compiled(&source).ok_or_else(|| Fault::new("invalid regular expression"))?;
    let no_group = || Fault::new("invalid regular expression group");
    let captures = regex.captures(&text).ok_or_else(no_group)?;
    let group = usize::try_from(group).ok().filter(|group| *group < captures.len()).ok_or_else(no_group)?;
    Ok(Value::text(captures.get(group).map_or("", |found| found.as_str())))
}

fn compiled(source: &str) -> Option<Rc<Regex>> {
    thread_local! {
        /// The most recently used last.
        static PATTERNS: RefCell<Vec<(String, Rc<Regex>)>> = const { RefCell::new(Vec::new()) };
    }
    PATTERNS.with_borrow_mut(|patterns| {
        if let Some(index) = patterns.iter().position(|(known, _)| known == source) {
            let entry = patterns.remove(index);
            let regex = entry.1.clone();
            patterns.push(entry);
            return Some(regex);
        }
        let regex = Rc::new(pattern::compile(source).ok()?);
        if patterns.len() >= KEPT {
            patterns.remove(0);
        }
        patterns.push((source.to_owned(), regex.clone()));
        Some(regex)
    })
}
