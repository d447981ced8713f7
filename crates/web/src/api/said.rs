//! What clients want said: texts by language, files, suggested answers; and how it is shown.

use std::collections::BTreeMap;

use domain::MediaUuid;
use flows::events::{BroadcastContent, BroadcastCreated, QuickReply, QuickReplyType};
use serde_json::{Map, Value, json};
use smol_str::SmolStr;
use store::MediaState;
use uuid::Uuid;

use super::call::Call;
use super::error::ApiError;
use super::given::Given;
use super::shape::{Prop, Shape, prop};

/// Files sent before that one call names.
const MAX_UPLOADS: usize = 100;
/// Characters of a text.
pub(crate) const MAX_TEXT: usize = 4_096;
/// Files with one message.
const MAX_ATTACHMENTS: usize = 10;
/// Suggested answers with one message.
const MAX_QUICK_REPLIES: usize = 10;
/// Characters of a suggested answer.
const MAX_QUICK_REPLY: usize = 64;
/// Characters of what belongs to one, such as an address.
const MAX_EXTRA: usize = 1_000;
/// The code of a language where the workspace has none.
const NO_LANGUAGE: &str = "und";
/// Types of suggested answers.
const TYPES: [&str; 4] = ["text", "location", "form", "url"];

/// A suggested answer.
pub(crate) const QUICK_REPLY: Shape = Shape::Object(&[
    prop("type", Shape::Word(&TYPES), "What it does"),
    prop("text", Shape::Text, "What it shows"),
    prop("extra", Shape::Text, "The address of a page or the identifier of a form").or_null(),
]);

/// A file.
pub(crate) const ATTACHMENT: Shape = Shape::Object(ATTACHMENT_PROPS);
const ATTACHMENT_PROPS: &[Prop] =
    &[prop("content_type", Shape::Text, "Media type"), prop("url", Shape::Text, "Where it is")];

/// The workspace's first language.
fn first_language(call: &Call) -> SmolStr {
    call.ws.row.languages.first().cloned().unwrap_or_else(|| NO_LANGUAGE.into())
}

/// Files that clients sent before, by identifier, as attachments.
pub(crate) type Uploads = BTreeMap<Uuid, SmolStr>;

/// The files of the workspace whose identifiers stand among the attachments of the body.
pub(crate) async fn uploads(call: &Call) -> Result<Uploads, ApiError> {
    let mut named = Vec::new();
    identifiers(call.body.get("attachments").unwrap_or(&Value::Null), &mut named);
    let mut found = Uploads::new();
    for uuid in named.into_iter().take(MAX_UPLOADS) {
        let row = call.ctx().store.media(MediaUuid(uuid)).await?;
        let row = row.filter(|row| row.workspace == call.workspace() && row.state == MediaState::Kept);
        if let Some(row) = row {
            let address = crate::api::resources::media::address(call, row.uuid);
            found.insert(uuid, SmolStr::from(format!("{}:{address}", row.mime)));
        }
    }
    Ok(found)
}

