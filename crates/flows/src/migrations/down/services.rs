//! Nodes that call a service and switch on its outcome: before 14.4.2 without a default for the status, before 13.3
//! on the category of the result, since there was no status.
//!
//! Upward migrations take some other switches beside a call for ones that should look at the status. Such a node
//! is split: the call stands in a node of its own in front, where no migration looks for a switch.

use serde_json::{Value, json};

use super::{Down, switch};
use crate::definition::extensions::KEY;
use crate::migrations::walk::{Object, nodes, object, objects, text, texts};
use crate::program::result_key;

/// The operand of the current specification.
const CANONICAL: &str = "@(default(webhook.status, 0))";
/// The operand before 14.4.2.
const PLAIN: &str = "@webhook.status";

/// A node that calls a service and switches.
struct Service {
    place: usize,
    uuid: String,
    /// Name of the result that the call keeps; empty if it keeps none.
    result: String,
    resthook: bool,
    actions: usize,
    operand: String,
    router_result: bool,
    waits: bool,
    cases: Vec<(String, Vec<String>)>,
    translated: bool,
}

impl Service {
    /// Whether the switch tells success from failure by the status, and nothing else.
    fn is_simple(&self) -> bool {
        let arguments = ["200".to_owned(), "299".to_owned()];
        let simple =
            |(test, given): &(String, Vec<String>)| test == "has_number_between" && *given == arguments;
        self.operand == CANONICAL && matches!(&self.cases[..], [case] if simple(case)) && !self.translated
    }

    /// Whether 14.1 would make it a switch on the status.
    fn looks_like_13(&self) -> bool {
        let operand = format!("@results.{}.category", result_key(&self.result));
        !self.result.is_empty()
            && self.operand.eq_ignore_ascii_case(&operand)
            && self.cases.iter().any(|(_, arguments)| arguments == &["Success"])
    }
}

