//! Tokens into trees: precedence climbing.

use smol_str::SmolStr;

use super::lexer::{Kind, Token, tokens, unescape};
use super::tree::{Operator, Shape, Tree};

/// Deepest nesting of an expression.
pub const MAX_DEPTH: usize = 100;
/// Characters of the source that a syntax error shows.
const SHOWN: usize = 10;

/// Why a text is not an expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SyntaxError {
    /// Something stands where it cannot.
    #[error("syntax error at {0}")]
    Unexpected(String),
    /// Nested deeper than [`MAX_DEPTH`].
    #[error("expression is too complex to evaluate")]
    TooComplex,
}

/// The tree of an expression (without `@(` and `)`).
///
/// # Errors
/// [`SyntaxError`] at the first token that does not fit.
pub fn parse(source: &str) -> Result<Tree, SyntaxError> {
    let mut parser = Parser { source, tokens: tokens(source), next: 0, depth: 0 };
    let tree = parser.expression(0)?;
    parser.expect(Kind::End)?;
    Ok(tree)
}

struct Parser<'a> {
    source: &'a str,
    tokens: Vec<Token>,
    next: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self, ahead: usize) -> Kind {
        self.tokens.get(self.next + ahead).map_or(Kind::End, |token| token.kind)
    }

    fn advance(&mut self) -> Token {
        let token = self.tokens[self.next].clone();
        // The end is never passed, so that there always is a token.
        self.next = (self.next + 1).min(self.tokens.len() - 1);
        token
    }

    fn text(&self, token: &Token) -> SmolStr {
        SmolStr::new(&self.source[token.span.clone()])
    }

    fn unexpected<T>(&self) -> Result<T, SyntaxError> {
        let rest = &self.source[self.tokens[self.next].span.start..];
        Err(SyntaxError::Unexpected(rest.chars().take(SHOWN).collect()))
    }

    fn expect(&mut self, kind: Kind) -> Result<Token, SyntaxError> {
        if self.peek(0) == kind { Ok(self.advance()) } else { self.unexpected() }
    }

    fn accept(&mut self, sign: &'static str) -> bool {
        let found = self.peek(0) == Kind::Sign(sign);
        if found {
            self.advance();
        }
        found
    }

    fn deeper<T>(
        &mut self,
        parse: impl FnOnce(&mut Self) -> Result<T, SyntaxError>,
    ) -> Result<T, SyntaxError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(SyntaxError::TooComplex);
        }
        let result = parse(self);
        self.depth -= 1;
        result
    }

    fn expression(&mut self, least: u8) -> Result<Tree, SyntaxError> {
        self.deeper(|parser| {
            let mut left = parser.unary()?;
            while let Kind::Sign(sign) = parser.peek(0)
                && let Some(operator) = Operator::of_sign(sign)
                && operator.precedence() > least
            {
                parser.advance();
                let right = parser.expression(operator.precedence())?;
                let span = left.span.start..right.span.end;
                let shape = Shape::Binary { operator, left: Box::new(left), right: Box::new(right) };
                left = built(shape, span)?;
            }
            Ok(left)
        })
    }

    fn unary(&mut self) -> Result<Tree, SyntaxError> {
        let start = self.tokens[self.next].span.start;
        if self.accept("-") {
            let operand = self.deeper(Self::unary)?;
            let span = start..operand.span.end;
            return built(Shape::Negate(Box::new(operand)), span);
        }
        let token = self.tokens[self.next].clone();
        let shape = match token.kind {
            Kind::Number => Shape::Number(self.text(&token)),
            Kind::Text => Shape::Text(unescape(&self.source[token.span.clone()]).into()),
            Kind::Name => match keyword(&self.source[token.span.clone()]) {
                Some(shape) => shape,
                None => {
                    self.advance();
                    let name = Tree::new(Shape::Name(self.text(&token)), token.span);
                    return self.lookups(name);
                }
            },
            Kind::Sign("(") if self.at_lambda() => return self.lambda(),
            Kind::Sign("(") => {
                self.advance();
                let inner = self.expression(0)?;
                let end = self.expect(Kind::Sign(")"))?.span.end;
                let tree = built(Shape::Parentheses(Box::new(inner)), start..end)?;
                return self.lookups(tree);
            }
            _ => return self.unexpected(),
        };
        self.advance();
        Ok(Tree::new(shape, token.span))
    }

    /// What may follow a name or a parenthesis: properties, items, arguments. Literals have none.
    fn lookups(&mut self, mut tree: Tree) -> Result<Tree, SyntaxError> {
        let start = tree.span.start;
        loop {
            let shape = if self.accept(".") {
                self.property(tree)?
            } else if self.accept("[") {
                let index = self.expression(0)?;
                self.expect(Kind::Sign("]"))?;
                Shape::Index { of: Box::new(tree), index: Box::new(index) }
            } else if self.accept("(") {
                Shape::Call { callee: Box::new(tree), arguments: self.arguments()? }
            } else {
                return Ok(tree);
            };
            let end = self.tokens[self.next - 1].span.end;
            tree = built(shape, start..end)?;
        }
    }

    fn property(&mut self, of: Tree) -> Result<Shape, SyntaxError> {
        match self.peek(0) {
            Kind::Name => {
                let token = self.advance();
                Ok(Shape::Property { of: Box::new(of), name: self.text(&token) })
            }
            Kind::Number => {
                let token = self.advance();
                let text = self.text(&token);
                // `.1.0` was read as a number with a fraction, but means item 0 of item 1.
                let Some((first, second)) = text.split_once('.') else {
                    return Ok(Shape::Property { of: Box::new(of), name: text });
                };
                let span = of.span.start..token.span.start + first.len();
                let inner = Tree::new(Shape::Property { of: Box::new(of), name: first.into() }, span);
                Ok(Shape::Property { of: Box::new(inner), name: second.into() })
            }
            _ => self.unexpected(),
        }
    }

    fn arguments(&mut self) -> Result<Vec<Tree>, SyntaxError> {
        let mut arguments = Vec::new();
        if self.accept(")") {
            return Ok(arguments);
        }
        loop {
            arguments.push(self.expression(0)?);
            if self.accept(")") {
                return Ok(arguments);
            }
            self.expect(Kind::Sign(","))?;
        }
    }

    /// Whether `(x, y) =>` comes next.
    fn at_lambda(&self) -> bool {
        let mut ahead = 1;
        if self.peek(ahead) == Kind::Name {
            ahead += 1;
            while self.peek(ahead) == Kind::Sign(",") && self.peek(ahead + 1) == Kind::Name {
                ahead += 2;
            }
        }
        self.peek(ahead) == Kind::Sign(")") && self.peek(ahead + 1) == Kind::Sign("=>")
    }

    fn lambda(&mut self) -> Result<Tree, SyntaxError> {
        let start = self.advance().span.start;
        let mut parameters = Vec::new();
        loop {
            let token = self.advance();
            match token.kind {
                Kind::Name => parameters.push(self.text(&token)),
                Kind::Sign("=>") => break,
                _ => {}
            }
        }
        let body = self.expression(0)?;
        let span = start..body.span.end;
        built(Shape::Lambda { parameters, body: Box::new(body) }, span)
    }
}

/// A tree, unless it is too deep to be evaluated on a small stack.
fn built(shape: Shape, span: std::ops::Range<usize>) -> Result<Tree, SyntaxError> {
    let tree = Tree::new(shape, span);
    if tree.height > MAX_DEPTH { Err(SyntaxError::TooComplex) } else { Ok(tree) }
}

fn keyword(name: &str) -> Option<Shape> {
    if name.eq_ignore_ascii_case("true") {
        Some(Shape::Boolean(true))
    } else if name.eq_ignore_ascii_case("false") {
        Some(Shape::Boolean(false))
    } else if name.eq_ignore_ascii_case("null") {
        Some(Shape::Null)
    } else {
        None
    }
}
