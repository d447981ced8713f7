//! What a message offers beside its text: buttons, a list, a form.

use domain::{Choice, Interactive, InteractiveKind, Section};
use serde_json::{Map, Value};
use smol_str::{SmolStr, ToSmolStr};

use crate::{
    engine::work::Work,
    events::{QuickReply, QuickReplyType},
    program::{Data, LanguageOrder, Offer, OfferKind, Text},
};

/// Evaluates an offer. `titles` are the quick replies in the order of the author; one that is empty takes its choice
/// with it. `None` if nothing is left that could be chosen: the message goes without.
pub(super) fn evaluate(
    work: &mut Work<'_>,
    offer: &Offer,
    titles: &[Option<QuickReply>],
    order: &LanguageOrder,
) -> Option<Interactive> {
    let header = line(work, offer.header.get(order));
    let footer = line(work, offer.footer.get(order));
    let kind = match &offer.kind {
        OfferKind::Buttons { ids } => {
            let buttons: Vec<Choice> = choices(work, ids, &[], titles).into_iter().flatten().collect();
            InteractiveKind::Buttons { buttons }
        }
        OfferKind::List { button, titles: sections, sizes, ids, descriptions } => {
            let button = line(work, button.get(order));
            let mut rows = choices(work, ids, descriptions.get(order), titles).into_iter();
            let headings = sections.get(order);
            let mut list = Vec::with_capacity(sizes.len());
            for (place, size) in sizes.iter().enumerate() {
                let title = headings.get(place).map(|title| line(work, title)).unwrap_or_default();
                list.push(Section { title, rows: rows.by_ref().take(*size).flatten().collect() });
            }
            InteractiveKind::List { button, sections: list }
        }
        OfferKind::Flow { flow_id, token, cta, screen, data } => {
            let token = line(work, token);
            InteractiveKind::Flow {
                flow_id: line(work, flow_id),
                token: if token.is_empty() { work.host.uuid_v4().to_smolstr() } else { token },
                cta: line(work, cta.get(order)),
                screen: line(work, screen),
                data: data.as_ref().map(|data| json(work, data)),
            }
        }
    };
    let interactive = Interactive { header, footer, kind }.within_limits();
    let is_form = matches!(interactive.kind, InteractiveKind::Flow { .. });
    if !is_form && interactive.choices().is_empty() {
        work.error("Interactive message has nothing to choose and is sent as text");
        return None;
    }
    Some(interactive)
}

fn line(work: &mut Work<'_>, text: &Text) -> SmolStr {
    let (text, _) = work.render(text);
    SmolStr::new(text.trim())
}

/// One for each identifier; `None` where there is no title.
fn choices(
    work: &mut Work<'_>,
    ids: &[Text],
    descriptions: &[Text],
    titles: &[Option<QuickReply>],
) -> Vec<Option<Choice>> {
    let mut choices = Vec::with_capacity(ids.len());
    for (place, id) in ids.iter().enumerate() {
        let title = titles.get(place).and_then(Option::as_ref);
        let title = title.filter(|reply| reply.kind == QuickReplyType::Text);
        let Some(title) = title.map(|reply| reply.text.clone()) else {
            choices.push(None);
            continue;
        };
        let id = line(work, id);
        let description = descriptions.get(place).map(|text| line(work, text)).unwrap_or_default();
        let id = if id.is_empty() { title.clone() } else { id };
        choices.push(Some(Choice { id, title, description }));
    }
    choices
}

fn json(work: &mut Work<'_>, data: &Data) -> Value {
    match data {
        Data::Text(text) => Value::String(work.render(text).0.to_string()),
        Data::Plain(value) => value.clone(),
        Data::List(items) => items.iter().map(|item| json(work, item)).collect(),
        Data::Members(members) => {
            let mut object = Map::with_capacity(members.len());
            for (name, member) in members {
                object.insert(name.to_string(), json(work, member));
            }
            Value::Object(object)
        }
    }
}
