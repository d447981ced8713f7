//! Checks single conditions and prepares their values.

use expressions::{Environment, Number, dates, environment::RedactionPolicy, phone};
use jiff::Timestamp;
use smol_str::SmolStr;

use super::{
    MAX_NAME_PREFIX, MIN_URN_PART,
    ast::{Comparator, Condition, Day, Operand},
    errors::QueryError,
    evaluate::name_words,
    property::{Attribute, Kind, Property, Resolver},
};
use crate::{ContactStatus, Urn, language, public_ref::is_public_ref, urn};

/// Fewest digits of a word that is searched for in phone numbers.
const MIN_PHONE_DIGITS: usize = 4;

/// What checking a condition needs to know.
pub struct Compiler<'a> {
    pub env: &'a Environment,
    pub now: Timestamp,
    pub resolver: Option<&'a dyn Resolver>,
}

impl Compiler<'_> {
    /// The condition that the whole of a query stands for, if it is an address, a phone number or (where
    /// addresses are hidden) the reference of a contact.
    pub fn whole(&self, query: &str) -> Result<Option<Condition>, QueryError> {
        if self.is_redacted() {
            return match is_public_ref(query) {
                true => self
                    .checked(Property::Attribute(Attribute::Ref), Comparator::Equal, query.into())
                    .map(Some),
                false => Ok(None),
            };
        }
        let is_one_word = !query.contains(|char: char| char.is_whitespace() || char == '"');
        if is_one_word
            && let Ok(urn) = query.parse::<Urn>()
            && urn::is_scheme(&urn.scheme)
        {
            return self.checked(Property::Scheme(urn.scheme), Comparator::Equal, urn.path).map(Some);
        }
        match phone::parse(query, self.env.default_country.as_deref()) {
            Some(number) => self.checked(Property::Scheme("tel".into()), Comparator::Equal, number).map(Some),
            None => Ok(None),
        }
    }

    /// A word alone: part of a phone number if it looks like one, otherwise of the name.
    pub fn implicit(&self, value: &SmolStr) -> Result<Condition, QueryError> {
        if !self.is_redacted()
            && let Some(digits) = phone_part(value)
        {
            return self.checked(Property::Scheme("tel".into()), Comparator::Contains, digits);
        }
        let has_word = words(value).next().is_some();
        let comparator = if has_word { Comparator::Contains } else { Comparator::Equal };
        self.checked(Property::Attribute(Attribute::Name), comparator, value.clone())
    }

    /// A condition as written.
    pub fn named(&self, name: &str, comparator: Comparator, value: SmolStr) -> Result<Condition, QueryError> {
        self.checked(Property::resolve(name, self.resolver)?, comparator, value)
    }

    fn is_redacted(&self) -> bool {
        self.env.redaction == RedactionPolicy::Urns
    }

    fn checked(
        &self,
        property: Property,
        comparator: Comparator,
        value: SmolStr,
    ) -> Result<Condition, QueryError> {
        if property.is_address() && self.is_redacted() && !value.is_empty() {
            return Err(QueryError::RedactedUrns);
        }
        let operand = match comparator {
            Comparator::Contains => contained(&property, &value)?,
            Comparator::Equal | Comparator::NotEqual if value.is_empty() => {
                if !property.can_be_unset() {
                    let property = property.key().into();
                    return Err(QueryError::UnsupportedSetcheck { property, operator: comparator.symbol() });
                }
                Operand::Nothing
            }
            Comparator::Equal | Comparator::NotEqual => self.operand(&property, &value)?,
            Comparator::Less | Comparator::LessOrEqual | Comparator::Greater | Comparator::GreaterOrEqual => {
                if property.kind() == Kind::Text {
                    let property = property.key().into();
                    return Err(QueryError::UnsupportedComparison {
                        property,
                        operator: comparator.symbol(),
                    });
                }
                self.operand(&property, &value)?
            }
        };
        Ok(Condition { property, comparator, value, operand })
    }

    fn operand(&self, property: &Property, value: &SmolStr) -> Result<Operand, QueryError> {
        let text = || Operand::Text(value.to_lowercase().into());
        match property.kind() {
            Kind::Number => Number::parse(value)
                .map(Operand::Number)
                .ok_or(QueryError::InvalidNumber { value: value.clone() }),
            Kind::Moment => {
                self.day(value).map(Operand::Day).ok_or(QueryError::InvalidDate { value: value.clone() })
            }
            Kind::Unknown => Ok(Operand::Untyped {
                text: value.to_lowercase().into(),
                number: Number::parse(value),
                day: self.day(value),
            }),
            Kind::Text => match property {
                Property::Attribute(attribute) => self.attribute_operand(*attribute, value),
                Property::Scheme(_) | Property::Field(_) => Ok(text()),
            },
        }
    }

    fn attribute_operand(&self, attribute: Attribute, value: &SmolStr) -> Result<Operand, QueryError> {
        let value = value.clone();
        let text = Operand::Text(value.to_lowercase().into());
        match (attribute, self.resolver) {
            (Attribute::Status, _) if ContactStatus::parse(&value.to_lowercase()).is_none() => {
                Err(QueryError::InvalidStatus { value })
            }
            (Attribute::Language, _) if !language::is_code(&value.to_lowercase()) => {
                Err(QueryError::InvalidLanguage { value })
            }
            (Attribute::Group, Some(resolver)) => {
                resolver.group(&value).map(Operand::Group).ok_or(QueryError::InvalidGroup { value })
            }
            (Attribute::Flow | Attribute::History, Some(resolver)) => {
                resolver.flow(&value).map(Operand::Flow).ok_or(QueryError::InvalidFlow { value })
            }
            _ => Ok(text),
        }
    }

    /// The day a value names, in the zone of the workspace.
    fn day(&self, value: &str) -> Option<Day> {
        let zone = &self.env.timezone;
        let moment = dates::parse_datetime(self.env, &|| self.now, value, false)?;
        let date = moment.with_time_zone(zone.clone()).date();
        let start = date.to_zoned(zone.clone()).ok()?.timestamp();
        let end = date.tomorrow().ok()?.to_zoned(zone.clone()).ok()?.timestamp();
        Some(Day { start, end })
    }
}

