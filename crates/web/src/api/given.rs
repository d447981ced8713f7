//! Bodies as they are given: read member by member, with everything that is wrong gathered into one answer.

use serde_json::{Map, Value, json};
use smol_str::SmolStr;
use uuid::Uuid;

use super::error::ApiError;

/// Items of a list of references.
pub(crate) const MAX_ITEMS: usize = 100;

/// Members of a body, and what is wrong with them.
pub(crate) struct Given<'b> {
    body: &'b Map<String, Value>,
    wrong: Map<String, Value>,
}

impl<'b> Given<'b> {
    /// A body.
    pub fn of(body: &'b Map<String, Value>) -> Self {
        Self { body, wrong: Map::new() }
    }

    /// Whether a member is there, if only as null.
    pub fn has(&self, name: &str) -> bool {
        self.body.contains_key(name)
    }

    /// A member that is neither missing nor null.
    pub fn value(&self, name: &str) -> Option<&'b Value> {
        self.body.get(name).filter(|value| !value.is_null())
    }

    /// Says that a member is wrong.
    pub fn wrong(&mut self, name: &str, said: impl Into<String>) {
        let said = json!(said.into());
        match self.wrong.get_mut(name) {
            Some(Value::Array(list)) => list.push(said),
            _ => drop(self.wrong.insert(name.to_owned(), json!([said]))),
        }
    }

    /// Says that an item of a list is wrong.
    pub fn wrong_item(&mut self, name: &str, place: usize, said: impl Into<String>) {
        if !self.wrong.get(name).is_some_and(Value::is_object) {
            self.wrong.insert(name.to_owned(), json!({}));
        }
        self.wrong[name][place.to_string()] = json!([said.into()]);
    }

    /// Says that a member of a member is wrong, such as the value of a field.
    pub fn wrong_member(&mut self, name: &str, member: &str, said: impl Into<String>) {
        if !self.wrong.get(name).is_some_and(Value::is_object) {
            self.wrong.insert(name.to_owned(), json!({}));
        }
        self.wrong[name][member] = json!([said.into()]);
    }

    /// What a call is answered if anything is wrong.
    pub fn done(self) -> Result<(), ApiError> {
        if self.wrong.is_empty() { Ok(()) } else { Err(ApiError::Fields(self.wrong)) }
    }

    /// A text of at most so many characters, if it is there. Blank ones and nulls are wrong.
    pub fn text(&mut self, name: &str, most: usize) -> Option<SmolStr> {
        let text = self.any_text(name, most)?;
        if text.is_empty() {
            self.wrong(name, "This field may not be blank.");
            return None;
        }
        Some(text)
    }

    /// A text that may be blank.
    pub fn any_text(&mut self, name: &str, most: usize) -> Option<SmolStr> {
        match self.body.get(name)? {
            Value::Null => self.wrong(name, "This field may not be null."),
            Value::String(text) => return self.measured(name, text.trim(), most),
            Value::Number(number) => return self.measured(name, &number.to_string(), most),
            Value::Bool(_) | Value::Array(_) | Value::Object(_) => self.wrong(name, "Not a valid string."),
        }
        None
    }

    /// A text that must be there.
    pub fn needed_text(&mut self, name: &str, most: usize) -> Option<SmolStr> {
        if !self.has(name) {
            self.wrong(name, "This field is required.");
        }
        self.text(name, most)
    }

    fn measured(&mut self, name: &str, text: &str, most: usize) -> Option<SmolStr> {
        if text.contains('\0') {
            self.wrong(name, "Null characters are not allowed.");
            return None;
        }
        if text.chars().count() > most {
            self.wrong(name, format!("Ensure this field has no more than {most} characters."));
            return None;
        }
        Some(text.into())
    }

    /// One of these words, if it is there.
    pub fn word(&mut self, name: &str, words: &[&'static str]) -> Option<&'static str> {
        let value = self.body.get(name)?;
        let found = words.iter().copied().find(|word| value.as_str() == Some(*word));
        if found.is_none() {
            let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            self.wrong(name, format!("\"{shown}\" is not a valid choice."));
        }
        found
    }

    /// A truth value, if it is there; clients also send 0 and 1.
    pub fn flag(&mut self, name: &str) -> Option<bool> {
        let found = match self.body.get(name)? {
            Value::Bool(flag) => Some(*flag),
            Value::Number(number) => match number.as_i64() {
                Some(0) => Some(false),
                Some(1) => Some(true),
                _ => None,
            },
            Value::String(text) => match text.to_ascii_lowercase().as_str() {
                "true" | "1" => Some(true),
                "false" | "0" => Some(false),
                _ => None,
            },
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        };
        if found.is_none() {
            self.wrong(name, "Must be a valid boolean.");
        }
        found
    }

    /// A whole number, if it is there.
    pub fn int(&mut self, name: &str) -> Option<i64> {
        let found = match self.body.get(name)? {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.trim().parse().ok(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        if found.is_none() {
            self.wrong(name, "A valid integer is required.");
        }
        found
    }

    /// A list of at most so many items, if it is there and not null.
    pub fn list(&mut self, name: &str, most: usize) -> Option<&'b [Value]> {
        match self.body.get(name)? {
            Value::Null => None,
            Value::Array(items) if items.len() > most => {
                self.wrong(name, format!("Ensure this field has no more than {most} elements."));
                None
            }
            Value::Array(items) => Some(items),
            Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Object(_) => {
                self.wrong(name, "Expected a list of items.");
                None
            }
        }
    }
}

/// An identifier in a value, as the client writes it: a text, or an object that has it.
pub(crate) fn uuid_of(value: &Value) -> Option<Uuid> {
    let text = value.as_str().or_else(|| value.get("uuid")?.as_str())?;
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Given;
    use crate::api::error::ApiError;

    fn check(body: Value, read: impl Fn(&mut Given<'_>), expected: Value) {
        let Value::Object(body) = body else { unreachable!("an object") };
        let mut given = Given::of(&body);
        read(&mut given);
        let found = match given.done() {
            Ok(()) => json!({}),
            Err(ApiError::Fields(wrong)) => Value::Object(wrong),
            Err(other) => unreachable!("{other:?}"),
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn says_what_is_wrong_member_by_member() {
        let name = |given: &mut Given<'_>| drop(given.needed_text("name", 5));
        check(json!({}), name, json!({"name": ["This field is required."]}));
        check(json!({"name": null}), name, json!({"name": ["This field may not be null."]}));
        check(json!({"name": " "}), name, json!({"name": ["This field may not be blank."]}));
        check(json!({"name": ["x"]}), name, json!({"name": ["Not a valid string."]}));
        check(
            json!({"name": "abcdef"}),
            name,
            json!({"name": ["Ensure this field has no more than 5 characters."]}),
        );
        check(json!({"name": "a\0b"}), name, json!({"name": ["Null characters are not allowed."]}));
        check(json!({"name": " ä "}), name, json!({}));
        let rest = |given: &mut Given<'_>| {
            given.flag("flag");
            given.list("list", 1);
            given.word("word", &["a"]);
        };
        check(json!({"flag": 1, "list": ["x"], "word": "a"}), rest, json!({}));
        let wrong = json!({
            "flag": ["Must be a valid boolean."],
            "list": ["Expected a list of items."],
            "word": ["\"b\" is not a valid choice."],
        });
        check(json!({"flag": 2, "list": "x", "word": "b"}), rest, wrong);
    }
}
