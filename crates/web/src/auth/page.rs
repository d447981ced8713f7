//! The two small pages to which links of e-mails lead: somebody chooses a password. The secret stands behind the `#` of the
//! address, which browsers send to nobody, and the page posts it.

use std::sync::LazyLock;

use axum::http::header;
use axum::response::{Html, IntoResponse, Response};

use crate::chat::fingerprint;

const SCRIPT: &str = include_str!("page.js");
const STYLE: &str = "body{font:1rem system-ui,sans-serif;max-width:24rem;margin:3rem auto;padding:0 1rem}\
label{display:block;margin:1rem 0}input{display:block;width:100%;font:inherit;padding:.5rem;box-sizing:border-box}\
button{font:inherit;padding:.5rem 1rem}";

static POLICY: LazyLock<String> = LazyLock::new(|| {
    format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; connect-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'",
        fingerprint(SCRIPT),
        fingerprint(STYLE)
    )
});

/// `GET /auth/reset`: a new password.
pub(super) async fn reset() -> Response {
    page("A new password", "/auth/reset", "")
}

/// `GET /auth/accept`: a name and a password.
pub(super) async fn accept() -> Response {
    let name = "<label>Your name<input name=name autocomplete=name required maxlength=150></label>";
    page("You are invited", "/auth/accept", name)
}

fn page(title: &str, action: &str, more: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
         <title>{title}</title><style>{STYLE}</style><h1>{title}</h1><form data-action=\"{action}\">{more}\
         <label>Password<input name=password type=password autocomplete=new-password required minlength=8></label>\
         <button>Go on</button></form><p role=status></p><script>{SCRIPT}</script></html>"
    );
    ([(header::CONTENT_SECURITY_POLICY, POLICY.as_str())], Html(html)).into_response()
}
