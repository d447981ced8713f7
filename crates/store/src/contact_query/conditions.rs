//! One condition at a time. `c` is the contact, `r` a row that belongs to a contact.

use std::collections::BTreeSet;

use domain::{
    FieldType,
    public_ref::{self, from_public_ref},
    query::{Attribute, Comparator, Condition, Day, Node, Operand, Property},
};
use expressions::Number;
use smol_str::{SmolStr, ToSmolStr};
use uuid::Uuid;

use super::{ContactSearch, statement::Writer};
use crate::search_keys::{self, LANGUAGE, NAME, TermKind};

/// Writes a part of a query, in parentheses if it has parts itself.
pub(super) fn node(writer: &mut Writer, node: &Node, search: &ContactSearch) {
    let (parts, joint, of_none) = match node {
        Node::Condition(condition) => return self::condition(writer, condition, search),
        Node::All(parts) => (parts, " AND ", "TRUE"),
        Node::Any(parts) => (parts, " OR ", "FALSE"),
    };
    if parts.is_empty() {
        return writer.push(of_none);
    }
    writer.push("(");
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            writer.push(joint);
        }
        self::node(writer, part, search);
    }
    writer.push(")");
}

/// A condition that a range of one index answers, with one row for each contact.
pub(super) enum Index<'a> {
    /// By one set of rows.
    Set(&'a Condition),
    /// By when contacts were made.
    Created(&'a Condition),
}

/// The index that answers a whole query, if one does.
pub(super) fn index_of(node: &Node) -> Option<Index<'_>> {
    let Node::Condition(condition) = node else { return None };
    if condition.comparator == Comparator::NotEqual {
        return None;
    }
    // PostgreSQL holds no text with a zero character, so nothing is asked for one.
    let is_text = wanted(&condition.operand).is_some_and(|text| !text.contains('\0'));
    let is_set = match &condition.property {
        Property::Attribute(Attribute::CreatedOn) => {
            return matches!(condition.operand, Operand::Day(_)).then_some(Index::Created(condition));
        }
        Property::Attribute(Attribute::Language) => is_text,
        Property::Attribute(Attribute::Group) => matches!(condition.operand, Operand::Group(_)),
        Property::Field(field) => match field.field_type.unwrap_or_default() {
            FieldType::Text | FieldType::State | FieldType::District | FieldType::Ward => is_text,
            FieldType::Number => matches!(condition.operand, Operand::Number(_)),
            FieldType::Datetime => matches!(condition.operand, Operand::Day(_)),
        },
        Property::Attribute(_) | Property::Scheme(_) => false,
    };
    is_set.then_some(Index::Set(condition))
}

pub(super) fn condition(writer: &mut Writer, condition: &Condition, search: &ContactSearch) {
    let negated = match (&condition.operand, condition.comparator) {
        (Operand::Nothing, comparator) => comparator != Comparator::NotEqual,
        (_, comparator) => comparator == Comparator::NotEqual,
    };
    if negated {
        writer.push("NOT ");
    }
    let term = |property, kind| Terms { search, property, kind };
    match &condition.property {
        Property::Attribute(attribute) => match attribute {
            Attribute::Name => name(writer, condition, search),
            Attribute::Language => term(LANGUAGE, TermKind::Text).text(writer, &condition.operand),
            Attribute::Urn => address(writer, condition, search, None),
            Attribute::CreatedOn => moment(writer, "c.created_on", condition),
            Attribute::LastSeenOn => moment(writer, "c.last_seen_on", condition),
            Attribute::Group => group(writer, &condition.operand, search),
            Attribute::Flow => flow(writer, &condition.operand),
            Attribute::History => history(writer, &condition.operand, search),
            Attribute::Status => column(writer, "c.status", &condition.operand),
            Attribute::Id => row_number(writer, own_id(condition)),
            Attribute::Ref => row_number(writer, id_of_ref(condition, search)),
            Attribute::Uuid => uuid(writer, condition),
            Attribute::Tickets => tickets(writer, condition),
        },
        Property::Scheme(scheme) => address(writer, condition, search, Some(scheme)),
        Property::Field(field) => match field.field_type.unwrap_or_default() {
            FieldType::Text => term(&field.key, TermKind::Text).text(writer, &condition.operand),
            FieldType::State => term(&field.key, TermKind::State).text(writer, &condition.operand),
            FieldType::District => term(&field.key, TermKind::District).text(writer, &condition.operand),
            FieldType::Ward => term(&field.key, TermKind::Ward).text(writer, &condition.operand),
            FieldType::Number => term(&field.key, TermKind::Number).number(writer, condition),
            FieldType::Datetime => term(&field.key, TermKind::Moment).moment(writer, condition),
        },
    }
}

