//! The conventions of a workspace that expressions follow: dates, numbers, languages, country, redaction.

use std::sync::Arc;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::LocationTree;

/// Order of day, month and year in dates that people write and read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DateFormat {
    /// 2026-11-21
    #[default]
    #[serde(rename = "YYYY-MM-DD")]
    YearMonthDay,
    /// 11-21-2026
    #[serde(rename = "MM-DD-YYYY")]
    MonthDayYear,
    /// 21-11-2026
    #[serde(rename = "DD-MM-YYYY")]
    DayMonthYear,
}

/// How times of day are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum TimeFormat {
    /// 14:05
    #[default]
    #[serde(rename = "tt:mm")]
    Hours24,
    /// 14:05:09
    #[serde(rename = "tt:mm:ss")]
    Hours24Seconds,
    /// 2:05 pm
    #[serde(rename = "h:mm aa")]
    Hours12,
    /// 2:05:09 pm
    #[serde(rename = "h:mm:ss aa")]
    Hours12Seconds,
}

/// Which characters count as the same when texts are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Collation {
    /// Lower case only.
    #[default]
    Default,
    /// Characters that look alike (UTS 39 skeleton).
    Confusables,
    /// Arabic presentation forms and letter variants.
    ArabicVariants,
}

/// Whether flows may see the addresses of contacts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RedactionPolicy {
    /// Addresses are visible.
    #[default]
    None,
    /// Addresses are shown as `********`.
    Urns,
}

/// The symbols of written numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumberFormat {
    /// Between the whole and the fraction.
    pub decimal_symbol: SmolStr,
    /// Between groups of three digits.
    pub digit_grouping_symbol: SmolStr,
}

impl Default for NumberFormat {
    fn default() -> Self {
        Self { decimal_symbol: ".".into(), digit_grouping_symbol: ",".into() }
    }
}

/// The conventions an evaluation follows. In a session the contact's zone, language and channel country have
/// already been merged in by the engine.
#[derive(Clone, Debug)]
pub struct Environment {
    /// Order of dates.
    pub date_format: DateFormat,
    /// Form of times.
    pub time_format: TimeFormat,
    /// The zone in which local dates and times are meant.
    pub timezone: TimeZone,
    /// ISO 639-3 codes that content may be shown in; the first is the default.
    pub allowed_languages: Vec<SmolStr>,
    /// ISO 3166 alpha-2 code for local phone numbers.
    pub default_country: Option<SmolStr>,
    /// Symbols of numbers.
    pub number_format: NumberFormat,
    /// How texts are folded before comparison.
    pub collation: Collation,
    /// Whether URNs are shown.
    pub redaction: RedactionPolicy,
    /// Key that turns a contact's id into the reference shown instead of its addresses.
    pub obfuscation_key: [u32; 4],
    /// The country's places for `has_state`, `has_district` and `has_ward`.
    pub locations: Option<Arc<LocationTree>>,
}

impl Default for Environment {
    fn default() -> Self {
        Self {
            date_format: DateFormat::default(),
            time_format: TimeFormat::default(),
            timezone: TimeZone::UTC,
            allowed_languages: Vec::new(),
            default_country: None,
            number_format: NumberFormat::default(),
            collation: Collation::default(),
            redaction: RedactionPolicy::default(),
            obfuscation_key: [0; 4],
            locations: None,
        }
    }
}
