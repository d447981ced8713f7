//! The one way of writing a query: full names of properties, symbols for comparators, values in quotes
//! unless they are plain numbers, parentheses only where two levels meet.

use std::fmt::{self, Write};

use super::ast::{Condition, Node};

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (prefix, key) = (self.property.prefix(), self.property.key());
        write!(f, "{prefix}{key} {} ", self.comparator.symbol())?;
        if is_plain_number(&self.value) { f.write_str(&self.value) } else { quoted(f, &self.value) }
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (parts, joint) = match self {
            Node::Condition(condition) => return condition.fmt(f),
            Node::All(parts) => (parts, " AND "),
            Node::Any(parts) => (parts, " OR "),
        };
        for (at, part) in parts.iter().enumerate() {
            if at > 0 {
                f.write_str(joint)?;
            }
            match part {
                Node::Condition(condition) => condition.fmt(f)?,
                Node::All(_) | Node::Any(_) => write!(f, "({part})")?,
            }
        }
        Ok(())
    }
}

/// Digits, perhaps with a point and more digits.
fn is_plain_number(value: &str) -> bool {
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    match value.split_once('.') {
        Some((whole, fraction)) => is_digits(whole) && is_digits(fraction),
        None => is_digits(value),
    }
}

fn quoted(f: &mut fmt::Formatter<'_>, value: &str) -> fmt::Result {
    f.write_char('"')?;
    for char in value.chars() {
        match char {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\t' => f.write_str("\\t")?,
            '\r' => f.write_str("\\r")?,
            _ => f.write_char(char)?,
        }
    }
    f.write_char('"')
}
