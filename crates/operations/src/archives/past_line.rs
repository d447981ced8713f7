//! A line of an archive as it is read: a message or a run, as RapidPro writes them and as we do.

use domain::{
    ChannelUuid, ContactId, ContactUuid, FlowId, FlowUuid, MessageId, MessageUuid, NodeUuid, RunId, RunUuid,
    SessionId, Urn, UrnId,
};
use jiff::Timestamp;
use ring::digest::{SHA256, digest};
use serde_json::{Map, Value, json};
use smol_str::SmolStr;
use store::{
    Direction, KeptNumbers, MessageStatus, NewMessage, PastMessage, RunRow, Tally, TallyKind, TallyName,
    Visibility,
};
use uuid::Uuid;

use crate::Workspace;

/// Why a message failed that its carrier never had.
const NOT_SENT: &str = "it was not sent before it was archived";

/// A line.
pub(super) enum PastLine {
    Message(Box<PastText>),
    Run(Box<PastRun>),
}

/// A message.
pub(super) struct PastText {
    uuid: Option<Uuid>,
    number: Option<i64>,
    contact: (ContactUuid, SmolStr),
    urn: Option<Urn>,
    channel: Option<ChannelUuid>,
    flow: Option<FlowUuid>,
    direction: Direction,
    kind: SmolStr,
    status: SmolStr,
    visibility: SmolStr,
    text: SmolStr,
    attachments: Vec<SmolStr>,
    quick_replies: Vec<Value>,
    pub labels: Vec<(Value, SmolStr)>,
    pub created_on: Timestamp,
    sent_on: Option<Timestamp>,
    modified_on: Option<Timestamp>,
}

/// A run that ended.
pub(super) struct PastRun {
    uuid: Option<Uuid>,
    number: Option<i64>,
    pub flow: FlowUuid,
    pub flow_name: SmolStr,
    contact: (ContactUuid, SmolStr),
    responded: bool,
    path: Vec<(NodeUuid, Timestamp)>,
    values: Map<String, Value>,
    pub created_on: Timestamp,
    pub modified_on: Timestamp,
    exited_on: Option<Timestamp>,
    exit_type: SmolStr,
}

fn text(value: &Value) -> SmolStr {
    value.as_str().unwrap_or_default().into()
}

fn moment(value: &Value) -> Option<Timestamp> {
    // What the store keeps are microseconds.
    let at: Timestamp = value.as_str()?.parse().ok()?;
    Timestamp::from_microsecond(at.as_microsecond()).ok()
}

fn whose(value: &Value) -> Option<(ContactUuid, SmolStr)> {
    Some((value["uuid"].as_str()?.parse().ok()?, text(&value["name"])))
}

/// Reads a line.
///
/// # Errors
/// Why it is none, for people.
pub(super) fn read_line(line: &[u8]) -> Result<PastLine, &'static str> {
    let value: Value = serde_json::from_slice(line).map_err(|_| "it is no JSON")?;
    let created_on = moment(&value["created_on"]).ok_or("it does not say when it was")?;
    let contact = whose(&value["contact"]).ok_or("it does not say whose it is")?;
    let uuid = value["uuid"].as_str().and_then(|text| text.parse().ok());
    let number = value["id"].as_i64();
    if uuid.is_none() && number.is_none() {
        return Err("it has no identifier");
    }
    if value["flow"].is_object() && value["direction"].is_null() {
        let flow = value["flow"]["uuid"].as_str().and_then(|text| text.parse().ok());
        return Ok(PastLine::Run(Box::new(PastRun {
            uuid,
            number,
            flow: flow.ok_or("its flow has no identifier")?,
            flow_name: text(&value["flow"]["name"]),
            contact,
            responded: value["responded"].as_bool().unwrap_or_default(),
            path: path(&value["path"]),
            values: values(&value["values"]),
            created_on,
            modified_on: moment(&value["modified_on"]).unwrap_or(created_on),
            exited_on: moment(&value["exited_on"]),
            exit_type: text(&value["exit_type"]),
        })));
    }
    let direction = match value["direction"].as_str() {
        Some("in") => Direction::In,
        Some("out") => Direction::Out,
        Some(_) | None => return Err("it is neither a message nor a run"),
    };
    let urn = value["urn"].as_str().and_then(|urn| Urn::parse(urn, None).ok());
    let list = |name: &str| value[name].as_array().cloned().unwrap_or_default();
    let attachments = list("attachments").iter().filter_map(attachment).collect();
    let labels = list("labels").iter().map(|label| (label["uuid"].clone(), text(&label["name"]))).collect();
    let parsed = |value: &Value| value["uuid"].as_str().and_then(|text| text.parse::<Uuid>().ok());
    Ok(PastLine::Message(Box::new(PastText {
        uuid,
        number,
        contact,
        urn,
        channel: parsed(&value["channel"]).map(ChannelUuid),
        flow: parsed(&value["flow"]).map(FlowUuid),
        direction,
        kind: text(&value["type"]),
        status: text(&value["status"]),
        visibility: text(&value["visibility"]),
        text: text(&value["text"]),
        attachments,
        quick_replies: list("quick_replies"),
        labels,
        created_on,
        sent_on: moment(&value["sent_on"]),
        modified_on: moment(&value["modified_on"]),
    })))
}

