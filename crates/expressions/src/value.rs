//! The values expressions work on.

use std::sync::Arc;

use indexmap::IndexMap;
use jiff::{Zoned, civil};
use smol_str::SmolStr;

/// A decimal of up to 36 significant digits and a magnitude between 1e-100 and 1e100.
#[derive(Clone, Debug)]
pub struct Number(/* the representation is this module's own */ pub(crate) bigdecimal::BigDecimal);

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

/// Named values in order. Names are found whatever their case.
#[derive(Clone, Debug, Default)]
pub struct Object {
    /// The value that stands for the object where a scalar is needed.
    pub default: Option<Value>,
    /// Properties under lower-case names.
    pub properties: IndexMap<SmolStr, Property>,
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
pub struct Function {
    /// Name of the built-in; `None` for a lambda.
    pub name: Option<SmolStr>,
}
