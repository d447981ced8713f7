//! What JSON looks like that goes in and out: named members with types. From these OpenAPI is written, and in builds with
//! debug assertions each answer is held to its own, so that tests find a description that is not true.

use serde_json::{Value, json};

/// The type of a member.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    /// Text.
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A whole number.
    Int,
    /// A truth value.
    Bool,
    /// A moment in UTC: `2026-05-01T08:30:00.000000Z`.
    Moment,
    /// A day: `2026-05-01`.
    Day,
    /// An identifier.
    Uuid,
    /// Whatever it is.
    Any,
    /// A list.
    List(&'static Self),
    /// Members whose names are not known beforehand.
    Map(&'static Self),
    /// These members.
    Object(&'static [Prop]),
    /// One shape or the other.
    Either(&'static Self, &'static Self),
}

/// `{"uuid", "name"}`: something else that is named.
pub(crate) const REF: Shape =
    Shape::Object(&[prop("uuid", Shape::Uuid, "Identifier"), prop("name", Shape::Text, "Name")]);
/// Several of these.
pub(crate) const REFS: Shape = Shape::List(&REF);
/// Several texts.
pub(crate) const TEXTS: Shape = Shape::List(&Shape::Text);
/// A text, or one for each language.
pub(crate) const TRANSLATED: Shape = Shape::Either(&Shape::Text, &Shape::Map(&Shape::Text));

/// A member.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Prop {
    pub name: &'static str,
    pub shape: Shape,
    pub nullable: bool,
    pub about: &'static str,
}

/// A member that is always there and never null.
pub(crate) const fn prop(name: &'static str, shape: Shape, about: &'static str) -> Prop {
    Prop { name, shape, nullable: false, about }
}

impl Prop {
    /// The same, but it may be null.
    pub const fn or_null(self) -> Self {
        Self { nullable: true, ..self }
    }

    fn schema(&self) -> Value {
        let mut schema = self.shape.schema();
        schema["description"] = json!(self.about);
        if self.nullable {
            schema["nullable"] = json!(true);
        }
        schema
    }
}

/// The schema of an object of these members; all of them are there.
pub(crate) fn object_schema(props: &[Prop], all_required: bool) -> Value {
    let members: serde_json::Map<String, Value> =
        props.iter().map(|prop| (prop.name.to_owned(), prop.schema())).collect();
    let mut schema = json!({"type": "object", "properties": members});
    if all_required {
        schema["required"] = props.iter().map(|prop| prop.name).collect();
    }
    schema
}

impl Shape {
    /// As OpenAPI 3.0 says it.
    pub fn schema(&self) -> Value {
        match self {
            Self::Text => json!({"type": "string"}),
            Self::Word(words) => json!({"type": "string", "enum": words}),
            Self::Int => json!({"type": "integer", "format": "int64"}),
            Self::Bool => json!({"type": "boolean"}),
            Self::Moment => json!({"type": "string", "format": "date-time"}),
            Self::Day => json!({"type": "string", "format": "date"}),
            Self::Uuid => json!({"type": "string", "format": "uuid"}),
            Self::Any => json!({}),
            Self::List(of) => json!({"type": "array", "items": of.schema()}),
            Self::Map(of) => json!({"type": "object", "additionalProperties": of.schema()}),
            Self::Object(props) => object_schema(props, true),
            Self::Either(one, other) => json!({"oneOf": [one.schema(), other.schema()]}),
        }
    }

    /// Says what is wrong with a value, if it is not of this shape.
    pub fn check(&self, value: &Value) -> Result<(), String> {
        let fits = match self {
            Self::Text => value.is_string(),
            Self::Word(words) => value.as_str().is_some_and(|word| words.contains(&word)),
            Self::Int => value.is_i64() || value.is_u64(),
            Self::Bool => value.is_boolean(),
            Self::Moment => value.as_str().is_some_and(|text| text.len() == 27 && text.ends_with('Z')),
            Self::Day => value.as_str().is_some_and(|text| text.parse::<jiff::civil::Date>().is_ok()),
            Self::Uuid => value.as_str().is_some_and(|text| text.parse::<uuid::Uuid>().is_ok()),
            Self::Any => true,
            Self::List(of) => {
                return value.as_array().ok_or("not a list")?.iter().try_for_each(|one| of.check(one));
            }
            Self::Map(of) => {
                return value.as_object().ok_or("not an object")?.values().try_for_each(|one| of.check(one));
            }
            Self::Object(props) => return check_object(props, value),
            Self::Either(one, other) => one.check(value).is_ok() || other.check(value).is_ok(),
        };
        if fits { Ok(()) } else { Err(format!("{value} is not {self:?}")) }
    }
}

/// Says what is wrong with an object, if its members are not these.
pub(crate) fn check_object(props: &[Prop], value: &Value) -> Result<(), String> {
    let members = value.as_object().ok_or_else(|| format!("{value} is not an object"))?;
    if let Some(more) = members.keys().find(|name| props.iter().all(|prop| prop.name != *name)) {
        return Err(format!("{more} is not described"));
    }
    props.iter().try_for_each(|prop| match members.get(prop.name) {
        None => Err(format!("{} is missing", prop.name)),
        Some(Value::Null) if prop.nullable => Ok(()),
        Some(member) => prop.shape.check(member).map_err(|said| format!("{}: {said}", prop.name)),
    })
}
