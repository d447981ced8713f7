//! `globals.json`: values that all flows share.

use node::limits;
use operations::{GlobalNamed, MAX_GLOBAL_KEY, MAX_GLOBAL_VALUE, save_global};
use serde_json::{Value, json};
use store::GlobalRow;

use crate::api::call::{Call, Reply};
use crate::api::endpoint::{AFTER, BEFORE, Endpoint, Resource, Roles, param};
use crate::api::error::ApiError;
use crate::api::given::Given;
use crate::api::page::Walk;
use crate::api::shape::{Prop, Shape, prop};
use crate::api::words::moment;

pub(crate) static RESOURCE: Resource = Resource {
    name: "globals",
    alias: None,
    about: "Values that all flows share, the last changed first.",
    limit: &limits::API,
    endpoints: &[
        Endpoint::list(
            Roles::READERS,
            "Globals",
            &[param("key", Shape::Text, "Only the one with this key"), BEFORE, AFTER],
            PROPS,
            |call| Box::pin(list(call)),
        ),
        Endpoint::save(
            Roles::EDITORS,
            "Adds a global, or gives the one of the address another value",
            &[param("key", Shape::Text, "The global that is changed")],
            &[
                prop("name", Shape::Text, "Name of a new one, at most 36 characters; its key comes of it"),
                prop("value", Shape::Text, "Value, at most 10,000 characters"),
            ],
            PROPS,
            |call| Box::pin(save(call)),
        ),
    ],
};

const PROPS: &[Prop] = &[
    prop("key", Shape::Text, "As expressions write it"),
    prop("name", Shape::Text, "Name"),
    prop("value", Shape::Text, "Value"),
    prop("modified_on", Shape::Moment, "When it was last set"),
];

async fn list(call: &Call) -> Result<Reply, ApiError> {
    let key = call.query.text("key");
    let span = call.query.span();
    let fits = |global: &&GlobalRow| {
        key.is_none_or(|key| global.key == key) && span.is_some_and(|span| span.holds(global.modified_on))
    };
    let globals: Vec<GlobalRow> = call.definitions().globals.iter().filter(fits).cloned().collect();
    let walk = Walk::of(call, false)?;
    Ok(walk.among(globals, |global| (global.modified_on.as_microsecond(), global.id.0), shown))
}

async fn save(call: &Call) -> Result<Reply, ApiError> {
    let mut given = Given::of(&call.body);
    let key = call.query.text("key");
    let name = if key.is_none() { given.needed_text("name", MAX_GLOBAL_KEY) } else { None };
    let value = given.needed_text("value", MAX_GLOBAL_VALUE);
    given.done()?;
    let name = name.unwrap_or_default();
    let which = key.map_or(GlobalNamed::New(&name), GlobalNamed::Key);
    let saved = save_global(call.ctx(), call.workspace(), which, &value.unwrap_or_default()).await?;
    Ok(Reply::saved(saved.made, shown(&saved.row)))
}

/// A global as the API shows it.
fn shown(global: &GlobalRow) -> Value {
    json!({
        "key": global.key,
        "name": global.name,
        "value": global.value,
        "modified_on": moment(global.modified_on),
    })
}