impl Down<'_> {
    pub(super) fn services(&mut self) {
        if !self.below(14, 4, 2) {
            return;
        }
        let mut services = self.find_services();
        // A split puts a node in front, so the last comes first.
        services.reverse();
        for service in services {
            if self.below(13, 3, 0) {
                self.use_result(&service);
            } else if service.operand == CANONICAL {
                self.set_operand(service.place, PLAIN.to_owned());
            } else if service.operand == PLAIN || self.is_mistaken(&service) {
                self.split(&service);
            }
        }
    }

    fn find_services(&mut self) -> Vec<Service> {
        let translated = translated_cases(self.flow);
        let mut found = Vec::new();
        for (place, node) in nodes(self.flow).enumerate() {
            let uuid = text(node, "uuid").to_owned();
            let actions = objects(node, "actions").count();
            let call = objects(node, "actions")
                .find(|action| matches!(text(action, "type"), "call_webhook" | "call_resthook"))
                .map(|action| {
                    (text(action, "result_name").to_owned(), text(action, "type") == "call_resthook")
                });
            let (Some((result, resthook)), Some(router)) = (call, switch(node)) else { continue };
            let cases: Vec<_> = objects(router, "cases")
                .map(|case| {
                    (text(case, "uuid").to_owned(), text(case, "type").to_owned(), texts(case, "arguments"))
                })
                .collect();
            found.push(Service {
                place,
                uuid,
                result,
                resthook,
                actions,
                operand: text(router, "operand").to_owned(),
                router_result: !text(router, "result_name").is_empty(),
                waits: router.get("wait").is_some_and(|wait| !wait.is_null()),
                translated: cases.iter().any(|(case, ..)| translated.contains(case)),
                cases: cases.into_iter().map(|(_, test, arguments)| (test, arguments)).collect(),
            });
        }
        found
    }

    /// Whether a migration up from the target would take the switch for something else.
    fn is_mistaken(&self, service: &Service) -> bool {
        let repaired = self.below(14, 4, 1) && service.actions == 1 && !service.cases.is_empty();
        repaired || (self.below(14, 1, 0) && service.looks_like_13())
    }

    /// From the status to the result of the call, which is all that there is before 13.3.
    fn use_result(&mut self, service: &Service) {
        if service.operand != CANONICAL {
            // What else it reads of the answer changes with all other templates.
            if self.is_mistaken(service) {
                self.split(service);
            }
            return;
        }
        let name = if service.result.is_empty() { self.name_result(service) } else { service.result.clone() };
        let key = result_key(&name);
        if !service.is_simple() || service.router_result {
            self.set_operand(service.place, format!("@results.{key}.value"));
            if !service.is_simple() && service.actions == 1 {
                self.split(service);
            }
            return;
        }
        self.set_operand(service.place, format!("@results.{key}.category"));
        let Some(node) = nodes(self.flow).nth(service.place) else { return };
        let Some(router) = object(node, "router") else { return };
        if let Some(case) = objects(router, "cases").next() {
            case.insert("type".into(), "has_only_text".into());
            case.insert("arguments".into(), json!(["Success"]));
        }
    }

    /// Lets a call keep its outcome as a result.
    fn name_result(&mut self, service: &Service) -> String {
        let name = self.new_result_name(if service.resthook { "Resthook" } else { "Webhook" });
        if let Some(node) = nodes(self.flow).nth(service.place) {
            let call = objects(node, "actions")
                .find(|action| matches!(text(action, "type"), "call_webhook" | "call_resthook"));
            if let Some(call) = call {
                call.insert("result_name".into(), name.as_str().into());
            }
        }
        self.warn(
            &service.uuid,
            format!("keeps the answer as a result, '{name}', which the flow did not have"),
        );
        name
    }

    fn set_operand(&mut self, place: usize, operand: String) {
        if let Some(router) = nodes(self.flow).nth(place).and_then(|node| object(node, "router")) {
            router.insert("operand".into(), operand.into());
        }
    }

    /// Puts the actions of a node into a new one in front of it.
    fn split(&mut self, service: &Service) {
        if service.place == 0 && service.waits {
            self.warn(
                &service.uuid,
                "the switch beside this call would be changed by an upgrade; move the call to a node of its own",
            );
            return;
        }
        let (front, exit) = ((self.uuids)().to_string(), (self.uuids)().to_string());
        redirect(self.flow, &service.uuid, &front);
        let Some(list) = self.flow.get_mut("nodes").and_then(Value::as_array_mut) else { return };
        let Some(node) = list.get_mut(service.place).and_then(Value::as_object_mut) else { return };
        let actions = node.insert("actions".into(), json!([])).unwrap_or_else(|| json!([]));
        let new = json!({"uuid": front, "actions": actions,
            "exits": [{"uuid": exit, "destination_uuid": service.uuid}]});
        list.insert(service.place, new);
        let shown = object(self.flow, "_ui").and_then(|ui| object(ui, "nodes"));
        if let Some(shown) = shown
            && let Some(node) = shown.get_mut(&service.uuid)
        {
            let mut new = json!({"position": node["position"], "type": "execute_actions"});
            if let Some(moved) = extensions_of_actions(node) {
                new["config"] = json!({KEY: moved});
            }
            shown.insert(front, new);
        }
    }
}

/// Takes what belongs to the actions of a node out of its extensions: everything but how its wait collects.
fn extensions_of_actions(node: &mut Value) -> Option<Value> {
    let extensions = node.get_mut("config")?.get_mut(KEY)?.as_object_mut()?;
    let stays = extensions.shift_remove("collect");
    let moved = std::mem::take(extensions);
    extensions.extend(stays.map(|collect| ("collect".to_owned(), collect)));
    (!moved.is_empty()).then_some(Value::Object(moved))
}

/// Lets everything that led to one node lead to another.
fn redirect(flow: &mut Object, from: &str, to: &str) {
    for node in nodes(flow) {
        for exit in objects(node, "exits").filter(|exit| text(exit, "destination_uuid") == from) {
            exit.insert("destination_uuid".into(), to.into());
        }
    }
}

/// The cases whose arguments are translated.
fn translated_cases(flow: &Object) -> Vec<String> {
    let languages = flow.get("localization").and_then(Value::as_object).into_iter().flat_map(Object::values);
    let items = languages.filter_map(Value::as_object).flatten();
    items.filter(|(_, item)| item.get("arguments").is_some()).map(|(uuid, _)| uuid.clone()).collect()
}
