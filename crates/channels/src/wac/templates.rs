//! The templates that Meta keeps for an account: how its list is asked for, page by page, and read.

use serde_json::Value;
use smol_str::{SmolStr, ToSmolStr, format_smolstr};

use super::receive::{list, scalar};
use super::{Settings, words};
use crate::{HttpRequest, ListedPart, ListedTemplate, Method, TemplatePage};

/// Templates of one page.
const PAGE: usize = 100;
/// What is asked of each.
const FIELDS: &str = "id,name,language,status,category,components";
/// Longest cursor taken.
const MAX_CURSOR_BYTES: usize = 1_000;

/// The request for a page; none without an account or a token.
pub(crate) fn ask(settings: &Settings, after: Option<&str>) -> Option<HttpRequest> {
    let account = settings.account().filter(|id| id.bytes().all(|byte| byte.is_ascii_alphanumeric()))?;
    let token = settings.auth_token.as_deref()?;
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("fields", FIELDS).append_pair("limit", &PAGE.to_string());
    if let Some(after) = after {
        query.append_pair("after", after);
    }
    let (base, version) = (&settings.base_url, &settings.version);
    Some(HttpRequest {
        method: Method::Get,
        url: format!("{base}/{version}/{account}/message_templates?{}", query.finish()),
        headers: vec![("Authorization".to_owned(), format!("Bearer {token}"))],
        body: String::new(),
    })
}

/// Reads a page, or says what is wrong with it.
pub(crate) fn read(status: u16, body: &str) -> Result<TemplatePage, String> {
    let answer: Value = serde_json::from_str(body).unwrap_or_default();
    if let Some(said) = answer["error"]["message"].as_str() {
        return Err(format!("the carrier says: {said}"));
    }
    if status != 200 || !answer["data"].is_array() {
        return Err(format!("the answer was {status} and is no list of templates"));
    }
    let paging = &answer["paging"];
    let next = paging["cursors"]["after"].as_str().filter(|cursor| cursor.len() <= MAX_CURSOR_BYTES);
    Ok(TemplatePage {
        templates: list(&answer["data"]).iter().filter_map(template).collect(),
        next: next.filter(|_| paging["next"].is_string()).map(SmolStr::from),
    })
}

fn template(given: &Value) -> Option<ListedTemplate> {
    let code = given["language"].as_str()?;
    let mut parts = Parts { all: Vec::new(), kinds: Vec::new(), is_whole: true };
    let given_parts = list(&given["components"]);
    for kind in ["HEADER", "BODY", "FOOTER", "BUTTONS"] {
        given_parts.iter().filter(|part| word(part, "type") == kind).for_each(|part| parts.take(kind, part));
    }
    let known = |part: &Value| matches!(&*word(part, "type"), "HEADER" | "BODY" | "FOOTER" | "BUTTONS");
    let is_whole = parts.is_whole && given_parts.iter().all(known);
    Some(ListedTemplate {
        name: given["name"].as_str()?.into(),
        locale: words::locale_of(code),
        external_locale: code.into(),
        external_id: scalar(&given["id"]).unwrap_or_default().into(),
        category: word(given, "category").to_lowercase().into(),
        status: status(&word(given, "status"), is_whole),
        components: parts.all,
        variables: parts.kinds,
    })
}

/// Meta's word as ours. What holds something that we cannot fill in cannot be sent, whoever approved it.
fn status(word: &str, is_whole: bool) -> &'static str {
    match word {
        "APPROVED" if is_whole => "approved",
        "PENDING" | "IN_APPEAL" => "pending",
        "REJECTED" => "rejected",
        "PAUSED" => "paused",
        "DISABLED" | "DELETED" | "PENDING_DELETION" | "ARCHIVED" => "disabled",
        _ => "unsupported",
    }
}

fn word(given: &Value, member: &str) -> String {
    given[member].as_str().unwrap_or_default().to_uppercase()
}

