//! Single rows, side by side: what the dump says of them, and what is here.

use std::collections::{BTreeMap, BTreeSet};

use domain::{ContactId, WorkspaceId};
use operations::{Context, Workspace};
use serde_json::{Value, json};
use std::sync::Arc;
use store::{
    ConversationKey, Direction, MessageList, MessagesOf, RunList, RunsOf, TicketList, TicketsOf, Walk,
};
use tokio::runtime::Runtime;

use crate::given::Given;

const ALL: Walk = Walk { from: None, up: true, limit: 10_000 };

struct Side {
    context: Context,
    runtime: Runtime,
    ws: Arc<Workspace>,
    id: WorkspaceId,
}

impl Side {
    fn of(given: &Given, number: i64) -> Self {
        let (context, runtime) = given.open(&given.file());
        let id = WorkspaceId(number);
        let ws = runtime.block_on(context.registry.workspace(&context, id)).unwrap().unwrap();
        Self { context, runtime, ws, id }
    }

    fn contact(&self, expected: &Value) {
        let id = ContactId(expected["id"].as_i64().unwrap());
        let key = vec![ConversationKey::Contact(self.id, id)];
        let loaded = self.runtime.block_on(self.context.store.load_conversations(key)).unwrap();
        let here = loaded.conversations.into_iter().next().flatten().unwrap();
        let contact = &here.contact;
        assert_eq!(json!(contact.uuid), expected["uuid"]);
        assert_eq!(contact.name.as_str(), expected["name"].as_str().unwrap_or_default());
        assert_eq!(contact.language.as_deref(), expected["language"].as_str());
        let letter = match contact.status.word() {
            "active" => "A",
            "blocked" => "B",
            "stopped" => "S",
            _ => "V",
        };
        assert_eq!(letter, expected["status"]);
        assert_eq!(json!(contact.created_on), json!(moment(&expected["created_on"])));
        assert_eq!(contact.last_seen_on, moment(&expected["last_seen_on"]));
        assert_eq!(here.tickets.len() as u64, expected["open_tickets"].as_u64().unwrap());
        let channels = &self.ws.definitions().channels;
        let urns = here.urns.iter().map(|urn| {
            let channel =
                urn.channel.and_then(|id| channels.iter().find(|row| row.id == id)).map(|row| row.uuid);
            json!({"identity": format!("{}:{}", urn.scheme, urn.path), "display": urn.display,
                "priority": urn.priority, "channel": channel})
        });
        let wanted = expected["urns"].as_array().unwrap().iter().map(|urn| {
            let mut urn = urn.clone();
            urn.as_object_mut().unwrap().shift_remove("auth_tokens");
            urn
        });
        assert_eq!(urns.collect::<Vec<_>>(), wanted.collect::<Vec<_>>());
        let groups = &self.ws.definitions().groups;
        let names: BTreeSet<&str> = here
            .groups
            .iter()
            .map(|id| groups.iter().find(|group| group.id == *id).unwrap().name.as_str())
            .collect();
        let wanted = expected["groups"].as_array().unwrap().iter().filter_map(Value::as_str);
        assert_eq!(names, wanted.filter(|name| *name != "Open Tickets").collect());
        self.fields(&contact.fields, &expected["fields"]);
        let runs = self.runtime.block_on(self.context.store.contact_runs(self.id, id)).unwrap();
        assert_eq!(runs.len() as u64, expected["runs_total"].as_u64().unwrap());
        let messages = self.context.store.contact_messages(self.id, id, domain::MessageId(0), 10_000);
        let messages = self.runtime.block_on(messages).unwrap();
        assert_eq!(messages.len() as u64, expected["messages_total"].as_u64().unwrap(), "{expected}");
    }

