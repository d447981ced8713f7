//! `tables.json`: reference data that flows look things up in, brought in or fetched from an address.

use std::collections::BTreeMap;

use node::{http::may_be_called, limits};
use operations::{ImportTableError, NewTable, import_table, remove_table, set_table_source};
use serde_json::{Value, json};
use smol_str::SmolStr;
use store::{TableRow, TableSourceRow};

use crate::api::call::{Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles, param};
use crate::api::error::ApiError;
use crate::api::given::Given;
use crate::api::page::Walk;
use crate::api::shape::{Prop, Shape, TEXTS, prop};
use crate::api::words::{moment, moment_or_null};

/// Characters of a name.
const MAX_NAME: usize = 64;
/// Characters of an address.
const MAX_URL: usize = 2_000;
/// Characters of what is brought in: what a body may hold is less.
const MAX_CSV: usize = 8 * 1_024 * 1_024;
/// How often a table is fetched unless it is said: once a day.
const MINUTES: i64 = 1_440;

pub(crate) static RESOURCE: Resource = Resource {
    name: "tables",
    alias: None,
    about: "Reference data that flows look things up in.",
    limit: &limits::API,
    endpoints: &[
        Endpoint::list(
            Roles::READERS,
            "Lookup tables, by name",
            &[param("name", Shape::Text, "Only the one with this name")],
            PROPS,
            |call| Box::pin(list(call)),
        ),
        Endpoint::save(
            Roles::EDITORS,
            "Brings a table in, or has it fetched from an address from now on",
            &[],
            BODY,
            PROPS,
            |call| Box::pin(save(call)),
        ),
        Endpoint::delete(
            Roles::EDITORS,
            "Removes a table with all its versions",
            &[param("name", Shape::Text, "Its name")],
            &["name"],
            |call| Box::pin(remove(call)),
        ),
    ],
};

const BODY: &[Prop] = &[
    prop("name", Shape::Text, "Name, as in `@tables.name`; one that is there gets a new version"),
    prop("key_column", Shape::Text, "The column that rows are found by; if left out, the first"),
    prop("csv", Shape::Text, "Comma-separated values, the first row the names of the columns"),
    prop("url", Shape::Text, "In its place, the address that they are fetched from"),
    prop("minutes", Shape::Int, "How often they are fetched, 5 to 44640; if left out, once a day"),
];

const SOURCE: Shape = Shape::Object(&[
    prop("url", Shape::Text, "The address"),
    prop("minutes", Shape::Int, "How often it is fetched"),
    prop("next_fetch", Shape::Moment, "When it is fetched next"),
    prop("fetched_on", Shape::Moment, "When it was fetched last").or_null(),
    prop("changed_on", Shape::Moment, "When it was another than before").or_null(),
    prop("failures", Shape::Int, "How often in a row it failed"),
    prop("error", Shape::Text, "Why it failed last; the table is as it was").or_null(),
]);

const PROPS: &[Prop] = &[
    prop("name", Shape::Text, "Name"),
    prop("key_column", Shape::Text, "The column that rows are found by").or_null(),
    prop("columns", TEXTS, "Names of the columns"),
    prop("version", Shape::Int, "Number of the content; 0 before it was fetched for the first time"),
    prop("rows", Shape::Int, "How many rows it has"),
    prop("source", SOURCE, "Where it is fetched from").or_null(),
    prop("created_on", Shape::Moment, "When it was made"),
    prop("modified_on", Shape::Moment, "When it last changed"),
];

type Both<'t> = (Option<&'t TableRow>, Option<&'t TableSourceRow>);

/// Tables and where they are fetched from, by name.
fn both<'t>(tables: &'t [TableRow], sources: &'t [TableSourceRow]) -> BTreeMap<&'t str, Both<'t>> {
    let mut found: BTreeMap<&str, Both<'t>> = BTreeMap::new();
    for table in tables {
        found.entry(&table.name).or_default().0 = Some(table);
    }
    for source in sources {
        found.entry(&source.name).or_default().1 = Some(source);
    }
    found
}

