//! Evaluation of programs: one at a time, within a budget.

use std::cell::{Cell, RefCell};

use smol_str::SmolStr;

use crate::operators;
use crate::program::{Callee, Name, Node, Reference};
use crate::value::{Function, Lambda, Value};
use crate::{Ambient, Environment, Fault, Scope};

/// What one expression may cost: a text its bytes, every other value 1.
pub const MAX_COST: usize = 10_000_000;
/// Most items of an array.
pub const MAX_ARRAY_ITEMS: usize = 10_000;
/// Deepest nesting of evaluation, over the bodies of lambdas too, so that the stack of a thread is enough.
const MAX_DEPTH: usize = 400;
/// Deepest nesting of arrays, objects and lambdas in each other, so that walking through and dropping them needs
/// little stack.
const MAX_NESTING: usize = 100;
/// Items and bytes that a function may look at, and values whose nesting may be checked, for a cost of 1.
const ITEMS_PER_COST: usize = 16;
const VALUES_PER_COST: usize = 4;
const BYTES_PER_COST: usize = 64;
/// What an expression beyond its budget results in.
pub(crate) const TOO_COMPLEX: &str = "expression is too complex to evaluate";

/// What an evaluation works with. Make one for a series of templates over the same data.
pub struct Evaluation<'a> {
    /// The conventions of the workspace.
    pub env: &'a Environment,
    /// The names expressions can see.
    pub scope: &'a dyn Scope,
    /// Clock and chance.
    pub ambient: &'a dyn Ambient,
    remaining: Cell<usize>,
    exhausted: Cell<bool>,
    depth: Cell<usize>,
    warnings: RefCell<Vec<SmolStr>>,
    /// Warnings before the expression that is being evaluated; beyond any count outside of one.
    warned: Cell<usize>,
}

impl<'a> Evaluation<'a> {
    /// An evaluation over that data.
    pub fn new(env: &'a Environment, scope: &'a dyn Scope, ambient: &'a dyn Ambient) -> Self {
        Self {
            env,
            scope,
            ambient,
            remaining: Cell::new(MAX_COST),
            exhausted: Cell::new(false),
            depth: Cell::new(0),
            warnings: RefCell::default(),
            warned: Cell::new(usize::MAX),
        }
    }

    /// Takes the warnings since the last time.
    pub fn take_warnings(&self) -> Vec<SmolStr> {
        self.warnings.take()
    }

    /// Keeps a warning, once for each expression.
    fn warn(&self, warning: SmolStr) {
        let mut warnings = self.warnings.borrow_mut();
        if !warnings.iter().skip(self.warned.get()).any(|kept| *kept == warning) {
            warnings.push(warning);
        }
    }

    /// Charges the budget for a value. `false` if the budget is used up.
    pub fn charge(&self, cost: usize) -> bool {
        let remaining = self.remaining.get();
        if cost >= remaining {
            self.remaining.set(0);
            self.exhausted.set(true);
            return false;
        }
        self.remaining.set(remaining - cost);
        true
    }

    /// What the current expression may still cost. Functions that multiply texts look before they build.
    pub fn remaining(&self) -> usize {
        self.remaining.get()
    }

    /// Calls a function as expressions do: checks the count of arguments, lets errors among them through, and
    /// names itself in the error that may result.
    pub fn call(&self, function: &Function, arguments: &[Value]) -> Value {
        let result = self.call_inner(function, arguments);
        match result {
            Value::Error(message) if !self.exhausted.get() => {
                Value::error(format!("error calling {}(...): {message}", function.name()))
            }
            other => other,
        }
    }

