//! Whether a contact fits a query.

use expressions::Number;
use jiff::Timestamp;
use smol_str::SmolStr;
use unicode_segmentation::UnicodeSegmentation;

use super::{
    MIN_NAME_TOKEN,
    ast::{Comparator, Condition, Day, Node, Operand},
    property::{Attribute, Property, QueryField},
};
use crate::{Contact, FieldType, FlowUuid, GroupUuid, public_ref};

/// One value of a property.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Datum<'a> {
    /// Text.
    Text(&'a str),
    /// A decimal.
    Number(Number),
    /// A moment.
    Moment(Timestamp),
    /// A group.
    Group(GroupUuid),
    /// A flow.
    Flow(FlowUuid),
}

/// Something with properties that queries can be evaluated on.
pub trait Queryable {
    /// Calls `visit` with each value of a property until it answers true; whether it did.
    fn any_value(&self, property: &Property, visit: &mut dyn FnMut(Datum<'_>) -> bool) -> bool;
}

impl Node {
    /// Whether the subject fits.
    pub fn matches(&self, subject: &dyn Queryable) -> bool {
        match self {
            Node::Condition(condition) => condition.matches(subject),
            Node::All(parts) => parts.iter().all(|part| part.matches(subject)),
            Node::Any(parts) => parts.iter().any(|part| part.matches(subject)),
        }
    }
}

impl Condition {
    fn matches(&self, subject: &dyn Queryable) -> bool {
        let is_negative = self.comparator == Comparator::NotEqual;
        if self.operand == Operand::Nothing {
            let is_set = subject.any_value(&self.property, &mut |datum| datum != Datum::Text(""));
            return is_set == is_negative;
        }
        subject.any_value(&self.property, &mut |datum| self.fits(datum)) != is_negative
    }

    /// Whether one value fits; for `!=` whether it is equal.
    fn fits(&self, datum: Datum<'_>) -> bool {
        match (&self.operand, datum) {
            (Operand::Text(wanted), Datum::Text(text)) if self.comparator == Comparator::Contains => {
                contains_folded(text, wanted)
            }
            (Operand::Text(wanted) | Operand::Untyped { text: wanted, .. }, Datum::Text(text)) => {
                !self.comparator.is_ordering() && equals_folded(text, wanted)
            }
            (Operand::Words(wanted), Datum::Text(text)) => begins_word(text, wanted),
            (
                Operand::Number(wanted) | Operand::Untyped { number: Some(wanted), .. },
                Datum::Number(number),
            ) => in_order(self.comparator, number.cmp(wanted)),
            (Operand::Day(wanted) | Operand::Untyped { day: Some(wanted), .. }, Datum::Moment(moment)) => {
                in_day(self.comparator, moment, *wanted)
            }
            (Operand::Group(group), Datum::Group(uuid)) => group.uuid == uuid,
            (Operand::Flow(flow), Datum::Flow(uuid)) => flow.uuid == uuid,
            (Operand::Flow(flow), Datum::Text(name)) => equals_folded(name, &flow.name.to_lowercase()),
            _ => false,
        }
    }
}

fn in_order(comparator: Comparator, order: std::cmp::Ordering) -> bool {
    match comparator {
        Comparator::Equal | Comparator::NotEqual => order.is_eq(),
        Comparator::Less => order.is_lt(),
        Comparator::LessOrEqual => order.is_le(),
        Comparator::Greater => order.is_gt(),
        Comparator::GreaterOrEqual => order.is_ge(),
        Comparator::Contains => false,
    }
}

/// A moment equals a day if it lies in it, is later if it lies behind it.
fn in_day(comparator: Comparator, moment: Timestamp, day: Day) -> bool {
    let order = if moment < day.start {
        std::cmp::Ordering::Less
    } else if moment < day.end {
        std::cmp::Ordering::Equal
    } else {
        std::cmp::Ordering::Greater
    };
    in_order(comparator, order)
}

/// Whether a text is the wanted one, which is in lower case, whatever the text's case.
fn equals_folded(text: &str, wanted: &str) -> bool {
    if text.is_ascii() { text.eq_ignore_ascii_case(wanted) } else { text.to_lowercase() == wanted }
}

fn contains_folded(text: &str, wanted: &str) -> bool {
    text.to_lowercase().contains(wanted)
}

/// Whether any word of the text begins with any of the wanted ones.
fn begins_word(text: &str, wanted: &[SmolStr]) -> bool {
    name_words(text).any(|word| wanted.iter().any(|prefix| word.starts_with(prefix.as_str())))
}

/// The words of a name that are long enough to be searched for, in lower case.
pub fn name_words(name: &str) -> impl Iterator<Item = String> {
    let words = name.unicode_words().filter(|word| word.chars().count() >= MIN_NAME_TOKEN);
    words.map(str::to_lowercase)
}

/// A contact as the queries of groups see it: attributes that groups may not depend on have no values.
impl Queryable for Contact {
    fn any_value(&self, property: &Property, visit: &mut dyn FnMut(Datum<'_>) -> bool) -> bool {
        match property {
            Property::Attribute(attribute) => attribute_value(self, *attribute, visit),
            Property::Scheme(scheme) => {
                let mut of_scheme = self.urns.iter().filter(|urn| urn.urn.scheme == *scheme);
                of_scheme.any(|urn| visit(Datum::Text(&urn.urn.path)))
            }
            Property::Field(field) => field_value(self, field, visit),
        }
    }
}

/// A contact with all that a search can ask about, also what groups may not depend on.
#[derive(Clone, Copy, Debug)]
pub struct Searched<'a> {
    /// The contact.
    pub contact: &'a Contact,
    /// The flow they are in.
    pub flow: Option<FlowUuid>,
    /// The flows they have been in.
    pub history: &'a [FlowUuid],
    /// The workspace's key for public references.
    pub obfuscation_key: [u32; 4],
}

impl Queryable for Searched<'_> {
    fn any_value(&self, property: &Property, visit: &mut dyn FnMut(Datum<'_>) -> bool) -> bool {
        match property {
            Property::Attribute(Attribute::Status) => visit(Datum::Text(self.contact.status.word())),
            Property::Attribute(Attribute::Group) => {
                self.contact.groups.iter().any(|group| visit(Datum::Group(*group)))
            }
            Property::Attribute(Attribute::Flow) => self.flow.is_some_and(|flow| visit(Datum::Flow(flow))),
            Property::Attribute(Attribute::History) => {
                self.history.iter().any(|flow| visit(Datum::Flow(*flow)))
            }
            Property::Attribute(Attribute::Id) => {
                visit(Datum::Text(&smol_str::format_smolstr!("{}", self.contact.id)))
            }
            Property::Attribute(Attribute::Ref) => {
                visit(Datum::Text(&public_ref(self.contact.id, self.obfuscation_key)))
            }
            Property::Attribute(_) | Property::Scheme(_) | Property::Field(_) => {
                self.contact.any_value(property, visit)
            }
        }
    }
}

fn attribute_value(
    contact: &Contact,
    attribute: Attribute,
    visit: &mut dyn FnMut(Datum<'_>) -> bool,
) -> bool {
    match attribute {
        Attribute::Name => !contact.name.is_empty() && visit(Datum::Text(&contact.name)),
        Attribute::Language => contact.language.as_ref().is_some_and(|code| visit(Datum::Text(code))),
        Attribute::CreatedOn => visit(Datum::Moment(contact.created_on)),
        Attribute::LastSeenOn => contact.last_seen_on.is_some_and(|moment| visit(Datum::Moment(moment))),
        Attribute::Urn => contact.urns.iter().any(|urn| visit(Datum::Text(&urn.urn.path))),
        Attribute::Uuid => {
            visit(Datum::Text(contact.uuid.0.hyphenated().encode_lower(&mut uuid::Uuid::encode_buffer())))
        }
        Attribute::Tickets => {
            let open = contact.tickets.iter().filter(|ticket| ticket.open).count();
            visit(Datum::Number(Number::from(i64::try_from(open).unwrap_or(i64::MAX))))
        }
        Attribute::Flow
        | Attribute::Group
        | Attribute::History
        | Attribute::Id
        | Attribute::Ref
        | Attribute::Status => false,
    }
}

fn field_value(contact: &Contact, field: &QueryField, visit: &mut dyn FnMut(Datum<'_>) -> bool) -> bool {
    let Some(value) = contact.fields.get(&field.key) else { return false };
    let place = |path: &Option<SmolStr>| {
        path.as_deref().map(|path| path.rsplit_once(" > ").map_or(path, |(_, name)| name).to_owned())
    };
    match field.field_type.unwrap_or_default() {
        FieldType::Text => visit(Datum::Text(&value.text)),
        FieldType::Number => {
            value.number.as_deref().and_then(Number::parse).is_some_and(|number| visit(Datum::Number(number)))
        }
        FieldType::Datetime => {
            value.datetime.as_ref().is_some_and(|moment| visit(Datum::Moment(moment.timestamp())))
        }
        FieldType::State => place(&value.state).is_some_and(|name| visit(Datum::Text(&name))),
        FieldType::District => place(&value.district).is_some_and(|name| visit(Datum::Text(&name))),
        FieldType::Ward => place(&value.ward).is_some_and(|name| visit(Datum::Text(&name))),
    }
}