async fn list(call: &Call) -> Result<Reply, ApiError> {
    let sources = call.ctx().store.table_sources(call.workspace()).await?;
    let wanted = call.query.text("name").map(|name| name.trim().to_lowercase());
    let found: Vec<Both<'_>> = both(&call.definitions().tables, &sources)
        .into_iter()
        .filter(|(name, _)| wanted.as_ref().is_none_or(|wanted| wanted == name))
        .map(|(_, both)| both)
        .collect();
    let place = |one: &Both<'_>| {
        let id = one.0.map(|table| table.id.0).or(one.1.map(|source| source.id.0));
        (0, id.unwrap_or_default())
    };
    Ok(Walk::of(call, false)?.among(found, place, |one| shown(*one)))
}

async fn save(call: &Call) -> Result<Reply, ApiError> {
    let mut given = Given::of(&call.body);
    let name = given.needed_text("name", MAX_NAME).unwrap_or_default();
    let key_column = given.value("key_column").and_then(|_| given.text("key_column", MAX_NAME));
    let (csv, url) = (given.text("csv", MAX_CSV), given.text("url", MAX_URL));
    let minutes = given.int("minutes").unwrap_or(MINUTES);
    if csv.is_some() == url.is_some() {
        given.wrong("non_field_errors", "Give csv or url.");
    }
    if let Some(url) = &url
        && let Err(error) = may_be_called(url, call.node.config().allow_private_webhooks)
    {
        given.wrong("url", error.to_string());
    }
    given.done()?;
    let name = SmolStr::from(name.to_lowercase());
    let known = call.definitions().tables.iter().any(|table| table.name == name);
    let (ctx, workspace) = (call.ctx(), call.workspace());
    if let Some(url) = url {
        set_table_source(ctx, workspace, &name, key_column, (&url, minutes)).await?;
    } else {
        let csv = csv.unwrap_or_default().to_string();
        let new = NewTable { workspace, name: name.clone(), key_column, csv };
        import_table(ctx, new).await.map_err(refused)?;
    }
    let ws = ctx.registry.workspace(ctx, workspace).await?.ok_or_else(ApiError::not_found)?;
    let sources = ctx.store.table_sources(workspace).await?;
    let found = both(&ws.definitions().tables, &sources).get(name.as_str()).copied();
    let found = found.ok_or_else(|| ApiError::Busy)?;
    Ok(Reply::saved(!known, shown(found)))
}

fn refused(error: ImportTableError) -> ApiError {
    let said = error.to_string();
    match error {
        ImportTableError::NoWorkspace => ApiError::not_found(),
        ImportTableError::TooMany => ApiError::full(),
        ImportTableError::Store(error) => error.into(),
        ImportTableError::TooLarge
        | ImportTableError::Csv(_)
        | ImportTableError::Empty
        | ImportTableError::Table(_) => ApiError::field("csv", said),
    }
}

async fn remove(call: &Call) -> Result<Reply, ApiError> {
    let name = call.query.text("name").ok_or_else(ApiError::not_found)?;
    remove_table(call.ctx(), call.workspace(), name).await?;
    Ok(Reply::Done)
}

fn shown((table, source): Both<'_>) -> Value {
    let name = table.map(|table| &table.name).or(source.map(|source| &source.name));
    let key =
        table.map(|table| Some(&table.key_column)).unwrap_or(source.and_then(|one| one.key_column.as_ref()));
    let made = table.map(|table| table.created_on).or(source.map(|source| source.created_on));
    let made = made.unwrap_or_default();
    json!({
        "name": name,
        "key_column": key,
        "columns": table.map(|table| table.columns.clone()).unwrap_or_default(),
        "version": table.map_or(0, |table| table.version),
        "rows": table.map_or(0, |table| table.row_count),
        "source": source.map(|source| json!({
            "url": source.url,
            "minutes": source.minutes,
            "next_fetch": moment(source.next_fetch),
            "fetched_on": moment_or_null(source.fetched_on),
            "changed_on": moment_or_null(source.changed_on),
            "failures": source.failures,
            "error": source.error,
        })),
        "created_on": moment(made),
        "modified_on": moment(table.map_or(made, |table| table.modified_on)),
    })
}
