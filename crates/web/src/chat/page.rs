//! The chat page: three sources made into one small document, and the policy that lets a browser run only it.

use std::fmt::Write as _;
use std::sync::LazyLock;

use base64::Engine as _;
use ring::digest::{SHA256, digest};

use super::words::{Words, words};

const FRAME: &str = include_str!("page.html");
const DEFAULT_COLOUR: &str = "#1b7f5c";

static STYLE: LazyLock<String> = LazyLock::new(|| compact(include_str!("page.css"), ""));
static SCRIPT: LazyLock<String> = LazyLock::new(|| compact(include_str!("page.js"), "\n"));

/// The part of the `Content-Security-Policy` that all chat pages share: their own script and style, requests to
/// their own server, nothing else.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; connect-src 'self'; img-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
        fingerprint(&SCRIPT),
        fingerprint(&STYLE)
    )
});

/// The page's `Content-Security-Policy`; pages of these origins may show it in a frame.
pub(super) fn policy(embed_on: &[smol_str::SmolStr]) -> String {
    embed_on.iter().fold(POLICY.clone(), |policy, origin| policy + " " + origin)
}

pub(crate) fn fingerprint(text: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(digest(&SHA256, text.as_bytes()))
}

/// Without indentation and comment lines: they cost bytes on slow lines. Our sources hold no text that spans
/// lines, so nothing else changes.
fn compact(source: &str, between: &str) -> String {
    let lines = source.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"));
    lines.collect::<Vec<_>>().join(between)
}

/// What the page says, taken from the channel.
pub(super) struct Look<'a> {
    /// Path of the chat, such as `/chat/<uuid>`.
    pub(super) base: &'a str,
    /// Name in the head.
    pub(super) title: &'a str,
    /// Words above the conversation, if the channel has its own.
    pub(super) introduction: Option<&'a str>,
    /// Language set for the channel.
    pub(super) language: Option<&'a str>,
    /// `#rrggbb`.
    pub(super) colour: Option<&'a str>,
    /// The browser's `Accept-Language`.
    pub(super) accepted: &'a str,
}

/// The whole page.
pub(super) fn render(look: &Look<'_>) -> String {
    let words: &Words = words(look.language.into_iter().chain(look.accepted.split(',')));
    let phrases = serde_json::to_string(words).unwrap_or_default();
    let initial: String = look
        .title
        .chars()
        .find(|c| c.is_alphanumeric())
        .map(|c| c.to_uppercase().collect())
        .unwrap_or_default();
    let longest = channels::webchat::MAX_TEXT_CHARS.to_string();
    let mut page = String::with_capacity(16 * 1024);
    let mut rest = FRAME;
    while let Some((before, after)) = rest.split_once("{{") {
        page.push_str(before);
        let Some((name, after)) = after.split_once("}}") else { break };
        match name {
            "style" => page.push_str(&STYLE),
            "script" => page.push_str(&SCRIPT),
            "lang" => escape(&mut page, words.language),
            "dir" => escape(&mut page, words.direction()),
            "colour" => escape(&mut page, look.colour.unwrap_or(DEFAULT_COLOUR)),
            "title" => escape(&mut page, look.title),
            "initial" => escape(&mut page, &initial),
            "base" => escape(&mut page, look.base),
            "words" => escape(&mut page, &phrases),
            "own" => page.push_str(if look.introduction.is_some() { "own" } else { "" }),
            "introduction" => escape(&mut page, look.introduction.unwrap_or(words.introduction)),
            "longest" => escape(&mut page, &longest),
            "noscript" => escape(&mut page, words.noscript),
            _ => {}
        }
        rest = after;
    }
    page.push_str(rest);
    page
}

/// Text inside HTML, in elements and in quoted attributes.
pub(crate) fn escape(page: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => page.push_str("&amp;"),
            '<' => page.push_str("&lt;"),
            '>' => page.push_str("&gt;"),
            '"' => page.push_str("&quot;"),
            '\'' => page.push_str("&#39;"),
            other if other.is_control() && other != '\n' => {
                let _ = write!(page, " ");
            }
            other => page.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Look, SCRIPT, STYLE, policy, render};

    fn look(title: &str) -> Look<'_> {
        Look {
            base: "/chat/x",
            title,
            introduction: None,
            language: None,
            colour: None,
            accepted: "pt-MZ,en",
        }
    }

    #[test]
    fn is_small_and_whole() {
        let page = render(&look("Umeed Helpline"));
        assert!(page.len() < 16 * 1024, "{} bytes", page.len());
        assert!(!page.contains("{{"), "a placeholder is left");
        assert!(page.contains(STYLE.as_str()) && page.contains(SCRIPT.as_str()));
        assert!(page.contains("lang=\"pt\"") && page.contains("Em linha"));
        assert!(policy(&[]).contains("script-src 'sha256-"));
        assert!(policy(&["https://a.example".into()]).ends_with("frame-ancestors 'self' https://a.example"));
        assert!(!SCRIPT.contains("</script"));
    }

    #[test]
    fn escapes_what_the_channel_says() {
        let page = render(&look("<script>alert(\"1\")</script>"));
        assert!(!page.contains("<script>alert"));
        assert!(page.contains("&lt;script&gt;alert(&quot;1&quot;)"));
    }
}
