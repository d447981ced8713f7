//! `send_broadcast`: says something to others, in every language it is translated to.

use indexmap::IndexMap;

use super::{Outcome, recipients::resolve, send_msg::evaluate};
use crate::{
    engine::work::Work,
    events::{BroadcastContent, BroadcastCreated, EventKind},
    program::{LanguageIx, LanguageOrder, Message, Program, Recipients},
};

pub(super) fn execute(
    work: &mut Work<'_>,
    program: &Program,
    recipients: &Recipients,
    message: &Message,
) -> Outcome {
    let resolved = resolve(work, recipients);
    let mut translations = IndexMap::new();
    let languages = (0_u16..).zip(&program.languages).map(|(index, code)| (Some(LanguageIx(index)), code));
    for (index, code) in [(None, &program.language)].into_iter().chain(languages) {
        if translations.contains_key(code) {
            continue;
        }
        let order: LanguageOrder = index.into_iter().collect();
        let content = evaluate(work, message, &order);
        translations.insert(
            code.clone(),
            BroadcastContent {
                text: content.text,
                attachments: content.attachments,
                quick_replies: content.quick_replies,
            },
        );
    }
    let template = message.template.as_ref().and_then(|template| work.assets.template(template.uuid));
    let template = template.map(|t| domain::Reference { uuid: t.uuid, name: t.name.clone() });
    let mut template_variables = Vec::new();
    if template.is_some() {
        for variable in message.template_variables.get(&[]) {
            template_variables.push(work.render(variable).0);
        }
    }
    if resolved.is_empty() {
        return Outcome::Done;
    }
    work.event(EventKind::BroadcastCreated(Box::new(BroadcastCreated {
        translations,
        base_language: program.language.clone(),
        groups: resolved.groups,
        contacts: resolved.contacts,
        contact_query: resolved.contact_query,
        urns: resolved.urns,
        template,
        template_variables,
    })));
    Outcome::Done
}