/// The wanted text, in lower case. One whose property's type was not known when the query was read is text.
fn wanted(operand: &Operand) -> Option<&SmolStr> {
    match operand {
        Operand::Text(text) | Operand::Untyped { text, .. } => Some(text),
        Operand::Nothing
        | Operand::Words(_)
        | Operand::Number(_)
        | Operand::Day(_)
        | Operand::Group(_)
        | Operand::Flow(_) => None,
    }
}

/// The rows of terms of one property and kind.
struct Terms<'a> {
    search: &'a ContactSearch,
    property: &'a str,
    kind: TermKind,
}

impl Terms<'_> {
    fn begin(&self, writer: &mut Writer) {
        writer.begin_set("contact_term");
        writer.push("r.workspace_id = ");
        writer.int(self.search.workspace.0);
        writer.push(" AND r.property = ");
        writer.text(self.property);
        writer.push(" AND r.kind = ");
        writer.text(self.kind.code());
    }

    fn end(writer: &mut Writer) {
        writer.end_set();
    }

    /// Any value at all.
    fn is_set(&self, writer: &mut Writer) {
        self.begin(writer);
        Self::end(writer);
    }

    fn text(&self, writer: &mut Writer, operand: &Operand) {
        match (operand, wanted(operand)) {
            (Operand::Nothing, _) => self.is_set(writer),
            (_, Some(text)) if writer.dialect.can_hold(text) => {
                let (value, rest) = search_keys::text_key(text);
                self.begin(writer);
                writer.push(" AND r.value = ");
                writer.text(&value);
                writer.push(" AND r.rest = ");
                writer.text(&rest);
                Self::end(writer);
            }
            _ => writer.push("FALSE"),
        }
    }

    fn number(&self, writer: &mut Writer, condition: &Condition) {
        match &condition.operand {
            Operand::Nothing => self.is_set(writer),
            Operand::Number(number) => {
                self.begin(writer);
                writer.push(" AND r.value ");
                writer.push(operator(condition.comparator));
                writer.push(" ");
                writer.text(&search_keys::number_key(*number));
                Self::end(writer);
            }
            _ => writer.push("FALSE"),
        }
    }

    fn moment(&self, writer: &mut Writer, condition: &Condition) {
        match &condition.operand {
            Operand::Nothing => self.is_set(writer),
            Operand::Day(day) => {
                self.begin(writer);
                for (operator, moment) in bounds(condition.comparator, *day) {
                    writer.push(" AND r.value ");
                    writer.push(operator);
                    writer.push(" ");
                    writer.text(&search_keys::moment_key(moment));
                }
                Self::end(writer);
            }
            _ => writer.push("FALSE"),
        }
    }
}

/// How numbers are compared; `!=` is the negation of `=`.
fn operator(comparator: Comparator) -> &'static str {
    match comparator {
        Comparator::Equal | Comparator::NotEqual | Comparator::Contains => "=",
        Comparator::Less => "<",
        Comparator::LessOrEqual => "<=",
        Comparator::Greater => ">",
        Comparator::GreaterOrEqual => ">=",
    }
}

/// Between which moments a moment lies that compares so with a day.
fn bounds(comparator: Comparator, day: Day) -> Vec<(&'static str, jiff::Timestamp)> {
    match comparator {
        Comparator::Equal | Comparator::NotEqual | Comparator::Contains => {
            vec![(">=", day.start), ("<", day.end)]
        }
        Comparator::Less => vec![("<", day.start)],
        Comparator::LessOrEqual => vec![("<", day.end)],
        Comparator::Greater => vec![(">=", day.end)],
        Comparator::GreaterOrEqual => vec![(">=", day.start)],
    }
}

