//! Messages and answers as lines of a file: comma-separated values, and rows of Flow Results with what describes them.
//!
//! A package of Flow Results is a Data Package: `datapackage.json` describes the questions of one flow, `data.json` has a row
//! for each answer: moment, row, contact, session, question, response, and what else is known of it.

use std::collections::BTreeMap;

use domain::Urn;
use flows::inspect::ResultInfo;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use smol_str::SmolStr;
use store::{Direction, FlowRow, ListedMessage, ListedRun};

use super::contact_file::{BETWEEN, line};
use crate::Workspace;

/// The version of Flow Results that packages are of.
const SPECIFICATION: &str = "1.0.0";
/// The file of a package that has its rows.
pub(super) const DATA: &str = "data.json";
/// The file of a package that describes it.
pub(super) const DESCRIPTOR: &str = "datapackage.json";
/// Categories that say nothing but that there was an answer, or none.
const NO_CHOICES: [&str; 5] = ["Other", "No Response", "All Responses", "Has Text", "Has Value"];

pub(super) fn messages_header() -> String {
    let names = [
        "Message UUID",
        "Created On",
        "Sent On",
        "Direction",
        "Status",
        "Contact UUID",
        "Contact Name",
        "URN",
        "Channel",
        "Flow",
        "Text",
        "Attachments",
        "Labels",
        "Broadcast",
    ];
    line(names.map(str::to_owned).to_vec())
}

pub(super) fn message_cells(ws: &Workspace, message: &ListedMessage) -> String {
    let definitions = ws.definitions();
    let labels = message.labels.iter();
    let labels = labels.filter_map(|id| definitions.labels.iter().find(|label| label.id == *id));
    let urn = message.urn.as_ref().filter(|_| !ws.row.anonymous);
    let channel = message.channel.and_then(|id| ws.channel_by_id(id));
    let flow = message.flow.and_then(|id| ws.flow_by_id(id));
    line(vec![
        message.uuid.to_string(),
        message.created_on.to_string(),
        message.sent_on.map(|at| at.to_string()).unwrap_or_default(),
        match message.direction {
            Direction::In => "in".to_owned(),
            Direction::Out => "out".to_owned(),
        },
        message.status.as_str().to_owned(),
        message.contact.0.to_string(),
        message.contact.1.to_string(),
        urn.map(|(scheme, path)| Urn::new(scheme.clone(), path.clone()).identity().to_string())
            .unwrap_or_default(),
        channel.map(|channel| channel.name.to_string()).unwrap_or_default(),
        flow.map(|flow| flow.name.to_string()).unwrap_or_default(),
        message.text.to_string(),
        message.attachments.iter().map(SmolStr::as_str).collect::<Vec<_>>().join(BETWEEN),
        labels.map(|label| label.name.as_str()).collect::<Vec<_>>().join(BETWEEN),
        message.job.map(|job| job.0.to_string()).unwrap_or_default(),
    ])
}

pub(super) fn answers_header() -> String {
    let names = [
        "Run UUID",
        "Flow",
        "Contact UUID",
        "Contact Name",
        "URN",
        "Started On",
        "Modified On",
        "Exited On",
        "Status",
        "Responded",
        "Result",
        "Category",
        "Value",
        "Input",
        "Answered On",
    ];
    line(names.map(str::to_owned).to_vec())
}

