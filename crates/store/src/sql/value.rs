//! Parameters of statements: one form that both databases take.

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use smol_str::SmolStr;
use uuid::Uuid;

/// A parameter as it travels.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Value<'a> {
    /// Nothing, of this kind.
    Null(Kind),
    /// Whole numbers, times in microseconds, and truths as 0 and 1.
    Int(i64),
    /// Words and JSON.
    Text(&'a str),
    /// Bytes.
    Blob(&'a [u8]),
    /// Identifiers.
    Uuid(&'a Uuid),
}

/// What a parameter is even if it is nothing: PostgreSQL wants to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Int,
    Text,
    Blob,
    Uuid,
}

impl Value<'_> {
    /// What kind it is.
    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::Null(kind) => kind,
            Self::Int(_) => Kind::Int,
            Self::Text(_) => Kind::Text,
            Self::Blob(_) => Kind::Blob,
            Self::Uuid(_) => Kind::Uuid,
        }
    }
}

/// What can be a parameter.
pub(crate) trait Typed {
    /// Its kind.
    const KIND: Kind;
    /// Its value.
    fn typed(&self) -> Value<'_>;
}

/// What can be a parameter, as one type for lists: `&[&dyn Param]`.
pub(crate) trait Param {
    /// Its value.
    fn value(&self) -> Value<'_>;
}

impl<T: Typed> Param for T {
    fn value(&self) -> Value<'_> {
        self.typed()
    }
}

impl<T: Typed> Typed for Option<T> {
    const KIND: Kind = T::KIND;
    fn typed(&self) -> Value<'_> {
        self.as_ref().map_or(Value::Null(T::KIND), T::typed)
    }
}

impl<T: Typed + ?Sized> Typed for &T {
    const KIND: Kind = T::KIND;
    fn typed(&self) -> Value<'_> {
        T::typed(self)
    }
}

macro_rules! typed {
    ($($ty:ty: $kind:ident, |$value:ident| $make:expr;)+) => {$(
        impl Typed for $ty {
            const KIND: Kind = Kind::$kind;
            fn typed(&self) -> Value<'_> {
                let $value = self;
                Value::$kind($make)
            }
        }
    )+};
}

typed! {
    i64: Int, |value| *value;
    i32: Int, |value| i64::from(*value);
    u32: Int, |value| i64::from(*value);
    bool: Int, |value| i64::from(*value);
    str: Text, |value| value;
    String: Text, |value| value;
    SmolStr: Text, |value| value;
    [u8]: Blob, |value| value;
    Vec<u8>: Blob, |value| value;
    Uuid: Uuid, |value| value;
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null(_) => ValueRef::Null,
            Self::Int(value) => ValueRef::Integer(*value),
            Self::Text(value) => ValueRef::Text(value.as_bytes()),
            Self::Blob(value) => ValueRef::Blob(value),
            Self::Uuid(value) => ValueRef::Blob(value.as_bytes()),
        }))
    }
}