/// Parts as they are read, with the kinds of the values that go into them.
struct Parts {
    all: Vec<ListedPart>,
    kinds: Vec<SmolStr>,
    /// Whether all of it is something that we can fill in.
    is_whole: bool,
}

impl Parts {
    fn take(&mut self, kind: &str, part: &Value) {
        let text = part["text"].as_str().unwrap_or_default();
        match (kind, &*word(part, "format")) {
            ("HEADER", "" | "TEXT") => self.text("header", "header/text", text, None),
            ("HEADER", format @ ("IMAGE" | "VIDEO" | "DOCUMENT")) => {
                self.add("header", "header/media", "", None, &["1".into()], &format.to_lowercase());
            }
            ("BODY", _) => self.text("body", "body/text", text, None),
            ("FOOTER", _) => self.text("footer", "footer/text", text, None),
            ("BUTTONS", _) => {
                for (place, button) in list(&part["buttons"]).iter().enumerate() {
                    self.button(&format_smolstr!("button.{place}"), button);
                }
            }
            _ => self.is_whole = false,
        }
    }

    fn button(&mut self, name: &str, button: &Value) {
        let text = button["text"].as_str().unwrap_or_default();
        let of = |member: &str| button[member].as_str().unwrap_or_default();
        match &*word(button, "type") {
            "QUICK_REPLY" => self.text(name, "button/quick_reply", text, None),
            "URL" => self.text(name, "button/url", of("url"), Some(text)),
            "PHONE_NUMBER" => {
                self.add(name, "button/phone_number", of("phone_number"), Some(text), &[], "text");
            }
            "COPY_CODE" => self.add(name, "button/copy_code", "", Some(text), &["1".into()], "text"),
            _ => self.is_whole = false,
        }
    }

    fn text(&mut self, name: &str, kind: &str, content: &str, display: Option<&str>) {
        self.add(name, kind, content, display, &places(content), "text");
    }

    fn add(
        &mut self,
        name: &str,
        kind: &str,
        content: &str,
        display: Option<&str>,
        places: &[SmolStr],
        value: &str,
    ) {
        let mut variables = Vec::with_capacity(places.len());
        for place in places {
            variables.push((place.clone(), self.kinds.len()));
            self.kinds.push(value.into());
        }
        self.all.push(ListedPart {
            name: name.into(),
            kind: kind.into(),
            content: content.into(),
            display: display.filter(|text| !text.is_empty()).map(SmolStr::from),
            variables,
        });
    }
}

