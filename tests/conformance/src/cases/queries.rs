//! Contact queries and field values.

use domain::{
    Contact, ContactId, ContactStatus, ContactUrn, Field, FieldType, FieldValue, FlowUuid, GroupUuid, Query,
    QueryError, Reference, TicketRef,
    query::{Datum, Property, Queryable, Resolver},
};
use expressions::{Ambient, Environment, Number};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value as Json;
use smol_str::SmolStr;

use super::{
    case::{Case, location_tree},
    same,
};
use crate::report::Outcome;

/// Fields, groups and flows of a resolver or an assets file.
#[derive(Default, Deserialize)]
struct Workspace {
    #[serde(default)]
    fields: Vec<Field>,
    #[serde(default)]
    groups: Vec<Reference<GroupUuid>>,
    #[serde(default)]
    flows: Vec<Reference<FlowUuid>>,
    #[serde(default)]
    queryable: Json,
}

impl Resolver for Workspace {
    fn field(&self, key: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.key == key)
    }

    fn group(&self, name: &str) -> Option<Reference<GroupUuid>> {
        self.groups.iter().find(|group| group.name.to_lowercase() == name.to_lowercase()).cloned()
    }

    fn flow(&self, name: &str) -> Option<Reference<FlowUuid>> {
        self.flows.iter().find(|flow| flow.name.to_lowercase() == name.to_lowercase()).cloned()
    }
}

fn workspace(json: &Json) -> Result<Workspace, String> {
    serde_json::from_value(json.clone()).map_err(|error| format!("cannot read the workspace: {error}"))
}

/// The resolver that a case names; `None` if it names none.
fn resolver(case: &Case) -> Result<Option<Workspace>, String> {
    match case.get("resolver").as_str() {
        Some(name) => workspace(&case.file("contactql_resolvers.json")?[name]).map(Some),
        None => Ok(None),
    }
}

fn query(case: &Case, workspace: Option<&Workspace>) -> Result<Result<Query, QueryError>, String> {
    let (env, ambient) = (case.environment(), case.ambient());
    let resolver = workspace.map(|workspace| workspace as &dyn Resolver);
    Ok(Query::parse(case.text("query")?, &env, ambient.now(), resolver))
}

/// Compares a refusal with the expected one; an outcome that a query was read where an error is expected.
fn refused(case: &Case, error: &QueryError) -> Outcome {
    same(case.get("error"), &Json::from(error.to_string()))?;
    if let Some(code) = case.get("error_code").as_str() {
        same(&Json::from(code), &Json::from(error.code()))?;
        let extra = serde_json::to_value(error.extra()).map_err(|error| error.to_string())?;
        let expected = case.get("error_extra");
        let is_empty = expected.as_object().is_none_or(serde_json::Map::is_empty);
        if !is_empty || !error.extra().is_empty() {
            same(expected, &extra)?;
        }
    }
    Ok(())
}

fn canonical(case: &Case, result: &Result<Query, QueryError>) -> Outcome {
    match result {
        Ok(query) => same(case.get("expected"), &Json::from(query.to_string())),
        Err(error) => refused(case, error),
    }
}

/// Canonical text or error of a query.
pub fn parse(case: &Case) -> Outcome {
    let workspace = resolver(case)?;
    canonical(case, &query(case, workspace.as_ref())?)
}

/// What a query depends on.
pub fn inspect(case: &Case) -> Outcome {
    let workspace = resolver(case)?;
    let query = query(case, workspace.as_ref())?.map_err(|error| error.to_string())?;
    inspected(case.get("expected"), &query)
}

fn inspected(expected: &Json, query: &Query) -> Outcome {
    same(expected, &serde_json::to_value(query.inspection()).map_err(|error| error.to_string())?)
}

/// A map from the key of a property to its values.
struct Properties<'a>(&'a Json);

impl Queryable for Properties<'_> {
    fn any_value(&self, property: &Property, visit: &mut dyn FnMut(Datum<'_>) -> bool) -> bool {
        let values = self.0[property.key()].as_array().map_or(&[][..], Vec::as_slice);
        values.iter().any(|value| {
            let inner = |name: &str| value.get(name).and_then(Json::as_str);
            if let Some(number) = inner("number").and_then(Number::parse) {
                visit(Datum::Number(number))
            } else if let Some(moment) = inner("datetime").and_then(|text| text.parse::<Timestamp>().ok()) {
                visit(Datum::Moment(moment))
            } else {
                value.as_str().is_some_and(|text| visit(Datum::Text(text)))
            }
        })
    }
}

