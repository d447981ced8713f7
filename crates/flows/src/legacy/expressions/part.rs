//! Pieces of the present language that migrated expressions are put together from.

use super::syntax::rank;

/// How tightly a name, a literal or a call binds, and a minus sign.
const ATOM: u8 = 8;
const MINUS: u8 = 7;

/// What kind of value a part gives, as far as the old expression tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Unknown,
    Number,
    Date,
    DateTime,
    Time,
}

/// A piece of an expression of the present language.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) text: String,
    pub(super) kind: Kind,
    rank: u8,
}

impl Part {
    /// A name, a literal or a call.
    pub(super) fn atom(text: impl Into<String>) -> Self {
        Self { text: text.into(), kind: Kind::Unknown, rank: ATOM }
    }

    pub(super) fn number(digits: &str) -> Self {
        Self::atom(digits).of(Kind::Number)
    }

    pub(super) fn text(text: &str) -> Self {
        Self::atom(quoted(text))
    }

    /// A call of a function.
    pub(super) fn call(name: &str, arguments: &[Part]) -> Self {
        let arguments: Vec<_> = arguments.iter().map(|argument| argument.text.as_str()).collect();
        Self::atom(format!("{name}({})", arguments.join(", ")))
    }

    /// Two parts joined by an operator, in brackets where they would otherwise fall apart.
    pub(super) fn binary(symbol: &str, left: Part, right: Part) -> Self {
        let both_numbers = left.kind == Kind::Number && right.kind == Kind::Number;
        let rank = rank(symbol);
        let (left, right) = (left.at_least(rank), right.at_least(rank + 1));
        let text = format!("{} {symbol} {}", left.text, right.text);
        let kind = if both_numbers && matches!(symbol, "+" | "-" | "*" | "/" | "^") {
            Kind::Number
        } else {
            Kind::Unknown
        };
        Self { text, kind, rank }
    }

    /// This part, known to give values of a kind.
    pub(super) fn of(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    pub(super) fn in_parentheses(self) -> Self {
        Self { text: format!("({})", self.text), kind: self.kind, rank: ATOM }
    }

    pub(super) fn negated(self) -> Self {
        if let Some(positive) = self.text.strip_prefix('-').filter(|_| self.is_number_literal()) {
            return Self::number(positive);
        }
        let inner = self.at_least(ATOM);
        Self { text: format!("-{}", inner.text), kind: inner.kind, rank: MINUS }
    }

    /// One less, as indexes that began with 1 become ones that begin with 0. Negative ones count from the end in
    /// both languages.
    pub(super) fn decremented(self) -> Self {
        if self.is_number_literal() {
            return match self.text.parse::<i64>() {
                Ok(index) if index >= 0 => Self::number(&(index - 1).to_string()),
                Ok(_) | Err(_) => self,
            };
        }
        Self::binary("-", self, Self::number("1"))
    }

    /// Whether this is digits, perhaps with a minus sign.
    fn is_number_literal(&self) -> bool {
        let digits = self.text.strip_prefix('-').unwrap_or(&self.text);
        self.kind == Kind::Number && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
    }

    fn at_least(self, rank: u8) -> Self {
        if self.rank < rank { self.in_parentheses() } else { self }
    }
}

/// A text as a literal. The old language took a backslash as it stands, and so does the present one, except where it
/// would swallow the quote behind it.
pub(super) fn quoted(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push('"');
    let mut backslashes = 0;
    for c in text.chars() {
        if c == '"' {
            literal.extend(std::iter::repeat_n('\\', backslashes + 1));
        }
        backslashes = if c == '\\' { backslashes + 1 } else { 0 };
        literal.push(c);
    }
    literal.extend(std::iter::repeat_n('\\', backslashes));
    literal.push('"');
    literal
}
