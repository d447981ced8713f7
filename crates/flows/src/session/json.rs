//! The session as JSON, in the shape that RapidPro's engine writes: for export and tests.

use serde_json::{Map, Value as Json, json};

use super::{Input, Run, Session};
use crate::{contact_json::ResultJson, program::NodeIx};

impl Session {
    /// The session as JSON. Path, locals and web service answer of ended runs are left out.
    pub fn to_json(&self) -> Json {
        let mut json = Map::new();
        json.insert("uuid".into(), json!(self.uuid));
        json.insert("type".into(), json!(self.flow_type));
        json.insert("created_on".into(), json!(self.created_on));
        json.insert(
            "trigger".into(),
            self.trigger.get().map_or(Json::Null, |trigger| json!(trigger.as_ref())),
        );
        json.insert("contact_uuid".into(), json!(self.contact));
        if let Some(call) = &self.call {
            json.insert("call_uuid".into(), json!(call.uuid));
        }
        json.insert("runs".into(), self.runs.iter().map(|run| run_json(run, &self.runs)).collect());
        json.insert("status".into(), json!(self.status));
        if let Some(input) = &self.input {
            json.insert("input".into(), input_json(input));
        }
        json.insert("sprints".into(), json!(self.sprints));
        Json::Object(json)
    }
}

fn run_json(run: &Run, all: &[Run]) -> Json {
    let mut json = Map::new();
    json.insert("uuid".into(), json!(run.uuid));
    json.insert("flow".into(), json!(run.flow));
    json.insert("status".into(), json!(run.status));
    if run.had_input {
        json.insert("had_input".into(), Json::Bool(true));
    }
    if let Some(parent) = run.parent.and_then(|index| all.get(index as usize)) {
        json.insert("parent_uuid".into(), json!(parent.uuid));
    }
    if !run.results.is_empty() {
        let results =
            run.results.iter().map(|(key, result)| (key.to_string(), json!(ResultJson::from(result))));
        json.insert("results".into(), Json::Object(results.collect()));
    }
    if run.exited_on.is_none() {
        open_json(run, &mut json);
    }
    json.insert("created_on".into(), json!(run.created_on));
    json.insert("modified_on".into(), json!(run.modified_on));
    json.insert("exited_on".into(), json!(run.exited_on));
    Json::Object(json)
}

fn open_json(run: &Run, json: &mut Map<String, Json>) {
    if let Some(program) = &run.program
        && !run.path.is_empty()
    {
        let step = |step: &super::Step| json!({ "node_uuid": program.node(NodeIx(step.node)).uuid, "arrived_on": step.arrived_on });
        json.insert("path".into(), run.path.iter().map(step).collect());
    }
    if !run.locals.is_empty() {
        json.insert("locals".into(), json!(run.locals));
    }
    if let Some(webhook) = &run.webhook {
        json.insert(
            "webhook".into(),
            json!({
                "method": webhook.method,
                "url": webhook.url,
                "status": webhook.status,
                "headers": webhook.headers,
                "json": webhook.json,
            }),
        );
    }
}

fn input_json(input: &Input) -> Json {
    let mut json = Map::new();
    json.insert("type".into(), json!("msg"));
    json.insert("uuid".into(), json!(input.uuid));
    json.insert("created_on".into(), json!(input.created_on));
    if let Some(channel) = &input.channel {
        json.insert("channel".into(), json!(channel));
    }
    json.insert("urn".into(), input.urn.as_ref().map_or_else(|| json!(""), |urn| json!(urn)));
    json.insert("text".into(), json!(input.text));
    if !input.attachments.is_empty() {
        json.insert("attachments".into(), json!(input.attachments));
    }
    if let Some(external_id) = &input.external_id {
        json.insert("external_id".into(), json!(external_id));
    }
    Json::Object(json)
}
