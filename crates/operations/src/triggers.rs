//! Which trigger a message or event sets off. Of those that fit, the most specific wins: one for the channel before
//! one for all, one for some groups before one for everybody, the only word before the first word, the newer before
//! the older.

use domain::{ChannelId, GroupId};
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
    let mut words = words(&whole);
    let first = words.next()?;
    let is_only = words.next().is_none();
    fitting(ws, "K", groups, channel)
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
    fitting(ws, trigger_type, groups, channel)
        .max_by_key(|trigger| (specificity(trigger), trigger.id))
        .map(|trigger| Matched { trigger, keyword: None })
}

fn fitting<'w>(
    ws: &'w Workspace,
    trigger_type: &str,
    groups: &[GroupId],
    channel: ChannelId,
) -> impl Iterator<Item = &'w TriggerRow> {
    ws.definitions.triggers.iter().filter(move |trigger| {
        let in_any = |wanted: &[GroupId]| wanted.iter().any(|group| groups.contains(group));
        trigger.trigger_type == trigger_type
            && trigger.channel.is_none_or(|wanted| wanted == channel)
            && (trigger.include_groups.is_empty() || in_any(&trigger.include_groups))
            && !in_any(&trigger.exclude_groups)
            && ws.flow_by_id(trigger.flow).is_some_and(|flow| ws.assets.flow(flow.uuid).is_some())
    })
}

fn specificity(trigger: &TriggerRow) -> (bool, bool, bool) {
    (trigger.channel.is_some(), !trigger.include_groups.is_empty(), !trigger.exclude_groups.is_empty())
}

/// Runs of letters, marks, digits, `_` and `'`; what stands between them separates.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let inside = |character: char| {
        character.is_alphanumeric() || matches!(character, '_' | '\'' | '\u{200d}') || is_mark(character)
    };
    text.split(move |character| !inside(character)).filter(|word| !word.is_empty())
}

/// Combining marks of the scripts that write vowels with them; `char` knows only whole letters.
fn is_mark(character: char) -> bool {
    matches!(character,
        '\u{0300}'..='\u{036f}' | '\u{0591}'..='\u{05bd}' | '\u{0610}'..='\u{061a}' | '\u{064b}'..='\u{065f}'
        | '\u{0900}'..='\u{0903}' | '\u{093a}'..='\u{094f}' | '\u{0981}'..='\u{0983}' | '\u{09bc}'..='\u{09cd}'
        | '\u{0a01}'..='\u{0a03}' | '\u{0a3c}'..='\u{0a4d}' | '\u{0b01}'..='\u{0b03}' | '\u{0bbe}'..='\u{0bcd}'
        | '\u{0c00}'..='\u{0c04}' | '\u{0c3e}'..='\u{0c4d}' | '\u{0e31}' | '\u{0e34}'..='\u{0e3a}'
        | '\u{0e47}'..='\u{0e4e}' | '\u{102b}'..='\u{103e}' | '\u{135d}'..='\u{135f}' | '\u{17b4}'..='\u{17d3}'
        | '\u{fe00}'..='\u{fe0f}')
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn words_are_found_in_any_script() {
        for (text, expected) in [
            ("join now!", vec!["join", "now"]),
            ("  ¡hola, mundo! ", vec!["hola", "mundo"]),
            ("नमस्ते दुनिया", vec!["नमस्ते", "दुनिया"]),
            ("?!", vec![]),
        ] {
            assert_eq!(words(text).collect::<Vec<_>>(), expected, "{text}");
        }
    }
}