/// All identifiers within a value.
fn identifiers(value: &Value, found: &mut Vec<Uuid>) {
    match value {
        Value::String(text) => found.extend(text.parse::<Uuid>()),
        Value::Array(items) => items.iter().for_each(|item| identifiers(item, found)),
        Value::Object(members) => members.values().for_each(|member| identifiers(member, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// What a message to one says: one text, without translations.
pub(crate) fn single(call: &Call, given: &mut Given<'_>, uploads: &Uploads) -> BroadcastCreated {
    let text = given.any_text("text", MAX_TEXT).unwrap_or_default();
    let attachments =
        given.value("attachments").map(|value| files(given, value, uploads)).unwrap_or_default();
    let quick_replies = given.value("quick_replies").map(|value| replies(given, value)).unwrap_or_default();
    if text.is_empty() && attachments.is_empty() {
        given.wrong("text", "Give a text or attachments.");
    }
    let language = first_language(call);
    let content = BroadcastContent { text, attachments, quick_replies };
    BroadcastCreated {
        translations: [(language.clone(), content)].into_iter().collect(),
        base_language: language,
        ..BroadcastCreated::default()
    }
}

/// What a message to many says, in each language.
pub(crate) fn translated(call: &Call, given: &mut Given<'_>, uploads: &Uploads) -> BroadcastCreated {
    let first = first_language(call);
    let mut said = BroadcastCreated::default();
    for (language, value) in by_language(given, "text", &first) {
        match value.as_str().map(str::trim) {
            Some(text) if text.chars().count() <= MAX_TEXT => {
                said.translations.entry(language).or_default().text = text.into();
            }
            Some(_) => {
                given.wrong("text", format!("Ensure this field has no more than {MAX_TEXT} characters."));
            }
            None => given.wrong("text", "Not a valid string."),
        }
    }
    for (language, value) in by_language(given, "attachments", &first) {
        let files = files(given, &value, uploads);
        said.translations.entry(language).or_default().attachments = files;
    }
    for (language, value) in by_language(given, "quick_replies", &first) {
        let replies = replies(given, &value);
        said.translations.entry(language).or_default().quick_replies = replies;
    }
    let is_something =
        |content: &BroadcastContent| !content.text.is_empty() || !content.attachments.is_empty();
    if !said.translations.values().any(is_something) {
        given.wrong("non_field_errors", "Give a text or attachments.");
    }
    said.base_language = match given.any_text("base_language", 3) {
        Some(language) => {
            if !said.translations.contains_key(&language) {
                given.wrong("base_language", "No text in this language is given.");
            }
            language
        }
        None if said.translations.contains_key(&first) => first,
        None => said.translations.keys().next().cloned().unwrap_or(first),
    };
    said
}

/// The values of a member by language; one that is not by language is in the first.
fn by_language(given: &mut Given<'_>, name: &str, first: &SmolStr) -> Vec<(SmolStr, Value)> {
    match given.value(name) {
        None => Vec::new(),
        Some(Value::Object(all)) => {
            all.iter().map(|(language, value)| (SmolStr::from(language), value.clone())).collect()
        }
        Some(value) => vec![(first.clone(), value.clone())],
    }
}

fn files(given: &mut Given<'_>, value: &Value, uploads: &Uploads) -> Vec<SmolStr> {
    let Some(items) = value.as_array() else {
        given.wrong("attachments", "Expected a list of items.");
        return Vec::new();
    };
    if items.len() > MAX_ATTACHMENTS {
        given.wrong("attachments", format!("Ensure this field has no more than {MAX_ATTACHMENTS} elements."));
    }
    let mut files = Vec::new();
    for (place, item) in items.iter().enumerate() {
        let is_file = |text: &&str| {
            text.split_once(':').is_some_and(|(kind, url)| kind.contains('/') && !url.trim().is_empty())
        };
        let upload = item.as_str().and_then(|text| uploads.get(&text.parse::<Uuid>().ok()?));
        if let Some(upload) = upload {
            files.push(upload.clone());
            continue;
        }
        match item.as_str().filter(is_file) {
            Some(text) => files.push(text.trim().into()),
            None => given.wrong_item(
                "attachments",
                place,
                "Not a file: write type:address, as in image/jpeg:https://…",
            ),
        }
    }
    files
}

fn replies(given: &mut Given<'_>, value: &Value) -> Vec<QuickReply> {
    let Some(items) = value.as_array() else {
        given.wrong("quick_replies", "Expected a list of items.");
        return Vec::new();
    };
    if items.len() > MAX_QUICK_REPLIES {
        given.wrong(
            "quick_replies",
            format!("Ensure this field has no more than {MAX_QUICK_REPLIES} elements."),
        );
    }
    let mut replies = Vec::new();
    for (place, item) in items.iter().enumerate() {
        match reply(item) {
            Ok(reply) => replies.push(reply),
            Err(said) => given.wrong_item("quick_replies", place, said),
        }
    }
    replies
}

fn reply(item: &Value) -> Result<QuickReply, String> {
    if let Some(text) = item.as_str() {
        let text = fitting(text, MAX_QUICK_REPLY)?;
        return Ok(QuickReply { text, ..QuickReply::default() });
    }
    let members = item.as_object().ok_or("Not a suggested answer.")?;
    let word = members.get("type").and_then(Value::as_str).unwrap_or("text");
    let kind = match word {
        "text" => QuickReplyType::Text,
        "location" => QuickReplyType::Location,
        "form" => QuickReplyType::Form,
        "url" => QuickReplyType::Url,
        other => return Err(format!("\"{other}\" is not a valid choice.")),
    };
    let text = fitting(members.get("text").and_then(Value::as_str).unwrap_or_default(), MAX_QUICK_REPLY)?;
    let extra = fitting(members.get("extra").and_then(Value::as_str).unwrap_or_default(), MAX_EXTRA)?;
    if text.is_empty() && kind != QuickReplyType::Location {
        return Err("A suggested answer needs a text.".to_owned());
    }
    Ok(QuickReply { kind, text, extra })
}

fn fitting(text: &str, most: usize) -> Result<SmolStr, String> {
    let text = text.trim();
    if text.chars().count() > most {
        return Err(format!("Ensure this field has no more than {most} characters."));
    }
    Ok(text.into())
}

/// A suggested answer as the API shows it.
pub(crate) fn shown_reply(reply: &QuickReply) -> Value {
    let kind = match reply.kind {
        QuickReplyType::Text => "text",
        QuickReplyType::Location => "location",
        QuickReplyType::Form => "form",
        QuickReplyType::Url => "url",
    };
    json!({"type": kind, "text": reply.text, "extra": Some(&reply.extra).filter(|extra| !extra.is_empty())})
}

/// A file as the API shows it. One that lies here gets its whole address.
pub(crate) fn shown_file(call: &Call, attachment: &str) -> Value {
    let (kind, url) = attachment.split_once(':').unwrap_or(("", attachment));
    let url = if url.starts_with('/') { format!("{}{url}", call.base) } else { url.to_owned() };
    json!({"content_type": kind, "url": url})
}

/// `text`, `attachments` and `quick_replies` by language.
pub(crate) fn shown_translations(call: &Call, said: &BroadcastCreated) -> [Value; 3] {
    let mut shown: [Map<String, Value>; 3] = [Map::new(), Map::new(), Map::new()];
    for (language, content) in &said.translations {
        if !content.text.is_empty() {
            shown[0].insert(language.to_string(), json!(content.text));
        }
        if !content.attachments.is_empty() {
            let files: Vec<Value> = content.attachments.iter().map(|one| shown_file(call, one)).collect();
            shown[1].insert(language.to_string(), json!(files));
        }
        if !content.quick_replies.is_empty() {
            let replies: Vec<Value> = content.quick_replies.iter().map(shown_reply).collect();
            shown[2].insert(language.to_string(), json!(replies));
        }
    }
    shown.map(Value::Object)
}
