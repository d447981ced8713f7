//! Contact queries and field values.

use super::case::Case;
use crate::report::Outcome;

const LATER: &str = "contact queries cannot be run yet";

/// Canonical text or error of a query.
pub fn parse(_case: &Case) -> Outcome {
    Err(LATER.to_owned())
}

/// A query on a map of properties.
pub fn evaluate_generic(_case: &Case) -> Outcome {
    Err(LATER.to_owned())
}

/// A query on a contact.
pub fn evaluate_contact(_case: &Case) -> Outcome {
    Err(LATER.to_owned())
}

/// What a query depends on.
pub fn inspect(_case: &Case) -> Outcome {
    Err(LATER.to_owned())
}

/// All of the above for the contacts beside the family.
pub fn parse_and_evaluate(_case: &Case) -> Outcome {
    Err(LATER.to_owned())
}

/// A text typed for a field.
pub fn parse_field_value(_case: &Case) -> Outcome {
    Err(LATER.to_owned())
}