/// A query on a map of properties.
pub fn evaluate_generic(case: &Case) -> Outcome {
    let workspace = resolver(case)?.ok_or("the case names no resolver")?;
    let query = query(case, Some(&workspace))?.map_err(|error| error.to_string())?;
    same(case.get("expected"), &Json::from(query.matches(&Properties(&workspace.queryable))))
}

/// A query on a contact.
pub fn evaluate_contact(case: &Case) -> Outcome {
    let workspace = workspace(&*case.file("sessions/inputs/assets.json")?)?;
    let contact = contact(case.get("contact"))?;
    match query(case, Some(&workspace))? {
        Ok(query) => same(case.get("expected"), &Json::from(query.matches(&contact))),
        Err(error) => refused(case, &error),
    }
}

/// All of the above for the contacts beside the family.
pub fn parse_and_evaluate(case: &Case) -> Outcome {
    let assets = case.text("assets")?;
    let workspace = workspace(&*case.file(assets)?)?;
    let result = query(case, Some(&workspace))?;
    canonical(case, &result)?;
    let Ok(query) = result else { return Ok(()) };
    inspected(case.get("expected_inspection"), &query)?;
    let contacts = case.file(&assets.replace("assets_", "contacts_"))?;
    let mut matches = Vec::new();
    for json in contacts.as_array().into_iter().flatten() {
        matches.push(query.matches(&contact(json)?));
    }
    same(case.get("expected_matches"), &Json::from(matches))
}

/// A contact as the engine's data writes it.
pub fn contact(json: &Json) -> Result<Contact, String> {
    fn part<T: serde::de::DeserializeOwned + Default>(json: &Json, name: &str) -> Result<T, String> {
        match json.get(name) {
            Some(part) if !part.is_null() => {
                serde_json::from_value(part.clone()).map_err(|error| format!("contact.{name}: {error}"))
            }
            _ => Ok(T::default()),
        }
    }
    let urns: Vec<SmolStr> = part(json, "urns")?;
    let groups: Vec<Reference<GroupUuid>> = part(json, "groups")?;
    let created_on: Option<Timestamp> = part(json, "created_on")?;
    Ok(Contact {
        uuid: part(json, "uuid")?,
        id: ContactId(part(json, "id")?),
        name: part(json, "name")?,
        language: part(json, "language")?,
        status: part::<ContactStatus>(json, "status")?,
        timezone: part(json, "timezone")?,
        created_on: created_on.unwrap_or(Timestamp::UNIX_EPOCH),
        last_seen_on: part(json, "last_seen_on")?,
        urns: urns
            .iter()
            .map(|urn| urn.parse::<ContactUrn>().map_err(|error| error.to_string()))
            .collect::<Result<_, _>>()?,
        groups: groups.iter().map(|group| group.uuid).collect(),
        fields: part(json, "fields")?,
        tickets: part::<Vec<Json>>(json, "tickets")?.iter().map(ticket).collect::<Result<_, _>>()?,
    })
}

fn ticket(json: &Json) -> Result<TicketRef, String> {
    let mut ticket: TicketRef = serde_json::from_value(json.clone()).map_err(|error| error.to_string())?;
    ticket.open = json["status"] == "open";
    Ok(ticket)
}

/// A text typed for a field.
pub fn parse_field_value(case: &Case) -> Outcome {
    let assets = case.file("sessions/inputs/assets.json")?;
    let locations = assets["locations"].as_array().and_then(|trees| trees.first()).and_then(location_tree);
    let (env, ambient) = (Environment { locations, ..case.environment() }, case.ambient());
    let field_type: FieldType = case.read("field_type")?;
    let value = FieldValue::parse(
        case.text("value")?,
        field_type,
        &env,
        &|| ambient.now(),
        None,
        domain::field::MAX_VALUE_CHARS,
    );
    same(case.get("expected"), &serde_json::to_value(value).map_err(|error| error.to_string())?)
}
