//! Trees made ready for evaluation: names resolved, paths lower-cased, literals read.

use std::sync::Arc;

use smol_str::SmolStr;

use crate::library::Builtin;
use crate::syntax::{Operator, Shape, Tree};
use crate::value::{Function, Value};
use crate::{Library, Number};

/// A part of an expression as it is evaluated.
#[derive(Debug)]
pub(crate) enum Node {
    Constant(Value),
    /// A lambda's parameter, counted from the outermost lambda.
    Parameter(usize),
    Reference(Reference),
    Property {
        of: Box<Node>,
        name: Name,
    },
    Index {
        of: Box<Node>,
        index: Box<Node>,
    },
    Call {
        callee: Callee,
        arguments: Box<[Node]>,
    },
    Negate(Box<Node>),
    Binary {
        operator: Operator,
        left: Box<Node>,
        right: Box<Node>,
    },
    Lambda {
        parameters: usize,
        body: Arc<Node>,
        height: usize,
    },
}

#[derive(Debug)]
pub(crate) enum Callee {
    Builtin(&'static Builtin),
    /// Found at evaluation; the text is how errors name it.
    Computed(Box<Node>, SmolStr),
}

/// A property's name: as it is looked up and as it was written.
#[derive(Clone, Debug)]
pub(crate) struct Name {
    pub key: SmolStr,
    pub written: SmolStr,
}

impl Name {
    pub(crate) fn new(written: &str) -> Self {
        Self { key: written.to_lowercase().into(), written: written.into() }
    }
}

/// A path of names from a top-level one.
#[derive(Clone, Debug)]
pub(crate) struct Reference {
    pub keys: Box<[SmolStr]>,
    pub written: Box<[SmolStr]>,
}

impl Reference {
    pub(crate) fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let written: Box<[SmolStr]> = names.into_iter().map(SmolStr::new).collect();
        Self { keys: written.iter().map(|name| SmolStr::from(name.to_lowercase())).collect(), written }
    }
}

/// The program of a tree. Names mean, in this order: a parameter of a lambda around them, one of `tops`, a
/// function, and otherwise a top-level name that the scope may or may not have.
pub(crate) fn compile(tree: &Tree, tops: &[&str], library: &Library) -> Node {
    Compiler { tops, library, parameters: Vec::new() }.node(tree)
}

struct Compiler<'a> {
    tops: &'a [&'a str],
    library: &'a Library,
    /// Lower-case parameters of the lambdas around the present part.
    parameters: Vec<SmolStr>,
}

impl Compiler<'_> {
    fn node(&mut self, tree: &Tree) -> Node {
        match &tree.shape {
            Shape::Null => Node::Constant(Value::Null),
            Shape::Boolean(value) => Node::Constant(Value::Boolean(*value)),
            Shape::Number(text) => Node::Constant(match Number::parse(text) {
                Some(number) => number.into(),
                None => Value::error(format!("number {text} is out of range")),
            }),
            Shape::Text(text) => Node::Constant(Value::Text(text.clone())),
            Shape::Name(name) => self.name(name),
            Shape::Property { of, name } => self.property(of, name),
            Shape::Index { of, index } => match &index.shape {
                Shape::Text(key) => self.property(of, key),
                _ => Node::Index { of: Box::new(self.node(of)), index: Box::new(self.node(index)) },
            },
            Shape::Call { callee, arguments } => self.call(callee, arguments),
            Shape::Negate(operand) => Node::Negate(Box::new(self.node(operand))),
            Shape::Binary { operator, left, right } => Node::Binary {
                operator: *operator,
                left: Box::new(self.node(left)),
                right: Box::new(self.node(right)),
            },
            Shape::Lambda { parameters, body } => {
                let outer = self.parameters.len();
                self.parameters.extend(parameters.iter().map(|name| SmolStr::from(name.to_lowercase())));
                let height = body.height();
                let body = Arc::new(self.node(body));
                self.parameters.truncate(outer);
                Node::Lambda { parameters: parameters.len(), body, height }
            }
            Shape::Parentheses(inner) => self.node(inner),
        }
    }

    fn name(&self, written: &str) -> Node {
        let key = written.to_lowercase();
        if let Some(index) = self.parameters.iter().rposition(|parameter| *parameter == key) {
            return Node::Parameter(index);
        }
        if !self.tops.contains(&key.as_str())
            && let Some(builtin) = self.library.get(&key)
        {
            return Node::Constant(Value::Function(Function::Builtin(builtin)));
        }
        Node::Reference(Reference::new([written]))
    }

    fn property(&mut self, of: &Tree, written: &str) -> Node {
        match self.node(of) {
            Node::Reference(reference) => Node::Reference(Reference::new(
                reference.written.iter().map(SmolStr::as_str).chain([written]),
            )),
            of => Node::Property { of: Box::new(of), name: Name::new(written) },
        }
    }

    fn call(&mut self, callee: &Tree, arguments: &[Tree]) -> Node {
        let arguments = arguments.iter().map(|argument| self.node(argument)).collect();
        let callee = match self.node(callee) {
            Node::Constant(Value::Function(Function::Builtin(builtin))) => Callee::Builtin(builtin),
            node => Callee::Computed(Box::new(node), callee.to_string().to_lowercase().into()),
        };
        Node::Call { callee, arguments }
    }
}
