//! `WCH`, the web chat: people talk through our own page, so nothing leaves and nothing is translated. What
//! is here is the wording of the page and the shape of a visitor's address.

use domain::Urn;
use serde_json::Value;
use smol_str::SmolStr;

use crate::SettingsError;

/// Scheme of visitors' addresses.
pub const SCHEME: &str = "webchat";
/// Digits of the part of an address that names a visitor.
pub const VISITOR_ID_DIGITS: usize = 24;
/// Longest text of one message, in characters.
pub const MAX_TEXT_CHARS: usize = 4_000;
/// Longest title and introduction shown on the page, in characters.
const MAX_TITLE_CHARS: usize = 80;
const MAX_INTRODUCTION_CHARS: usize = 500;
/// Most origins that may show the chat in a frame.
const MAX_ORIGINS: usize = 20;

/// What the chat page says and looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The name in the page's head; the channel's name if not set.
    pub title: Option<SmolStr>,
    /// A sentence shown above an empty conversation.
    pub introduction: Option<SmolStr>,
    /// Language of the page's own words, as in HTML's `lang`.
    pub language: Option<SmolStr>,
    /// Colour of the head and the visitor's own messages: `#rrggbb`.
    pub colour: Option<SmolStr>,
    /// Origins of pages that may show the chat in a frame, such as `https://clinic.example`.
    pub embed_on: Vec<SmolStr>,
}

impl Settings {
    /// The names of all settings.
    pub(crate) const NAMES: &'static [&'static str] =
        &["title", "introduction", "language", "color", "embed_on"];

    /// Reads the settings object; null means that nothing is set.
    ///
    /// # Errors
    /// Names the setting that cannot be used and says what it should be.
    pub fn read(config: &Value) -> Result<Self, SettingsError> {
        let text = |key: &'static str, longest: usize| match config.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) if text.chars().count() <= longest => Ok(Some(SmolStr::from(text))),
            Some(_) => {
                let reason = format!("must be a text of at most {longest} characters");
                Err(SettingsError::Invalid { key, reason })
            }
        };
        let colour = text("color", 7)?;
        if colour.as_deref().is_some_and(|colour| !is_colour(colour)) {
            let reason = "must look like #1b7f5c".to_owned();
            return Err(SettingsError::Invalid { key: "color", reason });
        }
        let language = text("language", 35)?;
        if language.as_deref().is_some_and(|tag| !tag.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'))
        {
            let reason = "must be a language tag such as en or pt-MZ".to_owned();
            return Err(SettingsError::Invalid { key: "language", reason });
        }
        Ok(Self {
            title: text("title", MAX_TITLE_CHARS)?,
            introduction: text("introduction", MAX_INTRODUCTION_CHARS)?,
            language,
            colour,
            embed_on: read_origins(config.get("embed_on"))?,
        })
    }
}

fn read_origins(value: Option<&Value>) -> Result<Vec<SmolStr>, SettingsError> {
    let wrong = || SettingsError::Invalid {
        key: "embed_on",
        reason: format!("must be a list of at most {MAX_ORIGINS} origins such as https://clinic.example"),
    };
    let origins = match value {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(origins)) if origins.len() <= MAX_ORIGINS => origins,
        Some(_) => return Err(wrong()),
    };
    let read = origins.iter().map(|origin| origin.as_str().filter(|text| is_origin(text)).map(SmolStr::from));
    read.collect::<Option<_>>().ok_or_else(wrong)
}

/// Scheme, host and perhaps a port, and nothing that could end the header it goes into.
fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':');
    host.is_some_and(|host| !host.is_empty() && host.len() <= 255 && host.chars().all(is_host))
}

fn is_colour(text: &str) -> bool {
    text.len() == 7 && text.starts_with('#') && text[1..].bytes().all(|b| b.is_ascii_hexdigit())
}

/// The address of a visitor, from the digits that name them.
pub fn visitor_urn(id: &str) -> Urn {
    Urn { scheme: SCHEME.into(), path: id.into(), display: None }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Settings;

    #[test]
    fn refuses_what_the_page_cannot_show() {
        let cases = [
            (json!(null), true),
            (json!({"title": "Umeed", "color": "#1b7f5c", "language": "pt-MZ"}), true),
            (json!({"color": "red"}), false),
            (json!({"color": "#12345é"}), false),
            (json!({"language": "en\" onload"}), false),
            (json!({"title": "x".repeat(81)}), false),
            (json!({"title": 5}), false),
            (json!({"embed_on": ["https://clinic.example", "http://localhost:8000"]}), true),
            (json!({"embed_on": "https://clinic.example"}), false),
            (json!({"embed_on": ["https://clinic.example/; script-src *"]}), false),
            (json!({"embed_on": ["clinic.example"]}), false),
        ];
        for (config, fine) in cases {
            assert_eq!(Settings::read(&config).is_ok(), fine, "{config}");
        }
    }
}