/// `type:url`, as an object or already so.
fn attachment(value: &Value) -> Option<SmolStr> {
    if let Some(text) = value.as_str() {
        return Some(text.into());
    }
    let url = value["url"].as_str()?;
    Some(format!("{}:{url}", value["content_type"].as_str().unwrap_or_default()).into())
}

fn path(value: &Value) -> Vec<(NodeUuid, Timestamp)> {
    let steps = value.as_array().into_iter().flatten();
    steps.filter_map(|step| Some((step["node"].as_str()?.parse().ok()?, moment(&step["time"])?))).collect()
}

/// Answers by key: an object, or as older files have them, a list of such.
fn values(value: &Value) -> Map<String, Value> {
    let sets: Vec<&Map<String, Value>> = match value {
        Value::Object(set) => vec![set],
        Value::Array(sets) => sets.iter().filter_map(Value::as_object).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    };
    let mut found = Map::new();
    for (key, answer) in sets.into_iter().flatten() {
        if answer.is_object() {
            found.insert(key.clone(), answer.clone());
        }
    }
    found
}

impl PastLine {
    pub fn table(&self) -> KeptNumbers {
        match self {
            Self::Message(_) => KeptNumbers::Messages,
            Self::Run(_) => KeptNumbers::Runs,
        }
    }

    pub fn contact(&self) -> ContactUuid {
        match self {
            Self::Message(message) => message.contact.0,
            Self::Run(run) => run.contact.0,
        }
    }

    pub fn contact_name(&self) -> &str {
        match self {
            Self::Message(message) => &message.contact.1,
            Self::Run(run) => &run.contact.1,
        }
    }

    pub fn urn(&self) -> Option<&Urn> {
        match self {
            Self::Message(message) => message.urn.as_ref(),
            Self::Run(_) => None,
        }
    }

    pub fn created_on(&self) -> Timestamp {
        match self {
            Self::Message(message) => message.created_on,
            Self::Run(run) => run.created_on,
        }
    }

    /// Its row number where it comes from.
    pub fn number(&self) -> Option<i64> {
        match self {
            Self::Message(message) => message.number,
            Self::Run(run) => run.number,
        }
    }

    /// Its identifier; nil before [`PastLine::name_itself`] if it has none.
    pub fn uuid(&self) -> Uuid {
        match self {
            Self::Message(message) => message.uuid,
            Self::Run(run) => run.uuid,
        }
        .unwrap_or_default()
    }