fn name(writer: &mut Writer, condition: &Condition, search: &ContactSearch) {
    let Operand::Words(words) = &condition.operand else {
        return Terms { search, property: NAME, kind: TermKind::Text }.text(writer, &condition.operand);
    };
    let words: Vec<&SmolStr> = BTreeSet::from_iter(words).into_iter().collect();
    any_word(writer, &Terms { search, property: NAME, kind: TermKind::Word }, &words);
}

/// Whether a word of the name begins with one of these. Halved again and again, because databases limit how deep a
/// chain of OR may be.
fn any_word(writer: &mut Writer, terms: &Terms<'_>, words: &[&SmolStr]) {
    match words {
        [] => writer.push("FALSE"),
        [word] if writer.dialect.can_hold(word) => {
            terms.begin(writer);
            writer.push(" AND r.value >= ");
            writer.text(word);
            if let Some(end) = search_keys::behind(word) {
                writer.push(" AND r.value < ");
                writer.text(&end);
            }
            Terms::end(writer);
        }
        [_] => writer.push("FALSE"),
        _ => {
            let (left, right) = words.split_at(words.len() / 2);
            writer.push("(");
            any_word(writer, terms, left);
            writer.push(" OR ");
            any_word(writer, terms, right);
            writer.push(")");
        }
    }
}

fn address(writer: &mut Writer, condition: &Condition, search: &ContactSearch, scheme: Option<&SmolStr>) {
    let text = match (&condition.operand, wanted(&condition.operand)) {
        (Operand::Nothing, _) => "",
        (_, Some(text)) if writer.dialect.can_hold(text) => text,
        _ => return writer.push("FALSE"),
    };
    writer.begin_set("contact_urn");
    writer.push("r.workspace_id = ");
    writer.int(search.workspace.0);
    if let Some(scheme) = scheme {
        // Not by the index of schemes: it does not hold what is compared.
        writer.push(" AND r.scheme || '' = ");
        writer.text(scheme);
    }
    match (&condition.operand, condition.comparator) {
        (Operand::Nothing, _) => writer.push(" AND r.path_key <> ''"),
        (_, Comparator::Contains) => {
            let place_of = writer.dialect.place_of();
            writer.push(&format!(" AND {place_of}(r.path_key, "));
            writer.text(text);
            writer.push(") > 0");
        }
        _ => {
            writer.push(" AND r.path_key = ");
            writer.text(text);
        }
    }
    writer.end_set();
}

fn moment(writer: &mut Writer, column: &str, condition: &Condition) {
    writer.push(&format!("({column} IS NOT NULL"));
    match &condition.operand {
        Operand::Nothing => {}
        Operand::Day(day) => {
            for (operator, moment) in bounds(condition.comparator, *day) {
                writer.push(&format!(" AND {column} {operator} "));
                writer.int(search_keys::micros(moment));
            }
        }
        _ => writer.push(" AND FALSE"),
    }
    writer.push(")");
}

fn group(writer: &mut Writer, operand: &Operand, search: &ContactSearch) {
    let group = match operand {
        Operand::Nothing => None,
        Operand::Group(group) => Some(group),
        _ => return writer.push("FALSE"),
    };
    let Some(group) = group else {
        return writer.push("EXISTS (SELECT 1 FROM contact_group_member AS r WHERE r.contact_id = c.id)");
    };
    writer.begin_set("contact_group_member");
    writer.push("r.group_id = (SELECT g.id FROM contact_group AS g WHERE g.workspace_id = ");
    writer.int(search.workspace.0);
    writer.push(" AND g.uuid = ");
    writer.uuid(group.uuid.0);
    writer.push(")");
    writer.end_set();
}

