//! `@input`, `@trigger`, `@resume` and `@webhook`: what brought the session here.

use expressions::{Object, Value};
use smol_str::SmolStr;

use super::contact::user_value;
use super::{Context, id, moment};
use crate::{
    events::{DialStatus, EventKind, TicketData},
    session::{Input, WebhookState},
    trigger::TriggerKind,
};

/// A message as text: what was written, then the addresses of the attached files, each on its line.
fn input_text(input: &Input) -> SmolStr {
    if input.attachments.is_empty() {
        return input.text.clone();
    }
    let mut lines: Vec<&str> = Vec::with_capacity(1 + input.attachments.len());
    if !input.text.is_empty() {
        lines.push(&input.text);
    }
    lines.extend(input.attachments.iter().map(|a| a.split_once(':').map_or(a.as_str(), |(_, url)| url)));
    SmolStr::from(lines.join("\n"))
}

fn texts(items: &[SmolStr]) -> Value {
    Value::array(items.iter().map(|item| Value::Text(item.clone())).collect())
}

/// The messages that were taken as one; the only one if it was one.
fn messages(input: &Input) -> Value {
    let message = |text: &SmolStr, attachments: &[SmolStr], created_on| {
        Value::object(
            Object::new()
                .with_default(text.clone())
                .with("text", text.clone())
                .with("attachments", texts(attachments))
                .with("created_on", moment(created_on)),
        )
    };
    if input.messages.is_empty() {
        return Value::array(vec![message(&input.text, &input.attachments, input.created_on)]);
    }
    let parts = input.messages.iter();
    Value::array(parts.map(|part| message(&part.text, &part.attachments, part.created_on)).collect())
}

fn payload(input: &Input) -> Value {
    let json = input.payload.as_ref().and_then(|payload| Value::from_json(payload).ok());
    json.unwrap_or_else(|| Value::object(Object::new()))
}

