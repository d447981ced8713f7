//! Trees as text again, in one plain style.

use std::fmt::{Display, Formatter, Result, Write};

use crate::text_form::quote;

use super::tree::{Shape, Tree};

impl Display for Tree {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        match &self.shape {
            Shape::Null => out.write_str("null"),
            Shape::Boolean(value) => write!(out, "{value}"),
            Shape::Number(text) => out.write_str(text),
            Shape::Text(text) => out.write_str(&quote(text)),
            Shape::Name(name) => out.write_str(&name.to_lowercase()),
            Shape::Property { of, name } => write!(out, "{of}.{}", name.to_lowercase()),
            Shape::Index { of, index } => write!(out, "{of}[{index}]"),
            Shape::Call { callee, arguments } => {
                write!(out, "{callee}(")?;
                separated(out, arguments)?;
                out.write_char(')')
            }
            Shape::Negate(operand) => write!(out, "-{operand}"),
            Shape::Binary { operator, left, right } => write!(out, "{left} {} {right}", operator.sign()),
            Shape::Lambda { parameters, body } => {
                out.write_char('(')?;
                separated(out, parameters.iter().map(|name| name.to_lowercase()))?;
                write!(out, ") => {body}")
            }
            Shape::Parentheses(inner) => write!(out, "({inner})"),
        }
    }
}

fn separated<T: Display>(out: &mut Formatter<'_>, items: impl IntoIterator<Item = T>) -> Result {
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.write_str(", ")?;
        }
        write!(out, "{item}")?;
    }
    Ok(())
}
