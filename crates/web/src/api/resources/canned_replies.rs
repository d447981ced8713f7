//! `canned_replies.json`: what agents answer often.

use domain::CannedReplyUuid;
use flows::events::BroadcastCreated;
use node::limits;
use operations::{
    CannedReplyEdit, MAX_CANNED_REPLY_NAME, canned_reply_said, remove_canned_reply, save_canned_reply,
};
use serde_json::{Value, json};
use store::CannedReplyRow;

use crate::api::call::{Asked, Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles, UUID};
use crate::api::error::ApiError;
use crate::api::given::Given;
use crate::api::page::Walk;
use crate::api::said::{ATTACHMENT, QUICK_REPLY, shown_translations, translated, uploads};
use crate::api::shape::{Prop, Shape, TRANSLATED, prop};
use crate::api::words::moment;

pub(crate) static RESOURCE: Resource = Resource {
    name: "canned_replies",
    alias: None,
    about: "What agents answer often, the last changed first. Expressions in it, such as @contact.name, are evaluated \
            for whoever gets it.",
    limit: &limits::API,
    endpoints: &[
        Endpoint::list(Roles::ALL, "Canned replies", &[UUID], PROPS, |call| Box::pin(list(call))),
        Endpoint::save(
            Roles::EDITORS,
            "Adds a canned reply, or changes the one of the address",
            &[UUID],
            &[
                prop("name", Shape::Text, "Name: at most 64 characters; unique whatever its case"),
                prop("text", TRANSLATED, "Text, or one for each language; at most 4,096 characters"),
                prop("attachments", Shape::Any, "Files as `type:address`, or a list for each language"),
                prop("quick_replies", Shape::Any, "Suggested answers, or a list for each language"),
                prop(
                    "base_language",
                    Shape::Text,
                    "Where there is no other; the workspace's first without it",
                ),
            ],
            PROPS,
            |call| Box::pin(save(call)),
        ),
        Endpoint::delete(Roles::EDITORS, "Removes a canned reply", &[UUID], &["uuid"], |call| {
            Box::pin(remove(call))
        }),
    ],
};

const PROPS: &[Prop] = &[
    prop("uuid", Shape::Uuid, "Identifier"),
    prop("name", Shape::Text, "Name"),
    prop("text", Shape::Map(&Shape::Text), "Text by language"),
    prop("attachments", Shape::Map(&Shape::List(&ATTACHMENT)), "Files by language"),
    prop("quick_replies", Shape::Map(&Shape::List(&QUICK_REPLY)), "Suggested answers by language"),
    prop("base_language", Shape::Text, "Where there is no other"),
    prop("modified_on", Shape::Moment, "When it last changed"),
];

async fn list(call: &Call) -> Result<Reply, ApiError> {
    let walk = Walk::of(call, false)?;
    let wanted = call.query.uuid("uuid");
    let fits = |reply: &&CannedReplyRow| match wanted {
        Asked::Nothing => true,
        Asked::This(uuid) => reply.uuid.0 == uuid,
        Asked::Unreadable => false,
    };
    let replies: Vec<CannedReplyRow> =
        call.definitions().canned_replies.iter().filter(fits).cloned().collect();
    let place = |reply: &CannedReplyRow| (reply.modified_on.as_microsecond(), reply.id.0);
    Ok(walk.among(replies, place, |reply| shown(call, reply)))
}

async fn save(call: &Call) -> Result<Reply, ApiError> {
    let reply = call.wanted("uuid")?.map(CannedReplyUuid);
    let mut given = Given::of(&call.body);
    let name = match reply {
        Some(_) => given.text("name", MAX_CANNED_REPLY_NAME),
        None => given.needed_text("name", MAX_CANNED_REPLY_NAME),
    };
    let says =
        ["text", "attachments", "quick_replies", "base_language"].iter().any(|member| given.has(member));
    let said = match says || reply.is_none() {
        true => Some(translated(call, &mut given, &uploads(call).await?)),
        false => None,
    };
    given.done()?;
    let edit = CannedReplyEdit { name: name.map(String::from), said };
    let saved = save_canned_reply(call.ctx(), call.workspace(), reply, &edit).await?;
    Ok(Reply::saved(saved.made, shown(call, &saved.row)))
}

async fn remove(call: &Call) -> Result<Reply, ApiError> {
    let reply = call.wanted("uuid")?.map(CannedReplyUuid).ok_or_else(ApiError::not_found)?;
    remove_canned_reply(call.ctx(), call.workspace(), reply).await?;
    Ok(Reply::Done)
}

/// What a canned reply says; nothing if another program wrote what cannot be read.
pub(super) fn said(reply: &CannedReplyRow) -> BroadcastCreated {
    canned_reply_said(reply).unwrap_or_else(|error| {
        tracing::error!(reply = %reply.uuid, %error, "a canned reply cannot be read");
        BroadcastCreated::default()
    })
}

fn shown(call: &Call, reply: &CannedReplyRow) -> Value {
    let said = said(reply);
    let [text, attachments, quick_replies] = shown_translations(call, &said);
    json!({
        "uuid": reply.uuid,
        "name": reply.name,
        "text": text,
        "attachments": attachments,
        "quick_replies": quick_replies,
        "base_language": said.base_language,
        "modified_on": moment(reply.modified_on),
    })
}
