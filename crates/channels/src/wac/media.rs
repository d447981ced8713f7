//! Files that people sent: Meta first tells where a file lies, for some minutes, and gives it to who has the token.

use serde_json::Value;

use super::Settings;
use super::receive::scalar;
use crate::{HttpRequest, MediaFile, Method};

/// Hosts to which the token may go besides the one of the settings: Meta's own. A dot before one stands for all below.
const META: [&str; 5] = ["lookaside.fbsbx.com", ".fbsbx.com", ".facebook.com", ".fbcdn.net", ".whatsapp.net"];
/// Longest address taken.
const MAX_URL_BYTES: usize = 4_096;

/// Whether a file lies behind the token of the channel.
pub(crate) fn is_ours(settings: &Settings, source: &str) -> bool {
    source.strip_prefix(settings.base_url.as_str()).is_some_and(|path| path.starts_with('/'))
}

/// The request that asks where a file lies.
pub(crate) fn lookup(settings: &Settings, source: &str) -> Option<HttpRequest> {
    if !is_ours(settings, source) {
        return None;
    }
    let headers = vec![authorization(settings)?];
    Some(HttpRequest { method: Method::Get, url: source.to_owned(), headers, body: String::new() })
}

fn authorization(settings: &Settings) -> Option<(String, String)> {
    let token = settings.auth_token.as_deref()?;
    Some(("Authorization".to_owned(), format!("Bearer {token}")))
}

/// What Meta says of a file.
pub(crate) fn file(settings: &Settings, body: &str) -> Result<MediaFile, String> {
    let answer: Value = serde_json::from_str(body).map_err(|_| "the answer is not JSON".to_owned())?;
    let url =
        answer["url"].as_str().filter(|url| url.len() <= MAX_URL_BYTES).ok_or("the answer has no url")?;
    let host = host_of(url).ok_or("the file's address cannot be used")?;
    let is_configured = host_of(&settings.base_url) == Some(host);
    let is_allowed = is_configured || (url.starts_with("https://") && is_metas(host));
    if !is_allowed {
        return Err(format!("the file lies at {}, which is not Meta's", shown(host)));
    }
    let is_hash = |text: &&str| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    Ok(MediaFile {
        request: HttpRequest {
            method: Method::Get,
            url: url.to_owned(),
            headers: authorization(settings).into_iter().collect(),
            body: String::new(),
        },
        is_configured,
        sha256: answer["sha256"].as_str().filter(is_hash).map(str::to_ascii_lowercase),
        bytes: scalar(&answer["file_size"]).and_then(|size| size.parse().ok()),
    })
}

fn is_metas(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    META.iter().any(|known| if known.starts_with('.') { host.ends_with(known) } else { host == *known })
}

/// The host of an address, with its port if there is one; `None` if it is not plainly told, as with a user before it.
fn host_of(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let host = rest.split(['/', '?', '#']).next()?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-.:[]".contains(c);
    (!host.is_empty() && host.chars().all(is_plain)).then_some(host)
}

fn shown(host: &str) -> String {
    host.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Settings, file, lookup};

    #[test]
    fn the_token_goes_to_nobody_but_meta() {
        let settings = |base: &str| {
            Settings::read(&json!({"auth_token": "T", "base_url": base})).expect("good settings")
        };
        let meta = settings("https://graph.facebook.com");
        let asked = lookup(&meta, "https://graph.facebook.com/v25.0/99").expect("it is ours");
        assert_eq!(asked.headers, [("Authorization".to_owned(), "Bearer T".to_owned())]);
        for foreign in
            ["https://graph.facebook.com.evil.example/v25.0/99", "https://evil.example/", "geo:1,2"]
        {
            assert!(lookup(&meta, foreign).is_none(), "{foreign}");
        }
        let cases = [
            ("https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1", Some(false)),
            ("https://scontent.xx.fbcdn.net/v/t1", Some(false)),
            ("https://graph.facebook.com/x", Some(true)),
            ("http://lookaside.fbsbx.com/x", None),
            ("https://lookaside.fbsbx.com@evil.example/x", None),
            ("https://evil.example/lookaside.fbsbx.com", None),
            ("https://fbsbx.com.evil.example/", None),
            ("https://evilfbsbx.com/", None),
            ("https://169.254.169.254/latest/meta-data", None),
            ("file:///etc/passwd", None),
        ];
        for (url, expected) in cases {
            let found = file(&meta, &json!({"url": url, "file_size": 12}).to_string());
            assert_eq!(
                found.ok().map(|file| (file.is_configured, file.bytes)),
                expected.map(|c| (c, Some(12))),
                "{url}"
            );
        }
        let own = settings("http://127.0.0.1:7444");
        assert!(
            file(&own, &json!({"url": "http://127.0.0.1:7444/f"}).to_string())
                .expect("the same")
                .is_configured
        );
        assert!(file(&own, &json!({"url": "http://127.0.0.1:7445/f"}).to_string()).is_err());
        assert!(file(&own, "no json").is_err());
    }
}