    fn call_inner(&self, function: &Function, arguments: &[Value]) -> Value {
        if self.exhausted.get() || !self.charge(arguments.iter().map(reading_cost).sum()) {
            return Value::error(TOO_COMPLEX);
        }
        let result = match function {
            Function::Builtin(builtin) => {
                if arguments.len() < builtin.min_args || arguments.len() > builtin.max_args {
                    return wrong_count(builtin.min_args, builtin.max_args, arguments.len());
                }
                if !builtin.accepts_errors
                    && let Some(error) = arguments.iter().find(|argument| argument.is_error())
                {
                    return error.clone();
                }
                (builtin.call)(self, arguments).into()
            }
            Function::Lambda(lambda) => self.call_lambda(lambda, arguments),
        };
        self.charged(result)
    }

    fn call_lambda(&self, lambda: &Lambda, arguments: &[Value]) -> Value {
        if arguments.len() != lambda.parameters {
            return wrong_count(lambda.parameters, lambda.parameters, arguments.len());
        }
        let depth = self.depth.get();
        if depth + lambda.height > MAX_DEPTH {
            self.exhausted.set(true);
            return Value::error(TOO_COMPLEX);
        }
        self.depth.set(depth + lambda.height);
        let result = if lambda.captured.is_empty() {
            self.node(&lambda.body, arguments)
        } else {
            let frame: Vec<Value> = lambda.captured.iter().chain(arguments).cloned().collect();
            self.node(&lambda.body, &frame)
        };
        self.depth.set(depth);
        result
    }

    fn charged(&self, value: Value) -> Value {
        let affordable = match &value {
            Value::Text(text) => self.charge(text.len()),
            Value::Array(_) | Value::Object(_) | Value::Function(Function::Lambda(_)) => {
                self.charge(1) && self.nests_at_most(&value, MAX_NESTING)
            }
            _ => self.charge(1),
        };
        if affordable {
            return value;
        }
        self.exhausted.set(true);
        Value::error(TOO_COMPLEX)
    }

    /// Whether values are nested in each other at most `levels` deep. Looking is charged for.
    fn nests_at_most(&self, value: &Value, levels: usize) -> bool {
        let looked_at = |count: usize| levels > 0 && self.charge(count / VALUES_PER_COST);
        let fits = |inside: &Value| self.nests_at_most(inside, levels - 1);
        match value {
            Value::Array(items) => looked_at(items.len()) && items.iter().all(fits),
            Value::Object(object) => {
                looked_at(object.properties.len())
                    && object.properties.values().map(|property| &property.value).all(fits)
                    && object.default.iter().all(fits)
            }
            Value::Function(Function::Lambda(lambda)) => {
                looked_at(lambda.captured.len()) && lambda.captured.iter().all(fits)
            }
            _ => true,
        }
    }

    /// Evaluates a whole expression with a fresh budget. The flag says whether the budget was exceeded.
    pub(crate) fn expression(&self, node: &Node) -> (Value, bool) {
        self.remaining.set(MAX_COST);
        self.exhausted.set(false);
        self.depth.set(0);
        self.warned.set(self.warnings.borrow().len());
        let value = self.node(node, &[]);
        self.warned.set(usize::MAX);
        if self.exhausted.get() { (Value::error(TOO_COMPLEX), true) } else { (value, false) }
    }

    fn node(&self, node: &Node, frame: &[Value]) -> Value {
        match node {
            Node::Constant(value) => value.clone(),
            Node::Parameter(index) => frame.get(*index).cloned().unwrap_or(Value::Null),
            Node::Reference(reference) => self.reference(reference),
            Node::Property { of, name } => self.property(&self.node(of, frame), name),
            Node::Index { of, index } => {
                let (of, index) = (self.node(of, frame), self.node(index, frame));
                self.index(&of, &index)
            }
            Node::Call { callee, arguments } => self.node_call(callee, arguments, frame),
            Node::Negate(operand) => operators::negate(&self.node(operand, frame)),
            Node::Binary { operator, left, right } => {
                let (left, right) = (self.node(left, frame), self.node(right, frame));
                self.charged(operators::apply(*operator, &left, &right))
            }
            Node::Lambda { parameters, body, height } => {
                self.charged(Value::Function(Function::Lambda(std::sync::Arc::new(Lambda {
                    parameters: *parameters,
                    body: body.clone(),
                    height: *height,
                    captured: frame.to_vec(),
                }))))
            }
        }
    }

