//! The syntax of the old expression language.

/// Deepest nesting that is read.
const MAX_DEPTH: usize = 100;

/// An old expression.
pub(super) enum Tree {
    /// A number as written.
    Number(String),
    /// A text without its quotes.
    Text(String),
    Boolean(bool),
    /// A path in lower case.
    Variable(String),
    /// A function in upper case with its arguments.
    Call(String, Vec<Tree>),
    Parentheses(Box<Tree>),
    Negate(Box<Tree>),
    Binary(Operator, Box<Tree>, Box<Tree>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Concatenate,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
}

/// Operators as written, longer ones before those they begin with.
const OPERATORS: [(&str, Operator); 12] = [
    ("&", Operator::Concatenate),
    ("=", Operator::Equal),
    ("<>", Operator::NotEqual),
    ("<=", Operator::LessOrEqual),
    ("<", Operator::Less),
    (">=", Operator::GreaterOrEqual),
    (">", Operator::Greater),
    ("+", Operator::Add),
    ("-", Operator::Subtract),
    ("*", Operator::Multiply),
    ("/", Operator::Divide),
    ("^", Operator::Power),
];

impl Operator {
    /// How the present language writes it.
    pub(super) fn symbol(self) -> &'static str {
        match self {
            Self::NotEqual => "!=",
            other => OPERATORS.iter().find(|(_, operator)| *operator == other).map_or("", |(text, _)| text),
        }
    }

    /// How tightly it binds, in both languages.
    fn rank(self) -> u8 {
        rank(self.symbol())
    }
}

/// How tightly an operator of the present language binds: 1 least.
pub(super) fn rank(symbol: &str) -> u8 {
    match symbol {
        "&" => 1,
        "=" | "!=" => 2,
        "<" | "<=" | ">" | ">=" => 3,
        "+" | "-" => 4,
        "*" | "/" => 5,
        _ => 6,
    }
}

/// The expression that the whole source is; `None` if it is none.
pub(super) fn parse(source: &str) -> Option<Tree> {
    let mut reader = Reader { rest: source, depth: 0 };
    let tree = reader.binary(1)?;
    reader.skip_space();
    reader.rest.is_empty().then_some(tree)
}

struct Reader<'s> {
    rest: &'s str,
    depth: usize,
}

impl Reader<'_> {
    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn take(&mut self, symbol: &str) -> bool {
        self.skip_space();
        let rest = self.rest.strip_prefix(symbol);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn take_while(&mut self, belongs: impl Fn(u8) -> bool) -> String {
        let length = self.rest.bytes().take_while(|b| belongs(*b)).count();
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken.to_owned()
    }

    /// Operands joined by operators that bind at least so tightly, the left ones first.
    fn binary(&mut self, least: u8) -> Option<Tree> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let mut left = self.operand()?;
        loop {
            self.skip_space();
            let next = OPERATORS.iter().find(|(text, _)| self.rest.starts_with(text));
            let Some((text, operator)) = next.filter(|(_, operator)| operator.rank() >= least) else {
                self.depth -= 1;
                return Some(left);
            };
            self.take(text);
            let right = self.binary(operator.rank() + 1)?;
            left = Tree::Binary(*operator, Box::new(left), Box::new(right));
        }
    }

    fn operand(&mut self) -> Option<Tree> {
        self.skip_space();
        match self.rest.bytes().next()? {
            b'-' => {
                self.take("-");
                // A minus sign binds more tightly than every operator.
                self.depth += 1;
                let operand = if self.depth > MAX_DEPTH { None } else { self.operand() };
                self.depth -= 1;
                Some(Tree::Negate(Box::new(operand?)))
            }
            b'(' => {
                self.take("(");
                let inner = self.binary(1)?;
                self.take(")").then(|| Tree::Parentheses(Box::new(inner)))
            }
            b'"' => self.text(),
            b'0'..=b'9' => self.number(),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.name(),
            _ => None,
        }
    }

    /// Digits, perhaps with a fraction, and no third part as in 1.1.0.
    fn number(&mut self) -> Option<Tree> {
        let digits = self.take_while(|b| b.is_ascii_digit() || b == b'.');
        let valid = !digits.ends_with('.') && digits.matches('.').count() < 2;
        valid.then_some(Tree::Number(digits))
    }

    /// A text in quotes; two quotes in it are one.
    fn text(&mut self) -> Option<Tree> {
        let mut text = String::new();
        let mut chars = self.rest[1..].char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            if c != '"' {
                text.push(c);
            } else if chars.next_if(|(_, next)| *next == '"').is_some() {
                text.push('"');
            } else {
                self.rest = &self.rest[at + 2..];
                return Some(Tree::Text(text));
            }
        }
        None
    }

    fn name(&mut self) -> Option<Tree> {
        let name = self.take_while(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'.');
        if self.take("(") {
            return Some(Tree::Call(name.to_ascii_uppercase(), self.arguments()?));
        }
        let name = name.to_ascii_lowercase();
        match name.as_str() {
            "true" => Some(Tree::Boolean(true)),
            "false" => Some(Tree::Boolean(false)),
            path if path.split('.').any(str::is_empty) => None,
            _ => Some(Tree::Variable(name)),
        }
    }

    /// Arguments up to the closing bracket; the opening one is already taken.
    fn arguments(&mut self) -> Option<Vec<Tree>> {
        let mut arguments = Vec::new();
        if self.take(")") {
            return Some(arguments);
        }
        loop {
            arguments.push(self.binary(1)?);
            if self.take(")") {
                return Some(arguments);
            }
            if !self.take(",") {
                return None;
            }
        }
    }
}
