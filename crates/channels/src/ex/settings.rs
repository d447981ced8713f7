//! The settings of an external channel, with the names that RapidPro's exports and documents use.

use serde_json::Value;
use smol_str::SmolStr;

use super::variables::Encoding;
use crate::{Method, SettingsError};

/// Characters of a part unless `max_length` says otherwise: one SMS.
const DEFAULT_MAX_LENGTH: usize = 160;
/// Longest `max_length` taken.
const LARGEST_MAX_LENGTH: usize = 6_400;
/// Most headers an administrator may add.
const MAX_HEADERS: usize = 50;
/// What is sent unless `body` says otherwise.
const DEFAULT_BODY: &str = "id={{id}}&text={{text}}&to={{to}}&to_no_plus={{to_no_plus}}&from={{from}}\
    &from_no_plus={{from_no_plus}}&channel={{channel}}&session_status={{session_status}}{{quick_replies}}";

/// How an external channel receives and sends.
#[derive(Clone, Debug)]
pub struct Settings {
    pub(super) from_field: Option<String>,
    pub(super) text_field: Option<String>,
    pub(super) date_field: Option<String>,
    pub(super) id_field: Option<String>,
    pub(super) from_xpath: Option<String>,
    pub(super) text_xpath: Option<String>,
    answer: Option<String>,
    answer_content_type: String,
    pub(super) send_url: Option<String>,
    pub(super) method: Method,
    pub(super) body: String,
    pub(super) encoding: Encoding,
    pub(super) content_type: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) authorization: Option<String>,
    pub(super) max_length: usize,
    pub(super) smart_encoding: bool,
    pub(super) use_national: bool,
    pub(super) answer_check: Option<String>,
    pub(super) opt_out_check: Option<String>,
}

impl Settings {
    /// The names of all settings.
    pub(crate) const NAMES: &'static [&'static str] = &[
        "mo_from_field",
        "mo_text_field",
        "mo_date_field",
        "mo_id_field",
        "from_xpath",
        "text_xpath",
        "mo_response",
        "mo_response_content_type",
        "send_url",
        "method",
        "send_method",
        "body",
        "content_type",
        "headers",
        "send_headers",
        "send_authorization",
        "max_length",
        "encoding",
        "use_national",
        "mt_response_check",
        "mt_opt_out_check",
    ];

    /// Reads the settings object; null means that nothing is set.
    ///
    /// # Errors
    /// Names the setting that cannot be used and says what it should be.
    pub fn read(config: &Value) -> Result<Self, SettingsError> {
        let reader = Reader(config);
        if !matches!(config, Value::Null | Value::Object(_)) {
            return Err(invalid("config", "must be a JSON object"));
        }
        let content_type = reader.text("content_type")?;
        let (encoding, content_type) = match content_type.as_deref() {
            None | Some("urlencoded") => (Encoding::Url, "application/x-www-form-urlencoded"),
            Some("json") => (Encoding::Json, "application/json"),
            Some("xml") => (Encoding::Xml, "text/xml; charset=utf-8"),
            Some(other) if other.contains("json") => (Encoding::Json, other),
            Some(other) if other.contains("xml") => (Encoding::Xml, other),
            Some(other) if other.contains('/') => (Encoding::Url, other),
            Some(_) => return Err(invalid("content_type", "must be urlencoded, json, xml or a media type")),
        };
        let custom_type = reader.text("mo_response_content_type")?;
        Ok(Self {
            from_field: reader.text("mo_from_field")?,
            text_field: reader.text("mo_text_field")?,
            date_field: reader.text("mo_date_field")?,
            id_field: reader.text("mo_id_field")?,
            from_xpath: reader.text("from_xpath")?,
            text_xpath: reader.text("text_xpath")?,
            answer: reader.text("mo_response")?,
            answer_content_type: custom_type.unwrap_or_else(|| "text/plain; charset=utf-8".to_owned()),
            send_url: reader.send_url()?,
            method: reader.method()?,
            body: reader.text("body")?.unwrap_or_else(|| DEFAULT_BODY.to_owned()),
            encoding,
            content_type: content_type.to_owned(),
            headers: reader.headers()?,
            authorization: reader.text("send_authorization")?,
            max_length: reader.max_length()?,
            smart_encoding: reader.smart_encoding()?,
            use_national: reader.flag("use_national")?,
            answer_check: reader.text("mt_response_check")?,
            opt_out_check: reader.text("mt_opt_out_check")?,
        })
    }

    /// The answer that the administrator wants for received messages, and its content type.
    pub(crate) fn custom_answer(&self) -> Option<(&str, &str)> {
        self.answer.as_deref().map(|body| (body, self.answer_content_type.as_str()))
    }

    /// Values that must not appear in logs.
    pub fn secrets(&self) -> Vec<SmolStr> {
        let headers = self.headers.iter().map(|(_, value)| value.as_str());
        headers.chain(self.authorization.as_deref()).map(SmolStr::from).collect()
    }
}

