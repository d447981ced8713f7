//! Which trigger a message or event sets off. Of those that fit, the most specific wins: one for the channel before
//! one for all, one for some groups before one for everybody, the only word before the first word, the newer before
//! the older.

use domain::{ChannelId, GroupId};
use expressions::words::tokenize;
use flows::trigger::{KeywordMatch, KeywordMatchType};
use smol_str::SmolStr;
use store::TriggerRow;

use crate::Workspace;

/// A trigger that fits.
pub(crate) struct Matched<'w> {
    pub trigger: &'w TriggerRow,
    pub keyword: Option<KeywordMatch>,
}

/// The keyword trigger that a text sets off.
pub(crate) fn keyword<'w>(
    ws: &'w Workspace,
    text: &str,
    groups: &[GroupId],
    channel: ChannelId,
) -> Option<Matched<'w>> {
    let whole = text.trim().to_lowercase();
    let words = tokenize(&whole);
    let first = *words.first()?;
    let is_only = words.len() == 1;
    fitting(ws, "K", groups, Some(channel))
        .filter_map(|trigger| {
            let only_type = trigger.match_type.as_deref() == Some("O");
            let found = trigger.keywords.iter().find(|keyword| {
                let keyword = keyword.trim().to_lowercase();
                keyword == whole || (keyword == first && (is_only || !only_type))
            })?;
            let match_type = if only_type { KeywordMatchType::OnlyWord } else { KeywordMatchType::FirstWord };
            let keyword = Some(KeywordMatch { match_type, keyword: SmolStr::new(found.trim()) });
            Some(Matched { trigger, keyword })
        })
        .max_by_key(|matched| {
            let only_type = matched.trigger.match_type.as_deref() == Some("O");
            (specificity(matched.trigger), only_type, matched.trigger.id)
        })
}

/// The trigger of a type without words: `C` catch-all, `N` new conversation.
pub(crate) fn plain<'w>(
    ws: &'w Workspace,
    trigger_type: &str,
    groups: &[GroupId],
    channel: ChannelId,
) -> Option<Matched<'w>> {
    fitting(ws, trigger_type, groups, Some(channel))
        .max_by_key(|trigger| (specificity(trigger), trigger.id))
        .map(|trigger| Matched { trigger, keyword: None })
}

/// The trigger that somebody sets off who came by a link or an advertisement: one for it before one for all, then the most
/// specific.
pub(crate) fn referral<'w>(
    ws: &'w Workspace,
    referrer: &str,
    groups: &[GroupId],
    channel: ChannelId,
) -> Option<Matched<'w>> {
    fitting(ws, "R", groups, Some(channel))
        .filter(|trigger| {
            let wanted = referrer_of(trigger);
            wanted.is_empty() || wanted.eq_ignore_ascii_case(referrer) || wanted == referrer.to_lowercase()
        })
        .max_by_key(|trigger| (!referrer_of(trigger).is_empty(), specificity(trigger), trigger.id))
        .map(|trigger| Matched { trigger, keyword: None })
}

/// What people must have come by to set off a trigger; empty for anything.
pub(crate) fn referrer_of(trigger: &TriggerRow) -> &str {
    trigger.detail.get("referrer_id").and_then(serde_json::Value::as_str).unwrap_or_default()
}

/// The trigger of a type that has nothing to do with a line: `T` closed ticket.
pub(crate) fn anywhere<'w>(ws: &'w Workspace, trigger_type: &str, groups: &[GroupId]) -> Option<Matched<'w>> {
    fitting(ws, trigger_type, groups, None)
        .max_by_key(|trigger| (specificity(trigger), trigger.id))
        .map(|trigger| Matched { trigger, keyword: None })
}

/// Without a line, the one that a trigger names does not matter.
fn fitting<'w>(
    ws: &'w Workspace,
    trigger_type: &str,
    groups: &[GroupId],
    channel: Option<ChannelId>,
) -> impl Iterator<Item = &'w TriggerRow> {
    ws.definitions.triggers.iter().filter(move |trigger| {
        let in_any = |wanted: &[GroupId]| wanted.iter().any(|group| groups.contains(group));
        trigger.trigger_type == trigger_type
            && trigger.channel.is_none_or(|wanted| channel.is_none_or(|channel| wanted == channel))
            && (trigger.include_groups.is_empty() || in_any(&trigger.include_groups))
            && !in_any(&trigger.exclude_groups)
            && ws.flow_by_id(trigger.flow).is_some_and(|flow| ws.assets.flow(flow.uuid).is_some())
    })
}

fn specificity(trigger: &TriggerRow) -> (bool, bool, bool) {
    (trigger.channel.is_some(), !trigger.include_groups.is_empty(), !trigger.exclude_groups.is_empty())
}
