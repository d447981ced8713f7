//! What a line of an archive is: a message or a run as the API shows it, as RapidPro's archives have it.

use domain::{ContactUuid, Urn};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use store::{Direction, ListedMessage, ListedRun, MessageStatus};

use crate::Workspace;

/// A message.
pub(crate) fn message_line(ws: &Workspace, message: &ListedMessage) -> Value {
    let definitions = ws.definitions();
    let labels = message.labels.iter().filter_map(|id| {
        let label = definitions.labels.iter().find(|label| label.id == *id)?;
        Some(json!({"uuid": label.uuid, "name": label.name}))
    });
    let channel = message.channel.and_then(|id| ws.channel_by_id(id));
    let flow = message.flow.and_then(|id| ws.flow_by_id(id));
    let urn = message.urn.as_ref().filter(|_| !ws.row.anonymous);
    let attachments = message.attachments.iter().map(|one| {
        let (kind, url) = one.split_once(':').unwrap_or(("", one));
        json!({"content_type": kind, "url": url})
    });
    json!({
        "id": message.id,
        "uuid": message.uuid,
        "broadcast": message.job,
        "contact": {"uuid": message.contact.0, "name": message.contact.1},
        "urn": urn.map(|(scheme, path)| Urn::new(scheme.clone(), path.clone()).identity().to_string()),
        "channel": channel.map(|one| json!({"uuid": one.uuid, "name": one.name})),
        "flow": flow.map(|one| json!({"uuid": one.uuid, "name": one.name})),
        "ticket_uuid": null,
        "direction": match message.direction { Direction::In => "in", Direction::Out => "out" },
        "type": "text",
        "status": status(message.status),
        "visibility": message.visibility.as_str(),
        "text": message.text,
        "attachments": attachments.collect::<Vec<_>>(),
        "quick_replies": quick_replies(message),
        "labels": labels.collect::<Vec<_>>(),
        "created_on": moment(message.created_on),
        "sent_on": message.sent_on.map(moment),
        "modified_on": moment(message.modified_on),
    })
}

fn quick_replies(message: &ListedMessage) -> Value {
    message.quick_replies.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or(json!([]))
}

fn status(status: MessageStatus) -> &'static str {
    match status {
        // One that waited for its turn is received as far as others are concerned.
        MessageStatus::Pending | MessageStatus::Handled => "handled",
        MessageStatus::Queued
        | MessageStatus::Wired
        | MessageStatus::Sent
        | MessageStatus::Delivered
        | MessageStatus::Read
        | MessageStatus::Errored
        | MessageStatus::Failed => status.as_str(),
    }
}

/// A run that ended.
pub(crate) fn run_line(ws: &Workspace, run: &ListedRun) -> Value {
    let flow = ws.flow_by_id(run.flow);
    let path: Vec<Value> =
        run.path.as_deref().and_then(|path| serde_json::from_str(path).ok()).unwrap_or_default();
    json!({
        "id": run.id,
        "uuid": run.uuid,
        "flow": flow.map(|one| json!({"uuid": one.uuid, "name": one.name})),
        "contact": {"uuid": run.contact.0, "name": run.contact.1},
        "start": run.start.map(|uuid| json!({"uuid": uuid})),
        "responded": run.responded,
        "path": path.iter().map(|step| json!({"node": step["node"], "time": step["time"]})).collect::<Vec<_>>(),
        "values": values(&run.results),
        "created_on": moment(run.created_on),
        "modified_on": moment(run.modified_on),
        "exited_on": run.exited_on.map(moment),
        "exit_type": run.status,
    })
}

fn values(results: &str) -> Value {
    let results: Map<String, Value> = serde_json::from_str(results).unwrap_or_default();
    let shown = results.into_iter().map(|(key, result)| {
        let shown = json!({
            "name": result["name"],
            "value": result["value"],
            "input": result["input"],
            "time": result["created_on"],
            "category": result["category"],
            "node": result["node_uuid"],
        });
        (key, shown)
    });
    Value::Object(shown.collect())
}

fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}

/// A line as it is written.
pub(crate) fn shown_line(value: &Value) -> Vec<u8> {
    let mut line = value.to_string().into_bytes();
    line.push(b'\n');
    line
}

/// The line without anything that says who somebody was, or what they said, if it is one of these people; `None` if it
/// is somebody else's. What is counted stays, as it does of rows ([`store::Change::Erase`]).
pub(crate) fn without(line: &[u8], people: &[ContactUuid]) -> Option<Vec<u8>> {
    let mut value: Value = serde_json::from_slice(line).ok()?;
    let whose: ContactUuid = value["contact"]["uuid"].as_str()?.parse().ok()?;
    if !people.contains(&whose) {
        return None;
    }
    let members = value.as_object_mut()?;
    members.insert("contact".to_owned(), json!({"uuid": whose, "name": null}));
    for (name, empty) in [
        ("urn", Value::Null),
        ("text", json!("")),
        ("attachments", json!([])),
        ("quick_replies", json!([])),
        ("visibility", json!("deleted")),
    ] {
        if members.contains_key(name) {
            members.insert(name.to_owned(), empty);
        }
    }
    match members.get_mut("values") {
        Some(Value::Object(values)) => values.values_mut().for_each(empty_value),
        Some(Value::Array(sets)) => {
            // RapidPro's files have lists of such objects.
            for set in sets.iter_mut().filter_map(Value::as_object_mut) {
                set.values_mut().for_each(empty_value);
            }
        }
        _ => {}
    }
    Some(shown_line(&value))
}

fn empty_value(value: &mut Value) {
    if let Some(members) = value.as_object_mut() {
        for name in ["value", "input"] {
            if members.contains_key(name) {
                members.insert(name.to_owned(), json!(""));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::without;

    #[test]
    fn empties_lines_of_these_people_and_no_others() {
        let gone = "0198d6a0-4a7b-7c3e-9f2a-6d1f00c0ffee";
        let check = |given: Value, expected: Option<Value>| {
            let found = without(given.to_string().as_bytes(), &[gone.parse().unwrap()]);
            let found = found.map(|line| serde_json::from_slice::<Value>(&line).unwrap());
            assert_eq!(found, expected, "{given}");
        };
        check(
            json!({"id": 1, "contact": {"uuid": gone, "name": "Zodwa"}, "urn": "tel:+256799000001", "text": "I am ill",
                "attachments": [{"content_type": "image/jpeg", "url": "/media/1"}], "status": "handled",
                "visibility": "visible"}),
            Some(
                json!({"id": 1, "contact": {"uuid": gone, "name": null}, "urn": null, "text": "", "attachments": [],
                "status": "handled", "visibility": "deleted"}),
            ),
        );
        check(
            json!({"contact": {"uuid": gone, "name": "Zodwa"},
                "values": {"age": {"value": "27", "input": "I am 27", "category": "Adult"}}}),
            Some(json!({"contact": {"uuid": gone, "name": null},
                "values": {"age": {"value": "", "input": "", "category": "Adult"}}})),
        );
        check(
            json!({"contact": {"uuid": gone}, "values": [{"age": {"value": "27", "category": "Adult"}}]}),
            Some(json!({"contact": {"uuid": gone, "name": null},
                "values": [{"age": {"value": "", "category": "Adult"}}]})),
        );
        // Somebody else may have written of them.
        let other = json!({"contact": {"uuid": "0198d6a0-4a7b-7c3e-9f2a-6d1f00c0ff00"}, "text": gone});
        check(other, None);
        check(json!({"contact": null}), None);
        check(json!([gone]), None);
    }
}
