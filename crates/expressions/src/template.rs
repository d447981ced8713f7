//! Templates: text with expressions in it, compiled once and rendered many times.

use std::fmt;

use smol_str::SmolStr;

use crate::evaluation::{Evaluation, TOO_COMPLEX};
use crate::program::{Node, Reference, compile};
use crate::scan::{NAMED, Piece, lookup_expression, pieces};
use crate::syntax::{self, SyntaxError, Tree};
use crate::{Library, Value};

/// Most characters a rendered template has unless the caller says otherwise.
pub const MAX_TEMPLATE_CHARS: usize = 10_000;
/// What stands at the end of a text that was cut.
const ELLIPSIS: &str = "...";

/// A compiled template. Compiling never fails: a part that is no expression becomes one whose evaluation is an
/// error. Immutable, so that threads share it.
#[derive(Debug)]
pub struct Template {
    operations: Box<[Operation]>,
    /// Bytes that a rendered text is expected to have.
    expected_length: usize,
    references: Box<[Box<[SmolStr]>]>,
}

#[derive(Debug)]
enum Operation {
    Text(SmolStr),
    Reference { reference: Reference, source: SmolStr },
    Expression { node: Node, source: SmolStr },
    Broken { error: SyntaxError, source: SmolStr },
}

/// A part of a template that could not be evaluated. It adds nothing to the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateError {
    /// The part as it is written, with its `@`.
    pub source: SmolStr,
    /// What is wrong with it.
    pub message: String,
    /// Whether it would have cost too much rather than failed.
    pub too_complex: bool,
}

impl fmt::Display for TemplateError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "error evaluating {}: {}", self.source, self.message)
    }
}

impl std::error::Error for TemplateError {}

/// What a template became: a text ([`Template::render`]) or a value ([`Template::value`]).
#[derive(Clone, Debug)]
pub struct Evaluated<T> {
    /// The result.
    pub value: T,
    /// Parts that failed, in order.
    pub errors: Vec<TemplateError>,
    /// Warnings about deprecated names, in order.
    pub warnings: Vec<SmolStr>,
}

/// How the text of expressions is changed before it joins the template's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Escaping {
    /// Not at all.
    #[default]
    None,
    /// `"` becomes `\"`, for templates of contact queries.
    QuoteBackslash,
    /// The text is put in double quotes, `"` and `\` in it become `\"` and `\\`: one word of a contact query.
    Quoted,
}

impl Template {
    /// What is wrong with the first part that is no expression, found without evaluating anything.
    pub fn problem(&self) -> Option<TemplateError> {
        self.operations.iter().find_map(Operation::problem)
    }

    /// Compiles a template over the top-level names `tops` (lower case) and the functions of `library`.
    pub fn compile(text: &str, tops: &[&str], library: &Library) -> Self {
        let mut operations: Vec<Operation> = Vec::new();
        let mut references = Vec::new();
        for piece in pieces(text, tops) {
            match piece {
                Piece::Text(span) => push_text(&mut operations, &text[span]),
                Piece::Escape(_) => push_text(&mut operations, "@"),
                Piece::Path(span) => {
                    let source = SmolStr::new(&text[span.clone()]);
                    let path = &text[span.start + 1..span.end];
                    operations.push(match syntax::parse(path) {
                        Ok(_) => {
                            let reference = Reference::new(path.split('.'));
                            references.push(reference.keys.clone());
                            Operation::Reference { reference, source }
                        }
                        Err(error) => Operation::Broken { error, source },
                    });
                }
                Piece::Expression(span) => {
                    let source = SmolStr::new(&text[span.clone()]);
                    let written = &text[span.start + 2..span.end - 1];
                    operations.push(operation(written, source, tops, library, &mut references));
                }
                Piece::Lookup(span) => {
                    let source = SmolStr::new(&text[span.clone()]);
                    let written = lookup_expression(&text[span.start + 1..span.end], tops);
                    let tops: Vec<&str> = tops.iter().copied().chain([NAMED]).collect();
                    operations.push(operation(&written, source, &tops, library, &mut references));
                }
            }
        }
        let expected_length = operations.iter().map(Operation::expected_length).sum();
        Self { operations: operations.into(), expected_length, references: references.into() }
    }

    /// Whether the template has no expressions.
    pub fn is_constant(&self) -> bool {
        self.constant().is_some()
    }

