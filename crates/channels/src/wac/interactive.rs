//! Buttons, lists, forms, links and the question for a place.

use domain::{Choice, Interactive, InteractiveKind, Section};
use serde_json::{Value, json};
use smol_str::SmolStr;

use super::words;
use crate::{Outgoing, QuickReply};

/// Buttons that fit below a message; more become a list.
const MAX_BUTTONS: usize = 3;
/// Rows of a list.
const MAX_ROWS: usize = 10;
/// Characters of titles and descriptions.
const BUTTON_CHARS: usize = 20;
const FORM_BUTTON_CHARS: usize = 30;
const ROW_CHARS: usize = 24;
const DESCRIPTION_CHARS: usize = 72;
/// Characters of the text above buttons, and above a list.
const BODY_CHARS: usize = 1_024;
const LIST_BODY_CHARS: usize = 4_096;

/// What is offered below a text.
pub(super) struct Offer {
    kind: &'static str,
    header: SmolStr,
    footer: SmolStr,
    action: Value,
}

impl Offer {
    /// What a message offers, if it is anything that WhatsApp can show.
    pub(super) fn of(message: &Outgoing) -> Option<Self> {
        if let Some(interactive) = &message.interactive {
            return Self::typed(interactive.clone().within_limits(), message.locale.as_deref());
        }
        // What asks for a place, opens a form or a page stands alone: WhatsApp shows it without other answers.
        let special = message.quick_replies.iter().find_map(special);
        special.or_else(|| Self::replies(&message.quick_replies, message.locale.as_deref()))
    }

    fn plain(kind: &'static str, action: Value) -> Self {
        Self { kind, header: SmolStr::default(), footer: SmolStr::default(), action }
    }

    fn replies(replies: &[QuickReply], locale: Option<&str>) -> Option<Self> {
        let replies: Vec<&QuickReply> =
            replies.iter().filter(|reply| reply.reply_type == "text" && !reply.text.is_empty()).collect();
        let described =
            replies.iter().any(|reply| reply.extra.as_deref().is_some_and(|extra| !extra.is_empty()));
        if replies.is_empty() {
            return None;
        }
        let choices = replies.iter().take(MAX_ROWS).enumerate().map(|(index, reply)| Choice {
            id: smol_str::format_smolstr!("{index}"),
            title: reply.text.clone(),
            description: reply.extra.clone().unwrap_or_default(),
        });
        let choices: Vec<Choice> = choices.collect();
        if replies.len() > MAX_BUTTONS || described {
            let sections = [Section { title: SmolStr::default(), rows: choices }];
            Some(Self::plain("list", list(words::menu(locale), &sections)))
        } else {
            Some(Self::plain("button", buttons(&choices)))
        }
    }

    fn typed(interactive: Interactive, locale: Option<&str>) -> Option<Self> {
        let (kind, action) = match &interactive.kind {
            InteractiveKind::Buttons { buttons: choices } if choices.is_empty() => return None,
            InteractiveKind::Buttons { buttons: choices } => ("button", buttons(choices)),
            InteractiveKind::List { sections, .. } if sections.iter().all(|s| s.rows.is_empty()) => {
                return None;
            }
            InteractiveKind::List { button, sections } => {
                let button = if button.is_empty() { words::menu(locale) } else { button };
                ("list", list(button, sections))
            }
            InteractiveKind::Flow { flow_id, token, cta, screen, data } => {
                ("flow", form(flow_id, token, cta, screen, data.as_ref()))
            }
        };
        Some(Self { kind, header: interactive.header, footer: interactive.footer, action })
    }

    /// Whether a file can stand above the text.
    pub(super) fn takes_media(&self) -> bool {
        self.kind == "button" && self.header.is_empty()
    }

    /// Characters of the text.
    pub(super) fn body_chars(&self) -> usize {
        if self.kind == "list" { LIST_BODY_CHARS } else { BODY_CHARS }
    }

    /// The `interactive` of a message.
    pub(super) fn body(self, text: &str, media: Option<Value>) -> Value {
        let mut body = json!({ "type": self.kind });
        if let Some(media) = media {
            body["header"] = media;
        } else if !self.header.is_empty() {
            body["header"] = json!({"type": "text", "text": self.header});
        }
        body["body"] = json!({ "text": text });
        if !self.footer.is_empty() {
            body["footer"] = json!({ "text": self.footer });
        }
        body["action"] = self.action;
        body
    }
}

fn special(reply: &QuickReply) -> Option<Offer> {
    let extra = reply.extra.as_deref().filter(|extra| !extra.is_empty());
    match (reply.reply_type.as_str(), extra) {
        ("location", _) => Some(Offer::plain("location_request_message", json!({"name": "send_location"}))),
        ("form", Some(id)) => {
            let cta = cut(&reply.text, FORM_BUTTON_CHARS);
            let parameters = json!({"flow_message_version": "3", "flow_id": id, "flow_cta": cta});
            Some(Offer::plain("flow", json!({"name": "flow", "parameters": parameters})))
        }
        ("url", Some(url)) => {
            let parameters = json!({"display_text": cut(&reply.text, BUTTON_CHARS), "url": url});
            Some(Offer::plain("cta_url", json!({"name": "cta_url", "parameters": parameters})))
        }
        _ => None,
    }
}

fn buttons(choices: &[Choice]) -> Value {
    let button = |choice: &Choice| json!({"type": "reply", "reply": {"id": choice.id, "title": cut(&choice.title, BUTTON_CHARS)}});
    json!({"buttons": choices.iter().map(button).collect::<Vec<_>>()})
}

fn list(button: &str, sections: &[Section]) -> Value {
    let row = |choice: &Choice| {
        let mut row = json!({"id": choice.id, "title": cut(&choice.title, ROW_CHARS)});
        if !choice.description.is_empty() {
            row["description"] = cut(&choice.description, DESCRIPTION_CHARS).into();
        }
        row
    };
    let section = |section: &Section| {
        let mut object = json!({});
        if !section.title.is_empty() {
            object["title"] = section.title.as_str().into();
        }
        object["rows"] = section.rows.iter().map(row).collect();
        object
    };
    let sections: Vec<Value> = sections.iter().filter(|s| !s.rows.is_empty()).map(section).collect();
    json!({"button": cut(button, BUTTON_CHARS), "sections": sections})
}

fn form(flow_id: &str, token: &str, cta: &str, screen: &str, data: Option<&Value>) -> Value {
    let mut parameters = json!({"flow_message_version": "3", "flow_id": flow_id, "flow_cta": cta});
    if !token.is_empty() {
        parameters["flow_token"] = token.into();
    }
    if !screen.is_empty() {
        parameters["flow_action"] = "navigate".into();
        parameters["flow_action_payload"] = json!({ "screen": screen });
        if let Some(data) = data {
            parameters["flow_action_payload"]["data"] = data.clone();
        }
    }
    json!({"name": "flow", "parameters": parameters})
}

/// Cuts a text to so many characters, the last an ellipsis.
fn cut(text: &str, limit: usize) -> String {
    if text.chars().nth(limit).is_none() {
        return text.to_owned();
    }
    text.chars().take(limit - 1).chain(['…']).collect()
}
