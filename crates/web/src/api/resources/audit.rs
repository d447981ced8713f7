//! `audit.json`: who changed what.

use node::limits;
use serde_json::{Value, json};
use smol_str::SmolStr;
use store::{AuditList, AuditOf, AuditRow};

use crate::api::call::{Call, Reply};
use crate::api::endpoint::{AFTER, BEFORE, Endpoint, REVERSE, Resource, Roles, param};
use crate::api::error::ApiError;
use crate::api::page::Walk;
use crate::api::shape::{Prop, Shape, prop};
use crate::api::words::moment;

pub(crate) static RESOURCE: Resource = Resource {
    name: "audit",
    alias: None,
    about: "Who changed what, the latest first: a row for each thing that a person, a program with a token or a command \
            changed.",
    limit: &limits::API,
    endpoints: &[Endpoint::list(
        Roles::ADMINISTRATORS,
        "Rows of the log",
        &[
            param("kind", Shape::Text, "Only about things of this kind, such as contact"),
            param("user", Shape::Text, "Only what the user with this e-mail address did"),
            param("uuid", Shape::Uuid, "Only about the thing with this identifier"),
            BEFORE,
            AFTER,
            REVERSE,
        ],
        PROPS,
        |call| Box::pin(list(call)),
    )],
};

const PROPS: &[Prop] = &[
    prop("created_on", Shape::Moment, "When"),
    prop(
        "actor",
        Shape::Object(&[
            prop(
                "name",
                Shape::Text,
                "The e-mail address of who it was, or the name that the machine knows them by",
            ),
            prop(
                "means",
                Shape::Word(&["token", "session", "sign_in", "link", "command_line"]),
                "By what it was known",
            ),
            prop("uuid", Shape::Uuid, "Which token or session that was").or_null(),
        ]),
        "Who",
    ),
    prop("verb", Shape::Text, "created, changed, removed, or another word for what was done"),
    prop("kind", Shape::Text, "With what kind of thing"),
    prop("uuid", Shape::Uuid, "The thing's identifier").or_null(),
    prop("name", Shape::Text, "What it is called"),
    prop("before", Shape::Map(&Shape::Any), "Members that are another now, as they were").or_null(),
    prop("after", Shape::Map(&Shape::Any), "The same as they are").or_null(),
];

async fn list(call: &Call) -> Result<Reply, ApiError> {
    let text = |name: &str| call.query.text(name).map(SmolStr::from);
    let walk = Walk::of(call, call.query.flag("reverse") == Some(true))?;
    let Some(span) = call.query.span() else { return Ok(walk.page(Vec::new())) };
    let bound = |bound: i64| Some(bound).filter(|bound| ![i64::MIN, i64::MAX].contains(bound));
    let of = AuditOf {
        workspace: Some(call.workspace()),
        kind: text("kind"),
        who: text("user").map(|email| email.trim().to_lowercase().into()),
        subject: call.wanted("uuid")?,
        after: bound(span.after),
        before: bound(span.before),
    };
    let rows = call.ctx().store.audit(AuditList { of, walk: walk.span() }).await?;
    Ok(walk.page(rows.into_iter().map(|row| ((row.id, row.place), shown(call, row))).collect()))
}

fn shown(call: &Call, row: AuditRow) -> Value {
    let members = |value: Value| match value {
        Value::Object(mut members) => {
            // Nobody sees addresses here that are hidden elsewhere.
            if call.ws.row.anonymous
                && row.kind == "contact"
                && let Some(urns) = members.get_mut("urns")
            {
                *urns = json!("********");
            }
            Value::Object(members)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Value::Null,
    };
    let (before, after) = (members(row.before), members(row.after));
    json!({
        "created_on": moment(row.created_on),
        "actor": {"name": row.who, "means": row.means.as_str(), "uuid": row.proof},
        "verb": row.verb,
        "kind": row.kind,
        "uuid": row.subject_uuid,
        "name": row.subject,
        "before": before,
        "after": after,
    })
}
