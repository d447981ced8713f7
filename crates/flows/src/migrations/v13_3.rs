//! 13.3: `@webhook` holds the whole answer; what it was before, the body, is `@webhook.json`.

use super::rewrite::rewrite_templates;
use super::walk::Object;

pub(super) fn migrate(flow: &mut Object) {
    rewrite_templates(flow, "webhook", &|path| (path.len() == 1).then(|| "webhook.json".to_owned()));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn only_references_to_the_answer_change() {
        let cases = [
            ("Code @webhook.code.", "Code @webhook.json.code."),
            ("@webhook", "@webhook.json"),
            ("@(upper(webhook.name)  & \"webhook.x\")", "@(upper(webhook.json.name)  & \"webhook.x\")"),
            ("@(results.webhook.value)", "@(results.webhook.value)"),
            ("@@webhook @webhooks", "@@webhook @webhooks"),
            ("@(webhook[\"a b\"])", "@(webhook.json[\"a b\"])"),
            ("open @(webhook", "open @(webhook"),
        ];
        for (before, after) in cases {
            let mut flow = json!({"nodes": [{"actions": [{"type": "send_msg", "text": before}]}]});
            super::migrate(flow.as_object_mut().expect("object"));
            assert_eq!(flow["nodes"][0]["actions"][0]["text"], after, "{before}");
        }
    }
}