    fn fields(&self, here: &BTreeMap<smol_str::SmolStr, domain::FieldValue>, expected: &Value) {
        let expected = expected.as_object().unwrap();
        assert_eq!(
            here.keys().map(|key| key.as_str()).collect::<BTreeSet<_>>(),
            expected.keys().map(String::as_str).collect()
        );
        for (key, wanted) in expected {
            let value = &here[key.as_str()];
            assert_eq!(value.text.as_str(), wanted["stored"]["text"], "{key}");
            let moment = value.datetime.as_ref().map(jiff::Zoned::timestamp);
            let typed = match wanted["type"].as_str().unwrap() {
                "T" => Some(value.text.to_string()),
                "N" => value.number.as_ref().map(ToString::to_string),
                "D" => {
                    assert_eq!(moment, self::moment(&wanted["typed_value"]), "{key}");
                    continue;
                }
                "S" => value.state.as_ref().map(ToString::to_string),
                "I" => value.district.as_ref().map(ToString::to_string),
                _ => value.ward.as_ref().map(ToString::to_string),
            };
            assert_eq!(typed.as_deref(), wanted["typed_value"].as_str(), "{key}: {wanted}");
        }
    }

    fn message(&self, expected: &Value) {
        let uuid = expected["uuid"].as_str().unwrap().parse().unwrap();
        let list = MessageList { of: MessagesOf::Uuid(uuid), after: i64::MIN, before: i64::MAX, walk: ALL };
        let found = self.runtime.block_on(self.context.store.list_messages(self.id, list)).unwrap();
        // What was deleted is in no list, and has nothing in it.
        if expected["visibility"] == "D" || expected["visibility"] == "X" {
            assert!(found.is_empty());
            return;
        }
        let here = &found[0];
        assert_eq!(here.id.0, expected["id"].as_i64().unwrap());
        assert_eq!(json!(here.contact.0), expected["contact"]);
        assert_eq!(here.text.as_str(), expected["text"]);
        assert_eq!(here.direction == Direction::In, expected["direction"] == "I");
        let status = match (expected["direction"].as_str().unwrap(), expected["status"].as_str().unwrap()) {
            ("I", "P") => "pending",
            ("I", _) => "handled",
            (_, "W") => "wired",
            (_, "S") => "sent",
            (_, "D") => "delivered",
            _ => "failed",
        };
        assert_eq!(here.status.as_str(), status, "{expected}");
        assert_eq!(here.created_on, moment(&expected["created_on"]).unwrap());
        assert_eq!(here.sent_on, moment(&expected["sent_on"]));
        let urn = here.urn.as_ref().map(|(scheme, path)| format!("{scheme}:{path}"));
        assert_eq!(urn.as_deref(), expected["urn"].as_str(), "{expected}");
        let definitions = self.ws.definitions();
        let channel =
            here.channel.map(|id| definitions.channels.iter().find(|row| row.id == id).unwrap().uuid);
        assert_eq!(json!(channel), expected["channel"]);
        let flow = here.flow.map(|id| definitions.flows.iter().find(|row| row.id == id).unwrap().uuid);
        assert_eq!(json!(flow), expected["flow"]);
        let names = here.labels.iter().map(|id| definitions.labels.iter().find(|row| row.id == *id).unwrap());
        let names: BTreeSet<&str> = names.map(|label| label.name.as_str()).collect();
        assert_eq!(names, expected["labels"].as_array().unwrap().iter().filter_map(Value::as_str).collect());
        let attached = expected["attachments"].as_array().into_iter().flatten().filter_map(Value::as_str);
        assert_eq!(
            here.attachments.iter().map(|one| one.as_str()).collect::<Vec<_>>(),
            attached.collect::<Vec<_>>()
        );
    }

