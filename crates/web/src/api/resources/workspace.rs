//! `workspace.json`, also `org.json`: the caller's workspace.

use node::limits;
use operations::{
    COLLATIONS, ChangeWorkspaceError, CreateWorkspaceError, MAX_LANGUAGES, TIME_FORMATS, WorkspaceEdit,
    change_workspace,
};
use serde_json::{Value, json};
use smol_str::SmolStr;
use store::WorkspaceRow;

use crate::api::call::{Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles};
use crate::api::error::ApiError;
use crate::api::given::Given;
use crate::api::shape::{Prop, Shape, TEXTS, prop};

pub(crate) static RESOURCE: Resource = Resource {
    name: "workspace",
    alias: Some("org"),
    about: "The workspace that the token belongs to.",
    limit: &limits::API,
    endpoints: &[
        Endpoint::one(Roles::ALL, "The workspace", PROPS, |call| Box::pin(show(call))),
        Endpoint::save(
            Roles::ADMINISTRATORS,
            "Changes settings. Another zone plans anew whatever is set by the clock on the wall",
            &[],
            BODY,
            PROPS,
            |call| Box::pin(save(call)),
        ),
    ],
};

const STYLES: &[&str] = &["day_first", "month_first", "year_first"];
const STYLE: Shape = Shape::Word(STYLES);
/// Characters of a setting.
const SETTING_CHARS: usize = 128;

const BODY: &[Prop] = &[
    prop("name", Shape::Text, "Name, at most 128 characters"),
    prop("country", Shape::Text, "ISO 3166 code; null for none").or_null(),
    prop("languages", TEXTS, "ISO 639-3 codes, the default first"),
    prop("timezone", Shape::Text, "IANA name"),
    prop("date_style", STYLE, "The order in which dates are written"),
    prop("time_style", Shape::Word(&TIME_FORMATS), "How times are written"),
    prop("input_collation", Shape::Word(&COLLATIONS), "How words of people are compared with those of flows"),
];

const CREDITS: Shape = Shape::Object(&[
    prop("used", Shape::Int, "Always -1: there are no credits"),
    prop("remaining", Shape::Int, "Always -1"),
]);

const PROPS: &[Prop] = &[
    prop("uuid", Shape::Uuid, "Identifier"),
    prop("name", Shape::Text, "Name"),
    prop(
        "country",
        Shape::Text,
        "ISO 3166 code of the country whose phone numbers may be written without prefix",
    )
    .or_null(),
    prop("languages", TEXTS, "ISO 639-3 codes, the default first"),
    prop("primary_language", Shape::Text, "The first of them").or_null(),
    prop("timezone", Shape::Text, "IANA name"),
    prop("date_style", STYLE, "The order in which dates are written"),
    prop("time_style", Shape::Word(&TIME_FORMATS), "How times are written"),
    prop("input_collation", Shape::Word(&COLLATIONS), "How words of people are compared with those of flows"),
    prop("credits", CREDITS, "Kept for older clients"),
    prop("anon", Shape::Bool, "Whether addresses of contacts are hidden"),
];

async fn show(call: &Call) -> Result<Reply, ApiError> {
    Ok(Reply::One(shown(&call.ws.row)))
}

async fn save(call: &Call) -> Result<Reply, ApiError> {
    let mut given = Given::of(&call.body);
    let style = given.word("date_style", STYLES);
    let languages = given.list("languages", MAX_LANGUAGES).map(|values| {
        let mut codes: Vec<SmolStr> = Vec::new();
        for (place, value) in values.iter().enumerate() {
            match value.as_str() {
                Some(code) => codes.push(code.trim().into()),
                None => given.wrong_item("languages", place, "Not a valid string."),
            }
        }
        codes
    });
    let country = match given.value("country") {
        None if given.has("country") => Some(None),
        _ => given.text("country", SETTING_CHARS).map(Some),
    };
    let edit = WorkspaceEdit {
        name: given.text("name", SETTING_CHARS),
        timezone: given.text("timezone", SETTING_CHARS),
        country,
        languages,
        date_format: style.map(|style| date_format(style).into()),
        time_format: given.word("time_style", &TIME_FORMATS).map(SmolStr::from),
        input_collation: given.word("input_collation", &COLLATIONS).map(SmolStr::from),
    };
    if call.body.contains_key("anon") {
        given.wrong("anon", "Whether addresses are hidden is decided when a workspace is made.");
    }
    given.done()?;
    let row = change_workspace(call.ctx(), call.workspace(), &edit).await.map_err(said)?;
    Ok(Reply::One(shown(&row)))
}

fn said(error: ChangeWorkspaceError) -> ApiError {
    use ChangeWorkspaceError::{Busy, Collation, Languages, NoWorkspace, Store, TimeFormat, Wrong};
    use CreateWorkspaceError::{Country, DateFormat, Language, Name, Timezone, User};
    let text = error.to_string();
    match error {
        NoWorkspace => ApiError::not_found(),
        Wrong(Name) => ApiError::field("name", text),
        Wrong(Timezone(_)) => ApiError::field("timezone", text),
        Wrong(Country(_)) => ApiError::field("country", text),
        Wrong(Language(_)) | Languages => ApiError::field("languages", text),
        Wrong(DateFormat(_)) => ApiError::field("date_style", text),
        Wrong(User(_)) => ApiError::whole(text),
        Wrong(CreateWorkspaceError::Store(error)) | Store(error) => error.into(),
        TimeFormat(_) => ApiError::field("time_style", text),
        Collation(_) => ApiError::field("input_collation", text),
        Busy => ApiError::Busy,
    }
}

fn date_format(style: &str) -> &'static str {
    match style {
        "month_first" => "MM-DD-YYYY",
        "year_first" => "YYYY-MM-DD",
        _ => "DD-MM-YYYY",
    }
}

fn shown(row: &WorkspaceRow) -> Value {
    let style = STYLES.iter().find(|style| date_format(style) == row.date_format);
    let first = row.languages.first().map_or(Value::Null, |language| json!(language));
    json!({
        "uuid": row.uuid,
        "name": row.name,
        "country": row.country,
        "languages": row.languages,
        "primary_language": first,
        "timezone": row.timezone,
        "date_style": style.unwrap_or(&STYLES[0]),
        "time_style": row.time_format,
        "input_collation": row.input_collation,
        "credits": {"used": -1, "remaining": -1},
        "anon": row.anonymous,
    })
}