fn answers(run: &ListedRun) -> Map<String, Value> {
    serde_json::from_str(&run.results).unwrap_or_default()
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A line for each answer of a run; one without an answer for a run that has none.
pub(super) fn answer_rows(ws: &Workspace, run: &ListedRun) -> String {
    let urn = run.urn.as_ref().filter(|_| !ws.row.anonymous);
    let whole = [
        run.uuid.to_string(),
        ws.flow_by_id(run.flow).map(|flow| flow.name.to_string()).unwrap_or_default(),
        run.contact.0.to_string(),
        run.contact.1.to_string(),
        urn.map(|(scheme, path, _)| Urn::new(scheme.clone(), path.clone()).identity().to_string())
            .unwrap_or_default(),
        run.created_on.to_string(),
        run.modified_on.to_string(),
        run.exited_on.map(|at| at.to_string()).unwrap_or_default(),
        run.status.to_string(),
        run.responded.to_string(),
    ];
    let answers = answers(run);
    if answers.is_empty() {
        let mut cells = whole.to_vec();
        cells.resize(15, String::new());
        return line(cells);
    }
    let each = answers.into_iter().map(|(key, answer)| {
        let mut cells = whole.to_vec();
        let name = Some(text(&answer["name"])).filter(|name| !name.is_empty()).unwrap_or(key);
        cells.push(name);
        for member in ["category", "value", "input", "created_on"] {
            cells.push(text(&answer[member]));
        }
        line(cells)
    });
    each.collect()
}

/// A moment as Flow Results write it, with an offset.
fn offset(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%6f+00:00").to_string()
}

/// Rows of Flow Results of a run. `asked` learns which questions there are.
pub(super) fn flow_rows(run: &ListedRun, asked: &mut BTreeMap<SmolStr, SmolStr>) -> Vec<Value> {
    let mut rows = Vec::new();
    for (key, answer) in answers(run) {
        let at = answer["created_on"].as_str().and_then(|text| text.parse().ok()).unwrap_or(run.modified_on);
        let name = Some(text(&answer["name"])).filter(|name| !name.is_empty());
        asked.entry(key.as_str().into()).or_insert_with(|| name.unwrap_or_else(|| key.clone()).into());
        let more = json!({
            "category": answer["category"],
            "input": answer["input"],
            "node": answer["node_uuid"],
            "extra": answer["extra"],
        });
        let more: Map<String, Value> = match more {
            Value::Object(more) => more.into_iter().filter(|(_, value)| !value.is_null()).collect(),
            _ => Map::new(),
        };
        rows.push(json!([
            offset(at),
            format!("{}-{key}", run.uuid),
            run.contact.0,
            run.uuid,
            key,
            text(&answer["value"]),
            more,
        ]));
    }
    rows
}

/// What describes a package: the questions that the flow has now, and those that earlier revisions had and that were
/// answered.
pub(super) fn descriptor(
    ws: &Workspace,
    flow: &FlowRow,
    (results, asked): (&[ResultInfo], &BTreeMap<SmolStr, SmolStr>),
    made_on: Timestamp,
) -> Value {
    let mut questions = Map::new();
    for (key, name) in asked {
        questions.insert(key.to_string(), json!({"type": "open", "label": name, "type_options": {}}));
    }
    for result in results {
        let choices: Vec<&SmolStr> =
            result.categories.iter().filter(|name| !NO_CHOICES.contains(&name.as_str())).collect();
        // The response is what was said; what it was taken for stands beside it, so that nothing is lost.
        let options = if choices.len() > 1 { json!({"categories": choices}) } else { json!({}) };
        questions.insert(
            result.key.to_string(),
            json!({"type": "open", "label": result.name, "type_options": options}),
        );
    }
    let field = |name: &str, title: &str, kind: &str| json!({"name": name, "title": title, "type": kind});
    let language = ws.row.languages.first().map_or("und", SmolStr::as_str);
    let slug: String = flow
        .name
        .to_lowercase()
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' })
        .collect();
    json!({
        "profile": "flow-results-package",
        "flow_results_specification_version": SPECIFICATION,
        "name": slug.trim_matches('-'),
        "title": flow.name,
        "id": flow.uuid,
        "created": offset(flow.created_on),
        "modified": offset(flow.modified_on.max(flow.created_on)),
        "exported": offset(made_on),
        "resources": [{
            "name": "data",
            "path": DATA,
            "mediatype": "application/json",
            "encoding": "utf-8",
            "access_method": "file",
            "schema": {
                "language": language,
                "fields": [
                    field("timestamp", "Timestamp", "datetime"),
                    field("row_id", "Row ID", "string"),
                    field("contact_id", "Contact ID", "string"),
                    field("session_id", "Session ID", "string"),
                    field("question_id", "Question ID", "string"),
                    field("response", "Response", "any"),
                    field("response_metadata", "Response Metadata", "object"),
                ],
                "questions": questions,
            },
        }],
    })
}
