//! `codes.json`: codes of clinics and personnel that registrations are checked against, and numbers that were drawn.

use domain::identifier::plain;
use node::limits;
use operations::{CodeError, MAX_CODE, MAX_CODE_KIND, MAX_CODE_NAME, NewCode, save_code};
use serde_json::{Value, json};
use smol_str::SmolStr;
use store::{CodeList, CodeRow};

use crate::api::call::{Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles, param};
use crate::api::error::ApiError;
use crate::api::given::Given;
use crate::api::page::Walk;
use crate::api::shape::{Prop, Shape, prop};
use crate::api::words::moment;

pub(crate) static RESOURCE: Resource = Resource {
    name: "codes",
    alias: None,
    about: "Codes that registrations are checked against, the latest first.",
    limit: &limits::API,
    endpoints: &[
        Endpoint::list(
            Roles::ALL,
            "Codes",
            &[
                param("kind", Shape::Text, "Only those of this kind, such as clinic"),
                param("code", Shape::Text, "Only this one, whatever blanks, hyphens and case; with a kind"),
            ],
            PROPS,
            |call| Box::pin(list(call)),
        ),
        Endpoint::save(
            Roles::EDITORS,
            "Adds a code, or changes the one that is there",
            &[],
            BODY,
            PROPS,
            |call| Box::pin(save(call)),
        ),
    ],
};

const BODY: &[Prop] = &[
    prop("kind", Shape::Text, "What it is a code of: a word such as clinic"),
    prop("code", Shape::Text, "The code, at most 40 characters"),
    prop("name", Shape::Text, "What or who has it, at most 200 characters").or_null(),
    prop("place", Shape::Text, "Where that is, at most 200 characters").or_null(),
    prop("active", Shape::Bool, "Whether it may be used"),
];

const PROPS: &[Prop] = &[
    prop("kind", Shape::Text, "What it is a code of"),
    prop("code", Shape::Text, "The code"),
    prop("name", Shape::Text, "What or who has it"),
    prop("place", Shape::Text, "Where that is"),
    prop("active", Shape::Bool, "Whether it may be used"),
    prop("drawn", Shape::Bool, "Whether it was drawn for a person"),
    prop("created_on", Shape::Moment, "When it was made"),
    prop("modified_on", Shape::Moment, "When it was last brought in or changed"),
];

async fn list(call: &Call) -> Result<Reply, ApiError> {
    let walk = Walk::of(call, false)?;
    let kind = call.query.text("kind").map(|kind| SmolStr::from(kind.trim().to_lowercase()));
    let key = call.query.text("code").map(plain);
    if key.is_some() && kind.is_none() {
        return Err(ApiError::query("Give the kind of the code too."));
    }
    let found = call.ctx().store.list_codes(call.workspace(), CodeList { kind, key }, walk.span()).await?;
    Ok(walk.page(found.iter().map(|row| ((row.id.0, row.id.0), shown(row))).collect()))
}

async fn save(call: &Call) -> Result<Reply, ApiError> {
    let mut given = Given::of(&call.body);
    let kind = given.needed_text("kind", MAX_CODE_KIND);
    let code = given.needed_text("code", MAX_CODE);
    let mut text = |name| given.value(name).is_some().then(|| given.any_text(name, MAX_CODE_NAME)).flatten();
    let (name, place) = (text("name"), text("place"));
    let active = given.flag("active");
    given.done()?;
    let (Some(kind), Some(code)) = (kind, code) else { return Err(ApiError::not_found()) };
    let new = NewCode { kind, code, name, place, active };
    let (row, made) = save_code(call.ctx(), call.workspace(), new).await.map_err(refused)?;
    Ok(Reply::saved(made, shown(&row)))
}

/// Why codes were not saved, with the member that is at fault.
pub(super) fn refused(error: CodeError) -> ApiError {
    let said = error.to_string();
    match error {
        CodeError::Kind => ApiError::field("kind", said),
        CodeError::Code | CodeError::Drawn(_) => ApiError::field("code", said),
        CodeError::Name => ApiError::field("name", said),
        CodeError::TooMany | CodeError::Csv(_) | CodeError::Columns | CodeError::Row { .. } => {
            ApiError::field("file", said)
        }
        CodeError::Store(error) => error.into(),
    }
}

fn shown(row: &CodeRow) -> Value {
    json!({
        "kind": row.kind,
        "code": row.code,
        "name": row.name,
        "place": row.place,
        "active": row.active,
        "drawn": row.contact.is_some(),
        "created_on": moment(row.created_on),
        "modified_on": moment(row.modified_on),
    })
}