    fn run(&self, expected: &Value) {
        let uuid = expected["uuid"].as_str().unwrap().parse().unwrap();
        let list = RunList {
            of: RunsOf::Uuid(uuid),
            responded: false,
            after: i64::MIN,
            before: i64::MAX,
            walk: ALL,
        };
        let found = self.runtime.block_on(self.context.store.list_runs(self.id, list)).unwrap();
        let here = &found[0];
        assert_eq!(json!(here.contact.0), expected["contact"]);
        assert_eq!(here.responded, expected["responded"]);
        assert_eq!(here.exited_on, moment(&expected["exited_on"]));
        let results: Value = serde_json::from_str(&here.results).unwrap();
        for (key, wanted) in expected["results"].as_object().unwrap() {
            assert_eq!(results[key]["value"], wanted["value"], "{expected}");
            assert_eq!(results[key]["category"], wanted["category"], "{expected}");
        }
        if let Some(path) = &here.path {
            let path: Vec<Value> = serde_json::from_str(path).unwrap();
            let nodes: Vec<&Value> = path.iter().map(|step| &step["node"]).collect();
            assert_eq!(nodes, expected["path_nodes"].as_array().unwrap().iter().collect::<Vec<_>>());
        }
    }

    fn ticket(&self, expected: &Value) {
        let list = TicketList {
            of: TicketsOf::Uuid(expected["uuid"].as_str().unwrap().parse().unwrap()),
            status: None,
            seen_by: None,
            walk: ALL,
        };
        let found = self.runtime.block_on(self.context.store.list_tickets(self.id, list)).unwrap();
        let (ticket, (contact, _)) = (&found[0].ticket, &found[0].contact);
        assert_eq!(json!(contact), expected["contact"]);
        assert_eq!(ticket.status == store::TicketStatus::Open, expected["status"] == "O");
        assert_eq!(ticket.note.as_deref().unwrap_or_default(), expected["body"]);
        let definitions = self.ws.definitions();
        let topic = ticket.topic.and_then(|id| definitions.topics.iter().find(|row| row.id == id)).unwrap();
        assert_eq!(topic.name.as_str(), expected["topic"]);
        let assignee = ticket.assignee.and_then(|id| definitions.users.iter().find(|row| row.id == id));
        assert_eq!(assignee.map(|user| user.email.as_str()), expected["assignee"].as_str());
        assert_eq!(ticket.opened_on, moment(&expected["opened_on"]).unwrap());
        assert_eq!(ticket.closed_on, moment(&expected["closed_on"]));
        assert_eq!(ticket.replied_on, moment(&expected["replied_on"]));
    }

