//! `templates.json`: texts that carriers approve. Only approved translations are sent.

use domain::{ChannelUuid, Reference, TemplateUuid};
use node::limits;
use operations::{
    MAX_TEMPLATE_NAME, MAX_TEMPLATE_TEXT, MAX_TRANSLATIONS, TranslationEdit, remove_template, save_template,
};
use serde_json::{Map, Value, json};
use smol_str::SmolStr;
use store::TemplateRow;

use crate::api::call::{Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles, UUID};
use crate::api::error::ApiError;
use crate::api::given::{Given, uuid_of};
use crate::api::page::Walk;
use crate::api::shape::{Prop, REF, Shape, prop};
use crate::api::words::moment;

/// Characters of a locale or a namespace.
const MAX_WORD: usize = 64;

pub(crate) static RESOURCE: Resource = Resource {
    name: "templates",
    alias: None,
    about: "Texts that carriers approve.",
    limit: &limits::API,
    endpoints: &[
        Endpoint::list(Roles::READERS, "Texts that carriers approve", &[UUID], PROPS, |call| {
            Box::pin(list(call))
        }),
        Endpoint::save(
            Roles::EDITORS,
            "Adds a template as the carrier has it, or writes the one with its name anew",
            &[],
            BODY,
            PROPS,
            |call| Box::pin(save(call)),
        ),
        Endpoint::delete(
            Roles::EDITORS,
            "Removes a template here, not at the carrier",
            &[UUID],
            &["uuid"],
            |call| Box::pin(remove(call)),
        ),
    ],
};

/// What may be given; those that are synced may also be `disabled` or `unsupported`.
const GIVEN: [&str; 4] = ["approved", "pending", "rejected", "paused"];
const STATUSES: [&str; 6] = ["approved", "pending", "rejected", "paused", "disabled", "unsupported"];

const BODY: &[Prop] = &[
    prop("name", Shape::Text, "Name at the carrier: small letters, digits and _"),
    prop(
        "translations",
        Shape::List(&Shape::Any),
        "Objects of `channel`, `locale` (as eng-US), `status`, `namespace`, `header` and `body` with {{1}} for values",
    ),
];

const TRANSLATION: Shape = Shape::Object(&[
    prop("channel", REF, "The line"),
    prop("locale", Shape::Text, "Language and perhaps country"),
    prop("status", Shape::Word(&STATUSES), "Whether it may be sent"),
    prop("namespace", Shape::Text, "The carrier's namespace"),
    prop("category", Shape::Text, "What it is for, as the carrier has it; empty if it was written here"),
    prop("components", Shape::List(&Shape::Any), "Its parts"),
    prop("variables", Shape::List(&Shape::Any), "Its variables in order"),
]);

const PROPS: &[Prop] = &[
    prop("uuid", Shape::Uuid, "Identifier"),
    prop("name", Shape::Text, "Name"),
    prop("translations", Shape::List(&TRANSLATION), "Texts by language and line"),
    prop("created_on", Shape::Moment, "When it was first seen"),
    prop("modified_on", Shape::Moment, "When it last changed"),
];

async fn list(call: &Call) -> Result<Reply, ApiError> {
    let wanted = call.wanted("uuid").unwrap_or(Some(uuid::Uuid::nil()));
    let rows = call.definitions().templates.iter();
    let found: Vec<&TemplateRow> = rows.filter(|row| wanted.is_none_or(|uuid| row.uuid.0 == uuid)).collect();
    Ok(Walk::of(call, false)?.among(
        found,
        |row| (row.modified_on.as_microsecond(), row.id.0),
        |row| shown(row),
    ))
}

async fn save(call: &Call) -> Result<Reply, ApiError> {
    let mut given = Given::of(&call.body);
    let name = given.needed_text("name", MAX_TEMPLATE_NAME).unwrap_or_default();
    if !given.has("translations") {
        given.wrong("translations", "This field is required.");
    }
    let mut translations = Vec::new();
    for (place, value) in given.list("translations", MAX_TRANSLATIONS).unwrap_or_default().iter().enumerate()
    {
        match value
            .as_object()
            .ok_or_else(|| "Expected an object.".to_owned())
            .and_then(|one| translation(call, one))
        {
            Ok(translation) => translations.push(translation),
            Err(said) => given.wrong_item("translations", place, said),
        }
    }
    given.done()?;
    let saved = save_template(call.ctx(), call.workspace(), &name, &translations).await?;
    Ok(Reply::saved(saved.made, shown(&saved.row)))
}

fn translation(call: &Call, given: &Map<String, Value>) -> Result<TranslationEdit, String> {
    let text = |name: &str, most: usize| -> Result<SmolStr, String> {
        let text = given.get(name).and_then(Value::as_str).unwrap_or_default().trim();
        if text.chars().count() > most {
            return Err(format!("{name} has more than {most} characters."));
        }
        Ok(text.into())
    };
    let channel = given.get("channel").and_then(uuid_of).and_then(|uuid| call.ws.channel(ChannelUuid(uuid)));
    let channel = channel.ok_or("channel: not found.")?;
    let locale = text("locale", MAX_WORD)?;
    let (language, country) = locale.split_once('-').unwrap_or((&locale, "XX"));
    let letters =
        |text: &str, count: usize| text.len() == count && text.bytes().all(|byte| byte.is_ascii_alphabetic());
    if !letters(language, 3) || !letters(country, 2) {
        return Err("locale: write it as eng or eng-US.".to_owned());
    }
    let status = match given.get("status").and_then(Value::as_str) {
        None => "approved",
        Some(word) => GIVEN.into_iter().find(|known| *known == word).ok_or("status: not a valid choice.")?,
    };
    let header = text("header", MAX_TEMPLATE_TEXT)?;
    let body = text("body", MAX_TEMPLATE_TEXT)?;
    if body.is_empty() {
        return Err("body: This field is required.".to_owned());
    }
    Ok(TranslationEdit {
        channel: Reference { uuid: channel.uuid, name: channel.name.clone() },
        locale,
        status: status.into(),
        namespace: text("namespace", MAX_WORD)?,
        header: Some(header).filter(|text| !text.is_empty()),
        body,
    })
}

async fn remove(call: &Call) -> Result<Reply, ApiError> {
    let uuid = call.wanted("uuid")?.ok_or_else(ApiError::not_found)?;
    remove_template(call.ctx(), call.workspace(), TemplateUuid(uuid)).await?;
    Ok(Reply::Done)
}

fn shown(row: &TemplateRow) -> Value {
    let translations = row.translations.as_array().into_iter().flatten().map(|one| {
        json!({
            "channel": one["channel"],
            "locale": one["locale"],
            "status": one["status"],
            "namespace": one["namespace"],
            "category": one["category"].as_str().unwrap_or_default(),
            "components": one["components"],
            "variables": one["variables"],
        })
    });
    json!({
        "uuid": row.uuid,
        "name": row.name,
        "translations": translations.collect::<Vec<Value>>(),
        "created_on": moment(row.created_on),
        "modified_on": moment(row.modified_on),
    })
}