/// What `~` looks for.
fn contained(property: &Property, value: &SmolStr) -> Result<Operand, QueryError> {
    if property == &Property::Attribute(Attribute::Name) {
        let words: Vec<SmolStr> = words(value).collect();
        return if words.is_empty() {
            Err(QueryError::InvalidPartialName)
        } else {
            Ok(Operand::Words(words))
        };
    }
    if !property.is_address() {
        return Err(QueryError::UnsupportedContains { property: property.key().into() });
    }
    if value.chars().count() < MIN_URN_PART {
        return Err(QueryError::InvalidPartialUrn);
    }
    Ok(Operand::Text(value.to_lowercase().into()))
}

/// The words of a text that are long enough to search for, in lower case and cut to what is compared.
fn words(text: &str) -> impl Iterator<Item = SmolStr> {
    name_words(text).map(|word| word.chars().take(MAX_NAME_PREFIX).collect())
}

/// The digits of a text that is written like a phone number: `+27 82-123 (4567)` is `+27821234567`.
fn phone_part(text: &str) -> Option<SmolStr> {
    let is_phone_char = |char: char| char.is_ascii_digit() || matches!(char, '-' | '(' | ')' | ' ');
    let rest = text.strip_prefix('+').unwrap_or(text);
    if !rest.chars().all(is_phone_char) {
        return None;
    }
    let digits: SmolStr = text.chars().filter(|char| char.is_ascii_digit() || *char == '+').collect();
    (digits.trim_start_matches('+').len() >= MIN_PHONE_DIGITS).then_some(digits)
}
