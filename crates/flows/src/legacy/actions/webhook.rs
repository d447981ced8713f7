//! Calls of web services.

use serde_json::{Value, json};

use crate::legacy::expressions;
use crate::legacy::job::template;
use crate::legacy::shape::{Object, items, text};

/// What an old flow posted: contact, flow, path, results, run and message. Services rely on each of these.
const BODY: &str = r#"@(json(object(
  "contact", object("uuid", contact.uuid, "name", contact.name, "urn", contact.urn),
  "flow", run.flow,
  "path", run.path,
  "results", foreach_value(results, extract_object, "category", "category_localized", "created_on", "input", "name", "node_uuid", "value"),
  "run", object("uuid", run.uuid, "created_on", run.created_on),
  "input", if(
    input,
    object(
      "attachments", foreach(input.attachments, attachment_parts),
      "channel", input.channel,
      "created_on", input.created_on,
      "text", input.text,
      "type", input.type,
      "urn", if(
        input.urn,
        object(
          "display", default(format_urn(input.urn), ""),
          "path", urn_parts(input.urn).path,
          "scheme", urn_parts(input.urn).scheme
        ),
        null
      ),
      "uuid", input.uuid
    ),
    null
  ),
  "channel", default(input.channel, null)
)))"#;

/// Whether a place says which service to call.
pub(in crate::legacy) fn is_given(place: &Value) -> bool {
    !text(place, "webhook").is_empty()
}

/// The call that a rule set makes. `place` is where the service is named: its configuration, or before version 10 the
/// rule set itself.
pub(in crate::legacy) fn call(place: &Value, item: &str, result_name: &str) -> Value {
    let method = text(place, "webhook_action").trim().to_uppercase();
    let url = text(place, "webhook");
    made(&url, &method, items(place, "webhook_headers"), item, result_name)
}

/// The call that an action before version 10 made. What the service answered was `@extra`, for which the outcome
/// has to be kept under some name.
pub(super) fn in_action(action: &Value, item: &str) -> Value {
    let method = text(action, "action").trim().to_uppercase();
    let url = text(action, "webhook");
    let name = format!("Webhook {}", item.split('-').next().unwrap_or(item));
    made(&url, &method, items(action, "webhook_headers"), item, &name)
}

fn made(url: &str, method: &str, given: &[Value], item: &str, result_name: &str) -> Value {
    // Services were posted to unless a flow said otherwise.
    let method = if method.is_empty() { "POST" } else { method };
    let mut headers = Object::new();
    for header in given {
        let name = text(header, "name").trim().to_owned();
        if !name.is_empty() {
            headers.insert(name, template(&text(header, "value")).into());
        }
    }
    let has_body = !matches!(method, "GET" | "HEAD");
    if has_body && !headers.keys().any(|name| name.eq_ignore_ascii_case("Content-Type")) {
        headers.insert("Content-Type".into(), "application/json".into());
    }
    let mut call = json!({"type": "call_webhook", "uuid": item, "method": method, "url": expressions::migrate_address(url.trim()),
        "headers": headers});
    if has_body {
        call["body"] = BODY.into();
    }
    if !result_name.is_empty() {
        call["result_name"] = result_name.into();
    }
    call
}