fn invalid(key: &'static str, reason: impl Into<String>) -> SettingsError {
    SettingsError::Invalid { key, reason: reason.into() }
}

/// Reads single settings out of the object.
struct Reader<'a>(&'a Value);

impl Reader<'_> {
    /// A text; empty counts as not set.
    fn text(&self, key: &'static str) -> Result<Option<String>, SettingsError> {
        match self.0.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => Err(invalid(key, "must be a text")),
        }
    }

    fn flag(&self, key: &'static str) -> Result<bool, SettingsError> {
        match self.0.get(key) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(true),
            Some(Value::String(text)) if text.is_empty() || text.eq_ignore_ascii_case("false") => Ok(false),
            Some(_) => Err(invalid(key, "must be true or false")),
        }
    }

    fn send_url(&self) -> Result<Option<String>, SettingsError> {
        let url = self.text("send_url")?;
        match &url {
            Some(url) if !url.starts_with("http://") && !url.starts_with("https://") => {
                Err(invalid("send_url", "must begin with http:// or https://"))
            }
            _ => Ok(url),
        }
    }

    fn method(&self) -> Result<Method, SettingsError> {
        let name = self.text("method")?.or(self.text("send_method")?);
        match name.map(|name| name.to_ascii_uppercase()).as_deref() {
            None | Some("POST") => Ok(Method::Post),
            Some("GET") => Ok(Method::Get),
            Some("PUT") => Ok(Method::Put),
            Some(_) => Err(invalid("method", "must be GET, POST or PUT")),
        }
    }

    fn max_length(&self) -> Result<usize, SettingsError> {
        let Some(text) = self.text("max_length")? else { return Ok(DEFAULT_MAX_LENGTH) };
        let parsed = text.trim().parse::<usize>().ok().filter(|n| (1..=LARGEST_MAX_LENGTH).contains(n));
        parsed
            .ok_or_else(|| invalid("max_length", format!("must be a number from 1 to {LARGEST_MAX_LENGTH}")))
    }

    fn smart_encoding(&self) -> Result<bool, SettingsError> {
        match self.text("encoding")?.as_deref() {
            None | Some("D" | "U") => Ok(false),
            Some("S") => Ok(true),
            Some(_) => Err(invalid("encoding", "must be D (as written), S (replace look-alikes) or U")),
        }
    }

    fn headers(&self) -> Result<Vec<(String, String)>, SettingsError> {
        let wrong = || invalid("headers", "must be an object of texts, such as {\"X-Key\": \"abc\"}");
        let entries = match self.0.get("headers").or_else(|| self.0.get("send_headers")) {
            None | Some(Value::Null) => return Ok(Vec::new()),
            Some(Value::Object(entries)) => entries,
            Some(_) => return Err(wrong()),
        };
        if entries.len() > MAX_HEADERS {
            return Err(invalid("headers", format!("has more than {MAX_HEADERS} entries")));
        }
        let is_name = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        let mut headers = Vec::with_capacity(entries.len());
        for (name, value) in entries {
            let value = value.as_str().ok_or_else(wrong)?;
            if name.is_empty() || !name.chars().all(is_name) || value.chars().any(char::is_control) {
                return Err(invalid("headers", format!("has '{name}', which cannot be a header")));
            }
            headers.push((name.clone(), value.to_owned()));
        }
        Ok(headers)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Settings;

    #[test]
    fn says_which_setting_is_wrong() {
        let cases = [
            (json!([]), "'config' must be a JSON object"),
            (json!({"send_url": "ftp://x"}), "'send_url' must begin with"),
            (json!({"method": "DELETE"}), "'method' must be GET"),
            (json!({"max_length": "many"}), "'max_length' must be a number"),
            (json!({"max_length": 0}), "'max_length' must be a number"),
            (json!({"encoding": "Z"}), "'encoding' must be"),
            (json!({"use_national": "perhaps"}), "'use_national' must be true"),
            (json!({"headers": {"a b": "c"}}), "'a b', which cannot be a header"),
            (json!({"headers": {"a": "x\r\ny: z"}}), "cannot be a header"),
            (json!({"body": true}), "'body' must be a text"),
            (json!({"content_type": "yaml"}), "'content_type' must be"),
        ];
        for (config, expected) in cases {
            let error = Settings::read(&config).expect_err("must be refused").to_string();
            assert!(error.contains(expected), "{config}: {error}");
        }
    }
}
