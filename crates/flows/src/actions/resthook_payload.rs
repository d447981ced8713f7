//! What the subscribers of a resthook are told: the contact, the run and how it came here.

use domain::{Channel, Urn, urn::REDACTED};
use expressions::environment::RedactionPolicy;
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value as Json, json};

use crate::{
    context::{channel_of, redacted_urn_text},
    engine::work::Work,
    program::NodeIx,
    session::{Input, Run},
};

/// The payload, in the form that RapidPro's subscribers know.
pub(super) fn payload(work: &Work<'_>) -> Json {
    let Some(run) = work.current() else { return Json::Null };
    let redaction = work.env().redaction;
    let contact = &*work.contact;
    let preferred = channel_of(work.assets, contact).map(|(urn, _)| urn).or(contact.urns.first());
    let urn = preferred.map_or(Json::Null, |urn| Json::from(redacted_urn_text(&urn.urn, redaction).as_str()));
    let input = work.session.input.as_ref();
    let channel = input
        .and_then(|input| input.channel.as_ref())
        .and_then(|channel| work.assets.channel(channel.uuid))
        .map_or(Json::Null, channel_json);
    json!({
        "contact": {
            "uuid": contact.uuid,
            "name": contact.name,
            "urn": urn,
            "language": contact.language.as_deref().unwrap_or_default(),
        },
        "flow": { "uuid": run.flow.uuid, "name": run.flow.name, "revision": run.flow.revision },
        "path": path(run),
        "results": results(run),
        "run": { "uuid": run.uuid, "created_on": moment(run.created_on) },
        "input": input.map_or(Json::Null, |input| input_json(input, &channel, redaction)),
        "channel": channel,
    })
}

fn moment(timestamp: Timestamp) -> String {
    domain::field::rfc3339::text(&timestamp.to_zoned(TimeZone::UTC))
}

fn channel_json(channel: &Channel) -> Json {
    json!({ "uuid": channel.uuid, "name": channel.name, "address": channel.address })
}

fn urn_json(urn: &Urn, redaction: RedactionPolicy) -> Json {
    match redaction {
        RedactionPolicy::None => {
            json!({ "scheme": urn.scheme, "path": urn.path, "display": urn.formatted() })
        }
        RedactionPolicy::Urns => json!({ "scheme": urn.scheme, "path": REDACTED, "display": REDACTED }),
    }
}

fn input_json(input: &Input, channel: &Json, redaction: RedactionPolicy) -> Json {
    let attachments: Vec<Json> = input
        .attachments
        .iter()
        .map(|attachment| {
            let (content_type, url) = attachment.split_once(':').unwrap_or(("", attachment));
            json!({ "content_type": content_type, "url": url })
        })
        .collect();
    json!({
        "type": "msg",
        "uuid": input.uuid,
        "created_on": moment(input.created_on),
        "channel": channel,
        "urn": input.urn.as_ref().map_or(Json::Null, |urn| urn_json(urn, redaction)),
        "text": input.text,
        "attachments": attachments,
    })
}

fn path(run: &Run) -> Vec<Json> {
    let Some(program) = &run.program else { return Vec::new() };
    run.path
        .iter()
        .map(|step| {
            let node = program.node(NodeIx(step.node));
            json!({ "node_uuid": node.uuid, "arrived_on": moment(step.arrived_on) })
        })
        .collect()
}

fn results(run: &Run) -> Json {
    let results = run.results.iter().map(|(key, result)| {
        let localized =
            if result.category_localized.is_empty() { &result.category } else { &result.category_localized };
        let json = json!({
            "name": result.name,
            "value": result.value,
            "category": result.category,
            "category_localized": localized,
            "input": result.input,
            "node_uuid": result.node,
            "created_on": moment(result.created_on),
        });
        (key.to_string(), json)
    });
    Json::Object(results.collect())
}