    fn node_call(&self, callee: &Callee, arguments: &[Node], frame: &[Value]) -> Value {
        let function = match callee {
            Callee::Builtin(builtin) => Function::Builtin(builtin),
            Callee::Computed(node, text) => match self.node(node, frame) {
                Value::Function(function) => function,
                error @ Value::Error(_) => return error,
                _ => return Value::error(format!("{text} is not a function")),
            },
        };
        let arguments: smallvec::SmallVec<[Value; 4]> =
            arguments.iter().map(|argument| self.node(argument, frame)).collect();
        self.call(&function, &arguments)
    }

    /// The value of a path of names.
    pub(crate) fn reference(&self, reference: &Reference) -> Value {
        if let Some(value) = self.scope.path(&reference.keys) {
            return value;
        }
        let (Some(key), Some(written)) = (reference.keys.first(), reference.written.first()) else {
            return Value::Null;
        };
        let Some(mut value) = self.scope.top(key) else {
            return Value::error(format!("context has no property '{written}'"));
        };
        if let Some(warning) = self.scope.deprecated(key) {
            self.warn(warning);
        }
        for (key, written) in reference.keys.iter().zip(&reference.written).skip(1) {
            value = self.property(&value, &Name { key: key.clone(), written: written.clone() });
        }
        value
    }

    fn property(&self, of: &Value, name: &Name) -> Value {
        match of {
            Value::Error(_) => of.clone(),
            Value::Object(object) => {
                match object.get(&name.key) {
                    Some(property) => {
                        if let Some(warning) = &property.deprecated {
                            self.warn(warning.clone());
                        }
                        property.value.clone()
                    }
                    None => object.beyond.as_ref().and_then(|beyond| beyond.find(&name.key)).unwrap_or_else(
                        || Value::error(format!("object has no property '{}'", name.written)),
                    ),
                }
            }
            Value::Array(_) => self.index(of, &Value::Text(name.written.clone())),
            _ => no_lookups(of),
        }
    }

    fn index(&self, of: &Value, index: &Value) -> Value {
        match (of, index) {
            (Value::Error(_), _) => of.clone(),
            (_, Value::Error(_)) => index.clone(),
            (Value::Array(items), _) => match index.to_integer() {
                Ok(position) => item(items, position),
                Err(fault) => fault.into(),
            },
            (Value::Object(_), _) => self.property(of, &Name::new(&index.to_text())),
            _ => no_lookups(of),
        }
    }
}

/// What it costs a function to look at an argument.
fn reading_cost(argument: &Value) -> usize {
    match argument {
        Value::Text(text) => text.len() / BYTES_PER_COST,
        Value::Array(items) => items.len() / ITEMS_PER_COST,
        Value::Object(object) => object.properties.len() / ITEMS_PER_COST,
        _ => 0,
    }
}

fn no_lookups(value: &Value) -> Value {
    Value::error(format!("{} doesn't support lookups", value.describe()))
}

fn item(items: &[Value], position: i64) -> Value {
    let count = items.len() as i64;
    let index = if position < 0 { count + position } else { position };
    match usize::try_from(index).ok().and_then(|index| items.get(index)) {
        Some(value) => value.clone(),
        None => Value::error(format!("index {position} out of range for {count} items")),
    }
}

fn wrong_count(min: usize, max: usize, got: usize) -> Value {
    let need = if min == max {
        format!("{min}")
    } else if max == usize::MAX {
        format!("at least {min}")
    } else {
        format!("{min} to {max}")
    };
    Value::error(format!("need {need} argument(s), got {got}"))
}

impl Fault {
    /// The fault of a value that cannot be had as a `kind`.
    pub(crate) fn cannot_convert(value: &Value, kind: &str) -> Self {
        Self::new(format!("unable to convert {} to {kind}", value.describe()))
    }
}
