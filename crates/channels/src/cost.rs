//! What a message costs: how many parts a carrier counts, and the price of one.

use serde_json::Value;
use smol_str::SmolStr;

use crate::{SettingsError, gsm7};

/// The price of one part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Minor units of the currency, such as cents.
    pub per_part: i64,
    /// ISO 4217 code.
    pub currency: SmolStr,
}

impl Cost {
    /// The settings that say it, of any channel.
    pub const NAMES: &'static [&'static str] = &["cost_per_part", "cost_currency"];

    /// Reads it from a channel's settings; `None` if they do not say it.
    ///
    /// # Errors
    /// Names the setting that cannot be used.
    pub fn read(config: &Value) -> Result<Option<Self>, SettingsError> {
        let [amount, currency] = ["cost_per_part", "cost_currency"].map(|name| config.get(name));
        let invalid = |key, reason: &str| SettingsError::Invalid { key, reason: reason.to_owned() };
        let Some(amount) = amount.filter(|value| !value.is_null()) else { return Ok(None) };
        let amount = amount.as_i64().filter(|amount| (0..=MAX_COST).contains(amount));
        let Some(per_part) = amount else {
            return Err(invalid(
                "cost_per_part",
                "must be a whole number of minor units, such as cents: 0 to 1000000",
            ));
        };
        let is_code = |code: &&str| code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
        let Some(currency) = currency.and_then(Value::as_str).filter(is_code) else {
            return Err(invalid("cost_currency", "must be the code of a currency, such as KES"));
        };
        Ok(Some(Self { per_part, currency: currency.into() }))
    }
}

/// Largest price of one part.
const MAX_COST: i64 = 1_000_000;

/// How many short messages carriers count for a text (3GPP TS 23.038 and 23.040): 160 characters of the 7-bit alphabet or 70
/// UTF-16 units of any other text; 153 or 67 of each part if there are several. Characters of the alphabet's extension
/// count twice and are not cut in two, nor are surrogate pairs.
pub fn sms_parts(text: &str) -> usize {
    let (single, several) = if gsm7::fits(text) { (160, 153) } else { (70, 67) };
    let width: fn(char) -> usize = if single == 160 { gsm7::width } else { char::len_utf16 };
    if text.chars().map(width).sum::<usize>() <= single {
        return 1;
    }
    let (mut parts, mut room) = (1, several);
    for width in text.chars().map(width) {
        if width > room {
            (parts, room) = (parts + 1, several);
        }
        room -= width;
    }
    parts
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Cost, sms_parts};

    #[test]
    fn counts_as_carriers_do() {
        for (text, expected) in [
            (String::new(), 1),
            ("a".repeat(160), 1),
            ("a".repeat(161), 2),
            ("a".repeat(306), 2),
            ("a".repeat(307), 3),
            (format!("{}€", "a".repeat(158)), 1),
            (format!("{}€", "a".repeat(159)), 2),
            // The extended character does not fit in what is left of the first part.
            (format!("{}€{}", "a".repeat(152), "a".repeat(152)), 3),
            ("ሰ".repeat(70), 1),
            ("ሰ".repeat(71), 2),
            ("ሰ".repeat(134), 2),
            ("ሰ".repeat(135), 3),
            ("😀".repeat(35), 1),
            ("😀".repeat(36), 2),
            // 33 pairs fit a part of 67.
            ("😀".repeat(67), 3),
        ] {
            assert_eq!(sms_parts(&text), expected, "{} of {:?}", text.chars().count(), text.chars().next());
        }
    }

    #[test]
    fn reads_prices() {
        let read = |config| Cost::read(&config).map_err(|error| error.to_string());
        assert_eq!(read(json!({})), Ok(None));
        assert_eq!(read(json!(null)), Ok(None));
        let cost = Cost { per_part: 80, currency: "KES".into() };
        assert_eq!(read(json!({"cost_per_part": 80, "cost_currency": "KES"})), Ok(Some(cost)));
        for (config, said) in [
            (json!({"cost_per_part": 0.8, "cost_currency": "KES"}), "'cost_per_part' must be a whole number"),
            (json!({"cost_per_part": -1, "cost_currency": "KES"}), "'cost_per_part' must be a whole number"),
            (
                json!({"cost_per_part": "80", "cost_currency": "KES"}),
                "'cost_per_part' must be a whole number",
            ),
            (json!({"cost_per_part": 80}), "'cost_currency' must be the code of a currency"),
            (json!({"cost_per_part": 80, "cost_currency": "ksh"}), "'cost_currency' must be the code"),
        ] {
            let found = read(config.clone()).unwrap_err();
            assert!(found.contains(said), "{config}: {found}");
        }
    }
}
