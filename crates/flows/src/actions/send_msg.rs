//! `send_msg`: says something to the contact.

use domain::{Interactive, Reference};
use smol_str::{SmolStr, format_smolstr};

use super::{Outcome, interactive, templating};
use crate::{
    context::channel_of,
    engine::work::Work,
    events::{EventKind, MsgCreated, MsgOut, QuickReply, QuickReplyType, UnsendableReason},
    program::{LanguageIx, LanguageOrder, Message, Program, Text},
};

/// Characters of an attachment.
const MAX_ATTACHMENT_CHARS: usize = 2048;
/// Characters of the text of a suggested answer.
const MAX_QUICK_REPLY_CHARS: usize = 64;

/// What a message says, evaluated.
pub(super) struct Content {
    pub text: SmolStr,
    pub attachments: Vec<SmolStr>,
    pub quick_replies: Vec<QuickReply>,
    pub interactive: Option<Interactive>,
    pub language: Option<LanguageIx>,
}

pub(super) fn execute(work: &mut Work<'_>, program: &Program, message: &Message) -> Outcome {
    let order = work.language_order(program);
    let content = evaluate(work, message, &order);
    if let Some(interactive) = &content.interactive {
        work.offer(interactive);
    }
    let assets = work.assets;
    let route = channel_of(assets, work.contact).map(|(urn, channel)| (urn.urn.clone(), channel));
    let unsendable = unsendable_reason(work, &content.text, route.is_some());
    let mut msg = MsgOut {
        text: content.text,
        attachments: content.attachments,
        quick_replies: content.quick_replies,
        interactive: content.interactive.map(Box::new),
        pause_seconds: message.pause_seconds,
        locale: locale(work, program, content.language),
        unsendable_reason: unsendable,
        ..MsgOut::default()
    };
    if let Some((urn, channel)) = route {
        msg.urn = Some(urn);
        msg.channel = Some(Reference { uuid: channel.uuid, name: channel.name.clone() });
        templating::apply(work, program, message, channel, &mut msg);
    }
    work.event(EventKind::MsgCreated(MsgCreated { msg, broadcast_uuid: None }));
    Outcome::Done
}

fn unsendable_reason(work: &Work<'_>, text: &str, routed: bool) -> Option<UnsendableReason> {
    if !routed {
        return Some(UnsendableReason::NoRoute);
    }
    match UnsendableReason::of_status(work.contact.status) {
        None if work.host.forbidden(text) => Some(UnsendableReason::ForbiddenContent),
        reason => reason,
    }
}

/// Evaluates a message in the languages of an order.
pub(super) fn evaluate(work: &mut Work<'_>, message: &Message, order: &LanguageOrder) -> Content {
    let (text, language) = message.text.pick(order);
    let (text, _) = work.render(text);
    let attachments = attachments(work, message.attachments.get(order));
    let replies = message.quick_replies.get(order);
    let Some(offer) = &message.offer else {
        let quick_replies = replies.iter().filter_map(|reply| quick_reply(work, reply)).collect();
        return Content { text, attachments, quick_replies, interactive: None, language };
    };
    let titles: Vec<_> = replies.iter().map(|reply| quick_reply(work, reply)).collect();
    let interactive = interactive::evaluate(work, offer, &titles, order);
    Content {
        text,
        attachments,
        quick_replies: titles.into_iter().flatten().collect(),
        interactive,
        language,
    }
}

fn attachments(work: &mut Work<'_>, templates: &[Text]) -> Vec<SmolStr> {
    let mut attachments = Vec::with_capacity(templates.len());
    for template in templates {
        let attachment = work.render_whole(template);
        let attachment = attachment.trim();
        let valid =
            attachment.split_once(':').is_some_and(|(kind, url)| !kind.is_empty() && !url.trim().is_empty());
        if !valid {
            work.error("Attachment evaluated to invalid value and will be ignored");
        } else if attachment.chars().count() > MAX_ATTACHMENT_CHARS {
            work.error(format!(
                "Evaluated attachment is longer than the {MAX_ATTACHMENT_CHARS} limit and will be ignored"
            ));
        } else {
            attachments.push(SmolStr::new(attachment));
        }
    }
    attachments
}

fn quick_reply(work: &mut Work<'_>, template: &Text) -> Option<QuickReply> {
    let (reply, _) = work.render(template);
    let reply = reply.trim();
    if reply.is_empty() {
        work.error("Quick reply evaluated to empty string and will be ignored");
        return None;
    }
    Some(read_quick_reply(reply))
}

/// A suggested answer as authors write it: its text, or `<type>text<extra>extra`.
fn read_quick_reply(text: &str) -> QuickReply {
    let typed = [
        ("<location>", QuickReplyType::Location),
        ("<form>", QuickReplyType::Form),
        ("<url>", QuickReplyType::Url),
        ("<text>", QuickReplyType::Text),
    ];
    let found = typed.into_iter().find_map(|(mark, kind)| Some((text.strip_prefix(mark)?, kind)));
    let (rest, kind) = found.unwrap_or((text, QuickReplyType::Text));
    let (shown, extra) = rest.split_once("<extra>").unwrap_or((rest, ""));
    let mut shown = shown.to_owned();
    expressions::template::truncate(&mut shown, MAX_QUICK_REPLY_CHARS);
    QuickReply { kind, text: shown.into(), extra: extra.into() }
}

/// Language and country of a text.
pub(super) fn locale(work: &Work<'_>, program: &Program, language: Option<LanguageIx>) -> SmolStr {
    let language = language.map_or(&program.language, |index| program.language_code(index));
    if language.is_empty() {
        return SmolStr::default();
    }
    match &work.env().default_country {
        Some(country) => format_smolstr!("{language}-{country}"),
        None => language.clone(),
    }
}
