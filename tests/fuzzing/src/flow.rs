//! Valid flows out of choices: every action, test, wait and way between nodes, with texts that refer to what there is.

use flows::definition::ActionKind;
use serde_json::{Value as Json, json};

use crate::Choices;

/// Nodes of a flow that is made.
const MAX_NODES: usize = 8;
/// Actions of a node.
const MAX_ACTIONS: usize = 4;
/// Bytes of a text that is taken from the input.
const MAX_TEXT_BYTES: usize = 60;

/// Texts that refer to everything there is.
const TEXTS: [&str; 40] = [
    "@contact.name",
    "@(upper(contact.name))",
    "@results",
    "@results.r1",
    "@results.r1.category",
    "@(results.r1.extra)",
    "@webhook",
    "@webhook.json.name",
    "@(webhook.headers)",
    "@locals.l1",
    "@locals",
    "@parent.results.r1",
    "@parent",
    "@child",
    "@child.results",
    "@run",
    "@run.path",
    "@input",
    "@input.text",
    "@input.attachments",
    "@trigger",
    "@trigger.params.a.b",
    "@resume.dial",
    "@resume",
    "@ticket",
    "@node",
    "@fields.age",
    "@globals",
    "@urns.tel",
    "@contact",
    "@legacy_extra",
    "@(foreach(contact.urns, (u) => u & results.r1))",
    "@(json(contact))",
    "@(repeat(\"ab\", 6000))",
    "@(1 / 0)",
    "@(",
    "12",
    "yes",
    "",
    "Hi @contact.first_name, é 🛏 \"x\" <b>",
];

const NAMES: [&str; 6] = ["r1", "r2", "A b", "ü", "l1", "R1"];
const TESTS: [&str; 30] = [
    "has_all_words",
    "has_any_word",
    "has_beginning",
    "has_category",
    "has_date",
    "has_date_eq",
    "has_date_gt",
    "has_date_lt",
    "has_district",
    "has_email",
    "has_error",
    "has_group",
    "has_intent",
    "has_number",
    "has_number_between",
    "has_number_eq",
    "has_number_gt",
    "has_number_gte",
    "has_number_lt",
    "has_number_lte",
    "has_only_phrase",
    "has_only_text",
    "has_pattern",
    "has_phone",
    "has_phrase",
    "has_state",
    "has_text",
    "has_time",
    "has_top_intent",
    "has_ward",
];
const ARGUMENTS: [&str; 12] = [
    "yes no",
    "12",
    "1",
    "100",
    "(\\w+) (?P<n>\\d+)",
    "@contact.name",
    "@results.r1",
    "KE",
    "today",
    "01-02-2024",
    "601de200-0000-4000-8000-000000000980",
    "(((",
];

/// The n-th identifier of flows that are made.
pub fn id(number: usize) -> String {
    uuid::Uuid::from_u128(0xf1a0_0000_0000_4000_8000_0000_0000_0000 + number as u128).to_string()
}

/// Makes flow `number` of those up to `flows`: it may enter any of them.
pub fn make(choices: &mut Choices<'_>, number: usize, flows: usize) -> Json {
    let flow_type =
        *choices.one(&["messaging", "messaging", "voice", "messaging_background", "messaging_offline"]);
    let count = 1 + choices.below(MAX_NODES);
    let mut maker = Maker { base: (number + 1) * 10_000, flow_type, nodes: count, flows, next: 0 };
    let nodes: Vec<Json> = (0..count).map(|node| maker.node(choices, node)).collect();
    let localization = maker.localization(choices, &nodes);
    let ui = if choices.once_in(2) { maker.extensions(choices, &nodes) } else { Json::Null };
    let mut flow = json!({
        "uuid": id(number), "name": format!("Flow {number}"), "spec_version": "14.4.2", "language": "eng",
        "type": flow_type, "revision": 1 + choices.below(4), "expire_after_minutes": choices.below(5_000),
        "localization": localization, "nodes": nodes,
    });
    if !ui.is_null() {
        flow["_ui"] = ui;
    }
    flow
}

struct Maker {
    base: usize,
    flow_type: &'static str,
    nodes: usize,
    flows: usize,
    next: usize,
}

impl Maker {
    fn fresh(&mut self) -> String {
        self.next += 1;
        id(self.base + 1_000 + self.next)
    }

    fn node(&mut self, choices: &mut Choices<'_>, node: usize) -> Json {
        let count = choices.below(MAX_ACTIONS + 1);
        let actions: Vec<Json> = (0..count).filter_map(|_| self.action(choices)).collect();
        let exits: Vec<Json> = (0..1 + choices.below(3)).map(|_| self.exit(choices)).collect();
        let mut json = json!({"uuid": id(self.base + node), "actions": actions, "exits": exits});
        if !choices.once_in(3) {
            json["router"] = self.router(choices, &exits);
        }
        json
    }

    fn exit(&mut self, choices: &mut Choices<'_>) -> Json {
        let to = choices.below(self.nodes + 1);
        let destination = (to < self.nodes).then(|| id(self.base + to));
        json!({"uuid": self.fresh(), "destination_uuid": destination})
    }

