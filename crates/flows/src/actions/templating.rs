//! Carrier-approved templates: which translation a message is sent with, and what it will read like.

use domain::Channel;
use expressions::Environment;
use smol_str::SmolStr;

use crate::{
    assets::{Template, TemplatePart, TemplateTranslation},
    engine::work::Work,
    events::{MsgOut, QuickReply, QuickReplyType, TemplateVariable, Templating},
    program::{Message, Program},
};

/// Puts the template that a message names into it, if it is approved for the channel in a language of the contact.
/// Text, attachments and suggested answers become those that the template will show.
pub(super) fn apply(
    work: &mut Work<'_>,
    program: &Program,
    message: &Message,
    channel: &Channel,
    msg: &mut MsgOut,
) {
    let assets = work.assets;
    let template = message.template.as_ref().and_then(|template| assets.template(template.uuid));
    let Some(template) = template else { return };
    let Some(translation) = find(work.env(), &program.language, &template.translations, channel) else {
        return;
    };
    let mut values = Vec::with_capacity(translation.variables.len());
    let order = work.language_order(program);
    let templates = message.template_variables.get(&order);
    for (index, variable) in translation.variables.iter().enumerate() {
        let value = templates.get(index).map(|text| work.render(text).0);
        values.push(TemplateVariable { kind: variable.kind.clone(), value: value.unwrap_or_default() });
    }
    put(template, translation, values, msg);
}

/// Puts a template with these values into a message.
pub(crate) fn put(
    template: &Template,
    translation: &TemplateTranslation,
    values: Vec<TemplateVariable>,
    msg: &mut MsgOut,
) {
    preview(translation, &values, msg);
    msg.locale = translation.locale.clone();
    msg.templating = Some(Box::new(Templating {
        template: domain::Reference { uuid: template.uuid, name: template.name.clone() },
        namespace: (!translation.namespace.is_empty()).then(|| translation.namespace.clone()),
        components: translation.components.iter().map(|part| part.component.clone()).collect(),
        variables: values,
    }));
}

/// The translation for a channel in the first of the contact's, the workspace's and the message's own languages that has
/// one, of the channel's country if there is one.
pub(crate) fn find<'t>(
    env: &Environment,
    own_language: &SmolStr,
    translations: &'t [TemplateTranslation],
    channel: &Channel,
) -> Option<&'t TemplateTranslation> {
    let languages = env.allowed_languages.iter().chain([own_language]);
    let of_channel = || translations.iter().filter(|t| t.channel.uuid == channel.uuid);
    for language in languages {
        let exact = env.default_country.as_ref().map(|country| format!("{language}-{country}"));
        if let Some(found) = of_channel().find(|t| exact.as_deref() == Some(t.locale.as_str())) {
            return Some(found);
        }
        let same = |t: &&TemplateTranslation| t.locale.split('-').next() == Some(language.as_str());
        if let Some(found) = of_channel().find(same) {
            return Some(found);
        }
    }
    None
}

fn preview(translation: &TemplateTranslation, values: &[TemplateVariable], msg: &mut MsgOut) {
    let mut texts: Vec<String> = Vec::new();
    msg.attachments.clear();
    msg.quick_replies.clear();
    for part in &translation.components {
        let content = fill(part, values);
        match part.component.kind.split_once('/') {
            Some(("header", "media")) => {
                msg.attachments.extend(part_values(part, values).map(|value| value.value.clone()));
            }
            Some(("header" | "body" | "footer", _)) if !content.is_empty() => texts.push(content),
            Some(("button", "quick_reply")) => msg.quick_replies.push(QuickReply {
                kind: QuickReplyType::Text,
                text: content.into(),
                extra: SmolStr::default(),
            }),
            Some(_) | None => {}
        }
    }
    msg.text = texts.join("\n\n").into();
}

fn part_values<'v>(
    part: &'v TemplatePart,
    values: &'v [TemplateVariable],
) -> impl Iterator<Item = &'v TemplateVariable> {
    part.component.variables.values().filter_map(|index| values.get(*index))
}

/// A part's text with `{{name}}` replaced by the values.
fn fill(part: &TemplatePart, values: &[TemplateVariable]) -> String {
    let mut text = part.content.to_string();
    for (name, index) in &part.component.variables {
        if let Some(value) = values.get(*index) {
            text = text.replace(&format!("{{{{{name}}}}}"), &value.value);
        }
    }
    text
}
