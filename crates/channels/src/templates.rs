//! Templates as a carrier lists them.

use smol_str::SmolStr;

/// A page of a carrier's list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplatePage {
    /// Templates, one for each language.
    pub templates: Vec<ListedTemplate>,
    /// With what the next page is asked for.
    pub next: Option<SmolStr>,
}

/// A template in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedTemplate {
    /// Its name, which its languages share.
    pub name: SmolStr,
    /// Language and perhaps country, as in `eng-US`.
    pub locale: SmolStr,
    /// The same as the carrier has it, as in `en_US`.
    pub external_locale: SmolStr,
    /// The carrier's identifier.
    pub external_id: SmolStr,
    /// What it is for, as the carrier has it: `utility`, `marketing`, `authentication`.
    pub category: SmolStr,
    /// `approved`, `pending`, `rejected`, `paused`, `disabled`, or `unsupported` if it holds what we cannot fill in.
    pub status: &'static str,
    /// Its parts from top to bottom.
    pub components: Vec<ListedPart>,
    /// The kinds of its values in order: `text`, `image`, `video`, `document`.
    pub variables: Vec<SmolStr>,
}

/// A part of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedPart {
    /// `header`, `body`, `footer`, `button.0`, …
    pub name: SmolStr,
    /// `header/media`, `body/text`, `button/url`, …
    pub kind: SmolStr,
    /// Text with `{{1}}` where values go.
    pub content: SmolStr,
    /// What a button says, if its content is something else.
    pub display: Option<SmolStr>,
    /// Names of its places, and where in the list of values theirs are.
    pub variables: Vec<(SmolStr, usize)>,
}