    fn router(&mut self, choices: &mut Choices<'_>, exits: &[Json]) -> Json {
        let categories: Vec<Json> = (0..1 + choices.below(4))
            .map(|index| {
                let exit = choices.one(exits)["uuid"].clone();
                json!({"uuid": self.fresh(), "name": format!("Category {index}"), "exit_uuid": exit})
            })
            .collect();
        let category = |choices: &mut Choices<'_>| choices.one(&categories)["uuid"].clone();
        if choices.once_in(6) {
            return json!({"type": "random", "categories": categories, "result_name": choices.one(&NAMES)});
        }
        let cases: Vec<Json> = (0..choices.below(4))
            .map(|_| {
                let arguments: Vec<String> = (0..choices.below(4)).map(|_| argument(choices)).collect();
                json!({"uuid": self.fresh(), "type": choices.one(&TESTS), "arguments": arguments,
                    "category_uuid": category(choices)})
            })
            .collect();
        let mut router = json!({
            "type": "switch", "operand": required(choices), "cases": cases, "categories": categories,
            "default_category_uuid": category(choices),
        });
        if choices.once_in(2) {
            router["result_name"] = json!(choices.one(&NAMES));
        }
        if choices.once_in(2) {
            router["operand"] = json!("@input.text");
        }
        let wait = self.wait(choices, &category);
        if !wait.is_null() {
            router["wait"] = wait;
        }
        router
    }