fn flow(writer: &mut Writer, operand: &Operand) {
    match operand {
        Operand::Nothing => writer.push("c.flow_id IS NOT NULL"),
        Operand::Flow(flow) => {
            writer.push(
                "EXISTS (SELECT 1 FROM flow AS f WHERE f.id = c.flow_id
                 AND f.workspace_id = c.workspace_id AND f.uuid = ",
            );
            writer.uuid(flow.uuid.0);
            writer.push(")");
        }
        _ => writer.push("FALSE"),
    }
}

fn history(writer: &mut Writer, operand: &Operand, search: &ContactSearch) {
    match operand {
        Operand::Nothing => writer.push("EXISTS (SELECT 1 FROM run AS r WHERE r.contact_id = c.id)"),
        Operand::Flow(flow) => {
            writer.begin_set("run");
            writer.push("r.flow_id = (SELECT f.id FROM flow AS f WHERE f.workspace_id = ");
            writer.int(search.workspace.0);
            writer.push(" AND f.uuid = ");
            writer.uuid(flow.uuid.0);
            writer.push(")");
            writer.end_set();
        }
        _ => writer.push("FALSE"),
    }
}

/// A column that holds one of a few words.
fn column(writer: &mut Writer, column: &str, operand: &Operand) {
    match wanted(operand) {
        Some(text) if writer.dialect.can_hold(text) => {
            writer.push(&format!("{column} = "));
            writer.text(text);
        }
        _ => writer.push("FALSE"),
    }
}

fn row_number(writer: &mut Writer, id: Option<i64>) {
    match id {
        Some(id) => {
            writer.push("c.id = ");
            writer.int(id);
        }
        None => writer.push("FALSE"),
    }
}

/// The row number that is written exactly like this.
fn own_id(condition: &Condition) -> Option<i64> {
    let text = wanted(&condition.operand)?;
    let id: i64 = text.parse().ok()?;
    (id.to_smolstr() == *text).then_some(id)
}

fn id_of_ref(condition: &Condition, search: &ContactSearch) -> Option<i64> {
    let text = wanted(&condition.operand)?;
    let id = from_public_ref(text, search.obfuscation_key)?;
    let of_id = public_ref::public_ref(id, search.obfuscation_key);
    (search_keys::fold(&of_id) == *text).then_some(id.0)
}

fn uuid(writer: &mut Writer, condition: &Condition) {
    let uuid = wanted(&condition.operand).and_then(|text| {
        let uuid = Uuid::try_parse(text).ok()?;
        (uuid.hyphenated().to_smolstr() == *text).then_some(uuid)
    });
    match uuid {
        Some(uuid) => {
            writer.push("c.uuid = ");
            writer.uuid(uuid);
        }
        None => writer.push("FALSE"),
    }
}

fn tickets(writer: &mut Writer, condition: &Condition) {
    let Operand::Number(number) = &condition.operand else { return writer.push("FALSE") };
    let (low, high) = whole_numbers_around(*number);
    let bound = match condition.comparator {
        Comparator::Equal | Comparator::NotEqual if low != high => return writer.push("FALSE"),
        Comparator::Greater | Comparator::LessOrEqual => low,
        Comparator::Equal
        | Comparator::NotEqual
        | Comparator::Contains
        | Comparator::Less
        | Comparator::GreaterOrEqual => high,
    };
    writer.push(
        "(SELECT count(*) FROM ticket AS t WHERE t.contact_id = c.id AND t.workspace_id = c.workspace_id
         AND t.status = 'open') ",
    );
    writer.push(operator(condition.comparator));
    writer.push(" ");
    writer.int(bound);
}

/// The nearest whole numbers at or below and at or above a decimal; of very large ones the largest there are, which
/// no count reaches.
fn whole_numbers_around(number: Number) -> (i64, i64) {
    let whole = match number.to_i64() {
        Some(whole) => whole,
        None if number.is_negative() => return (i64::MIN, i64::MIN + 1),
        None => return (i64::MAX - 1, i64::MAX),
    };
    match (number.is_integer(), number.is_negative()) {
        (true, _) => (whole, whole),
        (false, true) => (whole - 1, whole),
        (false, false) => (whole, whole + 1),
    }
}
