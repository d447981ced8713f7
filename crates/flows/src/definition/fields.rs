//! Checks of single fields, collected so that an author hears of all of them at once.

use smol_str::SmolStr;
use uuid::Uuid;

use super::limits::{MAX_CATEGORY_NAME, MAX_NAME, MAX_RESULT_NAME};
use super::references::{Reference, VariableReference};

/// What is wrong with the fields of one object.
#[derive(Debug, Default)]
pub struct Problems(Vec<String>);

impl Problems {
    /// All problems as one line, or nothing if there were none.
    pub fn finish(self) -> Result<(), String> {
        if self.0.is_empty() { Ok(()) } else { Err(self.0.join(", ")) }
    }

    /// Adds a problem in its own words.
    pub fn add(&mut self, problem: impl Into<String>) {
        self.0.push(problem.into());
    }

    /// A text that must be there.
    pub fn required(&mut self, field: &str, text: &str) {
        if text.is_empty() {
            self.add(format!("field '{field}' is required"));
        }
    }

    /// An identifier that must be there.
    pub fn required_uuid(&mut self, field: &str, uuid: Uuid) {
        if uuid.is_nil() {
            self.add(format!("field '{field}' is required"));
        }
    }

    /// A text of limited length, in characters.
    pub fn max_text(&mut self, field: &str, text: &str, limit: usize) {
        // Bytes bound characters from above, so most texts need no counting.
        if text.len() > limit && text.chars().count() > limit {
            self.add(format!("field '{field}' must be less than or equal to {limit}"));
        }
    }

    /// Each of some texts has a limited length.
    pub fn max_texts(&mut self, field: &str, texts: &[SmolStr], limit: usize) {
        for (index, text) in texts.iter().enumerate() {
            self.max_text(&format!("{field}[{index}]"), text, limit);
        }
    }

    /// A list of limited length.
    pub fn max_items(&mut self, field: &str, items: usize, limit: usize) {
        if items > limit {
            self.add(format!("field '{field}' must have a maximum of {limit} items"));
        }
    }

    /// A result's name.
    pub fn result_name(&mut self, field: &str, name: &str) {
        if name.chars().count() > MAX_RESULT_NAME {
            self.add(format!("field '{field}' is not a valid result name"));
        }
    }

    /// A category's name.
    pub fn category_name(&mut self, field: &str, name: &str) {
        if name.chars().count() > MAX_CATEGORY_NAME {
            self.add(format!("field '{field}' is not a valid result category"));
        }
    }

    /// A reference to something outside the flow.
    pub fn reference<Id: Default + PartialEq>(&mut self, field: &str, reference: &Reference<Id>) {
        if reference.uuid == Id::default() {
            self.add(format!("field '{field}.uuid' is required"));
        }
        if reference.name.len() > MAX_NAME {
            self.max_text(&format!("{field}.name"), &reference.name, MAX_NAME);
        }
    }

    /// Fixed or computed references.
    pub fn variable_references<Id: Default + PartialEq>(
        &mut self,
        field: &str,
        references: &[VariableReference<Id>],
        limit: usize,
    ) {
        self.max_items(field, references.len(), limit);
        for (index, reference) in references.iter().enumerate() {
            match reference {
                VariableReference::Fixed(fixed) => self.reference(&format!("{field}[{index}]"), fixed),
                VariableReference::Match(template) => {
                    self.required(&format!("{field}[{index}].name_match"), template);
                }
            }
        }
    }
}
