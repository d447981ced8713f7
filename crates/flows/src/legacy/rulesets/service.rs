//! Rule sets that call a service and look at what came of it.

use serde_json::{Value, json};

use super::router::Choices;
use super::{Made, category_of, operand, single};
use crate::legacy::actions::webhook;
use crate::legacy::job::Job;
use crate::legacy::layout;
use crate::legacy::shape::{Object, plain, text};
use crate::program::result_key;

/// What a call came to, where it went well and where it did not.
const SUCCESS: &str = "Success";
const FAILURE: &str = "Failure";
/// What keeps the outcome of a call where the rule set has no name: without one it could not be looked at.
const UNNAMED: &str = "Webhook";
/// Pixels from a call down to the node that looks at its answer.
const NEXT_NODE: i64 = 100;

/// The name under which the outcome is kept.
fn label(set: &Value) -> String {
    let label = text(set, "label").trim().to_owned();
    if label.is_empty() { UNNAMED.to_owned() } else { label }
}

/// A call of a web service. Rules about anything but its outcome are looked at in a node of their own, as version 10
/// already did it.
pub(super) fn webhook(
    uuid: &str,
    set: &Value,
    choices: Choices,
    job: &mut Job<'_, '_>,
) -> Result<Vec<Made>, String> {
    let place = if webhook::is_given(&set["config"]) { &set["config"] } else { set };
    if !webhook::is_given(place) {
        return Err("the address of the web service is missing; give one".into());
    }
    let label = label(set);
    if choices.are_about_service() {
        let action = webhook::call(place, &job.draw(), &label);
        let choices = choices.or_else(FAILURE);
        let router = choices.router("", &category_of(&label), None);
        return Ok(vec![single(uuid, set, "split_by_webhook", None, vec![action], router, &choices)]);
    }
    let called = format!("{label} Webhook");
    let action = webhook::call(place, &job.draw(), &called);
    let next = job.draw();
    let call = call_only(uuid, &next, action, &called, job);
    let mut call =
        Made { rank: super::rank(set), node: call, ui: layout::node("split_by_webhook", set, None) };
    call.rank.0 = call.rank.0.saturating_sub(1);
    let kind = super::Kind::Expression;
    let router = choices.router(&label, &operand::expression(&text(set, "operand"), &kind), None);
    let mut look = single(&next, set, "split_by_expression", None, Vec::new(), router, &choices);
    let top = layout::pixels(&set["y"]).saturating_add(NEXT_NODE);
    look.ui["position"]["top"] = top.into();
    Ok(vec![call, look])
}

/// A node that calls a service and then goes on to the next, whatever came of it.
fn call_only(uuid: &str, next: &str, action: Value, called: &str, job: &mut Job<'_, '_>) -> Value {
    let [success, failure, case, first, second] = std::array::from_fn(|_| job.draw());
    json!({
        "uuid": uuid,
        "actions": [action],
        "router": {
            "type": "switch",
            "categories": [{"uuid": success, "name": SUCCESS, "exit_uuid": first},
                {"uuid": failure, "name": FAILURE, "exit_uuid": second}],
            "operand": category_of(called),
            "cases": [{"uuid": case, "type": "has_only_text", "arguments": [SUCCESS], "category_uuid": success}],
            "default_category_uuid": failure,
        },
        "exits": [{"uuid": first, "destination_uuid": next}, {"uuid": second, "destination_uuid": next}],
    })
}

/// A call of subscribers.
pub(super) fn resthook(uuid: &str, set: &Value, choices: Choices, job: &mut Job<'_, '_>) -> Made {
    let label = label(set);
    let action = json!({"type": "call_resthook", "uuid": job.draw(), "resthook": text(&set["config"], "resthook"),
        "result_name": label});
    let choices = choices.or_else(FAILURE);
    let router = choices.router("", &category_of(&label), None);
    single(uuid, set, "split_by_resthook", None, vec![action], router, &choices)
}

/// Airtime, in amounts by currency, of which the old configuration tells one for each country.
pub(super) fn airtime(uuid: &str, set: &Value, choices: Choices, job: &mut Job<'_, '_>) -> Made {
    let label = label(set);
    let mut amounts = Object::new();
    for country in set["config"].as_object().into_iter().flat_map(Object::values) {
        let amount = &country["amount"];
        let currency = text(country, "currency_code").trim().to_uppercase();
        // The digits stay as they were written.
        let amount = match amount {
            Value::String(digits) => serde_json::from_str(digits.trim()).unwrap_or(Value::Null),
            other => other.clone(),
        };
        if !currency.is_empty() && amount.is_number() && plain(&amount) != "0" {
            amounts.insert(currency, amount);
        }
    }
    let action =
        json!({"type": "transfer_airtime", "uuid": job.draw(), "amounts": amounts, "result_name": label});
    let choices = choices.or_else(FAILURE).only(SUCCESS);
    let router = choices.router("", &format!("@results.{}", result_key(&label)), None);
    single(uuid, set, "split_by_airtime", None, vec![action], router, &choices)
}