    /// The text of a template without expressions.
    pub fn constant(&self) -> Option<&str> {
        match &*self.operations {
            [] => Some(""),
            [Operation::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The lower-case paths that the template refers to, such as `contact.fields.age`, in order, also inside
    /// expressions; names of functions and parameters of lambdas among them.
    pub fn references(&self) -> impl Iterator<Item = &[SmolStr]> + '_ {
        self.references.iter().map(|path| &**path)
    }

    /// The text, cut to at most `max_chars` characters.
    pub fn render(&self, evaluation: &Evaluation<'_>, max_chars: usize) -> Evaluated<String> {
        self.render_escaped(evaluation, max_chars, Escaping::None)
    }

    /// As [`render`](Self::render), with the texts of expressions escaped.
    pub fn render_escaped(
        &self,
        evaluation: &Evaluation<'_>,
        max_chars: usize,
        escaping: Escaping,
    ) -> Evaluated<String> {
        let mut text = String::with_capacity(self.expected_length);
        let mut errors = Vec::new();
        self.render_into(evaluation, escaping, &mut text, &mut errors);
        truncate(&mut text, max_chars);
        Evaluated { value: text, errors, warnings: evaluation.take_warnings() }
    }

    /// Appends the text, uncut, to `text` and what failed to `errors`; leaves the warnings in the evaluation.
    pub fn render_into(
        &self,
        evaluation: &Evaluation<'_>,
        escaping: Escaping,
        text: &mut String,
        errors: &mut Vec<TemplateError>,
    ) {
        for operation in &self.operations {
            if let Operation::Text(literal) = operation {
                text.push_str(literal);
                continue;
            }
            match operation.evaluate(evaluation) {
                Ok(value) => append(&value, escaping, text),
                Err(error) => errors.push(*error),
            }
        }
    }

    /// The value of a template that is exactly one expression; the text of any other. A failed expression gives
    /// an error value.
    pub fn value(&self, evaluation: &Evaluation<'_>, max_chars: usize) -> Evaluated<Value> {
        match &*self.operations {
            [Operation::Text(_)] | [] | [_, _, ..] => {
                let rendered = self.render(evaluation, max_chars);
                Evaluated {
                    value: rendered.value.into(),
                    errors: rendered.errors,
                    warnings: rendered.warnings,
                }
            }
            [operation] => {
                let (value, errors) = match operation.evaluate(evaluation) {
                    Ok(value) => (value, Vec::new()),
                    Err(error) => (Value::error(&error.message), vec![*error]),
                };
                Evaluated { value, errors, warnings: evaluation.take_warnings() }
            }
        }
    }
}

/// An expression, compiled, with what it refers to.
fn operation(
    written: &str,
    source: SmolStr,
    tops: &[&str],
    library: &Library,
    references: &mut Vec<Box<[SmolStr]>>,
) -> Operation {
    match syntax::parse(written) {
        Ok(tree) => {
            collect_references(&tree, references);
            Operation::Expression { node: compile(&tree, tops, library), source }
        }
        Err(error) => Operation::Broken { error, source },
    }
}

impl Operation {
    fn expected_length(&self) -> usize {
        /// Bytes of most names, numbers and answers.
        const USUAL_VALUE: usize = 32;
        match self {
            Self::Text(text) => text.len(),
            Self::Reference { .. } | Self::Expression { .. } => USUAL_VALUE,
            Self::Broken { .. } => 0,
        }
    }

    fn problem(&self) -> Option<TemplateError> {
        match self {
            Self::Broken { error, source } => Some(TemplateError {
                source: source.clone(),
                message: error.to_string(),
                too_complex: matches!(error, SyntaxError::TooComplex),
            }),
            Self::Text(_) | Self::Reference { .. } | Self::Expression { .. } => None,
        }
    }

    fn evaluate(&self, evaluation: &Evaluation<'_>) -> Result<Value, Box<TemplateError>> {
        let (value, too_complex, source) = match self {
            Self::Text(text) => return Ok(Value::Text(text.clone())),
            Self::Reference { reference, source } => (evaluation.reference(reference), false, source),
            Self::Expression { node, source } => {
                let (value, too_complex) = evaluation.expression(node);
                (value, too_complex, source)
            }
            Self::Broken { error: SyntaxError::TooComplex, source } => {
                (Value::error(TOO_COMPLEX), true, source)
            }
            Self::Broken { error, source } => (Value::error(error.to_string()), false, source),
        };
        match value {
            Value::Error(message) => Err(Box::new(TemplateError {
                source: source.clone(),
                message: message.to_string(),
                too_complex,
            })),
            value => Ok(value),
        }
    }
}

fn push_text(operations: &mut Vec<Operation>, text: &str) {
    match operations.last_mut() {
        Some(Operation::Text(before)) => *before = SmolStr::from(format!("{before}{text}")),
        _ => operations.push(Operation::Text(text.into())),
    }
}

fn collect_references(tree: &Tree, references: &mut Vec<Box<[SmolStr]>>) {
    tree.walk(&mut |part| match part.path() {
        Some(path) => {
            references.push(path.into());
            false
        }
        None => true,
    });
}

fn append(value: &Value, escaping: Escaping, text: &mut String) {
    match escaping {
        Escaping::None => value.write_text(text),
        Escaping::QuoteBackslash => text.push_str(&value.to_text().replace('"', "\\\"")),
        Escaping::Quoted => {
            text.push('"');
            text.push_str(&value.to_text().replace('\\', "\\\\").replace('"', "\\\""));
            text.push('"');
        }
    }
}

/// Cuts a text that is longer than `max_chars` characters, so that it ends with an ellipsis.
pub fn truncate(text: &mut String, max_chars: usize) {
    // A text of few bytes has few characters; most are never counted.
    if text.len() <= max_chars || text.chars().count() <= max_chars {
        return;
    }
    let kept = max_chars.saturating_sub(ELLIPSIS.len());
    if let Some((cut, _)) = text.char_indices().nth(kept) {
        text.truncate(cut);
        text.extend(ELLIPSIS.chars().take(max_chars));
    }
}
