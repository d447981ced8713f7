//! What can be wrong with a query, in the words and codes that RapidPro uses for it.

use std::collections::BTreeMap;

use smol_str::SmolStr;
use thiserror::Error;

use super::{MAX_CHARS, MAX_CONDITIONS, MAX_DEPTH, MIN_NAME_TOKEN, MIN_URN_PART};

/// Why a query was refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum QueryError {
    /// The text is not a query.
    #[error("{0}")]
    Syntax(String),
    /// Too long, too many conditions or nested too deeply.
    #[error(
        "query is too complex; use at most {MAX_CONDITIONS} conditions, {MAX_DEPTH} levels and {MAX_CHARS} characters"
    )]
    TooComplex,
    /// The value of a number property is not a number.
    #[error("can't convert '{value}' to a number")]
    InvalidNumber {
        /// As written.
        value: SmolStr,
    },
    /// The value of a date property is not a date.
    #[error("can't convert '{value}' to a date")]
    InvalidDate {
        /// As written.
        value: SmolStr,
    },
    /// No group has that name.
    #[error("'{value}' is not a valid group name")]
    InvalidGroup {
        /// As written.
        value: SmolStr,
    },
    /// No flow has that name.
    #[error("'{value}' is not a valid flow name")]
    InvalidFlow {
        /// As written.
        value: SmolStr,
    },
    /// Not one of active, blocked, stopped, archived.
    #[error("'{value}' is not a valid contact status")]
    InvalidStatus {
        /// As written.
        value: SmolStr,
    },
    /// Not an ISO 639-3 code.
    #[error("'{value}' is not a valid language code")]
    InvalidLanguage {
        /// As written.
        value: SmolStr,
    },
    /// `name ~` without a word long enough to search for.
    #[error("contains operator on name requires token of minimum length {MIN_NAME_TOKEN}")]
    InvalidPartialName,
    /// `urn ~` with too short a part.
    #[error("contains operator on URN requires value of minimum length {MIN_URN_PART}")]
    InvalidPartialUrn,
    /// `~` on a property that has no parts to search.
    #[error("contains conditions can only be used with name or URN values")]
    UnsupportedContains {
        /// Key of the property.
        property: SmolStr,
    },
    /// `<` or `>` on a property without order.
    #[error("comparisons with {operator} can only be used with date and number fields")]
    UnsupportedComparison {
        /// Key of the property.
        property: SmolStr,
        /// As printed.
        operator: &'static str,
    },
    /// `= ""` on a property that every contact has.
    #[error("can't check whether '{property}' is set or not set")]
    UnsupportedSetcheck {
        /// Key of the property.
        property: SmolStr,
        /// As printed.
        operator: &'static str,
    },
    /// No attribute, scheme or field has that name.
    #[error("can't resolve '{property}' to attribute, scheme or field")]
    UnknownProperty {
        /// As written, in lower case.
        property: SmolStr,
    },
    /// The part before the dot is neither `fields` nor `urns`.
    #[error("unknown property type '{kind}'")]
    UnknownPropertyType {
        /// As written, in lower case.
        kind: SmolStr,
    },
    /// The workspace hides addresses, so nobody may search by them.
    #[error("cannot query on redacted URNs")]
    RedactedUrns,
}

impl QueryError {
    /// What of the query's text the error is about: a value, a property (in lower case) or the token that did not fit,
    /// `<EOF>` for the end.
    pub fn subject(&self) -> Option<&str> {
        match self {
            Self::Syntax(message) => {
                let (_, rest) = message.split_once(" input '").or_else(|| message.split_once(" at '"))?;
                rest.rsplit_once("' expecting ").map(|(token, _)| token).or_else(|| rest.strip_suffix('\''))
            }
            Self::InvalidNumber { value }
            | Self::InvalidDate { value }
            | Self::InvalidGroup { value }
            | Self::InvalidFlow { value }
            | Self::InvalidStatus { value }
            | Self::InvalidLanguage { value } => Some(value),
            Self::UnsupportedContains { property }
            | Self::UnsupportedComparison { property, .. }
            | Self::UnsupportedSetcheck { property, .. }
            | Self::UnknownProperty { property } => Some(property),
            Self::UnknownPropertyType { kind } => Some(kind),
            Self::TooComplex | Self::InvalidPartialName | Self::InvalidPartialUrn | Self::RedactedUrns => {
                None
            }
        }
    }

    /// The code that clients act on.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Syntax(_) => "syntax",
            Self::TooComplex => "too_complex",
            Self::InvalidNumber { .. } => "invalid_number",
            Self::InvalidDate { .. } => "invalid_date",
            Self::InvalidGroup { .. } => "invalid_group",
            Self::InvalidFlow { .. } => "invalid_flow",
            Self::InvalidStatus { .. } => "invalid_status",
            Self::InvalidLanguage { .. } => "invalid_language",
            Self::InvalidPartialName => "invalid_partial_name",
            Self::InvalidPartialUrn => "invalid_partial_urn",
            Self::UnsupportedContains { .. } => "unsupported_contains",
            Self::UnsupportedComparison { .. } => "unsupported_comparison",
            Self::UnsupportedSetcheck { .. } => "unsupported_setcheck",
            Self::UnknownProperty { .. } => "unknown_property",
            Self::UnknownPropertyType { .. } => "unknown_property_type",
            Self::RedactedUrns => "redacted_urns",
        }
    }

    /// The parts of the message that clients fill into texts of their own.
    pub fn extra(&self) -> BTreeMap<&'static str, SmolStr> {
        match self {
            Self::Syntax(_) | Self::TooComplex | Self::RedactedUrns => BTreeMap::new(),
            Self::InvalidNumber { value }
            | Self::InvalidDate { value }
            | Self::InvalidGroup { value }
            | Self::InvalidFlow { value }
            | Self::InvalidStatus { value }
            | Self::InvalidLanguage { value } => BTreeMap::from([("value", value.clone())]),
            Self::InvalidPartialName => {
                BTreeMap::from([("min_token_length", smol_str::format_smolstr!("{MIN_NAME_TOKEN}"))])
            }
            Self::InvalidPartialUrn => {
                BTreeMap::from([("min_value_length", smol_str::format_smolstr!("{MIN_URN_PART}"))])
            }
            Self::UnsupportedContains { property } | Self::UnknownProperty { property } => {
                BTreeMap::from([("property", property.clone())])
            }
            Self::UnsupportedComparison { property, operator }
            | Self::UnsupportedSetcheck { property, operator } => {
                BTreeMap::from([("operator", SmolStr::new_static(operator)), ("property", property.clone())])
            }
            Self::UnknownPropertyType { kind } => BTreeMap::from([("type", kind.clone())]),
        }
    }
}