    fn trigger(&self, expected: &Value) {
        let definitions = self.ws.definitions();
        let id = expected["id"].as_i64().unwrap();
        let found = definitions.triggers.iter().find(|row| row.id.0 == id);
        if expected["archived"] == true || expected["type"] == "S" {
            assert!(found.is_none(), "{expected}");
            return;
        }
        let here = found.unwrap();
        assert_eq!(here.trigger_type.as_str(), expected["type"]);
        let flow = definitions.flows.iter().find(|row| row.id == here.flow).unwrap();
        assert_eq!(json!(flow.uuid), expected["flow_uuid"]);
        let words: Vec<&str> =
            expected["keywords"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        assert_eq!(here.keywords.iter().map(|word| word.as_str()).collect::<Vec<_>>(), words);
        assert_eq!(here.match_type.as_deref(), expected["match_type"].as_str());
        let name = |id| definitions.groups.iter().find(|row| row.id == id).unwrap().name.as_str();
        let groups: Vec<&str> = here.include_groups.iter().map(|id| name(*id)).collect();
        assert_eq!(json!(groups), expected["groups"]);
        let groups: Vec<&str> = here.exclude_groups.iter().map(|id| name(*id)).collect();
        assert_eq!(json!(groups), expected["exclude_groups"]);
        let channel = here.channel.map(|id| definitions.channels.iter().find(|row| row.id == id).unwrap());
        assert_eq!(channel.map(|channel| channel.name.as_str()), expected["channel"].as_str());
        assert_eq!(here.detail.get("referrer_id").and_then(Value::as_str), expected["referrer_id"].as_str());
    }

    fn campaign(&self, expected: &Value) {
        let definitions = self.ws.definitions();
        let here = definitions.campaigns.iter().find(|row| json!(row.uuid) == expected["uuid"]).unwrap();
        assert_eq!(here.name.as_str(), expected["name"]);
        assert_eq!(here.archived, expected["archived"]);
        for wanted in expected["events"].as_array().unwrap() {
            let point =
                definitions.campaign_events.iter().find(|row| json!(row.uuid) == wanted["uuid"]).unwrap();
            assert_eq!(point.campaign, here.id);
            assert_eq!(
                json!([point.relative_to, point.offset, point.unit, point.delivery_hour, point.start_mode]),
                json!([
                    wanted["relative_to"],
                    wanted["offset"],
                    wanted["unit"],
                    wanted["delivery_hour"],
                    wanted["start_mode"]
                ])
            );
            let says = point.message.as_ref().map(|text| serde_json::from_str::<Value>(text).unwrap());
            assert_eq!(says.unwrap_or(Value::Null), wanted["message"]);
            let flow =
                point.flow.map(|id| definitions.flows.iter().find(|row| row.id == id).unwrap().name.as_str());
            assert_eq!(flow, wanted["flow"].as_str().filter(|_| wanted["type"] == "F"));
        }
    }

    fn definitions(&self, checks: &Value) {
        let definitions = self.ws.definitions();
        let globals: serde_json::Map<String, Value> =
            definitions.globals.iter().map(|row| (row.key.to_string(), json!(row.value))).collect();
        assert_eq!(Value::Object(globals), checks["globals"]);
        for wanted in checks["flows"].as_array().unwrap() {
            let flow = definitions.flows.iter().find(|row| json!(row.uuid) == wanted["uuid"]).unwrap();
            assert_eq!(
                json!([
                    flow.name,
                    flow.archived,
                    flow.expire_after_minutes,
                    flow.ignore_triggers,
                    flow.revision
                ]),
                json!([
                    wanted["name"],
                    wanted["archived"],
                    wanted["expires_minutes"],
                    wanted["ignore_triggers"],
                    wanted["current_revision"]
                ])
            );
            if let (Some(nodes), Some(program)) = (wanted["nodes"].as_u64(), self.ws.assets.flow(flow.uuid)) {
                assert_eq!(program.nodes.len() as u64, nodes, "{wanted}");
            }
        }
        for wanted in checks["channels"].as_array().unwrap() {
            let channel = definitions.channels.iter().find(|row| json!(row.uuid) == wanted["uuid"]).unwrap();
            assert_eq!(channel.channel_type.as_str(), wanted["type"]);
            assert_eq!(
                json!([channel.name, channel.address, channel.schemes, channel.config]),
                json!([
                    wanted["name"],
                    wanted["address"].as_str().unwrap_or_default(),
                    wanted["schemes"],
                    wanted["config"]
                ])
            );
        }
    }
}

fn moment(value: &Value) -> Option<jiff::Timestamp> {
    value.as_str().map(|text| text.parse().unwrap())
}

#[test]
fn rows_are_what_they_were() {
    let Some(given) = Given::restore() else { return };
    given.bring(&given.file());
    for (number, workspace) in (1..).zip(given.expected["workspaces"].as_array().unwrap()) {
        let side = Side::of(&given, number);
        assert_eq!(side.ws.row.name.as_str(), workspace["name"]);
        assert_eq!(side.ws.row.timezone.as_str(), workspace["timezone"]);
        assert_eq!(json!(side.ws.row.languages), workspace["flow_languages"]);
        assert_eq!(side.ws.row.anonymous, workspace["is_anon"]);
        let country = if workspace["country"] == "Kenya" { "KE" } else { "TZ" };
        assert_eq!(side.ws.row.country.as_deref(), Some(country));
        let checks = &workspace["checks"];
        let each = |name: &str, check: &dyn Fn(&Value)| {
            let all = checks[name].as_array().unwrap();
            assert!(!all.is_empty() || number > 1, "{name}");
            all.iter().for_each(check);
        };
        each("contacts", &|one| side.contact(one));
        each("messages", &|one| side.message(one));
        each("runs", &|one| side.run(one));
        each("tickets", &|one| side.ticket(one));
        each("triggers_all", &|one| side.trigger(one));
        each("campaigns", &|one| side.campaign(one));
        side.definitions(checks);
    }
}
