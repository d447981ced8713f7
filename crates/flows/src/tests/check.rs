//! Every test with its arguments made ready.

use std::cmp::Ordering;

use expressions::{Evaluation, Fault, LocationLevel, Value};
use smol_str::SmolStr;

use super::dates::DateComparison;
use super::locations::PlaceTest;
use super::numbers::{NumberComparison, NumberRange};
use super::pattern::PatternTest;
use super::text::{Beginning, WordMode, WordTest};
use super::{Match, Verdict, dates, emails, groups, numbers, phones, results, text};

/// The tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    AllWords,
    AnyWord,
    Beginning,
    Category,
    Date,
    DateEq,
    DateGt,
    DateLt,
    District,
    Email,
    Error,
    Group,
    /// Tests of services that are gone.
    Never,
    Number,
    NumberBetween,
    NumberEq,
    NumberGt,
    NumberGte,
    NumberLt,
    NumberLte,
    OnlyPhrase,
    OnlyText,
    Pattern,
    Phone,
    Phrase,
    State,
    Text,
    Time,
    Ward,
}

impl Kind {
    /// The test of that name.
    pub(super) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "has_all_words" => Self::AllWords,
            "has_any_word" => Self::AnyWord,
            "has_beginning" => Self::Beginning,
            "has_category" => Self::Category,
            "has_date" => Self::Date,
            "has_date_eq" => Self::DateEq,
            "has_date_gt" => Self::DateGt,
            "has_date_lt" => Self::DateLt,
            "has_district" => Self::District,
            "has_email" => Self::Email,
            "has_error" => Self::Error,
            "has_group" => Self::Group,
            "has_intent" | "has_top_intent" => Self::Never,
            "has_number" => Self::Number,
            "has_number_between" => Self::NumberBetween,
            "has_number_eq" => Self::NumberEq,
            "has_number_gt" => Self::NumberGt,
            "has_number_gte" => Self::NumberGte,
            "has_number_lt" => Self::NumberLt,
            "has_number_lte" => Self::NumberLte,
            "has_only_phrase" => Self::OnlyPhrase,
            "has_only_text" => Self::OnlyText,
            "has_pattern" => Self::Pattern,
            "has_phone" => Self::Phone,
            "has_phrase" => Self::Phrase,
            "has_state" => Self::State,
            "has_text" => Self::Text,
            "has_time" => Self::Time,
            "has_ward" => Self::Ward,
            _ => return None,
        })
    }
}

/// A test with its arguments.
#[derive(Clone, Debug)]
pub(super) enum Check {
    Beginning(Beginning),
    Category(Box<[SmolStr]>),
    Date,
    DateCompared(DateComparison),
    Email,
    Error,
    Group(SmolStr),
    Never,
    Number,
    NumberCompared(NumberComparison),
    NumberBetween(NumberRange),
    OnlyText(SmolStr),
    Pattern(PatternTest),
    Phone(SmolStr),
    Place(PlaceTest),
    Text,
    Time,
    Words(WordTest),
}

impl Check {
    /// The test with the arguments behind its operand. Their count was checked, except for `has_ward`.
    pub(super) fn new(kind: Kind, arguments: &[Value]) -> Result<Self, Fault> {
        let argument = |index: usize| arguments.get(index).unwrap_or(&Value::Null);
        let words = |mode| Ok(Self::Words(WordTest::new(mode, argument(0))));
        let compared = |orders: &'static [Ordering]| {
            Ok(Self::NumberCompared(NumberComparison::new(orders, argument(0))?))
        };
        let dated = |order| Ok(Self::DateCompared(DateComparison::new(order, argument(0))));
        match kind {
            Kind::AllWords => words(WordMode::All),
            Kind::AnyWord => words(WordMode::Any),
            Kind::Phrase => words(WordMode::Phrase),
            Kind::OnlyPhrase => words(WordMode::OnlyPhrase),
            Kind::Beginning => Ok(Self::Beginning(Beginning::new(argument(0)))),
            Kind::Category => Ok(Self::Category(arguments.iter().map(Value::to_text).collect())),
            Kind::Date => Ok(Self::Date),
            Kind::DateEq => dated(Ordering::Equal),
            Kind::DateGt => dated(Ordering::Greater),
            Kind::DateLt => dated(Ordering::Less),
            Kind::Email => Ok(Self::Email),
            Kind::Error => Ok(Self::Error),
            Kind::Group => Ok(Self::Group(argument(0).to_text())),
            Kind::Never => Ok(Self::Never),
            Kind::Number => Ok(Self::Number),
            Kind::NumberBetween => Ok(Self::NumberBetween(NumberRange::new(argument(0), argument(1))?)),
            Kind::NumberEq => compared(&[Ordering::Equal]),
            Kind::NumberGt => compared(&[Ordering::Greater]),
            Kind::NumberGte => compared(&[Ordering::Greater, Ordering::Equal]),
            Kind::NumberLt => compared(&[Ordering::Less]),
            Kind::NumberLte => compared(&[Ordering::Less, Ordering::Equal]),
            Kind::OnlyText => Ok(Self::OnlyText(argument(0).to_text())),
            Kind::Pattern => Ok(Self::Pattern(PatternTest::new(argument(0))?)),
            Kind::Phone => Ok(Self::Phone(argument(0).to_text())),
            Kind::State => Ok(Self::Place(PlaceTest::new(LocationLevel::State, &[])?)),
            Kind::District => Ok(Self::Place(PlaceTest::new(LocationLevel::District, arguments)?)),
            Kind::Ward => Ok(Self::Place(PlaceTest::new(LocationLevel::Ward, arguments)?)),
            Kind::Text => Ok(Self::Text),
            Kind::Time => Ok(Self::Time),
        }
    }

    /// Tests an operand.
    pub(super) fn run(&self, evaluation: &Evaluation<'_>, operand: &Value) -> Verdict {
        let env = evaluation.env;
        match self {
            Self::Beginning(test) => Ok(test.run(env, &operand.to_text())),
            Self::Category(names) => results::has_category(operand, names),
            Self::Date => Ok(dates::has_date(evaluation, &operand.to_text()).map(Match::of_moment)),
            Self::DateCompared(test) => test.run(evaluation, &operand.to_text()),
            Self::Email => Ok(emails::has_email(&operand.to_text())),
            Self::Error => Ok(results::has_error(operand)),
            Self::Group(uuid) => groups::has_group(operand, uuid),
            Self::Never => Ok(None),
            Self::Number => Ok(numbers::first(env, &operand.to_text(), |_| true)),
            Self::NumberCompared(test) => Ok(test.run(env, &operand.to_text())),
            Self::NumberBetween(test) => Ok(test.run(env, &operand.to_text())),
            Self::OnlyText(wanted) => Ok(text::has_only_text(operand.to_text(), wanted)),
            Self::Pattern(test) => Ok(test.run(&operand.to_text())),
            Self::Phone(country) => Ok(phones::has_phone(env, &operand.to_text(), country)),
            Self::Place(test) => test.run(env, &operand.to_text()),
            Self::Text => Ok(text::has_text(&operand.to_text())),
            Self::Time => Ok(dates::has_time(&operand.to_text())),
            Self::Words(test) => Ok(test.run(env, &operand.to_text())),
        }
    }
}
