//! 14.1: nodes that call a service are split on the status of its answer; 14.4.1 repairs those that 13.3 led
//! astray; 14.4.2 counts a call that never happened as a failure.

use serde_json::{Value, json};

use super::walk::{Object, drop_translations, nodes, object, objects, text, texts};
use crate::program::result_key;

/// The action that calls a service, if a node has one: the name under which it keeps its outcome.
fn service_result(node: &mut Object) -> Option<String> {
    objects(node, "actions")
        .find(|action| matches!(text(action, "type"), "call_webhook" | "call_resthook"))
        .map(|action| text(action, "result_name").to_owned())
}

/// The switch of a node.
fn switch(node: &mut Object) -> Option<&mut Object> {
    object(node, "router").filter(|router| text(router, "type") == "switch")
}

/// 14.1: from the category of the result to the status.
pub(super) fn split_on_status(flow: &mut Object) {
    let mut changed = Vec::new();
    for node in nodes(flow) {
        let Some(result) = service_result(node).filter(|name| !name.is_empty()) else { continue };
        let operand = format!("@results.{}.category", result_key(&result));
        let Some(router) =
            switch(node).filter(|router| text(router, "operand").eq_ignore_ascii_case(&operand))
        else {
            continue;
        };
        let on_success = objects(router, "cases").any(|case| texts(case, "arguments") == ["Success"]);
        if on_success {
            changed.extend(make_canonical(router, |case| texts(case, "arguments") == ["Success"]));
        }
    }
    drop_translations(flow, &changed, "arguments");
}

/// 14.4.1: a node that only calls a service and then switches on anything else but the status, such as `status` of
/// the old `@webhook`, switches on the status.
pub(super) fn repair_split(flow: &mut Object) {
    let mut changed = Vec::new();
    for node in nodes(flow) {
        if service_result(node).is_none() || objects(node, "actions").count() != 1 {
            continue;
        }
        let Some(router) = switch(node).filter(|router| text(router, "operand") != "@webhook.status") else {
            continue;
        };
        let success = success_category(router);
        changed.extend(make_canonical(router, |case| {
            success.as_ref().is_none_or(|success| text(case, "category_uuid") == success)
        }));
    }
    drop_translations(flow, &changed, "arguments");
}

/// The category of the case about success, which need not be the first: the one that asks for it, else the one that
/// is called so.
fn success_category(router: &mut Object) -> Option<String> {
    let is_success = |word: &str| word.trim().eq_ignore_ascii_case("success");
    let named = objects(router, "categories")
        .find(|category| is_success(text(category, "name")))
        .map(|category| text(category, "uuid").to_owned());
    let asks = |case: &Object| texts(case, "arguments").iter().any(|word| is_success(word));
    let cases: Vec<(bool, String)> =
        objects(router, "cases").map(|case| (asks(case), text(case, "category_uuid").to_owned())).collect();
    let asking = cases.iter().find(|(asks, _)| *asks);
    let found = asking.or_else(|| cases.iter().find(|(_, category)| Some(category) == named.as_ref()));
    found.map(|(_, category)| category.clone())
}

/// Leaves one case, which holds if the status is one of success, and gives the identifiers of all cases it had.
fn make_canonical(router: &mut Object, is_success: impl Fn(&Object) -> bool) -> Vec<String> {
    let Some(cases) = router.get_mut("cases").and_then(Value::as_array_mut) else { return Vec::new() };
    let uuids = cases.iter().filter_map(|case| Some(case.get("uuid")?.as_str()?.to_owned())).collect();
    let success = cases.iter().position(|case| case.as_object().is_some_and(&is_success));
    let Some(mut case) = success.map(|place| cases.swap_remove(place)) else { return Vec::new() };
    // Where the author said what a failure is, that is what everything but success means now.
    let failure = cases.first().and_then(|other| other.get("category_uuid")).cloned();
    case["type"] = "has_number_between".into();
    case["arguments"] = json!(["200", "299"]);
    *cases = vec![case];
    router.insert("operand".into(), "@webhook.status".into());
    if let Some(failure) = failure.filter(|_| router.get("default_category_uuid").is_none_or(Value::is_null))
    {
        router.insert("default_category_uuid".into(), failure);
    }
    uuids
}

/// 14.4.2: without a call there is no status, and that is no success.
pub(super) fn default_status(flow: &mut Object) {
    for node in nodes(flow) {
        if service_result(node).is_none() {
            continue;
        }
        if let Some(router) = switch(node).filter(|router| text(router, "operand") == "@webhook.status") {
            router.insert("operand".into(), "@(default(webhook.status, 0))".into());
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn success_stays_success_wherever_its_case_stands() {
        let case = |uuid: &str, word: &str, category: &str| json!({"uuid": uuid, "type": "has_only_text", "arguments": [word], "category_uuid": category});
        for cases in [
            json!([case("c", "success", "good")]),
            json!([case("d", "failure", "bad"), case("c", "success", "good")]),
            json!([case("d", "failure", "bad"), case("c", "ok", "good")]),
        ] {
            let mut flow = json!({"nodes": [{
                "actions": [{"uuid": "a", "type": "call_webhook"}],
                "router": {"type": "switch", "operand": "@webhook.json.status", "cases": cases,
                    "categories": [{"uuid": "bad", "name": "Failure"}, {"uuid": "good", "name": "Success"}],
                    "default_category_uuid": "bad"},
            }]});
            super::repair_split(flow.as_object_mut().expect("object"));
            let router = &flow["nodes"][0]["router"];
            assert_eq!(router["operand"], "@webhook.status", "{cases}");
            assert_eq!(router["cases"].as_array().map(Vec::len), Some(1), "{cases}");
            assert_eq!(router["cases"][0]["category_uuid"], "good", "{cases}");
        }
    }
}