    fn wait(&mut self, choices: &mut Choices<'_>, category: &dyn Fn(&mut Choices<'_>) -> Json) -> Json {
        if self.flow_type == "messaging_background" || choices.once_in(3) {
            return Json::Null;
        }
        if self.flow_type == "voice" && choices.once_in(2) {
            let phone = choices.one(&["+254712345678", "@contact.urn", "@input.text"]);
            return json!({"type": "dial", "phone": phone, "dial_limit_seconds": choices.below(100),
                "call_limit_seconds": choices.below(10_000)});
        }
        let mut wait = json!({"type": "msg"});
        if choices.once_in(2) {
            wait["timeout"] =
                json!({"seconds": 1 + choices.below(5_000), "category_uuid": category(choices)});
        }
        if choices.once_in(3) {
            wait["hint"] = json!({"type": choices.one(&["audio", "digits", "image", "location", "video"])});
        }
        wait
    }

    fn action(&mut self, choices: &mut Choices<'_>) -> Option<Json> {
        let name = *choices.one(ActionKind::NAMES);
        let offline = self.flow_type == "messaging_offline";
        let voice = self.flow_type == "voice";
        let mut action = self.body(choices, name);
        action["uuid"] = json!(self.fresh());
        action["type"] = json!(name);
        let online = [
            "call_classifier",
            "call_llm",
            "call_resthook",
            "call_webhook",
            "open_ticket",
            "request_optin",
            "send_broadcast",
            "send_email",
            "set_contact_channel",
            "start_session",
            "transfer_airtime",
        ];
        let allowed = match name {
            "play_audio" | "say_msg" => voice,
            "add_input_labels" => self.flow_type != "messaging_background",
            name => !(offline && online.contains(&name)),
        };
        allowed.then_some(action)
    }

    // tidy: table
    fn body(&mut self, choices: &mut Choices<'_>, name: &str) -> Json {
        let group = json!({"uuid": "601de200-0000-4000-8000-000000000980", "name": "Mothers"});
        let group = if choices.once_in(3) { json!({"name_match": required(choices)}) } else { group };
        match name {
            "add_contact_groups" | "remove_contact_groups" => json!({"groups": [group]}),
            "add_contact_urn" => {
                json!({"scheme": choices.one(&["tel", "mailto", "ext"]), "path": required(choices)})
            }
            "add_input_labels" => json!({"labels": [{"name_match": required(choices)}]}),
            "call_classifier" => json!({"input": text(choices), "result_name": choices.one(&NAMES)}),
            "call_llm" => {
                json!({"llm": {"uuid": "601de200-0000-4000-8000-000000000930", "name": "Translator"},
                "instructions": required(choices), "input": text(choices), "output_local": "l1"})
            }
            "call_resthook" => json!({"resthook": "new-bed", "result_name": choices.one(&NAMES)}),
            "call_webhook" => {
                json!({"method": choices.one(&["GET", "POST", "PUT"]), "url": "https://a.example/@results.r1",
                "headers": {"X-A": text(choices)}, "body": text(choices), "result_name": choices.one(&NAMES)})
            }
            "enter_flow" => json!({"flow": {"uuid": id(choices.below(self.flows)), "name": "F"},
                "terminal": choices.once_in(4)}),
            "open_ticket" => json!({"note": text(choices)}),
            "play_audio" => json!({"audio_url": required(choices)}),
            "request_optin" => json!({"optin": {"uuid": id(99), "name": "News"}}),
            "say_msg" => json!({"text": required(choices), "audio_url": text(choices)}),
            "send_broadcast" => {
                json!({"text": required(choices), "urns": ["tel:+254712345679"], "groups": [group],
                "contact_query": text(choices)})
            }
            "send_email" => {
                json!({"addresses": [required(choices)], "subject": required(choices), "body": required(choices)})
            }
            "send_msg" => json!({"text": required(choices), "quick_replies": [text(choices)],
                "attachments": [format!("image:{}", text(choices))]}),
            "set_contact_channel" => {
                json!({"channel": {"uuid": "601de200-0000-4000-8000-000000000910", "name": "SMS"}})
            }
            "set_contact_field" => json!({"field": {"key": "age", "name": "Age"}, "value": text(choices)}),
            "set_contact_language" => json!({"language": choices.one(&["eng", "swa", "@results.r1", ""])}),
            "set_contact_name" => json!({"name": text(choices)}),
            "set_contact_status" => {
                json!({"status": choices.one(&["active", "blocked", "stopped", "archived"])})
            }
            "set_contact_timezone" => {
                json!({"timezone": choices.one(&["Africa/Nairobi", "@results.r1", "Nowhere"])})
            }
            "set_run_local" => json!({"local": "l1", "value": text(choices),
                "operation": choices.one(&["set", "increment", "clear"])}),
            "set_run_result" => {
                json!({"name": choices.one(&NAMES), "value": text(choices), "category": text(choices)
                .chars().take(36).collect::<String>()})
            }
            "start_session" => {
                json!({"flow": {"uuid": id(choices.below(self.flows)), "name": "F"}, "groups": [group],
                "contact_query": text(choices), "exclusions": {"in_a_flow": true}})
            }
            "transfer_airtime" => json!({"amounts": {"KES": choices.below(1_000)}}),
            _ => json!({}),
        }
    }

    /// What flows have beyond the specification, for some nodes.
    fn extensions(&mut self, choices: &mut Choices<'_>, nodes: &[Json]) -> Json {
        let mut all = serde_json::Map::new();
        for node in nodes {
            let Some(uuid) = node["uuid"].as_str().filter(|_| choices.once_in(2)) else { continue };
            let mut extension = json!({"steps": self.steps(choices)});
            if node["router"]["wait"]["type"] == "msg" && choices.once_in(2) {
                extension["collect"] = json!({"quiet_seconds": 1 + choices.below(60), "max_messages": 1 +
                    choices.below(3), "closing_words": ["done"]});
            }
            let message =
                node["actions"].as_array().into_iter().flatten().find(|action| action["type"] == "send_msg");
            if let Some(action) = message.and_then(|action| action["uuid"].as_str()) {
                let interactive = match choices.below(4) {
                    1 => json!({"type": "buttons", "header": text(choices), "ids": ["a"]}),
                    2 => {
                        json!({"type": "list", "button": text(choices), "sections": [{"rows": [{"id": text(choices)}]}]})
                    }
                    3 => {
                        json!({"type": "flow", "flow_id": "7", "cta": text(choices), "data": {"a": text(choices)}})
                    }
                    _ => Json::Null,
                };
                extension["messages"] =
                    json!({action: {"pause_seconds": choices.below(300), "interactive": interactive}});
            }
            all.insert(uuid.to_owned(), json!({"config": {"seedling": extension}}));
        }
        json!({"nodes": all})
    }

    fn steps(&mut self, choices: &mut Choices<'_>) -> Vec<Json> {
        (0..choices.below(3))
            .map(|_| match choices.below(4) {
                0 => json!({"uuid": self.fresh(), "type": "set_reminder", "key": "k", "at": required(choices),
                    "flow": {"uuid": id(choices.below(self.flows)), "name": "F"}, "params": {"a": text(choices)}}),
                1 => json!({"uuid": self.fresh(), "type": "cancel_reminder", "key": "k"}),
                2 => json!({"uuid": self.fresh(), "type": "record_consent", "purpose": "p", "text": text(choices)}),
                _ => json!({"uuid": self.fresh(), "type": "record_outcome", "name": "o", "value": text(choices)}),
            })
            .collect()
    }

    fn localization(&mut self, choices: &mut Choices<'_>, nodes: &[Json]) -> Json {
        let mut items = serde_json::Map::new();
        for action in nodes.iter().filter_map(|node| node["actions"].as_array()).flatten() {
            if choices.once_in(3)
                && let Some(uuid) = action["uuid"].as_str()
            {
                items.insert(uuid.to_owned(), json!({"text": [text(choices)], "quick_replies": ["Ndio"]}));
            }
        }
        json!({"swa": items})
    }
}

/// A text: one of those that refer to something, or bytes of the input as they are.
pub fn text(choices: &mut Choices<'_>) -> String {
    if choices.once_in(4) { choices.text(MAX_TEXT_BYTES) } else { (*choices.one(&TEXTS)).to_owned() }
}

fn required(choices: &mut Choices<'_>) -> String {
    let text = text(choices);
    if text.is_empty() { "-".into() } else { text }
}

fn argument(choices: &mut Choices<'_>) -> String {
    if choices.once_in(4) { choices.text(MAX_TEXT_BYTES) } else { (*choices.one(&ARGUMENTS)).to_owned() }
}