    /// Gives it an identifier if it has none, as messages of older versions: one made of workspace and number, so that it is
    /// the same whenever it is read.
    pub fn name_itself(&mut self, workspace: Uuid) {
        let (uuid, number, what) = match self {
            Self::Message(message) => (&mut message.uuid, message.number, "message"),
            Self::Run(run) => (&mut run.uuid, run.number, "run"),
        };
        if let (None, Some(number)) = (&uuid, number) {
            let sum = digest(&SHA256, format!("{workspace} {what} {number}").as_bytes());
            let mut bytes = [0; 16];
            bytes.copy_from_slice(&sum.as_ref()[..16]);
            *uuid = Some(uuid::Builder::from_custom_bytes(bytes).into_uuid());
        }
    }
}

impl PastText {
    /// Where it stands, and why it failed if it did.
    fn standing(&self) -> (MessageStatus, Option<&'static str>) {
        if self.direction == Direction::In {
            return (MessageStatus::Handled, None);
        }
        match self.status.as_str() {
            "wired" => (MessageStatus::Wired, None),
            "sent" | "resent" => (MessageStatus::Sent, None),
            "delivered" => (MessageStatus::Delivered, None),
            "read" => (MessageStatus::Read, None),
            "failed" => (MessageStatus::Failed, None),
            _ => (MessageStatus::Failed, Some(NOT_SENT)),
        }
    }

    pub fn row(
        self,
        ws: &Workspace,
        (id, contact): (i64, ContactId),
        urns: &[(SmolStr, UrnId)],
        labels: Vec<domain::LabelId>,
    ) -> PastMessage {
        let (status, reason) = self.standing();
        let identity = self.urn.as_ref().map(Urn::identity);
        let urn = urns.iter().find(|(known, _)| Some(known) == identity.as_ref()).map(|(_, id)| *id);
        let flow = self.flow.and_then(|uuid| ws.definitions().flows.iter().find(|flow| flow.uuid == uuid));
        let channel = self.channel.and_then(|uuid| ws.channel(uuid)).map(|channel| channel.id);
        let detail = match self.kind.as_str() {
            "voice" | "ivr" => Some(json!({"type": "voice"}).to_string()),
            "optin" => Some(json!({"type": "optin"}).to_string()),
            _ => None,
        };
        let replies: Vec<Value> = self
            .quick_replies
            .iter()
            .map(|reply| if reply.is_object() { reply.clone() } else { json!({"text": text(reply)}) })
            .collect();
        let message = NewMessage {
            id: MessageId(id),
            uuid: MessageUuid(self.uuid.unwrap_or_default()),
            workspace: ws.row.id,
            contact,
            urn,
            channel,
            flow: flow.map(|flow| flow.id),
            direction: self.direction,
            status,
            text: self.text,
            attachments: self.attachments,
            quick_replies: (!replies.is_empty()).then(|| Value::Array(replies).to_string()),
            detail,
            external_id: None,
            reason: reason.map(str::to_owned),
            job: None,
            day: ws.day(self.created_on),
            created_on: self.created_on,
        };
        PastMessage {
            visibility: match self.visibility.as_str() {
                "archived" => Visibility::Archived,
                visible if visible.starts_with("deleted") => Visibility::Deleted,
                _ => Visibility::Visible,
            },
            sent_on: self.sent_on.filter(|_| self.direction == Direction::Out),
            modified_on: self.modified_on.unwrap_or(self.created_on),
            error_count: 0,
            labels,
            message,
        }
    }
}

