//! What can be said of a template without evaluating it: mistakes that an author wants to hear of before people
//! write in.

use std::fmt;

use smol_str::SmolStr;

use crate::Library;
use crate::scan::{NAMED, Piece, lookup_expression, pieces};
use crate::syntax::{self, Shape, Tree};

/// A mistake in a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The expression as it is written, with its `@`.
    pub source: SmolStr,
    /// What is wrong with it.
    pub message: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} in {}", self.message, self.source)
    }
}

/// Mistakes of a template over the top-level names `tops` (lower case) and the functions of `library`: what does
/// not parse, functions that do not exist, calls with too few or too many arguments, names that nothing has, and
/// an `@(` that is never closed.
pub fn mistakes(template: &str, tops: &[&str], library: &Library) -> Vec<Mistake> {
    let mut found = Vec::new();
    for piece in pieces(template, tops) {
        match piece {
            Piece::Expression(span) => {
                let source = &template[span.clone()];
                let mut add = |message| found.push(Mistake { source: source.into(), message });
                match syntax::parse(&template[span.start + 2..span.end - 1]) {
                    Ok(tree) => names(&tree, &mut Vec::new(), tops, library, &mut add),
                    Err(error) => add(error.to_string()),
                }
            }
            Piece::Lookup(span) => {
                let source = &template[span.clone()];
                let mut add = |message| found.push(Mistake { source: source.into(), message });
                let tops: Vec<&str> = tops.iter().copied().chain([NAMED]).collect();
                match syntax::parse(&lookup_expression(&source[1..], &tops)) {
                    Ok(tree) => names(&tree, &mut Vec::new(), &tops, library, &mut add),
                    Err(error) => add(error.to_string()),
                }
            }
            Piece::Text(span) if template[span.clone()].contains("@(") => found.push(Mistake {
                source: template[span].into(),
                message: "an expression is never closed".to_owned(),
            }),
            Piece::Text(_) | Piece::Escape(_) | Piece::Path(_) => {}
        }
    }
    found
}

/// Goes through an expression with the parameters of the lambdas around it in `known`.
fn names(
    tree: &Tree,
    known: &mut Vec<SmolStr>,
    tops: &[&str],
    library: &Library,
    add: &mut dyn FnMut(String),
) {
    tree.walk(&mut |part| match &part.shape {
        Shape::Name(name) => {
            let name = name.to_lowercase();
            let exists = tops.contains(&name.as_str())
                || known.iter().any(|parameter| *parameter == name)
                || library.get(&name).is_some();
            if !exists {
                add(format!("there is no {name}"));
            }
            false
        }
        Shape::Call { callee, arguments } => {
            if let Shape::Name(name) = &callee.shape {
                check_arguments(&name.to_lowercase(), arguments.len(), library, add);
            }
            true
        }
        Shape::Lambda { parameters, body } => {
            let outside = known.len();
            known.extend(parameters.iter().map(|parameter| SmolStr::new(parameter.to_lowercase())));
            names(body, known, tops, library, add);
            known.truncate(outside);
            false
        }
        Shape::Null
        | Shape::Boolean(_)
        | Shape::Number(_)
        | Shape::Text(_)
        | Shape::Property { .. }
        | Shape::Index { .. }
        | Shape::Negate(_)
        | Shape::Binary { .. }
        | Shape::Parentheses(_) => true,
    });
}

fn check_arguments(name: &str, given: usize, library: &Library, add: &mut dyn FnMut(String)) {
    let Some(builtin) = library.get(name) else { return };
    if given < builtin.min_args || given > builtin.max_args {
        let (least, most) = (builtin.min_args, builtin.max_args);
        let wanted = match (least, most) {
            (least, usize::MAX) => format!("at least {least}"),
            (least, most) if least == most => least.to_string(),
            (least, most) => format!("{least} to {most}"),
        };
        add(format!("{name} takes {wanted} arguments, not {given}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authors_hear_of_mistakes() {
        let cases: [(&str, &[&str]); 9] = [
            ("Hi @contact.name, write to me@example.org", &[]),
            ("@(if(contact.name, 1, 2))", &[]),
            ("@(iff(contact.name, 1, 2))", &["there is no iff in @(iff(contact.name, 1, 2))"]),
            ("@(if(contact.name))", &["if takes 3 arguments, not 1 in @(if(contact.name))"]),
            ("@(contact.name &)", &["syntax error at  in @(contact.name &)"]),
            ("@(kontact.name)", &["there is no kontact in @(kontact.name)"]),
            ("@(default((x) => x, y))", &["there is no y in @(default((x) => x, y))"]),
            ("Hi @(contact.name", &["an expression is never closed in Hi @(contact.name"]),
            ("@@(contact.name", &[]),
        ];
        for (template, expected) in cases {
            let found = mistakes(template, &["contact"], Library::standard());
            let found: Vec<String> = found.iter().map(Mistake::to_string).collect();
            assert_eq!(found, expected, "{template}");
        }
    }
}