impl Context<'_> {
    pub(super) fn input_value(&self) -> Value {
        let Some(input) = &self.session.input else { return Value::Null };
        let mut object = Object::new()
            .with_default(input_text(input))
            .with("type", "msg")
            .with("uuid", id(input.uuid))
            .with("created_on", moment(input.created_on))
            .with("channel", self.input_channel(input))
            .with("urn", self.input_urn(input))
            .with("text", input.text.clone())
            .with("attachments", texts(&input.attachments))
            .with("external_id", input.external_id.clone().unwrap_or_default())
            .with("payload", payload(input));
        // Only where there is something, so that JSON of other inputs is as ever.
        if !input.choice.is_empty() {
            object.insert("id", input.choice.clone());
        }
        if !input.messages.is_empty() {
            object.insert("messages", messages(input));
        }
        Value::object(object)
    }

    fn input_channel(&self, input: &Input) -> Value {
        input.channel.as_ref().map_or(Value::Null, |channel| self.channel_uuid_value(channel.uuid))
    }

    fn input_urn(&self, input: &Input) -> Value {
        input.urn.as_ref().map_or(Value::Text(SmolStr::default()), |urn| self.urn_value(urn))
    }

    pub(super) fn input_path(&self, path: &[SmolStr]) -> Option<Value> {
        let input = self.session.input.as_ref()?;
        match path {
            [] => Some(Value::Text(input_text(input))).filter(|_| false),
            [key] => Some(match key.as_str() {
                "text" => Value::Text(input.text.clone()),
                "uuid" => id(input.uuid),
                "created_on" => moment(input.created_on),
                "urn" => self.input_urn(input),
                "attachments" => texts(&input.attachments),
                "id" => Value::Text(input.choice.clone()),
                "messages" => messages(input),
                _ => return None,
            }),
            _ => None,
        }
    }

    pub(super) fn webhook_value(&self) -> Value {
        let Some(webhook) = self.run().and_then(|run| run.webhook.as_deref()) else { return Value::Null };
        let headers: Object =
            webhook.headers.iter().map(|(name, value)| (name.clone(), value.as_str())).collect();
        Value::object(
            Object::new()
                .with_default(webhook_label(webhook))
                .with("status", i64::from(webhook.status))
                .with("headers", Value::object(headers))
                .with("json", webhook.json.value()),
        )
    }

    pub(super) fn webhook_path(&self, path: &[SmolStr]) -> Option<Value> {
        let webhook = self.run()?.webhook.as_deref()?;
        match path {
            [key] if key == "status" => Some(Value::from(i64::from(webhook.status))),
            _ => None,
        }
    }

    pub(super) fn trigger_value(&self) -> Value {
        let Some(trigger) = self.session.trigger.get() else { return Value::Null };
        let mut keyword = SmolStr::default();
        let mut origin = SmolStr::default();
        let (mut campaign, mut ticket, mut user) = (Value::Null, Value::Null, Value::Null);
        let mut params = trigger.params.as_deref().map(Value::from_json_value);
        match &trigger.kind {
            TriggerKind::Manual { user: who, origin: from } => {
                origin = from.clone().unwrap_or_default();
                let known = who.as_ref().and_then(|who| self.assets.user(who.uuid));
                user = known.map_or(Value::Null, user_value);
            }
            TriggerKind::Msg { keyword_match, .. } => {
                keyword = keyword_match.as_ref().map(|m| m.keyword.clone()).unwrap_or_default();
            }
            TriggerKind::Campaign { event } => {
                if let EventKind::CampaignFired(fired) = &event.kind {
                    campaign = Value::object(
                        Object::new()
                            .with("uuid", id(fired.campaign.uuid))
                            .with("name", fired.campaign.name.clone()),
                    );
                }
            }
            TriggerKind::Chat { event } => {
                if let EventKind::ChatStarted(started) = &event.kind
                    && let Some(given) = &started.params
                {
                    let object: Object = given.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
                    params = Some(Value::object(object));
                }
            }
            TriggerKind::Ticket { ticket: data, .. } => ticket = self.ticket_data(data),
            TriggerKind::Call { .. } | TriggerKind::FlowAction { .. } | TriggerKind::Channel { .. } => {}
        }
        Value::object(
            Object::new()
                .with("type", trigger.kind.name())
                .with("params", params.unwrap_or_else(|| Value::object(Object::new())))
                .with("keyword", keyword)
                .with("user", user)
                .with("origin", origin)
                .with("ticket", ticket)
                .with("campaign", campaign),
        )
    }

    fn ticket_data(&self, ticket: &TicketData) -> Value {
        let topic = ticket.topic.as_ref().map_or(Value::Null, |topic| {
            Value::object(
                Object::new()
                    .with_default(topic.name.clone())
                    .with("uuid", id(topic.uuid))
                    .with("name", topic.name.clone()),
            )
        });
        let assignee = ticket.assignee.as_ref().and_then(|user| self.assets.user(user.uuid));
        Value::object(
            Object::new()
                .with("uuid", id(ticket.uuid))
                .with("topic", topic)
                .with("assignee", assignee.map_or(Value::Null, user_value)),
        )
    }

    pub(super) fn resume_value(&self) -> Value {
        let Some(resumed) = self.resumed else { return Value::Null };
        let dial = resumed.dial.map_or(Value::Null, |dial| {
            let status = match dial.status {
                DialStatus::Answered => "answered",
                DialStatus::NoAnswer => "no_answer",
                DialStatus::Busy => "busy",
                DialStatus::Failed => "failed",
            };
            Value::object(Object::new().with("status", status).with("duration", i64::from(dial.duration)))
        });
        Value::object(Object::new().with("type", resumed.name).with("dial", dial))
    }
}

fn webhook_label(webhook: &WebhookState) -> String {
    format!("{} {}", webhook.method, webhook.url)
}
