//! Expressions as trees that remember where each part stands in the source.

use std::ops::Range;

use smol_str::SmolStr;

/// An operator between two values, by rising precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `&`
    Concatenate,
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `^`
    Power,
}

impl Operator {
    /// The sign of the operator.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Concatenate => "&",
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Power => "^",
        }
    }

    /// How tightly it binds; all operators associate to the left.
    pub(crate) const fn precedence(self) -> u8 {
        match self {
            Self::Concatenate => 1,
            Self::Equal | Self::NotEqual => 2,
            Self::Less | Self::LessOrEqual | Self::Greater | Self::GreaterOrEqual => 3,
            Self::Add | Self::Subtract => 4,
            Self::Multiply | Self::Divide => 5,
            Self::Power => 6,
        }
    }

    /// The operator of that sign.
    pub fn of_sign(sign: &str) -> Option<Self> {
        Some(match sign {
            "&" => Self::Concatenate,
            "=" => Self::Equal,
            "!=" => Self::NotEqual,
            "<" => Self::Less,
            "<=" => Self::LessOrEqual,
            ">" => Self::Greater,
            ">=" => Self::GreaterOrEqual,
            "+" => Self::Add,
            "-" => Self::Subtract,
            "*" => Self::Multiply,
            "/" => Self::Divide,
            "^" => Self::Power,
            _ => return None,
        })
    }
}

/// A part of an expression and where it stands in the source.
#[derive(Clone, Debug)]
pub struct Tree {
    /// What it is.
    pub shape: Shape,
    /// Bytes of the source.
    pub span: Range<usize>,
    /// Levels of parts, 1 for a name or literal.
    pub(super) height: usize,
}

/// What a part of an expression is.
#[derive(Clone, Debug)]
pub enum Shape {
    /// `null`
    Null,
    /// `true`, `false`
    Boolean(bool),
    /// A number as it is written.
    Number(SmolStr),
    /// What a text literal means.
    Text(SmolStr),
    /// A name as it is written.
    Name(SmolStr),
    /// `of.name`; the name may be digits.
    Property {
        /// What has the property.
        of: Box<Tree>,
        /// The name as it is written.
        name: SmolStr,
    },
    /// `of[index]`
    Index {
        /// What is looked into.
        of: Box<Tree>,
        /// Which of its items or properties.
        index: Box<Tree>,
    },
    /// `callee(arguments)`
    Call {
        /// What is called.
        callee: Box<Tree>,
        /// With what.
        arguments: Vec<Tree>,
    },
    /// `-operand`
    Negate(Box<Tree>),
    /// `left operator right`
    Binary {
        /// The operator.
        operator: Operator,
        /// Left of it.
        left: Box<Tree>,
        /// Right of it.
        right: Box<Tree>,
    },
    /// `(parameters) => body`
    Lambda {
        /// Names as they are written.
        parameters: Vec<SmolStr>,
        /// The result.
        body: Box<Tree>,
    },
    /// `(inner)`
    Parentheses(Box<Tree>),
}

impl Tree {
    pub(super) fn new(shape: Shape, span: Range<usize>) -> Self {
        let mut below = 0;
        shape.each_part(&mut |part| below = below.max(part.height));
        Self { shape, span, height: below + 1 }
    }

    /// Levels of parts, 1 for a name or literal.
    pub(crate) fn height(&self) -> usize {
        self.height
    }

    /// The lower-case path of names and constant keys that this is, such as `contact.fields.age` of
    /// `contact.fields["Age"]`, if it is nothing else.
    pub fn path(&self) -> Option<Vec<SmolStr>> {
        let (of, key) = match &self.shape {
            Shape::Name(name) => return Some(vec![name.to_lowercase().into()]),
            Shape::Property { of, name } => (of, name),
            Shape::Index { of, index } => match &index.shape {
                Shape::Text(key) => (of, key),
                _ => return None,
            },
            _ => return None,
        };
        let mut path = of.path()?;
        path.push(key.to_lowercase().into());
        Some(path)
    }

    /// Calls `visit` with this and every part of it, outer parts first. A part whose visit answers false is not
    /// gone into.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Tree) -> bool) {
        if !visit(self) {
            return;
        }
        self.shape.each_part(&mut |part| part.walk(visit));
    }
}

impl Shape {
    fn each_part<'a>(&'a self, visit: &mut dyn FnMut(&'a Tree)) {
        match self {
            Shape::Null | Shape::Boolean(_) | Shape::Number(_) | Shape::Text(_) | Shape::Name(_) => {}
            Shape::Property { of: inner, .. }
            | Shape::Negate(inner)
            | Shape::Parentheses(inner)
            | Shape::Lambda { body: inner, .. } => visit(inner),
            Shape::Index { of: left, index: right } | Shape::Binary { left, right, .. } => {
                visit(left);
                visit(right);
            }
            Shape::Call { callee, arguments } => {
                visit(callee);
                arguments.iter().for_each(visit);
            }
        }
    }
}
