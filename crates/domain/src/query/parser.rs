//! Turns tokens into a tree.
//!
//! ```text
//! query     = any END
//! any       = all ("or" all)*
//! all       = primary ("and"? primary)*
//! primary   = "(" any ")" | PROPERTY COMPARATOR literal | literal
//! literal   = STRING | PROPERTY | TEXT
//! ```
//!
//! Messages name the tokens that were expected, in the form that clients of RapidPro know.

use smol_str::SmolStr;

use super::{
    MAX_CONDITIONS, MAX_DEPTH,
    ast::{Comparator, Node},
    compile::Compiler,
    errors::QueryError,
    lexer::{Token, TokenKind, tokens},
};

const PRIMARY: &str = "{'(', STRING, PROPERTY, TEXT}";
const LITERAL: &str = "{STRING, PROPERTY, TEXT}";
const CLOSE: &str = "')'";
const END: &str = "<EOF>";

/// Reads a query that is not one of the short forms.
pub fn parse(query: &str, compiler: &Compiler<'_>) -> Result<Node, QueryError> {
    let mut parser = Parser { tokens: tokens(query), at: 0, conditions: 0, compiler };
    let node = parser.any(0)?;
    if parser.kind() != &TokenKind::End {
        return Err(parser.unexpected(END, |kind| kind == &TokenKind::End));
    }
    Ok(node)
}

struct Parser<'a> {
    tokens: Vec<Token<'a>>,
    at: usize,
    conditions: usize,
    compiler: &'a Compiler<'a>,
}

impl<'a> Parser<'a> {
    fn token(&self, ahead: usize) -> &Token<'a> {
        // The last token is the end, and nothing lies behind it.
        &self.tokens[(self.at + ahead).min(self.tokens.len() - 1)]
    }

    fn kind(&self) -> &TokenKind {
        &self.token(0).kind
    }

    fn any(&mut self, depth: usize) -> Result<Node, QueryError> {
        if depth > MAX_DEPTH {
            return Err(QueryError::TooComplex);
        }
        let mut parts = vec![self.all(depth)?];
        while self.kind() == &TokenKind::Or {
            self.at += 1;
            parts.push(self.all(depth)?);
        }
        Ok(Node::Any(parts))
    }

    fn all(&mut self, depth: usize) -> Result<Node, QueryError> {
        let mut parts = vec![self.primary(depth)?];
        loop {
            if self.kind() == &TokenKind::And {
                self.at += 1;
            } else if !starts_primary(self.kind()) {
                return Ok(Node::All(parts));
            }
            parts.push(self.primary(depth)?);
        }
    }

    fn primary(&mut self, depth: usize) -> Result<Node, QueryError> {
        if !starts_primary(self.kind()) {
            return Err(self.unexpected(PRIMARY, starts_primary));
        }
        if self.kind() == &TokenKind::Open {
            self.at += 1;
            let inner = self.any(depth + 1)?;
            self.close()?;
            return Ok(inner);
        }
        self.conditions += 1;
        if self.conditions > MAX_CONDITIONS {
            return Err(QueryError::TooComplex);
        }
        let is_condition = self.kind() == &TokenKind::Property && self.token(1).kind == TokenKind::Comparator;
        let condition = if is_condition {
            let (name, symbol) = (self.token(0).text, self.token(1).text);
            self.at += 2;
            let value = self.literal()?;
            let comparator = Comparator::parse(symbol).unwrap_or(Comparator::Equal);
            self.compiler.named(name, comparator, value)?
        } else {
            let value = self.literal()?;
            self.compiler.implicit(&value)?
        };
        Ok(Node::Condition(Box::new(condition)))
    }

    fn literal(&mut self) -> Result<SmolStr, QueryError> {
        let value = match self.kind() {
            TokenKind::String(value) => value.clone(),
            TokenKind::Property | TokenKind::Text => self.token(0).text.into(),
            TokenKind::Open
            | TokenKind::Close
            | TokenKind::And
            | TokenKind::Or
            | TokenKind::Comparator
            | TokenKind::Unknown
            | TokenKind::End => return Err(self.unexpected(LITERAL, is_literal)),
        };
        self.at += 1;
        Ok(value)
    }

    fn close(&mut self) -> Result<(), QueryError> {
        match self.kind() {
            TokenKind::Close => {
                self.at += 1;
                Ok(())
            }
            TokenKind::End => Err(QueryError::Syntax(format!("missing {CLOSE} at '{}'", self.token(0).text))),
            _ => Err(self.unexpected(CLOSE, |kind| kind == &TokenKind::Close)),
        }
    }

    /// The message for a token that does not fit. If the one behind it would fit, it is one too many.
    fn unexpected(&self, expected: &str, fits: impl Fn(&TokenKind) -> bool) -> QueryError {
        let is_last = self.kind() == &TokenKind::End;
        let word = if !is_last && fits(&self.token(1).kind) { "extraneous" } else { "mismatched" };
        QueryError::Syntax(format!("{word} input '{}' expecting {expected}", self.token(0).text))
    }
}

fn is_literal(kind: &TokenKind) -> bool {
    matches!(kind, TokenKind::String(_) | TokenKind::Property | TokenKind::Text)
}

fn starts_primary(kind: &TokenKind) -> bool {
    kind == &TokenKind::Open || is_literal(kind)
}
