//! Queries of every property with every comparator, with values that some people have.

use domain::{Contact, Field, FlowUuid, GroupUuid, Query, Reference, query::Resolver};
use smol_str::{SmolStr, ToSmolStr, format_smolstr};

use super::{
    dice::Dice,
    people::{self, FLOWS, GROUPS, NUMBERS, PLACES, SCHEMES, TEXTS, WORDS, ZONES},
};
use crate::rows;

/// Finds what queries name.
pub struct Workspace(Vec<Field>);

impl Workspace {
    pub fn new() -> Self {
        let field = |row: store::FieldRow| Field {
            uuid: row.uuid,
            key: row.key,
            name: row.name,
            field_type: row.field_type,
        };
        Self(people::fields().into_iter().map(field).collect())
    }
}

impl Resolver for Workspace {
    fn field(&self, key: &str) -> Option<&Field> {
        self.0.iter().find(|field| field.key == key)
    }

    fn group(&self, name: &str) -> Option<Reference<GroupUuid>> {
        let at = GROUPS.iter().position(|group| group.to_lowercase() == name.to_lowercase())?;
        Some(Reference { uuid: people::group_uuid(at), name: GROUPS[at].into() })
    }

    fn flow(&self, name: &str) -> Option<Reference<FlowUuid>> {
        let at = FLOWS.iter().position(|flow| flow.to_lowercase() == name.to_lowercase())?;
        Some(Reference { uuid: people::flow_uuid(at), name: FLOWS[at].into() })
    }
}

pub const PROPERTIES: &[&str] = &[
    "name",
    "uuid",
    "id",
    "ref",
    "status",
    "language",
    "urn",
    "group",
    "flow",
    "history",
    "tickets",
    "created_on",
    "last_seen_on",
    "tel",
    "whatsapp",
    "urns.mailto",
    "telegram",
    "ext",
    "viber",
    "age",
    "fields.weight",
    "due",
    "visit",
    "sex",
    "village",
    "county",
    "subcounty",
    "ward",
];

/// A valid query, its text and the zone it was read in.
pub fn query(dice: &mut Dice, people: &[Contact]) -> (SmolStr, &'static str, Query) {
    let workspace = Workspace::new();
    loop {
        let zone = dice.pick(ZONES);
        let text = tree(dice, people, 0);
        if let Ok(query) = Query::parse(&text, &people::environment(zone), rows::at(0), Some(&workspace)) {
            return (text, zone, query);
        }
    }
}

fn tree(dice: &mut Dice, people: &[Contact], depth: usize) -> SmolStr {
    if depth > 3 || !dice.one_in(3) {
        return condition(dice, people);
    }
    let joint = dice.pick(&[" AND ", " OR ", " "]);
    let parts: Vec<SmolStr> = (0..dice.below(4) + 1).map(|_| tree(dice, people, depth + 1)).collect();
    format_smolstr!("({})", parts.join(joint))
}

fn condition(dice: &mut Dice, people: &[Contact]) -> SmolStr {
    if dice.one_in(20) {
        return dice.pick(WORDS).to_smolstr();
    }
    let property = dice.pick(PROPERTIES);
    let comparator = dice.pick(&["=", "=", "!=", "~", "<", "<=", ">", ">="]);
    let value = if dice.one_in(8) { SmolStr::default() } else { value(dice, property, people) };
    let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
    format_smolstr!("{property} {comparator} \"{quoted}\"")
}

/// A value, in half of the cases one that somebody has.
fn value(dice: &mut Dice, property: &str, people: &[Contact]) -> SmolStr {
    let known = &people[dice.below(people.len())];
    let value = if dice.one_in(2) { None } else { value_of(dice, property, known) };
    let value = value.unwrap_or_else(|| invented(dice, property));
    let value = if dice.one_in(6) { part(dice, &value) } else { value };
    match dice.below(4) {
        0 => value.to_uppercase().into(),
        1 => value.to_lowercase().into(),
        _ => value,
    }
}

fn value_of(dice: &mut Dice, property: &str, known: &Contact) -> Option<SmolStr> {
    let key = property.rsplit_once('.').map_or(property, |(_, key)| key);
    match key {
        "name" => Some(known.name.clone()),
        "uuid" => Some(known.uuid.to_smolstr()),
        "id" => Some(known.id.to_smolstr()),
        "ref" => Some(domain::public_ref(known.id, rows::workspace_row().obfuscation_key)),
        "urn" => known.urns.first().map(|urn| urn.urn.path.clone()),
        "created_on" => Some(day(dice, known.created_on)),
        "last_seen_on" => known.last_seen_on.map(|moment| day(dice, moment)),
        scheme if SCHEMES.contains(&scheme) => {
            known.urns.iter().find(|urn| urn.urn.scheme == scheme).map(|urn| urn.urn.path.clone())
        }
        "due" | "visit" => {
            let moment = known.fields.get(key)?.datetime.as_ref()?.timestamp();
            Some(day(dice, moment))
        }
        "county" | "subcounty" | "ward" => {
            let value = known.fields.get(key)?;
            let path = value.ward.as_ref().or(value.district.as_ref()).or(value.state.as_ref())?;
            Some(path.rsplit(" > ").next()?.into())
        }
        _ => known.fields.get(key).map(|value| value.text.clone()),
    }
}

/// The day of a moment in some zone, or the moment itself.
fn day(dice: &mut Dice, moment: jiff::Timestamp) -> SmolStr {
    let local = moment.to_zoned(jiff::tz::TimeZone::get(dice.pick(ZONES)).unwrap());
    match dice.below(3) {
        0 => local.strftime("%d-%m-%Y").to_smolstr(),
        1 => local.strftime("%Y-%m-%d").to_smolstr(),
        _ => moment.to_smolstr(),
    }
}

fn invented(dice: &mut Dice, property: &str) -> SmolStr {
    match property {
        "status" => dice.pick(&["active", "blocked", "Stopped", "archived"]).into(),
        "language" => dice.pick(&["eng", "SWA", "fra", "deu"]).into(),
        "group" => dice.pick(GROUPS).into(),
        "flow" | "history" => dice.pick(FLOWS).into(),
        "tickets" => dice.pick(&["0", "1", "2", "-1", "0.0", "0.5", "-0.5", "1.5", NUMBERS[6]]).into(),
        "created_on" | "last_seen_on" | "due" | "visit" => {
            let moment = people::moment(dice);
            day(dice, moment)
        }
        "county" | "subcounty" | "ward" => dice.pick(PLACES).into(),
        "age" | "fields.weight" => dice.pick(NUMBERS).into(),
        "sex" => dice.pick(TEXTS).into(),
        "urn" | "tel" | "whatsapp" => format_smolstr!("70{}", dice.below(100)),
        _ => match dice.one_in(2) {
            true => dice.pick(WORDS).into(),
            false => people::phrase(dice, 5),
        },
    }
}

/// Some characters from the middle.
fn part(dice: &mut Dice, value: &str) -> SmolStr {
    let chars: Vec<char> = value.chars().collect();
    let start = dice.below(chars.len() + 1);
    chars[start..].iter().copied().take(dice.below(8) + 1).collect()
}
