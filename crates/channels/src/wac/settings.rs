//! The settings of a WhatsApp channel. The channel's address is the phone number id.

use serde_json::Value;
use smol_str::SmolStr;

use super::signature;
use crate::SettingsError;

/// Where Meta answers, unless `base_url` says otherwise.
const BASE_URL: &str = "https://graph.facebook.com";
/// Version of Meta's interface, unless `version` says otherwise.
const VERSION: &str = "v25.0";
/// Characters of a text message that WhatsApp takes.
const MAX_TEXT_CHARS: usize = 4_096;
/// Most messages on their way at once.
const MAX_WINDOW: u64 = 10_000;
/// Longest secret, token or address taken.
const MAX_SETTING_CHARS: usize = 2_000;

/// How a WhatsApp channel receives and sends.
#[derive(Clone)]
pub struct Settings {
    pub(super) auth_token: Option<SmolStr>,
    pub(super) app_secret: Option<SmolStr>,
    pub(super) verify_token: Option<SmolStr>,
    waba_id: Option<SmolStr>,
    pub(super) base_url: SmolStr,
    pub(super) version: SmolStr,
    pub(super) max_length: usize,
    window: Option<usize>,
}

/// Secrets never reach a log.
impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings").field("base_url", &self.base_url).field("waba_id", &self.waba_id).finish()
    }
}

impl Settings {
    /// The names of all settings.
    pub(crate) const NAMES: &'static [&'static str] = &[
        "auth_token",
        "app_secret",
        "verify_token",
        "waba_id",
        "wa_waba_id",
        "base_url",
        "version",
        "max_length",
        "window",
    ];

    /// Reads the settings object; null means that nothing is set.
    ///
    /// # Errors
    /// Names the setting that cannot be used and says what it should be.
    pub fn read(config: &Value) -> Result<Self, SettingsError> {
        if !matches!(config, Value::Null | Value::Object(_)) {
            return Err(invalid("config", "must be a JSON object"));
        }
        let base_url = text(config, "base_url")?.unwrap_or(SmolStr::new_static(BASE_URL));
        if !base_url.starts_with("https://") && !base_url.starts_with("http://") {
            return Err(invalid("base_url", "must begin with http:// or https://"));
        }
        let version = text(config, "version")?.unwrap_or(SmolStr::new_static(VERSION));
        if !version.chars().all(|c| c.is_ascii_alphanumeric() || c == '.') {
            return Err(invalid("version", "must look like v25.0"));
        }
        let auth_token = text(config, "auth_token")?;
        if auth_token.as_deref().is_some_and(|token| !token.bytes().all(|byte| byte.is_ascii_graphic())) {
            return Err(invalid("auth_token", "must hold no spaces or special characters"));
        }
        Ok(Self {
            auth_token,
            app_secret: text(config, "app_secret")?,
            verify_token: text(config, "verify_token")?,
            waba_id: text(config, "waba_id")?.or(text(config, "wa_waba_id")?),
            base_url: base_url.trim_end_matches('/').into(),
            version,
            max_length: number(config, "max_length", MAX_TEXT_CHARS as u64)?.unwrap_or(MAX_TEXT_CHARS),
            window: number(config, "window", MAX_WINDOW)?,
        })
    }

    /// The business account, whose templates are asked for.
    pub(super) fn account(&self) -> Option<&str> {
        self.waba_id.as_deref()
    }

    /// Messages on their way at once, if it is set.
    pub(crate) fn window(&self) -> Option<usize> {
        self.window
    }

    /// Whether the webhooks of this account concern the channel. Without a `waba_id` any does.
    pub(super) fn is_of_account(&self, id: &str) -> bool {
        self.waba_id.as_deref().is_none_or(|known| known == id)
    }

    /// Whether Meta's check of our address carries this channel's token.
    pub fn knows_verify_token(&self, token: &str) -> bool {
        self.verify_token.as_deref().is_some_and(|known| signature::are_same(known, token))
    }

    /// Whether a body is signed with this channel's secret.
    pub fn has_signed(&self, body: &[u8], signature: Option<&str>) -> bool {
        let secret = self.app_secret.as_deref();
        secret.is_some_and(|secret| signature::is_valid(secret, body, signature.unwrap_or_default()))
    }

    /// Whether sending, receiving and Meta's check of our address can work.
    pub(crate) fn is_complete(&self, address: &str) -> Result<(), SettingsError> {
        if address.is_empty() || !address.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(invalid(
                "address",
                "must be the phone number id, which Meta shows beside the number",
            ));
        }
        let needed = [
            ("auth_token", &self.auth_token, "is missing; give the access token of a system user"),
            ("app_secret", &self.app_secret, "is missing; Meta shows it under App settings, Basic"),
            ("verify_token", &self.verify_token, "is missing; choose a text and give Meta the same"),
        ];
        match needed.into_iter().find(|(_, value, _)| value.is_none()) {
            Some((key, _, reason)) => Err(invalid(key, reason)),
            None => Ok(()),
        }
    }
}

fn invalid(key: &'static str, reason: impl Into<String>) -> SettingsError {
    SettingsError::Invalid { key, reason: reason.into() }
}

/// A text or number; empty counts as not set.
fn text(config: &Value, key: &'static str) -> Result<Option<SmolStr>, SettingsError> {
    match config.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
        Some(Value::String(text)) if text.chars().nth(MAX_SETTING_CHARS).is_none() => {
            Ok(Some(text.trim().into()))
        }
        Some(Value::Number(number)) => Ok(Some(number.to_string().into())),
        Some(_) => Err(invalid(key, format!("must be a text of at most {MAX_SETTING_CHARS} characters"))),
    }
}

fn number(config: &Value, key: &'static str, largest: u64) -> Result<Option<usize>, SettingsError> {
    let Some(text) = text(config, key)? else { return Ok(None) };
    let parsed = text.parse::<u64>().ok().filter(|number| (1..=largest).contains(number));
    let parsed = parsed.and_then(|number| usize::try_from(number).ok());
    parsed.map(Some).ok_or_else(|| invalid(key, format!("must be a number from 1 to {largest}")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Settings;

    #[test]
    fn says_which_setting_is_wrong_and_hides_secrets() {
        let cases = [
            (json!([]), "'config' must be a JSON object"),
            (json!({"base_url": "graph.example"}), "'base_url' must begin with"),
            (json!({"version": "v25/x"}), "'version' must look like"),
            (json!({"auth_token": "a\nb"}), "'auth_token' must hold no spaces"),
            (json!({"app_secret": ["x"]}), "'app_secret' must be a text"),
            (json!({"max_length": 5000}), "'max_length' must be a number from 1 to 4096"),
            (json!({"window": "many"}), "'window' must be a number"),
        ];
        for (config, expected) in cases {
            let error = Settings::read(&config).expect_err("must be refused").to_string();
            assert!(error.contains(expected), "{config}: {error}");
        }
        let config = json!({"auth_token": "tok-1", "app_secret": "sec-2", "verify_token": "ver-3"});
        let settings = Settings::read(&config).unwrap();
        assert!(settings.is_complete("1055").is_ok() && settings.is_complete("+1055").is_err());
        let shown = format!("{settings:?}");
        assert!(!["tok-1", "sec-2", "ver-3"].iter().any(|secret| shown.contains(secret)), "{shown}");
        let missing = Settings::read(&json!({"auth_token": "t"})).unwrap().is_complete("1").unwrap_err();
        assert!(missing.to_string().contains("'app_secret' is missing"), "{missing}");
    }
}
