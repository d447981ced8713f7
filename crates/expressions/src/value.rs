//! The values expressions work on.

use std::sync::Arc;

use indexmap::IndexMap;
use jiff::{Zoned, civil};
use smol_str::SmolStr;

use crate::library::Builtin;
use crate::program::Node;

pub use crate::number::Number;

/// A value. Cloning is cheap: short texts are inline, everything large is shared.
#[derive(Clone, Debug)]
pub enum Value {
    /// Nothing; its text is empty.
    Null,
    /// Text.
    Text(SmolStr),
    /// A decimal.
    Number(Number),
    /// True or false.
    Boolean(bool),
    /// A calendar day.
    Date(civil::Date),
    /// A time of day.
    Time(civil::Time),
    /// A moment in a zone; equality is by instant.
    DateTime(Arc<Zoned>),
    /// Values in order.
    Array(Arc<Vec<Value>>),
    /// Named values, perhaps with one that stands for the whole.
    Object(Arc<Object>),
    /// Something that can be called.
    Function(Function),
    /// What went wrong. Errors are values, so that `is_error` and `default` can see them.
    Error(Arc<str>),
}

impl Value {
    /// A text value.
    pub fn text(text: impl AsRef<str>) -> Self {
        Self::Text(SmolStr::new(text))
    }

    /// An array value.
    pub fn array(items: Vec<Value>) -> Self {
        Self::Array(Arc::new(items))
    }

    /// An object value.
    pub fn object(object: Object) -> Self {
        Self::Object(Arc::new(object))
    }

    /// A moment.
    pub fn datetime(moment: Zoned) -> Self {
        Self::DateTime(Arc::new(moment))
    }

    /// An error with that message.
    pub fn error(message: impl AsRef<str>) -> Self {
        Self::Error(Arc::from(message.as_ref()))
    }

    /// Whether this is an error.
    pub fn is_error(&self) -> bool {
        matches!(self, Self::Error(_))
    }

    /// The value that stands for this one where a scalar is needed: an object's default (and the default of
    /// that), otherwise the value itself.
    pub fn scalar(&self) -> &Value {
        let mut value = self;
        while let Self::Object(object) = value
            && let Some(default) = &object.default
        {
            value = default;
        }
        value
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(SmolStr::from(text))
    }
}

impl From<SmolStr> for Value {
    fn from(text: SmolStr) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

impl From<Number> for Value {
    fn from(number: Number) -> Self {
        Self::Number(number)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number.into())
    }
}

impl From<Fault> for Value {
    fn from(fault: Fault) -> Self {
        Self::Error(fault.0)
    }
}

impl<T: Into<Value>> From<Result<T, Fault>> for Value {
    fn from(result: Result<T, Fault>) -> Self {
        match result {
            Ok(value) => value.into(),
            Err(fault) => fault.into(),
        }
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// Why a value could not be had; becomes [`Value::Error`]. Its message is what authors of flows see.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Fault(pub Arc<str>);

impl Fault {
    /// A fault with that message.
    pub fn new(message: impl AsRef<str>) -> Self {
        Self(Arc::from(message.as_ref()))
    }
}

impl From<crate::number::OutOfRange> for Fault {
    fn from(error: crate::number::OutOfRange) -> Self {
        Self::new(error.to_string())
    }
}

/// A map in the order of insertion whose hash is quick: objects are made and asked at every step. Its seed differs from
/// run to run, which nobody sees, since the order does not depend on it.
pub type OrderedMap<K, V> = IndexMap<K, V, foldhash::fast::RandomState>;

/// Named values in order. Names are found whatever their case.
#[derive(Clone, Debug, Default)]
pub struct Object {
    /// The value that stands for the object where a scalar is needed.
    pub default: Option<Value>,
    /// Properties under their names. Lower-case names are found fastest.
    pub properties: OrderedMap<SmolStr, Property>,
    /// Where properties are looked up that are not among these: what is too large to be built for each use.
    pub beyond: Option<Lookup>,
}

/// Finds values by name in something that is not built as an object, such as a table.
#[derive(Clone)]
pub struct Lookup(Arc<Find>);

/// Answers a lower-case name; `None` if there is no such property.
type Find = dyn Fn(&str) -> Option<Value> + Send + Sync;

impl Lookup {
    /// Looks up with a function that is given lower-case names.
    pub fn new(find: impl Fn(&str) -> Option<Value> + Send + Sync + 'static) -> Self {
        Self(Arc::new(find))
    }

    /// The value under a lower-case name.
    pub fn find(&self, name: &str) -> Option<Value> {
        (self.0)(name)
    }
}

impl std::fmt::Debug for Lookup {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Lookup")
    }
}

impl Object {
    /// An object without properties.
    pub fn new() -> Self {
        Self::default()
    }

    /// This object with a property more.
    #[must_use]
    pub fn with(mut self, name: impl Into<SmolStr>, value: impl Into<Value>) -> Self {
        self.insert(name, value);
        self
    }

    /// This object with a value that stands for the whole.
    #[must_use]
    pub fn with_default(mut self, value: impl Into<Value>) -> Self {
        self.default = Some(value.into());
        self
    }

    /// Sets a property.
    pub fn insert(&mut self, name: impl Into<SmolStr>, value: impl Into<Value>) {
        self.properties.insert(name.into(), Property { value: value.into(), deprecated: None });
    }

    /// The property of that name, whatever its case.
    pub fn get(&self, name: &str) -> Option<&Property> {
        self.properties.get(name).or_else(|| {
            self.properties.iter().find(|(key, _)| same_name(key, name)).map(|(_, property)| property)
        })
    }

    /// Properties ordered by name, as texts and JSON show them.
    pub fn sorted(&self) -> Vec<(&SmolStr, &Value)> {
        let mut properties: Vec<_> =
            self.properties.iter().map(|(name, property)| (name, &property.value)).collect();
        properties.sort_unstable_by_key(|(name, _)| *name);
        properties
    }
}

fn same_name(left: &str, right: &str) -> bool {
    if left.is_ascii() && right.is_ascii() {
        left.eq_ignore_ascii_case(right)
    } else {
        left.to_lowercase() == right.to_lowercase()
    }
}

impl<K: Into<SmolStr>, V: Into<Value>> FromIterator<(K, V)> for Object {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let mut object = Self::new();
        for (name, value) in pairs {
            object.insert(name, value);
        }
        object
    }
}

/// A property of an [`Object`].
#[derive(Clone, Debug)]
pub struct Property {
    /// The value.
    pub value: Value,
    /// The warning given to authors who still use this property.
    pub deprecated: Option<SmolStr>,
}

/// A built-in function or a lambda.
#[derive(Clone, Debug)]
pub enum Function {
    /// One of the library's.
    Builtin(&'static Builtin),
    /// `(x) => …`, written in the expression itself.
    Lambda(Arc<Lambda>),
}

impl Function {
    /// Name of the built-in, `<anon>` for a lambda.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Builtin(builtin) => builtin.name,
            Self::Lambda(_) => "<anon>",
        }
    }
}

/// A function written in an expression, with the values of the lambdas around it.
#[derive(Debug)]
pub struct Lambda {
    pub(crate) parameters: usize,
    pub(crate) body: Arc<Node>,
    /// Levels of parts of the body.
    pub(crate) height: usize,
    pub(crate) captured: Vec<Value>,
}