/// What stands in the `{{…}}` of a text, each once: numbers by their size, names in their order.
fn places(text: &str) -> Vec<SmolStr> {
    let mut found: Vec<SmolStr> = Vec::new();
    for rest in text.split("{{").skip(1) {
        let Some((name, _)) = rest.split_once("}}") else { continue };
        let name = name.trim().to_smolstr();
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if is_name && !found.contains(&name) {
            found.push(name);
        }
    }
    found.sort_by_key(|name| name.parse::<u32>().unwrap_or(u32::MAX));
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn one(given: Value) -> ListedTemplate {
        let body = json!({"data": [given], "paging": {"cursors": {"after": "x"}}}).to_string();
        let page = read(200, &body).unwrap();
        assert_eq!(page.next, None, "a cursor without a next page leads nowhere");
        page.templates.into_iter().next().unwrap()
    }

    #[test]
    fn parts_are_in_the_order_in_which_people_see_them() {
        let read = one(json!({
            "name": "visit", "language": "en_US", "status": "APPROVED", "category": "UTILITY", "id": "17",
            "components": [
                {"type": "BUTTONS", "buttons": [
                    {"type": "QUICK_REPLY", "text": "Yes"},
                    {"type": "URL", "text": "Map", "url": "https://maps.example/{{1}}"},
                    {"type": "PHONE_NUMBER", "text": "Call", "phone_number": "+256799"},
                ]},
                {"type": "BODY", "text": "Dear {{2}}, come on {{1}}, {{2}}."},
                {"type": "FOOTER", "text": "The clinic"},
                {"type": "HEADER", "format": "IMAGE", "example": {}},
            ],
        }));
        assert_eq!((&*read.locale, read.status, &*read.category), ("eng-US", "approved", "utility"));
        let parts: Vec<(&str, &str, &str)> =
            read.components.iter().map(|part| (&*part.name, &*part.kind, &*part.content)).collect();
        assert_eq!(
            parts,
            [
                ("header", "header/media", ""),
                ("body", "body/text", "Dear {{2}}, come on {{1}}, {{2}}."),
                ("footer", "footer/text", "The clinic"),
                ("button.0", "button/quick_reply", "Yes"),
                ("button.1", "button/url", "https://maps.example/{{1}}"),
                ("button.2", "button/phone_number", "+256799"),
            ]
        );
        let places: Vec<_> = read.components.iter().flat_map(|part| part.variables.clone()).collect();
        assert_eq!(places, [("1".into(), 0), ("1".into(), 1), ("2".into(), 2), ("1".into(), 3)]);
        assert_eq!(read.variables, ["image", "text", "text", "text"]);
    }

    #[test]
    fn states_are_told_in_our_words() {
        let body = json!([{"type": "BODY", "text": "Hi {{first_name}} {{ code }}"}]);
        for (status, components, expected) in [
            ("APPROVED", &body, "approved"),
            ("IN_APPEAL", &body, "pending"),
            ("REJECTED", &body, "rejected"),
            ("PAUSED", &body, "paused"),
            ("PENDING_DELETION", &body, "disabled"),
            ("LIMIT_EXCEEDED", &body, "unsupported"),
            ("APPROVED", &json!([{"type": "CAROUSEL"}]), "unsupported"),
            ("APPROVED", &json!([{"type": "HEADER", "format": "LOCATION"}]), "unsupported"),
            ("APPROVED", &json!([{"type": "BUTTONS", "buttons": [{"type": "OTP"}]}]), "unsupported"),
            ("PENDING", &json!([{"type": "CAROUSEL"}]), "pending"),
        ] {
            let given = json!({"name": "a", "language": "es", "status": status, "components": components});
            let read = one(given);
            assert_eq!((read.status, &*read.locale), (expected, "spa"), "{status}");
        }
        let named = one(json!({"name": "a", "language": "fil", "status": "APPROVED", "components": body}));
        assert_eq!(named.components[0].variables, [("first_name".into(), 0), ("code".into(), 1)]);
        assert_eq!(named.locale, "fil");
    }

    #[test]
    fn what_is_no_list_says_so() {
        let error = json!({"error": {"message": "(#100) Object does not exist", "code": 100}}).to_string();
        for (status, body, expected) in [
            (400, &*error, "Object does not exist"),
            (200, "<html>", "no list"),
            (502, "{}", "502"),
            (200, "{\"data\": 7}", "no list"),
        ] {
            assert!(read(status, body).unwrap_err().contains(expected), "{status} {body}");
        }
        let page =
            r#"{"data": [{"name": 7}], "paging": {"cursors": {"after": "QVFI"}, "next": "https://…"}}"#;
        let page = read(200, page).unwrap();
        assert_eq!((page.templates.len(), page.next.as_deref()), (0, Some("QVFI")));
        let settings = Settings::read(&json!({"auth_token": "t", "waba_id": "99", "base_url": "http://x"}));
        let settings = settings.unwrap();
        let asked = ask(&settings, Some("a&b")).unwrap();
        assert!(asked.url.starts_with("http://x/v25.0/99/message_templates?fields="), "{}", asked.url);
        assert!(asked.url.ends_with("&limit=100&after=a%26b"), "{}", asked.url);
        assert_eq!(ask(&Settings::read(&json!({"auth_token": "t"})).unwrap(), None), None);
    }
}