impl PastRun {
    fn status(&self) -> &'static str {
        match self.exit_type.as_str() {
            "completed" => "completed",
            "expired" => "expired",
            "failed" => "failed",
            _ => "interrupted",
        }
    }

    fn ended_on(&self) -> Timestamp {
        self.exited_on.unwrap_or(self.modified_on)
    }

    pub fn row(&self, ws: &Workspace, (id, contact): (i64, ContactId), flow: FlowId) -> RunRow {
        let results = self.values.iter().map(|(key, answer)| {
            let shown = json!({
                "name": answer.get("name").cloned().unwrap_or_else(|| json!(key)),
                "value": said(&answer["value"]),
                "category": said(&answer["category"]),
                "node_uuid": answer["node"],
                "input": said(&answer["input"]),
                "created_on": moment(&answer["time"]).unwrap_or(self.modified_on),
            });
            (key.clone(), shown)
        });
        let steps: Vec<Value> =
            self.path.iter().map(|(node, time)| json!({"node": node, "time": time})).collect();
        RunRow {
            id: RunId(id),
            workspace: ws.row.id,
            uuid: RunUuid(self.uuid.unwrap_or_default()),
            session: SessionId(0),
            contact,
            flow,
            status: self.status().into(),
            responded: self.responded,
            results: Value::Object(results.collect()).to_string(),
            created_on: self.created_on,
            modified_on: self.modified_on,
            exited_on: Some(self.ended_on()),
            path: Some(Value::Array(steps).to_string()),
            job: None,
        }
    }

    /// What is counted of it, as if it had been here.
    pub fn tallies(&self, ws: &Workspace, flow: FlowId) -> Vec<(Tally, i64)> {
        let tally = |at, kind, name| {
            (Tally { workspace: ws.row.id, day: ws.day(at), kind, subject: flow.0, name }, 1)
        };
        let mut tallies = vec![
            tally(self.created_on, TallyKind::Flow, TallyName::Word("started")),
            tally(self.ended_on(), TallyKind::Flow, TallyName::text(self.status())),
        ];
        tallies
            .extend(self.path.iter().map(|(node, at)| tally(*at, TallyKind::Node, TallyName::Node(*node))));
        for (key, answer) in &self.values {
            let category = said(&answer["category"]);
            if !category.is_empty() {
                let at = moment(&answer["time"]).unwrap_or(self.modified_on);
                tallies.push(tally(at, TallyKind::Answer, TallyName::answer(key, &category)));
            }
        }
        tallies
    }
}

/// A text; numbers and truth values as they are written.
fn said(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{PastLine, read_line};

    const UUID: &str = "0198d6a0-4a7b-7c3e-9f2a-6d1f00c0ffee";

    #[test]
    fn reads_what_is_a_message_or_a_run_and_says_why_something_is_neither() {
        let contact = json!({"uuid": UUID, "name": "Ada"});
        let message =
            json!({"id": 7, "contact": contact, "direction": "in", "created_on": "2020-01-02T03:04:05.678Z"});
        let run = json!({"id": 7, "contact": contact, "flow": {"uuid": UUID, "name": "F"},
            "created_on": "2020-01-02T03:04:05Z"});
        let with = |mut value: Value, name: &str, member: Value| {
            value[name] = member;
            value
        };
        for (value, expected) in [
            (message.clone(), Ok("message")),
            (with(message.clone(), "flow", json!({"uuid": UUID, "name": "F"})), Ok("message")),
            (run.clone(), Ok("run")),
            (with(run.clone(), "flow", json!({"name": "F"})), Err("its flow has no identifier")),
            (with(message.clone(), "direction", json!("up")), Err("it is neither a message nor a run")),
            (with(message.clone(), "contact", json!(null)), Err("it does not say whose it is")),
            (with(message.clone(), "created_on", json!("once")), Err("it does not say when it was")),
            (with(message, "id", json!(null)), Err("it has no identifier")),
            (json!([1]), Err("it does not say when it was")),
        ] {
            let found = read_line(value.to_string().as_bytes()).map(|line| match line {
                PastLine::Message(_) => "message",
                PastLine::Run(_) => "run",
            });
            assert_eq!(found, expected, "{value}");
        }
        assert_eq!(read_line(b"{").err(), Some("it is no JSON"));
    }

    #[test]
    fn what_has_no_identifier_gets_the_same_each_time() {
        let line = json!({"id": 7, "contact": {"uuid": UUID}, "direction": "in", "created_on": "2020-01-02T03:04:05Z"});
        let named = |workspace: u128| {
            let mut read = read_line(line.to_string().as_bytes()).unwrap();
            read.name_itself(uuid::Uuid::from_u128(workspace));
            read.uuid()
        };
        assert_eq!(named(1), named(1));
        assert!(named(1) != named(2) && !named(1).is_nil());
    }
}
